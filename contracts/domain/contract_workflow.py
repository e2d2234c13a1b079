"""States of a supply contract, and who moves it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class ContractState(StrEnum):
    """
    States of a contract.

    DRAFT      its terms may still be changed
    ISSUED     has its number and its text; waits for a signature
    SIGNED     holds from its first day on; nothing in it changes any more
    WITHDRAWN  was never signed
    REPLACED   a later version was signed; holds again if that one never will
    ENDED      was terminated, or its time is over
    """

    DRAFT = "draft"
    ISSUED = "issued"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    ENDED = "ended"


class ContractAction(StrEnum):
    """What moves a contract."""

    ISSUE = "issue"
    SIGN = "sign"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    TERMINATE = "terminate"
    EXPIRE = "expire"
    REINSTATE = "reinstate"


class SigningWay(StrEnum):
    """How a contract was signed."""

    PORTAL = "portal"
    PAPER = "paper"


WRITERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.SUPERVISOR, ActorKind.SYSTEM, ActorKind.CLIENT))
SIGNERS: frozenset[Role | ActorKind] = WRITERS | {Role.CUSTOMER, ActorKind.CUSTOMER, ActorKind.CLIENT}
ENDERS: frozenset[Role | ActorKind] = frozenset((Role.SUPERVISOR, ActorKind.SYSTEM))
MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))

_S, _A = ContractState, ContractAction
WORKFLOW = Workflow(
    "supply contract",
    {
        (_S.DRAFT, _A.ISSUE): Move(_S.ISSUED, SIGNERS),
        (_S.ISSUED, _A.SIGN): Move(_S.SIGNED, SIGNERS),
        (_S.DRAFT, _A.WITHDRAW): Move(_S.WITHDRAWN, WRITERS),
        (_S.ISSUED, _A.WITHDRAW): Move(_S.WITHDRAWN, WRITERS),
        (_S.SIGNED, _A.REPLACE): Move(_S.REPLACED, SIGNERS),
        (_S.SIGNED, _A.TERMINATE): Move(_S.ENDED, ENDERS),
        (_S.SIGNED, _A.EXPIRE): Move(_S.ENDED, MACHINE),
        (_S.REPLACED, _A.REINSTATE): Move(_S.SIGNED, MACHINE),
    },
)
