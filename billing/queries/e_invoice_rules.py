"""What the place says about e-invoices: the pack rule ``e_invoices``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing.domain.e_invoices import Category
from cis.kernel import fixed
from cis.platform import packs
from cis.platform.packs import MissingRule


class When(StrEnum):
    """When an invoice is due by itself."""

    ISSUE = "issue"
    PAYMENT = "payment"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRule:
    """E-invoices of a place on a day; amounts in minor units; see ``cis.platform.pack_money.EInvoices``."""

    person: When
    organisation: When
    categories: Mapping[str, Category]
    lines_most: int
    tolerance_minor: int
    second_person_minor: int
    days: int
    look_after: timedelta
    vat_rate_e6: int
    source: str

    def when(self, *, is_person: bool) -> When:
        """Return when an invoice of such a buyer is due by itself."""
        return self.person if is_person else self.organisation


def rule(*, at: date) -> InvoiceRule:
    """
    Return what holds on a day.

    :raises MissingRule: the pack has no rule ``e_invoices``: none are issued there.
    """
    text, decimals = packs.text_of("e_invoices", at=at), packs.rule("decimals", at=at)
    value = text.value
    return InvoiceRule(
        person=When(value["person"]),
        organisation=When(value["organisation"]),
        categories={key: Category(code=one["code"], short=one["short"]) for key, one in value["categories"].items()},
        lines_most=value["lines_most"],
        tolerance_minor=fixed.parse(value["line_tolerance"], places=decimals),
        second_person_minor=fixed.parse(value["second_person_from"], places=decimals),
        days=value["days"],
        look_after=timedelta(minutes=value["look_minutes"]),
        vat_rate_e6=fixed.parse(packs.rule("vat_rate", at=at), places=6),
        source=text.source,
    )


def is_offered(*, at: date) -> bool:
    """Return whether e-invoices are issued in this place."""
    try:
        packs.rule("e_invoices", at=at)
    except MissingRule:
        return False
    return True
