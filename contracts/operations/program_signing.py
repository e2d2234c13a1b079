"""Signing a programme: its paper is rendered and kept, then signed by a code that is sent once, or on paper."""

from datetime import date
from io import BytesIO

from accounts.queries import customers
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import documents, outbox, papers, photos, rendering
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.programs import WORKFLOW, EnrollmentAction, EnrollmentState
from contracts.domain.signing import CodeRefused
from contracts.operations import signing_codes
from contracts.operations.contract_signing import BadScan
from contracts.operations.enrollment_offers import sign_step
from contracts.operations.enrollment_steps import SUBJECT, Locked, lock
from contracts.queries import program_papers
from contracts.queries.enrollments import UnknownEnrollment

TEMPLATE = "documents/programme.html"
STYLESHEET = "documents/programme.css"
MEDIA_TYPE = "application/pdf"


class PaperNotSeen(Refused):
    """Nobody has seen what is to be signed."""

    code = "program_paper_not_seen"


@opens_transaction
def send_code(*, enrollment_id: int, customer_id: int, actor: Actor) -> None:
    """
    Send the customer of an enrolment a code to sign it by; codes sent before serve no more.

    :raises UnknownEnrollment: there is none of this customer.
    :raises IllegalMove, NotAllowed: it does not wait for a signature, or the actor may not sign.
    :raises PaperNotSeen: its paper is not kept yet. :raises TooManyCodes: so many were sent within an hour.
    """
    locked = _mine(enrollment_id, customer_id)
    WORKFLOW.step(EnrollmentState(locked.row.state), EnrollmentAction.SIGN, actor)
    if locked.row.paper_id is None:
        raise PaperNotSeen("Nobody has seen the paper of the programme.", advice="Open its PDF first.")
    signing_codes.send_step(
        locked.row, subject=SUBJECT, customer_id=customer_id, purpose=_purpose(locked), actor=actor
    )  # fmt: skip


def sign_by_code(
    *,
    enrollment_id: int,
    customer_id: int,
    code: str,
    accepted_sha256: str,
    signed_name: str,
    today: date,
    actor: Actor,
) -> None:
    """
    Sign an enrolment in the portal. A wrong code counts as a try, and that it was tried is kept.

    :param accepted_sha256: hash of the text that was shown and accepted.
    :raises UnknownEnrollment: there is none of this customer.
    :raises CodeRefused: the code is wrong, too old, used, or was tried too often.
    :raises PaperNotSeen, IllegalMove, NotAllowed, TextNotAccepted, BadStart, NotOpenToAccount, EnrolledAlready: see
        ``programs.sign``.
    """
    if not _try_code(
        enrollment_id=enrollment_id, customer_id=customer_id, code=code, accepted_sha256=accepted_sha256,
        signed_name=signed_name, today=today, actor=actor,
    ):  # fmt: skip
        raise CodeRefused("This code does not serve.", advice="Check it, or have a new one sent.", field="code")


@opens_transaction
def _try_code(
    *, enrollment_id: int, customer_id: int, code: str, accepted_sha256: str, signed_name: str, today: date,
    actor: Actor,
) -> bool:  # fmt: skip
    """Sign if the code fits; return whether it did. Tries are counted whatever comes of them."""
    locked = _mine(enrollment_id, customer_id)
    if not signing_codes.try_step(locked.row, subject=SUBJECT, code=code, actor=actor):
        return False
    if locked.row.paper_id is None:
        raise PaperNotSeen("Nobody has seen the paper of the programme.", advice="Open its PDF first.")
    sign_step(locked, accepted_sha256, signed_name, "portal", today=today, actor=actor)
    return True


def sign_on_paper(
    *, enrollment_id: int, scan: bytes, name: str, accepted_sha256: str, signed_name: str, today: date, actor: Actor
) -> None:
    """
    Enter at the desk what a customer signed on paper, with the scan of it; the paper is kept before.

    :param accepted_sha256: hash of the text that was shown and accepted.
    :raises UnknownEnrollment: there is none.
    :raises BadScan, FileTooLarge: the file is no PDF, JPEG or PNG that can be looked at safely, or too large.
    :raises NotAllowed: a customer signs by a code. Others: see ``programs.sign``.
    """
    if actor.kind is ActorKind.CUSTOMER:
        raise NotAllowed("A customer signs by a code.", advice="Have a code sent, and sign by it.")
    try:
        checked = papers.check(BytesIO(scan), name=name)
    except (papers.NotAPaper, photos.NotAPhoto) as refusal:
        raise BadScan(refusal.message, advice=refusal.advice, field="scan") from refusal
    paper(enrollment_id=enrollment_id)
    _sign_on_paper(enrollment_id, checked, accepted_sha256, signed_name, today=today, actor=actor)


@opens_transaction
def _sign_on_paper(
    enrollment_id: int, scan: papers.CheckedPaper, accepted_sha256: str, signed_name: str, *, today: date, actor: Actor
) -> None:
    locked = lock(enrollment_id)
    WORKFLOW.step(EnrollmentState(locked.row.state), EnrollmentAction.SIGN, actor)
    scan_id = papers.keep_checked(scan, actor=actor)
    sign_step(locked, accepted_sha256, signed_name, "desk", today=today, actor=actor, scan_id=scan_id)


def paper(*, enrollment_id: int) -> bytes:
    """
    Return what is signed as PDF: rendered once and kept, so that what was read is what is signed.

    Rendering holds no transaction.

    :raises UnknownEnrollment: there is none.
    """
    found = program_papers.of_enrollment(enrollment_id=enrollment_id)
    if found.document_id is None:
        written = rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": found})
        document_id = _keep(enrollment_id, written, found.file_name)
    else:
        document_id = found.document_id
    with documents.open(document_id) as kept:
        return kept.read()


def print_paper(message: outbox.Message) -> None:
    """Render the paper of what was signed at the counter or by interface, after the commit."""
    paper(enrollment_id=message.payload["enrollment_id"])


@opens_transaction
def _keep(enrollment_id: int, written: bytes, name: str) -> int:
    """Keep a paper and return its document; who comes second gets the paper of who was first."""
    row = lock(enrollment_id).row
    if row.paper_id is None:
        row.paper_id = documents.keep(written, name=name, media_type=MEDIA_TYPE)
        row.save(update_fields=["paper"])
    return int(row.paper_id)


@joins_transaction
def _mine(enrollment_id: int, customer_id: int) -> Locked:
    locked = lock(enrollment_id)
    if locked.row.customer_id != customer_id:
        raise UnknownEnrollment(f"There is no enrolment {enrollment_id}.", enrollment_id=enrollment_id)
    return locked


def _purpose(locked: Locked) -> str:
    """Return what the code is for, in the customer's language."""
    program = locked.row.program
    is_chinese = customers.card(customer_id=locked.row.customer_id).language.startswith("zh")
    return f"签署《{program.name_zh}》" if is_chinese else f"signing {program.name_en}"
