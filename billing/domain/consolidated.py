"""Consolidated bills: their numbers, their months, and how one payment is spread over what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from stdnum import damm

from cis.kernel.periods import add_months

SEQUENCE = "consolidated_bill"
PREFIX = "9"
DIGITS = 10


class GapReason(StrEnum):
    """
    Why the bill of an account is missing.

    HELD        it is held for a person
    NOT_ISSUED  it is rated, and not issued yet
    NOT_RATED   nothing was made for the month yet
    """

    HELD = "held"
    NOT_ISSUED = "not_issued"
    NOT_RATED = "not_rated"


@dataclass(frozen=True, slots=True)
class Open:
    """What is open of a bill, above 0. [minor unit]"""

    bill_id: int
    account_id: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Part:
    """What an account gets of a payment, and the bill that it pays; None: it is credit. [minor unit]"""

    account_id: int
    amount_minor: int
    bill_id: int | None


def number_of(taken: int) -> str:
    """Return the printed number of the n-th consolidated bill: 12 digits, the last one Damm's check digit."""
    body = f"{PREFIX}{taken:0{DIGITS}d}"
    return f"{body}{damm.checksum(body)}"


def month_of(today: date) -> date:
    """Return the first day of the month that is consolidated on a day: the one before."""
    return add_months(today.replace(day=1), -1)


def deadline(month: date, *, wait_days: int) -> date:
    """Return the day from which a month is consolidated without what is missing."""
    return add_months(month, 1) + timedelta(days=wait_days)


def due_date(*, issue_date: date, due_days: int, own: Sequence[date]) -> date:
    """
    Return when a consolidated bill is due: never before one of its bills is on its own.

    own  due dates that its bills had before they were collected
    """
    return max([issue_date + timedelta(days=due_days), *own])


def spread(*, amount_minor: int, open_bills: Sequence[Open], lead_account_id: int) -> tuple[Part, ...]:
    """
    Spread a payment over bills in their order; what is left over is credit of the lead account.

    amount_minor  above 0 [minor unit]
    open_bills    in the order in which the place pays

    The parts are above 0 and come to exactly the amount.
    """
    left, parts = amount_minor, []
    for one in open_bills:
        paid = min(left, one.open_minor)
        if paid > 0:
            parts.append(Part(one.account_id, paid, one.bill_id))
            left -= paid
    if left:
        parts.append(Part(lead_account_id, left, None))
    return tuple(parts)
