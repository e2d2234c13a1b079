"""
The pieces of time that are billed one by one: agreement x term x tariff version x billed period x tier year.

Time is cut into cells at every date that cuts anything in the chunk, and the cells are put together again wherever
nothing of their own agreement cuts them: so all of it is vector work, and neighbours do not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from billing.domain import restarts
from billing.domain.chained import NOT_CHAINED, Chained, linked, rhythm
from billing.domain.covers import covers
from billing.domain.restarts import NO_RESTARTS, Restarts
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from contracts.domain.agreements import AgreementColumns
from tariffs.domain.components.tiers import Cycle
from tariffs.domain.layout import counts_as_billed
from tariffs.domain.plan import Plan

NOWHERE = -1
DAY_BITS = 22
"""Day numbers stay below 2^22, so that a place and a day make one sortable key."""

Mask = NDArray[np.bool_]
MonthDay = tuple[int, int]
FACTS = ("capacity_va", "contract_w", "suspended_va", "green_blocks", "features")
TERM = ("agreement_id", "tariff_id", "household", *FACTS)
"""What makes one term differ from the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion:
    """A tariff version that is in force over [start_day, end_day), with its compiled plan."""

    version_id: int
    tariff_id: int
    tariff_code: str
    start_day: int
    end_day: int
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPeriods(Columns):
    """
    Periods of which agreements have segments in force, one row for each agreement and period.

    They stand in the order in which they were first billed: days that lie in two of them belong to the first.

    frozen  (n,) the period began before the window: what was billed of it stays as it is
    """

    agreement_id: Int64
    start_day: Int64
    end_day: Int64
    frozen: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces(Columns):
    """
    m pieces, sorted by service point and start.

    count_of                          (m,) agreement with which it is counted: its own, or the one it goes on from
    version                           (m,) place in the versions; NOWHERE = no price is in force
    start_day, end_day                (m,) half-open
    period_start_day, period_end_day  (m,) period in which it is billed, or will be if it hands on; 0 if it only counts
    cycle_day                         (m,) from here on energy counts into its steps
    is_billed                         (m,) it makes a segment
    is_rated                          (m,) it is rated: it makes a segment, or hands on to one that does
    is_own                            (m,) its billed period is that of the run
    capacity_va, contract_w, suspended_va, green_blocks, features, feature_sets  agreed, as in ``AgreementColumns``
    """

    account_id: Int64
    agreement_id: Int64
    count_of: Int64
    service_point_id: Int64
    tariff_id: Int64
    version: Int64
    household: Int64
    start_day: Int64
    end_day: Int64
    period_start_day: Int64
    period_end_day: Int64
    cycle_day: Int64
    is_billed: Mask
    is_rated: Mask
    is_own: Mask
    capacity_va: Int64
    contract_w: Int64
    suspended_va: Int64
    green_blocks: Int64
    features: Int64
    feature_sets: tuple[tuple[str, ...], ...]


def cut(
    *,
    agreements: AgreementColumns,
    versions: Sequence[PlanVersion],
    billed: BilledPeriods,
    period: Period,
    chained: Chained | None = None,
    events: Restarts = NO_RESTARTS,
) -> Pieces:
    """
    Return the pieces to be billed, and those that only count for the tier year of a billed one, or hand on to one.

    agreements  agreement x term over the whole window
    billed      what was billed of it, besides the period of the run
    period      of the run
    chained     agreements whose bills hand something on; None = none does
    events      at which steps may begin anew, beside what terms and versions tell
    """
    terms = join_terms(agreements)
    own = (period.start.toordinal(), period.end.toordinal())
    starts = _starts(terms, versions)
    edges = np.union1d(_edges(terms, versions, billed, own, starts), _within(events.day, terms))
    steps = edges[:0]
    if chained is not None and len(chained) and len(edges):
        steps = rhythm(period=period, low=int(edges[0]), high=int(edges[-1]))
        edges = np.union1d(edges, _within(steps, terms))
    cells = _cells(terms, edges)
    version = _version_of(cells, versions)
    in_period = _period_of(cells, billed, own)
    if chained is not None and len(steps):
        waits = (chained.place_of(cells.agreement_id) != NOT_CHAINED) & (in_period.end_day == 0)
        in_period = _with_waiting(cells, in_period, waits, steps)
    since = restarts.since(
        agreement_id=cells.agreement_id,
        start_day=cells.start_day,
        version=version,
        plans=[one.plan for one in versions],
        events=restarts.joined(events, restarts.of_terms(terms=terms)),
    )
    cut_here = _is_start(cells, versions, starts) | (since == cells.start_day)
    pieces = _merge(terms, cells, version, in_period, versions, cut_here, since)
    wanted = _wanted(pieces, versions)
    if chained is not None:
        pieces = _with_links(pieces, versions, wanted, chained)
    return pieces.take(wanted | pieces.is_rated)


def _with_links(pieces: Pieces, versions: Sequence[PlanVersion], wanted: Mask, chained: Chained) -> Pieces:
    """Return the pieces, those rated too that hand on to a billed one."""
    if not len(chained):
        return pieces
    adjusts = np.array([counts_as_billed(plan=one.plan) for one in versions] + [False], dtype=np.bool_)
    columns = {name: getattr(pieces, name) for name in ("agreement_id", "count_of", "start_day", "is_billed")}
    links = linked(chained=chained, counts=wanted & adjusts[pieces.version], **columns)
    return replace(pieces, is_rated=pieces.is_billed | links)


def join_terms(agreements: AgreementColumns) -> AgreementColumns:
    """Return the terms with those put together that follow each other with the same tariff and facts."""
    same = np.zeros(len(agreements), dtype=np.bool_)
    if len(agreements) > 1:
        same[1:] = agreements.end_day[:-1] == agreements.start_day[1:]
        for name in TERM:
            column = getattr(agreements, name)
            same[1:] &= column[:-1] == column[1:]
    if not same.any():
        return agreements
    first = np.flatnonzero(~same)
    last = np.append(first[1:], len(agreements)) - 1
    joined = agreements.take(first)
    ends = agreements.end_day[last]
    return replace(joined, end_day=ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells(Columns):
    """Parts of terms between two neighbouring edges, sorted by service point and start."""

    account_id: Int64
    agreement_id: Int64
    service_point_id: Int64
    tariff_id: Int64
    household: Int64
    term: Int64
    start_day: Int64
    end_day: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class _InPeriod(Columns):
    start_day: Int64
    end_day: Int64
    is_billed: Mask
    is_own: Mask


def _starts(terms: AgreementColumns, versions: Sequence[PlanVersion]) -> dict[MonthDay, list[int]]:
    """Return for each day of the year on which a tier cycle or a season begins its dates inside the window."""
    if not len(terms):
        return {}
    first, last = (date.fromordinal(int(day)) for day in (terms.start_day.min(), terms.end_day.max()))
    return {
        (month, day): [date(year, month, day).toordinal() for year in range(first.year, last.year + 1)]
        for month, day in sorted({start for one in versions for start in _starts_of(one.plan)})
    }


def _starts_of(plan: Plan) -> set[MonthDay]:
    """Return the days of the year on which the steps of a plan begin anew, or other components hold."""
    return {*plan.tier_cycle.starts, *((month, 1) for month in plan.season_starts)}


def _edges(
    terms: AgreementColumns,
    versions: Sequence[PlanVersion],
    billed: BilledPeriods,
    own: tuple[int, int],
    starts: dict[MonthDay, list[int]],
) -> Int64:
    """Return every day that cuts something, ascending."""
    if not len(terms):
        return np.zeros(0, dtype=np.int64)
    low, high = int(terms.start_day.min()), int(terms.end_day.max())
    days = [low, high, *own, *(day for one in versions for day in (one.start_day, one.end_day))]
    for dates in starts.values():
        days += dates
    edges = np.unique(np.concatenate((np.array(days, dtype=np.int64), billed.start_day, billed.end_day)))
    return edges[(edges >= low) & (edges <= high)]


def _cells(terms: AgreementColumns, edges: Int64) -> _Cells:
    """Return the parts of the terms between neighbouring edges."""
    start = np.maximum(terms.start_day[:, None], edges[None, :-1])
    end = np.minimum(terms.end_day[:, None], edges[None, 1:])
    term, cell = np.nonzero(start < end)
    first = start[term, cell]
    order = np.lexsort((first, terms.service_point_id[term]))
    term = term[order]
    return _Cells(
        account_id=terms.account_id[term],
        agreement_id=terms.agreement_id[term],
        service_point_id=terms.service_point_id[term],
        tariff_id=terms.tariff_id[term],
        household=terms.household[term],
        term=term.astype(np.int64, copy=False),
        start_day=first[order],
        end_day=end[term, cell[order]],
    )


def _version_of(cells: _Cells, versions: Sequence[PlanVersion]) -> Int64:
    """Return the place of the version in force in each cell."""
    version = np.full(len(cells), NOWHERE, dtype=np.int64)
    for place, one in enumerate(versions):
        holds = (cells.start_day >= one.start_day) & (cells.start_day < one.end_day)
        version[holds & (cells.tariff_id == one.tariff_id)] = place
    return version


def _period_of(cells: _Cells, billed: BilledPeriods, own: tuple[int, int]) -> _InPeriod:
    """Return the billed period of each cell: one that has segments goes before that of the run."""
    start = np.zeros(len(cells), dtype=np.int64)
    end = np.zeros(len(cells), dtype=np.int64)
    frozen = np.zeros(len(cells), dtype=np.bool_)
    if len(billed):
        row, first, last = covers(agreement_id=billed.agreement_id, start_day=billed.start_day, end_day=billed.end_day)
        agreements = np.unique(billed.agreement_id)
        keys = key_of(place=np.searchsorted(agreements, billed.agreement_id[row]), day=first)
        place = np.searchsorted(agreements, cells.agreement_id)
        known = agreements[np.minimum(place, len(agreements) - 1)] == cells.agreement_id
        found = np.searchsorted(keys, key_of(place=place, day=cells.start_day), side="right") - 1
        near = np.maximum(found, 0)
        inside = known & (found >= 0) & (billed.agreement_id[row[near]] == cells.agreement_id)
        inside &= cells.start_day < last[near]
        mine = row[near[inside]]
        start[inside], end[inside], frozen[inside] = billed.start_day[mine], billed.end_day[mine], billed.frozen[mine]
    free = (end == 0) & (cells.start_day >= own[0]) & (cells.start_day < own[1])
    start[free], end[free] = own
    return _InPeriod(
        start_day=start,
        end_day=end,
        is_billed=(end > 0) & ~frozen,
        is_own=(start == own[0]) & (end == own[1]),
    )


def _with_waiting(cells: _Cells, in_period: _InPeriod, waits: Mask, steps: Int64) -> _InPeriod:
    """Return the periods of the cells, those that wait to be billed in the period in which they will be."""
    at = np.searchsorted(steps, cells.start_day, side="right")
    start, end = np.where(waits, steps[at - 1], in_period.start_day), np.where(waits, steps[at], in_period.end_day)
    return replace(in_period, start_day=start, end_day=end)


def _is_start(cells: _Cells, versions: Sequence[PlanVersion], starts: dict[MonthDay, list[int]]) -> Mask:
    """Return whether a tier cycle or season of one of the agreement's own tariffs begins with the cell."""
    begins = np.zeros(len(cells), dtype=np.bool_)
    for start, dates in starts.items():
        tariffs = [one.tariff_id for one in versions if start in _starts_of(one.plan)]
        agreements = np.unique(cells.agreement_id[np.isin(cells.tariff_id, tariffs)])
        begins |= np.isin(cells.start_day, dates) & np.isin(cells.agreement_id, agreements)
    return begins


def _merge(
    terms: AgreementColumns,
    cells: _Cells,
    version: Int64,
    in_period: _InPeriod,
    versions: Sequence[PlanVersion],
    cut_here: Mask,
    since: Int64,
) -> Pieces:
    """Return the cells put together again where nothing cuts their agreement."""
    apart = np.ones(len(cells), dtype=np.bool_)
    if len(cells) > 1:
        apart[1:] = cut_here[1:] | (cells.end_day[:-1] != cells.start_day[1:])
        for column in (cells.term, version, in_period.start_day, in_period.end_day):
            apart[1:] |= column[:-1] != column[1:]
    first = np.flatnonzero(apart)
    last = np.append(first[1:], len(cells)) - 1 if len(first) else first
    whole, where = cells.take(first), in_period.take(first)
    version, plans = version[first], [one.plan for one in versions]
    goes_on = restarts.counted_with(terms=terms, agreement_id=whole.agreement_id, version=version, plans=plans)
    return Pieces(
        account_id=whole.account_id,
        agreement_id=whole.agreement_id,
        count_of=goes_on.count_of,
        service_point_id=whole.service_point_id,
        tariff_id=whole.tariff_id,
        version=version,
        household=whole.household,
        start_day=whole.start_day,
        end_day=cells.end_day[last],
        period_start_day=where.start_day,
        period_end_day=where.end_day,
        cycle_day=np.maximum(_cycle_day(whole, version, where, versions), np.maximum(since[first], goes_on.begun)),
        is_billed=where.is_billed,
        is_rated=where.is_billed,
        is_own=where.is_own,
        **{name: getattr(terms, name)[whole.term] for name in FACTS},
        feature_sets=terms.feature_sets,
    )


def _within(days: Int64, terms: AgreementColumns) -> Int64:
    """Return those days that lie in the window of the terms."""
    if not len(terms):
        return days[:0]
    inside: Mask = (days > terms.start_day.min()) & (days < terms.end_day.max())
    return days[inside]


def _cycle_day(whole: _Cells, version: Int64, where: _InPeriod, versions: Sequence[PlanVersion]) -> Int64:
    """Return from which day on energy counts into the steps of each piece; its own start if it has none."""
    cycle = whole.start_day.copy()
    for place in np.unique(version[version != NOWHERE]).tolist():
        kind = versions[place].plan.tier_cycle.kind
        rows = np.flatnonzero(version == place)
        if kind is Cycle.MONTH:
            # Monthly steps belong to the billed period, whatever cuts it.
            cycle[rows] = np.where(where.end_day[rows] > 0, where.start_day[rows], cycle[rows])
        elif kind is not Cycle.NONE:
            cycle[rows] = _year_days(versions[place].plan, whole.start_day[rows])
    return cycle


def _year_days(plan: Plan, days: Int64) -> Int64:
    """Return the start of the tier year or season of each day."""
    distinct, place = np.unique(days, return_inverse=True)
    starts = [plan.tier_cycle.start_of(on=date.fromordinal(day)) for day in distinct.tolist()]
    return np.array([start.toordinal() if start else 0 for start in starts], dtype=np.int64)[place]


def _wanted(pieces: Pieces, versions: Sequence[PlanVersion]) -> Mask:
    """Return which pieces are billed, or lie in the cycle before a billed one of the same agreement."""
    if not len(pieces):
        return np.zeros(0, dtype=np.bool_)
    _, place = np.unique(pieces.count_of, return_inverse=True)
    groups = int(place.max()) + 1
    stepped = np.array([one.plan.tier_cycle.kind is not Cycle.NONE for one in versions] + [False], dtype=np.bool_)
    counts = pieces.is_billed & stepped[pieces.version]
    since = np.full(groups, np.iinfo(np.int64).max, dtype=np.int64)
    until = np.zeros(groups, dtype=np.int64)
    np.minimum.at(since, place[counts], pieces.cycle_day[counts])
    np.maximum.at(until, place[counts], pieces.start_day[counts])
    return pieces.is_billed | ((pieces.start_day >= since[place]) & (pieces.start_day < until[place]))


def key_of(*, place: Int64, day: Int64) -> Int64:
    """Return keys that sort by place, then day."""
    return (place << DAY_BITS) | day
