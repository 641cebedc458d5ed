"""From records to a posterior, and what that is worth."""
