"""Who does something: a member of staff, a customer, a client program, or the system itself."""

from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.enums import Role


class ActorKind(StrEnum):
    """What sort of actor it is."""

    STAFF = "staff"
    CUSTOMER = "customer"
    CLIENT = "client"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """
    The one in whose name something is done; each move and each audit event keeps it.

    id     key of the user, or of the client program; None = the system
    name   as shown in histories
    roles  what a person may do
    """

    kind: ActorKind
    id: int | None
    name: str
    roles: frozenset[Role] = frozenset()

    @property
    def person_id(self) -> int | None:
        """Return who it is among those of whom two decide: a user's id, below 0 that of a program; None: the system."""
        return -self.id if self.kind is ActorKind.CLIENT and self.id is not None else self.id

    def is_one_of(self, allowed: frozenset[Role | ActorKind]) -> bool:
        """Return whether one of the actor's roles, or its kind, is among those allowed."""
        return self.kind in allowed or not self.roles.isdisjoint(allowed)


SYSTEM = Actor(ActorKind.SYSTEM, None, "system")
"""Nightly runs, and deadlines that pass."""
