"""Where personal data of customers stand in this room, and which files of the bank name them."""

from collections.abc import Iterable, Sequence

from billing.queries.personal import PAYMENT, REFUND
from cashiering.domain import checkouts, debits
from cashiering.domain.mandates import MandateState
from cashiering.models.checkout import Checkout
from cashiering.models.debit import Debit, Mandate
from cis.platform.personal import BY_CUSTOMER, ROW, Held, Obstacle, Way, by_account, either, struck, within

MANDATE = Held(
    table="cashiering_mandate", way=BY_CUSTOMER, documents=("scan_id",), subject="mandate", sealed=("bank_account",),
    erased={
        "bank_account": "''", **struck("holder_name", "bank_code", "signed_by", "evidence", "suspend_reason"),
    },
)  # fmt: skip
DEBIT = Held(
    table="cashiering_debit", way=within(MANDATE, "mandate_id"), subject="debit",
    erased=struck("return_reason", "problem"),
)  # fmt: skip
_PAID = Way(
    f"""{ROW}.id IN (SELECT c.line_id FROM cashiering_linepart c JOIN billing_payment y ON y.id = c.payment_id
    WHERE {PAYMENT.way.mine("y")})""",
    depth=1,
)
_SENT = Way(
    f"""{ROW}.id IN (SELECT c.line_id FROM cashiering_refundfileitem c JOIN billing_refund y
    ON y.id = c.refund_id WHERE {REFUND.way.mine("y")})""",
    depth=1,
)
LINE = Held(
    table="cashiering_statementline", way=either(_PAID, _SENT), subject="statement_line", sealed=("payer_account",),
    erased={"payer_account": "''", **struck("payer_name", "remittance", "original", "return_reason", "end_to_end_id")},
)  # fmt: skip
CHECKOUT = Held(
    table="cashiering_checkout", way=by_account(f"{ROW}.created_at::date"), subject="checkout",
    erased=struck("page_url", "qr", "reason"),
)  # fmt: skip
_RECEIPTS = Way(f"""{ROW}.id IN (SELECT c.receipt_id FROM cashiering_receiptpart c JOIN billing_payment y
    ON y.id = c.payment_id WHERE {PAYMENT.way.mine("y")})""")
_STATEMENTS = f"""SELECT s.file_id FROM cashiering_statementline l JOIN cashiering_bankstatement s
    ON s.id = l.statement_id WHERE {LINE.way.mine("l")}"""

HELD = (
    MANDATE,
    DEBIT,
    LINE,
    Held(table="cashiering_linedecision", way=within(LINE, "line_id"), erased=struck("reason"), exported=False),
    CHECKOUT,
    Held(
        table="cashiering_checkoutevent", way=within(CHECKOUT, "checkout_id"), erased=struck("body", "reason"),
        subject="checkout_event", exported=False,
    ),
    Held(table="cashiering_receipt", way=_RECEIPTS, erased=struck("reason"), subject="receipt"),
    Held(
        table="cashiering_statementfile", shared=("document_id",), exported=False,
        way=Way(f"{ROW}.id IN ({_STATEMENTS})"),
    ),
    Held(
        table="cashiering_debitbatch", shared=("document_id",), exported=False,
        way=Way(f"{ROW}.id IN (SELECT d.batch_id FROM cashiering_debit d WHERE {DEBIT.way.mine('d')})"),
    ),
    Held(
        table="cashiering_refundfile", shared=("document_id",), exported=False,
        way=Way(f"""{ROW}.id IN (SELECT c.refund_file_id FROM cashiering_refundfileitem c JOIN billing_refund y
            ON y.id = c.refund_id WHERE {REFUND.way.mine("y")})"""),
    ),
)  # fmt: skip


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:
    """Return what stands against it in this room: a mandate that holds, money on its way."""
    live = [MandateState.ACTIVE.value, MandateState.SUSPENDED.value, MandateState.ASKED.value]
    if Mandate.objects.filter(customer_id=customer_id, state__in=live).exists():
        yield Obstacle(code="mandate_holds")
    ids = list(account_ids)
    paying = Checkout.objects.filter(account_id__in=ids, state__in=[str(one) for one in checkouts.UNDER_WAY])
    if (
        paying.exists()
        or Debit.objects.filter(
            account_id__in=ids, mandate__customer_id=customer_id, state__in=[str(one) for one in debits.UNDER_WAY]
        ).exists()
    ):
        yield Obstacle(code="payment_under_way")
