"""What people may ask to be done with a deposit, and when a second person decides."""

from collections.abc import Mapping
from enum import StrEnum

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role


class RequestKind(StrEnum):
    """
    What is asked for.

    RETURN  all that is held goes back, and what is not paid is demanded no more
    REDUCE  so much less is demanded; what is held beyond that goes back
    WAIVE   what is not paid is demanded no more
    CANCEL  it was demanded by mistake: its notes are taken back
    SUPPLY  current may flow before it is paid; it stays demanded
    """

    RETURN = "return"
    REDUCE = "reduce"
    WAIVE = "waive"
    CANCEL = "cancel"
    SUPPLY = "supply"


OF_OPEN = frozenset((RequestKind.WAIVE, RequestKind.SUPPLY))
"""What is about money that is not paid: up to the limit of the role one person decides on it."""


ASKERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who demands deposits, and asks for something to be done with one; a program has no limit of its own."""


def needs_two(*, kind: RequestKind, amount_minor: int, limits: Mapping[str, int], roles: frozenset[Role]) -> bool:
    """
    Return whether a second person decides: where held money goes back always, of what is not paid above a limit.

    limits  by name of the role [minor unit]
    """
    if kind not in OF_OPEN:
        return True
    return amount_minor > max((most for role, most in limits.items() if Role(role) in roles), default=0)


def person(actor: Actor) -> int | None:
    """Return the id of an actor of the staff; None for programs, customers and the system, whose ids are others."""
    return actor.id if actor.kind is ActorKind.STAFF else None
