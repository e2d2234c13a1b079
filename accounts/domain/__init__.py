"""Rules on customers, their names, numbers and ways to be reached; no framework."""
