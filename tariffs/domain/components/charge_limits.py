"""
Minimum and maximum charges: what lifts a bill to its least amount, or cuts it to its largest.

All are charged on the rounded lines of the components they name, so that a bill that is lifted to 10.00 is 10.00.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import E6, E9, Per, by_time
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

DECEMBER = 12


class Negative(StrEnum):
    """What an amount below 0 is to a limit; texts differ, so each tariff says it."""

    AS_ZERO = "as_zero"
    AS_IS = "as_is"


class Leaving(StrEnum):
    """What a customer who leaves within the year owes of its minimum."""

    CHARGE = "charge"
    WAIVE = "waive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Named):
    """
    What limits on charges share.

    on  codes of the components that count, or ("*",) for all before it
    """

    on: tuple[str, ...]

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components that count."""
        return self.on


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedLimit(Limit):
    """
    A limit per month or day of the segment; part of a month counts by its own days.

    price_e6  limit of one day or month [10^-6 minor unit]
    """

    per: Per
    price_e6: int | None

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot, which counts the time that the limit is for."""
        return (self.slot(Unit(self.per.value), self.price_e6),)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumCharge(TimedLimit):
    """
    What lifts the components it names to a least amount.

    Rule: limit x time - base, if that is above 0. Where ``negative`` is AS_ZERO, a base below 0 is lifted from 0, and
    the credit stays beside the minimum; AS_IS lifts from where the base is.
    [source: NREL SAM, Utilityrate5, ``ur_monthly_min_charge``: as zero]
    """

    negative: Negative

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return the top-up, (n, 1), and the time it is for."""
        (price_e6,) = known((self.price_e6,))
        limit_e9, spans = by_time(batch, per=self.per, price_e6=price_e6)
        base_e9 = fixed.times(counted(base_minor=base_minor, negative=self.negative)[:, None], (E9,))[:, 0]
        return Charge(np.maximum(limit_e9 - base_e9, 0)[:, None], spans[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximumCharge(TimedLimit):
    """
    What cuts the components it names to a largest amount: a line below 0.

    Rule: limit x time - base, if that is below 0.
    """

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return what is cut off, (n, 1), and the time it is for."""
        (price_e6,) = known((self.price_e6,))
        limit_e9, spans = by_time(batch, per=self.per, price_e6=price_e6)
        base_e9 = fixed.times(base_minor[:, None], (E9,))[:, 0]
        return Charge(np.minimum(limit_e9 - base_e9, 0)[:, None], spans[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyLimit(Limit):
    """
    A limit on what is charged in a year.

    limit_minor  [minor unit]
    first_month  month with which the year begins, 1 to 12
    negative     what a segment below 0 adds to the year
    """

    limit_minor: int
    first_month: int
    negative: Negative

    @property
    def year_starts(self) -> int | None:
        """Return the month with which the year begins."""
        return self.first_month

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot, which counts what was charged in the year up to and with the segment."""
        return (self.slot(Unit.MONEY, E6),)

    def counted_minor(self, base_minor: Int64) -> Int64:
        """Return what segments add to the year, (n,). [minor unit]"""
        return counted(base_minor=base_minor, negative=self.negative)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyMinimum(YearlyLimit):
    """
    What lifts a year to a least amount, on the last segment of the year, or of the agreement.

    Rule: limit - what was charged in the year, if that is above 0. [source: NREL SAM, Utilityrate5,
    ``ur_annual_min_charge``: months below 0 count as 0, and the top-up stands in December]

    leaving  whether it is charged as well where the agreement ends within the year
    """

    leaving: Leaving

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what was charged before in the year, and whether it ends here."""
        return (Input.YEAR_MINOR, Input.MONTH_END, Input.FINAL)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return the top-up, (n, 1), and what the year has come to."""
        year_minor = batch.inputs[Input.YEAR_MINOR] + self.counted_minor(base_minor)
        ends = batch.inputs[Input.MONTH_END] == (self.first_month - 1 or DECEMBER)
        if self.leaving is Leaving.CHARGE:
            ends = ends | (batch.inputs[Input.FINAL] != 0)
        short_minor = np.maximum(self.limit_minor - year_minor, 0) * ends
        return Charge(fixed.times(short_minor[:, None], (E9,)), year_minor[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyMaximum(YearlyLimit):
    """
    What cuts a year to a largest amount, in each segment in which it is passed: a line below 0.

    Rule: of what a segment is charged, the part that takes the year above the limit is taken back; where the year
    falls below the limit again, what was taken back too much is charged.
    """

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what was charged before in the year."""
        return (Input.YEAR_MINOR,)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return what is cut off, (n, 1), and what the year has come to."""
        before_minor = batch.inputs[Input.YEAR_MINOR]
        year_minor = before_minor + self.counted_minor(base_minor)
        over_minor = np.maximum(before_minor - self.limit_minor, 0) - np.maximum(year_minor - self.limit_minor, 0)
        return Charge(fixed.times(over_minor[:, None], (E9,)), year_minor[:, None])


def counted(*, base_minor: Int64, negative: Negative) -> Int64:
    """Return amounts as a limit counts them, (n,). [minor unit]"""
    return np.maximum(base_minor, 0) if negative is Negative.AS_ZERO else base_minor
