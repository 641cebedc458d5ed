"""Simulating worlds: a world is one course of a scenario, found again by its seed and number."""
