"""Which tariff would be cheapest for the supplies of an account, beside the tariffs that they have."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.queries import advice
from cis.desk.answers import or_404, today
from cis.desk.roles import CLERKS, READERS
from cis.platform.access import actor_of, allow
from metering.queries import places


@allow(*READERS)
def show(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show the advice on each supply of an account; that somebody looked at the customer is recorded."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    since = next(span.start_date for span in account.holders if span.customer_id == account.holder.id)
    found = advice.of_account(account_id=account_id, today=today(), since_date=since)
    cards = places.cards(service_point_ids=[one.agreement.service_point_id for one in found], at_date=today())
    context = {
        "account": account,
        "supplies": [(one, cards[one.agreement.service_point_id]) for one in found],
        "may_change": bool(actor.roles & set(CLERKS)),
    }
    return render(request, "desk/advice.html", context)
