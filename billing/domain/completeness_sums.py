"""Sums of completeness by place and month: days by state, and where the energy that is measured has gone."""

from collections.abc import Sequence

import numpy as np

from billing.domain.completeness import Days, DayState, Hole, Mask
from cis.kernel.fixed import Int64

STATE_FIELDS = tuple(f"{state.name.lower()}_days" for state in DayState)
ENERGY_FIELDS = (
    "measured_wh", "billed_wh", "changed_wh", "dealt_wh", "to_bill_wh", "held_wh", "missing_wh", "idle_wh",
)  # fmt: skip
FIELDS = (*STATE_FIELDS, *ENERGY_FIELDS)
WAITING = ("idle_used_days", "missing_days", "held_days", "to_bill_days")
"""What somebody may want to look at; a place without it and without a hole is not listed."""


def sums(days: Days, *, month_starts: Sequence[int]) -> Int64:
    """
    Return the sums of places by month, (n, months, fields) in the order of FIELDS. [days, Wh]

    Whatever the states are: measured = billed + changed + dealt + to bill + held + missing + idle.

    :param month_starts: columns with which months begin, the first 0.
    """
    states, measured, billed = days.states, days.measured_wh, days.billed_wh
    on_bill, is_idle = states == DayState.BILLED, states == DayState.IDLE
    differs = np.where(on_bill | is_idle, measured - billed, 0)
    is_dealt = days.ruled | is_idle
    energies = (
        measured,
        billed,
        np.where(is_dealt, 0, differs),
        np.where(is_dealt, differs, 0),
        *(np.where(states == one, measured, 0) for one in (DayState.TO_BILL, DayState.HELD, DayState.MISSING)),
        np.where(states == DayState.IDLE_USED, measured, 0),
    )
    counted = (*((states == one).astype(np.int64) for one in DayState), *energies)
    return np.stack([np.add.reduceat(one, month_starts, axis=1) for one in counted], axis=2)


def holes(days: Days, *, month_starts: Sequence[int]) -> Mask:
    """Return which kinds of holes places have in months, (n, months, kinds) in the order of ``Hole``."""
    found: Mask = np.stack(
        [np.logical_or.reduceat(days.holes[hole], month_starts, axis=1) for hole in Hole], axis=2
    )  # fmt: skip
    return found


def listed(*, sums: Int64, holes: Mask) -> Mask:
    """Return which places have something to look at in which months, (n, months)."""
    at = [FIELDS.index(name) for name in WAITING]
    return np.logical_or((sums[:, :, at] > 0).any(axis=2), holes.any(axis=2))
