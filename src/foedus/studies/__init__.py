"""The entry points of the library: running scenarios, comparing, tracing and verifying them."""
