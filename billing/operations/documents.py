"""Bills as PDF: rendered once for each content, kept by the hash of their bytes."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

from billing.models.bill import PrintedBill
from billing.queries import documents as papers
from billing.queries import personal
from billing.queries.bills import SHOWN_STATES
from billing.queries.documents import BillDocument
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import documents, rendering, sealed_documents
from cis.platform.db import opens_transaction
from cis.platform.documents import DocumentLost

TEMPLATE = "documents/bill.html"
STYLESHEET = "documents/bill.css"
MEDIA_TYPE = "application/pdf"


def pdf(*, bill_id: int, actor: Actor = SYSTEM) -> bytes:
    """
    Return a bill as PDF.

    An issued bill is rendered once; the kept file is given as long as what it shows has not changed (a cancelled
    bill says so, a new template looks otherwise). Each content that was ever given stays kept. A draft is rendered
    each time. Rendering holds no transaction.

    :raises UnknownBill: there is none.
    """
    paper = papers.of_bill(bill_id=bill_id)
    if paper.bill.card.state not in SHOWN_STATES:
        return _render(paper)
    content = content_of(paper)
    kept = PrintedBill.objects.filter(bill_id=bill_id, content_sha256=content).values_list("document_id", flat=True)
    for document_id in kept:
        try:
            with documents.open(document_id) as file:
                return file.read()
        except DocumentLost:
            break  # what it showed is known, so it is printed again; the nightly check reports the loss
    rendered = _render(paper)
    _keep(rendered, bill_id=bill_id, content=content, name=file_name(paper), actor=actor)
    return rendered


def file_name(paper: BillDocument) -> str:
    """Return the name under which a bill is saved: ASCII, so that every system takes it."""
    card = paper.bill.card
    return f"bill-{card.number or f'draft-{card.id}'}.pdf"


def content_of(paper: BillDocument) -> str:
    """Return the hash of all that a PDF of this bill depends on: its facts, its template and its style."""
    return hashlib.sha256(_layout() + repr(paper).encode()).hexdigest()


@cache
def _layout() -> bytes:
    folder = Path(settings.BASE_DIR) / "templates"
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in (TEMPLATE, STYLESHEET))).digest()


def _render(paper: BillDocument) -> bytes:
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": paper})


@opens_transaction
def _keep(rendered: bytes, *, bill_id: int, content: str, name: str, actor: Actor) -> None:
    document_id = documents.keep(rendered, name=name, media_type=MEDIA_TYPE, actor=actor)
    customer_id = personal.customer_of_bill(bill_id=bill_id)
    if customer_id is not None:
        sealed_documents.seal_at_once_step(document_id=document_id, customer_id=customer_id)
    # Two readers at once render twice and keep one row; the other's file stays, known by its hash.
    PrintedBill.objects.bulk_create(
        [PrintedBill(bill_id=bill_id, content_sha256=content, document_id=document_id)],
        update_conflicts=True,
        unique_fields=["bill", "content_sha256"],
        update_fields=["document"],
    )
