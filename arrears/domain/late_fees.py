"""
Late fees: for each day that a debt is open past its due date, a part of what is open on that day.

[source: 电力供应与使用条例 (2019) 第三十九条: from the overdue day, 1 to 3 per mille of the bill a day, by contract]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Rounding

E3 = 1_000


class BadDebt(Refused):
    """What was open of a debt cannot be as it is said."""

    code = "bad_debt"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeRule:
    """
    The late fee of one class of use.

    rate_e6          a day, of debts of the current year [10^-6]
    carried_rate_e6  a day, on days after the year of the due date [10^-6]
    least_minor      the least that a fee above 0 comes to; 0: none [minor unit]
    counts_last_day  the day on which it is paid counts too
    rounding         how the sum is rounded, once
    """

    rate_e6: int
    carried_rate_e6: int
    least_minor: int = 0
    counts_last_day: bool = True
    rounding: Rounding = Rounding.HALF_AWAY


@dataclass(frozen=True, slots=True)
class OpenSince:
    """What is open of a debt from the end of a day on. [minor unit]"""

    day: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row, the last included, on which the same amount is open at the same rate. [minor unit, 10^-6]"""

    first_day: date
    last_day: date
    rate_e6: int
    open_minor: int

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last_day - self.first_day).days + 1


def stretches(
    *, rule: LateFeeRule, due_date: date, steps: Sequence[OpenSince], until_date: date
) -> tuple[Stretch, ...]:
    """
    Return the days that bear a fee, up to a day, in the order of time; see ``fee``.

    :raises BadDebt: as ``fee``.
    """
    if not steps or steps[0].day > due_date or any(later.day <= early.day for early, later in pairwise(steps)):
        raise BadDebt("It is not known what was open of the debt since its due date.", due_date=due_date.isoformat())
    if min(step.open_minor for step in steps) < 0:
        raise BadDebt("No less than nothing can be open of a debt.")
    new_year = date(due_date.year + 1, 1, 1).toordinal()
    found = []
    for step, (first, last) in zip(steps, _spans(rule, due_date, steps, until_date), strict=True):
        turn = min(max(first, new_year), last)
        for start, end, rate_e6 in ((first, turn, rule.rate_e6), (turn, last, rule.carried_rate_e6)):
            if start < end and step.open_minor:
                found.append(Stretch(date.fromordinal(start), date.fromordinal(end - 1), rate_e6, step.open_minor))
    return tuple(found)


def fee(*, rule: LateFeeRule, due_date: date, steps: Sequence[OpenSince], until_date: date) -> int:
    """
    Return the late fee of one debt up to a day. [minor unit]

    It bears no fee itself, and is rounded once, at its end.

    steps       what is open since when, ascending; the first is that of the due date or a day before it, and holds
                until the next. What is paid on a day bears the fee of that day where the rule counts it
    until_date  the last day that is looked at: today, or the day of the payment that ends it

    :raises BadDebt: the steps are none, not in order, begin after the due date, or fall below 0.
    """
    parts = stretches(rule=rule, due_date=due_date, steps=steps, until_date=until_date)
    amount_e9 = sum(part.open_minor * E3 * part.rate_e6 * part.days for part in parts)
    rounded = int(fixed.to_minor(np.array([amount_e9], dtype=object), rule.rounding)[0])
    return max(rounded, rule.least_minor) if amount_e9 else 0


def _spans(rule: LateFeeRule, due_date: date, steps: Sequence[OpenSince], until_date: date) -> list[tuple[int, int]]:
    """
    Return the days that bear the fee of each step, as day numbers [first, last).

    What is open of a day is what was open at its beginning where the day of payment counts, else at its end.
    """
    shift = 1 if rule.counts_last_day else 0
    starts = [max(step.day.toordinal() + shift, due_date.toordinal() + 1) for step in steps]
    end = max(until_date.toordinal() + 1, starts[0])
    starts = [min(start, end) for start in starts]
    return list(pairwise([*starts, end]))
