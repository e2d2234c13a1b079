"""Doors of the room to the world outside: head ends that speak to meters."""
