"""Whether a counter value that is possible is also likely, by what the place usually uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cis.kernel.fixed import LIMIT
from metering.domain.registers import SpanCode, usage_between

HIGH_TIMES = 3
LOW_PART = 4
HOURS = 24
DAYS_TOLD = 7
"""Over fewer days the usual use says nothing."""
MONTHS_LEAST = 3
"""Fewer months say nothing about what is usual."""


class Unlikely(StrEnum):
    """Why somebody is asked whether a counter value is right."""

    ROLLED_OVER = "counter_rolled_over"
    ABOVE_CAPACITY = "above_capacity"
    FAR_ABOVE_USUAL = "far_above_usual"
    FAR_BELOW_USUAL = "far_below_usual"


SAID = {
    Unlikely.ROLLED_OVER: "The counter has passed its last value and begun anew.",
    Unlikely.ABOVE_CAPACITY: "That is more than this supply can carry.",
    Unlikely.FAR_ABOVE_USUAL: "That is far above the usual use.",
    Unlikely.FAR_BELOW_USUAL: "That is far below the usual use.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """
    Why a counter value must be confirmed.

    energy_wh  that would have been used since the last read, multiplier included [Wh]
    usual_wh   what is usual over so many days [Wh]; None: not known
    """

    code: Unlikely
    energy_wh: int
    usual_wh: int | None

    @property
    def message(self) -> str:
        """Return what is unlikely, in English."""
        return SAID[self.code]


def usual_wh(*, months_wh: Sequence[int], days: int) -> int | None:
    """Return what is usual over some days, from the energy of measured months; None: too few are known. [Wh]"""
    if len(months_wh) < MONTHS_LEAST:
        return None
    return sum(months_wh) * days * 12 // (len(months_wh) * 365)


def doubt_of(
    *, last_wh: int, reading_wh: int, days: int, digits: int, multiplier: int, capacity_w: int, months_wh: Sequence[int]
) -> Doubt | None:
    """
    Return why a counter value of active energy is unlikely, so many days after the last one; None if it is not.

    :param last_wh: and ``reading_wh``: counter values before the multiplier. [Wh]
    :param digits: of the counter, before the decimal point.
    :param capacity_w: agreed capacity of the supply. [W]
    :param months_wh: measured energy of the months that are known, multiplier included. [Wh]
    """
    if days <= 0:
        return None
    span = usage_between(
        start_wh=np.array([last_wh]),
        end_wh=np.array([reading_wh]),
        digits=np.array([digits]),
        max_wh=np.array([min(capacity_w * HOURS * days, LIMIT // 4)]),
        multiplier=np.array([multiplier]),
    )
    energy, usual = int(span.usage_wh[0]), usual_wh(months_wh=months_wh, days=days)
    code = _code(SpanCode(int(span.code[0])), energy_wh=energy, usual=usual if days >= DAYS_TOLD else None)
    return Doubt(code=code, energy_wh=energy, usual_wh=usual) if code else None


def _code(span: SpanCode, *, energy_wh: int, usual: int | None) -> Unlikely | None:
    if span is SpanCode.ROLLED_OVER:
        return Unlikely.ROLLED_OVER
    if span is SpanCode.ABOVE_MAXIMUM:
        return Unlikely.ABOVE_CAPACITY
    if usual is not None and energy_wh > HIGH_TIMES * usual:
        return Unlikely.FAR_ABOVE_USUAL
    if usual is not None and energy_wh * LOW_PART < usual:
        return Unlikely.FAR_BELOW_USUAL
    return None
