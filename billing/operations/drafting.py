"""Drafts: written by COPY with their segments and lines, dropped again, and the accounts that are held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from billing.domain.drafts import NONE, Draft, GoneTotals, compose
from billing.domain.findings import Obstacle
from billing.domain.pieces import Mask
from billing.models.bill import BillKind, BillState
from billing.models.run import HeldBill, HeldState
from billing.queries.segments import Findings
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from cis.platform import copying, db
from cis.platform.copying import boolean, day, instant, int2, int4, int8, int8_lists, null, text, words
from cis.platform.db import joins_transaction

_IDS = "SELECT nextval(pg_get_serial_sequence('{}', 'id')) FROM generate_series(1, %s)"
_GONE = """
    SELECT segment_id, count(*)::bigint, sum(tax_minor)::bigint FROM billing_billline
    WHERE bill_id = ANY(%(bills)s) AND segment_id = ANY(%(segments)s) GROUP BY segment_id
"""
_TAKE_BACK = """
    INSERT INTO billing_billline (bill_id, seq, segment_id, code, step, period_of_use, unit, quantity, price_e6,
                                  amount_minor, tax_minor, ledger_class)
    SELECT n.bill_id, n.first_seq + row_number() OVER (PARTITION BY n.segment_id ORDER BY l.seq) - 1, n.segment_id,
           l.code, l.step, l.period_of_use, l.unit, -l.quantity, l.price_e6, -l.amount_minor, -l.tax_minor,
           l.ledger_class
    FROM unnest(%(bills)s::bigint[], %(segments)s::bigint[], %(first_seqs)s::bigint[], %(source_bills)s::bigint[],
                %(sources)s::bigint[]) AS n(bill_id, segment_id, first_seq, source_bill_id, source_id)
    JOIN billing_billline l ON l.bill_id = n.source_bill_id AND l.segment_id = n.source_id
"""


_DROP = (
    "DELETE FROM billing_billline WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "DELETE FROM billing_billcharge WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "DELETE FROM billing_billsegment WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "UPDATE billing_heldbill SET bill_id = NULL WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "UPDATE billing_rebill SET bill_id = NULL WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "DELETE FROM billing_bill WHERE {drafts}",
)
_TAKE_OVER = """
    WITH taken AS (
        UPDATE billing_heldbill SET state = 'retried', resolved_at = now(), taken_over_by_id = %(run)s
        WHERE account_id = ANY(%(accounts)s) AND start_date = %(start)s AND end_date = %(end)s AND state = 'open'
        RETURNING bill_id
    )
    SELECT b.id, b.chunk_id FROM taken t JOIN billing_bill b ON b.id = t.bill_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which chunk of which run writes, and for what period."""

    run_id: int
    chunk_id: int
    period: Period


def draft_of(found: Findings) -> Draft:
    """Return the bills that findings make; one statement if segments are cancelled, else none."""
    gone = found.difference.gone
    lines, tax = np.zeros((2, len(gone)), dtype=np.int64)
    if len(gone):
        ids = found.existing.segment_id[gone]
        asked = {"bills": np.unique(found.existing.bill_id[gone]).tolist(), "segments": ids.tolist()}
        segment_id, count, taxes = db.read_columns(_GONE, asked, columns=3)
        order = np.argsort(segment_id)
        # A segment may have no line at all: then it is not among the counted.
        at = np.searchsorted(segment_id[order], ids)
        known = np.isin(ids, segment_id)
        lines[known], tax[known] = count[order[at[known]]], taxes[order[at[known]]]
    return compose(
        expected=found.expected,
        existing=found.existing,
        difference=found.difference,
        gone=GoneTotals(lines=lines, tax_minor=tax),
        versions=found.versions,
    )


@joins_transaction
def write(*, draft: Draft, held: Mask, origin: Origin) -> Int64:
    """
    Write the bills of a draft with their segments and lines; five statements, or six with cancelled segments.

    held  (b,) bills out of bounds
    :returns: ids of the bills, (b,).
    """
    bill_ids, segment_ids = _take("billing_bill", len(draft.bills)), _take("billing_billsegment", len(draft.segments))
    _copy_bills(draft, held, bill_ids, origin)
    _copy_segments(draft, bill_ids, segment_ids)
    if len(draft.copied):
        _take_back(draft, bill_ids, segment_ids)
    _copy_lines(draft, bill_ids, segment_ids)
    return bill_ids


def _take(table: str, count: int) -> Int64:
    ids: Int64 = db.read_columns(_IDS.format(table), [count], columns=1)[0]
    return ids


def _copy_bills(draft: Draft, held: Mask, ids: Int64, origin: Origin) -> None:
    bills = draft.bills
    copying.load(
        table="billing_bill",
        count=len(bills),
        columns={
            "id": int8(ids),
            "account_id": int8(bills.account_id),
            "run_id": int8(origin.run_id),
            "chunk_id": int8(origin.chunk_id),
            "kind": text(BillKind.REGULAR.value),
            "state": words(held.astype(np.int64), (BillState.DRAFT.value, BillState.HELD.value)),
            "number": null(),
            "start_date": day(origin.period.start),
            "end_date": day(origin.period.end),
            "issue_date": null(),
            "due_date": null(),
            "energy_wh": int8(bills.energy_wh),
            "amount_minor": int8(bills.amount_minor),
            "tax_minor": int8(bills.tax_minor),
            "balance_before_minor": int8(0),
            "cancels_id": null(),
            "created_at": instant(timezone.now()),
        },
    )


def _copy_segments(draft: Draft, bill_ids: Int64, ids: Int64) -> None:
    segments = draft.segments
    copying.load(
        table="billing_billsegment",
        count=len(segments),
        columns={
            "id": int8(ids),
            "bill_id": int8(bill_ids[segments.bill]),
            "agreement_id": int8(segments.agreement_id),
            "tariff_version_id": int8(segments.version_id),
            "start_date": day(segments.start_day),
            "end_date": day(segments.end_day),
            "period_start_date": day(segments.period_start_day),
            "period_end_date": day(segments.period_end_day),
            "used_wh": int8(segments.used_wh),
            "before_wh": int8(segments.before_wh),
            "household": int2(segments.household),
            "is_estimated": boolean(segments.is_estimated != 0),
            "amount_minor": int8(segments.amount_minor),
            "redelivered": int4(segments.redelivered),
            "inputs": int8_lists(draft.inputs.values, lengths=draft.inputs.lengths),
            "handed_on": int8_lists(draft.handed_on.values, lengths=draft.handed_on.lengths),
            "cancels_id": int8(segments.cancels, nulls=segments.cancels == NONE),
        },
    )


def _copy_lines(draft: Draft, bill_ids: Int64, segment_ids: Int64) -> None:
    lines, kinds = draft.lines, draft.kinds

    def of_kind(values: list[int]) -> Int64:
        return np.array(values, dtype=np.int64)[lines.kind]

    copying.load(
        table="billing_billline",
        count=len(lines),
        columns={
            "bill_id": int8(bill_ids[lines.bill]),
            "seq": int4(lines.seq),
            "segment_id": int8(segment_ids[lines.segment]),
            "code": words(lines.kind, [slot.code for slot in kinds]),
            "step": int2(of_kind([slot.step for slot in kinds])),
            "period_of_use": words(lines.kind, [slot.period for slot in kinds]),
            "unit": words(lines.kind, [str(slot.unit) for slot in kinds]),
            "quantity": int8(lines.quantity),
            "price_e6": int8(of_kind([slot.price_e6 or 0 for slot in kinds])),
            "amount_minor": int8(lines.amount_minor),
            "tax_minor": int8(lines.tax_minor),
            "ledger_class": words(lines.kind, [str(slot.ledger) for slot in kinds]),
        },
    )


def _take_back(draft: Draft, bill_ids: Int64, segment_ids: Int64) -> None:
    """Write the lines of cancelling segments: the negatives of those that they cancel."""
    copied = draft.copied
    db.execute(
        _TAKE_BACK,
        {
            "bills": bill_ids[draft.segments.bill[copied.segment]].tolist(),
            "segments": segment_ids[copied.segment].tolist(),
            "first_seqs": copied.first_seq.tolist(),
            "source_bills": copied.source_bill_id.tolist(),
            "sources": copied.source_id.tolist(),
        },
    )


@joins_transaction
def take_over(*, run_id: int, period: Period, account_ids: Sequence[int]) -> list[int]:
    """
    Take over what is still held of these accounts for a period that is rated anew, dropping its drafts.

    One statement, and a constant number more where there are drafts. Called before anything is read of the accounts:
    whoever is just releasing one of them is waited for, so that what he issued is seen.

    :returns: ids of the chunks that drafts were dropped from, to be counted anew.
    """
    given = {"run": run_id, "accounts": list(account_ids), "start": period.start, "end": period.end}
    drafts = db.fetch(_TAKE_OVER, given)
    if drafts:
        drop_drafts("id = ANY(%s) AND state IN ('draft', 'held')", [[bill for bill, _ in drafts]])
    return sorted({chunk for _, chunk in drafts if chunk is not None})


@joins_transaction
def give_back(*, run_id: int) -> None:
    """Leave what a run that is dropped had taken over to the runs that held it; their drafts are gone."""
    HeldBill.objects.filter(taken_over_by_id=run_id).update(
        state=HeldState.OPEN.value, resolved_at=None, taken_over_by=None
    )


@joins_transaction
def drop_drafts(condition: str, params: Sequence[object]) -> None:
    """
    Delete bills that were never issued, with all that hangs on them.

    :param condition: SQL on ``billing_bill``; must name the states draft or held.
    """
    for statement in _DROP:
        db.execute(statement.format(drafts=condition), params)


@joins_transaction
def hold(*, run_id: int, period: Period, obstacles: Mapping[int, Obstacle], bill_of: Mapping[int, int]) -> None:
    """
    Park accounts with their reasons; one statement. What was held of them for the period was taken over before.

    obstacles  by account
    bill_of    the drafts out of bounds, by account; others could not be rated
    """
    HeldBill.objects.bulk_create(
        HeldBill(
            run_id=run_id,
            account_id=account,
            start_date=period.start,
            end_date=period.end,
            bill_id=bill_of.get(account),
            code=obstacle.code,
            message=obstacle.message,
            advice=obstacle.advice,
        )
        for account, obstacle in sorted(obstacles.items())
    )
