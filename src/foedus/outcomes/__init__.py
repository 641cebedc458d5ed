"""From worlds to numbers with their errors, and one world as a story."""
