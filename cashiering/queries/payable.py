"""What a printed number stands for where money is taken: an account, a part of a plan, or a consolidated bill."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts
from billing.queries import agreed_parts, balances, consolidated
from billing.queries.agreed_parts import CodedPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """
    What a number stands for.

    number                of the account, or of the consolidated bill
    account_id            of a consolidated bill its lead account, which gets what is too much
    part                  the number is on the card of an instalment: the part of its plan whose turn it is
    consolidated_bill_id  None: it is no consolidated bill
    holder                "" unless it is a consolidated bill: its customer
    """

    number: str
    account_id: int
    part: CodedPart | None = None
    consolidated_bill_id: int | None = None
    holder: str = ""
    open_minor: int = 0


def of_number(number: str) -> Payable:
    """
    Return what a printed number stands for; at most four statements.

    :raises UnknownAccount: it is nobody's.
    """
    part = agreed_parts.of_codes(codes=[number]).get(number)
    if part is not None:
        part = agreed_parts.turn_of(part)
        own = accounts.card(account_id=part.account_id).number
        return Payable(number=own, account_id=part.account_id, part=part, open_minor=part.open_minor)
    whole = consolidated.by_numbers([number]).get(number)
    if whole is None:
        return Payable(number=number, account_id=accounts.id_of_number(number))
    card = consolidated.one(consolidated_bill_id=whole)
    return Payable(
        number=number,
        account_id=card.lead_account_id,
        consolidated_bill_id=whole,
        holder=card.customer,
        open_minor=card.open_minor,
    )


def owed_minor(payable: Payable, *, today: date) -> int:
    """Return what is to be paid for it now, 0 or more. [minor unit]"""
    if payable.consolidated_bill_id is not None or payable.open_minor:
        return payable.open_minor
    return max(0, balances.of_account(account_id=payable.account_id, today=today).balance_minor)
