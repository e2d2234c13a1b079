"""Endpoints of the room: changes of use."""
