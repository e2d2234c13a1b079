"""Reading of what is overdue."""
