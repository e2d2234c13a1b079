"""What billing expects of accounts, and what exists: rows of all rooms to columns, in few statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain import facts, segments, sharing, suspended
from billing.domain.findings import Obstacles
from billing.domain.handing import History
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, cut
from billing.domain.segments import Difference, Existing, Expected
from billing.domain.sequence import in_order
from billing.domain.streams import Streams, streams_of
from billing.domain.suspended import Suspensions
from billing.queries import counts, existing_segments, profiles, reactive, reading, rebills, restarts, sequence, sources
from billing.queries.curves import MEASURED, Curves, has_needs, own_meters, redelivered_prices
from billing.queries.exports import Exports
from billing.queries.reading import Metered
from billing.queries.rebills import Reach, Window
from cis.kernel.fixed import Int64
from cis.kernel.periods import MONTHS_IN_YEAR, Period, add_months
from contracts.queries import agreements
from tariffs.domain.inputs import Input
from tariffs.queries import plans

LOOK_BACK_MONTHS = 1
"""
Each run reaches back into the tier year in which the day so many months before its period lies; further for accounts
whose usage of then was corrected (``billing.queries.rebills``).
"""
NO_END = date.max.toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    What is fixed for all accounts of a run.

    period       billed period
    version_ids  tariff versions that were published when the run opened
    """

    period: Period
    version_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """
    What a chunk of accounts is found to be: expected minus existing, and who cannot be billed.

    reach  the rebills that it looked further back for
    """

    versions: tuple[PlanVersion, ...]
    expected: Expected
    existing: Existing
    difference: Difference
    obstacles: Obstacles
    reach: Reach


def first_day(*, period: Period) -> date:
    """Return from when agreements and versions matter for a run: the first tier year that it reaches into."""
    return add_months(period.start, -LOOK_BACK_MONTHS - 12)


def find(*, account_ids: Collection[int], scope: Scope) -> Findings:
    """
    Return what is expected of some accounts minus what exists.

    Statements: rebills, versions, segments, agreements, usage; where interval days are split, one for their newer
    versions and one for each month of them.

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    wanted = sorted(account_ids)
    reach = rebills.reach(account_ids=wanted)
    versions = versions_of(scope, since=reach.earliest(scope.period.start))
    window = Window(start=looks_since(versions, scope.period.start), reach=reach)
    since = min(window.start, cycle_start(versions, reach.earliest(window.start)))
    existing, billed = existing_segments.find(account_ids=wanted, since=since, period=scope.period, window=window)
    until = max(scope.period.end, date.fromordinal(int(billed.end_day.max(initial=1))))
    in_force = agreements.in_force(account_ids=wanted, start_date=since, end_date=until)
    history = sequence.history(in_force=in_force, versions=versions, since=since, window=window)
    pieces = cut(
        agreements=in_force,
        versions=versions,
        billed=billed,
        period=scope.period,
        chained=history.chained,
        events=restarts.found(terms=in_force, versions=versions, start_date=since, end_date=until),
    )
    correctable = existing.take(
        ~window.freezes(existing.account_id, existing.period_start_day, existing.period_end_day)
    )
    obstacles = Obstacles()
    expected = expect(pieces=pieces, versions=versions, existing=correctable, obstacles=obstacles, history=history)
    handed_on = sequence.handed_of(existing=correctable, pieces=pieces, versions=versions)
    difference = segments.diff(expected=expected, existing=correctable, handed_on=handed_on)
    return Findings(
        versions=versions,
        expected=expected,
        existing=existing,
        difference=_without(difference, expected, correctable, existing, obstacles),
        obstacles=obstacles,
        reach=reach,
    )


def versions_of(scope: Scope, *, since: date | None = None) -> tuple[PlanVersion, ...]:
    """
    Return the versions of a scope with their compiled plans; one statement once the plans are compiled.

    Without an end: a run of an old month corrects all that was billed since.

    :param since: date from which some account is billed anew, if that is before what each run reaches back to.
    """
    start = first_day(period=scope.period)
    if since is not None:
        start = min(start, add_months(since, -MONTHS_IN_YEAR))
    return tuple(
        PlanVersion(
            version_id=one.version_id,
            tariff_id=one.tariff_id,
            tariff_code=one.tariff_code,
            start_day=one.start_date.toordinal(),
            end_day=one.end_date.toordinal() if one.end_date else NO_END,
            plan=plans.compiled(one.version_id),
        )
        for one in plans.versions(start_date=start, end_date=date.max)
        if one.version_id in scope.version_ids
    )


def looks_since(versions: Sequence[PlanVersion], start: date) -> date:
    """Return the first day that a run looks at whose period begins on a day, of accounts without rebills."""
    return cycle_start(versions, add_months(start, -LOOK_BACK_MONTHS))


def cycle_start(versions: Sequence[PlanVersion], on: date) -> date:
    """Return the start of the tier year that a date lies in, the first of all tariffs' years."""
    cycles = {one.plan.tier_cycle for one in versions if one.plan.tier_cycle.starts}
    starts = [start for cycle in cycles if (start := cycle.start_of(on=on)) is not None]
    return min(starts, default=date(on.year, 1, 1))


def expect(
    *,
    pieces: Pieces,
    versions: tuple[PlanVersion, ...],
    existing: Existing,
    obstacles: Obstacles,
    history: History | None = None,
) -> Expected:
    """
    Return what pieces cost at given versions, from approved usage and interval days; nothing is compared or kept.

    existing  segments in force: a piece that was billed just so is not measured again
    history   what bills before the pieces hand on; None = nothing, as on a first bill

    Statements: usage rules, and two more where there are some; usage; where interval days are split, one for their
    newer versions and one for each month of them; where bills hand something on, one for their agreements; where meters
    are counted, one for them; where usage is split by load profiles, as in ``profiles.split``; where capacity is
    suspended, one for how long; where reactive demand is priced, those of ``reactive.peaks``.

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    history = history or sequence.lives_of(pieces=pieces, versions=versions)
    segments.note_unpriced(pieces=pieces, obstacles=obstacles)
    facts.note_unbillable(pieces=pieces, versions=versions, obstacles=obstacles)
    book = sources.rules_of(pieces)
    streams = streams_of(pieces=pieces, book=book, versions=versions, obstacles=obstacles)
    approved, found = sources.usage_of(pieces, book), Obstacles()
    drawn = sharing.deal(usage=approved, book=book, streams=streams, pieces=pieces, obstacles=obstacles)
    drawn = profiles.split(drawn=drawn, pieces=streams.pieces, versions=versions, obstacles=found)
    of = reading.metered(pieces=streams.pieces, versions=versions, drawn=drawn, obstacles=found)
    exports = Exports(pieces=pieces, versions=versions, book=book)
    parts_redelivered = reading.redelivered(of=of, also=has_needs(of.pieces, versions, MEASURED))
    is_known, known = _settle(streams, of, parts_redelivered, existing, history)
    local = reading.local_days(pieces=pieces, versions=versions)
    curves = Curves(
        of=own_meters(of, streams=streams, usage=approved, book=book, pieces=pieces),
        book=book,
        settled=streams.spread(is_known),
        ruled=streams.spread(~streams.is_plain),
        local=local,
        obstacles=obstacles,
    )
    energy = reading.split(of=of, local=local, taker=curves)
    streams.note_below_nothing(energy_wh=energy, pieces=pieces, obstacles=found)
    streams.tell(found, into=obstacles)
    by_lane = streams.fold(energy)
    told = curves.order(measured=curves.finish(), energy_wh=by_lane, lanes=of.lanes, openings=history.openings)
    given, is_given_estimated = exports.finish(local=local, obstacles=obstacles)
    redelivered = streams.sums(parts_redelivered) + exports.redelivered
    return segments.expect(
        pieces=pieces,
        energy_wh=by_lane,
        is_estimated=streams.spread(reading.is_estimated(of)) | told.is_estimated | is_given_estimated,
        redelivered=redelivered + redelivered_prices(pieces=pieces, versions=versions),
        lanes=of.lanes,
        versions=versions,
        counts=counts.counts_of(pieces, book, versions),
        apart_wh=streams.apart(energy),
        measured={
            **told.inputs,
            **given,
            **_in_use(pieces, versions, obstacles),
            **reactive.peaks(pieces=pieces, versions=versions, book=book, local=local, obstacles=obstacles),
            **sequence.told_of(pieces=pieces, versions=versions, history=history, obstacles=obstacles),
        },
        known_minor=streams.sums(known),
        is_known=streams.spread(is_known),
        obstacles=obstacles,
        history=history,
    )


def _in_use(pieces: Pieces, versions: Sequence[PlanVersion], obstacles: Obstacles) -> dict[Input, Int64]:
    """Return the capacity in use where some of it is suspended; then one statement, else none."""
    rows = pieces.suspended_va > 0
    if not rows.any():
        return {}
    times = agreements.suspensions(agreement_ids=np.unique(pieces.agreement_id[rows]))
    suspensions = Suspensions(agreement_id=times[0], start_day=times[1], end_day=times[2], suspended_va=times[3])
    in_use = suspended.in_use_va(pieces=pieces, versions=versions, suspensions=suspensions, obstacles=obstacles)
    return {Input.CAPACITY_VA: in_use}


def _settle(
    streams: Streams, of: Metered, redelivered: Int64, existing: Existing, history: History
) -> tuple[Mask, Int64]:
    """
    Take interval usage of pieces that were billed just so off the list of what is split by day.

    Pieces under usage rules are looked at anew: what others count may have changed. So are those of agreements whose
    bills hand something on, under whatever version: each is a link between the bills before and after it.
    """
    pieces, usage, located = of.pieces, of.usage, of.located
    is_known = np.zeros(len(pieces), dtype=np.bool_)
    known = np.zeros(len(pieces), dtype=np.int64)
    whole = located.counts & (located.piece != NOWHERE)
    split = np.flatnonzero(located.by_day & whole)
    if not len(split):
        return is_known, known
    rough = np.zeros(len(pieces), dtype=np.int64)
    np.add.at(rough, located.piece[whole], usage.energy_wh[whole])
    match = segments.settled(
        pieces=pieces,
        energy_wh=rough,
        redelivered=redelivered,
        existing=existing,
        versions=of.versions,
        openings=history.openings,
    )
    match[in_order(pieces=pieces, history=history)] = NOWHERE
    crossing = split[usage.end_day[split] > pieces.end_day[located.piece[split]]]
    is_known[located.piece[split]] = True
    is_known &= match != NOWHERE
    is_known[located.piece[crossing]] = False
    is_known &= streams.is_plain
    known[is_known] = existing.amount_minor[match[is_known]]
    located.by_day[split[is_known[located.piece[split]]]] = False
    return is_known, known


def _without(
    difference: Difference, expected: Expected, correctable: Existing, existing: Existing, obstacles: Obstacles
) -> Difference:
    """Return the difference of the accounts that can be billed, with places in all existing segments."""
    bad = np.array(sorted(obstacles.of_account), dtype=np.int64)
    new, gone = difference.new, difference.gone
    ids = correctable.segment_id[gone[~np.isin(correctable.account_id[gone], bad)]]
    return Difference(
        new=new[~np.isin(expected.pieces.account_id[new], bad)],
        gone=np.flatnonzero(np.isin(existing.segment_id, ids)),
    )


def nothing_exists() -> Existing:
    """Return no segments, for who asks what pieces cost whatever was billed of them."""
    none = np.zeros(0, dtype=np.int64)
    return Existing(**dict.fromkeys(Existing.__dataclass_fields__, none))
