"""My readings: what my meter measured in intervals, as a file that other programs read."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cis.kernel.errors import Refused
from cis.platform.access import allow_portal
from cis.platform.answers import file_of
from cis.platform.span_forms import SpanForm
from cis.portal import access
from cis.portal.access import Held
from contracts.queries import agreements
from metering.queries import interval_files
from metering.queries.interval_files import Form, PlaceSpan

FORMS = ("green_button", "csv", "xlsx")


@allow_portal
@require_safe
def readings(request: HttpRequest) -> HttpResponseBase:
    """Let the customer choose days, and give what was measured in them while they held the account."""
    visit, today = access.visit(request), access.today()
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    form = SpanForm(request.GET if "form" in request.GET else None, names=FORMS, today=today)
    if form.is_bound and form.is_valid():
        try:
            return _file(form, held)
        except Refused as refusal:
            form.refuse(refusal)
    return _page(request, visit, form)


def _page(request: HttpRequest, visit: access.Visit, form: SpanForm) -> HttpResponse:
    return render(request, "portal/readings.html", {"visit": visit, "form": form})


def _file(form: SpanForm, held: Held) -> HttpResponseBase:
    since, end = form.cleaned_data["since"], form.end_date
    interval_files.check_span(start_date=since, end_date=end)
    made = interval_files.from_supplier(
        form=Form(form.cleaned_data["form"]), spans=_mine(held, since, end), name=f"{held.number}-{since}",
        at=timezone.now(),
    )  # fmt: skip
    return file_of(name=made.name, media_type=made.media_type, pieces=made.pieces)


def _mine(held: Held, since: date, end: date) -> list[PlaceSpan]:
    """Return where and when the account was supplied while the customer held it, within some days."""
    found = []
    for card in agreements.of_account(account_id=held.account_id):
        for first, next_first in held.spans:
            start = max(since, first, card.start_date)
            stop = min(end, next_first or end, card.end_date or end)
            if start < stop:
                found.append(PlaceSpan(service_point_id=card.service_point_id, start_date=start, end_date=stop))
    return found
