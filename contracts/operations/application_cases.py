"""
Use cases on applications for desk, portal and API: papers, moves, messages, links.

Each refused move is noted in the audit trail.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from hmac import compare_digest
from typing import Any, BinaryIO

from django.utils import timezone

from accounts.domain.customer import NewCustomer
from accounts.domain.identity import CustomerKind
from accounts.operations import accounts as account_steps
from accounts.operations import customers
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import audit, papers
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction
from contracts.domain import application_workflow as workflow
from contracts.domain.application_workflow import SUBJECT, ApplicationAction, ApplicationState, WaitsFor
from contracts.domain.applications import PaperKind
from contracts.models.application import ApplicationItem, ApplicationMessage, ServiceApplication
from contracts.operations import (
    application_ends,
    application_inspections,
    application_notices,
    applications,
    surveys,
)
from contracts.operations import application_moves as moves
from contracts.operations.application_intake import LINK_BYTES, digest
from contracts.operations.changes import ArrearsOwed
from contracts.queries import applicants, application_rules
from contracts.queries import applications as queries
from metering.domain.work_orders import WorkKind
from metering.operations import work_orders

MESSAGE_MOST = 1_000
NEW_CUSTOMER = "new"
PAPERS_MOST = 40
PHONE_DIGITS = 8
LINK_WAIT = timedelta(minutes=2)
GO_ON_DESPITE_ARREARS: frozenset[Role | ActorKind] = frozenset((Role.SUPERVISOR,))


class PapersMissing(Refused):
    """Papers are lacking that this kind of applicant brings."""

    code = "application_papers_missing"


class TooManyPapers(Refused):
    """More papers than one application takes."""

    code = "too_many_papers"


class CustomerUnclear(Refused):
    """Customers with the applicant's number are kept; ``detail["customers"]`` are their ids."""

    code = "customer_unclear"


class WrongLink(Refused):
    """The link is used up, too old, or was never given out."""

    code = "wrong_link"


class EmptyMessage(Refused):
    """Nothing is written, or too much."""

    code = "empty_message"


@opens_transaction
def add_paper(
    *, application_id: int, kind: PaperKind, source: BinaryIO, name: str, actor: Actor, at: datetime
) -> tuple[PaperKind, ...]:
    """
    Keep a paper that came with an application; return what is lacking still.

    When nothing is lacking any more the supplier's clock starts.

    :raises UnknownApplication: there is none.
    :raises NotAPaper, FileTooLarge: it is no PDF, JPEG or PNG, or too large.
    :raises IllegalMove: the application is over.
    """
    row = moves.lock(application_id)
    given = _papers(row)
    if len(given) >= PAPERS_MOST:
        raise TooManyPapers(f"An application takes at most {PAPERS_MOST} papers.", advice="Put them into one PDF.")
    if ApplicationState(row.state) in moves.ENDED:
        raise moves.IllegalMove("The application is over.", advice="Apply anew.")
    document_id = papers.keep(source, name=name, actor=actor)
    is_new = (kind.value, document_id) not in given
    kept = [row.id, kind.value, document_id, name[-255:], at, actor.name[:150], is_new]
    told = audit.parameters(actor, "add_paper", SUBJECT, [row.id], kind=kind.value, document=document_id)
    execute(f"WITH {_KEEP_PAPER} {audit.INSERT}", [*kept, *told])
    return _look_at_papers(row, [kind.value, *(one for one, _ in given)], at)


_KEEP_PAPER = """
    kept AS (
        INSERT INTO contracts_applicationpaper (application_id, kind, document_id, name, came_at, actor_name)
        SELECT %s, %s, %s, %s, %s, %s WHERE %s
    )
"""


def _papers(row: ServiceApplication) -> list[tuple[str, int]]:
    """Return kind and document of each paper of an application."""
    found = fetch("SELECT kind, document_id FROM contracts_applicationpaper WHERE application_id = %s", [row.id])
    return [(kind, document_id) for kind, document_id in found]


@opens_transaction
def confirm_documents(
    *, application_id: int, actor: Actor, at: datetime, today: date, despite_arrears: str = "", who: str = ""
) -> None:
    """
    Confirm that the papers are complete and true; customer and account are made if there are none.

    :param despite_arrears: why a supervisor goes on though the applicant owes.
    :param who: who the applicant is, as somebody at the desk saw: id of a customer with the same number and name, or
        ``NEW_CUSTOMER``. Empty: nobody is kept with the number, or just one of the same name and a person confirms.

    :raises IllegalMove, NotAllowed: see ``application_moves.check``.
    :raises PapersMissing: some are lacking.
    :raises ArrearsOwed: the applicant owes for bills that were issued, and no supervisor says why that does not matter.
    :raises CustomerUnclear: it is not clear which customer applies.
    """
    row = moves.lock(application_id)
    moves.check(row, ApplicationAction.CONFIRM_DOCUMENTS, actor)
    missing = _missing(row, [kind for kind, _ in _papers(row)], at)
    if missing:
        names = ", ".join(missing)
        raise PapersMissing(f"Papers are lacking: {names}.", advice="Ask the applicant for them.", missing=missing)
    known = (row.customer_id,) if row.customer_id is not None else applicants.with_number(row.id_number)
    owed_minor = queries.owed_minor(customer_ids=known, today=today)
    why = despite_arrears.strip()
    if owed_minor and not (why and actor.is_one_of(GO_ON_DESPITE_ARREARS)):
        raise ArrearsOwed(
            "The applicant owes for bills that were issued.",
            advice="Let it be paid first, or let a supervisor say why the application goes on.",
            owed_minor=owed_minor,
            field="despite_arrears",
        )
    changed = _customer(row, known, who, at, today, actor)
    reason = why if owed_minor else ""
    moves.go(row, ApplicationAction.CONFIRM_DOCUMENTS, actor=actor, at=at, reason=reason, **changed)


@opens_transaction
def assign_survey(*, application_id: int, actor: Actor, at: datetime, today: date) -> int:
    """
    Order the survey; return the id of the work order.

    :raises IllegalMove, NotAllowed: see ``application_moves.check``.
    """
    row = moves.lock(application_id)
    moves.go(row, ApplicationAction.ASSIGN_SURVEY, actor=actor, at=at)
    items = fetch(
        "SELECT capacity_w, voltage FROM contracts_applicationitem WHERE application_id = %s ORDER BY seq", [row.id]
    )
    return work_orders.create_step(
        kind=WorkKind.SURVEY,
        subject=SUBJECT,
        subject_id=row.id,
        premises_id=row.premises_id,
        address=row.address,
        district=row.district,
        facts={
            "application": row.number,
            "applicant": row.name,
            "phone": row.agent_phone or row.phone,
            "supplies": len(items),
            "capacity": f"{sum(capacity_w for capacity_w, _ in items) // 1000} kW",
            "voltage": items[0][1],
        },
        due_date=moves.due_date(row, "connection_survey") or today + application_rules.work_days("survey", at=today),
        actor=actor,
    )


def move(*, application_id: int, action: ApplicationAction, reason: str = "", actor: Actor, at: datetime) -> None:
    """
    Send back, suspend, resume, withdraw or reject an application.

    What ends it, or takes its offer back, takes along what was made for it; see ``application_ends``.

    :raises IllegalMove, NotAllowed, ReasonMissing: see ``application_moves.check``; refused moves are noted.
    """
    with moves.refusals_noted(application_id=application_id, action=action.value, actor=actor):
        _move(application_id=application_id, action=action, reason=reason, actor=actor, at=at)


@opens_transaction
def _move(*, application_id: int, action: ApplicationAction, reason: str, actor: Actor, at: datetime) -> None:
    move_step(application_id=application_id, action=action, reason=reason, actor=actor, at=at)


@joins_transaction
def move_step(*, application_id: int, action: ApplicationAction, reason: str, actor: Actor, at: datetime) -> None:
    """Move an application as a step of what makes it move; see ``move``."""
    row = moves.lock(application_id)
    moves.check(row, action, actor, reason)
    application_ends.check_no_current(row, action)
    application_ends.check_no_meter(row, action, today=timezone.localdate(at))
    is_back = action is ApplicationAction.SEND_BACK and row.state == ApplicationState.DOCUMENTED
    before = ApplicationState(row.state)
    is_unsigned = action is ApplicationAction.SEND_BACK and before is ApplicationState.CONTRACTED
    changed = {"contract_number": ""} if is_unsigned else {}
    moves.go(row, action, actor=actor, at=at, reason=reason, lacks_papers=is_back, **changed)
    application_ends.follow_step(row, action, before=before, reason=reason, actor=actor, at=at)
    if before == ApplicationState.METERED and action is ApplicationAction.SEND_BACK:
        ApplicationItem.objects.filter(application=row, energized_at=None).update(metered_at=None)
    if action is ApplicationAction.RESUME:
        surveys.follow_resumed_step(row, actor=actor, at=at)
    if action is ApplicationAction.RESUME and applications.follow_meters_step(row, at=at):
        application_inspections.order_if_missing_step(application_id=row.id, today=timezone.localdate(at))


@opens_transaction
def write(*, application_id: int, text: str, is_from_applicant: bool, actor: Actor, at: datetime) -> None:
    """
    Keep a message; what the supplier writes goes to the applicant too.

    :raises UnknownApplication: there is none.
    :raises EmptyMessage: nothing is written, or more than 1,000 characters.
    """
    row = moves.lock(application_id)
    plain = " ".join(text.split())
    if not plain or len(plain) > MESSAGE_MOST:
        raise EmptyMessage(f"A message has 1 to {MESSAGE_MOST} characters.", field="text")
    message = ApplicationMessage.objects.create(
        application=row, at=at, is_from_applicant=is_from_applicant, text=plain, actor_name=actor.name[:150]
    )
    audit.record(actor, "write", SUBJECT, row.id, message=message.id)
    if not is_from_applicant:
        application_notices.tell_message_step(row, message, actor=actor)


@opens_transaction
def open_link(*, number: str, secret: str, actor: Actor, at: datetime) -> int:
    """
    Use up the link to an application's page; return its id.

    :raises WrongLink: it is used up, too old, or was never given out.
    """
    row = ServiceApplication.objects.select_for_update().filter(number=number).first()
    is_right = row is not None and bool(row.link_sha256) and compare_digest(row.link_sha256, digest(secret))
    if row is None or not is_right or row.link_until is None or row.link_until < at:
        raise WrongLink("The link is used up or too old.", advice="Ask for a new one with the number.")
    row.link_sha256, row.link_until = "", None
    row.save(update_fields=["link_sha256", "link_until"])
    audit.record(actor, "open_link", SUBJECT, row.id)
    return row.id


@opens_transaction
def send_link(*, number: str, contact: str, actor: Actor, at: datetime) -> None:
    """
    Send the applicant a new link to the page of an application; one within two minutes.

    Who asks is told nothing either way, and a wrong number or contact changes nothing: numbers can be guessed.

    :param contact: phone or mailbox of the application, as typed.
    """
    row = ServiceApplication.objects.select_for_update().filter(number=number.strip().upper()).first()
    kept = application_rules.link_kept(at=at)
    if row is None or not _is_contact(row, contact) or (row.link_until and row.link_until > at + kept - LINK_WAIT):
        return
    secret = secrets.token_urlsafe(LINK_BYTES)
    row.link_sha256, row.link_until = digest(secret), at + kept
    row.save(update_fields=["link_sha256", "link_until"])
    link = f"/apply/{row.number}/{secret}/"
    application_notices.tell_link_step(row, link=link, key=f"link:{row.id}:{at.isoformat()}", actor=actor)
    audit.record(actor, "send_link", SUBJECT, row.id)


def _is_contact(row: ServiceApplication, typed: str) -> bool:
    plain = typed.strip().casefold()
    if plain and plain == row.email.casefold():
        return True
    return any(phone and _digits(plain) == _digits(phone) for phone in (row.phone, row.agent_phone))


def _digits(phone: str) -> str:
    """Return the last digits of a phone number, by which it is known with and without the code of the country."""
    return "".join(one for one in phone if one in "0123456789")[-PHONE_DIGITS:]


@joins_transaction
def _look_at_papers(row: ServiceApplication, given: Collection[str], at: datetime) -> tuple[PaperKind, ...]:
    """Turn the application over to the desk once nothing is lacking; the clock of the check starts."""
    missing = _missing(row, given, at)
    if row.state == ApplicationState.APPLIED and not missing and row.waits_for == WaitsFor.CUSTOMER:
        row.waits_for = WaitsFor.DESK.value
        execute("UPDATE contracts_serviceapplication SET waits_for = %s WHERE id = %s", [row.waits_for, row.id])
        moves.start_clock(row, workflow.standard_of(ApplicationState.APPLIED) or workflow.WHOLE, at)
    return missing


def _missing(row: ServiceApplication, given: Collection[str], at: datetime) -> tuple[PaperKind, ...]:
    return application_rules.missing_papers(
        kind=CustomerKind(row.applicant_kind), has_agent=bool(row.agent_name), given=given, at=at
    )


def _customer(
    row: ServiceApplication, known: Sequence[int], who: str, at: datetime, today: date, actor: Actor
) -> dict[str, Any]:  # fmt: skip
    """Return customer and account of an application, made if there are none: each supply contract has its account."""
    kept: dict[str, Any] = {}
    if row.customer_id is None:
        found = _kept_customer(row, known, who, actor)
        if found is None:
            new = NewCustomer(
                name=row.name, kind=row.applicant_kind, id_number=row.id_number, language=row.language, phone=row.phone,
                email=row.email, postal_address=row.address,
            )  # fmt: skip
            made = customers.add(customer=new, opened_date=today, actor=actor)
            return {"customer_id": made.customer_id, "account_id": made.account_id}
        kept = {"customer_id": found, "kept_customer_since": at, "link_sha256": "", "link_until": None}
    if row.account_id is None:
        customer_id: int | None = kept.get("customer_id", row.customer_id)
        assert customer_id is not None  # known before, or just found
        account = account_steps.add_account(customer_id=customer_id, opened_date=today, paper_bill=False)
        audit.record(actor, "open", "account", account.id, number=account.number, customer_id=customer_id)
        kept["account_id"] = account.id
    return kept


def _kept_customer(row: ServiceApplication, known: Sequence[int], who: str, actor: Actor) -> int | None:
    """Return which kept customer applies; None: a new one. Numbers can be typed by anybody: a person says it."""
    found = applicants.candidates(customer_ids=known, name=row.name)
    if not found:
        return None
    agreeing = [one.id for one in found if one.agrees]
    if actor.kind is ActorKind.STAFF:
        if who == NEW_CUSTOMER:
            return None
        if who:
            chosen = next((key for key in agreeing if str(key) == who), None)
            if chosen is not None:
                return chosen
        elif len(found) == len(agreeing) == 1:
            return agreeing[0]
    raise CustomerUnclear(
        "Customers with this ID number are kept, and it is not clear who applies.",
        advice="Compare the proof of identity at the desk, and choose.", customers=[one.id for one in found],
        field="who",
    )  # fmt: skip
