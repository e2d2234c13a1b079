"""Endpoints of the room: reads."""
