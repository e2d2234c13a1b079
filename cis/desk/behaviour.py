"""How a place uses electricity, on the desk: the same as its customer sees, for whoever advises them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from billing.queries import supply_uses
from cis.desk.answers import today
from cis.desk.roles import READERS
from cis.platform import use_words
from cis.platform.access import actor_of, allow
from contracts.queries import supply
from metering.queries import places


@allow(*READERS)
@require_safe
def show(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Show how a place was used by whom it is supplied to now, or was last; that somebody looked is recorded."""
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    if not found:
        raise Http404
    supplied = supply.until_day(service_point_id=service_point_id, on=today())
    if supplied is None:
        return render(request, "desk/behaviour.html", {"place": found[0], "account": None, "use": None})
    account = accounts.overview(account_id=supplied.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.SERVICE)
    since = next(span.start_date for span in account.holders if span.customer_id == account.holder.id)
    use = supply_uses.of_place(
        account_id=account.id, service_point_id=service_point_id, today=today(), since_date=since
    )  # fmt: skip
    shape = use_words.shape(use.latest.shape if use.latest else "")
    context = {
        "place": found[0], "account": account, "use": use, "shape": shape, "currency": supplier.current().currency,
    }  # fmt: skip
    return render(request, "desk/behaviour.html", context)
