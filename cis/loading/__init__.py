"""Loading a whole supplier from plain CSV files: all of it is checked before a row is written."""
