"""Bills as pages, PDF and API show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import F, QuerySet

from billing.domain import numbers
from billing.domain.channels import ReturnKind
from billing.models.bill import OWED_KINDS, Bill, BillLine, BillSegment, BillState
from billing.models.payment import Payment
from billing.queries import balances, charges, estimates
from billing.queries.charges import ChargeOnBill
from cis.kernel.errors import Refused
from cis.platform.db import fetch
from tariffs.domain.components.power_factor import PowerFactor
from tariffs.domain.lines import LineSlot, mean_price_text, price_text
from tariffs.queries import plans

TAKEN_BACK_FIRST = F("cancels_id").desc(nulls_last=True)
SHOWN_STATES = (BillState.ISSUED.value, BillState.CANCELLED.value)


class UnknownBill(Refused):
    """There is no such bill, or it is not one that this reader may see."""

    code = "unknown_bill"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCard:
    """
    A bill in a list.

    number      "" for a draft
    paid_minor  what payments have paid of it. [minor unit]
    given_up_minor  of that what is no money, but was written off. [minor unit]
    """

    id: int
    account_id: int
    account_number: str
    number: str
    kind: str
    state: str
    start_date: date
    end_date: date
    issue_date: date | None
    due_date: date | None
    energy_wh: int
    amount_minor: int
    tax_minor: int
    balance_before_minor: int
    paid_minor: int
    cancels_id: int | None
    run_id: int | None
    given_up_minor: int = 0

    @property
    def open_minor(self) -> int:
        """What is still to be paid of it; nothing of a draft, a credit or a cancelled bill. [minor unit]"""
        if self.state != BillState.ISSUED.value:
            return 0
        return max(0, self.amount_minor - self.paid_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One printed line.

    labels           language -> words
    period_labels    language -> words of the period of use; empty: all hours
    quantity_places  decimals of the stored quantity
    price            major units per unit as printed, "0.617"; of energy at hourly prices the mean of all hours
    margin           what is on top of each hour's price, and contained in the mean; None: the price is no mean
    percent_e2       what a power factor adds to other amounts [1/100 percent]; None: it is another line
    """

    code: str
    labels: Mapping[str, str]
    period_labels: Mapping[str, str]
    step: int
    period_of_use: str
    unit: str
    quantity: int
    quantity_places: int
    price: str
    margin: str | None
    percent_e2: int | None
    price_e6: int
    amount_minor: int
    tax_minor: int
    ledger_class: str

    @property
    def key(self) -> str:
        """Return the name of the line in its tariff, as "energy/2/peak"."""
        return "/".join(part for part in (self.code, str(self.step or ""), self.period_of_use) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """
    One agreement's part of a bill with its lines.

    split_by    "days" or "profile": usage that reaches over its edge was dealt to days, which is an estimate; else ""
    cancels_id  the segment that it takes back
    """

    id: int
    agreement_id: int
    service_point_id: int
    address: str
    tariff_code: str
    tariff_names: Mapping[str, str]
    tariff_version_id: int
    legal_source: str
    start_date: date
    end_date: date
    used_wh: int
    before_wh: int
    household: int
    is_estimated: bool
    split_by: str
    amount_minor: int
    cancels_id: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDetail:
    """A whole bill."""

    card: BillCard
    segments: tuple[Segment, ...]
    charges: tuple[ChargeOnBill, ...] = ()

    @property
    def is_correction(self) -> bool:
        """Whether it takes earlier segments back."""
        return any(segment.cancels_id is not None for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfUse:
    """
    Energy and money billed for one month; a bar of the chart.

    days  days billed, counted once for each agreement; corrections take back the days that they replace
    """

    month: date
    energy_wh: int
    days: int
    amount_minor: int
    is_estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCard:
    """A payment in a list; ``return_kind``: how it went back, as ``moved``; "": it stands."""

    id: int
    channel: str
    reference: str
    amount_minor: int
    received_date: date
    return_kind: str = ""


def of_account(
    *, account_id: int, with_drafts: bool = False, only_owed: bool = False, most: int = 60
) -> tuple[BillCard, ...]:
    """
    Return the bills of an account, newest period first; two statements.

    :param only_owed: none that is cancelled, nor a note by which others were written off: it credits nobody.
    """
    rows = Bill.objects.filter(account_id=account_id)
    if only_owed:
        kinds = [one.value for one in OWED_KINDS]
        rows = rows.filter(state=BillState.ISSUED.value, kind__in=kinds, write_off__isnull=True)
    elif not with_drafts:
        rows = rows.filter(state__in=SHOWN_STATES)
    return cards(rows.order_by("-start_date", "-id")[:most])


def of_run(*, run_id: int, state: str = "", offset: int = 0, most: int = 50) -> tuple[BillCard, ...]:
    """Return some bills of a run in order of their ids; two statements."""
    rows = Bill.objects.filter(run_id=run_id)
    if state:
        rows = rows.filter(state=state)
    return cards(rows.order_by("id")[offset : offset + most])


def listed(*, bill_ids: Sequence[int]) -> tuple[BillCard, ...]:
    """Return these bills in the order of their ids; two statements."""
    return cards(Bill.objects.filter(id__in=bill_ids).order_by("id"))


def id_of_number(number: str) -> int:
    """
    Return the id of the bill with a printed number; leading zeros may be left out.

    :raises UnknownBill: there is none.
    """
    digits = number.strip()
    found = None
    if digits.isascii() and digits.isdigit():
        found = Bill.objects.filter(number=digits.zfill(numbers.DIGITS)).values_list("id", flat=True).first()
    if found is None:
        raise UnknownBill(f"There is no bill {number}.")
    return found


def one(*, bill_id: int, account_ids: Sequence[int] | None = None) -> BillDetail:
    """
    Return a bill with its segments, lines and charges; eight statements at most, whatever its size.

    :param account_ids: where given, only a bill shown to these accounts' holder is found.
    :raises UnknownBill: there is none.
    """
    rows = Bill.objects.filter(id=bill_id)
    if account_ids is not None:
        rows = rows.filter(account_id__in=account_ids, state__in=SHOWN_STATES)
    found = cards(rows)
    if not found:
        raise UnknownBill(f"There is no bill {bill_id}.")
    lines: dict[int, list[BillLine]] = {}
    for line in BillLine.objects.filter(bill_id=bill_id).order_by("seq"):
        lines.setdefault(line.segment_id, []).append(line)
    segments = list(
        BillSegment.objects.filter(bill_id=bill_id)
        .select_related("tariff_version__tariff", "agreement__service_point__premises", "bill")
        .defer("tariff_version__source")
        .order_by("agreement_id", "start_date", TAKEN_BACK_FIRST, "id")
    )
    split = estimates.split_by(rows=segments)
    return BillDetail(
        card=found[0],
        segments=tuple(_segment(row, lines.get(row.id, []), split.get(row.id, "")) for row in segments),
        charges=charges.of_bill(bill_id=bill_id),
    )


def usage_by_month(*, account_id: int, end_date: date, months: int = 13) -> tuple[MonthOfUse, ...]:
    """
    Return what was billed of each of the months before end_date, oldest first; one statement.

    Months without a bill are missing. A correction counts in the month that it corrects.
    """
    rows = fetch(
        """
        SELECT date_trunc('month', s.start_date)::date AS month, sum(s.used_wh), sum(s.amount_minor),
               bool_or(s.is_estimated AND s.cancels_id IS NULL AND NOT EXISTS (
                   SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
                   WHERE c.cancels_id = s.id AND cb.state IN ('issued', 'cancelled'))),
               sum((s.end_date - s.start_date) * CASE WHEN s.cancels_id IS NULL THEN 1 ELSE -1 END)
        FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id
        WHERE b.account_id = %(account)s AND b.state IN ('issued', 'cancelled') AND s.start_date < %(end)s
          AND s.start_date >= (date_trunc('month', %(end)s::date - 1) - make_interval(months => %(months)s - 1))::date
        GROUP BY 1 ORDER BY 1
        """,
        {"account": account_id, "end": end_date, "months": months},
    )
    return tuple(
        MonthOfUse(
            month=month,
            energy_wh=int(energy),
            days=int(days),
            amount_minor=int(amount),
            is_estimated=bool(estimated),
        )
        for month, energy, amount, estimated, days in rows
    )


def payments_of(*, account_id: int, without: Collection[ReturnKind] = (), most: int = 60) -> tuple[PaymentCard, ...]:
    """Return the payments of an account, newest first, but for those that went back in these ways; one statement."""
    found = Payment.objects.filter(account_id=account_id).select_related("returned")
    if without:
        found = found.exclude(returned__kind__in=[one.value for one in without])
    rows = found.order_by("-received_date", "-id")[:most]
    return tuple(
        PaymentCard(
            id=row.id,
            channel=row.channel,
            reference=row.reference,
            amount_minor=row.amount_minor,
            received_date=row.received_date,
            return_kind=row.returned.kind if hasattr(row, "returned") else "",
        )
        for row in rows
    )


def cards(rows: QuerySet[Bill]) -> tuple[BillCard, ...]:
    """Return bills as cards, in the order of the rows; two statements."""
    bills = list(rows.select_related("account"))
    paid = balances.settled_minor(bill_ids=tuple(bill.id for bill in bills))
    return tuple(
        BillCard(
            id=bill.id,
            account_id=bill.account_id,
            account_number=bill.account.number,
            number=bill.number or "",
            kind=bill.kind,
            state=bill.state,
            start_date=bill.start_date,
            end_date=bill.end_date,
            issue_date=bill.issue_date,
            due_date=bill.due_date,
            energy_wh=bill.energy_wh,
            amount_minor=bill.amount_minor,
            tax_minor=bill.tax_minor,
            balance_before_minor=bill.balance_before_minor,
            paid_minor=paid.get(bill.id, (0, 0))[0],
            given_up_minor=paid.get(bill.id, (0, 0))[1],
            cancels_id=bill.cancels_id,
            run_id=bill.run_id,
        )
        for bill in bills
    )


def _segment(row: BillSegment, lines: Sequence[BillLine], split_by: str) -> Segment:
    tariff = row.tariff_version.tariff
    return Segment(
        id=row.id,
        agreement_id=row.agreement_id,
        service_point_id=row.agreement.service_point_id,
        address=row.agreement.service_point.premises.address,
        tariff_code=tariff.code,
        tariff_names={"zh": tariff.name_zh, "en": tariff.name_en},
        tariff_version_id=row.tariff_version_id,
        legal_source=row.tariff_version.legal_source,
        start_date=row.start_date,
        end_date=row.end_date,
        used_wh=row.used_wh,
        before_wh=row.before_wh,
        household=row.household,
        is_estimated=row.is_estimated,
        split_by=split_by,
        amount_minor=row.amount_minor,
        cancels_id=row.cancels_id,
        lines=tuple(line(one, version_id=row.tariff_version_id) for one in lines),
    )


@lru_cache(maxsize=plans.PLANS_KEPT)
def _slots(version_id: int) -> Mapping[tuple[str, int, str], LineSlot]:
    return {(slot.code, slot.step, slot.period): slot for slot in plans.compiled(version_id).slots}


@lru_cache(maxsize=plans.PLANS_KEPT)
def _schedules(version_id: int) -> Mapping[str, Sequence[int]]:
    """Return the schedules of power factors, by code of their component."""
    parts = plans.compiled(version_id).components
    return {part.code: part.schedule for part in parts if isinstance(part, PowerFactor)}


def line(row: BillLine, *, version_id: int) -> Line:
    """Return a stored line as it is printed; no statement once the plan of its version is compiled."""
    plan = plans.compiled(version_id)
    slot = _slots(version_id)[row.code, row.step, row.period_of_use]
    price, margin = price_text(slot=slot, decimals=plan.decimals), None
    if slot.is_mean_price:
        margin = price
        price = mean_price_text(
            amount_minor=row.amount_minor,
            quantity=row.quantity,
            quantity_places=slot.quantity_places,
            decimals=plan.decimals,
        )
    schedule = _schedules(version_id).get(row.code)
    return Line(
        code=row.code,
        labels=plan.labels.get(slot.label, {}),
        period_labels=plan.labels.get(row.period_of_use, {}) if row.period_of_use else {},
        step=row.step,
        period_of_use=row.period_of_use,
        unit=row.unit,
        quantity=row.quantity,
        quantity_places=slot.quantity_places,
        price=price,
        margin=margin,
        # Of a segment that is taken back the quantity is below 0.
        percent_e2=schedule[abs(row.quantity)] if schedule else None,
        price_e6=row.price_e6,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        ledger_class=row.ledger_class,
    )
