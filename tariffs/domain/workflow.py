"""States of a tariff version and who may move it; whoever wrote a draft does not publish it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class VersionState(StrEnum):
    """
    States of a tariff version.

    DRAFT      it is no price yet
    PUBLISHED  it holds from its first day on, frozen
    REJECTED   somebody looked at the draft and refused it, with a reason
    REPLACED   its author wrote another draft in its place
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    REJECTED = "rejected"
    REPLACED = "replaced"


class VersionAction(StrEnum):
    """What moves a tariff version."""

    PUBLISH = "publish"
    REJECT = "reject"
    REPLACE = "replace"
    REOPEN = "reopen"


PRICERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))

_S, _A = VersionState, VersionAction
WORKFLOW = Workflow(
    "tariff version",
    {
        (_S.DRAFT, _A.PUBLISH): Move(_S.PUBLISHED, PRICERS),
        (_S.DRAFT, _A.REJECT): Move(_S.REJECTED, PRICERS),
        (_S.DRAFT, _A.REPLACE): Move(_S.REPLACED, PRICERS),
        **{(state, _A.REOPEN): Move(_S.DRAFT, PRICERS) for state in (_S.REJECTED, _S.REPLACED)},
    },
)
