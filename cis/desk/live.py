"""The day of a place as its meters tell it: the curve grows while somebody looks."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from cis.desk.answers import today
from cis.desk.roles import READERS
from cis.platform import looks
from cis.platform.access import actor_of, allow
from contracts.queries import supply
from metering.queries import live, places
from metering.queries.places import ServicePointOverview


@allow(*READERS)
@require_safe
def show(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """
    Show what the meters of a place counted today; what grows is asked for again.

    The look is recorded with the page; with what grows only where none of today is.
    """
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    if not found:
        raise Http404
    is_poll = bool(request.headers.get("HX-Request"))
    head = _head(request, found[0], is_poll=is_poll)
    at = timezone.now()
    curves = live.curves(service_point_ids=[service_point_id], at=at, zone_name=supplier.current().time_zone)
    context = {"curves": curves.get(service_point_id, ()), "at": at}
    if is_poll:
        return render(request, "_parts/today.html", context)
    return render(request, "desk/today.html", {**head, **context})


def _head(request: HttpRequest, place: ServicePointOverview, *, is_poll: bool) -> dict[str, Any]:
    """Return the place and the account supplied there last, recording that somebody looked at its holder's place."""
    supplied = supply.until_day(service_point_id=place.id, on=today())
    if supplied is None:
        return {"place": place, "account": None}
    account = accounts.overview(account_id=supplied.account_id, at_date=today())
    holder_id, actor = account.holder.id, actor_of(request)
    if not (is_poll and looks.is_recorded(customer_id=holder_id, actor=actor, on_date=today())):
        customer_operations.record_look(customer_id=holder_id, actor=actor, purpose=LookPurpose.SERVICE)
    return {"place": place, "account": account}
