"""Crews with their members, as pages show them."""

from dataclasses import dataclass

from accounts.queries import users
from cis.kernel.errors import Refused
from metering.models.work import Crew, CrewMember


class UnknownCrew(Refused):
    """There is no such crew."""

    code = "unknown_crew"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewCard:
    """A crew; no areas: everywhere, no kinds: everything. ``member_ids`` and ``members`` in one order."""

    id: int
    name: str
    areas: tuple[str, ...]
    kinds: tuple[str, ...]
    is_active: bool
    member_ids: tuple[int, ...]
    members: tuple[str, ...]

    def serves(self, *, district: str, kind: str) -> bool:
        """Return whether the crew works there and does this."""
        return (not self.areas or district in self.areas) and (not self.kinds or kind in self.kinds)


def listed(*, only_active: bool = False) -> tuple[CrewCard, ...]:
    """Return all crews, those at work first, by name; three statements."""
    rows = Crew.objects.order_by("-is_active", "name")
    found = list(rows.filter(is_active=True) if only_active else rows)
    members = list(CrewMember.objects.filter(crew__in=found).order_by("id").values_list("crew_id", "user_id"))
    names = users.names(user_id for _crew_id, user_id in members)
    by_crew: dict[int, list[int]] = {}
    for crew_id, user_id in members:
        by_crew.setdefault(crew_id, []).append(user_id)
    return tuple(
        CrewCard(
            id=row.id,
            name=row.name,
            areas=tuple(row.areas),
            kinds=tuple(row.kinds),
            is_active=row.is_active,
            member_ids=tuple(by_crew.get(row.id, ())),
            members=tuple(names.get(user_id, "") for user_id in by_crew.get(row.id, ())),
        )
        for row in found
    )


def one(*, crew_id: int) -> CrewCard:
    """
    Return a crew.

    :raises UnknownCrew: there is none.
    """
    for card in listed():
        if card.id == crew_id:
            return card
    raise UnknownCrew(f"There is no crew {crew_id}.", crew_id=crew_id)


def of_user(*, user_id: int | None) -> int | None:
    """Return the id of the crew that somebody is in; None: in none."""
    if user_id is None:
        return None
    return CrewMember.objects.filter(user_id=user_id).values_list("crew_id", flat=True).first()
