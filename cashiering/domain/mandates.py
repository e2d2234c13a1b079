"""Mandates: a customer lets us debit an account at a bank, up to an amount, until it is taken back."""

from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.kernel.workflow import Move, Workflow

HOLDER_MOST = 70
"""As many letters as a bank takes of a name. [source: ISO 20022, pain.008, Max70Text of the scheme]"""


class MandateState(StrEnum):
    """
    States of a mandate.

    ASKED      it waits for the signature
    ACTIVE     bills are debited by it
    SUSPENDED  the bank says that something is wrong; nothing is debited until staff have looked
    ENDED      taken back, replaced, or unused too long; nothing leads back
    """

    ASKED = "asked"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class MandateAction(StrEnum):
    """What moves a mandate."""

    SIGN = "sign"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


class MandateWay(StrEnum):
    """
    By which way it was given.

    PORTAL  signed by a one-time code   PAPER  signed on paper, whose scan is kept   API  signed elsewhere
    """

    PORTAL = "portal"
    PAPER = "paper"
    API = "api"


class EndReason(StrEnum):
    """Why a mandate ended."""

    REVOKED = "revoked"
    REPLACED = "replaced"
    UNUSED = "unused"
    USED = "used"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


class BadMandate(Refused):
    """A mandate cannot be given like that: no holder, no limit, a day to come."""

    code = "bad_mandate"


class NotOfHolder(Refused):
    """The account at the bank is somebody else's, who has to sign on paper."""

    code = "mandate_not_of_holder"


SIGNERS: frozenset[Role | ActorKind] = frozenset(
    (ActorKind.CUSTOMER, ActorKind.CLIENT, ActorKind.SYSTEM, Role.CLERK, Role.CASHIER, Role.SUPERVISOR)
)
_STAFF: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM, Role.CLERK, Role.CASHIER, Role.SUPERVISOR))
_S, _A = MandateState, MandateAction
WORKFLOW = Workflow(
    "mandate",
    {
        (_S.ASKED, _A.SIGN): Move(_S.ACTIVE, SIGNERS),
        (_S.ASKED, _A.END): Move(_S.ENDED, SIGNERS),
        (_S.ACTIVE, _A.SUSPEND): Move(_S.SUSPENDED, _STAFF),
        (_S.ACTIVE, _A.END): Move(_S.ENDED, SIGNERS),
        (_S.SUSPENDED, _A.RESUME): Move(_S.ACTIVE, _STAFF),
        (_S.SUSPENDED, _A.END): Move(_S.ENDED, SIGNERS),
    },
)


def check(*, holder: str, limit_minor: int, signed_date: date | None, today: date) -> None:
    """
    Check what a mandate says. limit_minor: the most that one debit may be [minor unit]

    :raises BadMandate: the holder's name is missing or too long, the limit is not above 0, the day is to come.
    """
    if not 0 < len(holder.strip()) <= HOLDER_MOST:
        raise BadMandate(f"The holder's name has 1 to {HOLDER_MOST} letters.", advice="As the bank knows it.",
                         field="holder_name")  # fmt: skip
    if limit_minor <= 0:
        raise BadMandate("The limit must be more than 0.", advice="Enter the most that one debit may be.",
                         field="limit")  # fmt: skip
    if signed_date is not None and signed_date > today:
        raise BadMandate(f"{signed_date} is still to come.", advice="Enter the day of the signature.",
                         field="signed_date")  # fmt: skip


def is_unused(*, last_date: date, unused_months: int, today: date) -> bool:
    """Return whether a mandate has lapsed: not used for so many months since it was signed or last debited."""
    return add_months(last_date, unused_months) <= today
