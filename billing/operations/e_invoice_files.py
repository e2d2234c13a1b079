"""
An e-invoice as files: the platform's own file where it gives one, a PDF in the layout of the field, XML and JSON.

A PDF of ours is drawn for what a sandbox issued, and says that it is a specimen. What a real platform issued has a file
of the platform, which is fetched once and kept.
"""

from dataclasses import dataclass
from typing import Any

from accounts.queries import supplier
from billing.domain import e_invoice_data as data
from billing.domain.capitals import yuan
from billing.domain.e_invoices import InvoiceState
from billing.gateways import e_invoice
from billing.gateways.e_invoice import PlatformUnreachable
from billing.models.e_invoice import EInvoice
from billing.queries import e_invoices as queries
from billing.queries.e_invoices import InvoiceDetail
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import documents, rendering
from cis.platform.db import opens_transaction

TEMPLATE = "documents/e_invoice.html"
STYLESHEET = "documents/e_invoice.css"
PDF, XML, JSON = "application/pdf", "application/xml", "application/json"
TITLES = {"ordinary": "电子发票（普通发票）", "special": "电子发票（增值税专用发票）"}
REASONS = {"error": "开票有误", "return": "销货退回", "stopped": "服务中止", "allowance": "销售折让"}
NAMES = {PDF: "pdf", "application/ofd": "ofd", XML: "xml", JSON: "json"}


class NoFile(Refused):
    """There is no file of this invoice: it is not issued, or the platform does not give it now."""

    code = "no_e_invoice_file"


@dataclass(frozen=True, slots=True)
class File:
    """A file of an invoice."""

    name: str
    media_type: str
    content: bytes


def paper(*, invoice_id: int, actor: Actor) -> File:
    """
    Return an issued invoice as the customer gets it: the platform's own file, or the specimen of a sandbox.

    :raises UnknownEInvoice: there is none.
    :raises NoFile: it is not issued, or its platform does not give its file now.
    """
    found = _issued(invoice_id)
    if found.card.is_specimen:
        return File(_name(found, PDF), PDF, rendering.pdf(template=TEMPLATE, css=STYLESHEET, context=_context(found)))
    document_id = found.card.document_id or _fetch(found, actor)
    about = documents.about(document_id)
    with documents.open(document_id) as file:
        return File(_name(found, about.media_type), about.media_type, file.read())


def xml(*, invoice_id: int) -> File:
    """
    Return an issued invoice as XML in our own format.

    :raises UnknownEInvoice, NoFile: there is none that is issued.
    """
    found = _issued(invoice_id)
    return File(_name(found, XML), XML, data.as_xml(facts(found)))


def as_json(*, invoice_id: int) -> File:
    """
    Return an issued invoice as JSON in our own format.

    :raises UnknownEInvoice, NoFile: there is none that is issued.
    """
    found = _issued(invoice_id)
    return File(_name(found, JSON), JSON, data.as_json(facts(found)))


def facts(found: InvoiceDetail) -> dict[str, Any]:
    """Return what an invoice says, as its formats write it."""
    card, seller = found.card, supplier.current()
    return {
        "number": card.number,
        "kind": card.kind,
        "title": TITLES[card.kind],
        "specimen": card.is_specimen,
        "issued_date": card.issued_date.isoformat() if card.issued_date else "",
        "blue_number": card.blue_number,
        "red_confirmation": card.confirmation,
        "red_reason": REASONS.get(card.red_reason, ""),
        "seller": {
            "name": seller.name_zh,
            "tax_number": seller.tax_number,
            "address": seller.address,
            "phone": seller.phone,
            "bank_name": seller.bank_name,
            "bank_account": seller.bank_account,
        },
        "buyer": {
            "name": card.buyer_name,
            "tax_number": card.buyer_tax_number,
            "address": card.buyer_address,
            "phone": card.buyer_phone,
            "bank_name": card.buyer_bank_name,
            "bank_account": card.buyer_bank_account,
        },
        "lines": data.lines(found.lines),
        "net": data.decimal(card.net_minor, places=data.CENTS),
        "tax": data.decimal(card.tax_minor, places=data.CENTS),
        "total": data.decimal(card.amount_minor, places=data.CENTS),
        "total_in_capitals": yuan(card.amount_minor),
        "remark": card.remark,
        "account": card.account_number,
        "bill": card.bill_number,
    }


def _context(found: InvoiceDetail) -> dict[str, Any]:
    return {"invoice": facts(found), "card": found.card}


def _issued(invoice_id: int) -> InvoiceDetail:
    found = queries.one(invoice_id=invoice_id)
    if found.card.state != InvoiceState.ISSUED.value:
        raise NoFile("The invoice is not issued.", advice="Look again when it has its number.")
    return found


def _name(found: InvoiceDetail, media_type: str) -> str:
    return f"e-invoice-{found.card.number}.{NAMES.get(media_type, 'bin')}"


def _fetch(found: InvoiceDetail, actor: Actor) -> int:
    """Fetch the platform's file outside a transaction, and keep it."""
    platform = e_invoice.current()
    try:
        given = platform.file(found.card.number) if platform is not None else None
    except PlatformUnreachable:
        given = None
    if given is None:
        raise NoFile("The platform does not give the file now.", advice="Try again in some minutes.")
    return _keep(found, *given, actor=actor)


@opens_transaction
def _keep(found: InvoiceDetail, media_type: str, content: bytes, *, actor: Actor) -> int:
    document_id = documents.keep(content, name=_name(found, media_type), media_type=media_type, actor=actor)
    EInvoice.objects.filter(id=found.card.id).update(document_id=document_id)
    return document_id
