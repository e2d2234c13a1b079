"""Endpoints of the room: the rate check."""
