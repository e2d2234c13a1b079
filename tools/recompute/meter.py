"""Energy out of what meters told: counter values and interval values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from recompute.clock import Calendar, Local
from recompute.numbers import CannotTell, number, rounded

ALL_HOURS = ""
MEASURED = "A"
ESTIMATED = "estimated"


def counted(reads: list[dict[str, Any]], register: dict[str, Any], multiplier: int) -> int:
    """
    Return the energy between the first and the last counter value. [Wh or varh]

    Each step is the difference of two values; where the counter fell, it passed the end of its dial once.
    """
    total = 0
    for before, after in pairwise(reads):
        step = after["reading_wh"] - before["reading_wh"]
        if step < 0:
            if "digits" not in register:
                raise CannotTell(f"counter {register['ref']} fell, and nothing says how many digits it has")
            step += 10 ** register["digits"] * 1000
        total += step
    return int(total * multiplier)


@dataclass
class Slot:
    """One interval: its local date and minute, its energy [Wh], and the letter of its quality."""

    day: date
    minute: int
    at: datetime
    wh: Fraction
    quality: str


def slots_of(days: list[dict[str, Any]], local: Local, start: date, end: date) -> Iterator[Slot]:
    """Return the intervals that start in the local days [start, end), in order of time."""
    first, last = local.starts(start), local.starts(end)
    for day in sorted(days, key=lambda one: str(one["start_at"])):
        unit = Fraction(10) ** day["exponent"]
        at, step = datetime.fromisoformat(day["start_at"]).astimezone(UTC), timedelta(minutes=day["interval_minutes"])
        letters = day["quality"] if len(day["quality"]) > 1 else day["quality"] * len(day["values"])
        for value, letter in zip(day["values"], letters, strict=True):
            if first <= at < last:
                wall = at.astimezone(local.zone)
                yield Slot(wall.date(), wall.hour * 60 + wall.minute, at, value * unit, letter)
            at += step


def sum_of_day(day: dict[str, Any]) -> Fraction:
    """Return the sum of the values of a day. [Wh]"""
    return Fraction(sum(day["values"])) * Fraction(10) ** int(day["exponent"])


def check_day(day: dict[str, Any], same: Any, where: str) -> None:
    """Compare the sum of a day, and how many values it has, with what the proof says."""
    same(f"{where} sum_wh", number(day["sum_wh"]), sum_of_day(day))
    same(f"{where} values", len(day["values"]), 24 * 60 // day["interval_minutes"])
    same(f"{where} quality", len(day["quality"]) in (1, len(day["values"])), True)


def measured(days: list[dict[str, Any]], local: Local, start: date, end: date) -> tuple[int, bool]:
    """Return the energy of whole local days, rounded once [Wh], and whether a value was not measured."""
    slots = list(slots_of(days, local, start, end))
    return rounded(sum((slot.wh for slot in slots), Fraction(0))), any(slot.quality != MEASURED for slot in slots)


def split(
    energy: int,
    span: tuple[date, date],
    days: list[dict[str, Any]],
    local: Local,
    start: date,
    end: date,
    calendar: Calendar | None,
) -> dict[str, int]:
    """
    Return what the energy of a span has in [start, end), by period of use; "" without a calendar. [Wh]

    It is dealt in proportion to the interval values, those of the span in the order of time, and inside a part in the
    alphabetical order of its periods: the first parts together are rounded half away from zero.
    """
    before, total = Fraction(0), Fraction(0)
    names = sorted(calendar.periods) if calendar else [ALL_HOURS]
    parts = dict.fromkeys(names, Fraction(0))
    for slot in slots_of(days, local, *span):
        total += slot.wh
        if slot.day < start:
            before += slot.wh
        elif slot.day < end:
            parts[calendar.period(slot.day, slot.minute) if calendar else ALL_HOURS] += slot.wh
    if not total:
        return dict.fromkeys(names, 0)
    found, until = {}, rounded(energy * before / total)
    for name in names:
        before += parts[name]
        after = rounded(energy * before / total)
        found[name], until = after - until, after
    return found


def largest(reads: list[dict[str, Any]], multiplier: int) -> int:
    """Return the demand that a register showed in a span: the largest value after its first day. [W]"""
    return max(int(read["reading_wh"]) for read in reads[1:]) * multiplier
