"""
What a supply would have used without an event of demand response, what it delivered, and what that is worth.

The baseline of an hour is the mean of the highest m of the last n similar days, by their energy in the hours of the
event, times the adjustment of the same day: what the hours before the event show against the same hours of these days,
within a bound. All of it are whole numbers and fractions; only the energy of the whole event is rounded.
[source: method of the seed; its numbers are the pack's rule ``demand_response``]
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from cis.kernel import fixed
from cis.kernel.calendar import BusinessCalendar
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64

ONE_E6 = 10**6


class TooFewDays(Refused):
    """There are not so many similar days."""

    code = "too_few_similar_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRule:
    """
    How a baseline is made in a place.

    similar_days    so many similar days are looked at (n)
    highest         the mean is of so many of them, those of the most energy (m)
    back_days       similar days are looked for so far back
    before_hours    hours before the event that adjust it; 0: no adjustment
    adjust_most_e6  it is adjusted by at most this part, up and down [10^-6]
    wait_days       so long after an event missing values are waited for
    """

    similar_days: int
    highest: int
    back_days: int
    before_hours: int
    adjust_most_e6: int
    wait_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """
    A baseline and how it came about.

    highest   (m) places of the days whose mean it is, in the order of the days given
    asked     what the hours before the event ask for as its adjustment, as a factor; 1 where nothing can be compared
    factor    the adjustment within its bound
    hours_wh  (s) energy of each hour [Wh]
    """

    highest: tuple[int, ...]
    asked: Fraction
    factor: Fraction
    hours_wh: tuple[Fraction, ...]

    @property
    def energy_wh(self) -> int:
        """Return the energy of the whole event, rounded half away from zero. [Wh]"""
        return round_half_away(sum(self.hours_wh, Fraction(0)))

    @property
    def factor_e6(self) -> int:
        """Return the adjustment as it is kept and shown. [10^-6]"""
        return round_half_away(self.factor * ONE_E6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """
    What a supply delivered: energy that it did not use, never below 0.

    mean_w  mean power over the event, rounded half away from zero [W]
    """

    energy_wh: int
    mean_w: int


def similar_days(
    *, event_day: date, calendar: BusinessCalendar, excluded: Collection[date], rule: BaselineRule
) -> tuple[date, ...]:
    """
    Return the last similar days before an event, latest first.

    Business days are similar to business days, weekends and holidays to those.

    :param excluded: days that tell nothing of an ordinary one: other events, and days on which clocks change in it.
    :raises TooFewDays: so far back as the rule looks there are fewer than it asks for.
    """
    is_business = calendar.is_business_day(event_day)
    found: list[date] = []
    for back in range(1, rule.back_days + 1):
        day = event_day - timedelta(days=back)
        if calendar.is_business_day(day) is is_business and day not in excluded:
            found.append(day)
            if len(found) == rule.similar_days:
                return tuple(found)
    raise TooFewDays(f"{len(found)} similar days are there, {rule.similar_days} are needed.", found=len(found))


def baseline(*, event_wh: Int64, before_wh: Int64, today_wh: Int64, rule: BaselineRule) -> Baseline:
    """
    Return the baseline of an event.

    Of days of the same energy the one that is given first counts. Where the hours before the event had no energy on
    the days of the mean, nothing can be compared, and nothing is adjusted.

    event_wh   (n, s) energy of each hour of the event on each similar day, latest day first [Wh]
    before_wh  (n, b) the same of the hours before it
    today_wh   (b,) of the hours before it on the day itself
    """
    sums = [int(one) for one in event_wh.sum(axis=1)]
    best = sorted(range(len(sums)), key=lambda place: (-sums[place], place))[: rule.highest]
    highest = tuple(sorted(best))
    days = len(highest)
    means = [Fraction(sum(int(event_wh[place, hour]) for place in highest), days) for hour in range(event_wh.shape[1])]
    usual = Fraction(sum(int(before_wh[place].sum()) for place in highest), days)
    asked = Fraction(int(today_wh.sum())) / usual if rule.before_hours and usual > 0 else Fraction(1)
    most = Fraction(rule.adjust_most_e6, ONE_E6)
    factor = min(max(asked, 1 - most), 1 + most)
    return Baseline(highest=highest, asked=asked, factor=factor, hours_wh=tuple(one * factor for one in means))


def delivered(*, baseline_wh: int, actual_wh: int, hours: int) -> Delivered:
    """Return what a supply delivered in an event of so many hours; who used more than the baseline delivered 0."""
    energy = max(baseline_wh - actual_wh, 0)
    return Delivered(energy_wh=energy, mean_w=round_half_away(Fraction(energy, hours)))


def credit_minor(*, delivered_wh: Sequence[int], credit_e6: int) -> list[int]:
    """Return what delivered energies are worth, each rounded half away from zero. [minor unit]"""
    energy = np.asarray(delivered_wh, dtype=np.int64)
    return [int(one) for one in fixed.to_minor(fixed.times(energy, credit_e6))]


def round_half_away(value: Fraction) -> int:
    """Return a fraction as the nearest whole number, a half away from zero."""
    whole = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole
