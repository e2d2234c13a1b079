"""Batches of debits: made by the night, let go, sent, and what the bank says of the whole."""

from enum import StrEnum

from cashiering.domain.debits import DECIDERS
from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow


class BatchState(StrEnum):
    """
    States of a batch.

    MADE      it waits for two persons, since it is above the bound
    PROPOSED  one person would let it go
    RELEASED  its file is kept, and goes to the bank
    SENT      the bank has it
    REJECTED  the bank did not take it
    DROPPED   nothing was left in it when it was to go
    """

    MADE = "made"
    PROPOSED = "proposed"
    RELEASED = "released"
    SENT = "sent"
    REJECTED = "rejected"
    DROPPED = "dropped"


class BatchAction(StrEnum):
    """What moves a batch."""

    PROPOSE = "propose"
    KEEP = "keep"
    RELEASE = "release"
    SEND = "send"
    REJECT = "reject"
    DROP = "drop"


class NoCreditor(Refused):
    """The settings do not say who collects."""

    code = "no_debit_creditor"


class BankConnected(Refused):
    """The bank that is connected gets the file by itself: nobody says for it that it has it."""

    code = "debit_bank_connected"


PEOPLE: frozenset[Role | ActorKind] = DECIDERS | {ActorKind.CLIENT}
"""Who decides on a batch: members of staff, and programs whose key says so."""
_ANY: frozenset[Role | ActorKind] = PEOPLE | {ActorKind.SYSTEM}
_S, _A = BatchState, BatchAction
WORKFLOW = Workflow(
    "batch of debits",
    {
        (_S.MADE, _A.PROPOSE): Move(_S.PROPOSED, PEOPLE),
        (_S.PROPOSED, _A.KEEP): Move(_S.MADE, PEOPLE),
        (_S.MADE, _A.RELEASE): Move(_S.RELEASED, frozenset((ActorKind.SYSTEM,))),
        (_S.PROPOSED, _A.RELEASE): Move(_S.RELEASED, PEOPLE),
        (_S.RELEASED, _A.SEND): Move(_S.SENT, _ANY),
        (_S.SENT, _A.REJECT): Move(_S.REJECTED, _ANY),
        (_S.MADE, _A.DROP): Move(_S.DROPPED, _ANY),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, _ANY),
    },
)
