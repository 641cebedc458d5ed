"""What a month does. Nothing here needs more than Python."""
