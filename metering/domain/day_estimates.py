"""Interval values that are missing or doubted, by the first method of the pack that has enough to go by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.estimation import Days, Estimated, Flags, Method, average, interpolate, proxy_day

AVERAGE_MOST, AVERAGE_LEAST = 4, 2
"""How many days a mean is made of."""

DAY_METHODS = (Method.INTERPOLATION, Method.PROXY_DAY, Method.AVERAGE)
"""Methods that give interval values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """
    Consecutive interval days of one register, d days of s slots.

    day       (d,) ``date.toordinal``, ascending by one
    values    (d, s) [any unit]; what is not known is ignored
    is_known  (d, s) measured, and not doubted
    """

    day: Int64
    values: Int64
    is_known: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    How far estimates reach.

    most_slots    longest gap that is filled on a line
    within_weeks  how far off a proxy day may be
    """

    most_slots: int
    within_weeks: int


@dataclass(frozen=True, slots=True)
class FilledCurve:
    """
    Days with their missing values filled in.

    values     (d, s) in the unit of the curve
    is_filled  (d, s) estimated now
    methods    (d,) by which, None where nothing was filled; of a day filled by two, the one of whole days
    """

    values: Int64
    is_filled: Flags
    methods: tuple[Method | None, ...]


def fill(*, curve: Curve, wanted: Flags, methods: Sequence[Method], bounds: Bounds) -> FilledCurve:
    """
    Fill the wanted values that are not known; what no method can tell stays as it was, and is not filled.

    wanted  (d, s) to be filled where it is not known
    """
    values, is_filled = curve.values.copy(), np.zeros(curve.values.shape, dtype=np.bool_)
    names: list[Method | None] = [None] * len(curve.day)
    for method in methods:
        missing = wanted & ~curve.is_known & ~is_filled
        if not missing.any():
            break
        if method is Method.INTERPOLATION:
            found = interpolate(values=curve.values.ravel(), known=curve.is_known.ravel(), most=bounds.most_slots)
            chosen = missing & found.is_estimated.reshape(values.shape)
            given = found.values.reshape(values.shape)
            values[chosen] = given[chosen]
            is_filled |= chosen
            for row in np.flatnonzero(chosen.any(axis=1)).tolist():
                names[row] = method
            continue
        whole = Days(
            day=curve.day, values=curve.values, is_known=np.asarray(curve.is_known.all(axis=1), dtype=np.bool_)
        )
        for row in np.flatnonzero(missing.any(axis=1)).tolist():
            day = _WAYS[method](whole, int(curve.day[row]), bounds)
            if day is not None:
                values[row, missing[row]] = day.values[missing[row]]
                is_filled[row] |= missing[row]
                names[row] = method
    return FilledCurve(values, is_filled, tuple(names))


def _mean(days: Days, on_day: int, bounds: Bounds) -> Estimated | None:
    """Return the mean of days of the same name, else of whatever days came before."""
    reach = int(days.day.searchsorted(on_day - bounds.within_weeks * 7))
    near = Days(day=days.day[reach:], values=days.values[reach:], is_known=days.is_known[reach:])
    of_name = average(days=near, on_day=on_day, same_weekday=True, most=AVERAGE_MOST, least=AVERAGE_LEAST)
    if of_name is not None:
        return of_name
    return average(days=near, on_day=on_day, same_weekday=False, most=AVERAGE_MOST, least=AVERAGE_LEAST)


_WAYS: Mapping[Method, Callable[[Days, int, Bounds], Estimated | None]] = MappingProxyType(
    {
        Method.PROXY_DAY: lambda days, on_day, bounds: proxy_day(days=days, on_day=on_day, within=bounds.within_weeks),
        Method.AVERAGE: _mean,
    }
)
