"""
What a budget plan does to bills: two notes beside each, in the transaction that issues it, and back with it.

One note takes what the bill bills for energy from what is owed, the other asks for the level amount; both stand on the
ledger account of budget balances. So allocation, dunning, debits and ageing know only debts that they know anyhow.
One-off charges on the bill stay owed with it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain import budgets
from billing.domain.announcements import BillCancelled, BillsIssued
from billing.domain.budgets import PlanState, SettlementKind
from billing.models.budget import BudgetBill, BudgetLevel
from billing.operations import allocation, budget_settlements, notes
from billing.queries import budgets as queries
from cis.kernel.periods import Period
from cis.platform.db import execute, fetch, joins_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import signed_charges
from contracts.operations.signed_charges import SignedCharge

SUBJECT = "bill"
# The final bill is owed as it is: the plan ends with it.
_LEVELLED = """
    SELECT b.id, b.account_id, b.number, p.id,
           (SELECT coalesce(sum(s.amount_minor), 0) FROM billing_billsegment s WHERE s.bill_id = b.id)::bigint,
           c.first, c.last
    FROM billing_bill b
    JOIN billing_budgetplan p ON p.account_id = b.account_id AND p.state = 'active' AND b.start_date >= p.from_date
    CROSS JOIN LATERAL (
        SELECT greatest(b.start_date, min(s.start_date)) AS first, least(b.end_date, max(s.end_date)) AS last
        FROM billing_billsegment s
        WHERE s.bill_id = b.id AND s.cancels_id IS NULL AND s.start_date < b.end_date AND s.end_date > b.start_date
    ) c
    WHERE b.id = ANY(%s::bigint[]) AND b.kind = 'regular' AND NOT EXISTS (
        SELECT 1 FROM billing_finalaccount f
        WHERE f.account_id = b.account_id AND f.state IN ('open', 'billed') AND f.end_date <= b.end_date)
    ORDER BY b.id
"""
# What is taken onto the plan pays the bill itself, so that no older debt is paid by it.
_DIRECT = """
    INSERT INTO billing_allocation (credit_id, bill_id, amount_minor, created_at)
    SELECT CASE WHEN n.amount_minor < 0 THEN n.id ELSE b.id END, CASE WHEN n.amount_minor < 0 THEN b.id ELSE n.id END,
           least(abs(n.amount_minor), abs(b.amount_minor)), now()
    FROM unnest(%s::bigint[], %s::bigint[]) AS pair (note, bill)
    JOIN billing_bill n ON n.id = pair.note JOIN billing_bill b ON b.id = pair.bill
    WHERE sign(n.amount_minor) * sign(b.amount_minor) < 0
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """A bill to be levelled: what is taken, what is asked for. [minor unit]"""

    bill_id: int
    account_id: int
    number: str
    plan_id: int
    taken_minor: int
    level_minor: int
    covered: Period | None


@joins_transaction
def level_step(issued: BillsIssued) -> None:
    """Level those of the bills whose accounts have a budget plan: a listener; one statement where none has."""
    found = fetch(_LEVELLED, [list(issued.bill_ids)])
    if not found:
        return
    rows = _asked(found)
    before = queries.balances_minor(account_ids=[row.account_id for row in rows])
    taken = _notes(rows, ChargeKind.BUDGET_BILL, issued)
    levels = _notes(rows, ChargeKind.BUDGET_LEVEL, issued)
    BudgetBill.objects.bulk_create(
        BudgetBill(
            plan_id=row.plan_id,
            bill_id=row.bill_id,
            taken_note_id=taken.get(row.account_id),
            level_note_id=levels.get(row.account_id),
            taken_minor=row.taken_minor,
            level_minor=row.level_minor,
            covered_start=row.covered.start if row.covered else None,
            covered_end=row.covered.end if row.covered else None,
            balance_minor=before.get(row.account_id, 0) + row.taken_minor - row.level_minor,
        )
        for row in rows
    )
    pairs = [(taken[row.account_id], row.bill_id) for row in rows if row.account_id in taken]
    execute(_DIRECT, [[note for note, _bill in pairs], [bill for _note, bill in pairs]])
    allocation.allocate(account_ids=[row.account_id for row in rows], today=issued.issue_date)


@joins_transaction
def take_back_step(cancelled: BillCancelled) -> None:
    """Take the notes of a bill back that was levelled, and square a plan that has ended: a listener."""
    row = BudgetBill.objects.filter(bill_id=cancelled.bill_id).select_related("plan").first()
    if row is None:
        return
    for note_id in (row.level_note_id, row.taken_note_id):
        if note_id is not None:
            notes.take_back_step(
                note_id=note_id,
                reason=cancelled.reason,
                as_of_date=cancelled.as_of_date,
                actor=cancelled.actor,
                is_told=False,
            )
    if row.plan.state == PlanState.ENDED.value:
        budget_settlements.settle_step(
            plan=row.plan, kind=SettlementKind.AFTER, until_date=cancelled.as_of_date, today=cancelled.as_of_date,
            actor=cancelled.actor,
        )  # fmt: skip


def _asked(found: Sequence[tuple]) -> list[_Row]:
    plan_ids = [row[3] for row in found]
    levels: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for level in BudgetLevel.objects.filter(plan_id__in=plan_ids).order_by("from_date", "id"):
        levels[level.plan_id].append((level.from_date, level.amount_minor))
    taken: dict[int, list[Period]] = defaultdict(list)
    standing = BudgetBill.objects.filter(plan_id__in=plan_ids, bill__state="issued")
    for plan_id, start, end in standing.values_list("plan_id", "covered_start", "covered_end"):
        if start is not None and end is not None:
            taken[plan_id].append(Period(start, end))
    rows = []
    for bill_id, account_id, number, plan_id, energy_minor, first, last in found:
        covered = Period(first, last) if first is not None and first < last else None
        asked = budgets.asked_minor(levels=levels[plan_id], covered=covered, taken=taken[plan_id])
        rows.append(_Row(bill_id, account_id, number, plan_id, energy_minor, asked, covered))
    return rows


def _notes(rows: Sequence[_Row], kind: ChargeKind, issued: BillsIssued) -> dict[int, int]:
    """Write one note each for the rows that need one of a kind; return them by account."""
    is_taken = kind is ChargeKind.BUDGET_BILL
    amounts = [(row, -row.taken_minor if is_taken else row.level_minor) for row in rows]
    wanted = [(row, amount) for row, amount in amounts if amount]
    if not wanted:
        return {}
    source = queries.source(at=issued.issue_date)
    charge_ids = signed_charges.agree_many_step(
        subject=SUBJECT,
        charges=[
            SignedCharge(
                account_id=row.account_id,
                kind=kind,
                amount_minor=amount,
                ledger_class=budgets.LEDGER_CODE,
                reason=row.number if is_taken or row.covered is None else f"{row.covered.start:%Y-%m}",
                source=source,
                subject_id=row.bill_id,
                key=f"{kind}:{row.bill_id}",
            )
            for row, amount in wanted
        ],
        today=issued.issue_date,
        actor=issued.actor,
    )
    return notes.bill_many_step(
        charge_ids={row.account_id: [charge_id] for (row, _amount), charge_id in zip(wanted, charge_ids, strict=True)},
        kind=notes.NOTE,
        issue_date=issued.issue_date,
        due_date=None,
        actor=issued.actor,
        is_told=False,
        is_paid=False,
    )
