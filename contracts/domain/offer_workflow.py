"""States of an offer, and who moves it."""

from enum import StrEnum

from cis.kernel.workflow import Move, Workflow
from contracts.domain.contract_workflow import MACHINE, SIGNERS, WRITERS


class OfferState(StrEnum):
    """
    States of an offer.

    DRAFT      may still be changed
    SENT       the customer may accept one of its tariffs until its last day
    ACCEPTED   one was accepted; its contract waits for a signature, or is signed
    DECLINED   the customer does not want it
    REPLACED   a later version was sent before a contract was signed
    EXPIRED    its time is over
    WITHDRAWN  was never sent, or is offered no more, or its contract was withdrawn unsigned
    """

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REPLACED = "replaced"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferAction(StrEnum):
    """What moves an offer."""

    SEND = "send"
    ACCEPT = "accept"
    DECLINE = "decline"
    REPLACE = "replace"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


_S, _A = OfferState, OfferAction
WORKFLOW = Workflow(
    "offer",
    {
        (_S.DRAFT, _A.SEND): Move(_S.SENT, WRITERS),
        (_S.DRAFT, _A.WITHDRAW): Move(_S.WITHDRAWN, WRITERS),
        (_S.SENT, _A.ACCEPT): Move(_S.ACCEPTED, SIGNERS),
        (_S.SENT, _A.DECLINE): Move(_S.DECLINED, SIGNERS),
        (_S.SENT, _A.REPLACE): Move(_S.REPLACED, WRITERS),
        (_S.SENT, _A.EXPIRE): Move(_S.EXPIRED, MACHINE),
        (_S.SENT, _A.WITHDRAW): Move(_S.WITHDRAWN, WRITERS),
        (_S.ACCEPTED, _A.REPLACE): Move(_S.REPLACED, MACHINE),
        (_S.ACCEPTED, _A.WITHDRAW): Move(_S.WITHDRAWN, MACHINE),
    },
)
