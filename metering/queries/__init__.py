"""Reads rows and columns of this room, for itself and the rooms downstream."""
