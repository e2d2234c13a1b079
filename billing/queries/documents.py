"""Everything that a printed bill shows, gathered in a constant number of statements."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from billing.domain import bars
from billing.domain.bars import Bar
from billing.queries import bills
from billing.queries.bills import BillDetail
from metering.queries import spans
from metering.queries.spans import SpanCard


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocument:
    """
    A bill as paper.

    last_day    last day billed
    qr_payload  what the code on the bill says: the address where it is paid
    """

    bill: BillDetail
    supplier: SupplierCard
    addressee: Addressee
    spans: tuple[SpanCard, ...]
    bars: tuple[Bar, ...]
    last_day: date
    qr_payload: str

    @property
    def owed_minor(self) -> int:
        """What is owed with this bill: the balance before it and its amount. [minor unit]"""
        return self.bill.card.balance_before_minor + self.bill.card.amount_minor


def of_bill(*, bill_id: int) -> BillDocument:
    """
    Return a bill as paper.

    :raises UnknownBill: there is none.
    """
    bill = bills.one(bill_id=bill_id)
    card = bill.card
    since = min([card.start_date, *(segment.start_date for segment in bill.segments)])
    points = sorted({segment.service_point_id for segment in bill.segments})
    used = bills.usage_by_month(account_id=card.account_id, end_date=card.end_date, months=bars.MONTHS)
    return BillDocument(
        bill=bill,
        supplier=supplier.current(),
        addressee=accounts.addressees(account_ids=[card.account_id], at_date=card.end_date)[card.account_id],
        spans=spans.within(service_point_ids=points, start_date=since, end_date=card.end_date),
        bars=bars.of_months(
            energy_by_month={month.month: month.energy_wh for month in used},
            last_month=(card.end_date - timedelta(days=1)).replace(day=1),
        ),
        last_day=card.end_date - timedelta(days=1),
        qr_payload=f"{settings.SITE_URL}/portal/bills/{card.number}",
    )
