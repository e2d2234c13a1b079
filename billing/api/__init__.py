"""Endpoints of the room: bills, balances, payments."""
