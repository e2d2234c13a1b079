"""What earlier bills hand to the segments of a bill: energy in the steps, credits, peaks, amounts of the year."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from billing.domain import restarts
from billing.domain.billing_months import billing_months
from billing.domain.pieces import PlanVersion
from billing.domain.restarts import Restarts
from billing.queries import proof_rows
from billing.queries import restarts as happened
from billing.queries.proof_rows import Before, SegmentRow
from cis.kernel.periods import add_months
from contracts.domain.agreements import AgreementColumns
from contracts.domain.openings import OpeningKind
from contracts.queries import agreements, openings
from contracts.queries.openings import OpeningCard
from tariffs.domain import layout, telling
from tariffs.domain.components.tiers import Cycle, Restart
from tariffs.domain.inputs import PAST_MONTHS, Input
from tariffs.domain.layout import HandedOn
from tariffs.domain.plan import Plan
from tariffs.domain.telling import Plain
from tariffs.queries import plans

DAY = timedelta(days=1)
READ: Mapping[Input, HandedOn] = {
    Input.PAST_PEAKS_W: HandedOn.PEAK_W,
    Input.BILLED_PEAK_W: HandedOn.CHARGED_W,
    Input.YEAR_MINOR: HandedOn.YEAR_MINOR,
    Input.CARRIED: HandedOn.CARRIED,
}
"""What of earlier segments each input is read from."""
OPENED: Mapping[Input, OpeningKind] = {
    Input.PAST_PEAKS_W: OpeningKind.PEAK,
    Input.YEAR_MINOR: OpeningKind.YEAR_AMOUNT,
    Input.CARRIED: OpeningKind.CREDIT,
}
"""What of other books each input is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """
    From when on energy counts into the steps of a segment.

    since       first day
    event       what happened on that day that begins the count anew; "" where the cycle begins
    agreements  whose energy counts: its own, and those from which the customer moved
    """

    since: date
    event: str
    agreements: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """
    What came before the segments of a bill.

    counted  by place of the segment; none where its tariff has no steps that count
    before   segments in force, by agreement and time
    own      number of a segment among those of the bill, from 1, by its id
    numbers  of agreements, external ids
    opened   what agreements bring along from other books
    begins   first day of each agreement
    """

    counted: Mapping[int, Counted]
    before: Sequence[Before]
    own: Mapping[int, int]
    numbers: Mapping[int, str]
    opened: Sequence[OpeningCard]
    begins: Mapping[int, date]


def of_rows(
    *,
    bill_id: int,
    account_id: int,
    rows: Sequence[SegmentRow],
    versions: Mapping[int, PlanVersion],
    begins: Mapping[int, date],
    known_at: datetime,
) -> Chain:
    """
    Return what came before the segments of a bill.

    begins  first day of each agreement

    Statements: two; three and those of ``queries.restarts`` where steps count over months.
    """
    own = [place for place, row in enumerate(rows) if row.cancels_id is None]
    counted = _counted(account_id, [(place, rows[place]) for place in own], versions)
    since = [_first(rows[place], versions[rows[place].version_id].plan, counted.get(place)) for place in own]
    named = {rows[place].agreement_id: rows[place].agreement for place in own}
    ids = {*named, *(one for of in counted.values() for one in of.agreements)}
    before = proof_rows.before(bill_id=bill_id, agreement_ids=sorted(ids), since=min(since, default=date.max - DAY))
    return Chain(
        counted=counted,
        before=before,
        own={row.id: place for place, row in enumerate(rows, start=1)},
        opened=openings.known(agreement_ids=sorted(ids), known_at=known_at),
        begins=begins,
        numbers=named | {one.agreement_id: one.agreement for one in before},
    )


def _first(row: SegmentRow, plan: Plan, counted: Counted | None) -> date:
    """Return the day from which on segments matter for one; the one before it may lie some months back."""
    first = row.start_date if counted is None else counted.since
    if not layout.needs_order(plan=plan):
        return first
    return min(first, add_months(row.start_date.replace(day=1), -PAST_MONTHS))


def _counted(
    account_id: int, rows: Sequence[tuple[int, SegmentRow]], versions: Mapping[int, PlanVersion]
) -> dict[int, Counted]:
    found: dict[int, Counted] = {}
    yearly = []
    for place, row in rows:
        kind = versions[row.version_id].plan.tier_cycle.kind
        if kind is Cycle.MONTH:
            found[place] = Counted(since=row.period_start_date, event="", agreements=frozenset({row.agreement_id}))
        elif kind is not Cycle.NONE:
            yearly.append((place, row))
    if not yearly:
        return found
    first = min(row.start_date for _, row in yearly)
    last = max(row.end_date for _, row in yearly)
    terms = agreements.in_force(account_ids=[account_id], start_date=add_months(first, -PAST_MONTHS), end_date=last)
    events = happened.found(
        terms=terms, versions=list(versions.values()), start_date=add_months(first, -PAST_MONTHS), end_date=last
    )
    events = restarts.joined(events, restarts.of_terms(terms=terms))
    for place, row in yearly:
        found[place] = _since(row, versions[row.version_id].plan, terms, events)
    return found


def _since(row: SegmentRow, plan: Plan, terms: AgreementColumns, events: Restarts) -> Counted:
    """Return from when on the count of a segment runs: from its cycle, or what began it anew since."""
    start = plan.tier_cycle.start_of(on=row.start_date)
    assert start is not None
    asked = [restarts.KINDS.index(one) for one in plan.tier_cycle.restarts_at]
    mine = events.take((events.agreement_id == row.agreement_id) & np.isin(events.kind, asked))
    known = [
        (date.fromordinal(day), str(restarts.KINDS[kind]))
        for day, kind in zip(mine.day.tolist(), mine.kind.tolist(), strict=True)
        if day <= row.start_date.toordinal()
    ]
    since, event = max([(start, ""), *known])
    ids = np.unique(terms.agreement_id)
    places = np.zeros(len(ids), dtype=np.int64)
    goes_on = restarts.counted_with(terms=terms, agreement_id=ids, version=places, plans=[plan])
    count_of = dict(zip(ids.tolist(), goes_on.count_of.tolist(), strict=True))
    group = {one for one, of in count_of.items() if of == count_of.get(row.agreement_id)} or {row.agreement_id}
    return Counted(since=since, event=event, agreements=frozenset(group))


def year_to_date(*, chain: Chain, plan: Plan, place: int, row: SegmentRow) -> Plain | None:
    """Return what counted into the steps before a segment; what no bill says of it stands without a number."""
    counted = chain.counted.get(place)
    if counted is None:
        return None
    counted = _after_change_of_cycle(chain, counted, row, plan)
    parts: list[Plain] = []
    for one in sorted(chain.before, key=lambda part: part.start_date):
        if one.agreement_id in counted.agreements and counted.since <= one.start_date < row.start_date:
            energy = proof_rows.counted_wh(
                plan=plans.compiled(one.version_id), used_wh=one.used_wh, handed_on=one.handed_on
            )
            moved = {} if one.agreement_id == row.agreement_id else {"agreement": chain.numbers[one.agreement_id]}
            parts.append({**_head(chain, one), **moved, "counted_wh": energy})
    for value in _counted_before(chain, counted, row):
        days = {"start_date": counted.since.isoformat(), "end_date": row.start_date.isoformat()}
        opened = {"opened": value.source, "counted_wh": value.value}
        parts.insert(0, {"bill": None, "segment": None, **days, **opened})
    rest = row.before_wh - sum(part["counted_wh"] for part in parts)
    if rest:
        days = {"start_date": counted.since.isoformat(), "end_date": row.start_date.isoformat()}
        parts.append({"bill": None, "segment": None, **days, "counted_wh": rest})
    return {"since_date": counted.since.isoformat(), "restart": counted.event or None, "from": parts}


def _after_change_of_cycle(chain: Chain, counted: Counted, row: SegmentRow, plan: Plan) -> Counted:
    """Return from when on the count runs, where it begins anew with another cycle and another one was in force."""
    if Restart.CYCLE_CHANGE not in plan.tier_cycle.restarts_at:
        return counted
    mine = (plan.tier_cycle.kind, plan.tier_cycle.starts)
    others = [
        one.end_date
        for one in chain.before
        if one.agreement_id == row.agreement_id and one.start_date < row.start_date
        if (cycle := plans.compiled(one.version_id).tier_cycle) and (cycle.kind, cycle.starts) != mine
    ]
    if not others or max(others) <= counted.since:
        return counted
    return replace(counted, since=max(others), event=str(Restart.CYCLE_CHANGE))


def _counted_before(chain: Chain, counted: Counted, row: SegmentRow) -> list[OpeningCard]:
    """Return the energy that was used in other books since the count of a segment began."""
    begins = chain.begins.get(row.agreement_id)
    return [
        one
        for one in chain.opened
        if one.kind is OpeningKind.COUNTED and one.agreement_id in counted.agreements
        if begins is not None and counted.since <= begins
    ]


def opened(*, chain: Chain, plan: Plan, row: SegmentRow) -> list[Plain]:
    """Return what the agreement of a segment brings along from other books, of what its tariff reads of bills."""
    wanted = {kind for need, kind in OPENED.items() if need in plan.needs}
    begins = chain.begins.get(row.agreement_id)
    return [
        {
            "kind": str(one.kind),
            "name": one.name,
            "month_date": (one.month or (begins or row.start_date).replace(day=1)).isoformat(),
            "value": one.value,
            "source": one.source,
        }
        for one in chain.opened
        if one.agreement_id == row.agreement_id and one.kind in wanted
    ]


def earlier(*, chain: Chain, plan: Plan, row: SegmentRow) -> list[Plain] | None:
    """
    Return the segments from which a segment reads what bills hand on, oldest first; None where it reads nothing.

    Days between them that no bill has stand there without a number. Only those of its billing month hand on the demand
    that was charged.
    """
    wanted = {of for need, of in READ.items() if need in plan.needs}
    if not wanted:
        return None
    mine = [one for one in chain.before if one.agreement_id == row.agreement_id and one.start_date < row.start_date]
    same_month = _of_billing_month(mine, row) if HandedOn.CHARGED_W in wanted else []
    is_long = bool(plan.needs & {Input.PAST_PEAKS_W, Input.YEAR_MINOR})
    month = row.start_date.replace(day=1)
    since = min([add_months(month, -PAST_MONTHS) if is_long else month, *(one.start_date for one in same_month)])
    shown = [one for one in mine if one.start_date >= since or (one is mine[-1] and Input.CARRIED in plan.needs)]
    parts = []
    for one in shown:
        names = wanted if one is mine[-1] else wanted - {HandedOn.CARRIED}
        if one not in same_month:
            names = names - {HandedOn.CHARGED_W}
        parts.append({**_head(chain, one), **_period(one), "handed_on": handed(one, names=names)})
    return list(_with_holes(parts, row.start_date))


def _of_billing_month(before: Sequence[Before], row: SegmentRow) -> list[Before]:
    """Return the segments before one that are of its billing month."""
    every = [*before, row]

    def days(name: str) -> np.ndarray:
        return np.array([getattr(one, name).toordinal() for one in every], dtype=np.int64)

    names = ("start_day", "period_start_day", "period_end_day")
    columns = {name: days(name.replace("_day", "_date")) for name in names}
    month = billing_months(of=np.zeros(len(every), dtype=np.int64), **columns)
    return [one for one, number in zip(before, month.tolist(), strict=False) if number == month[-1]]


def _period(one: Before) -> Plain:
    return {
        "period_start_date": one.period_start_date.isoformat(),
        "period_end_date": one.period_end_date.isoformat(),
    }


def _with_holes(parts: Sequence[Plain], until: date) -> Iterator[Plain]:
    """Yield the parts, and the days between them that are on no bill."""
    for part, following in zip(parts, [*(one["start_date"] for one in parts[1:]), until.isoformat()], strict=False):
        yield part
        if part["end_date"] < following:
            days = {"start_date": part["end_date"], "end_date": following}
            yield {"bill": None, "segment": None, **days, "handed_on": None}


def handed(one: Before, *, names: set[HandedOn]) -> Plain | None:
    """Return some of what a segment hands on; None where it was not kept."""
    plan = plans.compiled(one.version_id)
    parts = layout.handed_layout(plan=plan)
    if not parts:
        return {}
    values = np.array([one.handed_on or []], dtype=np.int64)
    if values.shape[1] != layout.width_of(parts):
        return None
    told = telling.handed_on(plan=plan, handed_on=values)
    return {name: value for name, value in told.items() if name in {str(wanted) for wanted in names}}


def _head(chain: Chain, one: Before) -> Plain:
    return {
        "bill": one.bill or None,
        "segment": chain.own.get(one.id),
        "start_date": one.start_date.isoformat(),
        "end_date": one.end_date.isoformat(),
    }
