"""
Corrections of what was counted: for which days, by how much, and how that is spread over what was recorded.

The change of each span, or interval, is exact: (factor - 1) x what was recorded + so much a day. Changes are rounded
together, by their running sum, so that they sum to the whole change rounded once, and none is off by 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor

from metering.domain.correction_factors import BadCorrection

LONGEST_DAYS = 366 * 20
WHOLE = 100
HALF = Fraction(1, 2)


class Cause(StrEnum):
    """
    Why energy was counted wrongly; each has its own rule in the pack of the place.

    METER_ERROR        the meter is beyond its limit of error
    TRANSFORMER_ERROR  a current transformer is beyond its limit of error
    VOLTAGE_DROP       more voltage is lost in the leads than allowed
    WIRING             wires were connected wrongly
    MULTIPLIER         another multiplier, or ratio of transformers, was used than the real one
    FUSE               a fuse of a voltage transformer blew, a phase failed
    OTHER              stopped, burnt, lost: what a normal month uses is taken
    THEFT              energy was drawn past the meter
    """

    METER_ERROR = "meter_error"
    TRANSFORMER_ERROR = "transformer_error"
    VOLTAGE_DROP = "voltage_drop"
    WIRING = "wiring"
    MULTIPLIER = "multiplier"
    FUSE = "fuse"
    OTHER = "other"
    THEFT = "theft"


EVERY_REGISTER = frozenset({Cause.TRANSFORMER_ERROR, Cause.MULTIPLIER, Cause.FUSE})
"""
Causes that change what each register of the meter counted alike; others change active energy drawn, and reactive energy
only where the order has a factor of its own for it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Days that are corrected: [start_day, end_day), of the first one only a share, above 0 and up to 1."""

    start_day: int
    end_day: int
    first_share: Fraction = Fraction(1)

    @property
    def days(self) -> Fraction:
        """Return how many days that are. [d]"""
        return self.end_day - self.start_day - 1 + self.first_share

    def of(self, *, start_day: int, end_day: int) -> Fraction:
        """Return how many of the days [start_day, end_day) are corrected. [d]"""
        first, last = max(self.start_day, start_day), min(self.end_day, end_day)
        if first >= last:
            return Fraction(0)
        left_out = 1 - self.first_share if first == self.start_day else Fraction(0)
        return last - first - left_out


def affected(*, since_day: int, until_day: int, percent: int) -> Affected:
    """
    Return the last part of the time from one day to another.

    since_day  first day that may be wrong: of the last test, of the installation, of the first wrong record
    until_day  day on which it was mended: the first that is right again
    percent    of the time; half of it where nobody knows when an error began

    [source: 供电营业规则 (1996) art 80 (1): half the time from the last test or installation until it is mended]
    :raises BadCorrection: the time is empty or too long, or the percentage is none.
    """
    if not 0 < percent <= WHOLE:
        raise BadCorrection(f"{percent} % of a time cannot be corrected.")
    if not 0 < until_day - since_day <= LONGEST_DAYS:
        raise BadCorrection("The day on which it was mended lies after the first wrong day.", advice="Check both days.")
    days = Fraction((until_day - since_day) * percent, WHOLE)
    whole = ceil(days)
    return Affected(start_day=until_day - whole, end_day=until_day, first_share=1 - (whole - days))


def capped(*, days: Affected, first_day: int) -> Affected:
    """
    Return the days that may still be billed: none before ``first_day``.

    :raises BadCorrection: none is left.
    """
    if days.start_day >= first_day:
        return days
    if first_day >= days.end_day:
        raise BadCorrection(
            "All of this lies too far back to be billed.", advice="See the rule backbill_cap of the place."
        )
    return Affected(start_day=first_day, end_day=days.end_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """
    What a correction makes of each register: factor x what was recorded + per_day_wh for each day.

    Right wiring is a factor alone; a normal month is a factor of 0 and what a normal day uses.
    """

    factor: Fraction = Fraction(1)
    per_day_wh: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Energy that was recorded over [start_day, end_day). [Wh or varh]"""

    start_day: int
    end_day: int
    energy_wh: int


def changes(*, spans: Sequence[Recorded], effect: Effect, days: Affected) -> list[int]:
    """
    Return the change of each span, in the order given. [Wh or varh]

    A span that is only in part among the days counts by its days, since a counter says no more of it. The changes sum
    to the exact change of all spans, rounded half away from zero.

    :raises BadCorrection: less than nothing would be left of a span.
    """
    found = list(rounded(_exact(span, effect, days) for span in spans))
    for span, change in zip(spans, found, strict=True):
        if span.energy_wh + change < 0 <= span.energy_wh:
            raise BadCorrection("Less than nothing would be left of a month.", advice="Check the factor and the days.")
    return found


def base_wh(*, spans: Sequence[Recorded], days: Affected) -> Fraction:
    """Return what was recorded on the days that are corrected. [Wh or varh]"""
    return sum((_base(span, days) for span in spans), Fraction(0))


def normal(*, spans: Sequence[Recorded], reference: Affected) -> Effect:
    """
    Return the effect of taking what a normal day uses in place of what was recorded.

    spans      recorded energy of a time in which the register was right
    reference  that time

    [source: 供电营业规则 (1996) art 80 (3): the energy of a normal month is the base]
    """
    return Effect(factor=Fraction(0), per_day_wh=base_wh(spans=spans, days=reference) / reference.days)


def added(*, energy_wh: int, days: Affected) -> Effect:
    """
    Return the effect of energy that no register saw, spread evenly over the days.

    :raises BadCorrection: there is none.
    """
    if energy_wh <= 0:
        raise BadCorrection("Energy that was not counted is above 0.", advice="Check power, days and hours.")
    return Effect(per_day_wh=energy_wh / days.days)


def added_in_mix(*, energy_wh: int, bases: Sequence[Fraction], days: Affected) -> list[Effect]:
    """
    Return the effects, one a register, of energy that no register saw: dealt in the mix of what they recorded.

    For a meter that counts periods of use apart and nobody knows when the energy was drawn.

    bases  what each of the registers recorded on those days [Wh]

    :raises BadCorrection: there is no such energy, or the registers recorded nothing, so that there is no mix.
    """
    if energy_wh <= 0:
        raise BadCorrection("Energy that was not counted is above 0.", advice="Check power, days and hours.")
    whole = sum(bases, Fraction(0))
    if whole <= 0:
        raise BadCorrection(
            "The meter counts periods of use apart and recorded nothing, so nobody knows how to deal the energy.",
            advice="Correct by a normal month.",
        )
    return [Effect(per_day_wh=energy_wh * base / whole / days.days) for base in bases]


def rounded(exact: Iterable[Fraction]) -> Iterator[int]:
    """
    Yield whole numbers whose running sums are those of the exact ones, rounded.

    A half of a running sum goes where that of the whole goes, away from zero: so they sum to the rounded whole, and
    each is less than 1 off, also where signs are mixed.
    """
    sums = list(accumulate(exact))
    sign = -1 if sums and sums[-1] < 0 else 1
    before = 0
    for total in sums:
        now = sign * floor(sign * total + HALF)
        yield now - before
        before = now


def nearest(value: Fraction) -> int:
    """Return the nearest whole number, a half away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole


def _base(span: Recorded, days: Affected) -> Fraction:
    share = days.of(start_day=span.start_day, end_day=span.end_day) / (span.end_day - span.start_day)
    return span.energy_wh * share


def _exact(span: Recorded, effect: Effect, days: Affected) -> Fraction:
    corrected = days.of(start_day=span.start_day, end_day=span.end_day)
    return (effect.factor - 1) * _base(span, days) + effect.per_day_wh * corrected
