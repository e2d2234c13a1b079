"""Interval values of a place on the desk: what is held, and days of it as a file."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from cis.desk.answers import file_of, today
from cis.desk.roles import READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.span_forms import SpanForm
from contracts.queries import supply
from metering.queries import interval_files, places
from metering.queries.interval_files import Form, PlaceSpan


@allow(*READERS)
@require_safe
def show(request: HttpRequest, service_point_id: int) -> HttpResponseBase:
    """Show the registers of a place that are read in intervals; give days of them as a file. The look is recorded."""
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    if not found:
        raise Http404
    head = _head(request, found[0])
    form = SpanForm(request.GET if "form" in request.GET else None, today=today())
    if form.is_bound and form.is_valid():
        try:
            return _file(form, found[0].id, found[0].external_id)
        except Refused as refusal:
            form.refuse(refusal)
    context = {**head, "form": form, "held": interval_files.held(service_point_id=service_point_id)}
    return render(request, "desk/place_values.html", context)


def _file(form: SpanForm, service_point_id: int, external_id: str) -> HttpResponseBase:
    since, end = form.cleaned_data["since"], form.end_date
    interval_files.check_span(start_date=since, end_date=end)
    made = interval_files.from_supplier(
        form=Form(form.cleaned_data["form"]),
        spans=[PlaceSpan(service_point_id=service_point_id, start_date=since, end_date=end)],
        name=f"{external_id}-{since}",
        at=timezone.now(),
    )
    return file_of(name=made.name, media_type=made.media_type, pieces=made.pieces)


def _head(request: HttpRequest, place: places.ServicePointOverview) -> dict[str, Any]:
    supplied = supply.until_day(service_point_id=place.id, on=today())
    if supplied is None:
        return {"place": place, "account": None}
    account = accounts.overview(account_id=supplied.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    return {"place": place, "account": account}
