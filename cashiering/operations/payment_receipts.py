"""A receipt of a payment as PDF."""

from cashiering.queries import payment_receipts
from cis.platform import rendering

TEMPLATE = "documents/payment_receipt.html"
STYLESHEET = "documents/payment_receipt.css"
MEDIA_TYPE = "application/pdf"


def pdf(*, payment_id: int, is_masked: bool) -> bytes:
    """
    Return the receipt of a payment; it is rendered each time, and says if the payment went back.

    :param is_masked: it is for somebody who is not known to be the holder: name and account are masked.
    :raises UnknownPayment: there is none.
    """
    found = payment_receipts.of_payment(payment_id=payment_id, is_masked=is_masked)
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": found})


def pdf_of_whole(*, consolidated_payment_id: int, is_masked: bool) -> bytes:
    """
    Return the receipt of a payment for a consolidated bill; see ``pdf``.

    :raises UnknownPayment: there is none.
    """
    found = payment_receipts.of_whole(consolidated_payment_id=consolidated_payment_id, is_masked=is_masked)
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": found})
