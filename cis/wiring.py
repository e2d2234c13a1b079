"""Binds."""


def bind() -> None:
    """Bind."""
