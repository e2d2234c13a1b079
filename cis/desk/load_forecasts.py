"""Load forecasts on the desk: the day that comes, area by area and hour by hour, its errors, and what it suggests."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, today
from cis.desk.forms.load_forecasts import ForecastListForm
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.demand_response import PLANNERS
from contracts.queries import event_proposals
from contracts.queries.event_proposals import AreaProposal
from metering.queries import forecasts as queries
from metering.queries import network
from metering.queries.forecasts import ForecastCard, Wanted

KW_PLACES = 3
HOURS = 24
DAYS_IN_FILE = FILE_ROWS_MOST // HOURS


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List forecasts, the latest day first, with the one of the whole supplier drawn, and hours that stand out."""
    form = _form(request)
    wanted = form.wanted()
    page = page_context(request, partial(queries.listed, wanted=wanted))
    newest = queries.newest_day()
    context = {
        "form": form, **page, "is_filtered": wanted != Wanted(),
        "proposals": [(one, _link(one)) for one in event_proposals.of_day(target=newest)] if newest else [],
        "may_load": bool(actor_of(request).roles & set(METERERS)),
        "may_plan": newest is not None and newest > today() and actor_of(request).is_one_of(PLANNERS),
        **_drawn(page["rows"][0] if page["rows"] else None),
    }  # fmt: skip
    return render(request, "desk/forecasts/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file, a line an hour."""
    found = queries.listed(wanted=_form(request).wanted(), most=DAYS_IN_FILE)
    header = [
        _("Day"), _("Hour from"), _("Area"), _("Forecast (kW)"), _("Band from (kW)"), _("Band until (kW)"),
        _("As a week ago (kW)"), _("Measured (kW)"), _("Method"), _("Temperature"), _("Made at"),
    ]  # fmt: skip
    return csv_file("load-forecasts.csv", header, _lines(found))


@allow(*READERS)
@require_safe
def show(request: HttpRequest, forecast_id: int) -> HttpResponse:
    """Show one forecast with its hours, beside what was measured since."""
    with or_404():
        card = queries.one(forecast_id=forecast_id)
    return render(request, "desk/forecasts/forecast.html", _drawn(card))


def _drawn(card: ForecastCard | None) -> dict[str, Any]:
    """Return a forecast with its chart, its hours, and the last one of its area that was measured."""
    if card is None:
        return {"card": None}
    return {
        "card": card, "chart": _chart(card), "before": queries.before(card=card),
        "hours": list(zip(_labels(), card.values_w, card.low_w, card.high_w, card.naive_w, card.was_w, strict=True)),
    }  # fmt: skip


def _chart(card: ForecastCard) -> dict[str, Any]:
    return {
        "labels": _labels(), "values": list(card.values_w), "low": list(card.low_w), "high": list(card.high_w),
        "naive": list(card.naive_w), "was": list(card.was_w) if card.is_measured else None,
        "words": {
            "values": _("Forecast"), "band": _("Holds 8 of 10 hours"), "naive": _("As a week ago"),
            "was": _("Measured"), "nothing": _("not known"),
        },
    }  # fmt: skip


def _lines(found: tuple[ForecastCard, ...]) -> Iterator[tuple[object, ...]]:
    for card in found:
        area = card.feeder or _("Whole supplier")
        method, weather = word("forecast_method", card.method), word("forecast_weather", card.weather)
        for hour, values in enumerate(
            zip(card.values_w, card.low_w, card.high_w, card.naive_w, card.was_w, strict=True)
        ):
            kilowatts = ("" if one is None else to_text(one, places=KW_PLACES) for one in values)
            yield (card.target_date, f"{hour:02d}:00", area, *kilowatts, method, weather, card.made_at.isoformat())


def _link(one: AreaProposal) -> str:
    """Return the address of an event as it is proposed; whoever plans it may change all of it."""
    found = one.proposal
    given = {
        "day": one.target_date.isoformat(), "time": f"{found.start_hour:02d}:00", "hours": found.hours,
        "target": to_text(found.beyond_w, places=KW_PLACES), "forecast": one.forecast_id,
        "feeder": one.feeder_id or "",
    }  # fmt: skip
    return f"{reverse('desk:new_demand_event')}?{urlencode(given)}"


def _labels() -> list[str]:
    return [f"{hour:02d}:00" for hour in range(HOURS)]


def _form(request: HttpRequest) -> ForecastListForm:
    return ForecastListForm(request.GET, feeders=network.feeders(at=today()))
