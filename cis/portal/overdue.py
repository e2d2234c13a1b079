"""What is overdue, what happens next and when, in plain words for the customer."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from arrears.queries import dunning, late_fees, orders, papers, plan_rules, plans
from billing.queries import balances, bills, supply_deposits, write_offs
from billing.queries.supply_deposits import WaitedFor
from cis.platform.access import allow_portal
from cis.portal import access
from cis.portal.bills import BILLS_MOST

ANNOUNCED = {"approved", "noticed", "reminded"}


@allow_portal
@require_safe
def overdue(request: HttpRequest) -> HttpResponse:
    """Show the bills that are overdue, what follows by the ladder, and what is announced."""
    visit = access.visit(request)
    held, today = visit.chosen, access.today()
    if held is None or not held.is_current:
        return redirect("portal:bills")
    order = next(
        (one for one in orders.of_account(account_id=held.account_id) if one.state in {*ANNOUNCED, "cut", "restoring"}),
        None,
    )
    live = plans.live_of_account(account_id=held.account_id, today=today)
    fees = {one.bill_id: one for one in late_fees.accruals(account_id=held.account_id, today=today)}
    late = [
        (card, fees.get(card.id))
        for card in bills.of_account(account_id=held.account_id, most=BILLS_MOST)
        if card.due_date is not None and card.open_minor > 0 and card.due_date < today
    ]
    balance = balances.of_account(account_id=held.account_id, today=today)
    fee_minor = sum(one.accrued_minor for one in fees.values())
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "today": today,
        "balance": balance,
        "fee_minor": fee_minor,
        "together_minor": balance.overdue_minor + fee_minor,
        "late": sorted(late, key=lambda one: (one[0].due_date, one[0].id)),
        "written_off_minor": write_offs.left_minor(account_ids=[held.account_id]),
        "case": dunning.open_of_account(account_id=held.account_id),
        "order": order,
        "plan": live if live is not None and live.state == "kept" and live.customer_id == visit.customer_id else None,
        "has_plans": plan_rules.is_offered(at=today),
        "is_announced": order is not None and order.state in ANNOUNCED and order.slot_start_at is not None,
        "reconnect_hours": papers.reconnect_hours() if order is not None else None,
        "waited_deposit": _deposit(held.account_id, today) if order is not None else None,
        "now": timezone.now(),
    }
    return render(request, "portal/overdue.html", context)


def _deposit(account_id: int, today: date) -> WaitedFor | None:
    """Return the deposit that is to be paid too before current is switched on again."""
    return supply_deposits.waited_for(account_ids=[account_id], today=today).get(account_id)
