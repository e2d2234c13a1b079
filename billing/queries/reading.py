"""Interval days, a month at a time: the energy of pieces split by them, and whatever else they tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from accounts.queries import supplier
from billing.domain import daily, measured, sharing
from billing.domain.daily import LocalDays
from billing.domain.findings import Obstacles
from billing.domain.measured import Lanes, Located
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from billing.domain.sharing import Drawn
from billing.queries import sources
from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from cis.platform import calendars
from metering.domain.intervals import IntervalColumns
from metering.domain.usage import UsageColumns
from metering.queries import intervals
from tariffs.queries import prices

Reading = tuple[Int64, Int64, Int64]
"""Registers with the first and end day of what is to be read of them, (r,) each."""


class Taker(Protocol):
    """What takes in interval days beside those that split the energy of pieces."""

    @property
    def wanted(self) -> Reading:
        """Return what is to be read for it."""
        ...

    def add(self, month: Period, blocks: Sequence[IntervalColumns]) -> None:
        """Take in the interval days that the local days of a month reach into."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """
    Pieces with the usage that is located to them.

    obstacles  of the accounts whose energy cannot be told
    """

    pieces: Pieces
    versions: Sequence[PlanVersion]
    drawn: Drawn
    lanes: Lanes
    located: Located
    obstacles: Obstacles

    @property
    def usage(self) -> UsageColumns:
        """Return the usage."""
        return self.drawn.usage


def metered(*, pieces: Pieces, versions: Sequence[PlanVersion], drawn: Drawn, obstacles: Obstacles) -> Metered:
    """Return pieces with their usage located to them."""
    lanes = measured.lanes_of(period_codes=drawn.usage.period_codes, versions=versions)
    located = measured.locate(pieces=pieces, usage=drawn.usage, lanes=lanes, versions=versions, obstacles=obstacles)
    return Metered(pieces=pieces, versions=versions, drawn=drawn, lanes=lanes, located=located, obstacles=obstacles)


def local_days(*, pieces: Pieces, versions: Sequence[PlanVersion]) -> LocalDays:
    """Return the supplier's local days; one statement if a calendar of the pieces' plans has events, else none."""
    card = supplier.current()
    holidays = calendars.business_calendar(supplier.country())
    start, end = sources.days_of(pieces)
    known = [plan.calendar for plan in sources.plans_of(pieces, versions)]
    has_events = any(calendar is not None and calendar.events for calendar in known)
    return LocalDays(
        clock=local_clock(card.time_zone),
        holidays=holidays.holidays,
        makeup_days=holidays.makeup_days,
        events=prices.events(start_date=start, end_date=end) if has_events else {},
    )


def redelivered(*, of: Metered, also: Mask) -> Int64:
    """
    Return how many newer versions there are of the interval days that each piece is split by, (m,).

    Asked before the values are read: a version that comes in between is not counted, so the next run splits again.

    also  (m,) pieces of which the interval days are read for something else than a split
    """
    usage, located = of.usage, of.located
    counts = np.zeros(len(of.pieces), dtype=np.int64)
    is_read = (located.by_day & located.counts) | (usage.is_interval & also[located.piece])
    rows = np.flatnonzero(is_read & (located.piece != NOWHERE))
    if not len(rows):
        return counts
    # A local day reaches into two days of the metering clock.
    first, last = usage.start_day[rows] - 1, usage.end_day[rows] + 1
    ids = sharing.registers_of(usage.register_id[rows])
    registers, days = intervals.redelivered(
        register_ids=np.unique(ids),
        start_date=date.fromordinal(int(first.min())),
        end_date=date.fromordinal(int(last.max())),
    )
    known, place = np.unique(registers, return_inverse=True)
    keys = np.sort(key_of(place=place, day=days))
    at = np.searchsorted(known, ids)
    is_known = np.isin(ids, known)
    found = np.searchsorted(keys, key_of(place=at, day=last)) - np.searchsorted(keys, key_of(place=at, day=first))
    np.add.at(counts, located.piece[rows], np.where(is_known, found, 0))
    return counts


def split(*, of: Metered, local: LocalDays, taker: Taker | None = None) -> Int64:
    """
    Return the energy of each piece by lane, (m, k), noting the accounts of which some is missing. [Wh]

    A statement for each month of interval days, which ``taker`` takes in too.
    """
    pieces, usage, located, lanes = of.pieces, of.usage, of.located, of.lanes
    energy = measured.energy_by_lane(pieces=pieces, usage=usage, located=located, lanes=lanes)
    windows = daily.windows_of(pieces=pieces, usage=usage, located=located, lanes=lanes)
    windows = daily.check_plans(
        windows=windows, pieces=pieces, lanes=lanes, located=located, versions=of.versions, obstacles=of.obstacles
    )
    sums = daily.no_sums(windows=windows, lanes=lanes)
    numbers = np.unique(windows.register_id)
    exponent = 0
    for month, blocks in _months_of(windows, taker):
        for delivered in blocks:
            block = sharing.in_streams(block=delivered, numbers=numbers)
            exponent = daily.align(sums=sums, exponent=exponent, block=block)
            daily.add_block(
                sums=sums,
                exponent=exponent,
                block=block,
                windows=windows,
                pieces=pieces,
                lanes=lanes,
                versions=of.versions,
                local=local,
                within=month,
            )
        if taker is not None:
            taker.add(month, blocks)
    dealt = daily.deal(
        windows=windows,
        sums=sums,
        exponent=exponent,
        pieces=pieces,
        usage=usage,
        approved_wh=of.drawn.approved_wh,
        clock=local.clock,
        obstacles=of.obstacles,
    )
    covers = dealt.complete & (windows.piece != NOWHERE)
    days = (windows.piece[covers], windows.start_day[covers], windows.end_day[covers]) if len(windows) else None
    measured.note_gaps(pieces=pieces, usage=usage, located=located, lanes=lanes, days=days, obstacles=of.obstacles)
    return energy + dealt.energy_wh


def is_estimated(of: Metered) -> Mask:
    """Return whether a piece rests on usage that was not wholly measured, (m,)."""
    estimated = np.zeros(len(of.pieces), dtype=np.bool_)
    rows = of.located.counts & of.usage.is_estimated & (of.located.piece != NOWHERE)
    estimated[of.located.piece[rows]] = True
    return estimated


def _months_of(windows: daily.Windows, taker: Taker | None) -> Iterator[tuple[Period, tuple[IntervalColumns, ...]]]:
    register, start, end = sharing.registers_of(windows.register_id), windows.start_day, windows.end_day
    if taker is not None:
        more = taker.wanted
        register, start, end = (np.concatenate(pair) for pair in zip((register, start, end), more, strict=True))
    yield from months(reading=(register, start, end))


def months(*, reading: Reading) -> Iterator[tuple[Period, tuple[IntervalColumns, ...]]]:
    """
    Yield local months with the interval days that they reach into, so that memory stays flat; a statement each.

    A local day reaches into two days of the metering clock, so a day more is read on either side of a month.
    """
    register_id, start_day, end_day = reading
    if not len(register_id):
        return
    first, last = date.fromordinal(int(start_day.min())), date.fromordinal(int(end_day.max()))
    for month in Period(first, last).months():
        near = (start_day < month.end.toordinal()) & (end_day > month.start.toordinal())
        if near.any():
            yield (
                month,
                intervals.days(
                    register_ids=np.unique(register_id[near]),
                    start_date=date.fromordinal(month.start.toordinal() - 1),
                    end_date=date.fromordinal(month.end.toordinal() + 1),
                ),
            )
