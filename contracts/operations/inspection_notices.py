"""The notice of rectification (整改通知书): issued with a receipt, numbered, rendered once and kept as delivered."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from django.utils import timezone

from accounts.domain.notice_facts import TEXT_MOST
from accounts.operations import notices
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, documents, outbox, photos, rendering, sequences
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.inspection_workflow import INSPECTORS, PLANNERS, REASON_MOST, STANDING, InspectionState
from contracts.models.inspection import Defect, RectificationNotice, SafetyInspection
from contracts.operations import application_notices
from contracts.operations.defect_steps import ReasonMissing, lock_inspection
from contracts.queries import inspection_people, rectification_notices
from contracts.queries.rectification_notices import UnknownNotice

SUBJECT = "rectification_notice"
PAPER = "rectification_notice"
TEMPLATE = "documents/rectification.html"
STYLESHEET = "documents/rectification.css"
MEDIA_TYPE = "application/pdf"
PORTAL = "/portal/safety"
SIGNER_MOST = 100
MORE = " …"


class NoDefects(Refused):
    """There is nothing to rectify."""

    code = "no_defects"


class NoticeIssued(Refused):
    """The notice is issued already."""

    code = "notice_issued"


@opens_transaction
def issue(
    *, inspection_id: int, signer_name: str = "", signature: BinaryIO | None = None, refusal: str = "", actor: Actor
) -> int:  # fmt: skip
    """
    Issue the notice of an inspection's defects with its receipt, and tell the customer; return its id.

    The receipt is a name with a signature, a refusal with its reason, or empty: then the paper is to be signed.

    :raises NoDefects: there is nothing to rectify.
    :raises NoticeIssued: it is issued already.
    :raises ReasonMissing: there is a signature without a name.
    :raises NotAPhoto: the signature is no picture.
    :raises NotAllowed: the actor may not.
    """
    if not actor.is_one_of(INSPECTORS | PLANNERS):
        raise NotAllowed(f"{actor.name} may not issue notices.", advice="Ask a crew or metering.")
    row = lock_inspection(inspection_id)
    if RectificationNotice.objects.filter(inspection=row).exists():
        raise NoticeIssued("The notice of this inspection is issued already.")
    if not row.defects.exists():
        raise NoDefects("This inspection has found no defects.")
    if signature is not None and not signer_name.strip():
        raise ReasonMissing("Who signed?", advice="Enter the name.", field="signer_name")
    kept = photos.keep(signature, name=f"signature-{row.id}", actor=actor) if signature is not None else None
    new = RectificationNotice(
        inspection=row, signer_name=signer_name.strip()[:SIGNER_MOST], signature_id=kept.document_id if kept else None,
        refusal="" if kept else refusal.strip()[:REASON_MOST], witness=actor.name[:150], actor_id=actor.id,
    )  # fmt: skip
    # The number is the last thing that is taken: whoever wants the next one waits until this use case ends.
    new.number = f"ZG{timezone.localdate().year}{sequences.take(f'{SUBJECT}-{timezone.localdate().year}'):06d}"
    new.save()
    receipt = "signed" if kept else "refused" if new.refusal else "open"
    audit.record(actor, "issue", SUBJECT, new.id, number=new.number, receipt=receipt, inspection=row.id)
    outbox.queue(kind=PAPER, key=str(new.id), payload={"notice_id": new.id})
    if row.application_id is None or row.state != InspectionState.FAILED:  # that was told when it failed
        _tell(row, "defects_found", key=f"notice:{new.id}", actor=actor, number=new.number,
              count=row.defects.count(), due=min(row.defects.values_list("due_date", flat=True)))  # fmt: skip
    return new.id


def print_paper(message: outbox.Message) -> None:
    """Render a notice after the commit; what was rendered is kept and never made anew."""
    paper(notice_id=message.payload["notice_id"])


def paper(*, notice_id: int) -> bytes:
    """
    Return the notice as PDF: the kept one; the first time it is rendered and kept.

    :raises UnknownNotice: there is none.
    """
    found = rectification_notices.of_notice(notice_id=notice_id)
    if found.document_id is None:
        written = rendering.pdf(
            template=TEMPLATE,
            css=STYLESHEET,
            context={"document": found},
            pictures=rectification_notices.pictures(found),
        )
        _keep(notice_id, written)
        found = rectification_notices.of_notice(notice_id=notice_id)
    assert found.document_id is not None
    with documents.open(found.document_id) as kept:
        return kept.read()


@joins_transaction
def tell_failed_step(row: SafetyInspection, *, actor: Actor) -> None:
    """Tell an applicant what is to be mended before the supply is switched on; of a supply: nothing."""
    if row.application is None or row.state != InspectionState.FAILED:
        return
    about = [row.id, row.follows_id] if row.follows_id else [row.id]
    rows = list(Defect.objects.filter(inspection_id__in=about, state__in=STANDING).order_by("due_date", "id"))
    if rows:
        application_notices.tell_defects_step(
            row.application, what=_in_one_line([one.text_zh for one in rows], "；"),
            what_en=_in_one_line([one.text_en for one in rows], "; "), due=rows[0].due_date, key=f"inspection:{row.id}",
            actor=actor,
        )  # fmt: skip


@joins_transaction
def tell_overdue_step(row: Defect) -> None:
    """Tell the customer that the time of a defect is over."""
    _tell(row.inspection, "defect_overdue", key=f"defect:{row.id}", actor=SYSTEM,
          defect=row.text_zh, defect_en=row.text_en, due=row.due_date)  # fmt: skip


@joins_transaction
def remind_step(row: Defect) -> None:
    """Remind the customer that the time of a defect is nearly over."""
    _tell(row.inspection, "defect_due_soon", key=f"defect:{row.id}:{row.due_date}", actor=SYSTEM,
          defect=row.text_zh, defect_en=row.text_en, due=row.due_date)  # fmt: skip


@opens_transaction
def _keep(notice_id: int, written: bytes) -> None:
    row = RectificationNotice.objects.select_for_update().filter(id=notice_id).first()
    if row is None:
        raise UnknownNotice(f"There is no notice {notice_id}.")
    if row.document_id is None:
        name = f"notice-{row.number}.pdf"
        row.document_id = documents.keep(written, name=name, media_type=MEDIA_TYPE)
        row.save(update_fields=["document"])


def _in_one_line(texts: Sequence[str], between: str) -> str:
    """Return texts with numbers, as many as a notice takes; the paper and the portal have all."""
    line = ""
    for place, text in enumerate(texts, start=1):
        more = f"{between if line else ''}{place}. {' '.join(text.split())}"
        if len(line) + len(more) > TEXT_MOST - len(MORE):
            return line + MORE
        line += more
    return line


def _tell(row: SafetyInspection, event: str, *, key: str, actor: Actor, **facts: str | int | date) -> None:
    to = inspection_people.of_inspection(inspection=row, on=timezone.localdate())
    if to is None:
        return  # nobody holds the account
    notices.queue_step(
        event=event, customer_id=to.customer_id, account_id=to.account_id,
        facts={**facts, "address": row.address, "link": PORTAL}, key=key, actor=actor,
    )  # fmt: skip
