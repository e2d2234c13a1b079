"""My bills: what is to be paid and why, the list, one bill, its PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from arrears.queries import late_fees
from arrears.queries.late_fees import BillAccrual
from billing.operations import documents, proofs
from billing.queries import balances, bills, budgets, changes, explanations, prepaid
from billing.queries.balances import Balance
from billing.queries.bills import BillCard, BillDetail, Segment
from billing.queries.budgets import OnBill
from billing.queries.changes import Changes
from billing.queries.explanations import Explanation
from cashiering.gateways import online
from cis.platform.access import actor_of, allow_portal
from cis.platform.paging import Pager, page_of
from cis.portal import access, power
from cis.portal.access import Held, Visit
from cis.portal.usage import Chart, chart
from metering.queries import spans
from metering.queries.spans import SpanCard

PART_OF_KWH_WH = 100
ROWS = 24
BILLS_MOST = 2_000
"""More than an account gets in a hundred years; which of them are the customer's is known when they are here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """
    The first page.

    balance  None: somebody else holds the account now
    late_fee_minor  what is to be paid beside the balance if it is paid today. [minor unit]
    bills    those of the page asked for; the rest of the first page is about the latest of all
    is_online  something can be paid online here
    """

    visit: Visit
    supplier: SupplierCard
    today: date
    balance: Balance | None
    late_fee_minor: int
    latest: BillCard | None
    explanation: Explanation | None
    chart: Chart | None
    bills: Sequence[BillCard]
    pager: Pager
    is_online: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPage:
    """
    One bill in words.

    current    the segments of the bill's own period
    corrected  segments that take earlier ones back, and what replaces them
    owed_minor what was owed with it when it was issued. [minor unit]
    late       its late fee that is not charged yet
    budget     in its place a level amount is owed
    is_online  it can be paid online
    """

    visit: Visit
    supplier: SupplierCard
    today: date
    bill: BillDetail
    explanation: Explanation
    changes: Changes
    chart: Chart
    spans: tuple[SpanCard, ...]
    current: tuple[Segment, ...]
    corrected: tuple[Segment, ...]
    owed_minor: int
    late: BillAccrual | None
    budget: OnBill | None
    is_online: bool

    @property
    def per_day_wh(self) -> int:
        """Use per day, to a tenth of a kWh. [Wh]"""
        step = self.explanation.days * PART_OF_KWH_WH
        return (2 * self.bill.card.energy_wh + step) // (2 * step) * PART_OF_KWH_WH


@allow_portal
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """
    Show what is to be paid, why, and all bills; on further pages of these, the bills alone.

    :raises Http404: there are not so many bills.
    """
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    own = tuple(card for card in bills.of_account(account_id=held.account_id, most=BILLS_MOST) if held.shows(card))
    shown, pager = page_of(request, own, rows=ROWS)
    if pager.number > 1:
        if not shown:
            raise Http404
        context = {"visit": visit, "bills": shown, "pager": pager, "today": access.today(),
                   "currency": supplier.current().currency}  # fmt: skip
        return render(request, "portal/bills_before.html", context)
    latest = next((card for card in own if card.state == "issued" and card.kind == "regular"), None)
    context = {
        "visit": visit, "home": _home(visit, held, latest=latest, shown=shown, pager=pager),
        "prepaid": prepaid.of_accounts(account_ids=[held.account_id], today=access.today()).get(held.account_id)
        if held.is_current else None,
        "dark": power.banner(account_id=held.account_id) if held.is_current else None,
    }  # fmt: skip
    return render(request, "portal/bills.html", context)


@allow_portal
@require_safe
def bill(request: HttpRequest, number: str) -> HttpResponse:
    """Show one bill in plain words."""
    visit, found = access.bill(request, number)
    return render(request, "portal/bill.html", {"view": _bill_page(visit, found), "visit": visit})


@allow_portal
@require_safe
def bill_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """Give one bill as PDF."""
    _, found = access.bill(request, number)
    written = documents.pdf(bill_id=found.card.id, actor=actor_of(request))
    answer = HttpResponse(written, content_type=documents.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="bill-{found.card.number}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@allow_portal
@require_safe
def bill_proof(request: HttpRequest, number: str) -> JsonResponse:
    """Give one bill with all that it rests on, for a program to compute it again; the look is recorded."""
    visit, found = access.bill(request, number)
    assert visit.chosen is not None
    told = proofs.show(bill_id=found.card.id, actor=actor_of(request), since_date=visit.chosen.since)
    answer = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="bill-{found.card.number}.json"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _home(visit: Visit, held: Held, *, latest: BillCard | None, shown: Sequence[BillCard], pager: Pager) -> Home:
    today = access.today()
    explanation = drawn = None
    if latest is not None:
        explanation = explanations.of_bill(bill=bills.one(bill_id=latest.id), since_date=held.since)
        drawn = chart(months=explanation.months, last=explanation.month)
    return Home(
        visit=visit,
        supplier=supplier.current(),
        today=today,
        balance=balances.of_account(account_id=held.account_id, today=today) if held.is_current else None,
        late_fee_minor=(late_fees.accrued_minor(account_id=held.account_id, today=today) if held.is_current else 0),
        latest=latest,
        explanation=explanation,
        chart=drawn,
        bills=shown,
        pager=pager,
        is_online=bool(online.names()),
    )


def _bill_page(visit: Visit, found: BillDetail) -> BillPage:
    assert visit.chosen is not None
    card = found.card
    explanation = explanations.of_bill(bill=found, since_date=visit.chosen.since)
    points = sorted({segment.service_point_id for segment in found.segments})
    since = min([card.start_date, *(segment.start_date for segment in found.segments)])
    early = {segment.id for segment in found.segments if _is_correction(segment, card)}
    return BillPage(
        visit=visit,
        supplier=supplier.current(),
        today=access.today(),
        bill=found,
        explanation=explanation,
        changes=changes.of_bill(bill=found, since_date=visit.chosen.since),
        chart=chart(months=explanation.months, last=explanation.month),
        spans=spans.within(service_point_ids=points, start_date=since, end_date=card.end_date),
        current=tuple(segment for segment in found.segments if segment.id not in early),
        corrected=tuple(segment for segment in found.segments if segment.id in early),
        owed_minor=card.balance_before_minor + card.amount_minor,
        budget=budgets.on_bills(bill_ids=[card.id]).get(card.id),
        late=late_fees.of_bill(bill_id=card.id, account_id=card.account_id, today=access.today()),
        is_online=bool(online.names()),
    )


def _is_correction(segment: Segment, card: BillCard) -> bool:
    return segment.cancels_id is not None or segment.start_date < card.start_date
