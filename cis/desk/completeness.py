"""Completeness on the desk: the equation of each month, places whose days are not all billed, days of an account."""

from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.domain.completeness import DayState
from billing.queries import completeness as queries
from billing.queries.completeness import Day, PlaceDays, Wanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, today
from cis.desk.completeness_words import ADVICE, DAY_STATES, LETTERS
from cis.desk.forms.completeness import CompletenessForm
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day as day_name
from cis.platform.templatetags.local import kwh

WH_PLACES = 3
DAYS_IN_ROW = 31


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the equation of the months that are over, and the places with something to look at."""
    months = queries.months()
    form = CompletenessForm(request.GET, months=[one.month for one in months])
    wanted = form.wanted()
    context: dict[str, Any] = {
        "months": months,
        "checked_at": months[0].checked_at if months else None,
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted)),
        "count": queries.count(wanted=wanted),
        "holes": queries.count(wanted=Wanted(hole="any")),
        "is_filtered": wanted != Wanted(),
        "advice": ADVICE.get(wanted.hole, ""),
    }
    return render(request, "desk/completeness/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = CompletenessForm(request.GET, months=[one.month for one in queries.months()]).wanted()
    header = [
        _("Month"), _("Supply"), _("Address"), _("Account"), _("What must not be"), _("Days on a bill"),
        _("Days to be billed"), _("Days held back"), _("Days not known"), _("Days used without agreement"),
        _("kWh measured"), _("kWh billed"), _("kWh changed since"), _("kWh to be billed"), _("kWh held back"),
        _("kWh without agreement"),
    ]  # fmt: skip
    rows = (
        (f"{r.month:%Y-%m}", r.service_point, r.address, r.account_number,
         ", ".join(str(word("hole", hole)) for hole in r.holes), r.billed_days, r.to_bill_days, r.held_days,
         r.missing_days, r.idle_used_days, *map(_kwh, (r.measured_wh, r.billed_wh, r.changed_wh, r.to_bill_wh,
                                                       r.held_wh, r.idle_wh)))
        for r in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("completeness.csv", header, rows)


@allow(*READERS)
@require_safe
def export_months(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the equation of each month as a file."""
    header = [
        _("Month"), _("Supplies"), _("kWh measured"), _("kWh billed"), _("kWh changed since"),
        _("kWh dealt by usage rules"), _("kWh to be billed"), _("kWh held back"), _("kWh of days not known"),
        _("kWh without agreement"), _("Days on a bill"), _("Days to be billed"), _("Days held back"),
        _("Days not known"), _("Days used without agreement"), _("Days without agreement"),
    ]  # fmt: skip
    rows = (
        (f"{one.month:%Y-%m}", one.places,
         *map(_kwh, (one.measured_wh, one.billed_wh, one.changed_wh, one.dealt_wh, one.to_bill_wh, one.held_wh,
                     one.missing_wh, one.idle_wh)),
         one.billed_days, one.to_bill_days, one.held_days, one.missing_days, one.idle_used_days, one.idle_days)
        for one in queries.months()
    )  # fmt: skip
    return csv_file("completeness-months.csv", header, rows)


@allow(*READERS)
@require_safe
def account_days(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show where the energy of each day of an account is, as a calendar; looking at the customer is recorded."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(
        customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING
    )  # fmt: skip
    places = queries.of_account(account_id=account_id, today=today())
    context = {"account": account, "places": [_calendar(place) for place in places], "days": range(1, DAYS_IN_ROW + 1)}
    return render(request, "desk/completeness/account.html", context)


def _calendar(place: PlaceDays) -> dict[str, Any]:
    days = [day for _month, found in place.months for day in found]
    counts = [
        (state.name.lower(), LETTERS[state.name.lower()], sum(day.state == state for day in days))
        for state in sorted(DayState, reverse=True)
    ]
    holes = sorted({hole for day in days for hole in day.holes})
    return {
        "place": place,
        "months": [(month, [_cell(day) for day in found]) for month, found in reversed(place.months)],
        "counts": counts,
        "holes": [(hole, ADVICE[hole], _first(days, hole)) for hole in holes],
    }


def _first(days: list[Day], hole: str) -> date:
    return next(day.date for day in days if hole in day.holes)


def _cell(day: Day) -> dict[str, Any]:
    """Return a day as the calendar shows it: its letter, and all that is known of it in words."""
    name = day.state.name.lower()
    said = [day_name(day.date), str(DAY_STATES[name])]
    if day.measured_wh:
        said.append(_("%(kwh)s kWh measured") % {"kwh": kwh(day.measured_wh)})
    if day.billed_wh != day.measured_wh and day.state == DayState.BILLED:
        said.append(_("%(kwh)s kWh billed") % {"kwh": kwh(day.billed_wh)})
    said += [str(word("hole", hole)) for hole in day.holes]
    return {"state": name, "letter": LETTERS[name], "said": " · ".join(said), "is_hole": bool(day.holes)}


def _kwh(wh: int) -> str:
    return to_text(wh, places=WH_PLACES)
