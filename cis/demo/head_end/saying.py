"""
What made-up meters say, and when: at each report the values since the last one, at midnight what counters show.

A report is a pure function of its time, of the faults that are planted and of what meters were told before; so it need
not be kept, and a cursor is the time of a report with a place in it. The same cursor gives the same again, also after
the simulator was killed.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cis.demo.head_end import faults
from cis.demo.head_end.faults import FaultKind, Planted, Rates
from cis.demo.head_end.meters import (
    CHUNK,
    FULL_TURN_WH,
    MINUTES,
    SLOTS,
    Bound,
    Stream,
    bounded_wh,
    day_of,
    energies_wh,
    midnight,
    start_of,
    unit,
)
from cis.kernel import fixed
from cis.kernel.fixed import Int64
from metering.domain.meter_alarms import AlarmKind

Message = dict[str, Any]
SILENT = frozenset({FaultKind.GAP, FaultKind.LATE})
WRONG_TIMES, WRONG_MORE_WH = 9, 500
VOLTS_MV, FALLS_MV, MV_BY_WH = 236_000, 34_000, 12
"""At the transformer; how much less at the end of the longest line, and by each Wh of a quarter of an hour there."""
BACK_AFTER = timedelta(minutes=10)
_MINUTE = timedelta(minutes=1)


def cursor_at(report: int, place: int = 0) -> str:
    """Return the cursor before a message of the report that is made at the start of a slot."""
    return f"{report}:{place}"


class Speaker:
    """
    What the meters of a fleet say.

    report_slots  meters report after so many slots each, from midnight on
    first         slot from which on they say anything
    bounds_of     what a meter is told to let through, by its serial number
    volts_every   each so many meters with a load profile measure voltage too; 0: none
    """

    def __init__(
        self, streams: Sequence[Stream], *, seed: int, rates: Rates, report_slots: int, first: int,
        bounds_of: Callable[[str], Sequence[Bound]], volts_every: int = 0,
    ) -> None:  # fmt: skip
        self._volted = [one for one in streams if one.is_interval][::volts_every] if volts_every else []
        self._intervals = [one for one in streams if one.is_interval]
        self._counters = [one for one in streams if not one.is_interval]
        self._seed, self._rates, self._bounds_of = seed, rates, bounds_of
        self._every = report_slots
        day = midnight(day_of(first))
        self._begin = day - (day - first) // report_slots * report_slots
        self._first = self._begin + report_slots
        self._reports = lru_cache(maxsize=2)(self._made)
        self._planted = lru_cache(maxsize=4)(self._drawn)

    def page(self, cursor: str, *, most: int, until: int) -> tuple[list[Message], str]:
        """
        Return messages after a cursor, of reports that are made at the start of slot ``until`` at the latest.

        :raises ValueError: there is no such cursor.
        """
        report, place = self._first, 0
        if cursor:
            report, place = (int(part) for part in cursor.split(":"))
        if (report - self._begin) % self._every or place < 0:
            raise ValueError(f"{cursor!r} is no cursor")
        found: list[Message] = []
        while report <= until and len(found) < most:
            said = self._reports(report)
            taken = said[place : place + most - len(found)]
            found += taken
            place += len(taken)
            if place >= len(said):
                report, place = report + self._every, 0
        return found, cursor_at(report, place) if found or cursor or report > self._first else ""

    def forget(self) -> None:
        """Forget what was put together: a meter was told something."""
        self._reports.cache_clear()

    def counted(self, serial: str, *, slot: int) -> dict[str, int]:
        """Return what the counters of a meter show at the start of a slot. [Wh, before the multiplier]"""
        own = [one for one in self._counters if one.serial == serial]
        return {one.register: value for one, value in zip(own, self._shown(own, slot), strict=True)}

    def flowed(self, stream: Stream, *, since: int, until: int) -> Int64:
        """Return what flowed through a register in slots [since, until). [Wh, at the supply]"""
        found: Int64 = self._flowed([stream], since, until)[0]
        return found

    def _flowed(self, streams: Sequence[Stream], since: int, until: int) -> Int64:
        found = energies_wh(streams, seed=self._seed, since=since, until=until)
        for place, one in enumerate(streams):
            if bounds := self._bounds_of(one.serial):
                found[place] = bounded_wh(found[place], bounds, since=since)
        return found

    def _drawn(self, day: int) -> list[tuple[Stream, Planted]]:
        every = [*self._intervals, *self._counters]
        return [
            (one, fault)
            for one in every
            for fault in faults.planted(one, seed=self._seed, day=day, rates=self._rates)
            if fault.since >= self._begin
        ]  # fmt: skip

    def _made(self, report: int) -> list[Message]:
        since = report - self._every
        days = sorted({day_of(since) - 1, day_of(since), day_of(report - 1)})
        wrong = [pair for day in days for pair in self._planted(day)]
        return [
            *self._values(since, report, wrong),
            *self._voltages(since, report),
            *self._late(since, report, wrong),
            *self._midnight(since, report, wrong),
            *_events(since, report, wrong),
            *_strangers(since, report, self._rates),
        ]

    def _values(self, since: int, report: int, wrong: Sequence[tuple[Stream, Planted]]) -> Iterator[Message]:
        """Yield the values of each register since the last report, but for what is wrong of them."""
        if not self._intervals:
            return
        flowed = self._flowed(self._intervals, since, report).tolist()
        own: dict[tuple[str, str], list[Planted]] = {}
        for stream, fault in wrong:
            if fault.since < report and fault.until > since:
                own.setdefault((stream.serial, stream.register), []).append(fault)
        for stream, row in zip(self._intervals, flowed, strict=True):
            found = own.get((stream.serial, stream.register), ())
            texts = [_with_fault(value, since + place, found) for place, value in enumerate(row)]
            if any(text is not None for text in texts):
                message = _message(stream, since, texts, report)
                yield message
                if any(one.kind is FaultKind.DUPLICATE for one in found):
                    yield message

    def _voltages(self, since: int, report: int) -> Iterator[Message]:
        """Yield the voltages of meters that measure them: by how long their line is, and by what flows."""
        if not self._volted:
            return
        flowed = self._flowed(self._volted, since, report).tolist()
        for stream, row in zip(self._volted, flowed, strict=True):
            length = unit(self._seed, stream.serial, "line")
            volts = [fixed.to_text(int(VOLTS_MV - FALLS_MV * length - length * MV_BY_WH * wh), places=3) for wh in row]
            yield {
                "id": f"{stream.serial}.volts.{since}.{report}", "meter": stream.serial, "voltage": volts,
                "start_at": start_of(since).isoformat(), "minutes": MINUTES, "written_at": start_of(report).isoformat(),
            }  # fmt: skip

    def _late(self, since: int, report: int, wrong: Sequence[tuple[Stream, Planted]]) -> Iterator[Message]:
        """Yield values that come after all, or again."""
        for stream, fault in wrong:
            if since < fault.due <= report:
                flowed = self._flowed([stream], fault.since, fault.until)[0].tolist()
                is_again = fault.kind is FaultKind.DUPLICATE
                missing = (self._begin - fault.until) % self._every
                written = fault.until + missing if is_again else report
                yield _message(stream, fault.since, [_kwh(value) for value in flowed], written)

    def _midnight(self, since: int, report: int, wrong: Sequence[tuple[Stream, Planted]]) -> Iterator[Message]:
        """Yield what counters show at midnight; a clock that is ahead freezes them at a wrong time."""
        at = midnight(day_of(report - 1))
        if not since <= at < report:
            return
        ahead = {
            one.serial: timedelta(seconds=fault.seconds)
            for one, fault in wrong
            if fault.kind is FaultKind.CLOCK_DRIFT and fault.since == at
        }
        for stream, value in zip(self._counters, self._shown(self._counters, at), strict=True):
            read_at = start_of(at) + ahead.get(stream.serial, timedelta(0))
            yield {
                "id": f"{stream.serial}.{stream.register}.{at}", "meter": stream.serial, "register": stream.register,
                "read_at": read_at.isoformat(), "reading": _kwh(value), "written_at": start_of(report).isoformat(),
            }  # fmt: skip

    def _shown(self, streams: Sequence[Stream], slot: int) -> list[int]:
        """Return what counters show at the start of a slot. [Wh, before the multiplier]"""
        found: dict[int, int] = {}
        by_date: dict[int, list[int]] = {}
        for place, one in enumerate(streams):
            by_date.setdefault(one.read_date.toordinal() - _UNIX_DAY, []).append(place)
        for day, places in by_date.items():
            since = midnight(day)
            for first in range(0, len(places), CHUNK):
                some = places[first : first + CHUNK]
                flowed = self._flowed([streams[place] for place in some], since, max(slot, since)).sum(axis=1)
                found |= dict(zip(some, flowed.tolist(), strict=True))
        return [(one.reading_wh + found[place] // one.multiplier) % FULL_TURN_WH for place, one in enumerate(streams)]


_UNIX_DAY = 719_163
"""``date.toordinal`` of 1970-01-01."""


def _events(since: int, report: int, wrong: Sequence[tuple[Stream, Planted]]) -> Iterator[Message]:
    """Yield what meters say of their own."""
    for stream, fault in wrong:
        if not since <= fault.since < report or fault.kind not in {FaultKind.ALARM, FaultKind.CLOCK_DRIFT}:
            continue
        at = start_of(fault.since) + _MINUTE
        kind = fault.alarm or AlarmKind.CLOCK_DRIFT
        said = {"id": f"{stream.serial}.{kind}.{fault.since}", "meter": stream.serial, "at": at.isoformat()}
        yield {**said, "event": kind.value, **({"seconds": fault.seconds} if fault.seconds else {})}
        if kind is AlarmKind.POWER_OFF:
            yield {**said, "id": f"{said['id']}.back", "event": AlarmKind.POWER_ON.value,
                   "at": (at + BACK_AFTER).isoformat()}  # fmt: skip


def _strangers(since: int, report: int, rates: Rates) -> Iterator[Message]:
    noon = midnight(day_of(report - 1)) + SLOTS // 2
    if since < noon <= report:
        for serial in faults.strangers(day=day_of(noon), rates=rates):
            yield {
                "id": f"{serial}.{noon}", "meter": serial, "register": "E1", "minutes": MINUTES, "values": ["0.1"],
                "start_at": start_of(noon - 1).isoformat(),
            }  # fmt: skip


def _with_fault(value_wh: int, slot: int, found: Sequence[Planted]) -> str | None:
    """Return a value as it is told with what is wrong of it; None: it is not told."""
    kinds = {one.kind for one in found if one.since <= slot < one.until}
    if kinds & SILENT:
        return None
    if FaultKind.GARBLED in kinds:
        return "0.1?"
    if FaultKind.CORRECTED in kinds:
        return _kwh(wrong_wh(value_wh))
    return _kwh(value_wh)


def wrong_wh(value_wh: int) -> int:
    """Return what is told first of a value that is corrected later. [Wh]"""
    return value_wh * WRONG_TIMES + WRONG_MORE_WH


def _message(stream: Stream, since: int, texts: Sequence[str | None], report: int) -> Message:
    return {
        "id": f"{stream.serial}.{stream.register}.{since}.{report}", "meter": stream.serial,
        "register": stream.register, "start_at": start_of(since).isoformat(), "minutes": MINUTES,
        "values": list(texts), "quality": "A", "written_at": start_of(report).isoformat(),
    }  # fmt: skip


def _kwh(value_wh: int) -> str:
    return fixed.to_text(value_wh, places=3)
