"""A day's values as int32 with one exponent: exact, in the coarsest unit down to 10^-6 and up to 10^6 of the base."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.formats.decimals import Decimals, Flags
from metering.domain.formats.faults import Fault, LineFault
from metering.domain.formats.fields import FINEST_PLACES

LARGEST = 2**31 - 1
"""Largest value of a slot in units of 10^exponent; the smallest is its negative."""

_MOST_POWER = 9  # 2^31 x 10^9 still fits into int64
_UNIT = 10**FINEST_PLACES
_POWERS = 10 ** np.arange(_MOST_POWER + 1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Packed:
    """
    Days as matrices, m days of s slots.

    values    (m, s) int32, multiples of 10^exponent of the base unit
    exponent  (m,)
    exact     (m,) whether the day is held exactly; where not, ``pack_one`` decides
    """

    values: NDArray[np.int32]
    exponent: Int64
    exact: Flags


def pack(decimals: Decimals, *, unit_places: Int64) -> Packed:
    """
    Bring whole days of parsed fields to one exponent a day.

    decimals     fields, (m, s)
    unit_places  (m,) decimal places from the stated unit to the base unit (kWh: 3)
    """
    most = decimals.places.max(axis=1)
    power = most[:, None] - decimals.places
    exact = decimals.exact.all(axis=1)
    exact &= (decimals.digits.max(axis=1) <= LARGEST) & (power.max(axis=1) <= _MOST_POWER)
    exponent = unit_places - most
    up = np.clip(exponent, 0, _MOST_POWER)
    power += up[:, None]
    values = decimals.digits * _POWERS[np.clip(power, 0, _MOST_POWER)] if power.any() else decimals.digits.copy()
    exponent -= up
    _drop_zeros(values, exponent)
    exact &= (values.max(axis=1) <= LARGEST) & (exponent >= -FINEST_PLACES) & (power.max(axis=1) <= _MOST_POWER)
    return Packed(values=values.astype("<i4"), exponent=exponent, exact=exact)


def _drop_zeros(values: Int64, exponent: Int64) -> None:
    """Divide by 10, in place, the days that are finer than their base unit for nothing."""
    fine = np.flatnonzero(exponent < 0)
    while fine.size:
        even = (values[fine] % 10 == 0).all(axis=1)
        fine = fine[even]
        values[fine] //= 10
        exponent[fine] += 1
        fine = fine[exponent[fine] < 0]


def pack_scaled(scaled: Int64) -> Packed:
    """
    Bring days to one exponent each, as ``pack_one`` does; ``exact`` is False where the values do not fit.

    scaled  (m, s) values in 10^-6 of the base unit
    """
    values = scaled.copy()
    exponent = np.full(len(values), -FINEST_PLACES, dtype=np.int64)
    whole = np.flatnonzero(~(values % _UNIT).any(axis=1))  # most days are whole in their base unit
    values[whole] //= _UNIT
    exponent[whole] = 0
    open_rows = np.arange(len(values))
    while open_rows.size:
        mine = values[open_rows]
        may_rise = exponent[open_rows] < 0
        may_rise |= (exponent[open_rows] < FINEST_PLACES) & (np.abs(mine).max(axis=1) > LARGEST)
        may_rise &= ~(mine % 10).any(axis=1)
        open_rows = open_rows[may_rise]
        values[open_rows] //= 10
        exponent[open_rows] += 1
    exact = np.abs(values).max(axis=1, initial=0) <= LARGEST
    return Packed(values=np.where(exact[:, None], values, 0).astype("<i4"), exponent=exponent, exact=exact)


def pack_one(scaled: list[int]) -> tuple[list[int], int]:
    """
    Bring one day to its exponent, in unbounded integers; the same result as ``pack`` where that is exact.

    scaled  values in 10^-6 of the base unit

    :raises LineFault: the values do not fit into int32 with any exponent from -6 to 6.
    """
    exponent = -FINEST_PLACES
    values = scaled
    while exponent < FINEST_PLACES and (exponent < 0 or _too_large(values)) and not any(value % 10 for value in values):
        values = [value // 10 for value in values]
        exponent += 1
    if _too_large(values):
        largest = max(values, key=abs)
        raise LineFault(
            Fault.VALUE_TOO_LARGE, f"{largest} x 10^{exponent} of the base unit is too large for one interval."
        )
    return values, exponent


def _too_large(values: list[int]) -> bool:
    return any(abs(value) > LARGEST for value in values)
