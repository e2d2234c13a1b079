"""Use cases on money that comes in and goes out."""
