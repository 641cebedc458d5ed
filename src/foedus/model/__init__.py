"""The model: its rules, parameters, records and random numbers, without third-party packages."""
