"""Which approved usage a segment rests on: spans that it takes whole, and those that were cut."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from billing.domain import daily, measured
from billing.domain.feeds import FeedRegisters, Feeds, units_of
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Pieces, PlanVersion
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns


class Cut(StrEnum):
    """
    How a part came out of a span of usage.

    WHOLE      it is the span
    INTERVALS  dealt out by interval values: by day, or by period of use
    DAYS       dealt out by days, each with an equal part
    PROFILE    dealt out by days, each with the part that it has in a load profile
    """

    WHOLE = "whole"
    INTERVALS = "intervals"
    DAYS = "days"
    PROFILE = "profile"


class Rest(NamedTuple):
    """
    A part of a segment's energy.

    piece               place of the segment among the pieces
    row                 place of the usage
    start_day, end_day  which part of it that is
    is_cut              whether it was dealt out by interval values
    """

    piece: int
    row: int
    start_day: int
    end_day: int
    is_cut: bool


class Shown(NamedTuple):
    """
    A span of usage from which the demand of a segment is read.

    feed, lane   numbers: values of one feed are summed up slot by slot; feeds of one lane follow each other, lanes add
    row          place of the usage
    is_curve     whether it is interval values; else a register that shows demand
    place        period of demand that the register shows
    """

    piece: int
    lane: int
    feed: int
    row: int
    is_curve: bool
    place: int


def energy(*, pieces: Pieces, usage: UsageColumns, versions: Sequence[PlanVersion]) -> tuple[Rest, ...]:
    """
    Return what the energy of each piece is made up of, by piece and time; the same choice as when it was billed.

    pieces  sorted by service point and start
    usage   energy drawn, or given, as it was known then
    """
    lanes = measured.lanes_of(period_codes=usage.period_codes, versions=versions)
    located = measured.locate(pieces=pieces, usage=usage, lanes=lanes, versions=versions, obstacles=Obstacles())
    whole = np.flatnonzero(located.counts & ~located.by_day & (located.piece != NOWHERE))
    found = _rests(located.piece[whole], whole, usage.start_day[whole], usage.end_day[whole], is_cut=False)
    if located.by_day.any():
        windows = daily.windows_of(pieces=pieces, usage=usage, located=located, lanes=lanes)
        mine = np.flatnonzero(windows.piece != NOWHERE)
        columns = (windows.piece[mine], windows.row[mine], windows.start_day[mine], windows.end_day[mine])
        found += _rests(*columns, is_cut=True)
    return tuple(sorted(found))


def counted(*, pieces: Pieces, usage: UsageColumns) -> tuple[Rest, ...]:
    """Return the spans of another kind of energy that lie inside each piece, by piece and time."""
    found: list[Rest] = []
    for piece in range(len(pieces)):
        inside = (usage.service_point_id == pieces.service_point_id[piece]) & (
            (usage.start_day >= pieces.start_day[piece]) & (usage.end_day <= pieces.end_day[piece])
        )
        rows = np.flatnonzero(inside)
        found += _rests(np.full(len(rows), piece), rows, usage.start_day[rows], usage.end_day[rows], is_cut=False)
    return tuple(found)


def demand(*, pieces: Pieces, feeds: Feeds, registers: FeedRegisters, usage: UsageColumns) -> tuple[Shown, ...]:
    """
    Return the usage from which the demand of each piece is read, by piece, lane and feed.

    usage  energy drawn in intervals, and demand that registers showed
    """
    found: list[Shown] = []
    lane_of = dict(zip(feeds.unit.tolist(), feeds.lane.tolist(), strict=True))
    all_hours = np.array([not code for code in usage.period_codes], dtype=np.bool_)[usage.period_of_use]
    for feed, register, place in zip(
        registers.feed.tolist(), registers.register_id.tolist(), registers.place.tolist(), strict=True
    ):
        piece = int(feeds.piece[feed])
        if place == NOWHERE:
            start, end = int(pieces.start_day[piece]), int(pieces.end_day[piece])
            near = usage.is_interval & all_hours & (usage.start_day < end) & (usage.end_day > start)
            one, asked = np.array([piece]), np.array([register])
            unit = int(units_of(feeds=feeds, registers=registers, piece=one, register_id=asked)[0])
        else:
            start, end = int(feeds.start_day[feed]), int(feeds.end_day[feed])
            near, unit = (usage.start_day >= start) & (usage.end_day <= end), feed
        rows = np.flatnonzero(near & (usage.register_id == register)).tolist()
        lane = lane_of.get(unit, int(feeds.lane[feed]))
        found += [Shown(piece, lane, unit, row, place == NOWHERE, max(place, 0)) for row in rows]
    return tuple(sorted(set(found)))


def _rests(piece: Int64, row: Int64, start_day: Int64, end_day: Int64, *, is_cut: bool) -> list[Rest]:
    columns = (piece.tolist(), row.tolist(), start_day.tolist(), end_day.tolist())
    return [Rest(one, at, start, end, is_cut) for one, at, start, end in zip(*columns, strict=True)]
