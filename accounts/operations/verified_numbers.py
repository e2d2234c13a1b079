"""
Numbers that are proven: by a code that was sent there, or by a call there that the customer answered.

A number is proven for one customer at most. Numbers are given to somebody else some months after they were given up, so
who proves one last has it, and with that moment it leads to nobody else.
"""

import secrets
from datetime import datetime
from typing import Final

from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.domain import verified_numbers as domain
from accounts.domain.contact import ContactKind
from accounts.domain.notice_events import Channel, Fact
from accounts.domain.notice_states import NoticeAction, NoticeState
from accounts.domain.verified_numbers import VerifiedBy
from accounts.models.contact import ContactPoint
from accounts.models.notice import Notice
from accounts.models.people import ContactCode
from accounts.operations import contacts, notice_settling, notices, number_ends
from accounts.operations.notice_drafts import Recipient
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, limits
from cis.platform.db import execute, joins_transaction, opens_transaction
from cis.platform.limits import TooManyRequests

EVENT: Final = "one_time_code"
SENT: Final = "number_codes"
"""Name under which codes are counted by number."""
SALT: Final = "accounts.numbers"
CALLERS: Final[frozenset[Role | ActorKind]] = frozenset((Role.CLERK, Role.SUPERVISOR))
"""Who says that a customer answered a call."""


class NoNumber(Refused):
    """It is no number of the customer that could be proven like this."""

    code = "no_number"


class TooManyNumberCodes(Refused):
    """So many codes were sent to this number lately that no more are."""

    code = "too_many_codes"


class NumberCodeRefused(Refused):
    """The code is wrong, too old, used up, or there is none; which of them is not told apart."""

    code = "number_code_refused"


def send_code(*, customer_id: int, contact_id: int, purpose: str, at: datetime, actor: Actor) -> None:
    """
    Send a code to a mobile number of a customer, there and nowhere else; codes sent before serve no more.

    Codes are counted for the number, whoever asks: who removes and enters it again, or asks as several customers, does
    not ring it more often.

    :param purpose: what the code is for, in the customer's language.
    :raises UnknownCustomer, CustomerMerged, CustomerErased: see there.
    :raises NoNumber: it is no mobile number of theirs. :raises TooManyNumberCodes: see there.
    """
    number = _point(customer_id, contact_id, {ContactKind.MOBILE.value}).value
    try:
        limits.take_of(name=SENT, of=number, most=domain.SENT_AN_HOUR, hours=1, at=at)
    except TooManyRequests as error:
        raise TooManyNumberCodes("Many codes were sent lately.", advice="Wait an hour.") from error
    _send(customer_id=customer_id, contact_id=contact_id, purpose=purpose, at=at, actor=actor)


@opens_transaction
def _send(*, customer_id: int, contact_id: int, purpose: str, at: datetime, actor: Actor) -> None:
    customer = contacts.lock_customer(customer_id=customer_id)
    point = _point(customer_id, contact_id, {ContactKind.MOBILE.value})
    ContactCode.objects.filter(contact_point=point, used_at=None, expires_at__gt=at).update(expires_at=at)
    code = f"{secrets.randbelow(10**domain.DIGITS):0{domain.DIGITS}d}"
    made = ContactCode.objects.create(
        contact_point=point, code_hash="", sent_at=at, expires_at=at + domain.HOLDS, actor_id=actor.id
    )
    made.code_hash = _hash(made.id, code)
    made.save(update_fields=["code_hash"])
    facts: dict[str, Fact] = {"code": code, "purpose": purpose, "minutes": int(domain.HOLDS.total_seconds()) // 60}
    to = Recipient(name=customer.name, language=customer.language, mobile=point.value)
    notices.queue_step(event=EVENT, recipient=to, facts=facts, key=f"number_code:{made.id}", actor=actor)
    audit.record(actor, "send_number_code", "customer", customer_id, value=point.value)


@opens_transaction
def try_code(*, customer_id: int, contact_id: int, code: str, at: datetime, actor: Actor) -> bool:
    """
    Try a code; return whether it fits, and the number is proven. Each try counts, and a code that fits is used.

    :raises UnknownCustomer, CustomerMerged: see there. :raises NoNumber: it is no mobile number of theirs.
    """
    contacts.lock_customer(customer_id=customer_id)
    point = _point(customer_id, contact_id, {ContactKind.MOBILE.value})
    kept = ContactCode.objects.select_for_update().filter(contact_point=point).order_by("-id").first()
    if kept is None or not domain.is_usable(
        expires_at=kept.expires_at, attempts=kept.attempts, used_at=kept.used_at, now=at
    ):
        return False
    kept.attempts += 1
    fits = constant_time_compare(kept.code_hash, _hash(kept.id, code.strip()))
    if fits:
        kept.used_at = at
    kept.save(update_fields=["attempts", "used_at"])
    if fits:
        verify_step(point=point, way=VerifiedBy.CODE, at=at, actor=actor)
    else:
        audit.record(actor, "wrong_number_code", "customer", customer_id, value=point.value)
    return fits


@opens_transaction
def answered(*, customer_id: int, contact_id: int, at: datetime, actor: Actor) -> None:
    """
    Write down that the customer answered a call to a number, and told who they are; for numbers that take no message.

    :raises NotAllowed: the actor calls nobody. :raises UnknownCustomer, CustomerMerged, NoNumber: as they say.
    """
    if not actor.is_one_of(CALLERS):
        raise NotAllowed(f"{actor.name} may not say so.", advice="Ask a clerk.")
    contacts.lock_customer(customer_id=customer_id)
    point = _point(customer_id, contact_id, set(number_ends.NUMBERS))
    verify_step(point=point, way=VerifiedBy.CALL, at=at, actor=actor)


@joins_transaction
def prove_step(*, customer_id: int, number: str, at: datetime, actor: Actor) -> bool:
    """Let a number be proven by a code of another room that was texted there alone; False: it is not kept of them."""
    point = ContactPoint.objects.filter(customer_id=customer_id, kind=ContactKind.MOBILE.value, value=number).first()
    if point is not None:
        verify_step(point=point, way=VerifiedBy.CODE, at=at, actor=actor)
    return point is not None


@joins_transaction
def verify_step(*, point: ContactPoint, way: VerifiedBy, at: datetime, actor: Actor) -> int:
    """Let a number be proven for its customer, and for nobody else any more; return how many others had it."""
    execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"number:{point.value}"])
    others = ContactPoint.objects.select_for_update().filter(value=point.value, kind__in=number_ends.NUMBERS)
    gone = 0
    for other in others.exclude(customer_id=point.customer_id).order_by("id"):
        number_ends.end_step(point=other, reason=number_ends.TAKEN, at=at)
        _stop_messages(other)
        gone += 1
    point.verified_at, point.verified_way = at, way.value
    point.bounced_at, point.bounce_reason = None, ""
    point.save()
    audit.record(actor, "verify_number", "customer", point.customer_id, value=point.value, kind=way.value)
    return gone


@joins_transaction
def _stop_messages(point: ContactPoint) -> None:
    """Let what waits to go to a number that is another's now take its next way."""
    waiting = Notice.objects.select_for_update().filter(
        contact_point=point, channel=Channel.SMS.value, state=NoticeState.QUEUED.value
    )
    for notice in waiting.order_by("id"):
        notice_settling.settle_step(notice=notice, action=NoticeAction.FAIL, reason=number_ends.TAKEN)


def _point(customer_id: int, contact_id: int, kinds: set[str]) -> ContactPoint:
    point = ContactPoint.objects.filter(customer_id=customer_id, id=contact_id, kind__in=kinds).first()
    if point is None:
        raise NoNumber("It is no number of the customer that can be proven like this.", contact_id=contact_id)
    return point


def _hash(code_id: int, code: str) -> str:
    return salted_hmac(SALT, f"{code_id}:{code}", algorithm="sha256").hexdigest()
