"""Refusals of the private services."""


class EmbeddedError(Exception):
    """The private services cannot be used; the message says what to do."""
