"""What is found out about a case: findings with what shows them, pictures, and what it is about."""

from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, documents, photos
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain.case_workflow import HANDLERS, LIVE
from complaints.domain.kinds import SUBJECT, Evidence
from complaints.models.case import Case
from complaints.models.work import CaseLink, CasePhoto, Finding
from complaints.operations.case_moves import check_hand, lock, lock_own
from contracts.queries import applications
from metering.queries import linkable

TEXT_MOST = 1_000
SHOWN_BY_MOST = 200
PHOTOS_MOST = 10


class BadFinding(Refused):
    """The finding says nothing, or too much."""

    code = "bad_finding"


class CaseOver(Refused):
    """The case has ended: nothing is added to it any more."""

    code = "case_over"


class BadLink(Refused):
    """A link is to one thing."""

    code = "bad_case_link"


class TooManyPhotos(Refused):
    """A case has so many pictures already."""

    code = "too_many_case_photos"


@opens_transaction
def note(
    *, case_id: int, text: str, evidence: Evidence, at: datetime, actor: Actor, shown_by: str = ""
) -> int:  # fmt: skip
    """
    Note what was found, and what shows it; return the id of the finding.

    :param shown_by: number of the bill, date of the read, name of who was called.
    :raises UnknownCase, NotAllowed, NotYourCase: see ``case_moves``. :raises BadFinding, CaseOver: see there.
    """
    row, said = _lock(case_id, actor), text.strip()
    if not said or len(said) > TEXT_MOST or len(shown_by) > SHOWN_BY_MOST:
        raise BadFinding("This finding cannot be kept.", advice=f"At most {TEXT_MOST} characters.", field="text")
    made = Finding.objects.create(
        case_id=row.id, at=at, text=said, evidence=evidence.value, shown_by=shown_by.strip(), actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "find", SUBJECT, row.id, number=row.number, evidence=evidence)
    return made.id


@opens_transaction
def add_photo(
    *, case_id: int, source: BinaryIO, at: datetime, actor: Actor, customer_id: int | None = None
) -> int:  # fmt: skip
    """
    Keep a picture with a case; ``customer_id``: the caller sends it in the portal. Return the id of the picture.

    :raises UnknownCase, NotAllowed, NotYourCase: see ``case_moves``. :raises CaseOver: see there.
    :raises NotAPhoto, FileTooLarge: see ``cis.platform.photos``. :raises TooManyPhotos: it has ten.
    """
    row = _lock(case_id, actor) if customer_id is None else _alive(lock_own(case_id, customer_id))
    return add_photo_step(row, source, at=at, actor=actor)


@joins_transaction
def add_photo_step(row: Case, source: BinaryIO, *, at: datetime, actor: Actor) -> int:
    """Keep a picture with a locked case; the same one twice is one, however many there are. Return its id."""
    data, _taken_at = photos.written_anew(source)
    known = row.photos.filter(document__sha256=sha256(data).hexdigest()).first()
    if known is not None:
        return known.id
    if row.photos.count() >= PHOTOS_MOST:
        raise TooManyPhotos(f"A case has at most {PHOTOS_MOST} pictures.", advice="Send the best ones.", field="photos")
    made = CasePhoto.objects.create(
        case_id=row.id, document_id=documents.keep(data, name="case.jpg", media_type=photos.MEDIA_TYPE, actor=actor),
        at=at, actor_kind=actor.kind.value, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "add_photo", SUBJECT, row.id, number=row.number)
    return made.id


@opens_transaction
def link(
    *, case_id: int, actor: Actor, at: datetime, bill_id: int | None = None, read_id: int | None = None,
    work_order_id: int | None = None, application_id: int | None = None, fault_report_id: int | None = None,
    meter_alarm_id: int | None = None,
) -> int:  # fmt: skip
    """
    Say that a case is about one bill, read, work order, application, fault report or alarm; twice is once.

    :param fault_report_id: what somebody reported. :param meter_alarm_id: what a meter said of its own.
    :returns: the id of the link.
    :raises UnknownCase, NotAllowed, NotYourCase: see ``case_moves``. :raises CaseOver: see there.
    :raises BadLink: none of them, or more than one, is named, or there is no such thing.
    """
    row = _lock(case_id, actor)
    ids = {
        "bill_id": bill_id, "read_id": read_id, "work_order_id": work_order_id, "application_id": application_id,
        "fault_report_id": fault_report_id, "meter_alarm_id": meter_alarm_id,
    }  # fmt: skip
    given: dict[str, int] = {name: one for name, one in ids.items() if one is not None}
    if len(given) != 1:
        raise BadLink("A link is to one thing.", advice="Name one bill, read, work order, application, fault or alarm.")
    ((name, thing_id),) = given.items()
    if not _exists(name, thing_id):
        raise BadLink("There is no such thing.", advice="Look at the number again.", field="number")
    made, is_new = CaseLink.objects.get_or_create(case_id=row.id, **given, defaults={"at": at})
    if is_new:
        audit.record(actor, "link", SUBJECT, row.id, number=row.number, **given)
    return made.id


@joins_transaction
def _lock(case_id: int, actor: Actor) -> Case:
    """Return a case that somebody works on, locked."""
    row = lock(case_id, actor)
    if not actor.is_one_of(HANDLERS | {ActorKind.CLIENT}):
        raise NotAllowed(f"{actor.name} does not work on cases.", advice="Ask the team that has it.")
    check_hand(row, actor)
    return _alive(row)


def _alive(row: Case) -> Case:
    if row.state not in LIVE:
        raise CaseOver("The case has ended.", advice="Open it again first, or take a new one in.")
    return row


def _exists(name: str, thing_id: int) -> bool:
    match name:
        case "bill_id":
            return bool(bills.listed(bill_ids=[thing_id]))
        case "read_id":
            return bool(linkable.reads(read_ids=[thing_id]))
        case "work_order_id":
            return bool(linkable.orders(order_ids=[thing_id]))
        case "fault_report_id":
            return bool(linkable.faults(fault_ids=[thing_id]))
        case "meter_alarm_id":
            return bool(linkable.alarms(alarm_ids=[thing_id]))
        case _:
            return applications.state_of(thing_id) is not None
