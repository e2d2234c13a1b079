"""Rules on agreements and their terms; no framework."""
