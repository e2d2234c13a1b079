"""Final accounts: how far they are billed, what they wait for, what is to be paid back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.models.bill import BillSegment, BillState
from billing.models.run import HeldBill, HeldState
from billing.models.settlement import FinalAccount, Refund
from cis.platform import db
from tariffs.queries import plans

# The first day of each agreement that no standing bill has reached; agreements that go on are not asked for.
_UNBILLED = """
    SELECT min(first_day) FROM (
        SELECT coalesce((
            SELECT max(s.end_date) FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id
            WHERE s.agreement_id = g.id AND b.state = 'issued' AND s.cancels_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
                WHERE c.cancels_id = s.id AND cb.state = 'issued')
        ), lower(g.period)) AS first_day, upper(g.period) AS end_day
        FROM contracts_serviceagreement g WHERE g.account_id = %s AND NOT upper_inf(g.period)
    ) a WHERE first_day < end_day
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCard:
    """A credit to be paid back, or that was. [minor unit]"""

    id: int
    account_id: int
    account_number: str
    amount_minor: int
    due_by_date: date
    payee: str
    reference: str
    paid_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalCard:
    """
    A final account as a page shows it.

    waits_for  what keeps the final bill from being made
    """

    id: int
    account_id: int
    account_number: str
    change_id: int
    state: str
    end_date: date
    bill_by_date: date
    bill_id: int | None
    bill_number: str
    run_id: int | None
    waits_for: str
    refund: RefundCard | None


def first_unbilled(*, account_id: int) -> date | None:
    """Return the first day of an account before its ends that is on no bill; None: all are; one statement."""
    ((day,),) = db.fetch(_UNBILLED, [account_id])
    return day  # type: ignore[no-any-return]


def is_held(*, run_id: int) -> bool:
    """Return whether a run holds a bill for somebody to look at; one statement."""
    return HeldBill.objects.filter(run_id=run_id, state=HeldState.OPEN.value).exists()


def counted_wh(*, agreement_id: int, on: date) -> int:
    """
    Return the energy that an agreement that ended on a date has counted since its tier cycle began, as billed. [Wh]

    0 where its tariff counts none, or a new cycle begins on that date; one statement.
    """
    last = (
        BillSegment.objects.filter(agreement_id=agreement_id, bill__state=BillState.ISSUED.value, cancels=None)
        .exclude(cancelled_by__bill__state=BillState.ISSUED.value)
        .order_by("-end_date")
        .values_list("before_wh", "used_wh", "tariff_version_id", "start_date")
        .first()
    )
    if last is None:
        return 0
    before_wh, used_wh, version_id, start_date = last
    begun = plans.compiled(version_id).tier_cycle.start_of(on=on)
    return before_wh + used_wh if begun is not None and begun <= start_date else 0


def of_change(*, change_id: int) -> FinalCard | None:
    """Return the final account that a change opened; None: there is none; two statements."""
    found = _cards(change_id=change_id)
    return found[0] if found else None


def of_account(*, account_id: int) -> tuple[FinalCard, ...]:
    """Return the final accounts of an account, latest first; two statements."""
    return _cards(account_id=account_id)


def accounts_of(*, final_ids: Sequence[int], refund_ids: Sequence[int]) -> dict[tuple[str, int], tuple[int, str]]:
    """Return id and number of the accounts of final accounts and refunds, by their kind and id; two statements."""
    found: dict[tuple[str, int], tuple[int, str]] = {}
    if final_ids:
        finals = FinalAccount.objects.filter(id__in=list(final_ids)).values_list("id", "account_id", "account__number")
        found |= {("final_account", row_id): (account_id, number) for row_id, account_id, number in finals}
    if refund_ids:
        refunds = Refund.objects.filter(id__in=list(refund_ids)).values_list("id", "account_id", "account__number")
        found |= {("refund", row_id): (account_id, number) for row_id, account_id, number in refunds}
    return found


def _cards(**chosen: int) -> tuple[FinalCard, ...]:
    rows = list(FinalAccount.objects.filter(**chosen).select_related("account", "bill").order_by("-id"))
    refunds = {
        row.final_account_id: _refund(row)
        for row in Refund.objects.filter(final_account__in=rows).select_related("account").order_by("id")
    }
    return tuple(
        FinalCard(
            id=row.id,
            account_id=row.account_id,
            account_number=row.account.number,
            change_id=row.change_id,
            state=row.state,
            end_date=row.end_date,
            bill_by_date=row.bill_by_date,
            bill_id=row.bill_id,
            bill_number=(row.bill.number or "") if row.bill else "",
            run_id=row.run_id,
            waits_for=row.waits_for,
            refund=refunds.get(row.id),
        )
        for row in rows
    )


def _refund(row: Refund) -> RefundCard:
    return RefundCard(
        id=row.id,
        account_id=row.account_id,
        account_number=row.account.number,
        amount_minor=row.amount_minor,
        due_by_date=row.due_by_date,
        payee=row.payee,
        reference=row.reference,
        paid_date=row.paid_date,
    )
