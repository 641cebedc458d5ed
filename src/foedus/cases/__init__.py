"""Reading and checking what a user writes: alliance, scenario and record files."""
