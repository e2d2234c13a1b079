"""Which approved energy a segment rests on: the spans that it takes whole, and those that were cut by day."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from billing.domain import daily, measured
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Pieces, PlanVersion
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns


class Rest(NamedTuple):
    """
    A part of a segment's energy.

    piece               place of the segment among the pieces
    row                 place of the approved span
    start_day, end_day  which part of the span it is
    is_cut              whether it was dealt out by interval values: by day, or by period of use
    """

    piece: int
    row: int
    start_day: int
    end_day: int
    is_cut: bool


def energy(*, pieces: Pieces, usage: UsageColumns, versions: Sequence[PlanVersion]) -> tuple[Rest, ...]:
    """
    Return what the energy of each piece is made up of, by piece and time; the same choice as when it was billed.

    pieces  sorted by service point and start
    usage   energy drawn, as it was known then
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


def _rests(piece: Int64, row: Int64, start_day: Int64, end_day: Int64, *, is_cut: bool) -> list[Rest]:
    columns = (piece.tolist(), row.tolist(), start_day.tolist(), end_day.tolist())
    return [Rest(one, at, start, end, is_cut) for one, at, start, end in zip(*columns, strict=True)]
