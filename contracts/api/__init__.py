"""Endpoints of the room: the contract archive, changes of use, applications."""
