"""From an address (scenario, seed, run) to a world."""
