"""Proving that a number is a customer's: by what it is proven, how long a code is, holds, and may be tried."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

DIGITS: Final = 6
HOLDS: Final = timedelta(minutes=10)
TRIES: Final = 5
SENT_AN_HOUR: Final = 5


class VerifiedBy(StrEnum):
    """By what a number is proven."""

    CODE = "code"
    CALL = "call"


def is_usable(*, expires_at: datetime, attempts: int, used_at: datetime | None, now: datetime) -> bool:
    """Return whether a code may still be tried: not used, not too old, not tried too often."""
    return used_at is None and now < expires_at and attempts < TRIES
