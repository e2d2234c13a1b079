"""
The one door to cases: which of them somebody may know of at all.

Who is complained about, and whoever belonged to the team that is complained about, or to a team of that person, at any
time since the case was taken, knows nothing of it: not from a page, the API, a file, a search, a count, the audit
trail, a queue or a mail. The pack names roles that see what is said of their own team; what is said of themselves they
see neither. A program sees such a case only if it brought it.

Every read of the room begins with ``visible_to``; what other rooms keep about cases (audit, deadlines, notices) asks
for ``hidden_ids`` through the port ``cis.platform.concealed``.
"""

from collections.abc import Collection

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from complaints.models.case import Case
from complaints.queries.rules import spared_roles


class UnknownCase(Refused):
    """There is no such case, or none that this one may know of."""

    code = "unknown_case"


def visible_to(actor: Actor) -> QuerySet[Case]:
    """Return the cases that an actor may know of; of a customer's own see ``own``."""
    if actor.kind is ActorKind.CUSTOMER:
        return Case.objects.none()
    hidden = _hidden(actor)
    return Case.objects.all() if hidden is None else Case.objects.exclude(id__in=hidden.values("id"))


def own(customer_id: int) -> QuerySet[Case]:
    """Return what a customer brought to us."""
    return Case.objects.filter(customer_id=customer_id)


def hidden_ids(actor: Actor | None) -> Collection[int]:
    """Return the cases that an actor may not know of; None: that are kept from anybody. One statement at most."""
    if actor is None:
        return tuple(_about_somebody().values_list("id", flat=True))
    if actor.kind is ActorKind.CUSTOMER:
        return ()
    hidden = _hidden(actor)
    return () if hidden is None else tuple(hidden.values_list("id", flat=True).distinct())


def one(case_id: int, actor: Actor) -> Case:
    """
    Return a case.

    :raises UnknownCase: there is none, or the actor may not know of it.
    """
    row = visible_to(actor).filter(id=case_id).first()
    if row is None:
        raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
    return row


def id_of_number(number: str, actor: Actor) -> int:
    """
    Return the id of a case by its number.

    :raises UnknownCase: there is none, or the actor may not know of it.
    """
    row = visible_to(actor).filter(number=number).values_list("id", flat=True).first()
    if row is None:
        raise UnknownCase(f"There is no case {number}.", number=number)
    return int(row)


def _hidden(actor: Actor) -> QuerySet[Case] | None:
    """Return the cases that are kept from an actor; None: nothing is."""
    if actor.kind is ActorKind.SYSTEM:
        return None
    if actor.kind is ActorKind.CLIENT:
        return _about_somebody().exclude(taker_kind=ActorKind.CLIENT.value, taker_id=actor.id)
    mine = Q(about_user_id=actor.id)
    if not actor.roles & spared_roles(at=timezone.localdate()):
        mine |= Q(about_team__members__user_id=actor.id) & _since_taken("about_team__members")
        shared = "about_user__memberships__team__members"
        mine |= Q(**{f"{shared}__user_id": actor.id}) & _since_taken("about_user__memberships") & _since_taken(shared)
    return _about_somebody().filter(mine)


def _since_taken(membership: str) -> Q:
    """Return that a membership did not end before the case was taken."""
    return Q(**{f"{membership}__until_at": None}) | Q(**{f"{membership}__until_at__gt": F("taken_at")})


def _about_somebody() -> QuerySet[Case]:
    return Case.objects.filter(Q(about_team__isnull=False) | Q(about_user__isnull=False))
