"""Interval values that a correction bears on, and what becomes of them; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from metering.domain.correction_days import Instants, between, corrected, days_inside, like, profile_of
from metering.domain.correction_factors import BadCorrection
from metering.domain.corrections import Affected, Effect, nearest
from metering.domain.intervals import MINUTE_US, IntervalColumns
from metering.queries import intervals

_DAY = timedelta(days=1)
_DAY_US = 24 * 60 * MINUTE_US
Blocks = tuple[IntervalColumns, ...]
Changed = tuple[IntervalColumns, IntervalColumns]
"""The same days before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a day lies over its hours: as in a normal time, or evenly where none is taken."""

    register_id: int
    normal: Period | None

    def of(self, slots: int) -> Int64:
        """Return how a day of so many intervals lies over them; one statement where a normal time is taken."""
        if self.normal is None:
            return np.ones(slots, dtype=np.int64)
        days = intervals.days(register_ids=[self.register_id], start_date=self.normal.start, end_date=self.normal.end)
        return profile_of(days, slots=slots)


def around(*, register_id: int, days: Affected) -> Blocks:
    """
    Return the interval days that hold around the corrected ones; one statement.

    One more at both ends: a local day reaches into two of the metering clock.
    """
    return intervals.days(
        register_ids=[register_id],
        start_date=date.fromordinal(days.start_day) - _DAY,
        end_date=date.fromordinal(days.end_day) + _DAY,
    )


def base_wh(*, blocks: Blocks, days: Affected, clock: LocalClock) -> Fraction:
    """Return what was recorded between the first and the last corrected instant. [Wh or varh]"""
    instants = _instants(days, clock)
    return sum(
        (between(block=block, edges_us=(instants.start_us, instants.end_us))[0] for block in blocks), Fraction(0)
    )


def change(*, blocks: Blocks, effect: Effect, days: Affected, clock: LocalClock, profile: Profile) -> list[Changed]:
    """
    Return the days that change, before and after; energy that is added is dealt to blocks by their days.

    :raises BadCorrection: a value of some interval is missing, or one of them cannot be corrected so.
    """
    instants = _instants(days, clock)
    inside = [days_inside(block=block, instants=instants) for block in blocks]
    whole = sum(inside, Fraction(0))
    if whole != _length(instants):
        raise BadCorrection(
            "Interval values of some of these days are missing.", advice="Import them, approve the usage, then correct."
        )
    found = []
    for block, part in zip(blocks, inside, strict=True):
        if part:
            new = corrected(
                block=block,
                instants=instants,
                factor=effect.factor,
                added_wh=effect.per_day_wh * days.days * part / whole,
                profile=profile.of(block.slots),
            )
            found.append((block.take(new.place), like(block=block, days=new)))
    return found


def by_month(
    *, blocks: Blocks, changed: Sequence[Changed], days: Affected, clock: LocalClock
) -> list[tuple[Period, int, int]]:
    """Return the energy before and after of the corrected days, month by month: (days of it, before, after). [Wh]"""
    months = Period.of_days(days.start_day, days.end_day).months()
    edges = [clock.day_start_us(day) for day in (*(month.start for month in months), months[-1].end)]

    def energy(parts: Sequence[IntervalColumns]) -> list[Fraction]:
        by_block = [between(block=part, edges_us=edges) for part in parts]
        return [sum(sums, Fraction(0)) for sums in zip(*by_block, strict=True)]

    before = energy(blocks)
    old, new = energy([one for one, _ in changed]), energy([one for _, one in changed])
    after = [was + one - other for was, one, other in zip(before, new, old, strict=True)]
    return [(month, nearest(was), nearest(now)) for month, was, now in zip(months, before, after, strict=True)]


def _instants(days: Affected, clock: LocalClock) -> Instants:
    start, following, end = (
        clock.day_start_us(date.fromordinal(day)) for day in (days.start_day, days.start_day + 1, days.end_day)
    )
    return Instants(start_us=start, first_end_us=following, end_us=end, first_share=days.first_share)


def _length(instants: Instants) -> Fraction:
    """Return how many days of 24 hours are corrected."""
    first = Fraction(instants.first_end_us - instants.start_us, _DAY_US) * instants.first_share
    return first + Fraction(instants.end_us - instants.first_end_us, _DAY_US)
