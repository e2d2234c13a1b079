"""Crews: who goes out together, where they work, what they do."""

from collections.abc import Sequence

from accounts.queries import users
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.work_orders import UNDER_WAY, WorkKind
from metering.models.work import Crew, CrewMember, WorkOrder
from metering.queries.crews import UnknownCrew

NAME_MOST = 80
AREA_MOST = 100


class InvalidCrew(Refused):
    """Fields of the crew are wrong; ``detail["findings"]`` has one entry for each."""

    code = "invalid_crew"


class CrewHasWork(Refused):
    """The crew still has work orders."""

    code = "crew_has_work"


@opens_transaction
def create(*, name: str, areas: Sequence[str], kinds: Sequence[str], member_ids: Sequence[int], actor: Actor) -> int:
    """
    Form a crew; members leave the crew in which they were.

    :param areas: districts where it works; none: everywhere. ``kinds``: what it does; none: everything.
    :raises InvalidCrew: the name is taken or empty, a kind is unknown, a member is no field worker.
    """
    return create_step(name=name, areas=areas, kinds=kinds, member_ids=member_ids, actor=actor)


@joins_transaction
def create_step(
    *, name: str, areas: Sequence[str], kinds: Sequence[str], member_ids: Sequence[int], actor: Actor
) -> int:
    """Form a crew as a step of a larger use case; see ``create``."""
    _check(0, name, areas, kinds, member_ids)
    row = Crew.objects.create(name=name.strip(), areas=_areas(areas), kinds=list(kinds))
    _man(row, member_ids)
    audit.record(actor, "create", "crew", row.id, name=row.name, members=list(member_ids))
    return row.id


@opens_transaction
def change(
    *, crew_id: int, name: str, areas: Sequence[str], kinds: Sequence[str], member_ids: Sequence[int],
    is_active: bool, actor: Actor,
) -> None:  # fmt: skip
    """
    Change a crew; one that goes out of work must have none.

    :raises UnknownCrew: there is none.
    :raises InvalidCrew: as ``create``.
    :raises CrewHasWork: it is to stop and still has work orders.
    """
    row = Crew.objects.select_for_update().filter(id=crew_id).first()
    if row is None:
        raise UnknownCrew(f"There is no crew {crew_id}.", crew_id=crew_id)
    _check(crew_id, name, areas, kinds, member_ids)
    if not is_active and WorkOrder.objects.filter(crew_id=crew_id, state__in=UNDER_WAY).exists():
        raise CrewHasWork(f"{row.name} still has work orders.", advice="Give them to other crews first.")
    row.name, row.areas, row.kinds, row.is_active = name.strip(), _areas(areas), list(kinds), is_active
    row.save()
    _man(row, member_ids)
    audit.record(actor, "change", "crew", crew_id, name=row.name, members=list(member_ids), is_active=is_active)


def _areas(areas: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(area.strip() for area in areas if area.strip()))


def _man(row: Crew, member_ids: Sequence[int]) -> None:
    CrewMember.objects.filter(crew=row).exclude(user_id__in=member_ids).delete()
    CrewMember.objects.filter(user_id__in=member_ids).exclude(crew=row).delete()
    CrewMember.objects.bulk_create(
        [CrewMember(crew=row, user_id=user_id) for user_id in dict.fromkeys(member_ids)], ignore_conflicts=True
    )


def _check(crew_id: int, name: str, areas: Sequence[str], kinds: Sequence[str], member_ids: Sequence[int]) -> None:
    findings = Findings()
    if not 1 <= len(name.strip()) <= NAME_MOST:
        findings.add("name", "bad_name", f"The name has 1 to {NAME_MOST} characters.")
    elif Crew.objects.filter(name=name.strip()).exclude(id=crew_id).exists():
        findings.add("name", "crew_taken", f"There is a crew {name.strip()} already.")
    if any(len(area.strip()) > AREA_MOST for area in areas):
        findings.add("areas", "bad_areas", f"The name of an area has up to {AREA_MOST} characters.")
    if set(kinds) - set(WorkKind):
        findings.add("kinds", "unknown_kind", f"The kinds of work are {', '.join(WorkKind)}.")
    known = {card.id for card in users.with_role(role=Role.FIELD)}
    if set(member_ids) - known:
        findings.add("members", "no_field_worker", "Members of a crew have the role of the field.")
    findings.raise_if_any(InvalidCrew)
