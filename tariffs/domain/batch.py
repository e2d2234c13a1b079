"""Segments to be rated, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from cis.kernel.columns import Columns, Rows
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, month_of
from tariffs.domain.inputs import Input

MAX_ENERGY_WH = 10**15
"""A thousand TWh: no segment is larger, and no sum of columns below it can wrap."""

E9 = 10**9
DAY_BITS = 22
"""Day numbers stay below 2^22."""
MONTH_PARTS = 377_580
"""Least common multiple of 28, 29, 30 and 31: every day of every month is a whole number of such parts."""


class EnergyOutOfRange(Refused):
    """More energy than any segment can hold."""

    code = "energy_out_of_range"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingBatch(Columns):
    """
    n bill segments of one plan; n = 1 is an ordinary batch.

    days            (n,) local days of the segment
    month_share_e9  (n,) months of the segment, each day counted by its own month. [10^-9 month]
    used_wh         (n, p) energy by period of use, in the plan's order; negative = a true-up. [Wh]
    before_wh       (n,) energy since the tier cycle began, before this segment. [Wh]
    household       (n,) persons of the household
    inputs          what else was gathered for the plan's components, each with n as its first axis
    """

    days: Int64
    month_share_e9: Int64
    used_wh: Int64
    before_wh: Int64
    household: Int64
    inputs: Mapping[Input, Int64] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check types, lengths and magnitudes."""
        super(RatingBatch, self).__post_init__()
        if min(int(column.min(initial=0)) for column in (self.days, self.month_share_e9)) < 0:
            raise ValueError("a segment has no negative time")
        for column in (self.used_wh, self.before_wh):
            if column.size and max(int(column.max()), -int(column.min())) > MAX_ENERGY_WH:
                raise EnergyOutOfRange("No segment is larger than 1,000 TWh.")
        for name, column in self.inputs.items():
            if column.dtype != np.int64 or len(column) != len(self.days):
                raise ValueError(f"input {name} is no column of {len(self.days)} integers")

    def take(self, rows: Rows) -> Self:
        """Return the batch of some rows; a slice gives views, places or a mask give copies."""
        return type(self)(
            days=self.days[rows],
            month_share_e9=self.month_share_e9[rows],
            used_wh=self.used_wh[rows],
            before_wh=self.before_wh[rows],
            household=self.household[rows],
            inputs={name: column[rows] for name, column in self.inputs.items()},
        )

    @classmethod
    def of(
        cls,
        *,
        used_wh: Int64,
        days: Int64 | None = None,
        month_share_e9: Int64 | None = None,
        before_wh: Int64 | None = None,
        household: Int64 | None = None,
        inputs: Mapping[Input, Int64] | None = None,
    ) -> Self:
        """Return a batch in which the columns that are not given are 0, and households of one person."""
        zeros = np.zeros(len(used_wh), dtype=np.int64)
        return cls(
            days=zeros if days is None else days,
            month_share_e9=zeros if month_share_e9 is None else month_share_e9,
            used_wh=used_wh,
            before_wh=zeros if before_wh is None else before_wh,
            household=zeros + 1 if household is None else household,
            inputs={} if inputs is None else inputs,
        )

    @property
    def total_wh(self) -> Int64:
        """Return the energy of each segment over all periods of use, (n,). [Wh]"""
        # Column by column: a sum along so short an axis is many times slower.
        total = self.used_wh[:, 0]
        for period in range(1, self.used_wh.shape[1]):
            total = total + self.used_wh[:, period]
        return total


def month_share_e9(*, period: Period) -> int:
    """
    Return how many months a period is, each of its days counted by its own month. [10^-9 month]

    The exact sum of days / days of the month, rounded once, half up: 1 January to 1 March is 2 months, 1 to 16 April
    half a month, 22 January to 12 February 10/31 + 11/28.
    """
    parts = sum(part.days * (MONTH_PARTS // month_of(part.start).days) for part in period.months())
    return (2 * parts * E9 + MONTH_PARTS) // (2 * MONTH_PARTS)


def month_shares_e9(*, start_day: Int64, end_day: Int64) -> Int64:
    """Return how many months each span of day numbers is, as ``month_share_e9``, (n,). [10^-9 month]"""
    distinct, place = np.unique((start_day << DAY_BITS) | end_day, return_inverse=True)
    spans = [Period.of_days(key >> DAY_BITS, key & ((1 << DAY_BITS) - 1)) for key in distinct.tolist()]
    return np.array([month_share_e9(period=span) for span in spans], dtype=np.int64)[place]
