"""Prepaid accounts as the desk lists them: what is left, what a person has to look at, what is cut off."""

from dataclasses import dataclass
from datetime import date

from billing.queries import prepaid
from billing.queries.prepaid import Standing
from cis.platform.db import fetch

STATES = ("low", "pending", "cut", "review")


@dataclass(frozen=True, slots=True)
class WantedPrepaid:
    """
    Which prepaid accounts.

    text   number of an account
    state  "": all; one of STATES: below the line of warning, below that of the cut, cut off, waits for a person
    """

    text: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class PrepaidRow:
    """A prepaid account with its order of disconnection that is under way; ``order_id`` None: there is none."""

    standing: Standing
    order_id: int | None
    order_state: str


# Those whose supply may be cut off first, then those that were warned.
_LISTED = f"""
    SELECT s.*, o.id, coalesce(o.state, '') FROM ({prepaid.STANDING}
        WHERE p.since_date <= %(today)s AND (p.until_date IS NULL OR p.until_date > %(today)s)) s
    LEFT JOIN LATERAL (
        SELECT d.id, d.state FROM arrears_disconnectionorder d
        WHERE d.account_id = s.account_id AND d.state NOT IN ('restored', 'cancelled', 'expired', 'failed')
        ORDER BY d.id DESC LIMIT 1) o ON true
    WHERE (%(text)s = '' OR s.account_number = %(text)s)
      AND (%(state)s = '' OR %(state)s = 'low' AND s.level = 'low' OR %(state)s = 'pending' AND s.level = 'pending'
           OR %(state)s = 'review' AND s.review <> '' OR %(state)s = 'cut' AND o.state IN ('cut', 'restoring'))
    ORDER BY array_position(ARRAY['pending', 'low', 'ok'], s.level::text), s.cut_date, s.id
    LIMIT %(most)s OFFSET %(offset)s
"""  # noqa: S608 (made of constants)


def listed(*, wanted: WantedPrepaid, today: date, offset: int = 0, most: int = 100) -> tuple[PrepaidRow, ...]:
    """Return prepaid accounts, those that may be cut off first; one statement."""
    given = {"today": today, "text": wanted.text.strip(), "state": wanted.state, "most": most, "offset": offset}
    return tuple(PrepaidRow(prepaid.standing_of(row[:-2]), row[-2], str(row[-1])) for row in fetch(_LISTED, given))
