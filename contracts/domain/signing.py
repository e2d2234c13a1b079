"""Signing by a one-time code: how long it is, how long it holds, how often it may be tried."""

from datetime import datetime, timedelta

from cis.kernel.errors import Refused

DIGITS = 6
HOLDS = timedelta(minutes=10)
TRIES = 5
SENT_AN_HOUR = 5


class CodeRefused(Refused):
    """The code is wrong, too old, used up, or there is none; which of them is not told apart."""

    code = "signing_code_refused"


class TooManyCodes(Refused):
    """So many codes were sent lately that no more are."""

    code = "too_many_codes"


class NoWayToSendCode(Refused):
    """No number of the customer is proven and no mailbox is known, so no code can reach him."""

    code = "no_way_to_send_code"


def is_usable(*, expires_at: datetime, attempts: int, used_at: datetime | None, now: datetime) -> bool:
    """Return whether a code may still be tried: not used, not too old, not tried too often."""
    return used_at is None and now < expires_at and attempts < TRIES
