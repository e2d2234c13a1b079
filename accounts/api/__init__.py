"""Endpoints of the room: notices, consent, receipts of gateways."""
