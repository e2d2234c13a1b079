"""What a till takes, holds, and should hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.domain.channels import PaymentChannel
from billing.domain.entries import Entry
from cis.kernel.errors import Refused

TILL_CASH = "cash.cash"
SAFE = "cash.safe"
BANK = "cash.bank"
TRANSIT = "cash.transit"
SHORT = "expense.cash_short"
OVER = "income.cash_over"
DEPOSIT_PREFIX = "DEP"
PIECES_MOST = 1_000_000
REASON_MOST = 200


class Means(StrEnum):
    """With what somebody pays at a till; WALLET: he shows the code of his purse."""

    CASH = "cash"
    CARD = "card"
    CHEQUE = "cheque"
    WALLET = "wallet"

    @property
    def channel(self) -> PaymentChannel:
        """Return the channel of payments by these means."""
        return PaymentChannel(self.value)


class SessionState(StrEnum):
    """
    Where the session of a till stands.

    OPEN     it takes money
    COUNTED  it was counted, and a second person has not confirmed the difference yet; it takes nothing
    CLOSED   its money is at the safe and on its way to the bank
    """

    OPEN = "open"
    COUNTED = "counted"
    CLOSED = "closed"


class ReceiptState(StrEnum):
    """
    Where a receipt stands.

    TAKEN         the money is here
    CANCEL_ASKED  the cashier wants it cancelled, and a second person has not decided yet
    CANCELLED     it counts no more, and the money went back
    """

    TAKEN = "taken"
    CANCEL_ASKED = "cancel_asked"
    CANCELLED = "cancelled"


class CashMove(StrEnum):
    """Why cash comes into an open till or leaves it, beside payments."""

    FROM_SAFE = "from_safe"
    TO_SAFE = "to_safe"
    TO_BANK = "to_bank"
    FROM_AGENT = "from_agent"

    @property
    def is_in(self) -> bool:
        """Return whether the till has more of it afterwards."""
        return self in {CashMove.FROM_SAFE, CashMove.FROM_AGENT}


MOVES_BY_HAND = (CashMove.FROM_SAFE, CashMove.TO_SAFE, CashMove.TO_BANK)
"""Money of agents is taken where the agent is known."""

OTHER_SIDE: Mapping[CashMove, str] = {
    CashMove.FROM_SAFE: SAFE,
    CashMove.TO_SAFE: SAFE,
    CashMove.TO_BANK: TRANSIT,
    CashMove.FROM_AGENT: PaymentChannel.AGENT.ledger_code,
}


class BadCount(Refused):
    """The till cannot have been counted like that."""

    code = "bad_count"


class BadTill(Refused):
    """The till cannot do this: an amount, a reason or a number is missing or impossible."""

    code = "bad_till"


class NotEnoughCash(Refused):
    """The till does not hold so much."""

    code = "not_enough_cash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """
    Cash that went through a till since it was opened. [minor unit]

    float_minor      counted when it was opened
    taken_minor      of receipts, cancelled ones too
    cancelled_minor  given back for receipts that were cancelled
    in_minor         brought, as change from the safe
    out_minor        taken away, to the safe or the bank
    """

    float_minor: int
    taken_minor: int
    cancelled_minor: int
    in_minor: int
    out_minor: int

    @property
    def expected_minor(self) -> int:
        """Return what should be in it now."""
        return self.float_minor + self.taken_minor - self.cancelled_minor + self.in_minor - self.out_minor


def counted_minor(*, pieces: Mapping[int, int], faces: Sequence[int]) -> int:
    """
    Return what a count adds up to. [minor unit]

    pieces  how many of each note and coin, by its face value [minor unit]
    faces   those in use [minor unit]

    :raises BadCount: a face is none of them, or a number is below 0 or beyond all measure.
    """
    for face, count in pieces.items():
        if face not in faces or not 0 <= count <= PIECES_MOST:
            raise BadCount("Count notes and coins that are in use, each 0 or more.", advice="Count again.", face=face)
    return sum(face * count for face, count in pieces.items())


def change_minor(*, amount_minor: int, tendered_minor: int | None, means: Means) -> int:
    """
    Return what is given back. [minor unit]

    :param tendered_minor: what the payer gave; None: exactly the amount.
    :raises BadTill: he gave too little, or more than the amount by other means than cash.
    """
    if tendered_minor is None:
        return 0
    if tendered_minor < amount_minor:
        raise BadTill("The payer gave less than the amount.", advice="Take less, or ask for more.", field="tendered")
    if means is not Means.CASH and tendered_minor != amount_minor:
        raise BadTill("Change is given for cash alone.", advice="Take the exact amount.", field="tendered")
    return tendered_minor - amount_minor


def deposit_name(deposit_id: int) -> str:
    """Return what is to be written on the slip of a deposit, so that its line on a statement is known."""
    return f"{DEPOSIT_PREFIX}{deposit_id:010d}"


def receipt_number(taken: int) -> str:
    """Return the printed number of the n-th receipt of this installation, as ``R0000000042``."""
    return f"R{taken:010d}"


def closing_entries(
    *,
    session_id: int,
    expected_minor: int,
    found_minor: int,
    deposit_minor: int,
    others_minor: Mapping[Means, int],
    on: date,
    reason: str,
) -> list[Entry]:
    """
    Return what the close of a till posts: its difference, what goes to the bank, and the rest back to the safe.

    others_minor  what came by other means than cash; it is on its way to our account too [minor unit]
    """
    difference = found_minor - expected_minor
    moves = [
        ("difference", TILL_CASH, OVER, max(difference, 0)),
        ("difference", SHORT, TILL_CASH, max(-difference, 0)),
        ("deposit", TRANSIT, TILL_CASH, deposit_minor),
        ("safe", SAFE, TILL_CASH, found_minor - deposit_minor),
        *((f"deposit_{means}", TRANSIT, means.channel.ledger_code, amount) for means, amount in others_minor.items()),
    ]
    return [
        Entry(
            source_id=session_id, part=part, debit=debit, credit=credit, account_id=None, amount_minor=amount,
            occurred_date=on, reason=reason if part == "difference" else "",
        )
        for part, debit, credit, amount in moves if amount
    ]  # fmt: skip
