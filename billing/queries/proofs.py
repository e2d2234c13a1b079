"""
The proof of a bill: every input and every step as one JSON document (docs/guide/bill-proof.md).

What a bill rests on is given as it was known when the bill was rated. Names of people are not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from accounts.queries import supplier
from billing.domain import proving
from billing.domain.pieces import PlanVersion
from billing.domain.suspended import counted_va
from billing.models.bill import BillLine
from billing.queries import balances, bills, changes, proof_energy, proof_rows
from billing.queries.bills import BillDetail, Line, Segment
from billing.queries.changes import Change
from billing.queries.proof_energy import Energy
from billing.queries.proof_rows import Before, SegmentRow
from billing.queries.rated_segments import batch_of
from cis.kernel import fixed
from contracts.queries import agreements
from contracts.queries.agreements import TermCard
from tariffs.domain import telling
from tariffs.domain.inputs import Input
from tariffs.domain.layout import OtherLayout
from tariffs.domain.plan import Plan
from tariffs.domain.telling import Plain
from tariffs.queries import plans, prices
from tariffs.queries.plans import VersionText

FORMAT = "wattline-bill-proof-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a proof is written from."""

    bill: BillDetail
    rows: tuple[SegmentRow, ...]
    plans: Mapping[int, Plan]
    texts: Mapping[int, VersionText]
    refs: Mapping[int, str]
    terms: Mapping[int, Sequence[TermCard]]
    before: Sequence[Before]
    energy: Energy


def of_bill(*, bill_id: int, with_staff: bool = False, since_date: date | None = None) -> Plain:
    """
    Return the proof of a bill, as JSON has it; a constant number of statements, whatever its size.

    :param with_staff: whether the number of a member of staff who typed in a reading stands in it.
    :param since_date: day on which the reader took the account over: no bill of others is compared with theirs.
    :raises UnknownBill: there is none.
    """
    found = _gather(bill_id, with_staff=with_staff)
    shown = {segment.id: segment for segment in found.bill.segments}
    back = proof_rows.taken_back(segment_ids=[row.cancels_id for row in found.rows if row.cancels_id is not None])
    parts = []
    for place, row in enumerate(found.rows):
        if row.cancels_id is None:
            parts.append(_rated(found, place, row, shown[row.id]))
        else:
            parts.append(_taken_back(found, row, shown[row.id], back[row.cancels_id]))
    return {
        "format": FORMAT,
        "bill": _bill(found.bill),
        "local": _local(found),
        "tariffs": _tariffs(found),
        **found.energy.told,
        "segments": parts,
        "postings": _postings(bill_id),
        "changes": [_change(one) for one in changes.of_bill(bill=found.bill, since_date=since_date).known],
    }


def _change(change: Change) -> Plain:
    return {
        "bills": list(change.numbers),
        "start_date": change.start_date.isoformat(),
        "end_date": change.end_date.isoformat(),
        "then_minor": change.difference.then_minor,
        "now_minor": change.difference.now_minor,
        "causes": [{"cause": row.cause, "amount_minor": row.amount_minor} for row in change.rows],
    }


def _gather(bill_id: int, *, with_staff: bool) -> Material:
    bill = bills.one(bill_id=bill_id)
    rows = proof_rows.segments(bill_id=bill_id)
    version_ids = sorted({row.version_id for row in rows})
    texts = plans.texts(version_ids=version_ids)
    compiled = {version_id: plans.compiled(version_id) for version_id in version_ids}
    cards = agreements.cards(agreement_ids=sorted({row.agreement_id for row in rows}))
    since = min((_since(compiled[row.version_id], row) for row in rows), default=bill.card.start_date)
    own = [row for row in rows if row.cancels_id is None]
    return Material(
        bill=bill,
        rows=rows,
        plans=compiled,
        texts=texts,
        refs={version_id: f"t{place}" for place, version_id in enumerate(version_ids, start=1)},
        terms={card.id: card.terms for card in cards},
        before=proof_rows.before(bill_id=bill_id, agreement_ids=[row.agreement_id for row in own], since=since),
        energy=proof_energy.of_segments(
            rows=rows,
            versions=[_version(version_id, compiled, texts) for version_id in version_ids],
            known_at=proof_rows.made_at(bill_id=bill_id),
            with_staff=with_staff,
        ),
    )


def _since(plan: Plan, row: SegmentRow) -> date:
    return proof_rows.counted_from(plan=plan, row=row) or row.start_date


def _version(version_id: int, compiled: Mapping[int, Plan], texts: Mapping[int, VersionText]) -> PlanVersion:
    text = texts[version_id]
    return PlanVersion(
        version_id=version_id,
        tariff_id=text.tariff_id,
        tariff_code=text.code,
        start_day=text.start_date.toordinal(),
        end_day=text.end_date.toordinal() if text.end_date else date.max.toordinal(),
        plan=compiled[version_id],
    )


def _bill(bill: BillDetail) -> Plain:
    card = bill.card
    return {
        "number": card.number or None,
        "kind": card.kind,
        "state": card.state,
        "account": card.account_number,
        "start_date": card.start_date.isoformat(),
        "end_date": card.end_date.isoformat(),
        "issue_date": card.issue_date.isoformat() if card.issue_date else None,
        "due_date": card.due_date.isoformat() if card.due_date else None,
        "currency": supplier.current().currency,
        "energy_wh": card.energy_wh,
        "amount_minor": card.amount_minor,
        "tax_minor": card.tax_minor,
    }


def _local(found: Material) -> Plain:
    """Return the clock of the place, and its special days among those of the bill."""
    days = proof_energy.local_days()
    span = found.energy.span
    return {
        "time_zone": days.clock.zone_name,
        "country": supplier.country().upper(),
        "holidays": _between(days.holidays, span),
        "makeup_days": _between(days.makeup_days, span),
    }


def _between(days: frozenset[date], span: tuple[date, date]) -> list[str]:
    # An interval of the first or last metering day may lie in the local day beside it.
    first, last = span[0] - timedelta(days=1), span[1]
    return [day.isoformat() for day in sorted(days) if first <= day <= last]


def _tariffs(found: Material) -> list[Plain]:
    span = found.energy.span
    events = prices.announced(start_date=span[0], end_date=max(span[1], span[0] + timedelta(days=1)))
    told = []
    for version_id, ref in found.refs.items():
        text, plan = found.texts[version_id], found.plans[version_id]
        mine = [event for event in events if event.tariff_id == text.tariff_id]
        told.append(
            {
                "ref": ref,
                "code": text.code,
                "names": {"zh": plan.name_zh, "en": plan.name_en},
                "legal_source": text.legal_source,
                "start_date": text.start_date.isoformat(),
                "end_date": text.end_date.isoformat() if text.end_date else None,
                "rounding": str(plan.rounding_scope),
                "sha256": text.sha256,
                "text": text.text,
                "events": [
                    {"date": one.event_date.isoformat(), "code": one.code, "source": one.source} for one in mine
                ],
            }
        )
    return told


def _rated(found: Material, place: int, row: SegmentRow, shown: Segment) -> Plain:
    """Return a segment with what it was rated by, each step, and its printed lines."""
    plan = found.plans[row.version_id]
    told = {**_head(found, row), "takes_back": None, "term": _term(found, row)}
    told |= {"energy_from": found.energy.rests.get(place, []), "year_to_date": _year_to_date(found, plan, row)}
    try:
        batch = batch_of(plan=plan, row=row)
    except OtherLayout:
        return {**told, "inputs_kept": False, **_sums(row, shown)}
    kinds = _kinds(row.version_id, found.texts[row.version_id].text)
    return {**told, "inputs_kept": True, **proving.rated(plan=plan, batch=batch, kinds=kinds), **_sums(row, shown)}


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
        "price": line.price,
        "amount_minor": line.amount_minor,
        "tax_minor": line.tax_minor,
        "ledger": line.ledger_class,
    }


def _term(found: Material, row: SegmentRow) -> Plain | None:
    """Return what the agreement says on the first day of a segment, None if it says nothing any more."""
    term = proof_rows.term_of(found.terms.get(row.agreement_id, ()), row.start_date)
    if term is None:
        return None
    plan, agreed = found.plans[row.version_id], term.agreed
    facts = {
        Input.CAPACITY_VA: agreed.capacity_va,
        Input.CONTRACT_W: agreed.contract_w,
        Input.FEATURES: [code for code in plan.features if code in agreed.features],
        Input.GREEN_BLOCKS: agreed.green_blocks,
    }
    told = {need.value: fact for need, fact in facts.items() if need in plan.needs}
    if Input.CAPACITY_VA in plan.needs and agreed.suspended_va:
        told["suspended_va"] = _suspended_va(found.terms[row.agreement_id], plan, row.start_date)
    return {
        "start_date": term.start_date.isoformat(),
        "end_date": term.end_date.isoformat() if term.end_date else None,
        "tariff": term.tariff_code,
        "household": term.household,
        # What the tariff does not ask for concerns nobody here.
        "agreed": told,
    }


def _suspended_va(terms: Sequence[TermCard], plan: Plan, day: date) -> int:
    """Return how much of the capacity is suspended for long enough not to be paid for. [VA]"""
    times = [
        (one.start_date.toordinal(), (one.end_date or date.max).toordinal(), one.agreed.suspended_va)
        for one in terms
        if one.agreed.suspended_va
    ]
    return counted_va(times=times, day=day.toordinal(), least_days=plan.suspended_least_days or 0)


def _year_to_date(found: Material, plan: Plan, row: SegmentRow) -> Plain | None:
    """Return what counted into the steps before a segment; what no bill says of it stands without a number."""
    since = proof_rows.counted_from(plan=plan, row=row)
    if since is None:
        return None
    parts: list[Plain] = []
    for one in found.before:
        if one.agreement_id == row.agreement_id and since <= one.start_date < row.start_date:
            energy = proof_rows.counted_wh(
                plan=plans.compiled(one.version_id), used_wh=one.used_wh, handed_on=one.handed_on
            )
            parts.append({"bill": one.bill or found.bill.card.number or None, **_days(one), "counted_wh": energy})
    rest = row.before_wh - sum(part["counted_wh"] for part in parts)
    if rest:
        unbilled = {"start_date": since.isoformat(), "end_date": row.start_date.isoformat(), "counted_wh": rest}
        parts.append({"bill": None, **unbilled})
    return {"since_date": since.isoformat(), "from": parts}


def _days(one: Before) -> Plain:
    return {"start_date": one.start_date.isoformat(), "end_date": one.end_date.isoformat()}


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


def _postings(bill_id: int) -> list[Plain]:
    return [
        {
            "part": one.part,
            "debit": one.debit,
            "credit": one.credit,
            "amount_minor": one.amount_minor,
            "date": one.occurred_date.isoformat(),
            "reverses": one.is_reversal,
        }
        for one in balances.postings_of(bill_id=bill_id)
    ]
