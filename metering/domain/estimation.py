"""
What is not known of a meter is estimated, and every estimate says by which method.

Each method is one function over whole numbers: energy that is known over a span is dealt out exactly, and what is
rounded is rounded half away from zero. A method that has nothing to go by gives None: nothing is made up.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64, share
from metering.domain.registers import WH_PER_KWH

Flags = NDArray[np.bool_]
DAYS_IN_WEEK = 7


class Method(StrEnum):
    """
    How a value was estimated.

    GIVEN  somebody else did: a file or a person says that it is an estimate, not how it was made
    """

    INTERPOLATION = "interpolation"
    AVERAGE = "average"
    PROXY_DAY = "proxy_day"
    PROFILE = "profile"
    LAST_YEAR = "last_year"
    FROM_INTERVALS = "from_intervals"
    FROM_COUNTER = "from_counter"
    PRORATION = "proration"
    STRAIGHT_LINE = "straight_line"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Estimated:
    """
    Values of which some are estimated.

    values        (n,) in the unit of what was given [Wh or varh]
    is_estimated  (n,) the value was not given
    """

    method: Method
    values: Int64
    is_estimated: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """
    Interval days of one register, d days of s slots, ascending.

    day       (d,) ``date.toordinal``; a Monday leaves 1 when divided by 7
    values    (d, s) [Wh or varh]
    is_known  (d,) all of its values were measured
    """

    day: Int64
    values: Int64
    is_known: Flags


def interpolate(*, values: Int64, known: Flags, most: int) -> Estimated:
    """
    Fill gaps of at most ``most`` intervals on the straight line between the values beside them.

    Gaps at either end, and longer ones, stay as they are: a line over a night says nothing of the night.

    values, known  (n,) one after the other; what is not known is ignored
    """
    filled = np.where(known, values, 0)
    at = np.flatnonzero(known)
    estimated = np.zeros(len(values), dtype=np.bool_)
    for left, right in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
        steps = right - left
        if 1 < steps <= most + 1:
            first, rise = int(values[left]), int(values[right]) - int(values[left])
            for step in range(1, steps):
                filled[left + step] = rounded(value=first + Fraction(rise * step, steps))
            estimated[left + 1 : right] = True
    return Estimated(Method.INTERPOLATION, filled, estimated)


def average(*, days: Days, on_day: int, same_weekday: bool, most: int, least: int) -> Estimated | None:
    """
    Return a day whose slots are the means of those of the nearest known days before it, at most ``most`` of them.

    :param same_weekday: only of the same day of the week.
    :param least: with fewer days, None.
    """
    rows = np.flatnonzero(days.is_known & (days.day < on_day))
    if same_weekday:
        rows = rows[(on_day - days.day[rows]) % DAYS_IN_WEEK == 0]
    rows = rows[-most:]
    if len(rows) < max(least, 1):
        return None
    sums = days.values[rows].sum(axis=0)
    means = np.array([rounded(value=Fraction(int(one), len(rows))) for one in sums.tolist()], dtype=np.int64)
    return Estimated(Method.AVERAGE, means, np.ones(len(means), dtype=np.bool_))


def proxy_day(*, days: Days, on_day: int, within: int) -> Estimated | None:
    """
    Return the values of the nearest known day of the same day of the week, at most ``within`` weeks off.

    Of two that are as near, the earlier one: what came before is known when it is needed.
    """
    weeks, rest = np.divmod(np.abs(days.day - on_day), DAYS_IN_WEEK)
    rows = np.flatnonzero(days.is_known & (rest == 0) & (weeks > 0) & (weeks <= within))
    if not rows.size:
        return None
    row = rows[np.argmin(weeks[rows])]
    slots = days.values.shape[1]
    return Estimated(Method.PROXY_DAY, days.values[row].copy(), np.ones(slots, dtype=np.bool_))


def by_profile(*, energy_wh: int, weights: Int64) -> Estimated | None:
    """
    Deal energy that is known over a span by a profile, exactly.

    weights  (n,) none negative, any unit; None is returned where all are 0 and there is energy
    """
    if energy_wh and not weights.any():
        return None
    dealt = share(np.array([energy_wh], dtype=np.int64), weights)[0]
    return Estimated(Method.PROFILE, dealt, np.ones(len(weights), dtype=np.bool_))


def same_period_last_year(*, energy_wh: int, days: int, to_days: int, growth: Fraction = Fraction(1)) -> int | None:
    """
    Return the energy of the same days a year ago, brought to so many days. [Wh]

    growth  what was used lately over what was used at that time of the last year; 1: not known
    """
    if days <= 0:
        return None
    return rounded(value=Fraction(energy_wh * to_days, days) * growth)


def scalar_of_days(*, start_reading_wh: int, daily_wh: Int64, digits: int, multiplier: int) -> Estimated:
    """
    Return what a counter shows at the end of each day, out of the energy of its interval days, (d,). [Wh]

    A dial of d digits begins anew after 10^d kWh. Each value is rounded by itself, so that no error adds up.

    daily_wh  (d,) multiplier included [Wh]
    """
    until = np.cumsum(daily_wh)
    turn = 10**digits * WH_PER_KWH
    shown = [(start_reading_wh + rounded(value=Fraction(int(one), multiplier))) % turn for one in until.tolist()]
    return Estimated(Method.FROM_INTERVALS, np.array(shown, dtype=np.int64), np.ones(len(daily_wh), dtype=np.bool_))


def days_of_scalar(*, energy_wh: int, given: Int64, known: Flags, weights: Int64) -> Estimated | None:
    """
    Return intervals of a span whose energy a counter tells: those that are known stay, the others share the rest.

    Rule: the rest, the energy less what is known, is dealt by the weights, or in equal parts where those are 0. None
    where more is known than the counter says, or nothing is left to deal to: then one of the two is wrong.

    given, known  (n,) values that are known [Wh]
    weights       (n,) profile of the span, none negative
    """
    rest = energy_wh - int(given[known].sum())
    missing = np.flatnonzero(~known)
    if rest < 0 or (rest and not missing.size):
        return None
    values = np.where(known, given, 0)
    values[missing] = dealt(total_wh=rest, weights=weights[missing])
    return Estimated(Method.FROM_COUNTER, values, ~known)


def prorate(*, start_wh: int, end_wh: int, start_day: int, end_day: int, on_day: int) -> int:
    """
    Return what a counter showed on a day between two reads, as if it had run evenly. [Wh]

    Days as ``date.toordinal``; counter values as they ran, without the turn of a dial between them.

    :raises ValueError: the day is not between the reads.
    """
    if not start_day <= on_day <= end_day or start_day == end_day:
        raise ValueError("the day is not between two reads")
    return rounded(value=start_wh + Fraction((end_wh - start_wh) * (on_day - start_day), end_day - start_day))


def straight_line(*, start_wh: int, end_wh: int, start_day: int, end_day: int, on_day: int) -> int | None:
    """
    Return what a counter shows on a day after two reads, if it goes on as between them. [Wh]

    None where it ran backward, or for as long again as the reads are apart: a line that long is a guess.

    :raises ValueError: the reads are of one day, or the day is not after them.
    """
    days = end_day - start_day
    if days <= 0 or on_day <= end_day:
        raise ValueError("the day is not after two reads")
    if end_wh < start_wh or on_day - end_day > days:
        return None
    return end_wh + rounded(value=Fraction((end_wh - start_wh) * (on_day - end_day), days))


def dealt(*, total_wh: int, weights: Int64) -> Int64:
    """Return a total dealt by weights, exactly; in equal parts where all weights are 0, (n,). [Wh]"""
    used = weights if weights.any() else np.ones(len(weights), dtype=np.int64)
    return share(np.array([total_wh], dtype=np.int64), used)[0] if len(weights) else np.zeros(0, dtype=np.int64)


def rounded(*, value: Fraction) -> int:
    """Return a fraction as a whole number, a half away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole
