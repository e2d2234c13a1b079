"""Applications are filed: checked as a whole, told apart from those that are open, kept in few statements."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from accounts.queries import customers, supplier
from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.text import bigrams
from cis.platform import documents, papers, photos
from cis.platform.db import fetch, joins_transaction, opens_transaction, take_ids
from cis.platform.papers import CheckedPaper
from contracts.domain import application_workflow as workflow
from contracts.domain import applications as rules
from contracts.domain.application_workflow import WaitsFor
from contracts.domain.applications import ApplicationChannel, CheckedPerson, NewApplication, PaperKind
from contracts.models.application import ApplicationPaper, ServiceApplication
from contracts.operations import application_moves as moves
from contracts.operations import application_notices
from contracts.queries import application_rules
from metering.queries import places

LINK_BYTES = 24


class InvalidApplication(Refused):
    """Fields of the application are wrong; ``detail["findings"]`` has one entry for each."""

    code = "invalid_application"


class ApplicationTaken(Refused):
    """Somebody has applied for the same supply already, and that application is open."""

    code = "application_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """
    An application that was filed.

    missing  papers that are lacking yet
    link     path of its page for the applicant, with a secret that is told once
    known    the same external id of the same system was filed before: nothing new was kept
    """

    id: int
    number: str
    missing: tuple[PaperKind, ...]
    link: str
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPaper:
    """
    A paper as it was handed in with an application.

    where  place of its file in what was sent, for findings
    """

    kind: PaperKind
    source: BinaryIO
    name: str
    where: str


def file_with_papers(
    *, application: NewApplication, given: Sequence[GivenPaper], channel: ApplicationChannel, actor: Actor, at: datetime
) -> Filed:
    """
    File an application together with its papers: all of it, or nothing is kept, not even a file.

    Papers are looked at before the transaction begins, since pictures are decoded.

    :raises InvalidApplication: see ``file``; each file that cannot be taken is named too.
    :raises ApplicationTaken: see ``file``.
    """
    findings, checked = Findings(), []
    rules.check(application, country=supplier.country(), findings=findings)
    for one in given:
        try:
            paper = papers.check(one.source, name=one.name)
        except (papers.NotAPaper, photos.NotAPhoto, documents.FileTooLarge) as refusal:
            findings.add(one.where, refusal.code, refusal.message, refusal.advice)
        else:
            checked.append((one.kind, paper))
    findings.raise_if_any(InvalidApplication)
    return file(application=application, channel=channel, actor=actor, at=at, given=checked)


@opens_transaction
def file(
    *, application: NewApplication, channel: ApplicationChannel, actor: Actor, at: datetime,
    given: Sequence[tuple[PaperKind, CheckedPaper]] = (),
) -> Filed:  # fmt: skip
    """
    File an application.

    :param given: papers that came along and were looked at; they are kept once nothing can refuse the application.
    :raises InvalidApplication: every fault at once.
    :raises ApplicationTaken: an application for the same supply is open.
    """
    return file_step(application=application, channel=channel, actor=actor, at=at, given=given)


@joins_transaction
def file_step(
    *, application: NewApplication, channel: ApplicationChannel, actor: Actor, at: datetime,
    given: Sequence[tuple[PaperKind, CheckedPaper]] = (),
) -> Filed:  # fmt: skip
    """File an application as a step of a larger use case; see ``file``."""
    findings = Findings()
    applicant, agent = rules.check(application, country=supplier.country(), findings=findings)
    places_known = _known_places(application, findings)
    findings.raise_if_any(InvalidApplication)
    if applicant is None:
        raise InvalidApplication("The applicant cannot be kept.")
    _check_customer(application.customer_id, applicant)
    missing = application_rules.missing_papers(
        kind=applicant.kind,
        has_agent=agent is not None,
        given=[*(kind for kind, _ in application.documents), *(kind.value for kind, _ in given)],
        at=at,
    )
    keys = _conflict_keys(application)
    _refuse_twice(keys, channel)
    secret = secrets.token_urlsafe(LINK_BYTES)
    row = _row(application, applicant, agent, channel, actor, at, secret)
    row.premises_id = places_known.premises_id
    row.waits_for = (WaitsFor.CUSTOMER if missing else WaitsFor.DESK).value
    row.save(force_insert=True)
    parts = _parts(row, application, keys, places_known.point_ids, actor, at)
    moves.keep(row, "apply", before="", actor=actor, at=at, also=parts)
    if given:
        _keep_papers(row, given, actor, at)
    if not missing:
        moves.start_clock(row, workflow.standard_of(workflow.ApplicationState.APPLIED) or workflow.WHOLE, at)
    link = f"/apply/{row.number}/{secret}/"
    application_notices.tell_received_step(row, link=link, actor=actor)
    return Filed(id=row.id, number=row.number, missing=missing, link=link)


@dataclass(frozen=True, slots=True)
class _Places:
    premises_id: int | None
    point_ids: dict[str, int]


def _known_places(new: NewApplication, findings: Findings) -> _Places:
    """Return the premises and service points that an application names; note those that are not there."""
    premises_id = None
    if new.premises:
        premises_id = places.premises_by_external_id([new.premises]).get(new.premises)
        if premises_id is None:
            findings.add("premises", "unknown_premises", f"There are no premises {new.premises}.", "Check the number.")
    names = [item.service_point for item in new.items if item.service_point]
    points = places.ids_by_external_id(names) if names else {}
    for place, item in enumerate(new.items):
        if item.service_point and item.service_point not in points:
            message = f"There is no service point {item.service_point}."
            findings.add(f"items[{place}].service_point", "unknown_service_point", message, "Check the number.")
    if points and not findings:
        taken = application_rules.supplied_points(list(points.values()))
        for name, point_id in points.items():
            if point_id in taken:
                findings.add(
                    "items", "point_supplied", f"At {name} somebody is supplied.", "Move in instead of applying anew."
                )
        if premises_id is None:
            premises_id = application_rules.premises_of(min(points.values()))
    return _Places(premises_id, points)


def _conflict_keys(new: NewApplication) -> list[str]:
    place = new.premises or rules.plain_address(f"{new.district}{new.address}")
    return [rules.conflict_key(kind=new.kind, place=place, item=item) for item in new.items]


def _refuse_twice(keys: Sequence[str], channel: ApplicationChannel) -> None:
    """Refuse what is applied for already; only who works with applications is told which one that is."""
    taken = next(iter(fetch(_TAKEN, [list(keys)])), None)
    if taken is not None and channel is ApplicationChannel.PORTAL:
        raise ApplicationTaken(
            "An application for the same supply is open.", advice="Name the flat or shop, or call us if that is wrong."
        )
    if taken is not None:
        raise ApplicationTaken(
            f"The application {taken[0]} for the same supply is open{f' ({taken[1]})' if taken[1] else ''}.",
            advice="Look at that one, or name the flat or shop of this one.",
            number=taken[0],
        )


_TAKEN = """
    SELECT a.number, i.unit
    FROM contracts_applicationitem i JOIN contracts_serviceapplication a ON a.id = i.application_id
    WHERE i.conflict_key = ANY(%s::text[]) AND i.is_open ORDER BY i.id LIMIT 1
"""


def _row(
    new: NewApplication,
    applicant: CheckedPerson,
    agent: CheckedPerson | None,
    channel: ApplicationChannel,
    actor: Actor,
    at: datetime,
    secret: str,
) -> ServiceApplication:
    (row_id,) = take_ids("contracts_serviceapplication", 1)
    number = f"A{at:%y}{row_id:07d}"
    voltages, classes = {item.voltage for item in new.items}, {item.use_class for item in new.items}
    address = new.address.strip() or (application_rules.address_of_premises(new.premises) if new.premises else "")
    told: dict[str, Any] = {}
    if agent is not None and new.agent is not None:
        told = {"agent_name": agent.name, "agent_id_number": agent.id_number, "agent_phone": agent.phone}
        told["agent_scope"] = new.agent.scope
    return ServiceApplication(
        id=row_id, number=number, kind=new.kind, channel=channel.value, state_since=at, applied_at=at,
        standard_class=rules.standard_class(use_classes=classes, voltages=voltages, is_dual=new.is_dual).value,
        applicant_kind=applicant.kind.value, name=applicant.name, id_number=applicant.id_number, phone=applicant.phone,
        is_mobile=applicant.is_mobile, email=applicant.email, language=new.applicant.language, address=address,
        district=new.district.strip(), postcode=new.postcode.strip(), is_dual=new.is_dual, customer_id=new.customer_id,
        kept_customer_since=at if new.customer_id else None, note=new.note.strip(),
        external_id=new.external_id, link_sha256=digest(secret), link_until=at + application_rules.link_kept(at=at),
        actor_id=actor.id, search_grams=bigrams(number, applicant.name, address), **told,
    )  # fmt: skip


def _check_customer(customer_id: int | None, applicant: CheckedPerson) -> None:
    """Refuse an application that names another applicant than the customer who is signed in."""
    if customer_id is not None:
        card = customers.card(customer_id=customer_id)
        if card.id_number != applicant.id_number or not rules.is_same_name(one=card.name, other=applicant.name):
            raise InvalidApplication("The applicant is not the customer who is signed in.")


def _parts(
    row: ServiceApplication,
    new: NewApplication,
    keys: Sequence[str],
    points: dict[str, int],
    actor: Actor,
    at: datetime,
) -> list[tuple[str, list[Any]]]:
    """Return the parts of the statement that keeps supplies, load list and papers."""
    items, loads = new.items, new.loads
    parts: list[tuple[str, list[Any]]] = [
        (
            _KEEP_ITEMS,
            [
                row.id, list(range(len(items))), [item.unit.strip() for item in items],
                [str(item.use_class) for item in items], [str(item.voltage) for item in items],
                [item.capacity_w for item in items], list(keys), [points.get(item.service_point) for item in items],
            ],
        )
    ]  # fmt: skip
    if loads:
        names, powers = [load.name.strip() for load in loads], [load.power_w for load in loads]
        parts.append((_KEEP_LOADS, [row.id, list(range(len(loads))), names, powers, [load.count for load in loads]]))
    if new.documents:
        papers = dict.fromkeys((str(kind), document_id) for kind, document_id in new.documents)
        kinds, documents = [kind for kind, _ in papers], [document_id for _, document_id in papers]
        parts.append((_KEEP_PAPERS, [row.id, at, actor.name[:150], kinds, documents]))
    return parts


_KEEP_ITEMS = """
    items AS (
        INSERT INTO contracts_applicationitem
            (application_id, seq, unit, use_class, voltage, capacity_w, conflict_key, is_open, service_point_id)
        SELECT %s, one.seq, one.unit, one.use_class, one.voltage, one.capacity_w, one.conflict_key, true, one.point
        FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint[])
            AS one (seq, unit, use_class, voltage, capacity_w, conflict_key, point)
    )
"""
_KEEP_LOADS = """
    loads AS (
        INSERT INTO contracts_applicationload (application_id, seq, name, power_w, count)
        SELECT %s, one.seq, one.name, one.power_w, one.count
        FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::int[]) AS one (seq, name, power_w, count)
    )
"""
_KEEP_PAPERS = """
    papers AS (
        INSERT INTO contracts_applicationpaper (application_id, kind, document_id, name, came_at, actor_name)
        SELECT %s, one.kind, one.document_id, '', %s, %s
        FROM unnest(%s::text[], %s::bigint[]) AS one (kind, document_id)
    )
"""


def _keep_papers(
    row: ServiceApplication, given: Sequence[tuple[PaperKind, CheckedPaper]], actor: Actor, at: datetime
) -> None:
    """Keep the files that came along; the same file twice under one kind is one paper."""
    kept = {(kind.value, papers.keep_checked(paper, actor=actor)): paper.name for kind, paper in given}
    ApplicationPaper.objects.bulk_create(
        ApplicationPaper(
            application=row, kind=kind, document_id=document_id, name=name[-255:], came_at=at,
            actor_name=actor.name[:150],
        )
        for (kind, document_id), name in kept.items()
    )  # fmt: skip


def digest(secret: str) -> str:
    """Return what is kept of a secret in a link."""
    return hashlib.sha256(secret.encode()).hexdigest()
