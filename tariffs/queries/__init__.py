"""Reading of the price book."""
