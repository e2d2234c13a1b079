"""States of a notice and of a mailing, and the moves between them."""

from enum import StrEnum
from typing import Final

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class NoticeState(StrEnum):
    """What became of a notice."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"


class MailingState(StrEnum):
    """How far a mailing is."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"


class MailingAction(StrEnum):
    """What is done with a mailing."""

    APPROVE = "approve"
    DROP = "drop"
    FINISH = "finish"


class NoticeAction(StrEnum):
    """What happens to a notice on its way."""

    SEND = "send"
    DELIVER = "deliver"
    BOUNCE = "bounce"
    FAIL = "fail"
    SUPPRESS = "suppress"
    RETRY = "retry"
    WITHDRAW = "withdraw"
    RESEND = "resend"


MACHINE: Final = frozenset({ActorKind.SYSTEM})
KEEPERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who may withdraw a notice that waits, and send one again that did not arrive."""
MAILERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who may propose a mailing; above the bound another supervisor lets it go."""
DECIDERS: Final = frozenset({Role.SUPERVISOR})

_S, _A = NoticeState, NoticeAction
NOTICE: Final = Workflow(
    "notice",
    {
        (_S.QUEUED, _A.SEND): Move(_S.SENT, MACHINE),
        (_S.QUEUED, _A.SUPPRESS): Move(_S.SUPPRESSED, MACHINE),
        (_S.QUEUED, _A.FAIL): Move(_S.FAILED, MACHINE),
        (_S.QUEUED, _A.BOUNCE): Move(_S.BOUNCED, MACHINE),
        (_S.SENT, _A.DELIVER): Move(_S.DELIVERED, MACHINE),
        (_S.SENT, _A.BOUNCE): Move(_S.BOUNCED, MACHINE),
        (_S.SENT, _A.FAIL): Move(_S.FAILED, MACHINE),
        # A mailbox may answer late that it took nothing, after a server on the way had said that it did.
        (_S.DELIVERED, _A.BOUNCE): Move(_S.BOUNCED, MACHINE),
        # It came back for something that passes, and is tried again.
        (_S.SENT, _A.RETRY): Move(_S.QUEUED, MACHINE),
        (_S.QUEUED, _A.WITHDRAW): Move(_S.WITHDRAWN, KEEPERS),
        # It was on its way while somebody withdrew it: what was sent was sent.
        (_S.WITHDRAWN, _A.SEND): Move(_S.SENT, MACHINE),
        (_S.BOUNCED, _A.RESEND): Move(_S.QUEUED, KEEPERS),
        (_S.FAILED, _A.RESEND): Move(_S.QUEUED, KEEPERS),
        (_S.SUPPRESSED, _A.RESEND): Move(_S.QUEUED, KEEPERS),
        (_S.WITHDRAWN, _A.RESEND): Move(_S.QUEUED, KEEPERS),
    },
)
MAILING: Final = Workflow(
    "mailing",
    {
        (MailingState.WAITING, MailingAction.APPROVE): Move(MailingState.SENDING, MAILERS),
        (MailingState.WAITING, MailingAction.DROP): Move(MailingState.DROPPED, MAILERS),
        (MailingState.SENDING, MailingAction.FINISH): Move(MailingState.SENT, MACHINE),
    },
)
