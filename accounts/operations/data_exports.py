"""
All that is held on one customer, as a file for that customer: asked for in the portal or at the desk, made by a worker.

The file is a ZIP: ``data.json`` for machines, ``index.html`` for people, and the documents. It is encrypted with the
customer's key, can be fetched for some days by whoever asked for it, and is destroyed then. What is kept from whoever
asked - a case about that clerk - is not in it.
"""

import json
import re
import zipfile
from collections.abc import Collection
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO, Final

import structlog
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.domain.privacy import ExportState, LookPurpose
from accounts.models.privacy import DataExport
from accounts.operations import contacts, customers, export_index
from accounts.queries import customers as customer_queries
from accounts.queries import merges, privacy, supplier
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, concealed, documents, jobs, limits, personal, sealed_documents
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.documents import DocumentLost, UnknownDocument

SUBJECT, WORK, TIDY = "data_export", "data_exports", "forget_data_exports"
MEDIA_TYPE: Final = "application/zip"
DAY_HOURS: Final = 24
INDEX: Final = "documents/data_export.html"
log = structlog.get_logger(__name__)


class ExportNotReady(Refused):
    """It is being made, or its time is over."""

    code = "export_not_ready"


def ask(*, customer_id: int, at: datetime, actor: Actor) -> int:
    """
    Ask for all that is held on a customer; a worker makes the file.

    :raises MissingRule: the pack does not say how often.
    :raises TooManyRequests: so many were asked for today.
    :raises UnknownCustomer, CustomerErased: there is nobody to tell of.
    """
    most = privacy.rule(at=timezone.localdate(at)).exports_a_day
    limits.take_of(name="data_export", of=str(customer_id), most=most, hours=DAY_HOURS, at=at)
    return _ask(customer_id=customer_id, actor=actor)


@opens_transaction
def _ask(*, customer_id: int, actor: Actor) -> int:
    contacts.lock_customer(customer_id=customer_id)
    hidden = {kind: list(ids) for kind, ids in concealed.hidden_from(actor).items()}
    row = DataExport.objects.create(
        customer_id=customer_id, asker_kind=str(actor.kind), asker_id=actor.id, asker_name=actor.name[:150],
        kept_back=hidden,
    )  # fmt: skip
    audit.record(actor, "ask", SUBJECT, row.id, customer_id=customer_id)
    customers.look_step(customer_id=customer_id, purpose=LookPurpose.EXPORT, actor=actor)
    jobs.wake(WORK)
    return int(row.id)


def work(at: datetime) -> None:
    """Make the files that were asked for, one a transaction."""
    today = timezone.localdate(at)
    waiting = DataExport.objects.filter(state=ExportState.WAITING.value).order_by("id")
    for export_id in list(waiting.values_list("id", flat=True)):
        try:
            make(export_id=export_id, today=today)
        except Refused as refusal:  # one that cannot be made keeps no other waiting
            log.warning("no_data_export", export=export_id, code=refusal.code)


@opens_transaction
def make(*, export_id: int, today: date) -> None:
    """Make one file; done twice it is made once. Of a customer who was erased meanwhile none is made."""
    row = DataExport.objects.select_for_update().filter(id=export_id, state=ExportState.WAITING.value).first()
    if row is None:
        return
    if privacy.is_erased(customer_id=row.customer_id):
        row.state = ExportState.OVER.value
        row.save(update_fields=["state"])
        return
    content = _packed(row.customer_id, row.kept_back, today)
    name = f"personal-data-{row.id}.zip"
    row.document_id = documents.keep(content, name=name, media_type=MEDIA_TYPE, actor=SYSTEM)
    sealed_documents.seal_step(document_id=row.document_id, customer_ids=[row.customer_id])
    row.state, row.made_at = ExportState.READY.value, timezone.now()
    row.expires_date = today + timedelta(days=privacy.rule(at=today).export_days)
    row.save(update_fields=["state", "made_at", "expires_date", "document_id"])
    audit.record(SYSTEM, "make", SUBJECT, row.id, size=len(content))


@opens_transaction
def fetch(*, export_id: int, customer_id: int, today: date, actor: Actor) -> BinaryIO:
    """
    Open an export for whoever asked for it, and note that it was fetched; the caller closes it.

    :raises UnknownExport: there is none, or another person asked for it.
    :raises ExportNotReady: it is being made, or its time is over.
    """
    card = privacy.export(export_id=export_id, customer_id=customer_id, actor=actor)
    row = DataExport.objects.select_for_update().get(id=export_id)
    if row.state != ExportState.READY.value or row.document_id is None or _is_over(row, today):
        raise ExportNotReady("The file is not there: it is being made, or its time is over.", state=str(card.state))
    row.fetched += 1
    row.save(update_fields=["fetched"])
    audit.record(actor, "fetch", SUBJECT, row.id, customer_id=customer_id)
    return documents.open(row.document_id)


@opens_transaction
def forget(at: datetime) -> None:
    """Destroy the files whose time is over."""
    over = DataExport.objects.filter(state=ExportState.READY.value, expires_date__lte=timezone.localdate(at))
    ids = [one for one in over.values_list("document_id", flat=True) if one is not None]
    sealed_documents.destroy_step(document_ids=ids)
    over.update(state=ExportState.OVER.value)


@joins_transaction
def end_step(*, customer_ids: Collection[int]) -> int:
    """End the exports of customers who were one and are two: they hold what is the other's. Return how many."""
    rows = DataExport.objects.select_for_update().filter(customer_id__in=list(customer_ids))
    ended = list(rows.exclude(state=ExportState.OVER.value).order_by("id"))
    sealed_documents.destroy_step(document_ids=[row.document_id for row in ended if row.document_id is not None])
    return DataExport.objects.filter(id__in=[row.id for row in ended]).update(state=ExportState.OVER.value)


def contents(*, customer_id: int, hidden: dict[str, list[int]]) -> dict[str, list[dict[str, Any]]]:
    """Return all rows that are held on a customer and on who was merged into them, by table, without empty ones."""
    people = merges.family(customer_id=customer_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for held in personal.all_held():
        rows = {
            row["id"]: row
            for one in people if held.exported
            for row in personal.rows_of(held, customer_id=one, hidden=hidden)
        }  # fmt: skip
        if rows:
            found[held.table] = list(rows.values())
    return found


def _packed(customer_id: int, hidden: dict[str, list[int]], today: date) -> bytes:
    tables = contents(customer_id=customer_id, hidden=hidden)
    ids: dict[int, str] = {}
    for one in merges.family(customer_id=customer_id):
        ids |= personal.documents_of(customer_id=one, hidden=hidden)
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        papers = [_packed_paper(archive, one, table) for one, table in sorted(ids.items()) if table != _OWN]
        told = {"made": today.isoformat(), "customer": customer_id, "tables": tables, "documents": papers}
        archive.writestr("data.json", json.dumps(told, ensure_ascii=False, indent=1))
        archive.writestr("index.html", _index(customer_id, tables, papers, today))
    return target.getvalue()


_OWN = "accounts_dataexport"
"""Earlier exports are no part of an export."""


def _packed_paper(archive: zipfile.ZipFile, document_id: int, table: str) -> dict[str, Any]:
    """Put one document in; one that is lost or erased is named without its bytes."""
    told = {"id": document_id, "table": table, "name": "", "file": ""}
    try:
        kept = documents.about(document_id)
        told["name"] = kept.name
        with documents.open(document_id) as source:
            name = f"documents/{document_id}-{re.sub(r'[^A-Za-z0-9._-]', '_', kept.name)[-80:]}"
            archive.writestr(name, source.read())
            told["file"] = name
    except (DocumentLost, UnknownDocument):
        pass
    return told


def _index(customer_id: int, tables: dict[str, Any], papers: list[dict[str, Any]], today: date) -> str:
    card = customer_queries.card(customer_id=customer_id)
    ours = supplier.current()
    context = {"customer": card, "papers": papers, "today": today, "supplier": ours.name(language=card.language)}
    with translation.override(card.language):
        context["sections"] = [
            export_index.section(table=table, rows=rows, language=card.language, currency=ours.currency)
            for table, rows in tables.items()
        ]
        return render_to_string(INDEX, context)


def _is_over(row: DataExport, today: date) -> bool:
    return row.expires_date is not None and row.expires_date <= today
