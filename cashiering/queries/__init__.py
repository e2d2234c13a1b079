"""Reading of receipts, statements and tills."""
