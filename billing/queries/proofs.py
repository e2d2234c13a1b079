"""
The proof of a bill: every input and every step as one JSON document (docs/guide/bill-proof.md).

What a bill rests on is given as it was known when the bill was rated. Names of people are not in it.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from accounts.queries import supplier
from billing.domain.pieces import PlanVersion
from billing.queries import (
    balances,
    bills,
    changes,
    proof_chain,
    proof_charges,
    proof_energy,
    proof_rows,
    proof_segments,
)
from billing.queries.bills import BillDetail
from billing.queries.changes import Change
from billing.queries.proof_segments import Material
from cis.kernel import fixed
from contracts.queries import agreements
from tariffs.domain.plan import Plan
from tariffs.domain.telling import Plain
from tariffs.queries import plans, prices
from tariffs.queries.plans import VersionText

FORMAT = "wattline-bill-proof-2"
E6_PLACES = 6


def of_bill(*, bill_id: int, with_staff: bool = False, since_date: date | None = None) -> Plain:
    """
    Return the proof of a bill, as JSON has it; a constant number of statements, whatever its size.

    :param with_staff: whether the number of a member of staff who typed in a reading stands in it.
    :param since_date: day on which the reader took the account over: no bill of others is compared with theirs.
    :raises UnknownBill: there is none.
    """
    found = _gather(bill_id, with_staff=with_staff)
    return {
        "format": FORMAT,
        "bill": _bill(found.bill),
        "local": _local(found),
        "tariffs": _tariffs(found),
        "price_series": _price_series(found),
        **found.energy.told,
        "segments": list(proof_segments.written(found)),
        "charges": proof_charges.of_bill(bill_id=bill_id),
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
    bill, known_at = bills.one(bill_id=bill_id), proof_rows.made_at(bill_id=bill_id)
    rows = proof_rows.segments(bill_id=bill_id)
    version_ids = sorted({row.version_id for row in rows})
    texts = plans.texts(version_ids=version_ids, known_at=known_at)
    compiled = {version_id: plans.compiled(version_id) for version_id in version_ids}
    versions = {version_id: _version(version_id, compiled, texts) for version_id in version_ids}
    ids = sorted({row.agreement_id for row in rows})
    cards = {card.id: card for card in agreements.cards(agreement_ids=ids)}
    chain = proof_chain.of_rows(
        bill_id=bill_id,
        account_id=bill.card.account_id,
        rows=rows,
        versions=versions,
        begins={card.id: card.start_date for card in cards.values()},
        known_at=known_at,
    )
    return Material(
        bill=bill,
        known_at=known_at,
        rows=rows,
        plans=compiled,
        texts=texts,
        refs={version_id: f"t{place}" for place, version_id in enumerate(version_ids, start=1)},
        agreements=cards,
        changed_at=proof_segments.changes_of_terms(agreement_ids=ids, since=known_at),
        meters=proof_segments.meters_of(rows=rows, compiled=compiled),
        chain=chain,
        energy=proof_energy.of_segments(
            rows=rows, versions=list(versions.values()), known_at=known_at, with_staff=with_staff
        ),
    )


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
    until = max(span[1], span[0] + timedelta(days=1))
    events = prices.announced(start_date=span[0], end_date=until, known_at=found.known_at)
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


def _price_series(found: Material) -> list[Plain]:
    """Return the prices by the hour by which segments were rated, day by day; one statement if there are any."""
    own = [row for row in found.rows if row.cancels_id is None]
    codes = {one.series for row in own for one in found.plans[row.version_id].priced_by_hour}
    if not codes:
        return []
    start, end = min(row.start_date for row in own), max(row.end_date for row in own)
    days = prices.days_of_proof(codes=codes, start_date=start, end_date=end, known_at=found.known_at)
    return [
        {
            "series": one.series,
            "source": one.source,
            "date": one.day.day.isoformat(),
            "version": str(one.version),
            "interval_minutes": one.day.interval_minutes,
            "prices": [fixed.to_text(price, places=E6_PLACES) for price in one.day.prices_e6.tolist()],
        }
        for one in days
        if any(row.start_date <= one.day.day < row.end_date for row in own)
    ]


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
