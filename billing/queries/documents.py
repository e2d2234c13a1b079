"""Everything that a printed bill shows, gathered in a constant number of statements."""

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from billing.domain import bars, paper_titles
from billing.domain.bars import Bar
from billing.domain.paper_titles import PaperTitle
from billing.models.bill import BillState
from billing.queries import bills, budgets, explanations, pay_links
from billing.queries.bills import BillDetail
from billing.queries.budgets import OnBill
from billing.queries.explanations import Explanation
from metering.queries import spans
from metering.queries.spans import SpanCard


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocument:
    """
    A bill as paper.

    addressee    None: nobody holds the account on the last day with energy
    last_day     last day of the period
    qr_payload   what the code on the bill says: the address where it is paid without a login; "" for a draft
    cancels      printed number of the bill that a credit note cancels, else ""
    budget       of a bill in whose place a level amount is owed
    """

    bill: BillDetail
    supplier: SupplierCard
    addressee: Addressee | None
    spans: tuple[SpanCard, ...]
    bars: tuple[Bar, ...]
    explanation: Explanation
    last_day: date
    qr_payload: str
    cancels: str
    budget: OnBill | None = None

    @property
    def owed_minor(self) -> int:
        """What is owed with this bill: the balance before it and its amount, or the level amount. [minor unit]"""
        levelled = 0 if self.budget is None else self.budget.level_minor - self.budget.taken_minor
        return self.bill.card.balance_before_minor + self.bill.card.amount_minor + levelled

    @property
    def is_payable(self) -> bool:
        """Whether somebody is asked to pay: neither of a draft nor of a cancelled bill, nor where credit is left."""
        return self.bill.card.state == BillState.ISSUED.value and self.owed_minor > 0

    @property
    def has_energy(self) -> bool:
        """Whether energy is billed or taken back: only then it has a period, and a chart of use."""
        return bool(self.bill.segments)

    @property
    def title(self) -> PaperTitle:
        """What the paper is called."""
        return paper_titles.title(
            kind=self.bill.card.kind,
            charge_kinds=[charge.kind for charge in self.bill.charges],
            has_energy=self.has_energy,
            is_correction=self.bill.is_correction,
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The places that are billed, each once, in the order of the segments, then of charges."""
        places = [segment.address for segment in self.bill.segments]
        charged = [charge.address for charge in self.bill.charges if charge.address]
        return tuple(dict.fromkeys([*places, *charged]))

    @property
    def first_address(self) -> str:
        """The first of them; "" on a note that is about no supply."""
        return next(iter(self.addresses), "")

    @property
    def legal_sources(self) -> tuple[str, ...]:
        """The texts that the prices rest on, each once."""
        prices = [segment.legal_source for segment in self.bill.segments]
        named = [*prices, *(charge.legal_source for charge in self.bill.charges)]
        return tuple(dict.fromkeys(one for one in named if one))


def of_bill(*, bill_id: int) -> BillDocument:
    """
    Return a bill as paper.

    :raises UnknownBill: there is none.
    """
    bill = bills.one(bill_id=bill_id)
    card = bill.card
    last_day = card.end_date - timedelta(days=1)
    since = min([card.start_date, *(segment.start_date for segment in bill.segments)])
    # Who moved out before the period's end is still who the bill goes to.
    held_on = max((segment.end_date for segment in bill.segments), default=card.end_date) - timedelta(days=1)
    points = sorted({segment.service_point_id for segment in bill.segments})
    holders = accounts.holders(account_ids=[card.account_id])
    holder = next((span for span in holders if span.start_date <= held_on), None)
    explanation = explanations.of_bill(bill=bill, since_date=holder.start_date if holder else None)
    # Where a level amount is owed in its place, the code on the bill pays that.
    budget = budgets.on_bills(bill_ids=[bill_id]).get(bill_id)
    paid_number = (budget.level_number if budget is not None else "") or card.number
    return BillDocument(
        bill=bill,
        supplier=supplier.current(),
        addressee=accounts.addressees(account_ids=[card.account_id], at_date=held_on).get(card.account_id),
        spans=spans.within(service_point_ids=points, start_date=since, end_date=card.end_date),
        bars=bars.of_months(
            energy_by_month={month.month: month.energy_wh for month in explanation.months},
            last_month=last_day.replace(day=1),
        ),
        explanation=explanation,
        last_day=last_day,
        qr_payload=pay_links.address(paid_number) if paid_number else "",
        budget=budget,
        cancels=bills.listed(bill_ids=[card.cancels_id])[0].number if card.cancels_id else "",
    )
