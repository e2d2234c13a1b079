"""Changes rows of this room."""
