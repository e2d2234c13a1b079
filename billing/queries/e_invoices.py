"""E-invoices as pages, files and API show them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from billing.domain.e_invoices import InvoiceState, Line, Nature
from billing.models.e_invoice import EInvoice, EInvoiceLine
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months


class UnknownEInvoice(Refused):
    """There is no such e-invoice, or it is not one that this reader may see."""

    code = "unknown_e_invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which invoices are listed; "" or None = all.

    text    beginning of a number, an account number or a bill number, or part of the buyer's name
    colour  "blue", "red"
    month   issued in it; its first day
    """

    text: str = ""
    state: str = ""
    kind: str = ""
    colour: str = ""
    month: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCard:
    """
    An e-invoice in a list. [minor unit]

    number       20 digits; "" while it has none
    blue_number  of a red one: the invoice that it takes back
    """

    id: int
    account_id: int
    account_number: str
    bill_id: int
    bill_number: str
    bill_end_date: date
    kind: str
    state: str
    number: str
    confirmation: str
    reverses_id: int | None
    blue_number: str
    buyer_name: str
    buyer_is_person: bool
    buyer_tax_number: str
    buyer_address: str
    buyer_phone: str
    buyer_bank_name: str
    buyer_bank_account: str
    net_minor: int
    tax_minor: int
    remark: str
    red_reason: str
    is_by_hand: bool
    is_specimen: bool
    issued_at: datetime | None
    issued_date: date | None
    asked_at: datetime | None
    tries: int
    fail_code: str
    fail_text: str
    document_id: int | None
    proposer_id: int | None
    decider_id: int | None
    created_at: datetime

    @property
    def is_red(self) -> bool:
        """Return whether it takes another one back."""
        return self.reverses_id is not None

    @property
    def amount_minor(self) -> int:
        """Return the sum with its tax. [minor unit]"""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDetail:
    """One invoice with its lines, and the red ones that take it back; ``left_minor``: what these leave."""

    card: InvoiceCard
    lines: tuple[Line, ...]
    reds: tuple[InvoiceCard, ...]

    @property
    def left_minor(self) -> int:
        """Return what is left of it when all red ones are issued, those proposed included. [minor unit]"""
        return self.card.amount_minor + sum(red.amount_minor for red in self.reds)

    @property
    def rates(self) -> tuple[int, ...]:
        """Return the rates on it. [10^-6]"""
        return tuple(sorted({line.rate_e6 for line in self.lines}, reverse=True))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many invoices wait for somebody or something."""

    failed: int
    proposed: int
    under_way: int


def standing(*, bill_id: int) -> tuple[int, ...]:
    """Return the invoices of a bill that were not dropped, in their order; one statement."""
    rows = EInvoice.objects.filter(bill_id=bill_id).exclude(state=InvoiceState.DROPPED.value).order_by("id")
    return tuple(rows.values_list("id", flat=True))


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[InvoiceCard, ...]:
    """Return invoices, the latest first; one statement."""
    return cards(_wanted(wanted).order_by("-id")[offset : offset + most])


def after(*, wanted: Wanted, last_id: int | None, most: int) -> tuple[InvoiceCard, ...]:
    """Return invoices with ids below one, the latest first: a page of the API; one statement."""
    rows = _wanted(wanted)
    return cards((rows if last_id is None else rows.filter(id__lt=last_id)).order_by("-id")[:most])


def of_account(*, account_id: int, most: int = 50) -> tuple[InvoiceCard, ...]:
    """Return the invoices of an account that were not dropped, the latest first; one statement."""
    rows = EInvoice.objects.filter(account_id=account_id).exclude(state=InvoiceState.DROPPED.value)
    return cards(rows.order_by("-id")[:most])


def of_bill(*, bill_id: int) -> tuple[InvoiceCard, ...]:
    """Return the invoices of a bill, the latest first; one statement."""
    return cards(EInvoice.objects.filter(bill_id=bill_id).order_by("-id"))


def one(*, invoice_id: int) -> InvoiceDetail:
    """
    Return one invoice; three statements.

    :raises UnknownEInvoice: there is none.
    """
    found = cards(EInvoice.objects.filter(id=invoice_id))
    if not found:
        raise UnknownEInvoice(f"There is no e-invoice {invoice_id}.")
    lines = EInvoiceLine.objects.filter(invoice_id=invoice_id).order_by("seq")
    reds = EInvoice.objects.filter(reverses_id=invoice_id).exclude(state=InvoiceState.DROPPED.value)
    return InvoiceDetail(card=found[0], lines=tuple(line_of(line) for line in lines), reds=cards(reds.order_by("id")))


def counts() -> Counts:
    """Return how many wait; one statement."""
    rows = dict(
        EInvoice.objects.filter(state__in=["failed", "proposed", "due", "asked"])
        .values_list("state").annotate(count=Count("id")).order_by()
    )  # fmt: skip
    return Counts(rows.get("failed", 0), rows.get("proposed", 0), rows.get("due", 0) + rows.get("asked", 0))


def sums(*, wanted: Wanted) -> tuple[int, int, int]:
    """Return number of invoices, their sums without tax and their taxes; one statement. [minor unit]"""
    found = _wanted(wanted).aggregate(count=Count("id"), net=Sum("net_minor"), tax=Sum("tax_minor"))
    return found["count"], found["net"] or 0, found["tax"] or 0


def line_of(row: EInvoiceLine) -> Line:
    """Return a kept line."""
    values = {name.name: getattr(row, name.name) for name in fields(Line)}
    return Line(**{**values, "nature": Nature(row.nature)})


def columns_of(line: Line) -> dict[str, Any]:
    """Return a line as the table keeps it."""
    return {name.name: getattr(line, name.name) for name in fields(Line)} | {"nature": line.nature.value}


def cards(rows: QuerySet[EInvoice]) -> tuple[InvoiceCard, ...]:
    """Return invoices as cards, in the order of the rows; one statement."""
    joined = {"account_number", "bill_number", "bill_end_date", "blue_number", "number"}
    plain = [name.name for name in fields(InvoiceCard) if name.name not in joined]
    return tuple(
        InvoiceCard(
            account_number=row.account.number,
            bill_number=row.bill.number or "",
            bill_end_date=row.bill.end_date,
            blue_number=(row.reverses.number or "") if row.reverses else "",
            number=row.number or "",
            **{name: getattr(row, name) for name in plain},
        )
        for row in rows.select_related("account", "bill", "reverses")
    )


def _wanted(wanted: Wanted) -> QuerySet[EInvoice]:
    rows = EInvoice.objects.all()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.colour:
        rows = rows.filter(reverses__isnull=wanted.colour == "blue")
    if wanted.month is not None:
        rows = rows.filter(issued_date__gte=wanted.month, issued_date__lt=add_months(wanted.month, 1))
    text = wanted.text.strip()
    if text:
        by_number = Q(number__startswith=text) | Q(account__number__startswith=text) | Q(bill__number__startswith=text)
        rows = rows.filter(by_number if text.isdigit() else Q(buyer_name__icontains=text))
    return rows


def issued_months(*, most: int = 24) -> Sequence[date]:
    """Return the months in which invoices were issued, the latest first; one statement."""
    rows = EInvoice.objects.filter(issued_date__isnull=False).dates("issued_date", "month", order="DESC")
    return list(rows[:most])
