"""What billing expects of accounts, and what exists: rows of all rooms to columns, in few statements."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from accounts.queries import supplier
from billing.domain import daily, facts, measured, segments, sharing
from billing.domain.daily import LocalDays
from billing.domain.findings import Obstacles
from billing.domain.measured import Lanes, Located
from billing.domain.pieces import NOWHERE, BilledPeriods, Mask, Pieces, PlanVersion, cut, key_of
from billing.domain.segments import Difference, Existing, Expected
from billing.domain.sharing import Drawn
from billing.domain.streams import Streams, streams_of
from billing.queries import rebills, sources
from billing.queries.rebills import Reach
from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.kernel.periods import MONTHS_IN_YEAR, Period, add_months
from cis.platform import calendars, db
from contracts.queries import agreements
from metering.domain.usage import UsageColumns
from metering.queries import intervals
from tariffs.queries import plans

LOOK_BACK_MONTHS = 1
"""
Each run reaches back into the tier year in which the day so many months before its period lies; further for accounts
whose usage of then was corrected (``billing.queries.rebills``).
"""
YEAR_DAYS = 366
NO_END = date.max.toordinal()
_FIELDS = (*Existing.__dataclass_fields__, "in_force")
_EXISTING = """
    SELECT s.agreement_id, s.tariff_version_id,
           (s.start_date - DATE '0001-01-01' + 1)::bigint, (s.end_date - DATE '0001-01-01' + 1)::bigint,
           (s.period_start_date - DATE '0001-01-01' + 1)::bigint, (s.period_end_date - DATE '0001-01-01' + 1)::bigint,
           s.used_wh, s.before_wh, s.household::bigint, s.is_estimated::int::bigint, s.amount_minor,
           s.redelivered::bigint, s.id, s.bill_id, b.account_id,
           (b.state = 'issued' AND NOT EXISTS (
               SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
               WHERE c.cancels_id = s.id AND cb.state = 'issued'))::int::bigint
    FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
    WHERE b.account_id = ANY(%(accounts)s) AND b.state IN ('issued', 'cancelled')
      AND s.cancels_id IS NULL AND s.period_end_date > %(since)s
"""


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
    window = _Window(start=_cycle_start(versions, add_months(scope.period.start, -LOOK_BACK_MONTHS)), reach=reach)
    since = min(window.start, _cycle_start(versions, reach.earliest(window.start)))
    existing, billed = _existing(wanted, since, scope.period, window)
    until = max(scope.period.end, date.fromordinal(int(billed.end_day.max(initial=1))))
    in_force = agreements.in_force(account_ids=wanted, start_date=since, end_date=until)
    pieces = cut(agreements=in_force, versions=versions, billed=billed, period=scope.period)
    correctable = existing.take(
        ~window.freezes(existing.account_id, existing.period_start_day, existing.period_end_day)
    )
    obstacles = Obstacles()
    expected = expect(pieces=pieces, versions=versions, existing=correctable, obstacles=obstacles)
    difference = segments.diff(expected=expected, existing=correctable)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What a run may correct: all since its start, and more of accounts that are billed anew."""

    start: date
    reach: Reach

    def freezes(self, account_id: Int64, period_start_day: Int64, period_end_day: Int64) -> Mask:
        """Return which billed periods stay as they are, (n,)."""
        before: Mask = period_start_day < self.start.toordinal()
        return before & (period_end_day <= self.reach.of(account_id))


def _cycle_start(versions: Sequence[PlanVersion], on: date) -> date:
    """Return the start of the tier year that a date lies in, the first of all tariffs' years."""
    cycles = {one.plan.tier_cycle for one in versions if one.plan.tier_cycle.starts}
    starts = [start for cycle in cycles if (start := cycle.start_of(on=on)) is not None]
    return min(starts, default=date(on.year, 1, 1))


def _existing(account_ids: list[int], since: date, period: Period, window: _Window) -> tuple[Existing, BilledPeriods]:
    """Return the segments in force since the window, or for a year; and the periods that were ever billed."""
    asked = min(since, period.start - timedelta(days=YEAR_DAYS))
    columns = db.read_columns(_EXISTING, {"accounts": account_ids, "since": asked}, columns=len(_FIELDS))
    order = np.lexsort((columns[_FIELDS.index("start_day")], columns[_FIELDS.index("agreement_id")]))
    by_name = dict(zip(_FIELDS, columns[:, order], strict=True))
    in_force = by_name.pop("in_force") == 1
    rows = Existing(**by_name)
    seen = rows.take(rows.period_end_day > since.toordinal())
    keys = np.stack((seen.agreement_id, seen.period_start_day, seen.period_end_day, seen.account_id))
    agreement_id, start_day, end_day, account_id = np.unique(keys, axis=1)
    return rows.take(in_force), BilledPeriods(
        agreement_id=agreement_id,
        start_day=start_day,
        end_day=end_day,
        frozen=window.freezes(account_id, start_day, end_day),
    )


def expect(*, pieces: Pieces, versions: tuple[PlanVersion, ...], existing: Existing, obstacles: Obstacles) -> Expected:
    """
    Return what pieces cost at given versions, from approved usage and interval days; nothing is compared or kept.

    existing  segments in force: a piece that was billed just so is not measured again

    Statements: usage rules, and two more where there are some; usage; where interval days are split, one for their
    newer versions and one for each month of them.

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    segments.note_unpriced(pieces=pieces, obstacles=obstacles)
    facts.note_unbillable(pieces=pieces, versions=versions, obstacles=obstacles)
    book = sources.rules_of(pieces)
    streams = streams_of(pieces=pieces, book=book, versions=versions, obstacles=obstacles)
    drawn = sharing.deal(
        usage=sources.usage_of(pieces, book), book=book, streams=streams, pieces=pieces, obstacles=obstacles
    )
    parts, usage, found = streams.pieces, drawn.usage, Obstacles()
    lanes = measured.lanes_of(period_codes=usage.period_codes, versions=versions)
    located = measured.locate(pieces=parts, usage=usage, lanes=lanes, versions=versions, obstacles=found)
    redelivered = _redelivered(parts, usage, located)
    is_known, known = _settle(streams, usage, located, redelivered, versions, existing)
    energy = measured.energy_by_lane(pieces=parts, usage=usage, located=located, lanes=lanes)
    days = None
    if located.by_day.any():
        added, days = _by_day(parts, drawn, located, lanes, versions, found)
        energy += added
    measured.note_gaps(pieces=parts, usage=usage, located=located, lanes=lanes, days=days, obstacles=found)
    streams.note_below_nothing(energy_wh=energy, pieces=pieces, obstacles=found)
    streams.tell(found, into=obstacles)
    return segments.expect(
        pieces=pieces,
        energy_wh=streams.fold(energy),
        is_estimated=streams.spread(_is_estimated(parts, usage, located)),
        redelivered=streams.sums(redelivered),
        lanes=lanes,
        versions=versions,
        counts=sources.counts_of(pieces, book, versions),
        apart_wh=streams.apart(energy),
        known_minor=streams.sums(known),
        is_known=streams.spread(is_known),
        obstacles=obstacles,
    )


def _redelivered(pieces: Pieces, usage: UsageColumns, located: Located) -> Int64:
    """
    Return how many newer versions there are of the interval days that each piece is split by, (m,).

    Asked before the values are read: a version that comes in between is not counted, so the next run splits again.
    """
    counts = np.zeros(len(pieces), dtype=np.int64)
    rows = np.flatnonzero(located.by_day & located.counts & (located.piece != NOWHERE))
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


def _settle(
    streams: Streams,
    usage: UsageColumns,
    located: Located,
    redelivered: Int64,
    versions: tuple[PlanVersion, ...],
    existing: Existing,
) -> tuple[Mask, Int64]:
    """
    Take interval usage of pieces that were billed just so off the list of what is split by day.

    Pieces under usage rules are looked at anew: what others count may have changed.
    """
    pieces = streams.pieces
    is_known = np.zeros(len(pieces), dtype=np.bool_)
    known = np.zeros(len(pieces), dtype=np.int64)
    whole = located.counts & (located.piece != NOWHERE)
    split = np.flatnonzero(located.by_day & whole)
    if not len(split):
        return is_known, known
    rough = np.zeros(len(pieces), dtype=np.int64)
    np.add.at(rough, located.piece[whole], usage.energy_wh[whole])
    match = segments.settled(
        pieces=pieces, energy_wh=rough, redelivered=redelivered, existing=existing, versions=versions
    )
    crossing = split[usage.end_day[split] > pieces.end_day[located.piece[split]]]
    is_known[located.piece[split]] = True
    is_known &= match != NOWHERE
    is_known[located.piece[crossing]] = False
    is_known &= streams.is_plain
    known[is_known] = existing.amount_minor[match[is_known]]
    located.by_day[split[is_known[located.piece[split]]]] = False
    return is_known, known


def _by_day(
    pieces: Pieces,
    drawn: Drawn,
    located: Located,
    lanes: Lanes,
    versions: tuple[PlanVersion, ...],
    obstacles: Obstacles,
) -> tuple[Int64, tuple[Int64, Int64, Int64]]:
    """Return the energy that interval usage is split into, and the spans that it covers."""
    usage = drawn.usage
    windows = daily.windows_of(pieces=pieces, usage=usage, located=located, lanes=lanes)
    windows = daily.check_plans(
        windows=windows, pieces=pieces, lanes=lanes, located=located, versions=versions, obstacles=obstacles
    )
    sums = daily.no_sums(windows=windows, lanes=lanes)
    local = _local_days()
    exponent = 0
    for registers, first, last in _months(windows):
        ids = np.unique(sharing.registers_of(registers))
        for delivered in intervals.days(register_ids=ids, start_date=first, end_date=last):
            block = sharing.in_streams(block=delivered, numbers=registers)
            exponent = daily.align(sums=sums, exponent=exponent, block=block)
            daily.add_block(
                sums=sums,
                exponent=exponent,
                block=block,
                windows=windows,
                pieces=pieces,
                lanes=lanes,
                versions=versions,
                local=local,
            )
    dealt = daily.deal(
        windows=windows,
        sums=sums,
        exponent=exponent,
        pieces=pieces,
        usage=usage,
        approved_wh=drawn.approved_wh,
        clock=local.clock,
        obstacles=obstacles,
    )
    covers = dealt.complete & (windows.piece != NOWHERE)
    return dealt.energy_wh, (windows.piece[covers], windows.start_day[covers], windows.end_day[covers])


def _months(windows: daily.Windows) -> Iterator[tuple[Int64, date, date]]:
    """
    Yield registers and dates to be read, a month at a time, so that memory stays flat.

    A local day reaches into two days of the metering clock, so a day more is read before the first month and after
    the last; the months between them share their edges without reading a day twice.
    """
    if not len(windows):
        return
    first = date.fromordinal(int(windows.start_day.min()) - 1)
    last = date.fromordinal(int(windows.end_day.max()) + 1)
    for month in Period(first, last).months():
        near = (windows.start_day - 1 < month.end.toordinal()) & (windows.end_day + 1 > month.start.toordinal())
        if near.any():
            yield np.unique(windows.register_id[near]), month.start, month.end


def _local_days() -> LocalDays:
    card = supplier.current()
    holidays = calendars.business_calendar(supplier.country())
    return LocalDays(clock=local_clock(card.time_zone), holidays=holidays.holidays, makeup_days=holidays.makeup_days)


def _is_estimated(pieces: Pieces, usage: UsageColumns, located: Located) -> Mask:
    """Return whether a piece rests on usage that was not wholly measured."""
    estimated = np.zeros(len(pieces), dtype=np.bool_)
    rows = located.counts & usage.is_estimated & (located.piece != NOWHERE)
    estimated[located.piece[rows]] = True
    return estimated


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
