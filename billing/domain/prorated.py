"""
Usage of registers that crosses the edge of a piece, split by days where the tariff says so.

A register tells nothing of the days between two reads. Most tariffs ask for a read where price, agreement or period
changes; one that names ``[proration]`` lets each day have an equal part. The parts are cut at whole Wh from the first
day of the span on, so they sum to what was approved, however it is cut and whoever is billed. They are estimates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from billing.domain.findings import Obstacles
from billing.domain.measured import crossing
from billing.domain.pieces import Mask, Pieces, PlanVersion, key_of
from billing.domain.sharing import Drawn
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns
from tariffs.domain.plan import SplitBy


def split(*, drawn: Drawn, pieces: Pieces, versions: Sequence[PlanVersion], obstacles: Obstacles) -> Drawn:
    """
    Return usage with spans of registers cut at the edges of pieces whose tariffs split them by days.

    Notes the accounts of other pieces that such a span reaches into: they still need a read.
    """
    by_days = np.array([one.plan.usage_split is SplitBy.DAYS for one in versions] + [False], dtype=np.bool_)
    if not by_days.any() or not len(pieces):
        return drawn
    usage = drawn.usage
    row, piece = _pairs(usage, pieces)
    start = np.maximum(usage.start_day[row], pieces.start_day[piece])
    end = np.minimum(usage.end_day[row], pieces.end_day[piece])
    is_cut = (start != usage.start_day[row]) | (end != usage.end_day[row])
    taken = is_cut & by_days[pieces.version[piece]]
    gone = np.zeros(len(usage), dtype=np.bool_)
    gone[row[taken]] = True
    for pair in np.flatnonzero(gone[row] & ~taken).tolist():
        _note(usage, pieces, int(row[pair]), int(piece[pair]), obstacles)
    parts = usage.take(row[taken])
    parts = replace(
        parts,
        start_day=start[taken],
        end_day=end[taken],
        energy_wh=_until(usage, row[taken], end[taken]) - _until(usage, row[taken], start[taken]),
        is_estimated=np.ones(len(parts), dtype=np.bool_),
    )
    joined = UsageColumns.concat([usage.take(~gone), parts])
    approved = np.concatenate((drawn.approved_wh[~gone], drawn.approved_wh[row[taken]]))
    order = np.lexsort((joined.start_day, joined.register_id, joined.service_point_id))
    return replace(drawn, usage=joined.take(order), approved_wh=approved[order])


def _pairs(usage: UsageColumns, pieces: Pieces) -> tuple[Int64, Int64]:
    """Return each row of a register with each piece that it has days in: (place of the row, place of the piece)."""
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    known: Mask = ~usage.is_interval & np.isin(usage.service_point_id, points)
    rows = np.flatnonzero(known)
    at = np.searchsorted(points, usage.service_point_id[rows])
    first = np.searchsorted(
        key_of(place=place, day=pieces.end_day), key_of(place=at, day=usage.start_day[rows]), side="right"
    )
    last = np.searchsorted(
        key_of(place=place, day=pieces.start_day), key_of(place=at, day=usage.end_day[rows]), side="left"
    )
    count = np.maximum(last - first, 0)
    nth = np.arange(int(count.sum()), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(rows, count), np.repeat(first, count) + nth


def _until(usage: UsageColumns, row: Int64, day: Int64) -> Int64:
    """Return the energy of spans from their first day up to a day, rounded half away from zero, (n,). [Wh]"""
    energy = usage.energy_wh[row].astype(object)
    days = usage.end_day[row] - usage.start_day[row]
    part = (2 * abs(energy) * (day - usage.start_day[row]) + days) // (2 * days)
    until: Int64 = np.where(usage.energy_wh[row] < 0, -part, part).astype(np.int64)
    return until


def _note(usage: UsageColumns, pieces: Pieces, row: int, piece: int, obstacles: Obstacles) -> None:
    start, end = int(usage.start_day[row]), int(usage.end_day[row])
    day = int(pieces.start_day[piece]) if start < pieces.start_day[piece] else int(pieces.end_day[piece])
    if start < day < end:
        obstacles.add(int(pieces.account_id[piece]), crossing(start_day=start, end_day=end, day=day))
