"""Outcomes of simulated worlds: estimates with their errors, and one world told as a story."""
