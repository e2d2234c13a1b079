"""What a simulation is made from: segments in force with what they were rated by, and what is measured anew."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from accounts.queries import accounts
from billing.domain import simulation
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import MISSING_REGISTER
from billing.domain.outcomes import Groups, Outcomes
from billing.domain.pieces import BilledPeriods, PlanVersion, cut
from billing.domain.simulation import NO_INTERVALS, Billed, BilledSegments, Measured, Rows
from billing.queries import restarts, segments, sequence
from billing.queries.rebills import NO_REBILLS, Window
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, add_months
from cis.platform import db
from contracts.domain.agreements import AgreementColumns
from contracts.queries import agreements
from metering.queries import places
from tariffs.domain.plan import Plan
from tariffs.queries import plans

YEAR_MONTHS = 12
LIST_HEAD_BYTES = 20
FIELDS = tuple(name for name in BilledSegments.__dataclass_fields__ if name != "inputs")

# Rows travel packed, one row of the answer for each version: heads, and what its segments keep, of one length each.
_SEGMENTS = """
    WITH held AS (
        SELECT s.tariff_version_id, coalesce(cardinality(s.inputs), 0) AS width, s.agreement_id, s.start_date,
               int8send(b.account_id) || int8send(s.agreement_id)
               || int8send(s.start_date - DATE '0001-01-01' + 1) || int8send(s.end_date - DATE '0001-01-01' + 1)
               || int8send(s.period_start_date - DATE '0001-01-01' + 1)
               || int8send(s.period_end_date - DATE '0001-01-01' + 1)
               || int8send(s.used_wh) || int8send(s.before_wh) || int8send(s.household)
               || int8send(s.amount_minor) AS head,
               CASE WHEN cardinality(s.inputs) > 0 THEN array_send(s.inputs) ELSE ''::bytea END AS inputs
        FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
        WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND s.cancels_id IS NULL
          AND s.period_start_date >= %(start)s AND s.period_start_date < %(end)s
          AND NOT EXISTS (SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
                          WHERE c.cancels_id = s.id AND cb.state = 'issued')
    )
    SELECT tariff_version_id, width, string_agg(head, ''::bytea ORDER BY agreement_id, start_date),
           string_agg(inputs, ''::bytea ORDER BY agreement_id, start_date)
    FROM held GROUP BY tariff_version_id, width ORDER BY tariff_version_id, width
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    What is fixed for all accounts of a simulation.

    period  whole months; billed periods that begin in it are looked at
    plans   by id of the tariff whose versions each stands in place of
    """

    period: Period
    plans: Mapping[int, Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a chunk of accounts comes to.

    outcomes      one row an agreement; ``kind`` and ``area`` are places in ``kinds`` and ``areas``
    months        sums of those that were simulated, by month
    obstacles     what the places in ``outcomes.reason`` mean; the first says nothing
    """

    outcomes: Outcomes
    months: Groups
    obstacles: tuple[Obstacle, ...]
    kinds: tuple[str, ...]
    areas: tuple[str, ...]


def find(*, account_ids: Collection[int], scope: Scope) -> Found:
    """
    Return what some accounts were billed at the tariffs that are replaced, and what they would have been.

    Statements: versions, segments, agreements, kinds, areas; where months are measured anew, agreements of the tier
    year before, what earlier bills hand on, and what ``segments.expect`` asks.

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    wanted = sorted(account_ids)
    versions = versions_of(scope.period)
    rows = simulation.rate_kept(
        billed=billed(account_ids=wanted, period=scope.period, versions=versions), plans=scope.plans
    )
    in_force = agreements.in_force(account_ids=wanted, start_date=scope.period.start, end_date=scope.period.end)
    measured, obstacles = _measure(rows, versions, scope)
    at_replaced = in_force.take(np.isin(in_force.tariff_id, list(scope.plans)))
    found = simulation.simulated(
        rows=rows, measured=measured, agreements=_tariffs_of(at_replaced), of_account=obstacles
    )
    return _with_words(found, at_replaced, scope.period)


def unrated(*, account_ids: Collection[int], scope: Scope, obstacle: Obstacle) -> Found:
    """Return some accounts as not simulated, for a reason; five statements."""
    wanted = sorted(account_ids)
    found = billed(account_ids=wanted, period=scope.period, versions=versions_of(scope.period))
    rows = simulation.unrated(billed=found, tariff_ids=scope.plans)
    in_force = agreements.in_force(account_ids=wanted, start_date=scope.period.start, end_date=scope.period.end)
    at_replaced = in_force.take(np.isin(in_force.tariff_id, list(scope.plans)))
    whole = simulation.simulated(
        rows=rows,
        measured=_nothing_measured(),
        agreements=_tariffs_of(at_replaced),
        of_account=dict.fromkeys(wanted, obstacle),
    )
    return _with_words(whole, at_replaced, scope.period)


def versions_of(period: Period) -> tuple[PlanVersion, ...]:
    """Return the published versions of the months, and of the tier year before them; one statement."""
    return tuple(
        PlanVersion(
            version_id=one.version_id,
            tariff_id=one.tariff_id,
            tariff_code=one.tariff_code,
            start_day=one.start_date.toordinal(),
            end_day=one.end_date.toordinal() if one.end_date else segments.NO_END,
            plan=plans.compiled(one.version_id),
        )
        for one in plans.versions(start_date=add_months(period.start, -YEAR_MONTHS), end_date=period.end)
    )


def billed(*, account_ids: Sequence[int], period: Period, versions: Sequence[PlanVersion]) -> list[Billed]:
    """Return the segments in force of the billed periods that begin in a period, by version; mostly one statement."""
    given = {"accounts": account_ids, "start": period.start, "end": period.end}
    tariff_of = {one.version_id: one.tariff_id for one in versions}
    rows = db.fetch(_SEGMENTS, given)
    if any(row[0] not in tariff_of for row in rows):
        # A version whose end was drawn before these months by a later publication, and nobody is billed anew yet.
        every = plans.versions(start_date=date.min, end_date=date.max)
        tariff_of = {one.version_id: one.tariff_id for one in every}
    return [
        Billed(
            tariff_id=tariff_of[version_id],
            plan=plans.compiled(version_id),
            segments=_segments(heads, inputs, width),
        )
        for version_id, width, heads, inputs in rows
    ]


def _segments(heads: bytes, inputs: bytes, width: int) -> BilledSegments:
    values = np.frombuffer(heads, dtype=">i8").reshape(-1, len(FIELDS))
    columns = dict(zip(FIELDS, np.ascontiguousarray(values.T.astype(np.int64)), strict=True))
    kept = _lists(inputs, width) if width else np.zeros((len(values), 0), dtype=np.int64)
    return BilledSegments(**columns, inputs=kept)


def _lists(packed: bytes, width: int) -> Int64:
    """Return lists of bigint in PostgreSQL's binary form, all of one length, as (n, width)."""
    item = np.dtype([("bytes", ">i4"), ("number", ">i8")])
    rows = np.frombuffer(packed, dtype=[("head", f"V{LIST_HEAD_BYTES}"), ("items", item, (width,))])
    return rows["items"]["number"].astype(np.int64)


def _measure(rows: Rows, versions: tuple[PlanVersion, ...], scope: Scope) -> tuple[Measured, Mapping[int, Obstacle]]:
    """Return what is measured anew of the agreements whose segments do not tell it, and who cannot be."""
    wanted = simulation.untold(rows)
    if not len(wanted):
        return _nothing_measured(), {}
    mine = rows.take(np.isin(rows.agreement_id, wanted))
    replaced = tuple(
        simulation.in_place_of(version=one, new=scope.plans[one.tariff_id], place=place)
        if one.tariff_id in scope.plans
        else one
        for place, one in enumerate(versions)
    )
    since = _since(replaced, scope.period)
    in_force = agreements.in_force(account_ids=np.unique(mine.account_id), start_date=since, end_date=scope.period.end)
    beyond = Period(scope.period.end, date.fromordinal(scope.period.end.toordinal() + 1))
    # All supplies of the accounts are laid out: what an account pays once, and the count of who moved, rest on them.
    # What bills before these months handed on is handed on here too: it was not at the other prices.
    history = sequence.history(
        in_force=in_force, versions=replaced, since=since, window=Window(start=scope.period.start, reach=NO_REBILLS)
    )
    pieces = cut(
        agreements=in_force,
        versions=replaced,
        billed=_periods(mine),
        period=beyond,
        chained=history.chained,
        events=restarts.found(terms=in_force, versions=replaced, start_date=since, end_date=scope.period.end),
    )
    obstacles = Obstacles()
    expected = segments.expect(
        pieces=pieces,
        versions=replaced,
        existing=segments.nothing_exists(),
        obstacles=obstacles,
        history=history,
    )
    found = {account: _meant(obstacle) for account, obstacle in obstacles.of_account.items()}
    return simulation.measured_of(expected=expected, tariff_ids=list(scope.plans)), found


def _nothing_measured() -> Measured:
    none = np.zeros(0, dtype=np.int64)
    return Measured(agreement_id=none, month_day=none, used_wh=none, new_minor=none)


def _since(versions: Sequence[PlanVersion], period: Period) -> date:
    """Return from when energy counts into the steps of the first month."""
    starts = (one.plan.tier_cycle.start_of(on=period.start) for one in versions)
    return min((start for start in starts if start is not None), default=period.start)


def _periods(rows: Rows) -> BilledPeriods:
    """Return the billed periods of the rows, once each."""
    keys = np.unique(np.stack((rows.agreement_id, rows.period_start_day, rows.period_end_day)), axis=1)
    return BilledPeriods(
        agreement_id=keys[0],
        start_day=keys[1],
        end_day=keys[2],
        frozen=np.zeros(keys.shape[1], dtype=np.bool_),
    )


def _meant(obstacle: Obstacle) -> Obstacle:
    """Return an obstacle in words of a simulation: the counters were enough for the prices of then."""
    return NO_INTERVALS if obstacle.code == MISSING_REGISTER else obstacle


def _tariffs_of(in_force: AgreementColumns) -> dict[int, tuple[int, int]]:
    """Return account and last tariff of each agreement."""
    columns = (in_force.agreement_id, in_force.account_id, in_force.tariff_id)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {agreement: (account, tariff) for agreement, account, tariff in rows}


def _with_words(found: simulation.Simulated, in_force: AgreementColumns, period: Period) -> Found:
    """Return the outcomes with what each customer is, and where it is supplied; two statements."""
    outcomes = found.outcomes
    ids = np.unique(outcomes.account_id).tolist()
    kind_of = accounts.kinds(account_ids=ids, start_date=period.start, end_date=period.end)
    area_of = places.districts(service_point_ids=np.unique(in_force.service_point_id).tolist())
    point_of = dict(zip(in_force.agreement_id.tolist(), in_force.service_point_id.tolist(), strict=True))
    kinds, kind = _places([kind_of.get(account, "") for account in outcomes.account_id.tolist()])
    named = [area_of.get(point_of.get(one, 0), "") for one in outcomes.agreement_id.tolist()]
    areas, area = _places(named)
    return Found(
        outcomes=replace(outcomes, kind=kind, area=area),
        months=found.months,
        obstacles=found.obstacles,
        kinds=kinds,
        areas=areas,
    )


def _places(texts: list[str]) -> tuple[tuple[str, ...], Int64]:
    """Return the distinct texts, sorted, and the place of each text among them."""
    known = sorted(set(texts))
    place = {text: at for at, text in enumerate(known)}
    return tuple(known), np.array([place[text] for text in texts], dtype=np.int64)
