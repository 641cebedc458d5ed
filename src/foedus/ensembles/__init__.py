"""Simulating many worlds: sharing out the work, putting worlds together, keeping them on disk."""
