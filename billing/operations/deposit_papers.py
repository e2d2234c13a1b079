"""The receipt of a deposit (保证金收据) as PDF: what is held, since when, what it earned, what went back."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts, supplier
from billing.domain.deposits import DepositRule
from billing.queries import deposit_rules, deposits
from billing.queries.deposits import DepositDetail
from cis.kernel import fixed
from cis.platform import rendering

TEMPLATE = "documents/deposit_receipt.html"
STYLESHEET = "documents/payment_receipt.css"
MEDIA_TYPE = "application/pdf"
PERCENT_PLACES = 4


@dataclass(frozen=True, slots=True)
class Paper:
    """What the receipt shows; ``rate``: of a year, in percent, "" for none."""

    detail: DepositDetail
    holder: str
    supplier: supplier.SupplierCard
    rule: DepositRule
    rate: str
    today: date


def receipt(*, deposit_id: int, today: date) -> bytes:
    """
    Return the receipt of a deposit as it stands today; it is rendered each time.

    :raises UnknownDeposit: there is none.
    :raises MissingRule: the place has no rule on deposits any more.
    """
    detail, rule = deposits.one(deposit_id=deposit_id, today=today), deposit_rules.rule(at=today)
    held = accounts.addressees(account_ids=[detail.card.account_id], at_date=max(today, detail.card.demanded_date))
    holder = held[detail.card.account_id].name if detail.card.account_id in held else detail.card.holder
    rate = next((one for since, one in reversed(rule.interest.rates) if since <= today), 0)
    text = fixed.to_text(rate, places=PERCENT_PLACES).rstrip("0").rstrip(".") if rate else ""
    paper = Paper(detail, holder, supplier.current(), rule, text, today)
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"paper": paper})
