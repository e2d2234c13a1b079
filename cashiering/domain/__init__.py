"""Rules on money that comes in; no framework."""
