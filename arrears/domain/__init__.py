"""Rules on what is owed and not paid; no framework."""
