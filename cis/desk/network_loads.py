"""Loads of transformers and feeders on the desk: what they carried, what tomorrow brings, and what is too much."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, today
from cis.desk.forms.anomalies import EndMasterForm, FeederMasterForm
from cis.desk.forms.network_loads import ForecastListForm, LoadListForm
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day as said_day
from metering.domain.network import Asset
from metering.operations import master_meters
from metering.queries import balances, network, network_loads
from metering.queries.network import AssetCard
from metering.queries.network_loads import DayRow, ForecastRow

LIST_DAYS, PAGE_DAYS, CHARTED = 28, 62, 12


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List transformers or feeders with what they carried in four weeks, the fullest first."""
    form = LoadListForm(request.GET, feeders=network.feeders(at=today()))
    wanted: dict[str, Any] = {"wanted": form.wanted(), **_weeks()}
    context = {
        "form": form, **page_context(request, partial(network_loads.loads, **wanted)), "view": "loads",
        "count": network_loads.count_loads(**wanted), "is_filtered": bool(request.GET), **_weeks(),
    }  # fmt: skip
    return render(request, "desk/network/loads.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = LoadListForm(request.GET, feeders=network.feeders(at=today())).wanted()
    header = [
        _("Code"), _("Name"), _("Feeder"), _("District"), _("Rating (kVA)"), _("Usable (kVA)"), _("Days"),
        _("By its master meter"), _("Mean (kW)"), _("Highest hour (kW)"), _("Highest hour (kVA)"), _("On"), _("From"),
        _("Of usable (%)"),
    ]  # fmt: skip
    rows = (
        (one.external_id, one.name, one.feeder, one.district, *_kilo(one.capacity_va, one.usable_va), one.days,
         one.measured, *_kilo(one.mean_wh, one.peak_wh, one.peak_va), one.peak_date, f"{one.peak_hour:02d}:00",
         one.percent)
        for one in network_loads.loads(wanted=wanted, **_weeks(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("loads.csv", header, rows)


@allow(*READERS)
@require_safe
def overloads(request: HttpRequest) -> HttpResponse:
    """List what will be overloaded tomorrow, or all that is forecast of a day, the fullest first."""
    form = ForecastListForm(_asked(request), feeders=network.feeders(at=today()))
    wanted: dict[str, Any] = {"wanted": form.wanted(), "day": form.day(today())}
    found = page_context(request, partial(network_loads.forecasts, **wanted))
    context = {
        "form": form, **found, "count": network_loads.count_forecasts(**wanted), "day": wanted["day"],
        "view": "overloads", "is_filtered": bool(request.GET), "chart": _fullest(found["rows"][:CHARTED]),
    }  # fmt: skip
    return render(request, "desk/network/overloads.html", context)


@allow(*READERS)
@require_safe
def overloads_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    form = ForecastListForm(_asked(request), feeders=network.feeders(at=today()))
    header = [
        _("Day"), _("Code"), _("Name"), _("Feeder"), _("District"), _("Highest hour (kVA)"), _("Usable (kVA)"),
        _("Of usable (%)"), _("From"), _("Mean error (%)"), _("Known until"),
    ]  # fmt: skip
    rows = (
        (one.day_date, one.external_id, one.name, one.feeder, one.district, *_kilo(one.peak_va, one.usable_va),
         one.percent, f"{one.peak_hour:02d}:00", "" if one.error_e4 is None else to_text(one.error_e4, places=2),
         one.known_date)
        for one in network_loads.forecasts(wanted=form.wanted(), day=form.day(today()), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("overloads.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, kind: str, asset_id: int) -> HttpResponse:
    """Show what a transformer or feeder carried by day and hour, and what it is thought to carry."""
    return _page(request, kind, asset_id)


@allow(*READERS)
@require_safe
def hours_file(request: HttpRequest, kind: str, asset_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give what a transformer or feeder carried, hour by hour, as a file."""
    card = _card(kind, asset_id)
    days = network_loads.days_of(asset=card.asset, asset_id=card.id, **_two_months())
    header = [_("Day"), _("By its master meter"), *(f"{hour:02d}:00 (kW)" for hour in range(24))]
    rows = ((one.day_date, _("yes") if one.is_measured else _("no"), *_kilo(*one.hours_wh)) for one in days)
    return csv_file("load.csv", header, rows)


@allow(*METERERS)
@require_POST
def set_master(request: HttpRequest, asset_id: int) -> HttpResponse:
    """Say which meter counts what a feeder gives."""
    form = FeederMasterForm(request.POST)
    if form.is_valid():
        try:
            master_meters.set_master(
                asset=Asset.FEEDER, asset_id=asset_id, **form.cleaned_data, actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The night works out its load."))
            return redirect("desk:asset_load", Asset.FEEDER.value, asset_id)
    return _page(request, Asset.FEEDER, asset_id, form=form)


@allow(*METERERS)
@require_POST
def end_master(request: HttpRequest, asset_id: int) -> HttpResponse:
    """End the master meter of a feeder."""
    form = EndMasterForm(request.POST)
    if form.is_valid():
        try:
            master_meters.end_master(
                asset=Asset.FEEDER, asset_id=asset_id, **form.cleaned_data, actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is ended."))
            return redirect("desk:asset_load", Asset.FEEDER.value, asset_id)
    return _page(request, Asset.FEEDER, asset_id, form=form)


def _page(request: HttpRequest, kind: str, asset_id: int, form: Any = None) -> HttpResponse:
    card = _card(kind, asset_id)
    days = network_loads.days_of(asset=card.asset, asset_id=card.id, **_two_months())
    coming = network_loads.forecasts_of(asset=card.asset, asset_id=card.id, since=today())
    context: dict[str, Any] = {
        "card": card, "days": days, "coming": coming, "peaks": _peaks(days), "is_feeder": card.asset is Asset.FEEDER,
        "hours": _hours(days[-1] if days else None, coming[-1] if coming else None),
    }  # fmt: skip
    if card.asset is Asset.FEEDER:
        master = balances.master_of(asset=card.asset, asset_id=card.id, at=today())
        empty = (
            EndMasterForm(initial={"end_date": today()})
            if master
            else FeederMasterForm(initial={"start_date": today()})
        )
        may_edit = bool(actor_of(request).roles & set(METERERS))
        act = "desk:end_feeder_master" if master else "desk:set_feeder_master"
        context |= {"master": master, "form": form or empty, "may_edit": may_edit, "act": act}
    return render(request, "desk/network/load.html", context)


def _card(kind: str, asset_id: int) -> AssetCard:
    if kind not in set(Asset):
        raise Http404
    with or_404():
        if kind == Asset.TRANSFORMER:
            return network.transformer(transformer_id=asset_id, at=today())
        return network.feeder(feeder_id=asset_id, at=today())


def _peaks(days: tuple[DayRow, ...]) -> dict[str, Any]:
    """Return the chart of the highest hour of each day."""
    return {
        "labels": [said_day(one.day_date) for one in days], "values": [one.peak_wh for one in days],
        "meant": [False] * len(days), "estimated": [not one.is_measured for one in days],
        "words": {
            "value": _("kW in the highest hour"), "estimated": _("sum of its places"), "meant": "",
            "nothing": _("not known"),
        },
    }  # fmt: skip


def _hours(last: DayRow | None, coming: ForecastRow | None) -> dict[str, Any] | None:
    """Return the chart of the hours of the last day beside those of the day that is forecast."""
    if last is None or coming is None:
        return None
    return {
        "labels": [f"{hour:02d}" for hour in range(24)], "old": list(last.hours_wh), "new": list(coming.hours_wh),
        "words": {"old": said_day(last.day_date), "new": said_day(coming.day_date), "unit": "kW"},
    }  # fmt: skip


def _fullest(rows: tuple[ForecastRow, ...]) -> dict[str, Any]:
    """Return the chart of the highest hours; what is over in another colour."""
    return {
        "labels": [one.name for one in rows], "values": [one.peak_va for one in rows],
        "meant": [one.is_over for one in rows], "estimated": [False] * len(rows),
        "words": {
            "value": _("kVA in the highest hour"), "estimated": "", "meant": _("more than it may carry"),
            "nothing": _("not known"),
        },
    }  # fmt: skip


def _weeks() -> dict[str, Any]:
    return {"since": today() - timedelta(days=LIST_DAYS), "until": today() - timedelta(days=1)}


def _two_months() -> dict[str, Any]:
    return {"since": today() - timedelta(days=PAGE_DAYS), "until": today()}


def _kilo(*values: int) -> tuple[str, ...]:
    return tuple(to_text(one, places=3) for one in values)


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"only": "over", **request.GET.dict()}
