"""An online payment: where it stands, what a provider says of it, and what becomes of what was said."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow


class CheckoutState(StrEnum):
    """
    Where an online payment stands.

    CREATED   the payer was sent to the provider
    PENDING   the payer has paid, and the provider is not certain yet
    PAID      the money is certain: it is a payment of the account
    HELD      the provider has money that is not what we asked for; a person decides
    FAILED    the provider or the payer's bank said no
    EXPIRED   nobody paid in time
    REVERSED  the money went back
    """

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    HELD = "held"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


class CheckoutAction(StrEnum):
    """What happens to an online payment."""

    BEGIN = "begin"
    PAY = "pay"
    HOLD = "hold"
    FAIL = "fail"
    EXPIRE = "expire"
    REVERSE = "reverse"
    BOOK = "book"


class Word(StrEnum):
    """What a provider says, whatever words it has for it."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


class Need(StrEnum):
    """
    Why a person has to look at an online payment.

    OTHER_AMOUNT    the provider has another amount than ours, or another currency: it is held
    PAID_TWICE      the provider names a second payment for it
    BACK_UNCLEAR    money went back that does not fit: a part of it, or of a payment that was taken back already
    REVERSED        the money went back: the debt is open again
    NO_ANSWER       the provider does not say what became of it
    """

    OTHER_AMOUNT = "other_amount"
    PAID_TWICE = "paid_twice"
    BACK_UNCLEAR = "back_unclear"
    REVERSED = "reversed"
    NO_ANSWER = "no_answer"


class Origin(StrEnum):
    """Where a payer came from: the portal, the code on a bill, or another program."""

    PORTAL = "portal"
    LINK = "link"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    One thing that a provider says of a checkout.

    event_id   the provider's own name of the message: said again, it is the same
    reference  our name of the checkout
    payment    the provider's name of the money, "" where there is none yet
    amount_minor, currency  what was paid or went back [minor unit]; without money, as asked for
    """

    event_id: str
    reference: str
    word: Word
    amount_minor: int
    currency: str
    occurred_at: datetime
    payment: str = ""
    reason: str = ""


class BadCheckout(Refused):
    """It cannot be paid online like that: too little, too much, or nothing of it is open."""

    code = "bad_checkout"


class UnknownCheckout(Refused):
    """There is no such online payment."""

    code = "unknown_checkout"


_PROVIDER: frozenset[Role | ActorKind] = frozenset({ActorKind.SYSTEM})
_PERSON: frozenset[Role | ActorKind] = frozenset({Role.CASHIER, Role.SUPERVISOR})
_S, _A = CheckoutState, CheckoutAction
_UNPAID = (_S.CREATED, _S.PENDING, _S.FAILED, _S.EXPIRED)
UNDER_WAY = (_S.CREATED, _S.PENDING)
"""The provider may still say what becomes of it."""
WORKFLOW: Workflow[CheckoutState, CheckoutAction] = Workflow(
    "checkout",
    {
        (_S.CREATED, _A.BEGIN): Move(_S.PENDING, _PROVIDER),
        **{(state, _A.PAY): Move(_S.PAID, _PROVIDER) for state in _UNPAID},
        **{(state, _A.HOLD): Move(_S.HELD, _PROVIDER) for state in _UNPAID},
        **{(state, _A.FAIL): Move(_S.FAILED, _PROVIDER) for state in UNDER_WAY},
        **{(state, _A.EXPIRE): Move(_S.EXPIRED, _PROVIDER) for state in UNDER_WAY},
        **{(state, _A.REVERSE): Move(_S.REVERSED, _PROVIDER) for state in (*_UNPAID, _S.PAID)},
        (_S.HELD, _A.REVERSE): Move(_S.REVERSED, _PROVIDER | _PERSON),
        (_S.HELD, _A.BOOK): Move(_S.PAID, _PERSON),
    },
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done about something said: an action, a look by a person, both, or nothing."""

    action: CheckoutAction | None = None
    need: Need | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a checkout is known for: what was asked, and the money that the provider named first."""

    state: CheckoutState
    amount_minor: int
    currency: str
    payment: str = ""
    said_minor: int | None = None


def verdict(*, asked: Asked, said: Said) -> Verdict:
    """
    Return what something that a provider says means; messages come in any order, and any number of times.

    What is known already changes nothing. Money after "failed" or "expired" is money all the same; after it went back
    it is the message that was overtaken.
    """
    if said.word is Word.PAID:
        return _paid(asked, said)
    if said.word is Word.REVERSED:
        return _reversed(asked, said)
    action = {Word.PENDING: _A.BEGIN, Word.FAILED: _A.FAIL, Word.EXPIRED: _A.EXPIRE}[said.word]
    return Verdict(action) if (asked.state, action) in WORKFLOW.moves else Verdict()


def _paid(asked: Asked, said: Said) -> Verdict:
    is_ours = (said.amount_minor, said.currency) == (asked.amount_minor, asked.currency)
    if asked.state in _UNPAID:
        return Verdict(_A.PAY) if is_ours else Verdict(_A.HOLD, Need.OTHER_AMOUNT)
    if asked.state in {_S.PAID, _S.HELD} and asked.payment and said.payment not in {"", asked.payment}:
        return Verdict(need=Need.PAID_TWICE)
    return Verdict()


def _reversed(asked: Asked, said: Said) -> Verdict:
    if asked.state is _S.REVERSED:
        return Verdict()
    if asked.payment and said.payment not in {"", asked.payment}:
        return Verdict(need=Need.PAID_TWICE)  # it is about a second payment that was never booked
    whole = asked.amount_minor if asked.said_minor is None else asked.said_minor
    if said.amount_minor != whole:
        return Verdict(need=Need.BACK_UNCLEAR)
    return Verdict(_A.REVERSE, Need.REVERSED if asked.state in {_S.PAID, _S.HELD} else None)


def transit(provider: str) -> str:
    """Return the ledger account of money that a provider has and has not brought to our bank yet."""
    return f"cash.transit_{provider}"


CASH = "cash.online"
SUSPENSE = "liability.suspense"
FEES = "expense.provider_fees"
NAME_SHORT = 4


def masked_name(name: str) -> str:
    """
    Return a name so that who bears it knows it and nobody else does: ``**丰``, ``上海***公司``, ``L*** M***``.

    Never more than a letter of a word, and of a long name without words two signs at each end.
    """
    words = name.split()
    if any(char.isascii() and char.isalpha() for char in name):
        return " ".join(f"{word[0]}***" for word in words)
    plain = "".join(words)
    if len(plain) <= NAME_SHORT:
        return "*" * max(1, len(plain) - 1) + plain[1:][-1:]
    return f"{plain[:2]}***{plain[-2:]}"
