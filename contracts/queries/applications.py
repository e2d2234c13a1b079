"""Applications for pages and the API: lists by the page, one with all that belongs to it, counts by queue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from accounts.domain.identity import CustomerKind, masked
from accounts.queries import accounts
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import db, deadlines, searching
from cis.platform.deadlines import Card as Deadline
from contracts.domain.application_workflow import OPEN, SUBJECT, ApplicationState, StandardClass, WaitsFor
from contracts.domain.applications import PaperKind
from contracts.models.application import (
    ApplicationItem,
    ApplicationLoad,
    ApplicationMessage,
    ApplicationMove,
    ApplicationPaper,
    ServiceApplication,
)
from contracts.queries import application_parts, application_rules, change_facts
from contracts.queries.application_parts import Item, Message, Paper, Step

_OPEN = [state.value for state in OPEN]
_IN_SHORT = """
    SELECT a.number, a.kind, a.channel, a.state, a.state_since, a.waits_for, a.suspended_at, a.standard_class, a.name,
        a.address, a.applied_at, i.item_count, i.total_w
    FROM contracts_serviceapplication a, LATERAL (
        SELECT count(*) AS item_count, coalesce(sum(capacity_w), 0)::bigint AS total_w
        FROM contracts_applicationitem WHERE application_id = a.id
    ) AS i WHERE a.id = %s
"""
LATE_MOST = 100_000


class UnknownApplication(Refused):
    """There is no such application."""

    code = "unknown_application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which applications a list shows; "" and None: all.

    queue  a WaitsFor; open applications alone
    late   an open deadline has passed
    text   in number, name or address
    """

    state: str = ""
    queue: str = ""
    kind: str = ""
    standard_class: str = ""
    text: str = ""
    late: bool = False
    since: date | None = None
    until: date | None = None
    account_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSummary:
    """One application in short."""

    id: int
    number: str
    kind: str
    channel: str
    state: ApplicationState
    state_since: datetime
    waits_for: WaitsFor
    is_suspended: bool
    standard_class: StandardClass
    name: str
    address: str
    applied_at: datetime
    item_count: int
    capacity_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow(ApplicationSummary):
    """One application in a list, with the clock that ends first."""

    deadline: Deadline | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDetail:
    """One application with all that belongs to it; the identity number is masked."""

    row: ApplicationRow
    applicant_kind: CustomerKind
    id_number: str
    phone: str
    email: str
    language: str
    agent_name: str
    agent_id_number: str
    agent_phone: str
    agent_scope: str
    district: str
    postcode: str
    is_dual: bool
    premises_id: int | None
    customer_id: int | None
    account_id: int | None
    account_number: str | None
    contract_number: str
    note: str
    ended_at: datetime | None
    items: tuple[Item, ...]
    loads: tuple[tuple[str, int, int], ...]
    papers: tuple[Paper, ...]
    missing: tuple[PaperKind, ...]
    moves: tuple[Step, ...]
    messages: tuple[Message, ...]
    deadlines: tuple[Deadline, ...]

    @property
    def load_w(self) -> int:
        """Return the sum of the load list. [W]"""
        return sum(power_w * count for _, power_w, count in self.loads)


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[ApplicationRow, ...]:
    """Return applications, latest first; two statements."""
    return rows_of(list(_rows(wanted).order_by("-id")[offset : offset + most]))


def selected(*, wanted: Wanted) -> QuerySet[ServiceApplication]:
    """Return the applications of a list, for pages by cursor."""
    return _rows(wanted)


def summary(*, application_id: int) -> ApplicationSummary:
    """
    Return one application in short; one statement.

    :raises UnknownApplication: there is none.
    """
    found = db.fetch(_IN_SHORT, [application_id])
    if not found:
        raise UnknownApplication(f"There is no application {application_id}.")
    number, kind, channel, state, since, waits_for, suspended_at, standard_class, *more = found[0]
    name, address, applied_at, item_count, total_w = more
    return ApplicationSummary(
        id=application_id, number=number, kind=kind, channel=channel, state=ApplicationState(state), state_since=since,
        waits_for=WaitsFor(waits_for), is_suspended=suspended_at is not None, name=name, address=address,
        standard_class=StandardClass(standard_class), applied_at=applied_at, item_count=item_count, capacity_w=total_w,
    )  # fmt: skip


def item_ids(*, application_id: int) -> Mapping[int, int]:
    """Return the id of each supply of an application by its place in it; one statement."""
    return dict(db.fetch("SELECT seq, id FROM contracts_applicationitem WHERE application_id = %s", [application_id]))


def names_of(application_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return number, and name with address, of some applications by id; one statement."""
    rows = ServiceApplication.objects.filter(id__in=list(application_ids)).values_list(
        "id", "number", "name", "address"
    )
    return {row_id: (number, f"{name} · {address}") for row_id, number, name, address in rows}


def summaries_of(found: Sequence[ServiceApplication]) -> tuple[ApplicationSummary, ...]:
    """Return loaded applications in short; one statement for any number."""
    sums = _sums([row.id for row in found])
    return tuple(ApplicationSummary(**_short(row, sums.get(row.id, (0, 0)))) for row in found)


def rows_of(found: Sequence[ServiceApplication]) -> tuple[ApplicationRow, ...]:
    """Return loaded applications as rows of a list; two statements for any number."""
    ids = [row.id for row in found]
    sums = _sums(ids)
    clocks = _first(deadlines.of_subject(subject=SUBJECT, subject_ids=ids))
    return tuple(_row(row, sums.get(row.id, (0, 0)), clocks.get(row.id)) for row in found)


def count(*, wanted: Wanted) -> int:
    """Return how many applications a list has."""
    return _rows(wanted).count()


def queues(*, at: datetime) -> Mapping[str, int]:
    """Return how many open applications wait for whom, and how many are late; two statements."""
    rows = ServiceApplication.objects.filter(state__in=_OPEN).values_list("waits_for").annotate(Count("id"))
    found = dict(rows)
    return {
        **found,
        "late": len({card.subject_id for card in deadlines.overdue(at=at, subject=SUBJECT, most=LATE_MOST)}),
    }


def one(*, application_id: int, at: datetime) -> ApplicationDetail:
    """
    Return one application with all that belongs to it; seven statements.

    :raises UnknownApplication: there is none.
    """
    row = ServiceApplication.objects.select_related("account").filter(id=application_id).first()
    if row is None:
        raise UnknownApplication(f"There is no application {application_id}.")
    papers = tuple(application_parts.paper_of(paper) for paper in row.papers.select_related("document").order_by("id"))
    missing = application_rules.missing_papers(
        kind=CustomerKind(row.applicant_kind),
        has_agent=bool(row.agent_name),
        given=[paper.kind.value for paper in papers],
        at=at,
    )
    items = tuple(application_parts.item_of(item) for item in row.items.select_related("service_point").order_by("seq"))
    clocks = deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id])
    return ApplicationDetail(
        row=_row(row, (len(items), sum(item.capacity_w for item in items)), _first(clocks).get(row.id)),
        applicant_kind=CustomerKind(row.applicant_kind),
        id_number=masked(row.id_number),
        phone=row.phone,
        email=row.email,
        language=row.language,
        agent_name=row.agent_name,
        agent_id_number=masked(row.agent_id_number),
        agent_phone=row.agent_phone,
        agent_scope=row.agent_scope,
        district=row.district,
        postcode=row.postcode,
        is_dual=row.is_dual,
        premises_id=row.premises_id,
        customer_id=row.customer_id,
        account_id=row.account_id,
        account_number=row.account.number if row.account else None,
        contract_number=row.contract_number,
        note=row.note,
        ended_at=row.ended_at,
        items=items,
        loads=tuple(
            ApplicationLoad.objects.filter(application=row).order_by("seq").values_list("name", "power_w", "count")
        ),
        papers=papers,
        missing=missing,
        moves=tuple(
            application_parts.step_of(move) for move in ApplicationMove.objects.filter(application=row).order_by("id")
        ),
        messages=tuple(
            Message(at=one.at, is_from_applicant=one.is_from_applicant, text=one.text, actor_name=one.actor_name)
            for one in ApplicationMessage.objects.filter(application=row).order_by("id")
        ),
        deadlines=clocks,
    )


def is_offered(application_id: int) -> bool:
    """Return whether an application waits for the customer's decision and is not suspended; one statement."""
    rows = ServiceApplication.objects.filter(id=application_id, state=ApplicationState.OFFERED.value)
    return rows.filter(suspended_at=None).exists()


def state_of(application_id: int) -> ApplicationState | None:
    """Return the state of an application; None: there is none."""
    found = ServiceApplication.objects.filter(id=application_id).values_list("state", flat=True).first()
    return None if found is None else ApplicationState(found)


def id_of_number(number: str) -> int:
    """
    Return the id of an application by its number.

    :raises UnknownApplication: there is none.
    """
    found = db.fetch("SELECT id FROM contracts_serviceapplication WHERE number = %s", [number])
    if not found:
        raise UnknownApplication(f"There is no application {number}.")
    row_id: int = found[0][0]
    return row_id


def of_customers(customer_ids: Sequence[int], *, most: int = 50) -> tuple[ApplicationRow, ...]:
    """Return the applications of some customers, latest first."""
    return rows_of(list(ServiceApplication.objects.filter(customer_id__in=list(customer_ids)).order_by("-id")[:most]))


def is_of_customer(*, application_id: int, customer_id: int) -> bool:
    """Return whether an application is known to be a customer's; one statement."""
    return ServiceApplication.objects.filter(id=application_id, customer_id=customer_id).exists()


def similar(*, id_number: str, but_id: int | None = None) -> tuple[tuple[int, str, str], ...]:
    """Return id, number and address of open applications of the same applicant: perhaps it is the same one."""
    rows = ServiceApplication.objects.filter(id_number=id_number, state__in=_OPEN)
    if but_id is not None:
        rows = rows.exclude(id=but_id)
    return tuple(rows.order_by("-id").values_list("id", "number", "address")[:5])


def owed_minor(*, customer_ids: Collection[int], today: date) -> int:
    """
    Return what customers owe for bills that were issued, in all accounts that they hold. [minor unit]

    :raises LookupError: nobody was bound to answer (``contracts.domain.arrears``).
    """
    holders = set(customer_ids)
    account_ids = [span.account_id for holder in sorted(holders) for span in accounts.held_by(customer_id=holder)]
    return change_facts.owed_minor(account_ids=account_ids, today=today)


def paper(*, application_id: int, paper_id: int) -> Paper:
    """
    Return one paper of an application.

    :raises UnknownApplication: the application has no such paper.
    """
    row = ApplicationPaper.objects.filter(id=paper_id, application_id=application_id).select_related("document").first()
    if row is None:
        raise UnknownApplication(f"The application {application_id} has no paper {paper_id}.")
    return application_parts.paper_of(row)


def _rows(wanted: Wanted) -> QuerySet[ServiceApplication]:
    rows = ServiceApplication.objects.all()
    exact = {name: getattr(wanted, name) for name in ("state", "kind", "standard_class", "account_id")}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.queue:
        rows = rows.filter(waits_for=wanted.queue, state__in=_OPEN)
    if wanted.late:
        late = [
            card.subject_id
            for card in deadlines.overdue(at=wanted.at or timezone.now(), subject=SUBJECT, most=LATE_MOST)
        ]
        rows = rows.filter(state__in=_OPEN, id__in=late)
    rows = searching.found(rows, wanted.text, columns=("number", "name", "address"))
    clock = local_clock(settings.TIME_ZONE)
    if wanted.since:
        rows = rows.filter(applied_at__gte=clock.day_start_utc(wanted.since))
    if wanted.until:
        rows = rows.filter(applied_at__lt=clock.day_start_utc(wanted.until + timedelta(days=1)))
    return rows


def _ends(card: Deadline) -> tuple[bool, float]:
    return (card.due_at is None, card.due_at.timestamp() if card.due_at else 0.0)


def _first(cards: Sequence[Deadline]) -> dict[int, Deadline]:
    """Return of each application its open clock that ends first."""
    clocks: dict[int, Deadline] = {}
    for card in cards:
        if card.ended_at is None and (card.subject_id not in clocks or _ends(card) < _ends(clocks[card.subject_id])):
            clocks[card.subject_id] = card
    return clocks


def _sums(ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return of each application how many supplies it has, and their capacity. [W]"""
    rows = ApplicationItem.objects.filter(application_id__in=ids).values_list("application_id")
    return {key: (count, total) for key, count, total in rows.annotate(Count("id"), Sum("capacity_w"))}


def _row(row: ServiceApplication, sums: tuple[int, int], deadline: Deadline | None) -> ApplicationRow:
    return ApplicationRow(**_short(row, sums), deadline=deadline)


def _short(row: ServiceApplication, sums: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": row.id, "number": row.number, "kind": row.kind, "channel": row.channel,
        "state": ApplicationState(row.state), "state_since": row.state_since, "waits_for": WaitsFor(row.waits_for),
        "is_suspended": row.suspended_at is not None, "standard_class": StandardClass(row.standard_class),
        "name": row.name, "address": row.address, "applied_at": row.applied_at, "item_count": sums[0],
        "capacity_w": sums[1],
    }  # fmt: skip
