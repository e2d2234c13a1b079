"""Use cases on agreements."""
