"""
E-invoices become due: one set for each bill that is settled (or issued, or asked for: the pack says when).

What a later bill takes back of an invoiced one is taken back by red invoices; what it bills anew stands on blue ones of
its own. So the invoices of bills that hang together say together what the bills say. Planning may be done again at any
time: a bill has invoices or has none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Max, Q

from accounts.queries import supplier, tax_profiles
from accounts.queries.tax_profiles import Buyer
from billing.domain import e_invoice_reds as reds
from billing.domain import e_invoices as domain
from billing.domain.e_invoices import InvoiceKind, InvoiceState, Line, NotInvoiceable, RedReason, RedTooMuch
from billing.models.bill import Bill, BillKind, BillState
from billing.models.e_invoice import EInvoice, EInvoiceLine
from billing.queries import e_invoice_items, e_invoice_rules
from billing.queries import e_invoices as queries
from billing.queries.e_invoice_items import BillItems
from billing.queries.e_invoice_rules import InvoiceRule, When
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, db, jobs
from cis.platform.db import joins_transaction, opens_transaction

SUBJECT = "e_invoice"
SEND = "e_invoices_send"
"""Work that asks for what is due; see ``e_invoice_sending``."""
CHUNK = 500
DAY = timedelta(days=1)
_NEVER_ASKED = (InvoiceState.DUE.value, InvoiceState.FAILED.value, InvoiceState.PROPOSED.value)
_CANDIDATES = """
SELECT b.id, b.kind, b.account_id, b.end_date - 1,
       b.amount_minor <= coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0),
       EXISTS (SELECT 1 FROM billing_billsegment s JOIN billing_billsegment o ON o.id = s.cancels_id
               JOIN billing_einvoice e ON e.bill_id = o.bill_id AND e.reverses_id IS NULL AND e.state <> 'dropped'
               WHERE s.bill_id = b.id)
       OR EXISTS (SELECT 1 FROM billing_billcharge k JOIN billing_billcharge o ON o.id = k.cancels_id
               JOIN billing_einvoice e ON e.bill_id = o.bill_id AND e.reverses_id IS NULL AND e.state <> 'dropped'
               WHERE k.bill_id = b.id)
FROM billing_bill b
WHERE b.id > %(after)s AND b.state = 'issued' AND b.issue_date >= %(since)s
  AND NOT EXISTS (SELECT 1 FROM billing_einvoice e WHERE e.bill_id = b.id AND e.state <> 'dropped')
ORDER BY b.id LIMIT %(most)s
"""


class NoInvoiceForBill(Refused):
    """For this bill there is no invoice: it is a draft, cancelled, a credit note, or sells nothing."""

    code = "no_e_invoice_for_bill"


@dataclass(slots=True)
class Sheet:
    """An invoice with its lines, and the lines that red ones take back of it."""

    row: EInvoice
    lines: tuple[Line, ...]
    reds: list[Line] = field(default_factory=list)
    blue: "Sheet | None" = None


def plan(at: datetime) -> int:
    """Make invoices due for all bills whose time has come; return how many bills were looked through."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    after = looked = 0
    while found := plan_chunk(after=after, today=today):
        after, looked = found[-1], looked + len(found)
    return looked


@opens_transaction
def plan_chunk(*, after: int, today: date) -> list[int]:
    """
    Make invoices due for the next bills, up to 500, after a bill; return the bills that were looked through.

    A constant number of statements, and two more for each generation of bills that they correct.

    :raises MissingRule: no e-invoices are issued in this place.
    """
    rule = e_invoice_rules.rule(at=today)
    lock_step()
    given = {"after": after, "since": today - rule.days * DAY, "most": CHUNK}
    rows = db.fetch(_CANDIDATES, given)
    days = [(account_id, day) for _id, _kind, account_id, day, *_ in rows]
    buyers = tax_profiles.buyers(held=days, at_date=today)
    due = []
    for bill_id, kind, account_id, day, is_settled, corrects in rows:
        buyer = buyers.get((account_id, day))
        when = rule.when(is_person=buyer is None or buyer.is_person)
        by_itself = when is When.ISSUE or (when is When.PAYMENT and is_settled)
        if corrects or (by_itself and kind != BillKind.CREDIT.value):
            due.append(bill_id)
    plan_step(bill_ids=due, today=today, rule=rule, actor=SYSTEM)
    return [row[0] for row in rows]


@opens_transaction
def request(*, bill_id: int, today: date, actor: Actor) -> tuple[int, ...]:
    """
    Ask for the invoices of a bill, whether or not it is their time; asked twice, they are the same.

    :returns: ids of the invoices, issued or under way.
    :raises NoInvoiceForBill: there is no invoice for it.
    :raises MissingRule: no e-invoices are issued in this place.
    """
    rule = e_invoice_rules.rule(at=today)
    lock_step()
    bill = Bill.objects.filter(id=bill_id).first()
    if bill is None or bill.state != BillState.ISSUED.value or bill.kind == BillKind.CREDIT.value:
        raise NoInvoiceForBill("For this bill there is no invoice.", advice="Choose a bill that is owed or was paid.")
    known = queries.standing(bill_id=bill_id)
    if not known:
        plan_step(bill_ids=[bill_id], today=today, rule=rule, actor=actor)
        known = queries.standing(bill_id=bill_id)
    if not known:
        raise NoInvoiceForBill("This bill sells nothing that stands on an invoice.", advice="Look at its lines.")
    audit.record(actor, "request_e_invoice", "account", bill.account_id, bill=bill.number)
    jobs.wake(SEND)
    return known


@joins_transaction
def lock_step() -> None:
    """Wait for whoever else makes invoices due: what exists is looked at under this lock."""
    db.fetch("SELECT pg_advisory_xact_lock(hashtext('e_invoices'))")


@joins_transaction
def plan_step(*, bill_ids: Sequence[int], today: date, rule: InvoiceRule, actor: Actor) -> None:
    """Make invoices due for some bills that have none, and for those that they correct; none twice."""
    items = _closure(bill_ids, rule)
    if not items:
        return
    bills = {bill.id: bill for bill in Bill.objects.filter(id__in=items)}
    sheets = sheets_of(bill_ids={old for one in items.values() for old in one.taken})
    rounds = dict(
        EInvoice.objects.filter(bill_id__in=items).values_list("bill_id").annotate(last=Max("round")).order_by()
    )
    days = [(bill.account_id, bill.end_date - DAY) for bill in bills.values()]
    buyers = tax_profiles.buyers(held=days, at_date=today)
    made: list[Sheet] = []
    for bill_id in sorted(items):
        bill = bills[bill_id]
        buyer = buyers.get((bill.account_id, bill.end_date - DAY))
        new = _of_bill(bill, items[bill_id], sheets, buyer, rule)
        for place, sheet in enumerate(new, start=1):
            sheet.row.round, sheet.row.part = rounds.get(bill_id, 0) + 1, place
            sheet.row.request_id = request_id(sheet.row)
        sheets[bill_id] = [one for one in new if one.blue is None]
        made += new
    keep_step(made, actor=actor)
    dropped = [one.row for some in sheets.values() for one in some if one.row.state == InvoiceState.DROPPED.value]
    _drop([row.id for row in dropped if row.id])


def request_id(row: EInvoice) -> str:
    """Return the id under which an invoice is asked for: after a refusal it is another one."""
    return f"W{row.bill_id}.{row.round}.{row.part}-{row.attempt}"


def _closure(bill_ids: Sequence[int], rule: InvoiceRule) -> dict[int, BillItems]:
    """Return what bills say, with the bills that they correct and that have no invoice yet."""
    found: dict[int, BillItems] = {}
    wanted = set(bill_ids)
    while wanted:
        new = e_invoice_items.of_bills(bill_ids=wanted, vat_rate_e6=rule.vat_rate_e6)
        found |= new
        olds = {old for one in new.values() for old in one.taken} - found.keys()
        with_some = EInvoice.objects.filter(bill_id__in=olds).exclude(state=InvoiceState.DROPPED.value)
        wanted = olds - set(with_some.values_list("bill_id", flat=True))
    return found


def sheets_of(*, bill_ids: Collection[int]) -> dict[int, list[Sheet]]:
    """Return the blue invoices of some bills with what red ones took back of them, by bill; two statements."""
    rows = EInvoice.objects.filter(Q(bill_id__in=bill_ids) | Q(reverses__bill_id__in=bill_ids))
    rows = rows.exclude(state=InvoiceState.DROPPED.value).order_by("id")
    by_id = {row.id: Sheet(row, ()) for row in rows}
    lines: dict[int, list[Line]] = {}
    for line in EInvoiceLine.objects.filter(invoice_id__in=by_id).order_by("invoice_id", "seq"):
        lines.setdefault(line.invoice_id, []).append(queries.line_of(line))
    found: dict[int, list[Sheet]] = {}
    for row_id, sheet in by_id.items():
        sheet.lines = tuple(lines.get(row_id, ()))
        if sheet.row.reverses_id is None:
            found.setdefault(sheet.row.bill_id, []).append(sheet)
        elif sheet.row.reverses_id in by_id:
            by_id[sheet.row.reverses_id].reds += sheet.lines
    return found


def _of_bill(
    bill: Bill, items: BillItems, sheets: Mapping[int, list[Sheet]], buyer: Buyer | None, rule: InvoiceRule
) -> list[Sheet]:
    """Return the invoices of a bill: blue ones of what it sells, red ones of what it takes back; or one that failed."""
    try:
        if buyer is None:
            raise NotInvoiceable("no_buyer", "Nobody holds the account.", "Enter who holds it.")  # noqa: TRY301
        kind = InvoiceKind.SPECIAL if buyer.wants_special else InvoiceKind.ORDINARY
        drafts = domain.blue(
            items.sold, kind=kind, categories=rule.categories, lines_most=rule.lines_most,
            tolerance_minor=rule.tolerance_minor,
        )  # fmt: skip
        red = [
            one
            for old, taken in sorted(items.taken.items())
            for one in _reds_of(bill, taken, [one for one in sheets.get(old, ()) if one.lines or one.row.fail_code])
        ]
    except (NotInvoiceable, RedTooMuch) as refusal:
        return [_failed(bill, items, buyer, refusal)]
    return [Sheet(_row(bill, buyer, draft.kind, draft.lines), draft.lines) for draft in drafts] + red


def _reds_of(bill: Bill, taken: Sequence[domain.Item], blues: Sequence[Sheet]) -> list[Sheet]:
    """Return red invoices of what a bill takes back of another; of a credit note, those never asked for are dropped."""
    is_whole = bill.kind == BillKind.CREDIT.value
    if is_whole:
        for one in blues:
            if one.row.state in _NEVER_ASKED and not one.reds:
                one.row.state = InvoiceState.DROPPED.value
    left = [one for one in blues if one.row.state != InvoiceState.DROPPED.value]
    if any(not one.lines for one in left):
        raise NotInvoiceable(
            "earlier_failed", "The invoice of an earlier bill failed.", "Mend that one first, then send this one again."
        )
    lines_of, reds_of = {at: one.lines for at, one in enumerate(left)}, {at: one.reds for at, one in enumerate(left)}
    if is_whole:
        found = reds.whole(lines_of, reds=reds_of)
    else:
        found = reds.part(lines_of, reds=reds_of, taken=reds.taken_of(taken))
    all_left = reds.left_minor(lines_of, reds=reds_of)
    is_all = -sum(line.amount_minor for lines in found.values() for line in lines) == all_left
    reason = RedReason.ERROR if is_all else RedReason.ALLOWANCE
    return [red_sheet(left[at], lines, bill_id=bill.id, reason=reason) for at, lines in sorted(found.items())]


def red_sheet(blue: Sheet, lines: tuple[Line, ...], *, bill_id: int, reason: RedReason) -> Sheet:
    """Return a red invoice of a blue one, to the same buyer; what it takes back counts from now on."""
    blue.reds += lines
    row = EInvoice(
        account_id=blue.row.account_id,
        bill_id=bill_id,
        kind=blue.row.kind,
        red_reason=reason.value,
        net_minor=sum(line.net_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        **{name: getattr(blue.row, name) for name in BUYER_FIELDS},
    )
    return Sheet(row, lines, blue=blue)


BUYER_FIELDS = (
    "buyer_name", "buyer_is_person", "buyer_tax_number", "buyer_address", "buyer_phone", "buyer_bank_name",
    "buyer_bank_account",
)  # fmt: skip


def buyer_values(buyer: Buyer | None) -> dict[str, str | bool]:
    """Return what an invoice keeps of its buyer."""
    if buyer is None:
        return {"buyer_name": ""}
    return {
        "buyer_name": buyer.name,
        "buyer_is_person": buyer.is_person,
        **{f"buyer_{name}": getattr(buyer, name) for name in
           ("tax_number", "address", "phone", "bank_name", "bank_account")},
    }  # fmt: skip


def _row(bill: Bill, buyer: Buyer | None, kind: InvoiceKind, lines: Sequence[Line]) -> EInvoice:
    last = bill.end_date - DAY
    return EInvoice(
        account_id=bill.account_id,
        bill_id=bill.id,
        kind=kind.value,
        net_minor=sum(line.net_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        remark=f"账单 {bill.number} 用电期间 {bill.start_date}至{last}",
        **buyer_values(buyer),
    )


def _failed(bill: Bill, items: BillItems, buyer: Buyer | None, refusal: NotInvoiceable | RedTooMuch) -> Sheet:
    """Return what stands for a bill that cannot be invoiced as it is: held back by name, with what to do."""
    row = _row(bill, buyer, InvoiceKind.ORDINARY, ())
    sale = [one for one in items.sold if one.is_sale]
    row.net_minor = sum(one.amount_minor - one.tax_minor for one in sale)
    row.tax_minor = sum(one.tax_minor for one in sale)
    row.state = InvoiceState.FAILED.value
    row.fail_code = refusal.why if isinstance(refusal, NotInvoiceable) else refusal.code
    row.fail_text = refusal.message[:300]
    return Sheet(row, ())


@joins_transaction
def keep_step(made: Sequence[Sheet], *, actor: Actor) -> None:
    """Keep new invoices with their lines; a constant number of statements."""
    if not made:
        return
    for sheet, row_id in zip(made, db.take_ids("billing_einvoice", len(made)), strict=True):
        sheet.row.id = row_id
    for sheet in made:
        if sheet.blue is not None:
            sheet.row.reverses_id = sheet.blue.row.id
            sheet.row.waits_for_id = sheet.row.waits_for_id or sheet.blue.row.id
    EInvoice.objects.bulk_create(sheet.row for sheet in made)
    EInvoiceLine.objects.bulk_create(
        EInvoiceLine(invoice_id=sheet.row.id, **queries.columns_of(line)) for sheet in made for line in sheet.lines
    )
    audit.record_many(actor, "plan", SUBJECT, [sheet.row.id for sheet in made])


def _drop(ids: Sequence[int]) -> None:
    if ids:
        EInvoice.objects.filter(id__in=ids).update(state=InvoiceState.DROPPED.value)
        audit.record_many(SYSTEM, "drop", SUBJECT, ids, why="its bill was cancelled before it was asked for")
