"""A counter value that somebody types in: possible, but is it likely? Asked before it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

import numpy as np

from cis.kernel.fixed import LIMIT, Int64
from metering.domain import vee_history as history
from metering.domain.registers import WH_PER_KWH, SpanCode, usage_between
from metering.domain.vee import Code, Group
from metering.domain.vee_columns import PERCENT, Counted, Flags, Past, Spans

HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """The counter and the supply that it counts; capacity_w: agreed [W]."""

    digits: int
    multiplier: int
    capacity_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a counter shows at the start of a date, before the multiplier. [Wh]"""

    day: date
    reading_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Energy that was used over [start_date, end_date). [Wh]"""

    start_date: date
    end_date: date
    energy_wh: int


SAID: Mapping[Code, str] = MappingProxyType(
    {
        Code.ROLLOVER: "The counter has passed its last value and begun anew.",
        Code.BREAKER: "That is more than this supply can carry.",
        Code.HIGH: "That is far above the usual use.",
        Code.LOW: "That is far below the usual use.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDoubt:
    """
    Why a reading must be confirmed.

    energy_wh  that would have been used since the last read; usual_wh: what is usual over so many days; None: unknown
    """

    code: Code
    energy_wh: int
    usual_wh: int | None

    @property
    def message(self) -> str:
        """Return what is unlikely, in English."""
        return SAID[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a counter should show, before the multiplier; ``high_wh`` below ``low_wh`` where it begins anew. [Wh]"""

    low_wh: int
    high_wh: int


def of_read(*, group: Group, dial: Dial, last: Shown, given: Shown, past: Sequence[Used]) -> EntryDoubt | None:
    """
    Return why a counter value is unlikely, by the rules of its group; None if it is not, or not later than the last.

    Rule: it passed the end of the dial; it is above what the supply carries; from ``entry_days`` since the last read
    on, it is far above or below what is usual. Later rules judge the approved span by all that is known.

    past  months without estimates, oldest first; fewer than three say nothing about what is usual
    """
    days = (given.day - last.day).days
    if days <= 0:
        return None
    most = _most_wh(group, dial, days)
    span = usage_between(
        start_wh=np.array([last.reading_wh]),
        end_wh=np.array([given.reading_wh]),
        digits=np.array([dial.digits]),
        max_wh=np.array([most]),
        multiplier=np.array([dial.multiplier]),
    )
    energy, said = int(span.usage_wh[0]), SpanCode(int(span.code[0]))
    code = {SpanCode.ROLLED_OVER: Code.ROLLOVER, SpanCode.ABOVE_MAXIMUM: Code.BREAKER}.get(said)
    spans, held = _spans(dial, last, given, energy), _past(past)
    judged = replace(group.judged, least_days=group.entry_days)
    usual, known = history.usual_of(spans=spans, past=held, judged=judged)
    if code is None and said <= SpanCode.ROLLED_OVER and known[0]:
        if (
            group.high_percent
            and history.high(spans=spans, past=held, percent=group.high_percent, judged=judged).is_failed()[0]
        ):
            code = Code.HIGH
        elif group.low_percent and days >= group.entry_days and energy * PERCENT < int(usual[0]) * group.low_percent:
            code = Code.LOW
    return EntryDoubt(code=code, energy_wh=energy, usual_wh=int(usual[0]) if known[0] else None) if code else None


def band(*, group: Group, dial: Dial, last: Shown, on: date, past: Sequence[Used]) -> Band | None:
    """
    Return what a counter should show on a date; None: too little is known to say.

    Every value inside is one that ``of_read`` asks nothing about.
    """
    days = (on - last.day).days
    if days < group.entry_days or not group.high_percent:
        return None
    judged = replace(group.judged, least_days=group.entry_days)
    spans = _spans(dial, last, Shown(day=on, reading_wh=last.reading_wh), 0)
    usual, known = history.usual_of(spans=spans, past=_past(past), judged=judged)
    if not known[0]:
        return None
    most = int(usual[0]) * group.high_percent // PERCENT
    most = min(max(most, int(usual[0]) + judged.least_wh_per_day * days - 1), _most_wh(group, dial, days))
    least = -(-int(usual[0]) * group.low_percent // PERCENT)
    turn = 10**dial.digits * WH_PER_KWH
    low, high = -(-least // dial.multiplier), most // dial.multiplier
    if low > high or high >= turn:
        return None
    return Band(low_wh=(last.reading_wh + low) % turn, high_wh=(last.reading_wh + high) % turn)


def _most_wh(group: Group, dial: Dial, days: int) -> int:
    """Return what the agreed capacity carries in so many days, as the group asks. [Wh]"""
    return min(dial.capacity_w * HOURS * days * (group.capacity_percent or PERCENT) // PERCENT, LIMIT // 4)


def _spans(dial: Dial, last: Shown, given: Shown, energy_wh: int) -> Spans:
    """Return the span since the last read as a table of one row."""

    def whole(value: int) -> Int64:
        return np.array([value], dtype=np.int64)

    def flag(value: bool) -> Flags:
        return np.array([value], dtype=np.bool_)

    return Spans(
        service_point_id=whole(0), meter_id=whole(0), register_id=whole(0), series=whole(0),
        start_day=whole(last.day.toordinal()), end_day=whole(given.day.toordinal()), energy_wh=whole(energy_wh),
        multiplier=whole(dial.multiplier), start_reading_wh=whole(last.reading_wh),
        end_reading_wh=whole(given.reading_wh), capacity_w=whole(dial.capacity_w), counted=whole(int(Counted.ACTIVE)),
        is_export=flag(False), is_total=flag(True), is_estimated=flag(False), is_interval=flag(False),
        is_connected=flag(True), is_due=flag(False),
    )  # fmt: skip


def _past(used: Sequence[Used]) -> Past:
    count = len(used)
    return Past(
        series=np.zeros(count, dtype=np.int64),
        start_day=np.array([one.start_date.toordinal() for one in used], dtype=np.int64),
        end_day=np.array([one.end_date.toordinal() for one in used], dtype=np.int64),
        energy_wh=np.array([one.energy_wh for one in used], dtype=np.int64),
        is_estimated=np.zeros(count, dtype=np.bool_),
    )
