"""Cases for pages, files, programs and searches; all of it begins with ``sight.visible_to`` or ``sight.own``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields import DateTimeField

from cis.kernel import text as words
from cis.kernel.actors import Actor, ActorKind
from cis.platform.models import Deadline
from complaints.domain.case_workflow import LIVE, UNPLACED, CaseState
from complaints.domain.kinds import SUBJECT
from complaints.models.case import Case, CaseMove
from complaints.models.work import CallBack, CaseDeed, CaseLink, CasePhoto, CaseReply, Finding
from complaints.queries.sight import UnknownCase, one, own, visible_to

TEXT_MOST = 60


class Urgency(StrEnum):
    """How much time is left of the clock that ends first."""

    LATE = "late"
    NEAR = "near"
    IN_TIME = "in_time"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """
    A case as a list shows it.

    due_at    end of the clock that ends first; None: none runs
    urgency   by that clock
    is_named  somebody of ours is complained about
    is_raised a supervisor is asked to see to it
    """

    id: int
    number: str
    kind: str
    channel: str
    state: str
    state_since: datetime
    class_code: str
    severity: str
    title: str
    reference: str
    caller_name: str
    caller_phone: str
    customer_id: int | None
    account_id: int | None
    account_number: str
    team_id: int | None
    team: str
    owner_id: int | None
    owner: str
    taken_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    urgency: Urgency
    is_waiting: bool
    is_named: bool
    is_raised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCases:
    """
    Which cases; what is empty does not narrow the list.

    text     part of number, title, name, telephone or reference
    state    "" those that are open or answered; "unplaced": that wait for a team; "raised": of which
             a supervisor is asked; "all"; or a state
    urgency  by the clock that ends first
    team_id  of this team; owner_id: of this person; mine: of one of these teams, and not taken by somebody else
    ids      these alone, as those behind a figure; None: all
    """

    text: str = ""
    kind: str = ""
    state: str = ""
    class_start: str = ""
    urgency: str = ""
    team_id: int | None = None
    owner_id: int | None = None
    account_id: int | None = None
    customer_id: int | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """A case with all that belongs to it, for its page."""

    row: Case
    card: CaseCard
    moves: tuple[CaseMove, ...]
    findings: tuple[Finding, ...]
    replies: tuple[CaseReply, ...]
    call_backs: tuple[CallBack, ...]
    photos: tuple[CasePhoto, ...]
    links: tuple[CaseLink, ...]
    deeds: tuple[CaseDeed, ...]
    merged: tuple[tuple[int, str], ...]
    merged_into: tuple[int, str] | None
    repeats: tuple[int, str] | None


def listed(
    *, wanted: WantedCases, at: datetime, actor: Actor, offset: int = 0, most: int = 50
) -> tuple[CaseCard, ...]:  # fmt: skip
    """Return cases that an actor may know of, what ends first on top; one statement."""
    return _cards(_chosen(visible_to(actor), wanted, at), at, offset=offset, most=most)


def counts(*, at: datetime, actor: Actor) -> dict[str, int]:
    """Return how many open cases an actor may know of are late, near, in time, or wait for a team or a supervisor."""
    rows = _chosen(visible_to(actor), WantedCases(), at).values_list("state", "due_at", "warn_at", "raised_at")
    found = dict.fromkeys((*Urgency, "unplaced", "raised"), 0)
    for state, due_at, warn_at, raised_at in rows:
        found[_urgency(due_at, warn_at, at)] += 1
        found["raised"] += raised_at is not None
        found["unplaced"] += state == CaseState.RECEIVED or state in UNPLACED
    return {str(key): value for key, value in found.items()}


def find(*, text: str, at: datetime, actor: Actor, most: int = 20) -> tuple[CaseCard, ...]:
    """Return cases that fit a text and that an actor may know of, the latest first; one statement."""
    plain = " ".join(text.split())[:TEXT_MOST]
    if not words.query_bigrams(plain):
        return ()
    chosen = _chosen(visible_to(actor), WantedCases(text=plain, state="all"), at)
    return _cards(chosen, at, most=most, order=("-id",))


def names_of(*, case_ids: Sequence[int], actor: Actor) -> dict[int, tuple[str, str]]:
    """Return number and title of some cases that an actor may know of, by id; one statement, none for no case."""
    if not case_ids:
        return {}
    rows = visible_to(actor).filter(id__in=case_ids).values_list("id", "number", "title")
    return {row_id: (number, title) for row_id, number, title in rows}


def of_customer(*, customer_id: int, at: datetime, most: int = 50) -> tuple[CaseCard, ...]:
    """Return what a customer brought to us, the latest first, for the customer; one statement."""
    return _cards(_chosen(own(customer_id), WantedCases(state="all"), at), at, most=most, order=("-id",))


def detail(*, case_id: int, at: datetime, actor: Actor) -> CaseDetail:
    """
    Return a case with all that belongs to it; a constant number of statements.

    :raises UnknownCase: there is none, or the actor may not know of it.
    """
    row = one(case_id, actor)
    return _detail(row, at, visible_to(actor), row.photos.all())


def own_detail(*, case_id: int, customer_id: int, at: datetime) -> CaseDetail:
    """
    Return a customer's own case, with the pictures that customers sent.

    :raises UnknownCase: there is none, or it is another's.
    """
    row = own(customer_id).filter(id=case_id).first()
    if row is None:
        raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
    return _detail(row, at, own(customer_id), row.photos.filter(actor_kind=ActorKind.CUSTOMER.value))


def _detail(row: Case, at: datetime, seen: QuerySet[Case], photos: QuerySet[CasePhoto]) -> CaseDetail:
    beside = Q(id__in=[row.merged_into_id or 0, row.repeats_id or 0]) | Q(merged_into_id=row.id)
    related = dict(seen.filter(beside).values_list("id", "number"))
    into = related.pop(row.merged_into_id or 0, None)
    repeats = related.pop(row.repeats_id or 0, None)
    return CaseDetail(
        row=row,
        card=_cards(_clocked(Case.objects.filter(id=row.id)), at, most=1)[0],
        moves=tuple(row.moves.order_by("id")),
        findings=tuple(row.findings.order_by("id")),
        replies=tuple(row.replies.order_by("id")),
        call_backs=tuple(row.call_backs.order_by("id")),
        photos=tuple(photos.order_by("id")),
        links=tuple(row.links.select_related("bill", "application", "work_order").order_by("id")),
        deeds=tuple(row.deeds.select_related("adjustment", "refund", "work_order", "hold", "run").order_by("id")),
        merged=tuple(sorted(related.items())),
        merged_into=(row.merged_into_id, into) if row.merged_into_id and into else None,
        repeats=(row.repeats_id, repeats) if row.repeats_id and repeats else None,
    )


def _clocked(rows: QuerySet[Case]) -> Any:
    """Add the end of the clock that ends first, and when it is warned of: columns that the model has not."""
    running = Deadline.objects.filter(subject=SUBJECT, subject_id=OuterRef("id"), state="running").order_by("due_at")
    return rows.annotate(
        due_at=Subquery(running.values("due_at")[:1], output_field=DateTimeField()),
        warn_at=Subquery(running.values("warn_at")[:1], output_field=DateTimeField()),
    )


def _chosen(among: QuerySet[Case], wanted: WantedCases, at: datetime) -> Any:
    rows = _clocked(among)
    if wanted.state == "unplaced":
        rows = rows.filter(state__in=[CaseState.RECEIVED.value, *UNPLACED])
    elif wanted.state == "raised":
        rows = rows.filter(state__in=LIVE, raised_at__isnull=False)
    elif wanted.state == "":
        rows = rows.filter(state__in=LIVE)
    elif wanted.state != "all":
        rows = rows.filter(state=wanted.state)
    given = {"kind": wanted.kind, "team_id": wanted.team_id, "owner_id": wanted.owner_id,
             "account_id": wanted.account_id, "customer_id": wanted.customer_id,
             "class_code__startswith": wanted.class_start}  # fmt: skip
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    if wanted.ids is not None:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.text:
        rows = rows.filter(search_grams__contains=words.query_bigrams(wanted.text))
    if wanted.urgency == Urgency.LATE:
        rows = rows.filter(due_at__lte=at)
    elif wanted.urgency == Urgency.NEAR:
        rows = rows.filter(due_at__gt=at, warn_at__lte=at)
    elif wanted.urgency == Urgency.IN_TIME:
        rows = rows.filter(due_at__gt=at, warn_at__gt=at)
    return rows


def _cards(rows: Any, at: datetime, *, offset: int = 0, most: int, order: Sequence[str] = ()) -> tuple[CaseCard, ...]:
    ordered = rows.order_by(*order) if order else rows.order_by(F("due_at").asc(nulls_last=True), "-id")
    found = ordered.select_related("account", "team", "owner")[offset : offset + most]
    return tuple(_card(row, at) for row in found)


def _card(row: Any, at: datetime) -> CaseCard:
    return CaseCard(
        id=row.id, number=row.number, kind=row.kind, channel=row.channel, state=row.state, state_since=row.state_since,
        class_code=row.class_code, severity=row.severity, title=row.title, reference=row.reference,
        caller_name=row.caller_name,
        caller_phone=row.caller_phone, customer_id=row.customer_id, account_id=row.account_id,
        account_number="" if row.account is None else row.account.number, team_id=row.team_id,
        team="" if row.team is None else row.team.name, owner_id=row.owner_id,
        owner="" if row.owner is None else row.owner.get_full_name() or row.owner.username, taken_at=row.taken_at,
        closed_at=row.closed_at,
        due_at=row.due_at,
        urgency=_urgency(row.due_at, row.warn_at, at),
        is_waiting=row.waits_since is not None, is_named=row.about_team_id is not None or row.about_user_id is not None,
        is_raised=row.raised_at is not None,
    )  # fmt: skip


def _urgency(due_at: datetime | None, warn_at: datetime | None, at: datetime) -> Urgency:
    if due_at is None:
        return Urgency.NONE
    if due_at <= at:
        return Urgency.LATE
    return Urgency.NEAR if warn_at is not None and warn_at <= at else Urgency.IN_TIME
