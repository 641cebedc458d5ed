"""What users of the library meet: running scenarios, and comparing them."""
