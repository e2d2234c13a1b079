"""What rules of validation look at, and what they say of it: spans of energy, their intervals, and their past."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64, times

Flags = NDArray[np.bool_]

NO_READING = -1
"""In place of a counter value where energy was summed from interval days."""

PERCENT = 100


class Counted(IntEnum):
    """What a register counts."""

    ACTIVE = 0
    REACTIVE = 1
    DEMAND = 2


class Verdict(IntEnum):
    """
    What a rule says of a span.

    PASSED   nothing is wrong, or the rule is about something else
    FAILED   a person should look at it
    UNKNOWN  there is not enough to judge by: a first year has no year before it
    """

    PASSED = 0
    FAILED = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Spans(Columns):
    """
    Energy that is about to be approved, n spans.

    meter_id          (n,)
    series            (n,) one number for what a service point draws or gives in a period of use, over all its meters
    start_day, end_day  (n,) half-open, ``date.toordinal``
    energy_wh         (n,) multiplier included; of a register of demand the largest mean power [Wh, varh or W]
    start_reading_wh, end_reading_wh  (n,) counter values, NO_READING without [Wh, varh or W]
    capacity_w        (n,) of the service point [W]
    counted           (n,) ``Counted``
    is_export         (n,) given to the grid
    is_total          (n,) it counts at all hours, not in one period of use
    is_estimated      (n,) a value it was computed from was not measured
    is_interval       (n,) summed from interval days
    is_connected      (n,) the service point is supplied, or ready to be
    is_due            (n,) it ends where it must: at a boundary, or at an end of the hanging
    """

    service_point_id: Int64
    meter_id: Int64
    register_id: Int64
    series: Int64
    start_day: Int64
    end_day: Int64
    energy_wh: Int64
    multiplier: Int64
    start_reading_wh: Int64
    end_reading_wh: Int64
    capacity_w: Int64
    counted: Int64
    is_export: Flags
    is_total: Flags
    is_estimated: Flags
    is_interval: Flags
    is_connected: Flags
    is_due: Flags

    @property
    def days(self) -> Int64:
        """Return how many days each span has, (n,)."""
        return self.end_day - self.start_day


@dataclass(frozen=True, slots=True)
class Past(Columns):
    """
    Approved energy of the same series, h spans in the order of series and start, none of them overlapping in a series.

    The spans that are about to be approved may be among them: each rule looks at what ended before a span began.
    """

    series: Int64
    start_day: Int64
    end_day: Int64
    energy_wh: Int64
    is_estimated: Flags


@dataclass(frozen=True, slots=True)
class Extremes(Columns):
    """
    Of the intervals in each of n spans; rows of spans that are not summed from interval days are 0.

    most_wh, least_wh    (n,) largest and smallest value, rounded half away from zero [Wh or varh]
    minutes              (n,) length of an interval [min]
    peak_wh, third_wh    (n,) of the day that sticks out most: its largest and its third-largest value [Wh or varh]
    peak_day             (n,) that day, ``date.toordinal`` on the metering clock
    filled               (n,) longest run of intervals whose value was not measured
    """

    most_wh: Int64
    least_wh: Int64
    minutes: Int64
    peak_wh: Int64
    third_wh: Int64
    peak_day: Int64
    filled: Int64


@dataclass(frozen=True, slots=True)
class Said(Columns):
    """
    What one rule says of n spans.

    verdict  (n,) ``Verdict``
    measure  (n,) what was found, in the unit of the rule
    bound    (n,) what it is held against, in the same unit
    """

    verdict: Int64
    measure: Int64
    bound: Int64

    def is_failed(self) -> Flags:
        """Return which spans a person should look at, (n,)."""
        return np.asarray(self.verdict == Verdict.FAILED, dtype=np.bool_)


def say(*, failed: Flags, measure: Int64, bound: Int64, unknown: Flags | None = None) -> Said:
    """Return what a rule says; where it is unknown, that goes before all else. All (n,)."""
    verdict = np.where(failed, int(Verdict.FAILED), int(Verdict.PASSED)).astype(np.int64)
    if unknown is not None:
        verdict[unknown] = int(Verdict.UNKNOWN)
    return Said(verdict=verdict, measure=measure, bound=bound)


def is_above(*, value: Int64, percent: int, of: Int64) -> Flags:
    """Return where values are above so many percent of others, exactly, (n,)."""
    return np.asarray(times(value, PERCENT) > times(of, percent), dtype=np.bool_)


def is_below(*, value: Int64, percent: int, of: Int64) -> Flags:
    """Return where values are below so many percent of others, exactly, (n,)."""
    return np.asarray(times(value, PERCENT) < times(of, percent), dtype=np.bool_)


def per_cent(*, percent: int, of: Int64) -> Int64:
    """Return so many percent of values, rounded down, without ever leaving 64 bits for what meters count, (n,)."""
    return np.asarray(of // PERCENT * percent + of % PERCENT * percent // PERCENT)
