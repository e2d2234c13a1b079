"""Signing a contract: in the portal by a code that is sent once, or on paper whose scan is kept."""

from datetime import date
from io import BytesIO

from django.utils import timezone

from accounts.operations import verified_numbers
from accounts.operations.notice_drafts import Recipient
from accounts.queries import customers
from cis.kernel.actors import Actor
from cis.platform import papers, photos
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.contract_workflow import WORKFLOW, ContractAction, ContractState, SigningWay
from contracts.domain.signing import CodeRefused
from contracts.models.application import ServiceApplication
from contracts.models.supply_contract import SupplyContract
from contracts.operations import application_agents, application_notices, signing_codes, supply_contracts
from contracts.operations.supply_contracts import SUBJECT, NotSignable
from contracts.queries.supply_contracts import UnknownContract

SCAN_MOST = papers.BYTES_MOST


class BadScan(NotSignable):
    """The scan is no PDF, JPEG or PNG that can be looked at safely."""

    code = "bad_scan"


@opens_transaction
def send_code(*, contract_id: int, customer_id: int, actor: Actor) -> None:
    """
    Send the customer of a contract a code to sign it by; codes sent before serve no more.

    :raises UnknownContract: there is none of this customer.
    :raises BeyondScope: the agent of the application may not sign.
    :raises IllegalMove, NotAllowed: it does not wait for a signature, or the actor may not sign.
    :raises TooManyCodes: so many were sent within an hour.
    """
    row = _mine(contract_id, customer_id)
    application_agents.check(subject=row.subject, subject_id=row.subject_id, actor=actor)
    WORKFLOW.step(ContractState(row.state), ContractAction.SIGN, actor)
    signing_codes.send_step(
        row, subject=SUBJECT, customer_id=customer_id, purpose=_purpose(row), actor=actor,
        applicant=_applicant(row, actor),
    )  # fmt: skip


def sign_by_code(*, contract_id: int, customer_id: int, code: str, signed_by: str, today: date, actor: Actor) -> None:
    """
    Sign a contract in the portal. A wrong code counts as a try, and that it was tried is kept.

    :raises UnknownContract: there is none of this customer.
    :raises CodeRefused: the code is wrong, too old, used, or was tried too often.
    :raises BeyondScope: the agent of the application may not sign.
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
    application_agents.check(subject=row.subject, subject_id=row.subject_id, actor=actor)
    if not signing_codes.try_step(row, subject=SUBJECT, code=code, actor=actor):
        return False
    supply_contracts.sign_step(contract_id=row.id, way=SigningWay.PORTAL, signed_by=signed_by, today=today, actor=actor)
    if _applicant(row, actor) is not None:
        number = signing_codes.number_of(row)
        verified_numbers.prove_step(customer_id=customer_id, number=number, at=timezone.now(), actor=actor)
    return True


@opens_transaction
def sign_on_paper(*, contract_id: int, scan: bytes, name: str, signed_by: str, today: date, actor: Actor) -> None:
    """
    Enter a contract that was signed on paper, with the scan of what was signed.

    :raises UnknownContract: there is none.
    :raises BadScan: the file is no PDF, JPEG or PNG, whatever its name says, or holds programs; see ``papers``.
    :raises FileTooLarge: it is larger than is taken here.
    :raises IllegalMove, NotAllowed, NotSignable: see ``supply_contracts.sign_step``.
    """
    try:
        scan_id = papers.keep(BytesIO(scan), name=name, actor=actor)
    except (papers.NotAPaper, photos.NotAPhoto) as refusal:
        raise BadScan(refusal.message, advice=refusal.advice, field="scan") from refusal
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


def _applicant(row: SupplyContract, actor: Actor) -> Recipient | None:
    """Return who signs by the link of the application, where there is no login by which a number could be proven."""
    if actor.id is not None or row.subject != APPLICATION or row.subject_id is None:
        return None
    return application_notices.applicant(ServiceApplication.objects.get(id=row.subject_id))


def _purpose(row: SupplyContract) -> str:
    """Return what the code is for, in the customer's language."""
    is_chinese = customers.card(customer_id=row.customer_id).language.startswith("zh")
    return f"签署合同 {row.number}" if is_chinese else f"signing contract {row.number}"
