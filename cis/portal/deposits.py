"""My deposit: what it is, what it earned, when it comes back, and how I want it back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.queries import supplier
from billing.operations import deposit_papers
from billing.operations import deposits as operations
from billing.queries import deposits, supply_deposits
from billing.queries.deposits import DepositCard, DepositDetail
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.portal import access
from cis.portal.access import Held


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show the deposits of the time in which the customer held the account."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    today = access.today()
    cards = _own(held)
    now = _detail(cards[0]) if cards else None
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "now": now,
        "earlier": cards[1:],
        "is_waited_for": held.is_current
        and held.account_id in supply_deposits.waited_for(account_ids=[held.account_id], today=today),
        "today": today,
        "is_current": held.is_current,
    }
    return render(request, "portal/deposit.html", context)


@allow_portal
@require_POST
def wish(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Say how the customer wants the deposit back."""
    visit = access.visit(request)
    _mine(visit.chosen, deposit_id)
    try:
        is_paid_out = request.POST.get("wish") == "paid_out"
        operations.wish(deposit_id=deposit_id, is_paid_out=is_paid_out, actor=actor_of(request))
    except Refused as refusal:
        raise Http404 from refusal
    return redirect("portal:deposit")


@allow_portal
def receipt(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Give the receipt of a deposit as PDF."""
    visit = access.visit(request)
    _mine(visit.chosen, deposit_id)
    content = deposit_papers.receipt(deposit_id=deposit_id, today=access.today())
    answer = HttpResponse(content, content_type=deposit_papers.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="deposit-{deposit_id}.pdf"'
    return answer


def _own(held: Held) -> tuple[DepositCard, ...]:
    """Return deposits that were demanded while the customer held the account."""
    found = deposits.of_account(account_id=held.account_id, today=access.today())
    return tuple(one for one in found if held.covers(one.demanded_date))


def _mine(held: Held | None, deposit_id: int) -> None:
    if held is None or deposit_id not in {one.id for one in _own(held)}:
        raise Http404


def _detail(card: DepositCard) -> DepositDetail:
    return deposits.one(deposit_id=card.id, today=access.today())
