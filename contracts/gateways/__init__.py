"""Doors of the room to the world outside: banks that finance what is sold."""
