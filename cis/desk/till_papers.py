"""Papers of the cash desk: receipts on a roll of 80 mm or on A4, and the report of a session; in both languages."""

from dataclasses import dataclass

from django.utils import translation

from accounts.queries import accounts, supplier, users
from billing.queries import agreed_parts, payments
from billing.queries.payments import PaymentDetail
from cashiering.queries import tills
from cis.desk.till_words import CASH_MOVES, MEANS
from cis.platform import rendering

RECEIPT = "documents/receipt.html"
RECEIPT_STYLE = "documents/receipt.css"
REPORT = "documents/till_report.html"
REPORT_STYLE = "documents/till_report.css"
ROLL_MM = 84
ROLL_PART_MM = 14
ROLL_BILL_MM = 5
ROLL_MARK_MM = 9
RECEIPTS_MOST = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPart:
    """What of a receipt went to an account, with the name of its holder and the bills that it paid."""

    number: str
    holder: str
    detail: PaymentDetail
    instalments: tuple[agreed_parts.PaidPart, ...] = ()

    @property
    def credit_minor(self) -> int:
        """Return what pays no bill, and stays as credit. [minor unit]"""
        return self.detail.amount_minor - sum(amount for _bill, amount in self.detail.paid) - self.detail.refunded_minor


def receipt(*, receipt_id: int, paper: str, copy: int) -> bytes:
    """
    Return a receipt as PDF.

    :param paper: "roll" (80 mm wide, as long as it needs) or "a4".
    :param copy: 0: the original; else the number of the copy, which the paper says.
    :raises UnknownReceipt: there is none.
    """
    card = tills.receipt(receipt_id=receipt_id)
    rows = tills.parts(receipt_id=receipt_id)
    held = accounts.addressees(account_ids=[row.account_id for row in rows], at_date=card.taken_date)
    parts = [
        PaidPart(
            number=row.account_number,
            holder=held[row.account_id].name if row.account_id in held else "",
            detail=payments.one(payment_id=row.payment_id),
            instalments=agreed_parts.paid_by(payment_id=row.payment_id),
        )
        for row in rows
    ]
    lines = sum(len(part.detail.paid) + bool(part.credit_minor) + len(part.instalments) for part in parts)
    lines += 3 * any(part.instalments for part in parts)
    marks = bool(copy) + (card.state == "cancelled")
    means_zh, means_en = _both(MEANS[card.means])
    context = {
        "card": card,
        "parts": parts,
        "supplier": supplier.current(),
        "cashier": users.names([card.cashier_id]).get(card.cashier_id, ""),
        "means_zh": means_zh,
        "means_en": means_en,
        "copy": copy,
        "paper": paper,
        "length_mm": ROLL_MM + ROLL_PART_MM * len(parts) + ROLL_BILL_MM * lines + ROLL_MARK_MM * marks,
    }
    return rendering.pdf(template=RECEIPT, css=RECEIPT_STYLE, context=context)


def report(*, session_id: int) -> bytes:
    """
    Return the report of a session as PDF.

    :raises UnknownSession: there is none.
    """
    card = tills.session(session_id=session_id)
    means = [(*_both(MEANS[name]), *sums) for name, sums in tills.by_means(session_id=session_id).items()]
    movements = [(*_both(CASH_MOVES[row.kind]), row) for row in tills.movements(session_id=session_id)]
    receipts = tills.receipts(session_id=session_id, most=RECEIPTS_MOST)
    context = {
        "card": card,
        "flow": tills.flow(session_id=session_id),
        "means": means,
        "movements": movements,
        "counts": [(face, n, face * n) for face, n in tills.counts(session_id=session_id, is_closing=True)],
        "deposits": [
            (row, *_both(MEANS[row.means])) for row in reversed(tills.deposits(session_id=session_id, most=100))
        ],
        "receipts": [(row, *_both(MEANS[row.means])) for row in reversed(receipts)],
        "supplier": supplier.current(),
        "names": users.names([card.cashier_id, card.counted_by_id, card.confirmed_by_id]),
    }
    return rendering.pdf(template=REPORT, css=REPORT_STYLE, context=context)


def _both(words: object) -> tuple[str, str]:
    """Return a word in Chinese and in English."""
    with translation.override("zh-hans"):
        chinese = str(words)
    with translation.override("en"):
        return chinese, str(words)
