"""Credit that is paid out: its states, who moves it, how much of it is free, and to which account it goes."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow

IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
PLAIN = re.compile(r"[A-Z0-9]{6,34}")
_IBAN_PLACES = 4
_IBAN_MODULUS, _IBAN_REST = 97, 1


class RefundState(StrEnum):
    """
    States of a refund.

    ASKED      by the customer, a clerk, or a final account that is a credit; nothing is promised yet
    APPROVED   a second person agreed: its money is kept for it
    SENT       it left the supplier: posted, and the account's credit no more
    CONFIRMED  the bank says that it arrived
    RETURNED   it came back: the account has its credit again
    DROPPED    it is not paid out
    """

    ASKED = "asked"
    APPROVED = "approved"
    SENT = "sent"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    DROPPED = "dropped"


class RefundAction(StrEnum):
    """What moves a refund."""

    APPROVE = "approve"
    SEND = "send"
    CONFIRM = "confirm"
    RETURN = "return"
    DROP = "drop"


ASKERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.CASHIER, Role.BILLING, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT)
)
APPROVERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT))
"""A program asks and approves where its key says so, never what it asked for itself."""
PAYERS: frozenset[Role | ActorKind] = frozenset((Role.CASHIER, Role.BILLING, Role.SUPERVISOR))
BOOKERS: frozenset[Role | ActorKind] = PAYERS | {ActorKind.SYSTEM}
"""A statement of the bank says what became of it, as well as a person."""

_S, _A = RefundState, RefundAction
REFUND_WORKFLOW = Workflow(
    "refund",
    {
        (_S.ASKED, _A.APPROVE): Move(_S.APPROVED, APPROVERS),
        (_S.ASKED, _A.DROP): Move(_S.DROPPED, ASKERS),
        (_S.APPROVED, _A.SEND): Move(_S.SENT, PAYERS),
        (_S.APPROVED, _A.DROP): Move(_S.DROPPED, APPROVERS),
        (_S.SENT, _A.CONFIRM): Move(_S.CONFIRMED, BOOKERS),
        (_S.SENT, _A.RETURN): Move(_S.RETURNED, BOOKERS),
        (_S.CONFIRMED, _A.RETURN): Move(_S.RETURNED, BOOKERS),
    },
)
LIVE = (RefundState.ASKED, RefundState.APPROVED)
"""States of a refund that is still to be paid."""
GONE = (RefundState.SENT, RefundState.CONFIRMED)
"""States of one whose money has left."""


class BadBankAccount(Refused):
    """The bank account cannot be one."""

    code = "bad_bank_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """
    The credit of an account, and what of it cannot be paid out now. [minor unit]

    credit_minor    what it has too much
    young_minor     of it from payments that may still bounce
    promised_minor  of it what other refunds under way are about
    given_up_minor  what was written off of the account: credit takes that back first
    used_minor      what a prepaid account has used and no bill bills yet
    """

    credit_minor: int
    young_minor: int
    promised_minor: int
    given_up_minor: int = 0
    used_minor: int = 0

    @property
    def free_minor(self) -> int:
        """What may be paid out now. [minor unit]"""
        kept = self.young_minor + self.promised_minor + self.given_up_minor + self.used_minor
        return max(0, self.credit_minor - kept)


def bank_account(typed: str, *, must_be_iban: bool) -> str:
    """
    Return the number of a bank account as banks write it: capitals, without spaces.

    What looks like an IBAN has to have its check digits. [source: ISO 13616-1, ISO/IEC 7064 MOD 97-10]

    :raises BadBankAccount: it is none.
    """
    number = re.sub(r"[\s-]", "", typed).upper()
    if IBAN.fullmatch(number):
        turned = number[_IBAN_PLACES:] + number[:_IBAN_PLACES]
        if int("".join(str(int(sign, 36)) for sign in turned)) % _IBAN_MODULUS == _IBAN_REST:
            return number
        raise BadBankAccount("The check digits do not fit.", advice="Compare it with the bank card.", field="account")
    if must_be_iban or not PLAIN.fullmatch(number):
        raise BadBankAccount("This is no bank account.", advice="Compare it with the bank card.", field="account")
    return number


def is_iban(number: str) -> bool:
    """Return whether a number that was checked is an IBAN."""
    return IBAN.fullmatch(number) is not None
