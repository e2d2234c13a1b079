"""Use cases on what is overdue."""
