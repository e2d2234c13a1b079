"""Calls that people wait for, and how callers showed who they are; calls on hidden cases are hidden with them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.queries import customers
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from complaints.domain.calls import LIVE, CallState
from complaints.models.call import CallAttempt, CallerCheck, CallReference, CallRequest
from complaints.queries import sight


class UnknownCall(Refused):
    """There is no such call, or none that this one may know of."""

    code = "unknown_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCalls:
    """
    Which calls.

    state  "": those that are owed, and may be made now first; "late": owed and overdue; "mine"; "all"; or a state
    text   part of the number or of the name
    """

    state: str = ""
    text: str = ""
    owner_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetail:
    """A call with the tries that were made."""

    row: CallRequest
    attempts: tuple[CallAttempt, ...]


def visible_to(actor: Actor) -> QuerySet[CallRequest]:
    """Return the calls that an actor may know of; a program knows those that it brought; for customers see ``own``."""
    if actor.kind is ActorKind.CUSTOMER:
        return CallRequest.objects.none()
    rows = CallRequest.objects.filter(Q(case=None) | Q(case_id__in=sight.visible_to(actor).values("id")))
    return rows.filter(_brought_by(f"client:{actor.id}")) if actor.kind is ActorKind.CLIENT else rows


def own(customer_id: int) -> QuerySet[CallRequest]:
    """Return the calls that a customer asked for in the portal, or that were found to be theirs."""
    return CallRequest.objects.filter(customer_id=customer_id)


def waiting_of(customer_id: int) -> CallRequest | None:
    """Return the call that a customer waits for; None: none."""
    return own(customer_id).filter(state__in=LIVE).order_by("-id").first()


def listed(
    *, wanted: WantedCalls, at: datetime, actor: Actor, offset: int = 0, most: int = 50
) -> tuple[CallRequest, ...]:  # fmt: skip
    """Return calls, what is due first on top; of those that ended the latest; one statement."""
    rows = _chosen(visible_to(actor), wanted, at).select_related("owner", "customer", "account")
    order = ("-id",) if wanted.state not in {"", "late", "mine"} else ("due_at", "id")
    return tuple(rows.order_by(*order)[offset : offset + most])


def counts(*, at: datetime, actor: Actor) -> dict[str, int]:
    """Return how many calls are owed, are overdue, and may be made now; one statement."""
    found = {"owed": 0, "late": 0, "now": 0}
    rows = visible_to(actor).filter(state__in=LIVE).values_list("due_at", "next_at", "state")
    for due_at, next_at, state in rows:
        found["owed"] += 1
        found["late"] += due_at <= at
        found["now"] += next_at <= at and state == CallState.WAITING
    return found


def detail(*, request_id: int, actor: Actor) -> CallDetail:
    """
    Return a call with its tries; two statements.

    :raises UnknownCall: there is none, or none that the actor may know of.
    """
    rows = visible_to(actor).select_related("owner", "customer", "account", "case")
    row = rows.filter(id=request_id).first()
    if row is None:
        raise UnknownCall(f"There is no call {request_id}.", request_id=request_id)
    return CallDetail(row=row, attempts=tuple(row.attempts.order_by("id")))


def brought(request_id: int) -> CallRequest:
    """Return a call to whom just asked for it, whoever asked first; one statement."""
    return CallRequest.objects.get(id=request_id)


def reference_of(row: CallRequest, *, actor: Actor) -> str:
    """Return the reference under which a program asked for a call first; "": it did not. One statement at most."""
    sender = f"client:{actor.id}"
    if row.sender == sender:
        return row.reference
    return row.references.filter(sender=sender).order_by("id").values_list("reference", flat=True).first() or ""


def standing_check(*, customer_id: int, actor: Actor, at: datetime) -> CallerCheck | None:
    """Return the check by which a caller is known as a customer to this member of staff now; None: they are not."""
    rows = CallerCheck.objects.filter(customer_id=customer_id, actor_id=actor.id, is_passed=True, until_at__gt=at)
    return rows.order_by("-id").first()


def known(*, customer_ids: Collection[int], actor: Actor, at: datetime) -> set[int]:
    """Return the customers as whom callers are known to this member of staff now; one statement."""
    rows = CallerCheck.objects.filter(
        customer_id__in=list(customer_ids), actor_id=actor.id, is_passed=True, until_at__gt=at
    )
    return set(rows.values_list("customer_id", flat=True))


def checks_of(*, customer_id: int, most: int = 10) -> tuple[CallerCheck, ...]:
    """Return how callers showed that they are a customer, or did not, the latest first; one statement."""
    return tuple(CallerCheck.objects.filter(customer_id=customer_id).order_by("-id")[:most])


def tries_of(*, account_id: int, since_at: datetime) -> int:
    """Return how often callers were checked for an account since an instant; one statement."""
    return CallerCheck.objects.filter(account_id=account_id, at__gte=since_at).count()


def owners_of(phone: str) -> tuple[int, ...]:
    """Return the customers on whose file a number is; more than one share it, or had it before."""
    return customers.with_telephone(phone)


def _brought_by(sender: str) -> Q:
    return Q(sender=sender) | Q(id__in=CallReference.objects.filter(sender=sender).values("request_id"))


def _chosen(rows: QuerySet[CallRequest], wanted: WantedCalls, at: datetime) -> QuerySet[CallRequest]:
    if wanted.state in {"", "late", "mine"}:
        rows = rows.filter(state__in=LIVE)
    elif wanted.state != "all":
        rows = rows.filter(state=wanted.state)
    if wanted.state == "late":
        rows = rows.filter(due_at__lte=at)
    if wanted.state == "mine":
        rows = rows.filter(owner_id=wanted.owner_id)
    if wanted.text:
        digits = wanted.text.replace(" ", "")
        rows = rows.filter(Q(phone__contains=digits) | Q(name__icontains=wanted.text))
    return rows
