"""
Mails become cases: each is taken once, added to the case that it answers, or left to a person with the reason.

A mail and all that follows from it are one transaction. It belongs to a case whose number stands in its subject only if
it comes from the mailbox of that case, or of its customer; otherwise it is a new case, whatever number it names.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

import structlog
from django.utils import timezone

from accounts.queries import accounts, customers
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db, photos
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.documents import FileTooLarge
from complaints.domain import mail_reading
from complaints.domain.case_workflow import DESK, LIVE, CaseAction
from complaints.domain.intake import TEXT_MOST, TITLE_MOST, NewCase
from complaints.domain.kinds import SUBJECT, CaseChannel, CaseKind
from complaints.domain.mail_fates import MailFate, MailReason
from complaints.domain.mail_reading import ReadMail
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.models.work import CasePhoto
from complaints.operations import case_moves, findings, intake
from complaints.operations.findings import TooManyPhotos
from complaints.queries import mails
from complaints.queries.sight import visible_to

SENDER_MOST: Final = 20
"""So many mails of one sender are taken in a day without a look (house rule); what comes after waits for a person."""
DAY: Final = timedelta(days=1)
log = structlog.get_logger(__name__)


class UnknownMail(Refused):
    """There is no such mail, or none that this one may know of."""

    code = "unknown_case_mail"


class MailSettled(Refused):
    """Somebody has dealt with the mail already."""

    code = "case_mail_settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mail lay."""

    mailbox: str
    uid_validity: int
    uid: str


def take(*, raw: bytes, is_whole: bool, place: Place, ours: frozenset[str], at: datetime) -> MailFate:
    """
    Take a mail in, whatever it is; what cannot be taken waits for a person. The same mail again changes nothing.

    :param is_whole: False: it is too large, and these are its first bytes.
    :param ours: our own mailboxes, in small letters.
    """
    read = mail_reading.read(raw, ours=ours)
    session = db.session()
    try:
        return _take(read, raw, is_whole=is_whole, place=place, at=at)
    except Refused as refusal:
        detail, reason = refusal.code, MailReason.REFUSED
    except Exception as error:
        if db.is_lost(session):
            raise  # the database went away: the mail stays where it is
        log.exception("mail_failed", uid=place.uid)
        detail, reason = type(error).__name__, MailReason.FAILED
    return _leave(read, raw, reason, place=place, at=at, detail=detail)


@opens_transaction
def settle(*, mail_id: int, at: datetime, actor: Actor) -> None:
    """
    Note that somebody dealt with a mail that waited for a person.

    :raises UnknownMail, NotAllowed, MailSettled: see there.
    """
    row = _lock(mail_id, actor)
    row.settled_at, row.settled_name = at, actor.name[:150]
    row.save(update_fields=["settled_at", "settled_name"])
    audit.record(actor, "settle", "case_mail", row.id)


@opens_transaction
def make_case(*, mail_id: int, kind: CaseKind, at: datetime, actor: Actor) -> intake.Taken:
    """
    Take a mail in as a case by hand: one that waited for a person, or was left as a machine's and is none.

    Pictures of one that came to a case that had ended go with the new case.

    :raises UnknownMail, NotAllowed, MailSettled: see there. Otherwise as ``intake.take``.
    """
    row = _lock(mail_id, actor)
    said = row.text or row.subject
    new = _case(row.subject, said, row.sender_name, row.sender_address, customer_id=row.customer_id, kind=kind, at=at)
    made = intake.take_step(new=new, at=at, actor=actor)
    pictures = _handed_on(row, made.case_id)
    row.fate, row.case_id, row.settled_at, row.settled_name = MailFate.CASE.value, made.case_id, at, actor.name[:150]
    row.save(update_fields=["fate", "case", "settled_at", "settled_name"])
    # Without the number of the case: it may be kept from somebody who reads the audit trail.
    audit.record(actor, "make_case", "case_mail", row.id, pictures=pictures)
    return made


@joins_transaction
def _handed_on(row: CaseMail, case_id: int) -> int:
    """Let pictures that came with a mail to a case that had ended go with another one; return how many."""
    if row.case_id is None:
        return 0
    came = CasePhoto.objects.filter(case_id=row.case_id, at=row.taken_at, actor_kind=ActorKind.CUSTOMER.value)
    return came.update(case_id=case_id)


@opens_transaction
def _take(read: ReadMail | None, raw: bytes, *, is_whole: bool, place: Place, at: datetime) -> MailFate:
    known = None if read is None else CaseMail.objects.filter(key=read.key).first()
    if read is not None and known is not None:
        if known.digest == read.digest or not is_whole:
            return MailFate(known.fate)
        return _keep(read, raw, MailFate.TASK, MailReason.SAME_ID, place=place, at=at, is_new_key=True)
    why = _why_not(read, is_whole=is_whole, at=at)
    if read is None or why is not None:
        is_machine = read is not None and why is read.machine
        fate = MailFate.LEFT if is_machine else MailFate.TASK
        return _keep(read, raw, fate, why, place=place, at=at)
    senders = customers.with_mailbox(read.address)
    answered = _answered(read, senders)
    if answered is None:
        return _taken(read, raw, senders, place=place, at=at)
    return _added(answered, read, raw, place=place, at=at)


def _why_not(read: ReadMail | None, *, is_whole: bool, at: datetime) -> MailReason | None:
    """Return why a mail is not taken in by itself; None: it is."""
    if not is_whole:
        return MailReason.TOO_LARGE
    if read is None or not read.address:
        return MailReason.UNREADABLE if read is None or read.machine is None else read.machine
    if read.machine is not None:
        return read.machine
    if not (read.text or read.subject or read.pictures):
        return MailReason.EMPTY
    return MailReason.TOO_MANY if mails.count_of(address=read.address, since_at=at - DAY) >= SENDER_MOST else None


@joins_transaction
def _answered(read: ReadMail, senders: tuple[int, ...]) -> Case | None:
    """Return the case that a mail answers, locked; None: it names none, or none of its sender."""
    rows = Case.objects.select_for_update(of=("self",)).filter(number__in=read.numbers, is_anonymous=False)
    for row in rows.order_by("-id"):
        if row.customer_id in senders or row.caller_email.lower() == read.address.lower():
            return row
    return None


@joins_transaction
def _taken(read: ReadMail, raw: bytes, senders: tuple[int, ...], *, place: Place, at: datetime) -> MailFate:
    said = read.own_text or read.subject or "–"
    sender_id = senders[0] if len(senders) == 1 else None
    new = _case(read.subject, said, read.name, read.address, customer_id=sender_id, kind=None, at=at)
    made = intake.take_step(new=new, at=at, actor=SYSTEM)
    row = Case.objects.get(id=made.case_id)
    return _keep_with(row, read, raw, MailFate.CASE, place=place, at=at)


@joins_transaction
def _added(row: Case, read: ReadMail, raw: bytes, *, place: Place, at: datetime) -> MailFate:
    """Add a mail to the case that it answers; one that has ended waits for a person who opens it again, or not."""
    if row.state not in LIVE:
        return _keep_with(row, read, raw, MailFate.TASK, place=place, at=at, reason=MailReason.ENDED)
    fate = _keep_with(row, read, raw, MailFate.ADDED, place=place, at=at)
    audit.record(_writer(read), "write", SUBJECT, row.id, number=row.number)
    if row.waits_since is not None:
        case_moves.go(row, CaseAction.GO_ON, actor=SYSTEM, at=at, rules=case_moves.rules_now(), reason="caller_wrote")
    return fate


@joins_transaction
def _keep_with(
    row: Case, read: ReadMail, raw: bytes, fate: MailFate, *, place: Place, at: datetime,
    reason: MailReason | None = None,
) -> MailFate:  # fmt: skip
    """Keep a mail with its case, and its pictures as those of the caller; what is no picture is named."""
    left_out = list(read.left_out)
    for picture in read.pictures:
        try:
            findings.add_photo_step(row, BytesIO(picture), at=at, actor=_writer(read))
        except (photos.NotAPhoto, FileTooLarge, TooManyPhotos) as refusal:
            left_out.append(refusal.code)
    return _keep(read, raw, fate, reason, place=place, at=at, row=row, left_out=left_out)


@opens_transaction
def _leave(
    read: ReadMail | None, raw: bytes, reason: MailReason, *, place: Place, at: datetime, detail: str
) -> MailFate:  # fmt: skip
    """Leave a mail that could not be taken in to a person."""
    return _keep(read, raw, MailFate.TASK, reason, place=place, at=at, detail=detail)


@joins_transaction
def _keep(
    read: ReadMail | None, raw: bytes, fate: MailFate, reason: MailReason | None, *, place: Place, at: datetime,
    row: Case | None = None, left_out: list[str] | None = None, detail: str = "", is_new_key: bool = False,
) -> MailFate:  # fmt: skip
    digest = mail_reading.digest_of(raw) if read is None else read.digest
    key = f"sha256:{digest}" if read is None else read.key
    if is_new_key:
        key = f"{key[:200]}#{digest}"
    named = (read.left_out if read is not None else ()) if left_out is None else left_out
    senders = () if read is None or row is not None else customers.with_mailbox(read.address)
    customer_id = row.customer_id if row is not None else senders[0] if len(senders) == 1 else None
    CaseMail.objects.get_or_create(
        key=key,
        defaults={
            "digest": digest, "mailbox": place.mailbox, "uid_validity": place.uid_validity, "uid": place.uid,
            "taken_at": at, "fate": fate.value, "reason": "" if reason is None else reason.value, "detail": detail,
            "case": row, "customer_id": customer_id, "left_out": ", ".join(named)[:500],
            "sender_name": "" if read is None else read.name, "sender_address": "" if read is None else read.address,
            "subject": "" if read is None else read.subject, "text": "" if read is None else read.text,
        },
    )  # fmt: skip
    return fate


@joins_transaction
def _lock(mail_id: int, actor: Actor) -> CaseMail:
    if not actor.is_one_of(DESK):
        raise NotAllowed(f"{actor.name} does not deal with mails.", advice="Ask a clerk.")
    row = CaseMail.objects.select_for_update().filter(id=mail_id).first()
    if row is None or (row.case_id is not None and not visible_to(actor).filter(id=row.case_id).exists()):
        raise UnknownMail(f"There is no mail {mail_id}.", mail_id=mail_id)
    if row.settled_at is not None or row.fate in {MailFate.CASE, MailFate.ADDED}:
        raise MailSettled("Somebody has dealt with this mail.", advice="Look at the list again.")
    return row


def _case(
    subject: str, said: str, name: str, address: str, *, customer_id: int | None, kind: CaseKind | None, at: datetime
) -> NewCase:
    """
    Return what a mail says as a case; with the account of a customer who has one alone. ``kind`` None: not known.

    Anybody may write under any address: no crew is sent before a person has said that it tells of a fault.
    """
    text = said if len(said) <= TEXT_MOST else f"{said[: TEXT_MOST - 1]}…"
    held = () if customer_id is None else accounts.held_by(customer_id=customer_id)
    mine = {span.account_id for span in held if span.holds(timezone.localdate(at))}
    return NewCase(
        kind=kind or CaseKind.QUESTION, is_kind_open=kind is None, channel=CaseChannel.EMAIL,
        title=subject[:TITLE_MOST], text=text, caller_name=name, caller_email=address, customer_id=customer_id,
        account_id=mine.pop() if len(mine) == 1 else None, sends_crew=False,
    )  # fmt: skip


def _writer(read: ReadMail) -> Actor:
    """Return who wrote: a customer by mail, whom nobody has seen sign in."""
    return Actor(ActorKind.CUSTOMER, None, read.name or read.address)
