"""
Prepayment: what an account that pays before it uses has left, and what follows from it.

There is one ledger. What is left is the credit of the account less its debts, less the cost of energy that was used and
is on no bill yet; that cost is rated anew each night as a bill of the same days would be, and is never posted.
[source: rules of 费控, see the rule ``prepay`` of a pack]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise


class Level(StrEnum):
    """
    Where the balance of a prepaid account stands.

    OK       enough is left
    LOW      less than the line from which the customer is warned
    PENDING  below the line from which the supply is to be cut off; it stays so until the balance is above another line
    """

    OK = "ok"
    LOW = "low"
    PENDING = "pending"


class Review(StrEnum):
    """
    Why the numbers of a night are to be looked at by a person: nothing follows from them until then.

    NO_AGREEMENT  whoever holds the account has not agreed to prepayment
    STALE         the latest read is too old, or there is none
    JUMP          more was used a day than ever before, beyond the bound of the pack
    UNRATED       it cannot be rated: a price, a read or a meter is missing
    """

    NO_AGREEMENT = "no_agreement"
    STALE = "stale"
    JUMP = "jump"
    UNRATED = "unrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepayRule:
    """
    The rule of the place. [minor unit]

    warn_below_minor            below it the customer is warned
    cut_below_minor             below it the supply is to be cut off
    restore_above_minor         above it, it is no more, and current flows again
    grace_days                  from the notice to the day on which the supply may be cut off
    stale_days                  the latest read may be so many days old
    jump_percent, jump_days     a day costs at most so much of the mean of so many days before
    jump_least_minor            a day that costs no more is no jump
    """

    warn_below_minor: int
    cut_below_minor: int
    restore_above_minor: int
    grace_days: int
    stale_days: int
    jump_percent: int
    jump_days: int
    jump_least_minor: int


def balance_minor(*, owed_minor: int, cost_minor: int, billed_minor: int) -> int:
    """
    Return what is left. [minor unit]

    :param owed_minor: what the ledger says the account owes, < 0: its credit.
    :param cost_minor: all energy that was ever used up to the latest read, on bills or not.
    :param billed_minor: that part of it that is on bills now. A bill that is issued raises it and what is owed by the
        same, so the balance does not move.
    """
    return -owed_minor - (cost_minor - billed_minor)


def level_of(*, balance: int, before: Level, rule: PrepayRule) -> Level:
    """Return the level of a balance; one that is pending stays so until it is above the line of restoring."""
    if balance < rule.cut_below_minor or (before is Level.PENDING and balance <= rule.restore_above_minor):
        return Level.PENDING
    return Level.LOW if balance < rule.warn_below_minor else Level.OK


@dataclass(frozen=True, slots=True)
class RatedDay:
    """A night whose numbers counted: energy up to ``rated_until`` (exclusive) costs ``cost_minor`` in all."""

    rated_until: date
    cost_minor: int


def is_jump(*, now: RatedDay, before: Sequence[RatedDay], rule: PrepayRule) -> bool:
    """
    Return whether the days since the last night that counted cost more a day than the pack's bound allows.

    :param before: nights that counted, oldest first; the first night has nothing to be compared with. Where only one
        is known, all that is above the least amount is looked at; so is what a correction takes back.
    """
    if not before:
        return False
    last = before[-1]
    days = (now.rated_until - last.rated_until).days
    more = now.cost_minor - last.cost_minor
    if days <= 0:
        # No new read: only corrected ones move it, and they are as new as a day.
        days = 1
    if abs(more) <= rule.jump_least_minor * days:
        return False
    since = now.rated_until.toordinal() - rule.jump_days
    known = [one for one in before if one.rated_until.toordinal() >= since]
    span = (last.rated_until - known[0].rated_until).days if known else 0
    if span <= 0 or more < 0:
        return True
    usual = last.cost_minor - known[0].cost_minor
    return more * span * 100 > usual * days * rule.jump_percent


def days_left(*, balance: int, days: Sequence[RatedDay]) -> int | None:
    """
    Return for about how many days the balance lasts at the cost of the days before; None: nobody can say.

    :param days: nights that counted, oldest first.
    """
    if len(days) < 2:  # noqa: PLR2004 (a difference needs two)
        return None
    span, cost = (days[-1].rated_until - days[0].rated_until).days, days[-1].cost_minor - days[0].cost_minor
    if span <= 0 or cost <= 0:
        return None
    return max(balance, 0) * span // cost


@dataclass(frozen=True, slots=True)
class DayCost:
    """What a day cost; ``is_shared``: several days came with one read and have equal parts. [minor unit]"""

    day: date
    cost_minor: int
    is_shared: bool


def day_costs(days: Sequence[RatedDay]) -> tuple[DayCost, ...]:
    """Return the cost of each day between the nights that counted, oldest first; parts sum to what was rated."""
    found = []
    for before, now in pairwise(days):
        first, count = before.rated_until.toordinal(), (now.rated_until - before.rated_until).days
        more = now.cost_minor - before.cost_minor
        for place in range(count):
            part = more * (place + 1) // count - more * place // count
            found.append(DayCost(date.fromordinal(first + place), part, count > 1))
    return tuple(found)
