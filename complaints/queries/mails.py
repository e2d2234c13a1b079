"""Mails of the inbox, for pages and for what reads it; what belongs to a case is seen by who sees the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from cis.kernel.actors import Actor
from complaints.domain.mail_fates import MailFate
from complaints.models.mail import CaseMail
from complaints.queries.sight import visible_to


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMails:
    """
    Which mails.

    fate  "": those that wait for a person; "all"; or what became of them
    text  part of the sender's mailbox or of the subject
    """

    fate: str = ""
    text: str = ""


def listed(*, wanted: WantedMails, actor: Actor, offset: int = 0, most: int = 50) -> tuple[CaseMail, ...]:
    """Return mails that an actor may know of, those that wait longest first, else the latest first; one statement."""
    rows = _seen(actor)
    if wanted.fate == "":
        rows = rows.filter(_waiting())
    elif wanted.fate != "all":
        rows = rows.filter(fate=wanted.fate)
    if wanted.text:
        rows = rows.filter(Q(sender_address__icontains=wanted.text) | Q(subject__icontains=wanted.text))
    ordered = rows.order_by("id" if wanted.fate == "" else "-id")
    return tuple(ordered.select_related("case")[offset : offset + most])


def count_waiting(*, actor: Actor) -> int:
    """Return how many mails wait for a person, of those that an actor may know of; one statement."""
    return _seen(actor).filter(_waiting()).count()


def one(*, mail_id: int, actor: Actor) -> CaseMail | None:
    """Return a mail; None: there is none, or none that the actor may know of."""
    return _seen(actor).select_related("case").filter(id=mail_id).first()


def of_case(*, case_id: int) -> tuple[CaseMail, ...]:
    """Return the mails of a case that the caller may see, the first first; one statement."""
    return tuple(CaseMail.objects.filter(case_id=case_id).order_by("id"))


def fates(*, mailbox: str, uid_validity: int, uids: Sequence[str]) -> dict[str, MailFate]:
    """Return what became of those mails that were taken in from a mailbox, by uid; one statement."""
    rows = CaseMail.objects.filter(mailbox=mailbox, uid_validity=uid_validity, uid__in=list(uids))
    return {uid: MailFate(fate) for uid, fate in rows.values_list("uid", "fate")}


def count_of(*, address: str, since_at: datetime) -> int:
    """Return how many mails of one sender became cases, or were added to one, since an instant; one statement."""
    taken = [MailFate.CASE.value, MailFate.ADDED.value]
    return CaseMail.objects.filter(sender_address=address, taken_at__gt=since_at, fate__in=taken).count()


def _waiting() -> Q:
    return Q(fate=MailFate.TASK.value, settled_at=None)


def _seen(actor: Actor) -> QuerySet[CaseMail]:
    return CaseMail.objects.filter(Q(case=None) | Q(case_id__in=visible_to(actor).values("id")))
