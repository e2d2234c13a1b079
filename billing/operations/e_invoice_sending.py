"""
E-invoices are asked for, each once, and what the platform says is kept.

A row is noted as asked before the platform is asked, under an id that stays the same: a worker that dies between, an
answer that gets lost or comes twice make no second invoice. What has no answer is looked up first; only what the
platform never heard of is asked for again. A refusal stops its own invoice alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import timezone

from accounts.domain.notice_events import Money
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import accounts, supplier
from billing.domain.e_invoices import NUMBER_DIGITS, WORKFLOW, InvoiceAction, InvoiceState
from billing.gateways import e_invoice
from billing.gateways.e_invoice import Answer, Order, Party, Platform, PlatformUnreachable, Said
from billing.models.e_invoice import EInvoice, EInvoiceLine
from billing.operations import e_invoices
from billing.operations.e_invoices import SUBJECT
from billing.queries import e_invoice_rules
from billing.queries import e_invoices as queries
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction

WORK = "e_invoices"
CHUNK = 100
SILENT_MOST = 3
"""So many requests in a row without an answer: the platform is down, and what is left waits."""
BY_ITSELF = {"busy": timedelta(minutes=5), "quota": timedelta(days=1)}
"""Refusals that pass by themselves, and when they are tried again."""
log = structlog.get_logger(__name__)
_CLAIM_DUE = """
UPDATE billing_einvoice SET state = 'asked', asked_at = %(at)s, tries = tries + 1, fail_code = '', fail_text = ''
WHERE id IN (
    SELECT e.id FROM billing_einvoice e LEFT JOIN billing_einvoice w ON w.id = e.waits_for_id
    WHERE e.state = 'due' AND (w.id IS NULL OR w.state = 'issued')
    ORDER BY e.id LIMIT %(most)s FOR UPDATE OF e SKIP LOCKED)
RETURNING id
"""
_CLAIM_SILENT = """
UPDATE billing_einvoice SET asked_at = %(at)s, tries = tries + 1
WHERE id IN (SELECT id FROM billing_einvoice WHERE state = 'asked' AND asked_at < %(before)s
             ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_AGAIN = """
UPDATE billing_einvoice
SET state = 'due', attempt = attempt + 1,
    request_id = regexp_replace(request_id, '-[0-9]+$', '') || '-' || (attempt + 1)::text
WHERE state = 'failed' AND fail_code = %(code)s AND failed_at < %(before)s
RETURNING id
"""


def work(at: datetime) -> None:
    """Make invoices due, ask for them, and look up what has no answer: each night, also twice, or by two workers."""
    if not e_invoice_rules.is_offered(at=at.date()):
        return
    e_invoices.plan(at)
    send(at)


def send(at: datetime) -> None:
    """Ask for all that is due, and look up what has no answer; without a platform all of it waits."""
    platform = e_invoice.current()
    if platform is None or not e_invoice_rules.is_offered(at=at.date()):
        return
    _try_again(at)
    look_after = e_invoice_rules.rule(at=at.date()).look_after
    while ids := _claim(_CLAIM_SILENT, at=at, before=at - look_after):
        if not _ask(platform, ids, _look, at):
            return
    while ids := _claim(_CLAIM_DUE, at=at):
        if not _ask(platform, ids, _order_of, at):
            return


def _ask(platform: Platform, ids: Sequence[int], how: Callable[[Platform, Order], Answer], at: datetime) -> bool:
    """Ask for some invoices, one after the other, and keep the answers; return False if the platform is down."""
    answers, silent = [], 0
    for order in orders(ids):
        try:
            answers.append(how(platform, order))
            silent = 0
        except PlatformUnreachable as error:
            log.warning("e_invoice_platform_unreachable", request=order.request_id, error=str(error))
            silent += 1
            if silent >= SILENT_MOST:
                break
    take(answers, is_specimen=platform.is_sandbox, at=at)
    return silent < SILENT_MOST


def _order_of(platform: Platform, order: Order) -> Answer:
    return platform.red(order) if order.blue_number else platform.issue(order)


def _look(platform: Platform, order: Order) -> Answer:
    """Look a request up, and ask anew for what the platform never heard of, under the same id."""
    answer = platform.look(order.request_id)
    return _order_of(platform, order) if answer.said is Said.UNKNOWN else answer


@opens_transaction
def _claim(sql: str, *, at: datetime, before: datetime | None = None) -> list[int]:
    """Note what is asked for next, before it is: others pass it over, and it is looked up if nobody comes back."""
    return sorted(row[0] for row in db.fetch(sql, {"at": at, "before": before, "most": CHUNK}))


@opens_transaction
def _try_again(at: datetime) -> None:
    """Ask again, under another id, for what was refused for a reason that passes by itself."""
    for code, wait in BY_ITSELF.items():
        ids = [row[0] for row in db.fetch(_AGAIN, {"code": code, "before": at - wait})]
        if ids:
            audit.record_many(SYSTEM, "again", SUBJECT, ids, why=code)


def orders(ids: Sequence[int]) -> list[Order]:
    """Return invoices as the platform is asked for them, in the order of their ids; two statements."""
    seller = supplier.current()
    lines: dict[int, list[EInvoiceLine]] = {}
    for line in EInvoiceLine.objects.filter(invoice_id__in=ids).order_by("invoice_id", "seq"):
        lines.setdefault(line.invoice_id, []).append(line)
    return [
        Order(
            request_id=row.request_id,
            kind=row.kind,
            seller=Party(
                name=seller.name_zh,
                tax_number=seller.tax_number,
                address=seller.address,
                phone=seller.phone,
                bank_name=seller.bank_name,
                bank_account=seller.bank_account,
            ),
            buyer=Party(
                name=row.buyer_name,
                tax_number=row.buyer_tax_number,
                address=row.buyer_address,
                phone=row.buyer_phone,
                bank_name=row.buyer_bank_name,
                bank_account=row.buyer_bank_account,
            ),
            is_person=row.buyer_is_person,
            lines=[queries.line_of(line) for line in lines.get(row.id, ())],
            net_minor=row.net_minor,
            tax_minor=row.tax_minor,
            remark=row.remark,
            issuer=ISSUER,
            blue_number=(row.reverses.number or "") if row.reverses else "",
            red_reason=row.red_reason,
        )
        for row in EInvoice.objects.filter(id__in=ids).select_related("reverses").order_by("id")
    ]


ISSUER = "系统开票"
"""Who issues (开票人), where no person does."""


@opens_transaction
def take(answers: Sequence[Answer], *, is_specimen: bool, at: datetime) -> None:
    """
    Keep what the platform says; said twice it counts once. A constant number of statements.

    A second number for an invoice that has one changes nothing, and is named in the log and the audit.
    """
    if not answers:
        return
    said = {one.request_id: one for one in answers}
    rows = list(EInvoice.objects.select_for_update().filter(request_id__in=said).order_by("id"))
    issued = [row for row in rows if _issue(row, said[row.request_id], is_specimen=is_specimen)]
    failed = [row for row in rows if _refuse(row, said[row.request_id], at)]
    fields = ["state", "number", "confirmation", "issued_at", "issued_date", "is_specimen", "fail_code", "fail_text",
              "failed_at"]  # fmt: skip
    EInvoice.objects.bulk_update(issued + failed, fields)
    for action, some in (("issue", issued), ("refuse", failed)):
        if some:
            audit.record_many(SYSTEM, action, SUBJECT, [row.id for row in some])
    _tell_step(issued)


def _issue(row: EInvoice, answer: Answer, *, is_specimen: bool) -> bool:
    if answer.said is not Said.ISSUED:
        return False
    is_number = answer.number.isascii() and answer.number.isdigit() and len(answer.number) == NUMBER_DIGITS
    if row.state != InvoiceState.ASKED.value or not is_number or answer.issued_at is None:
        if row.number != answer.number:
            log.error("e_invoice_answer_not_taken", invoice=row.id, number=answer.number, known=row.number)
            audit.record(SYSTEM, "other_number", SUBJECT, row.id, number=answer.number[:40])
        return False
    row.state = WORKFLOW.step(InvoiceState(row.state), InvoiceAction.TAKE, SYSTEM).to.value
    row.number, row.confirmation, row.issued_at = answer.number, answer.confirmation, answer.issued_at
    row.issued_date = local_clock(supplier.current().time_zone).local_date(answer.issued_at)
    row.is_specimen, row.fail_code, row.fail_text = is_specimen, "", ""
    return True


def _refuse(row: EInvoice, answer: Answer, at: datetime) -> bool:
    if answer.said is not Said.REFUSED or row.state != InvoiceState.ASKED.value:
        return False
    row.state = WORKFLOW.step(InvoiceState(row.state), InvoiceAction.REFUSE, SYSTEM).to.value
    row.fail_code, row.fail_text, row.failed_at = answer.code[:40] or "refused", answer.text[:300], at
    return True


@joins_transaction
def _tell_step(rows: Sequence[EInvoice]) -> None:
    """Tell customers of their invoices, with the way to them; a constant number of statements."""
    if not rows:
        return
    day, currency = timezone.localdate(), supplier.current().currency
    held = accounts.addressees(account_ids=sorted({row.account_id for row in rows}), at_date=day)
    bills = dict(EInvoice.objects.filter(id__in=[row.id for row in rows]).values_list("id", F("bill__number")))
    new = [
        NewNotice(
            key=f"e_invoice:{row.id}",
            facts={
                "number": row.number or "",
                "bill": bills[row.id] or "",
                "amount": Money(abs(row.net_minor + row.tax_minor), currency),
                "link": f"/portal/invoices/{row.id}/pdf",
            },
            customer_id=held[row.account_id].customer_id,
            account_id=row.account_id,
        )
        for row in rows
        if row.account_id in held
    ]
    is_red = {f"e_invoice:{row.id}": row.reverses_id is not None for row in rows}
    for event, red in (("e_invoice_issued", False), ("e_invoice_reversed", True)):
        some = [one for one in new if is_red[one.key] is red]
        if some:
            notices.queue_many_step(event=event, notices=some, actor=SYSTEM)
