"""Meters that hang whose verification falls due: by district, as a file, and their exchange ordered together."""

from datetime import date, timedelta
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, tell_refusal, today
from cis.desk.forms.meter_tests import DueListForm, OrderExchangesForm, until_of
from cis.desk.roles import DISPATCHERS, READERS
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.access import actor_of, allow
from cis.platform.forms import day_of
from cis.platform.paging import page_context
from metering.domain.work_orders import WorkKind
from metering.operations import rotations
from metering.operations.device_tests import RULE
from metering.operations.rotations import Exchanges
from metering.queries import appointments
from metering.queries import device_tests as queries

DUE_DAYS = 30
DIGITS_MOST = 18


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the meters, the first to end first."""
    form, until, district = _wanted(request)
    found = partial(queries.due, today=today(), until=until, district=district)
    context = {
        "form": form, **page_context(request, found), "until": until, "today": today(), "view": "due",
        "count": queries.count_due(today=today(), until=until, district=district),
        "is_filtered": bool(request.GET), "may_order": bool(actor_of(request).roles & set(DISPATCHERS)),
        "order_form": OrderExchangesForm(initial={"due_date": today() + timedelta(days=DUE_DAYS)}),
    }  # fmt: skip
    return render(request, "desk/meters/due.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, until, district = _wanted(request)
    header = [_("Meter"), _("Model"), _("Class of the meter"), _("Certificate holds until"), _("Service point"),
              _("Address"), _("District"), _("Exchange ordered")]  # fmt: skip
    found = queries.due(today=today(), until=until, district=district, most=FILE_ROWS_MOST)
    rows = (
        (c.serial, c.model, c.accuracy, c.certified_until, c.place, c.address, c.district,
         _("yes") if c.is_ordered else "")
        for c in found
    )  # fmt: skip
    return csv_file("meters-due.csv", header, rows)


@require_POST
@allow(*DISPATCHERS)
def order(request: HttpRequest) -> HttpResponse:
    """Show what ordering the exchange of chosen meters would do; the second press does it."""
    texts = request.POST.getlist("meter")
    ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST]
    until = day_of(request.POST.get("until")) or today()
    form = OrderExchangesForm(request.POST)
    if not ids or not form.is_valid():
        messages.error(request, _("Choose meters and a day."))
        return redirect("desk:due_meters")
    due_date: date = form.cleaned_data["due_date"]
    try:
        if "sure" in request.POST:
            made = rotations.order(
                meter_ids=ids, until=until, due_date=due_date, today=today(), actor=actor_of(request)
            )
            messages.success(request, _("%(n)s exchanges are ordered.") % {"n": made.orders})
            return redirect("desk:due_meters")
        found = rotations.preview(meter_ids=ids, until=until, today=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:due_meters")
    context = {
        "found": found, "form": form, "until": until, "due_date": due_date, "free": _free(found, due_date),
        "left": len(set(ids)) - len(found.ordered) - len(found.under_way),
    }  # fmt: skip
    return render(request, "desk/meters/due_order.html", context)


def _free(found: Exchanges, due_date: date) -> list[tuple[str, int, int]]:
    """Return for each district how many exchanges are to come and how many appointments are free till the day."""
    places: dict[str, set[int]] = {}
    for one in found.ordered:
        places.setdefault(one.district, set()).add(one.service_point_id)
    rows = []
    for district, points in sorted(places.items()):
        slots = appointments.free_slots(
            district=district, kind=WorkKind.METER_EXCHANGE.value, after=timezone.localtime(), most=1_000
        )
        free = sum(slot.free for slot in slots if slot.date <= due_date)
        rows.append((district, len(points), free))
    return rows


def _wanted(request: HttpRequest) -> tuple[DueListForm, date, str]:
    ahead = packs.rule(RULE, at=today())["ahead_days"]
    typed = day_of(request.GET.get("until"))
    districts = queries.due_by_district(today=today(), until=typed or today() + timedelta(days=ahead))
    form = DueListForm(request.GET, districts=districts)
    until = until_of(form, today=today(), ahead_days=ahead)
    return form, until, form.cleaned_data.get("district", "") if form.is_valid() else ""
