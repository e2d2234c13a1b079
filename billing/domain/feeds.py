"""
Feeds (进线): which meter measures the demand of a piece, by its demand registers or by its interval values.

A meter that shows demand in registers is measured by these, another one by its interval values; one that has neither
measures none, and the account is held. Meters that hang one after the other are one feed, those that hang at the same
time are several: how these are counted is declared by the tariff.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from billing.domain.facts import NOT_MEASURED, note
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from billing.domain.streams import less
from cis.kernel.columns import Columns, group_rows
from cis.kernel.fixed import Int64
from metering.domain.usage import Hung, ragged
from metering.domain.usage_rules import RuleBook
from tariffs.domain.plan import SeveralFeeds

FEEDS_UNDECLARED = "feeds_undeclared"
FEEDS_UNCLEAR = "feeds_unclear"
ALL_HOURS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds(Columns):
    """
    Meters that measure the demand of pieces, f rows by piece, start and meter.

    start_day, end_day  (f,) days on which it hung there, inside the piece
    unit                (f,) place of the feed with which its values are summed up, slot by slot; mostly its own
    lane                (f,) meters of one lane follow each other; lanes are numbered through all pieces
    """

    piece: Int64
    start_day: Int64
    end_day: Int64
    unit: Int64
    lane: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRegisters(Columns):
    """
    Registers by which feeds are measured, g rows by feed.

    place  (g,) period of demand that a demand register shows; NOWHERE = interval values, which show all of them
    """

    feed: Int64
    register_id: Int64
    place: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates(Columns):
    """Registers of meters that hung at the pieces: c rows by feed."""

    feed: Int64
    register_id: Int64
    place: Int64
    is_curve: Mask


def feeds_of(
    *, pieces: Pieces, wanted: Mask, hung: Hung, versions: Sequence[PlanVersion], obstacles: Obstacles
) -> tuple[Feeds, FeedRegisters]:
    """
    Return the feeds of pieces and the registers that measure them, noting the accounts whose demand cannot be told.

    wanted  (m,) pieces whose demand is asked for
    """
    row, piece = _pairs(pieces, wanted, hung)
    start = np.maximum(hung.start_day[row], pieces.start_day[piece])
    end = np.minimum(hung.end_day[row], pieces.end_day[piece])
    keys, first, feed = np.unique(
        np.stack((piece, start, hung.meter_id[row])), axis=1, return_index=True, return_inverse=True
    )
    candidates = _candidates(pieces, hung, versions, row, piece, feed.reshape(-1))
    by_register = _shows_all(candidates, keys[0], pieces, versions)
    has_curve = np.zeros(len(first), dtype=np.bool_)
    has_curve[candidates.feed[candidates.is_curve]] = True
    _note_unmeasured(pieces, wanted, keys[0][~by_register & ~has_curve], keys[0], obstacles)
    unit, lane = _arrange(pieces, versions, keys[0], start[first], end[first], by_register, obstacles)
    chosen = np.where(by_register[candidates.feed], ~candidates.is_curve, candidates.is_curve)
    used = candidates.take(chosen)
    return (
        Feeds(piece=keys[0], start_day=start[first], end_day=end[first], unit=unit, lane=lane),
        FeedRegisters(feed=used.feed, register_id=used.register_id, place=used.place),
    )


def without_checks(*, hung: Hung, book: RuleBook) -> Hung:
    """Return hung registers without the days on which their meter is a check that is not billed."""
    if not book.rules:
        return hung
    rows: list[tuple[int, int, int]] = []
    for row, (meter, start, end) in enumerate(
        zip(hung.meter_id.tolist(), hung.start_day.tolist(), hung.end_day.tolist(), strict=True)
    ):
        rows += [(row, *span) for span in less(span=(start, end), holes=book.left_out_days(meter))]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return replace(hung.take(table[:, 0]), start_day=table[:, 1].copy(), end_day=table[:, 2].copy())


def _pairs(pieces: Pieces, wanted: Mask, hung: Hung) -> tuple[Int64, Int64]:
    """Return each pair of a hung register and a wanted piece that have days in common."""
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    at = np.searchsorted(points, hung.service_point_id)
    # Pieces are sorted by service point and start, and do not overlap.
    low = np.searchsorted(key_of(place=place, day=pieces.end_day), key_of(place=at, day=hung.start_day), side="right")
    high = np.searchsorted(key_of(place=place, day=pieces.start_day), key_of(place=at, day=hung.end_day), side="left")
    row, piece = ragged(low=low, high=high)
    kept = wanted[piece] & (pieces.service_point_id[piece] == hung.service_point_id[row])
    return row[kept], piece[kept]


def _candidates(
    pieces: Pieces, hung: Hung, versions: Sequence[PlanVersion], row: Int64, piece: Int64, feed: Int64
) -> _Candidates:
    """Return the registers that can measure demand under the plan of their piece."""
    places = np.full((len(versions) + 1, len(hung.period_codes) + 1), NOWHERE, dtype=np.int64)
    for version, one in enumerate(versions):
        known = one.plan.demand.periods
        for at, name in enumerate(hung.period_codes):
            places[version, at] = 0 if name == ALL_HOURS else known.index(name) if name in known else NOWHERE
    all_hours = np.array([name == ALL_HOURS for name in hung.period_codes] + [False], dtype=np.bool_)
    code = hung.period_of_use[row]
    place = np.where(hung.is_demand[row], places[pieces.version[piece], code], NOWHERE)
    is_curve = ~hung.is_demand[row] & hung.is_interval[row] & all_hours[code]
    order = np.argsort(feed, kind="stable")
    order = order[(is_curve | (place != NOWHERE))[order]]
    return _Candidates(
        feed=feed[order].astype(np.int64, copy=False),
        register_id=hung.register_id[row[order]],
        place=place[order],
        is_curve=is_curve[order],
    )


def _shows_all(candidates: _Candidates, piece: Int64, pieces: Pieces, versions: Sequence[PlanVersion]) -> Mask:
    """Return whether the demand registers of each feed show all periods of demand of its plan, (f,)."""
    # The largest demand of the whole time is that of all periods, where there are some.
    needed = np.array(
        [(2 ** len(one.plan.demand.periods) - 2) or 1 for one in versions] + [1],
        dtype=np.int64,
    )
    shown = np.zeros(len(piece), dtype=np.int64)
    registers = candidates.take(~candidates.is_curve)
    np.bitwise_or.at(shown, registers.feed, 1 << registers.place)
    return np.asarray((shown & needed[pieces.version[piece]]) == needed[pieces.version[piece]])


def _note_unmeasured(pieces: Pieces, wanted: Mask, without: Int64, measured: Int64, obstacles: Obstacles) -> None:
    """Note pieces with a meter that measures no demand, or with no meter at all."""
    none = np.setdiff1d(np.flatnonzero(wanted), measured)
    for place in np.union1d(none, without).tolist():
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=NOT_MEASURED,
            message="The tariff prices demand, and a meter there does not measure it",
            advice="Hang a meter with demand registers or interval values, or change the tariff.",
        )


def _arrange(
    pieces: Pieces,
    versions: Sequence[PlanVersion],
    piece: Int64,
    start: Int64,
    end: Int64,
    by_register: Mask,
    obstacles: Obstacles,
) -> tuple[Int64, Int64]:
    """Return unit and lane of each feed; rows are sorted by piece and start."""
    unit = np.arange(len(piece), dtype=np.int64)
    lane = np.zeros(len(piece), dtype=np.int64)
    lanes = 0
    for place, rows in group_rows(piece):
        mine, is_clear = _lanes(start[rows].tolist(), end[rows].tolist())
        lane[rows] = lanes + np.array(mine, dtype=np.int64)
        lanes += max(mine) + 1
        if max(mine) == 0:
            continue
        several = versions[int(pieces.version[place])].plan.demand.several_feeds
        _note_several(pieces, place, several, obstacles, is_clear=is_clear, is_seen=not by_register[rows].any())
        if several is SeveralFeeds.TOGETHER:
            unit[rows], lane[rows] = rows[0], lane[rows[0]]
    return unit, lane


def _lanes(starts: list[int], ends: list[int]) -> tuple[list[int], bool]:
    """Return the lane of each meter, and whether it is clear which meter came in the place of which."""
    until: list[int] = []
    lanes, is_clear = [], True
    for start, end in zip(starts, ends, strict=True):
        free = [lane for lane, day in enumerate(until) if day <= start]
        is_clear &= len(free) <= 1
        lane = free[0] if free else len(until)
        until[lane : lane + 1] = [end]
        lanes.append(lane)
    return lanes, is_clear


def _note_several(
    pieces: Pieces,
    place: int,
    several: SeveralFeeds | None,
    obstacles: Obstacles,
    *,
    is_clear: bool,
    is_seen: bool,
) -> None:
    """Note a piece with several feeds that the tariff does not tell how to count, or that cannot be counted so."""
    if several is None:
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=FEEDS_UNDECLARED,
            message="Several meters hang there at the same time, and the tariff"
            " does not say how their demand is counted",
            advice="Publish a version whose demand.several_feeds says added or together.",
        )
    elif several is SeveralFeeds.TOGETHER and not is_seen:
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=NOT_MEASURED,
            message="The tariff counts the demand of several feeds together, which demand registers do not show",
            advice="Hang meters with interval values.",
        )
    elif several is SeveralFeeds.ADDED and not is_clear:
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=FEEDS_UNCLEAR,
            message="Several meters were exchanged on one day, so it is not clear which feed each of them measures",
            advice="Let one of the meters be exchanged a day earlier or later.",
        )


def units_of(*, feeds: Feeds, registers: FeedRegisters, piece: Int64, register_id: Int64) -> Int64:
    """Return the unit to which the interval values of registers in pieces belong, (n,); NOWHERE = to none."""
    curve = registers.take(registers.place == NOWHERE)
    ids = np.unique(np.concatenate((curve.register_id, register_id)))
    mine = feeds.piece[curve.feed] * len(ids) + np.searchsorted(ids, curve.register_id)
    asked = piece * len(ids) + np.searchsorted(ids, register_id)
    order = np.argsort(mine, kind="stable")
    at = np.minimum(np.searchsorted(mine[order], asked), max(len(mine) - 1, 0))
    if not len(mine):
        return np.full(len(piece), NOWHERE, dtype=np.int64)
    found = order[at]
    return np.where(mine[found] == asked, feeds.unit[curve.feed[found]], NOWHERE)
