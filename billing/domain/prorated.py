"""
Usage of registers that crosses the edge of a piece, split by days or by a load profile where the tariff says so.

A register tells nothing of the days between two reads. Most tariffs ask for a read where price, agreement or period
changes; one that names ``[proration]`` lets each day have an equal part, or the part that it has in a load profile. The
parts are cut at whole Wh from the first day of the span on, so they sum to what was approved, however it is cut and
whoever is billed. They are estimates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import crossing
from billing.domain.pieces import Mask, Pieces, PlanVersion, key_of
from billing.domain.sharing import MISSING_PROFILE, Drawn
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns
from tariffs.domain.plan import Plan, SplitBy

NO_SPLIT = -1
BY_DAYS = 0
"""Places of ways to split; a profile has the place after that of its name in ``_ways``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    The energy of a load profile by local day.

    first_day  of the d days that are told, ``date.toordinal``
    energy     (d,) in whatever unit
    is_known   (d,) each interval of the day has a value
    """

    first_day: int
    energy: Int64
    is_known: Mask

    def weights(self, *, start: int, end: int) -> Int64 | None:
        """Return sums from ``start`` up to each day until ``end``, (end - start + 1,); None = nothing can be dealt."""
        low, high = start - self.first_day, end - self.first_day
        if low < 0 or high > len(self.energy) or not self.is_known[low:high].all():
            return None
        sums = np.concatenate(([0], np.cumsum(self.energy[low:high]))).astype(np.int64)
        return sums if sums[-1] > 0 and self.energy[low:high].min() >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cuts(Columns):
    """
    Rows of usage that are cut, c parts by row and start.

    row, piece  (c,) places
    way         (c,) place of the way in which the tariff of the piece splits
    """

    row: Int64
    piece: Int64
    start_day: Int64
    end_day: Int64
    way: Int64


def asked(*, drawn: Drawn, pieces: Pieces, versions: Sequence[PlanVersion]) -> dict[str, tuple[int, int]]:
    """Return for each load profile that something is split by the first and the end day of what is."""
    ways = _ways(versions)
    if len(ways) == 1 or not len(pieces):
        return {}
    cuts, usage = _cuts(drawn.usage, pieces, versions, ways), drawn.usage
    found = {}
    for way, name in enumerate(ways):
        rows = cuts.row[cuts.way == way]
        if name and len(rows):
            found[name] = (int(usage.start_day[rows].min()), int(usage.end_day[rows].max()))
    return found


def split(
    *,
    drawn: Drawn,
    pieces: Pieces,
    versions: Sequence[PlanVersion],
    obstacles: Obstacles,
    profiles: Mapping[str, Profile] | None = None,
) -> Drawn:
    """
    Return usage with spans of registers cut at the edges of pieces whose tariffs split them.

    Notes the accounts of other pieces that such a span reaches into, and all of a span that the tariffs of its pieces
    split in different ways: they still need a read. So do those whose profile has no energy for each day.

    profiles  those that ``asked`` names, as far as they are there
    """
    ways = _ways(versions)
    if not len(pieces) or not any(one.plan.usage_split is not SplitBy.READ for one in versions):
        return drawn
    usage = drawn.usage
    cuts = _cuts(usage, pieces, versions, ways)
    gone = np.zeros(len(usage), dtype=np.bool_)
    gone[cuts.row[cuts.way != NO_SPLIT]] = True
    differs = _differs(cuts, len(usage))
    taken = (cuts.way != NO_SPLIT) & ~differs[cuts.row]
    for pair in np.flatnonzero(gone[cuts.row] & ~taken).tolist():
        _note(usage, pieces, int(cuts.row[pair]), int(cuts.piece[pair]), obstacles)
    cuts = cuts.take(taken)
    energy_wh, unknown = _energy(usage, cuts, [(profiles or {}).get(name) for name in ways])
    for part in unknown:
        row, piece, name = int(cuts.row[part]), int(cuts.piece[part]), ways[int(cuts.way[part])]
        _note_unknown(usage, pieces, row, piece, name, obstacles)
    parts = replace(
        usage.take(cuts.row),
        start_day=cuts.start_day,
        end_day=cuts.end_day,
        energy_wh=energy_wh,
        is_estimated=np.ones(len(cuts), dtype=np.bool_),
    )
    joined = UsageColumns.concat([usage.take(~gone), parts])
    approved = np.concatenate((drawn.approved_wh[~gone], drawn.approved_wh[cuts.row]))
    order = np.lexsort((joined.start_day, joined.register_id, joined.service_point_id))
    return replace(drawn, usage=joined.take(order), approved_wh=approved[order])


def _ways(versions: Sequence[PlanVersion]) -> tuple[str, ...]:
    """Return the ways in which some version splits: by days, "", and the names of load profiles."""
    return ("", *sorted({one.plan.usage_profile for one in versions} - {""}))


def _way_of(plan: Plan, ways: Sequence[str]) -> int:
    return NO_SPLIT if plan.usage_split is SplitBy.READ else ways.index(plan.usage_profile)


def _cuts(usage: UsageColumns, pieces: Pieces, versions: Sequence[PlanVersion], ways: Sequence[str]) -> _Cuts:
    """Return the parts of the rows that reach out of a piece."""
    row, piece = _pairs(usage, pieces)
    start = np.maximum(usage.start_day[row], pieces.start_day[piece])
    end = np.minimum(usage.end_day[row], pieces.end_day[piece])
    is_cut = (start != usage.start_day[row]) | (end != usage.end_day[row])
    way = np.array([_way_of(one.plan, ways) for one in versions] + [NO_SPLIT], dtype=np.int64)[pieces.version[piece]]
    return _Cuts(row=row[is_cut], piece=piece[is_cut], start_day=start[is_cut], end_day=end[is_cut], way=way[is_cut])


def _differs(cuts: _Cuts, count: int) -> Mask:
    """Return the rows that are split in more than one way, (count,)."""
    least, most = np.full(count, np.iinfo(np.int64).max, dtype=np.int64), np.full(count, NO_SPLIT, dtype=np.int64)
    mine = cuts.way != NO_SPLIT
    np.minimum.at(least, cuts.row[mine], cuts.way[mine])
    np.maximum.at(most, cuts.row[mine], cuts.way[mine])
    return np.asarray(least < most, dtype=np.bool_)


def _energy(usage: UsageColumns, cuts: _Cuts, weighers: Sequence[Profile | None]) -> tuple[Int64, list[int]]:
    """
    Return the energy of the parts, (c,), and the places of those whose profile does not tell it. [Wh]

    weighers  profile of each way; None = equal days, or a profile that is not there
    """
    first = usage.start_day[cuts.row]
    low, high, whole = cuts.start_day - first, cuts.end_day - first, usage.end_day[cuts.row] - first
    unknown = []
    for part in np.flatnonzero(cuts.way != BY_DAYS).tolist():
        profile, start = weighers[int(cuts.way[part])], int(first[part])
        sums = profile.weights(start=start, end=start + int(whole[part])) if profile is not None else None
        if sums is None:
            unknown.append(part)
        else:
            low[part], high[part], whole[part] = sums[low[part]], sums[high[part]], sums[-1]
    energy = usage.energy_wh[cuts.row]
    return _until(energy, high, whole) - _until(energy, low, whole), unknown


def _note_unknown(usage: UsageColumns, pieces: Pieces, row: int, piece: int, name: str, obstacles: Obstacles) -> None:
    start, end = (date.fromordinal(int(column[row])) for column in (usage.start_day, usage.end_day))
    obstacles.add(
        int(pieces.account_id[piece]),
        Obstacle(
            code=MISSING_PROFILE,
            message=f"The load profile {name} does not tell all days from {start} to {end}, which it splits.",
            advice="Import the interval values of the profile, or enter a read of the meter; then rate again.",
        ),
    )


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


def _until(energy_wh: Int64, weight: Int64, whole: Int64) -> Int64:
    """Return energy x weight / whole, rounded half away from zero, (n,). [Wh]"""
    size = np.abs(energy_wh).astype(object)
    part = (2 * size * weight + whole) // (2 * whole)
    until: Int64 = np.where(energy_wh < 0, -part, part).astype(np.int64)
    return until


def _note(usage: UsageColumns, pieces: Pieces, row: int, piece: int, obstacles: Obstacles) -> None:
    start, end = int(usage.start_day[row]), int(usage.end_day[row])
    day = int(pieces.start_day[piece]) if start < pieces.start_day[piece] else int(pieces.end_day[piece])
    if start < day < end:
        obstacles.add(int(pieces.account_id[piece]), crossing(start_day=start, end_day=end, day=day))
