"""All that a demand and a notice of disconnection show on paper."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from arrears.queries import dunning, late_fees, orders
from billing.queries import bills
from cis.kernel.deadlines import Unit
from cis.platform import deadlines, packs

BILLS_MOST = 100_000
LINK = "/portal/overdue"
RECONNECTION = "reconnection"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBill:
    """A bill that is overdue: what is open, and the late fee up to today that is not charged yet. [minor unit]"""

    number: str
    due_date: date
    open_minor: int
    late_fee_minor: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """
    A demand, or a notice of disconnection. [minor unit]

    number            what it is called: of the case, or of the order
    slot_start_at, slot_end_at  the announced hours; None on a demand
    address           of the place that is to be cut off; on a demand of a place that is supplied
    legal_source      of the rule on disconnections; "" where the pack has none
    reconnect_hours   so soon current flows again once it is paid; None: the pack does not say
    """

    number: str
    supplier: SupplierCard
    addressee: Addressee | None
    printed_date: date
    bills: tuple[PaperBill, ...]
    address: str
    slot_start_at: datetime | None
    slot_end_at: datetime | None
    reconnect_hours: int | None
    qr_payload: str
    legal_source: str

    @property
    def open_minor(self) -> int:
        """Return what is open of all bills. [minor unit]"""
        return sum(bill.open_minor for bill in self.bills)

    @property
    def late_fee_minor(self) -> int:
        """Return the late fee of all bills that is not charged yet. [minor unit]"""
        return sum(bill.late_fee_minor for bill in self.bills)

    @property
    def together_minor(self) -> int:
        """Return what is to be paid today. [minor unit]"""
        return self.open_minor + self.late_fee_minor


def demand(*, case_id: int) -> Paper:
    """
    Return the demand for all that is overdue of a case today.

    :raises UnknownCase: there is none.
    """
    case = dunning.one(case_id=case_id)
    return _paper(f"D{case.id}", case.account_id, only=None, order=None)


def notice(*, order_id: int) -> Paper:
    """
    Return the notice of disconnection of an order, for the bills that it names.

    :raises UnknownOrder: there is none.
    """
    order = orders.one(order_id=order_id)
    return _paper(f"C{order.id}", order.account_id, only=orders.named(order_id=order_id), order=order)


def _paper(number: str, account_id: int, *, only: frozenset[int] | None, order: orders.OrderRow | None) -> Paper:
    today = timezone.localdate()
    fees = {one.bill_id: one.accrued_minor for one in late_fees.accruals(account_id=account_id, today=today)}
    open_bills = tuple(
        PaperBill(
            number=card.number or "", due_date=card.due_date, open_minor=card.open_minor,
            late_fee_minor=fees.get(card.id, 0), days=(today - card.due_date).days,
        )
        for card in bills.of_account(account_id=account_id, most=BILLS_MOST)
        if card.due_date is not None and card.open_minor > 0 and card.due_date < today
        and (only is None or card.id in only)
    )  # fmt: skip
    places = orders.supplies(account_id=account_id, on=today)
    source = packs.rules_in_force(at=today).get("disconnection")
    return Paper(
        number=number,
        supplier=supplier.current(),
        addressee=accounts.addressees(account_ids=[account_id], at_date=today).get(account_id),
        printed_date=today,
        bills=tuple(sorted(open_bills, key=lambda bill: (bill.due_date, bill.number))),
        address=order.address if order else next((one for _, one in places), ""),
        slot_start_at=order.slot_start_at if order else None,
        slot_end_at=order.slot_end_at if order else None,
        reconnect_hours=reconnect_hours() if order else None,
        qr_payload=f"{settings.SITE_URL}{LINK}",
        legal_source=source.source if source else "",
    )


def reconnect_hours() -> int | None:
    """Return within how many hours the pack lets current flow again after payment; None: it says so otherwise."""
    limit = deadlines.find_standard(RECONNECTION, at=timezone.now()).limit
    return limit.amount if limit.unit is Unit.HOURS else None
