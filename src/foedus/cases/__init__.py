"""What a user writes down: an alliance, a scenario, a record."""
