"""The segments of a bill as its proof writes them: what each was rated by, each step, and its printed lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import numpy as np

from billing.domain import proving
from billing.domain.suspended import counted_va
from billing.models.bill import BillLine
from billing.queries import bills, proof_chain, proof_rows
from billing.queries.bills import BillDetail, Line, Segment
from billing.queries.proof_chain import Chain
from billing.queries.proof_energy import Energy
from billing.queries.proof_rows import SegmentRow
from billing.queries.rated_segments import batch_of
from cis.kernel import fixed
from cis.platform import audit
from contracts.domain.agreements import Agreed
from contracts.queries.agreements import AgreementCard, TermCard
from metering.queries import registers
from tariffs.domain import telling
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import Input
from tariffs.domain.layout import OtherLayout
from tariffs.domain.plan import Plan
from tariffs.domain.telling import Plain
from tariffs.queries import plans
from tariffs.queries.plans import VersionText

AGREED = (Input.CAPACITY_VA, Input.CONTRACT_W, Input.FEATURES, Input.GREEN_BLOCKS)
CHANGES = frozenset({"change_term", "end"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """
    All that a proof is written from.

    known_at    when the bill was rated
    agreements  by id, as they are now
    changed_at  when what an agreement says of some day was changed after the bill was rated: id -> (first day, instant)
    meters      when meters hung at service points whose tariff charges by meters, half-open
    """

    bill: BillDetail
    known_at: datetime
    rows: tuple[SegmentRow, ...]
    plans: Mapping[int, Plan]
    texts: Mapping[int, VersionText]
    refs: Mapping[int, str]
    agreements: Mapping[int, AgreementCard]
    changed_at: Mapping[int, Sequence[tuple[date, datetime]]]
    meters: Mapping[int, Sequence[tuple[date, date | None]]]
    chain: Chain
    energy: Energy


def changes_of_terms(*, agreement_ids: Sequence[int], since: datetime) -> dict[int, list[tuple[date, datetime]]]:
    """Return the days from which on terms were changed after an instant, and when that was; one statement."""
    found: dict[int, list[tuple[date, datetime]]] = {}
    for entry in audit.of_subjects([("agreement", agreement_ids)], most=10 * len(agreement_ids) + 40):
        day = entry.detail.get("from_date") or entry.detail.get("end_date")
        if entry.action in CHANGES and entry.at > since and day and entry.subject_id is not None:
            found.setdefault(entry.subject_id, []).append((date.fromisoformat(day), entry.at))
    return found


def meters_of(*, rows: Sequence[SegmentRow], compiled: Mapping[int, Plan]) -> dict[int, list[tuple[date, date | None]]]:
    """Return when meters hung at the service points of rows that are charged by meters; one statement if any are."""
    points = {row.service_point_id for row in rows if Input.METERS in compiled[row.version_id].needs}
    found: dict[int, list[tuple[date, date | None]]] = {}
    if points:
        for point, start, end in zip(*registers.meters(service_point_ids=sorted(points)), strict=True):
            until = date.fromordinal(int(end)) if end < date.max.toordinal() else None
            found.setdefault(int(point), []).append((date.fromordinal(int(start)), until))
    return found


def written(found: Material) -> Iterator[Plain]:
    """Yield the segments in their order; two statements where some take others back."""
    shown = {segment.id: segment for segment in found.bill.segments}
    back = proof_rows.taken_back(segment_ids=[row.cancels_id for row in found.rows if row.cancels_id is not None])
    for place, row in enumerate(found.rows):
        if row.cancels_id is None:
            yield _rated(found, place, row, shown[row.id])
        else:
            yield _taken_back(found, row, shown[row.id], back[row.cancels_id])


def _rated(found: Material, place: int, row: SegmentRow, shown: Segment) -> Plain:
    """Return a segment with what it was rated by, each step, and its printed lines."""
    plan = found.plans[row.version_id]
    told = {**_head(found, row), "takes_back": None}
    try:
        batch = batch_of(plan=plan, row=row)
        handed_on = telling.handed_on(
            plan=plan, handed_on=np.array([row.handed_on or []], dtype=np.int64).reshape(1, -1)
        )
    except OtherLayout:
        return {**told, **_sources(found, place, row, None), "inputs_kept": False, **_sums(row, shown)}
    kinds = _kinds(row.version_id, found.texts[row.version_id].text)
    return {
        **told,
        **_sources(found, place, row, batch),
        "inputs_kept": True,
        **proving.rated(plan=plan, batch=batch, kinds=kinds),
        "handed_on": handed_on,
        **_sums(row, shown),
    }


def _sources(found: Material, place: int, row: SegmentRow, batch: RatingBatch | None) -> Plain:
    """Return what a segment rests on: the agreement, usage, and what earlier bills hand on."""
    plan = found.plans[row.version_id]
    told: Plain = {
        "term": _term(found, row, batch),
        "energy_from": found.energy.rests.get(place, []),
        "year_to_date": proof_chain.year_to_date(chain=found.chain, plan=plan, place=place, row=row),
    }
    if Input.PEAK_W in plan.needs:
        told["demand_from"] = found.energy.demand.get(place, [])
    if Input.METERS in plan.needs:
        told["meters"] = [
            {"start_date": start.isoformat(), "end_date": end.isoformat() if end else None}
            for start, end in found.meters.get(row.service_point_id, ())
        ]
    earlier = proof_chain.earlier(chain=found.chain, plan=plan, row=row)
    if Input.REACTIVE_PEAK_VAR in plan.needs:
        told["reactive_from"] = found.energy.reactive.get(place, [])
    if earlier is None:
        return told
    return {**told, "opened": proof_chain.opened(chain=found.chain, plan=plan, row=row), "earlier": earlier}


@lru_cache(maxsize=plans.PLANS_KEPT)
def _kinds(version_id: int, text: str) -> tuple[str, ...]:  # noqa: ARG001 (the version makes the key short to compare)
    return telling.kinds_of(text=text)


def _head(found: Material, row: SegmentRow) -> Plain:
    return {
        "agreement": row.agreement,
        "service_point": row.service_point,
        "tariff": found.refs[row.version_id],
        "start_date": row.start_date.isoformat(),
        "end_date": row.end_date.isoformat(),
        "period_start_date": row.period_start_date.isoformat(),
        "period_end_date": row.period_end_date.isoformat(),
        "is_estimated": row.is_estimated,
    }


def _sums(row: SegmentRow, shown: Segment) -> Plain:
    return {
        "used_wh": row.used_wh,
        "amount_minor": row.amount_minor,
        "tax_minor": sum(line.tax_minor for line in shown.lines),
        "lines": [_line(line) for line in shown.lines],
    }


def _line(line: Line) -> Plain:
    return {
        "line": line.key,
        "labels": dict(line.labels),
        "period_labels": dict(line.period_labels),
        "unit": line.unit,
        "quantity": fixed.to_text(line.quantity, places=line.quantity_places),
        "price": line.price if line.margin is None else None,
        **({} if line.margin is None else {"mean_price": line.price, "margin": line.margin}),
        "amount_minor": line.amount_minor,
        "tax_minor": line.tax_minor,
        "ledger": line.ledger_class,
    }


def _term(found: Material, row: SegmentRow, batch: RatingBatch | None) -> Plain | None:
    """
    Return what the agreement said on the first day of a segment when it was rated, None if it says nothing any more.

    Where the agreement was changed since, for days of the segment, that is what the segment keeps of it.
    """
    # How long capacity is suspended is known once it is in use again.
    plan = found.plans[row.version_id]
    waits = Input.CAPACITY_VA in plan.needs and bool(plan.suspended_least_days)
    changed = [at for day, at in found.changed_at.get(row.agreement_id, ()) if day < row.end_date or waits]
    card = found.agreements.get(row.agreement_id)
    if changed and batch is not None:
        return _term_kept(found, row, batch, min(changed))
    term = proof_rows.term_of(card.terms, row.start_date) if card else None
    if card is None or term is None:
        return None
    agreed = term.agreed
    facts = {
        Input.CAPACITY_VA: agreed.capacity_va,
        Input.CONTRACT_W: agreed.contract_w,
        Input.FEATURES: [code for code in plan.features if code in agreed.features],
        Input.GREEN_BLOCKS: agreed.green_blocks,
    }
    # What the tariff does not ask for concerns nobody here.
    told = {need.value: facts[need] for need in AGREED if need in plan.needs}
    if Input.CAPACITY_VA in plan.needs and agreed.suspended_va:
        told["suspended_va"] = _suspended_va(card.terms, plan, row.start_date)
    return {
        "changed_at": None,
        "start_date": term.start_date.isoformat(),
        "end_date": term.end_date.isoformat() if term.end_date else None,
        **({"ends_supply": _ends_supply(found, row, card)} if Input.FINAL in plan.needs else {}),
        "tariff": term.tariff_code,
        "household": term.household,
        "agreed": told,
        **({"all_suspended": _all_suspended(agreed)} if Input.ENERGIZED_MINUTES in plan.needs else {}),
    }


def _all_suspended(agreed: Agreed) -> bool:
    return agreed.suspended_va > 0 and agreed.suspended_va >= (agreed.capacity_va or 0)


def _suspended_va(terms: Sequence[TermCard], plan: Plan, day: date) -> int:
    """Return how much of the capacity is suspended for long enough not to be paid for. [VA]"""
    times = [
        (one.start_date.toordinal(), (one.end_date or date.max).toordinal(), one.agreed.suspended_va)
        for one in terms
        if one.agreed.suspended_va
    ]
    return counted_va(times=times, day=day.toordinal(), least_days=plan.suspended_least_days or 0)


def _ends_supply(found: Material, row: SegmentRow, card: AgreementCard) -> bool:
    """Return whether it was known, when the bill was rated, that supply ends with a segment."""
    later = [day for day, _ in found.changed_at.get(row.agreement_id, ()) if day == row.end_date]
    return card.end_date == row.end_date and not later


def _term_kept(found: Material, row: SegmentRow, batch: RatingBatch, changed_at: datetime) -> Plain:
    plan = found.plans[row.version_id]
    given = telling.given(plan=plan, batch=batch)["given"]
    return {
        "changed_at": changed_at.isoformat(),
        "start_date": row.start_date.isoformat(),
        "end_date": row.end_date.isoformat(),
        **({"ends_supply": bool(given[Input.FINAL.value])} if Input.FINAL in plan.needs else {}),
        "tariff": plan.code,
        "household": row.household,
        "agreed": {need.value: given[need.value] for need in AGREED if need in plan.needs},
    }


def _taken_back(
    found: Material, row: SegmentRow, shown: Segment, back: tuple[SegmentRow, str, Sequence[BillLine]]
) -> Plain:
    """Return a segment that takes an earlier one back, beside what it takes back."""
    original, number, lines = back
    return {
        **_head(found, row),
        "takes_back": {
            "bill": number,
            "is_estimated": original.is_estimated,
            "used_wh": original.used_wh,
            "amount_minor": original.amount_minor,
            "tax_minor": sum(line.tax_minor for line in lines),
            "lines": [_line(bills.line(line, version_id=original.version_id)) for line in lines],
        },
        **_sums(row, shown),
    }
