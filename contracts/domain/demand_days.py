"""Hours of an event and of its similar days: at which instants they lie, and what a part came to by them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from contracts.domain import baselines
from contracts.domain.baselines import Baseline, BaselineRule, Delivered
from contracts.domain.demand_response import HOUR, hours_of

HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Gap(StrEnum):
    """
    Why a part cannot be measured (yet). Nothing is guessed: who is not measured is not credited.

    NO_METER   no register measured intervals on one of the days
    TOO_FEW    there are too few similar days
    MISSING    values of one of the days are not there
    ESTIMATED  values of one of the days were not measured
    DARK       an outage left the supply without current in hours of the event: nobody saved what was not there
    CUT        the supply was cut off in hours of the event
    """

    NO_METER = "no_interval_meter"
    TOO_FEW = "too_few_similar_days"
    MISSING = "values_missing"
    ESTIMATED = "values_estimated"
    DARK = "supply_was_dark"
    CUT = "supply_was_cut_off"

    @property
    def is_final(self) -> bool:
        """Return whether no value that comes later changes it, so that nobody waits for it."""
        return self in {Gap.TOO_FEW, Gap.DARK, Gap.CUT}


@dataclass(frozen=True, slots=True)
class Hours(Columns):
    """
    Energy of the hours of a part, the event's own day first, then its similar days, latest first; n days.

    days       (1 + n) ``date.toordinal``
    before_wh  (1 + n, b) hours before the event [Wh]
    event_wh   (1 + n, s) hours of the event [Wh]
    """

    days: Int64
    before_wh: Int64
    event_wh: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a part. ``before_wh``: used in the hours before the event. [Wh]"""

    baseline: Baseline
    delivered: Delivered
    actual_wh: int
    before_wh: int


def starts_us(*, day: date, start_at: datetime, end_at: datetime, before_hours: int, clock: LocalClock) -> Int64 | None:
    """
    Return when each hour before and in an event begins on a day, by the clock on the wall, (b + s).

    None: clocks change in these hours, so that the day is like no other one. [microseconds since 1970 UTC]
    """
    hours = before_hours + hours_of(start_at=start_at, end_at=end_at)
    first = start_at.astimezone(clock.zone).replace(tzinfo=None) - before_hours * HOUR
    shift = timedelta(days=day.toordinal() - start_at.astimezone(clock.zone).date().toordinal())
    walls = [first + shift + n * HOUR for n in range(hours + 1)]
    instants = [wall.replace(tzinfo=clock.zone).astimezone(UTC) for wall in walls]
    if any(later - earlier != HOUR for earlier, later in pairwise(instants)):
        return None
    return np.array([(at - _EPOCH) // timedelta(microseconds=1) for at in instants[:-1]], dtype=np.int64)


def event_starts_us(*, start_at: datetime, end_at: datetime, before_hours: int) -> Int64:
    """Return when each hour before and in an event begins on its own day, (b + s). [microseconds since 1970 UTC]"""
    first = (start_at - before_hours * HOUR - _EPOCH) // timedelta(microseconds=1)
    return first + HOUR_US * np.arange(before_hours + hours_of(start_at=start_at, end_at=end_at), dtype=np.int64)


def outcome(hours: Hours, *, rule: BaselineRule) -> Outcome:
    """Return what a part came to."""
    found = baselines.baseline(
        event_wh=hours.event_wh[1:], before_wh=hours.before_wh[1:], today_wh=hours.before_wh[0], rule=rule
    )
    actual = int(hours.event_wh[0].sum())
    return Outcome(
        baseline=found, actual_wh=actual, before_wh=int(hours.before_wh[0].sum()),
        delivered=baselines.delivered(
            baseline_wh=found.energy_wh, actual_wh=actual, hours=hours.event_wh.shape[1]
        ),
    )  # fmt: skip
