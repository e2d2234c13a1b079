"""Use cases on the price book."""
