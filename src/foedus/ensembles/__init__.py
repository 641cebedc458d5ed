"""Many worlds: handed out, put together, kept on disk."""
