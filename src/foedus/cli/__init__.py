"""The command line: words to calls of the library, results to tables."""
