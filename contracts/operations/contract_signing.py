"""Signing a contract: in the portal by a code that is sent once, or on paper whose scan is kept."""

import secrets
from datetime import date, timedelta

from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.operations import notices
from accounts.queries import customers
from cis.kernel.actors import Actor
from cis.platform import audit, documents
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import signing
from contracts.domain.contract_workflow import WORKFLOW, ContractAction, ContractState, SigningWay
from contracts.domain.signing import CodeRefused, TooManyCodes
from contracts.models.supply_contract import SigningCode, SupplyContract
from contracts.operations import supply_contracts
from contracts.operations.supply_contracts import SUBJECT, NotSignable
from contracts.queries.supply_contracts import UnknownContract

SALT = "contracts.signing"
SCAN_MOST = 20 * 1024 * 1024
SCANS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
"""What a scan begins with, and what it is then: what its name says does not count."""


class BadScan(NotSignable):
    """The scan is no PDF, JPEG or PNG."""

    code = "bad_scan"


@opens_transaction
def send_code(*, contract_id: int, customer_id: int, actor: Actor) -> None:
    """
    Send the customer of a contract a code to sign it by; codes sent before serve no more.

    :raises UnknownContract: there is none of this customer.
    :raises IllegalMove, NotAllowed: it does not wait for a signature, or the actor may not sign.
    :raises TooManyCodes: so many were sent within an hour.
    """
    row = _mine(contract_id, customer_id)
    WORKFLOW.step(ContractState(row.state), ContractAction.SIGN, actor)
    now = timezone.now()
    sent = SigningCode.objects.filter(contract=row, sent_at__gt=now - timedelta(hours=1)).count()
    if sent >= signing.SENT_AN_HOUR:
        raise TooManyCodes("Many codes were sent lately.", advice="Wait an hour, or sign on paper.")
    code = f"{secrets.randbelow(10**signing.DIGITS):0{signing.DIGITS}d}"
    SigningCode.objects.filter(contract=row, used_at=None).update(expires_at=now)
    made = SigningCode.objects.create(contract=row, code_hash="", expires_at=now + signing.HOLDS, actor_id=actor.id)
    made.code_hash = _hash(made.id, code)
    made.save(update_fields=["code_hash"])
    notices.queue_step(
        event="one_time_code",
        customer_id=customer_id,
        facts={
            "code": code,
            "purpose": _purpose(row),
            "minutes": int(signing.HOLDS.total_seconds()) // 60,
        },
        key=f"signing_code:{made.id}",
        actor=actor,
    )
    audit.record(actor, "send_code", SUBJECT, row.id, number=row.number)


def sign_by_code(*, contract_id: int, customer_id: int, code: str, signed_by: str, today: date, actor: Actor) -> None:
    """
    Sign a contract in the portal. A wrong code counts as a try, and that it was tried is kept.

    :raises UnknownContract: there is none of this customer.
    :raises CodeRefused: the code is wrong, too old, used, or was tried too often.
    :raises IllegalMove, NotAllowed, NotSignable: see ``supply_contracts.sign_step``.
    """
    if not _try_code(
        contract_id=contract_id, customer_id=customer_id, code=code, signed_by=signed_by, today=today, actor=actor
    ):
        raise CodeRefused("This code does not serve.", advice="Check it, or have a new one sent.", field="code")


@opens_transaction
def _try_code(*, contract_id: int, customer_id: int, code: str, signed_by: str, today: date, actor: Actor) -> bool:
    """Sign if the code fits; return whether it did. Tries are counted whatever comes of them."""
    row = _mine(contract_id, customer_id)
    now = timezone.now()
    kept = SigningCode.objects.select_for_update().filter(contract=row).order_by("-id").first()
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
        audit.record(actor, "wrong_code", SUBJECT, row.id, attempts=kept.attempts)
        return False
    supply_contracts.sign_step(contract_id=row.id, way=SigningWay.PORTAL, signed_by=signed_by, today=today, actor=actor)
    return True


@opens_transaction
def sign_on_paper(*, contract_id: int, scan: bytes, name: str, signed_by: str, today: date, actor: Actor) -> None:
    """
    Enter a contract that was signed on paper, with the scan of what was signed.

    :raises UnknownContract: there is none.
    :raises BadScan: the file is no PDF, JPEG or PNG, whatever its name says.
    :raises FileTooLarge: it is larger than is taken here.
    :raises IllegalMove, NotAllowed, NotSignable: see ``supply_contracts.sign_step``.
    """
    media_type = next((kind for start, kind in SCANS.items() if scan.startswith(start)), None)
    if media_type is None:
        raise BadScan("The scan is no PDF, JPEG or PNG.", advice="Scan it as PDF.", field="scan")
    scan_id = documents.keep(scan, name=name, media_type=media_type, actor=actor, bytes_most=SCAN_MOST)
    supply_contracts.sign_step(
        contract_id=contract_id, way=SigningWay.PAPER, signed_by=signed_by, today=today, actor=actor, scan_id=scan_id
    )


@joins_transaction
def _mine(contract_id: int, customer_id: int) -> SupplyContract:
    row = (
        SupplyContract.objects.select_for_update(of=("self",))
        .filter(id=contract_id, customer_id=customer_id)
        .exclude(state=ContractState.DRAFT.value)
        .first()
    )
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.", contract_id=contract_id)
    return row


def _purpose(row: SupplyContract) -> str:
    """Return what the code is for, in the customer's language."""
    is_chinese = customers.card(customer_id=row.customer_id).language.startswith("zh")
    return f"签署合同 {row.number}" if is_chinese else f"signing contract {row.number}"


def _hash(code_id: int, code: str) -> str:
    return salted_hmac(SALT, f"{code_id}:{code}", algorithm="sha256").hexdigest()
