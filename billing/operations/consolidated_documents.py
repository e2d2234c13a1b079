"""
A consolidated bill as PDF and as a table.

The PDF is one page to pay by, and the bills of its accounts over as many pages as they need; the table is what the
customer's bookkeeping takes in.
"""

from django.utils.translation import gettext as _

from accounts.queries import customers, supplier
from billing.queries import consolidated, pay_links
from billing.queries.consolidated import ConsolidatedCard
from cis.kernel.fixed import to_text
from cis.platform import rendering
from cis.platform.templatetags.local import plain_money

TEMPLATE = "documents/consolidated.html"
STYLESHEET = "documents/consolidated.css"
MEDIA_TYPE = "application/pdf"


def pdf(*, consolidated_bill_id: int) -> bytes:
    """
    Return a consolidated bill as PDF, as it was made; bills that were cancelled since say so.

    :raises UnknownConsolidatedBill: there is none.
    """
    card = consolidated.one(consolidated_bill_id=consolidated_bill_id)
    items = consolidated.items(consolidated_bill_id=card.id)
    owed = sum(one.amount_minor for one in items if one.amount_minor > 0)
    context = {
        "card": card,
        "supplier": supplier.current(),
        "address": card.address or customers.card(customer_id=card.customer_id).shown.postal_address,
        "items": items,
        "owed_minor": owed,
        "credit_minor": card.amount_minor - owed,
        "paid_minor": owed - card.to_pay_minor,
        "taxes": consolidated.taxes(consolidated_bill_id=card.id),
        "gaps": consolidated.gaps_of(consolidated_bill_id=card.id),
        "corrections": consolidated.corrections_of(consolidated_bill_id=card.id),
        "qr_payload": pay_links.address(card.number),
    }
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context=context)


def table(*, card: ConsolidatedCard) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return head and rows of a consolidated bill: a row a bill, then one for each account whose bill is missing."""
    header = [_("Consolidated bill"), _("Account"), _("Bill"), _("Place"), _("From"), _("To, not included"), "kWh",
              _("Amount"), _("of which VAT"), _("To pay"), _("Unpaid"), _("State")]  # fmt: skip
    words = {"issued": _("Issued"), "cancelled": _("Cancelled")}
    rows: list[tuple[object, ...]] = [
        (card.number, one.account_number, one.number, one.address, one.start_date, one.end_date,
         to_text(one.energy_wh, places=3), plain_money(one.amount_minor), plain_money(one.tax_minor),
         plain_money(one.to_pay_minor), plain_money(one.open_minor), words.get(one.state, one.state))
        for one in consolidated.items(consolidated_bill_id=card.id)
    ]  # fmt: skip
    gaps = consolidated.gaps_of(consolidated_bill_id=card.id)
    return header, [*rows, *((card.number, gap.account_number, *[""] * 9, _("Missing")) for gap in gaps)]
