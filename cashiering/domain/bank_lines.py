"""What becomes of a line of a statement."""

from enum import StrEnum

from cis.kernel.errors import Refused


class LineState(StrEnum):
    """
    Where the money of a line stands.

    NEW         it was read, and is not posted yet
    BOOKED      it is money of accounts, as payments
    SUSPENSE    some of it belongs to nobody known yet (``liability.suspense``)
    PROPOSED    it is to be sent back, and a second person has not agreed yet
    SENT_BACK   it is to go back to its payer by a transfer; its line will follow (``liability.outgoing``)
    TAKEN_BACK  it went back: an earlier payment is taken back by this line, or this line by a later one
    SETTLED     it went out, and it is known for what; or it is money of a till or an agent that arrived
    KNOWN       the same entry came in another file, and counts there
    """

    NEW = "new"
    BOOKED = "booked"
    SUSPENSE = "suspense"
    PROPOSED = "proposed"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"
    SETTLED = "settled"
    KNOWN = "known"


class Outcome(StrEnum):
    """
    For what money went out that no payment explains.

    FEE      a fee of the bank: our expense
    ENTERED  a refund or another payment that was posted where it was decided
    """

    FEE = "fee"
    ENTERED = "entered"


SUSPENSE = "liability.suspense"
OUTGOING = "liability.outgoing"
CASH = "cash.bank"
BANK_FEES = "expense.bank_fees"

RETURN_OF = "return"
RETURN_UNKNOWN = "return_unknown"
WENT_OUT = "went_out"
ENTRY_DIFFERS = "entry_differs"
PERHAPS_KNOWN = "perhaps_known"
IS_KNOWN = "is_known"
TRANSFER_OUT = "transfer_out"
DEBIT_COLLECTED = "debit_collected"
DEBIT_DIFFERS = "debit_differs"
DEBIT_RETURNED = "debit_returned"
DEBIT_SCORE = 100
DEPOSIT = "deposit"
HAND_OVER = "hand_over"
REFUND = "refund"
CONSOLIDATED = "consolidated_bill"
CONSOLIDATED_SCORE = 100

TRANSFER_PREFIX = "RET"


class BadSplit(Refused):
    """Money cannot be shared out like that."""

    code = "bad_split"


def transfer_name(line_id: int) -> str:
    """Return what a transfer back to a payer is to be called, so that its line is known when it comes."""
    return f"{TRANSFER_PREFIX}{line_id:010d}"


def payment_name(*, statement_id: int, line_no: int, part: int = 0) -> str:
    """Return the reference of the payment that a line, or a part of it, becomes."""
    return f"ST{statement_id}-{line_no}" + (f"-{part}" if part else "")


def check_split(*, amounts_minor: list[int], left_minor: int) -> None:
    """
    Check how a clerk shares money out.

    :raises BadSplit: a part is not above 0, there is none, or they are more than what is left. [minor unit]
    """
    if not amounts_minor or min(amounts_minor) <= 0:
        raise BadSplit("Each part must be more than 0.", advice="Leave out accounts that get nothing.")
    if sum(amounts_minor) > left_minor:
        raise BadSplit("The parts are more than what is left.", advice="Share out less.", left_minor=left_minor)
