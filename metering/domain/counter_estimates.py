"""What a counter showed on a date on which nobody read it, by the first method of the pack that has enough to go by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from metering.domain.estimation import Method, prorate, rounded, same_period_last_year, straight_line
from metering.domain.registers import WH_PER_KWH

USUAL_DAYS_LEAST = 60
"""Fewer measured days say nothing about what is usual."""


class Shown(NamedTuple):
    """What a counter showed at the start of a day (``date.toordinal``), before the multiplier. [Wh or varh]"""

    day: int
    reading_wh: int


class Spent(NamedTuple):
    """Energy over some days, multiplier included. [Wh or varh]"""

    energy_wh: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterFacts:
    """
    What is known beside a value that is not.

    on_day     of the value, ``date.toordinal``
    before     values before it, the last one first; two are enough
    after      the next one after it; None: there is none yet
    last_year  energy of the days from the last value to ``on_day``, a year ago; None: not all of it is known
    usual      measured energy of the year before the last value

    may_run_backward  the dial of an export register may fall, so that no fall is a turn
    """

    on_day: int
    digits: int
    multiplier: int
    before: tuple[Shown, ...]
    after: Shown | None = None
    last_year: Spent | None = None
    usual: Spent | None = None
    may_run_backward: bool = False

    @property
    def turn_wh(self) -> int:
        """Return after which energy the dial begins anew. [Wh or varh]"""
        return int(10**self.digits) * WH_PER_KWH

    def unrolled(self, first: Shown, second: Shown) -> int:
        """Return the second value as it would be if the dial had not begun anew between the two."""
        is_turned = second.reading_wh < first.reading_wh and not self.may_run_backward
        return second.reading_wh + self.turn_wh * is_turned


class Guess(NamedTuple):
    """An estimated counter value as its dial shows it, and how it was found. [Wh or varh]"""

    method: Method
    reading_wh: int


COUNTER_METHODS = (Method.PRORATION, Method.LAST_YEAR, Method.AVERAGE, Method.STRAIGHT_LINE)
"""Methods that give a counter value."""


def guess(*, facts: CounterFacts, methods: Sequence[Method]) -> Guess | None:
    """
    Return the value by the first of some methods that has enough to go by; None: none has, nothing is made up.

    Rule: never below the value before it, never above the one after it; of a dial that may run backward, never outside
    of the two.
    """
    if not facts.before:
        return None
    for method in methods:
        found = _WAYS[method](facts)
        if found is not None and _is_between(facts, found):
            return Guess(method, found % facts.turn_wh)
    return None


def _is_between(facts: CounterFacts, found: int) -> bool:
    start = facts.before[0].reading_wh
    end = None if facts.after is None else facts.unrolled(facts.before[0], facts.after)
    if not facts.may_run_backward:
        return start <= found and (end is None or found <= end)
    return found >= 0 and (end is None or min(start, end) <= found <= max(start, end))


def _prorated(facts: CounterFacts) -> int | None:
    if facts.after is None:
        return None
    last = facts.before[0]
    return prorate(
        start_wh=last.reading_wh, end_wh=facts.unrolled(last, facts.after), start_day=last.day,
        end_day=facts.after.day, on_day=facts.on_day,
    )  # fmt: skip


def _by_energy(facts: CounterFacts, spent: Spent | None) -> int | None:
    if spent is None or spent.days <= 0:
        return None
    last = facts.before[0]
    energy = same_period_last_year(energy_wh=spent.energy_wh, days=spent.days, to_days=facts.on_day - last.day)
    return None if energy is None else last.reading_wh + rounded(value=Fraction(energy, facts.multiplier))


def _usual(facts: CounterFacts) -> int | None:
    is_enough = facts.usual is not None and facts.usual.days >= USUAL_DAYS_LEAST
    return _by_energy(facts, facts.usual if is_enough else None)


def _straight(facts: CounterFacts) -> int | None:
    if len(facts.before) == 1:
        return None
    last, first = facts.before[:2]
    end = facts.unrolled(first, last)
    found = straight_line(
        start_wh=first.reading_wh, end_wh=end, start_day=first.day, end_day=last.day, on_day=facts.on_day
    )
    return None if found is None else found - (end - last.reading_wh)


_WAYS: Mapping[Method, Callable[[CounterFacts], int | None]] = MappingProxyType(
    {
        Method.PRORATION: _prorated,
        Method.LAST_YEAR: lambda facts: _by_energy(facts, facts.last_year),
        Method.AVERAGE: _usual,
        Method.STRAIGHT_LINE: _straight,
    }
)
