"""Whole numbers that somebody sends as text, as ids in a form or an address."""

from typing import Final

DIGITS_MOST: Final = 18
"""So that a number fits the database, and reading it takes no time worth naming."""


def number(text: str) -> int | None:
    """Return the number that a text of at most 18 ASCII digits is, None: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST else None
