"""Doors of the room for other programs."""
