"""One-time codes by which customers sign in the portal: sent by the ways that reach them, tried, used once."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.operations.notice_drafts import Recipient
from accounts.queries import notices as sent_notices
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain import signing
from contracts.domain.signing import NoWayToSendCode, TooManyCodes
from contracts.models.program import Enrollment
from contracts.models.supply_contract import SigningCode, SupplyContract

EVENT = "one_time_code"
SALT = "contracts.signing"
CODE_KEY = "signing_code:"


@dataclass(frozen=True, slots=True)
class Named:
    """What is signed in a room above: its kind, as "mandate", and its id."""

    subject: str
    id: int


Signable = SupplyContract | Enrollment | Named
"""What a customer signs by a code."""


@joins_transaction
def send_step(
    row: Signable, *, subject: str, customer_id: int, purpose: str, actor: Actor, applicant: Recipient | None = None
) -> None:
    """
    Send a customer a code for what is locked, to a proven number or a mailbox; codes sent for it before serve no more.

    :param purpose: what the code is for, in the customer's language.
    :param applicant: who signs by the link of an application, without a login: the code goes where they said.
    :raises TooManyCodes: so many were sent within an hour. :raises NoWayToSendCode: none would arrive.
    """
    now = timezone.now()
    if SigningCode.objects.filter(**_of(row), sent_at__gt=now - timedelta(hours=1)).count() >= signing.SENT_AN_HOUR:
        raise TooManyCodes("Many codes were sent lately.", advice="Wait an hour, or sign on paper.")
    code = f"{secrets.randbelow(10**signing.DIGITS):0{signing.DIGITS}d}"
    SigningCode.objects.filter(**_of(row), used_at=None).update(expires_at=now)
    made = SigningCode.objects.create(**_of(row), code_hash="", expires_at=now + signing.HOLDS, actor_id=actor.id)
    made.code_hash = _hash(made.id, code)
    made.save(update_fields=["code_hash"])
    facts: dict[str, Fact] = {"code": code, "purpose": purpose, "minutes": int(signing.HOLDS.total_seconds()) // 60}
    key = f"{CODE_KEY}{made.id}"
    to = customer_id if applicant is None else None
    notices.queue_step(event=EVENT, customer_id=to, recipient=applicant, facts=facts, key=key, actor=actor)
    if not sent_notices.is_on_its_way(event=EVENT, key=key):
        raise NoWayToSendCode(
            "No number of the customer is proven, and no mailbox is known.",
            advice="Prove a number, or sign at the counter.",
        )
    audit.record(actor, "send_code", subject, row.id)


@joins_transaction
def try_step(row: Signable, *, subject: str, code: str, actor: Actor) -> bool:
    """Try a code for what is locked; return whether it fits. Each try counts, and a code that fits is used."""
    now = timezone.now()
    kept = SigningCode.objects.select_for_update().filter(**_of(row)).order_by("-id").first()
    if kept is None or not signing.is_usable(
        expires_at=kept.expires_at, attempts=kept.attempts, used_at=kept.used_at, now=now
    ):
        return False
    kept.attempts += 1
    fits = constant_time_compare(kept.code_hash, _hash(kept.id, code.strip()))
    if fits:
        kept.used_at = now
    kept.save(update_fields=["attempts", "used_at"])
    if not fits:
        audit.record(actor, "wrong_code", subject, row.id, attempts=kept.attempts)
    return fits


def number_of(row: Signable) -> str:
    """Return the number to which the last code for a row was texted, if it went nowhere else; "": it did."""
    kept = SigningCode.objects.filter(**_of(row)).order_by("-id").first()
    return "" if kept is None else sent_notices.texted_to(event=EVENT, key=f"{CODE_KEY}{kept.id}")


@joins_transaction
def end_step(*, customer_id: int) -> int:
    """
    End the codes that were sent to a customer and hold yet; return how many.

    The applicant to whom one went by a link is not the customer of its notice: their papers say so.
    """
    now = timezone.now()
    keys = sent_notices.keys_since(event=EVENT, customer_id=customer_id, since=now - signing.HOLDS)
    ids = [int(key.removeprefix(CODE_KEY)) for key in keys if key.startswith(CODE_KEY)]
    mine = Q(id__in=ids) | Q(contract__customer_id=customer_id) | Q(enrollment__customer_id=customer_id)
    return SigningCode.objects.filter(mine, used_at=None, expires_at__gt=now).update(expires_at=now)


def _of(row: Signable) -> dict[str, Any]:
    if isinstance(row, Named):
        return {"subject": row.subject, "subject_id": row.id}
    return {"contract": row} if isinstance(row, SupplyContract) else {"enrollment": row}


def _hash(code_id: int, code: str) -> str:
    return salted_hmac(SALT, f"{code_id}:{code}", algorithm="sha256").hexdigest()
