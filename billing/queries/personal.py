"""Where personal data of customers stand in this room. The ledger has none: it keeps ids and amounts."""

from collections.abc import Iterable, Sequence

from billing.domain.deposits import DepositState
from billing.domain.refunds import LIVE, RefundState
from billing.models.deposit import Deposit
from billing.models.settlement import FinalAccount, FinalState, Refund
from billing.queries import balances
from cis.platform.db import fetch
from cis.platform.personal import BY_CUSTOMER, ROW, Held, Obstacle, actors, by_account, struck, within

CREATED = f"{ROW}.created_at::date"
BILL = Held(table="billing_bill", way=by_account(f"{ROW}.end_date - 1"), subject="bill")
PAYMENT = Held(table="billing_payment", way=by_account(f"{ROW}.received_date"), subject="payment")
REFUND = Held(
    table="billing_refund", way=by_account(CREATED), subject="refund", sealed=("bank_account",),
    erased={"bank_account": "''", **struck("payee", "bank_code", "reason", "return_reason")},
)  # fmt: skip
DEPOSIT = Held(table="billing_deposit", way=by_account(CREATED), erased=struck("reason"), subject="deposit")
BUDGET = Held(table="billing_budgetplan", way=by_account(CREATED), erased=struck("terms"))
PREPAYMENT = Held(
    table="billing_prepayment", way=BY_CUSTOMER, subject="prepayment",
    erased=struck("agreement_reference", "end_reason") | actors("starter_name"),
)  # fmt: skip

HELD = (
    BILL,
    Held(table="billing_printedbill", way=within(BILL, "bill_id"), documents=("document_id",), swept=False),
    PAYMENT,
    Held(table="billing_paymentreturn", way=within(PAYMENT, "payment_id"), erased=struck("reason")),
    REFUND,
    Held(
        table="billing_adjustment", way=by_account(CREATED), erased=struck("text", "reverse_reason"),
        subject="adjustment",
    ),
    Held(
        table="billing_moneymove", way=by_account(CREATED, account="from_account_id"), subject="money_move",
        erased=struck("reason", "reverse_reason"),
    ),
    Held(
        table="billing_writeoff", way=by_account(CREATED), documents=("paper_id",), subject="write_off",
        erased=struck("evidence", "reverse_reason"),
    ),
    DEPOSIT,
    Held(table="billing_depositmove", way=within(DEPOSIT, "deposit_id"), erased=struck("reason")),
    Held(table="billing_depositrequest", way=within(DEPOSIT, "deposit_id"), erased=struck("reason")),
    Held(
        table="billing_einvoice", way=by_account(CREATED), documents=("document_id",), subject="e_invoice",
        sealed=("buyer_bank_account",),
        erased={
            "buyer_bank_account": "''",
            **struck("buyer_name", "buyer_tax_number", "buyer_address", "buyer_phone", "buyer_bank_name", "remark",
                     "fail_text"),
        },
    ),
    BUDGET,
    Held(table="billing_budgetsettlement", way=within(BUDGET, "plan_id"), erased=struck("reverse_reason")),
    PREPAYMENT,
    Held(
        table="billing_prepaidday", way=within(PREPAYMENT, "prepayment_id"),
        erased=struck("review_text", "accept_reason"),
    ),
    Held(table="billing_consolidation", way=BY_CUSTOMER, erased=struck("name", "address"), subject="consolidation"),
    Held(
        table="billing_energizing", way=by_account(f"{ROW}.ordered_at::date"), subject="energizing",
        erased=struck("message", "advice", "note"),
    ),
    Held(
        table="billing_finalaccount", way=by_account(f"{ROW}.end_date - 1"), erased=struck("waits_for"),
    ),
    Held(table="billing_heldbill", way=by_account(CREATED), erased=struck("message", "advice"), exported=False),
    Held(
        table="billing_rebill", way=by_account(f"{ROW}.opened_at::date"), erased=struck("reason"), exported=False
    ),
)  # fmt: skip


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:  # noqa: ARG001 (a port)
    """Return what stands against it in this room: money that is owed either way, a deposit, a refund under way."""
    if any(balances.owed_minor(account_ids=account_ids).values()):
        yield Obstacle(code="balance_open")
    ids = list(account_ids)
    if Deposit.objects.filter(account_id__in=ids, state=DepositState.OPEN.value).exists():
        yield Obstacle(code="deposit_open")
    if Refund.objects.filter(account_id__in=ids, state__in=[str(one) for one in (*LIVE, RefundState.SENT)]).exists():
        yield Obstacle(code="refund_open")
    if FinalAccount.objects.filter(account_id__in=ids, settled_at=None).exclude(state=FinalState.DROPPED).exists():
        yield Obstacle(code="bill_open")


def customer_of_bill(*, bill_id: int) -> int | None:
    """Return whose bill it is: who held the account on its last day; one statement."""
    found = fetch(f"SELECT {BILL.way.owner.replace(ROW, 't')} FROM billing_bill t WHERE t.id = %s", [bill_id])
    return found[0][0] if found else None
