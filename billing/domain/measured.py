"""
The energy of each piece by period of use, from approved usage.

A flat plan takes the registers of all hours, else those of the periods of use. A plan with periods takes the
registers of its periods, else splits interval days by its calendar. Usage that crosses the edge of a piece is cut by
day where there are interval days; register usage cannot be cut, so the account is held until there is a read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.findings import Obstacle, Obstacles
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from cis.kernel.columns import group_rows
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns
from tariffs.domain.plan import TOTAL

MISSING_READ = "missing_read"
MISSING_REGISTER = "missing_register"
FAR = np.iinfo(np.int64).max
ALL_HOURS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """
    Usage rows with the pieces they belong to.

    piece      (r,) place of the piece; NOWHERE = none
    by_day     (r,) the row is to be cut by day, from interval values
    counts     (r,) the row, or what is cut from it, makes up the energy of its pieces
    lanes      (m, k) periods of use that each piece must have energy for; the last lane is all hours
    since, until  (m,) days in which the registers that suit the plan have energy
    """

    piece: Int64
    by_day: Mask
    counts: Mask
    lanes: Mask
    since: Int64
    until: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """
    The periods of use of a chunk: k - 1 codes, then all hours.

    codes      names of the periods of use, without that of all hours
    of_code    (c,) lane of each usage code
    of_version for each version the lanes of its plan's periods, in the plan's order
    """

    codes: tuple[str, ...]
    of_code: Int64
    of_version: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """Return the lane of all hours."""
        return len(self.codes)


def lanes_of(*, period_codes: Sequence[str], versions: Sequence[PlanVersion]) -> Lanes:
    """Return the lanes for the codes of usage and of plans."""
    plans = [one.plan for one in versions]
    names = {code for plan in plans if plan.periods != TOTAL for code in plan.periods}
    codes = tuple(sorted(names | {code for code in period_codes if code != ALL_HOURS}))
    lane = {code: place for place, code in enumerate(codes)} | {ALL_HOURS: len(codes)}
    return Lanes(
        codes=codes,
        of_code=np.array([lane[code] for code in period_codes], dtype=np.int64),
        of_version=tuple(
            (len(codes),) if plan.periods == TOTAL else tuple(lane[code] for code in plan.periods) for plan in plans
        ),
    )


def locate(
    *, pieces: Pieces, usage: UsageColumns, lanes: Lanes, versions: Sequence[PlanVersion], obstacles: Obstacles
) -> Located:
    """Return to which piece each row belongs, noting register usage that crosses the edge of one."""
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    keys = key_of(place=place, day=pieces.start_day)
    at = np.searchsorted(points, usage.service_point_id)
    at_known = points[np.minimum(at, len(points) - 1)] == usage.service_point_id if len(points) else at > 0
    piece = np.searchsorted(keys, key_of(place=at, day=usage.start_day), side="right") - 1
    inside = at_known & (piece >= 0)
    inside[inside] &= place[piece[inside]] == at[inside]
    inside[inside] &= usage.start_day[inside] < pieces.end_day[piece[inside]]
    following = np.where(at_known, piece + 1, len(pieces))
    crosses_out = inside.copy()
    crosses_out[inside] = usage.end_day[inside] > pieces.end_day[piece[inside]]
    crosses_in = following < len(pieces)
    rows = np.flatnonzero(crosses_in)
    near = following[rows]
    crosses_in[rows] = (place[near] == at[rows]) & (pieces.start_day[near] < usage.end_day[rows])
    crosses = crosses_out | crosses_in
    by_day = crosses & usage.is_interval
    _note_crossings(pieces, usage, piece, following, crosses_out, crosses_in, obstacles)
    piece = np.where(inside, piece, NOWHERE)
    chosen = _choose(pieces, usage, piece, lanes, versions, obstacles)
    counts = chosen.counts | by_day
    by_day |= counts & usage.is_interval & _splits(pieces, usage, piece, lanes)
    return Located(
        piece=piece,
        by_day=by_day,
        counts=counts & (~crosses | usage.is_interval),
        lanes=chosen.lanes,
        since=chosen.since,
        until=chosen.until,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    counts: Mask
    lanes: Mask
    since: Int64
    until: Int64


def _note_crossings(
    pieces: Pieces,
    usage: UsageColumns,
    piece: Int64,
    following: Int64,
    crosses_out: Mask,
    crosses_in: Mask,
    obstacles: Obstacles,
) -> None:
    """Note the accounts of register usage that crosses an edge, with the date that needs a read."""
    for row in np.flatnonzero((crosses_out | crosses_in) & ~usage.is_interval).tolist():
        edges = []
        if crosses_out[row]:
            edges.append((int(piece[row]), int(pieces.end_day[piece[row]])))
        if crosses_in[row]:
            edges.append((int(following[row]), int(pieces.start_day[following[row]])))
        for place, day in edges:
            found = crossing(start_day=int(usage.start_day[row]), end_day=int(usage.end_day[row]), day=day)
            obstacles.add(int(pieces.account_id[place]), found)


def crossing(*, start_day: int, end_day: int, day: int) -> Obstacle:
    """Return that a span of register usage crosses a day on which it would have to end; ``date.toordinal``."""
    start, end, on = (date.fromordinal(one) for one in (start_day, end_day, day))
    return Obstacle(
        code=MISSING_READ,
        message=f"Usage from {start} to {end} crosses {on}, where price, agreement or period changes.",
        advice=f"Enter a read of the meter for {on}; its usage is approved with it. Then rate again.",
    )


def _choose(
    pieces: Pieces,
    usage: UsageColumns,
    piece: Int64,
    lanes: Lanes,
    versions: Sequence[PlanVersion],
    obstacles: Obstacles,
) -> _Chosen:
    """
    Return which rows make up the energy of their piece, and the lanes that it must have.

    The registers that suit the plan are taken; the others only before or after them, as when a meter was exchanged.
    """
    lane = lanes.of_code[usage.period_of_use]
    located = np.flatnonzero(piece != NOWHERE)
    of_piece, is_total = piece[located], lane[located] == lanes.total
    flat = _is_flat(pieces, lanes)
    plan_lanes = _plan_lanes(pieces, lanes)
    # A flat plan prefers registers of all hours; another takes its own periods, and intervals of all hours.
    first = np.where(flat[of_piece], is_total, plan_lanes[of_piece, lane[located]] & ~is_total)
    second = np.where(flat[of_piece], ~is_total, is_total & usage.is_interval[located])
    since = np.full(len(pieces), FAR, dtype=np.int64)
    until = np.full(len(pieces), -1, dtype=np.int64)
    np.minimum.at(since, of_piece[first], usage.start_day[located[first]])
    np.maximum.at(until, of_piece[first], usage.end_day[located[first]])
    second &= (usage.end_day[located] <= since[of_piece]) | (usage.start_day[located] >= until[of_piece])
    counts = np.zeros(len(usage), dtype=np.bool_)
    counts[located[first | second]] = True
    required = plan_lanes
    by_parts = np.flatnonzero(flat[of_piece] & second)
    required[of_piece[by_parts], lane[located[by_parts]]] = True
    required[of_piece[by_parts], lanes.total] = False
    _note_registers(pieces, of_piece[~(first | second)], counts, piece, versions, obstacles)
    return _Chosen(counts=counts, lanes=required, since=since, until=until)


def _is_flat(pieces: Pieces, lanes: Lanes) -> Mask:
    """Return whether a piece needs only the energy of all hours: its plan has no periods, or there is no plan."""
    flat = np.array([of == (lanes.total,) for of in lanes.of_version] + [True], dtype=np.bool_)
    return flat[pieces.version]


def _plan_lanes(pieces: Pieces, lanes: Lanes) -> Mask:
    """Return the lanes of each piece's plan, (m, k)."""
    table = np.zeros((len(lanes.of_version) + 1, lanes.total + 1), dtype=np.bool_)
    for place, of in enumerate(lanes.of_version):
        table[place, list(of)] = True
    table[NOWHERE, lanes.total] = True
    return table[pieces.version]


def _note_registers(
    pieces: Pieces,
    unused: Int64,
    counts: Mask,
    piece: Int64,
    versions: Sequence[PlanVersion],
    obstacles: Obstacles,
) -> None:
    """Note pieces that have usage, but none that suits their plan."""
    used = np.zeros(len(pieces), dtype=np.bool_)
    used[piece[counts]] = True
    for place in np.unique(unused[~used[unused]]).tolist():
        plan = versions[int(pieces.version[place])].plan
        obstacles.add(
            int(pieces.account_id[place]),
            Obstacle(
                code=MISSING_REGISTER,
                message=f"Tariff {plan.code} takes energy by {', '.join(plan.periods)}; there are no such registers.",
                advice="Install a meter with these registers or with intervals, or change the tariff.",
            ),
        )


def _splits(pieces: Pieces, usage: UsageColumns, piece: Int64, lanes: Lanes) -> Mask:
    """Return which rows of all hours lie in a piece whose plan has periods of use."""
    splits = ~_is_flat(pieces, lanes)
    found = np.zeros(len(usage), dtype=np.bool_)
    inside = piece != NOWHERE
    found[inside] = splits[piece[inside]] & (lanes.of_code[usage.period_of_use[inside]] == lanes.total)
    return found


def energy_by_lane(*, pieces: Pieces, usage: UsageColumns, located: Located, lanes: Lanes) -> Int64:
    """Return the energy of the rows that need no cutting, (m, k). [Wh]"""
    energy = np.zeros((len(pieces), lanes.total + 1), dtype=np.int64)
    rows = np.flatnonzero(located.counts & ~located.by_day)
    np.add.at(energy, (located.piece[rows], lanes.of_code[usage.period_of_use[rows]]), usage.energy_wh[rows])
    return energy


def by_period(*, energy_wh: Int64, version: Int64, lanes: Lanes, width: int) -> Int64:
    """
    Return the energy of pieces by period of use, in the order of each one's plan, (n, width). [Wh]

    energy_wh  (n, k) by lane [Wh]
    version    (n,) NOWHERE = nothing is known of its periods
    width      periods of the plan with most of them
    """
    found = np.zeros((len(energy_wh), width), dtype=np.int64)
    for place, rows in group_rows(version):
        if place == NOWHERE:
            continue
        for period, lane in enumerate(lanes.of_version[place]):
            found[rows, period] = energy_wh[rows].sum(axis=1) if lane == lanes.total else energy_wh[rows, lane]
    return found


def note_gaps(
    *,
    pieces: Pieces,
    usage: UsageColumns,
    located: Located,
    lanes: Lanes,
    days: tuple[Int64, Int64, Int64] | None,
    obstacles: Obstacles,
) -> None:
    """
    Note each piece that has days without usage in one of its lanes.

    days  (piece, first day, end day) of what was cut by day, which counts for all lanes; None if nothing was
    """
    rows = np.flatnonzero(located.counts & ~located.by_day)
    spans = [
        (located.piece[rows], lanes.of_code[usage.period_of_use[rows]], usage.start_day[rows], usage.end_day[rows])
    ]
    if days is not None:
        spans.append((days[0], np.full(len(days[0]), lanes.total, dtype=np.int64), days[1], days[2]))
    piece, lane, start, end = (np.concatenate(parts) for parts in zip(*spans, strict=True))
    total = np.flatnonzero((lane == lanes.total) & ~located.lanes[piece, lanes.total])
    if len(total):
        # Energy of all hours fills every lane of a piece that has several.
        many, own = np.nonzero(located.lanes[piece[total]])
        piece = np.concatenate((piece, piece[total][many]))
        lane = np.concatenate((lane, own.astype(np.int64)))
        start, end = (np.concatenate((column, column[total][many])) for column in (start, end))
    place, wanted = np.nonzero(located.lanes)
    covered = covered_days(
        group=piece * (lanes.total + 1) + lane, start=start, end=end, groups=len(pieces) * (lanes.total + 1)
    )
    gaps = (
        covered.reshape(len(pieces), lanes.total + 1)[place, wanted] < pieces.end_day[place] - pieces.start_day[place]
    )
    for row in np.flatnonzero(gaps).tolist():
        one = int(place[row])
        mine = (piece == one) & (lane == wanted[row])
        _note_gap(pieces, one, _first_gap(pieces, one, start[mine], end[mine]), obstacles)


def covered_days(*, group: Int64, start: Int64, end: Int64, groups: int) -> Int64:
    """Return how many days the spans of each group cover, counting none twice, (groups,)."""
    covered = np.zeros(groups, dtype=np.int64)
    if not len(group):
        return covered
    order = np.argsort(key_of(place=group, day=start), kind="stable")
    group, start, end = group[order], start[order], end[order]
    # The latest end so far inside the group: groups are lifted apart, so that a running maximum does not cross them.
    reach = np.maximum.accumulate(key_of(place=group, day=end))
    before = np.empty_like(reach)
    before[0] = 0
    before[1:] = reach[:-1]
    added = np.maximum(reach - np.maximum(before, key_of(place=group, day=start)), 0)
    np.add.at(covered, group, added)
    return covered


def _first_gap(pieces: Pieces, place: int, start: Int64, end: Int64) -> int:
    """Return the first day of a piece that no span covers."""
    day = int(pieces.start_day[place])
    for low, high in sorted(zip(start.tolist(), end.tolist(), strict=True)):
        if low > day:
            break
        day = max(day, high)
    return day


def _note_gap(pieces: Pieces, place: int, day: int, obstacles: Obstacles) -> None:
    start, end = (date.fromordinal(int(column[place])) for column in (pieces.start_day, pieces.end_day))
    on = date.fromordinal(day)
    why = "" if pieces.is_billed[place] else " It is not billed, but counts into the steps of the tier year."
    obstacles.add(
        int(pieces.account_id[place]),
        Obstacle(
            code=MISSING_READ,
            message=f"There is no approved usage from {on} on, for {start} to {end}.{why}",
            advice=f"Enter or import the read of {end} or the missing interval days; usage is approved with them."
            " Then rate again.",
        ),
    )
