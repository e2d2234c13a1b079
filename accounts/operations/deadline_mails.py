"""
Telling staff of deadlines by mail: one mail a person and day, of what comes near and of what is late.

What nobody has taken is told to all who act on its standard, what somebody has taken to that one alone; what is late is
told to the supervisors, too. No mail names a customer: it counts by standard and leads to the desk. A day on which
nobody works brings only what is counted in hours. The key of a mail is its person and day, so that work that is done
again after a crash, or by two workers, writes none twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.gateways import mail
from accounts.gateways.mail import Mail
from accounts.gateways.undeliverable import Undeliverable
from accounts.queries import supplier, users
from accounts.queries.users import LoginCard, UnknownUser
from cis.kernel.deadlines import Unit
from cis.kernel.enums import Role
from cis.platform import calendars, outbox, packs, queues
from cis.platform.db import opens_transaction
from cis.platform.queues import Urgency, Urgent

WORK: Final = "deadline_mails"
SEND: Final = "staff.deadlines"
AHEAD: Final = timedelta(days=1)
"""So soon there is another mail: what ends before it is told now."""
TEMPLATE: Final = "notices/staff_deadlines.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What of one standard a person is told; ``is_escalated``: others act on it."""

    standard: str
    count: int
    first_due_at: datetime
    is_escalated: bool


@opens_transaction
def tell(_at: datetime, *, roles_of: Mapping[str, frozenset[Role]]) -> int:
    """
    Queue today's mails to staff; return how many are new. Four statements whatever the number of deadlines and people.

    :param roles_of: of each standard who acts on it.
    """
    now = timezone.now()
    day = timezone.localdate(now)
    found = queues.urgent(at=now, until_at=now + AHEAD)
    country = packs.rule("holiday_country", at=day)
    if not calendars.business_calendar(country).is_business_day(day):
        found = tuple(one for one in found if one.unit is not Unit.WORKING_DAYS)
    payloads = {}
    for person in users.with_mailbox() if found else ():
        late, near = (_lines(found, person, urgency, roles_of) for urgency in (Urgency.LATE, Urgency.NEAR))
        if late or near:
            subject, body = _text(person, late, near)
            payloads[f"{person.id}:{day}"] = {"user_id": person.id, "subject": subject, "body": body}
    return outbox.queue_many(kind=SEND, payloads=payloads)


def send(message: outbox.Message) -> None:
    """
    Send one mail: the outbox calls this. Who has no login or mailbox any more gets none.

    :raises GatewayDown: it was not taken; the outbox tries again.
    """
    try:
        person = users.one_of_staff(user_id=message.payload["user_id"])
    except UnknownUser:
        return
    if not person.is_active or not person.email:
        return
    letter = Mail(
        to=person.email,
        subject=message.payload["subject"],
        body=message.payload["body"],
        language=person.language,
        sender=supplier.current().name(language=person.language),
        sending=None,
        message_id=message.message_id,
    )
    try:
        mail.send(letter)
    except Undeliverable as refused:
        raise RuntimeError(f"the mailbox of user {person.id} takes nothing: {refused.reason}") from refused


def _lines(
    found: Sequence[Urgent], person: LoginCard, urgency: Urgency, roles_of: Mapping[str, frozenset[Role]]
) -> list[Line]:
    """Return what one person is told, by standard, what ends first on top."""
    counts: dict[tuple[str, bool], tuple[int, datetime]] = {}
    for one in found:
        is_own = one.taken_by_id == person.id or (
            one.taken_by_id is None and not roles_of.get(one.standard, frozenset()).isdisjoint(person.roles)
        )
        is_escalated = not is_own and urgency is Urgency.LATE and Role.SUPERVISOR in person.roles
        if one.urgency is urgency and (is_own or is_escalated):
            count, first = counts.get((one.standard, is_escalated), (0, one.first_due_at))
            counts[one.standard, is_escalated] = (count + one.count, min(first, one.first_due_at))
    lines = [
        Line(standard=standard, count=count, first_due_at=first, is_escalated=is_escalated)
        for (standard, is_escalated), (count, first) in counts.items()
    ]
    return sorted(lines, key=lambda line: (line.first_due_at, line.standard, line.is_escalated))


def _text(person: LoginCard, late: Sequence[Line], near: Sequence[Line]) -> tuple[str, str]:
    """Return subject and body in the person's language: the first line of the template, and the rest."""
    context = {
        "name": person.name or person.username, "late": late, "near": near, "site": settings.SITE_URL,
        "late_count": sum(line.count for line in late), "near_count": sum(line.count for line in near),
    }  # fmt: skip
    with translation.override(person.language):
        subject, _end, body = render_to_string(TEMPLATE, context).strip().partition("\n")
    return subject.strip(), body.strip() + "\n"
