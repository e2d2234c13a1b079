"""Formats of files that banks send: bytes to statements."""
