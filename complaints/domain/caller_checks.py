"""
Who calls shows it: by the PIN of the account, or by answers that stand in the customer's file.

Which questions are asked follows from the account, the day and the tries before, so that asking anew does not bring
easier ones. What was answered is compared here, and kept nowhere.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel import fixed
from cis.kernel.errors import Refused

TAIL = 4
PLACES = 2


class CheckWay(StrEnum):
    """By what a caller showed who they are."""

    PIN = "pin"
    QUESTIONS = "questions"


class Question(StrEnum):
    """
    What a caller may be asked.

    ID_TAIL       last four marks of the identity number
    METER_TAIL    last four digits of a meter of the account
    LAST_BILL     amount of the last bill
    LAST_PAYMENT  amount of the last payment
    EMAIL         the mailbox on file
    """

    ID_TAIL = "id_tail"
    METER_TAIL = "meter_tail"
    LAST_BILL = "last_bill"
    LAST_PAYMENT = "last_payment"
    EMAIL = "email"


class CannotCheck(Refused):
    """The file knows too little to ask anything."""

    code = "caller_cannot_be_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the file knows; "" and None: nothing. [minor unit]"""

    id_number: str = ""
    meters: Sequence[str] = ()
    last_bill_minor: int | None = None
    last_payment_minor: int | None = None
    emails: Sequence[str] = ()


def known(facts: FileFacts) -> tuple[Question, ...]:
    """Return the questions to which the file has an answer."""
    has = {
        Question.ID_TAIL: len(facts.id_number) >= TAIL,
        Question.METER_TAIL: any(_tail(one) for one in facts.meters),
        Question.LAST_BILL: facts.last_bill_minor is not None,
        Question.LAST_PAYMENT: facts.last_payment_minor is not None,
        Question.EMAIL: bool(facts.emails),
    }
    return tuple(one for one in Question if has[one])


def drawn(*, facts: FileFacts, asked: int, right: int, account_id: int, on: date, tried: int) -> tuple[Question, ...]:
    """
    Return which questions are asked now; others after each try.

    :param tried: how often the caller was asked today.
    :raises CannotCheck: the file answers fewer than have to be right.
    """
    possible = known(facts)
    if len(possible) < right:
        raise CannotCheck(
            "The file knows too little of this customer to ask.", advice="Take the PIN, or ask them to come in person."
        )

    def order(one: Question) -> bytes:
        return hashlib.sha256(f"{account_id}|{on}|{tried}|{one}".encode()).digest()

    chosen = sorted(possible, key=order)[:asked]
    return tuple(one for one in Question if one in chosen)


def count_right(*, facts: FileFacts, asked: Sequence[Question], answers: Mapping[str, str]) -> int:
    """Return how many of the questions were answered as the file has it."""
    return sum(_is_right(one, answers.get(one, ""), facts) for one in asked)


def _is_right(one: Question, given: str, facts: FileFacts) -> bool:
    plain = unicodedata.normalize("NFKC", given).strip()
    if not plain:
        return False
    if one is Question.ID_TAIL:
        return len(plain) == TAIL and _same(plain.upper(), facts.id_number[-TAIL:].upper())
    if one is Question.METER_TAIL:
        return any(_same(plain, _tail(serial)) for serial in facts.meters)
    if one is Question.EMAIL:
        return any(_same(plain.lower(), mailbox.lower()) for mailbox in facts.emails)
    wanted = facts.last_bill_minor if one is Question.LAST_BILL else facts.last_payment_minor
    return wanted is not None and _minor(plain) == wanted


def _minor(text: str) -> int | None:
    """Return an amount as it is said, with or without its currency; None: it is none."""
    plain = re.sub(r"[\s,¥￥$€元]|CNY|RMB", "", text, flags=re.IGNORECASE)
    try:
        return fixed.parse(plain, places=PLACES)
    except (Refused, ValueError):
        return None


def _tail(serial: str) -> str:
    """Return the last four digits of a meter's number, letters left out; "": it has fewer."""
    digits = "".join(char for char in serial if char.isdecimal())
    return digits[-TAIL:] if len(digits) >= TAIL else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
