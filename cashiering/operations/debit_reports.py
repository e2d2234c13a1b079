"""What a bank says of files of debits before it collects (pain.002), and the files that it gives of itself."""

from datetime import datetime
from io import BytesIO

import structlog
from django.utils import timezone

from cashiering.domain import debit_returns
from cashiering.domain.debit_batches import WORKFLOW, BatchAction, BatchState
from cashiering.domain.debits import DebitState, ids_in
from cashiering.domain.formats import pain002
from cashiering.domain.formats.pain008 import block_name
from cashiering.gateways import debit_bank
from cashiering.gateways.debit_bank import BankFile
from cashiering.models.debit import Debit, DebitBatch
from cashiering.operations import debit_follow_ups, statements
from cashiering.queries.debits import UnknownBatch
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db, documents, jobs
from cis.platform.db import opens_transaction

WORK = "debit_bank_files"
FILES_MOST = 100
SUBJECT = "debit_batch"
REPORT = b"pain.002"
log = structlog.get_logger(__name__)


@opens_transaction
def take(*, content: bytes, name: str, actor: Actor) -> int:
    """
    Take what a bank says of a batch: debits that it rejects will not become money. The same again changes nothing.

    :returns: how many debits were rejected by it.
    :raises BadReport: it is no pain.002, or names no batch.
    :raises UnknownBatch: no batch of this name was ever sent.
    """
    report = pain002.read(content)
    batch = DebitBatch.objects.select_for_update().filter(reference=report.batch).first()
    if batch is None or batch.state not in (BatchState.SENT.value, BatchState.REJECTED.value):
        raise UnknownBatch(f"No batch {report.batch[:40]} is with the bank.", advice="Ask the bank what it is about.")
    document_id = documents.keep(content, name=name[-255:], media_type="application/xml", actor=actor)
    rows = {row.id: row for row in batch.debits.select_for_update(of=("self",)).order_by("id")}
    rejected = _rejected(report, batch, rows)
    for row, reason in rejected:
        row.state = DebitState.REJECTED.value
        row.return_code, row.return_reason = debit_returns.code_in(reason), reason[:200]
        row.returned_date = timezone.localdate()
    Debit.objects.bulk_update(
        [row for row, _reason in rejected], ["state", "return_code", "return_reason", "returned_date"], batch_size=2_000
    )
    is_whole = any(not one.block and not one.item for one in report.rejections)
    if is_whole and batch.state == BatchState.SENT.value:
        batch.state = WORKFLOW.step(BatchState.SENT, BatchAction.REJECT, actor).to.value
    whole = next((one.reason for one in report.rejections if not one.block), "")
    batch.bank_says = " ".join(filter(None, (report.status, whole)))[:200]
    batch.save(update_fields=["state", "bank_says"])
    audit.record(actor, "report", SUBJECT, batch.id, rejected=len(rejected), status=report.status, document=document_id)
    if rejected:
        jobs.wake(debit_follow_ups.WORK)
    return len(rejected)


def _rejected(report: pain002.Report, batch: DebitBatch, rows: dict[int, Debit]) -> list[tuple[Debit, str]]:
    """Return the debits that the bank does not collect, and why; what is collected or rejected already is left out."""
    sent = {row_id: row for row_id, row in rows.items() if row.state == DebitState.SENT.value}
    found: dict[int, str] = {}
    for one in report.rejections:
        if one.item:
            ids = [row_id for row_id in ids_in(one.item) if row_id in sent]
        else:
            ids = [row_id for row_id, row in sent.items() if one.block in ("", _block_of(batch, row))]
        for row_id in ids:
            found[row_id] = one.reason or found.get(row_id, "")
    return [(sent[row_id], reason) for row_id, reason in found.items()]


def _block_of(batch: DebitBatch, row: Debit) -> str:
    return block_name(batch.reference, sequence=row.sequence, collection_date=row.collection_date)


def take_files(at: datetime) -> int:
    """Take what the bank has to give, and confirm what is kept; return how many files there were."""
    bank = debit_bank.current()
    if bank is None:
        return 0
    found = bank.files(most=FILES_MOST)
    for one in found:
        if _keep(one, at=at):
            bank.confirm([one.answer_id])
    return len(found)


def _keep(one: BankFile, *, at: datetime) -> bool:
    """Keep one file; one that cannot be kept now is given again, and does not stop the others."""
    session = db.session()
    try:
        if REPORT in one.content[:1_000]:
            take(content=one.content, name=one.name, actor=SYSTEM)
        else:
            statements.take(source=BytesIO(one.content), name=one.name, today=timezone.localdate(at), actor=SYSTEM)
    except Refused as refusal:
        if db.is_lost(session):
            raise
        log.exception("debit_bank_file_not_kept", name=one.name, code=refusal.code)
        return False
    return True
