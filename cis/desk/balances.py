"""Losses of transformers on the desk: by month, by day, and the meter that counts what each gives."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, today
from cis.desk.forms.anomalies import EndMasterForm, LossListForm, MasterForm
from cis.desk.forms.e_invoices import month_of as month_given
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.kernel.periods import month_of
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day
from metering.domain.network import Asset
from metering.operations import master_meters
from metering.queries import balances, network
from metering.queries.balances import BalanceRow

DAYS = 62


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List transformers with what they lost in a month, the largest share first."""
    form, wanted = _wanted(request)
    context = {
        "form": form, **page_context(request, partial(balances.of_month, **wanted)), "month": wanted["month"],
        "count": balances.count(**wanted), "view": "losses", "is_filtered": bool(request.GET),
    }  # fmt: skip
    return render(request, "desk/network/losses.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    return _file("losses.csv", balances.of_month(**wanted, most=FILE_ROWS_MOST), _("Month"))


@allow(*READERS)
@require_safe
def show(request: HttpRequest, transformer_id: int) -> HttpResponse:
    """Show what a transformer lost by month and by day, and its master meter."""
    return _page(request, transformer_id)


@allow(*READERS)
@require_safe
def days_file(request: HttpRequest, transformer_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give what a transformer lost by day as a file."""
    with or_404():
        network.transformer(transformer_id=transformer_id, at=today())
    return _file("transformer-losses.csv", balances.days_of(transformer_id=transformer_id, **_span()), _("Day"))


@allow(*METERERS)
@require_POST
def set_master(request: HttpRequest, transformer_id: int) -> HttpResponse:
    """Say which meter counts what a transformer gives."""
    form = MasterForm(request.POST)
    if form.is_valid():
        try:
            master_meters.set_master(
                asset=Asset.TRANSFORMER, asset_id=transformer_id, **form.cleaned_data, actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The night works out its losses."))
            return redirect("desk:transformer_losses", transformer_id)
    return _page(request, transformer_id, form=form)


@allow(*METERERS)
@require_POST
def end_master(request: HttpRequest, transformer_id: int) -> HttpResponse:
    """End the master meter of a transformer."""
    form = EndMasterForm(request.POST)
    if form.is_valid():
        try:
            master_meters.end_master(
                asset=Asset.TRANSFORMER, asset_id=transformer_id, **form.cleaned_data, actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is ended."))
            return redirect("desk:transformer_losses", transformer_id)
    return _page(request, transformer_id, form=form)


def _page(request: HttpRequest, transformer_id: int, form: Any = None) -> HttpResponse:
    with or_404():
        card = network.transformer(transformer_id=transformer_id, at=today())
    master = balances.master_of(asset=Asset.TRANSFORMER, asset_id=transformer_id, at=today())
    days = balances.days_of(transformer_id=transformer_id, **_span())
    empty = EndMasterForm(initial={"end_date": today()}) if master else MasterForm(initial={"start_date": today()})
    context = {
        "card": card, "master": master, "days": days, "form": form or empty,
        "months": balances.months_of(transformer_id=transformer_id, until=today()),
        "act": "desk:end_master_meter" if master else "desk:set_master_meter",
        "may_edit": bool(actor_of(request).roles & set(METERERS)), "chart": _chart(days),
    }  # fmt: skip
    return render(request, "desk/network/transformer_losses.html", context)


def _chart(days: tuple[BalanceRow, ...]) -> dict[str, Any]:
    nothing = [False] * len(days)
    return {
        "labels": [day(one.start_date) for one in days], "values": [one.loss.lost_wh for one in days],
        "meant": nothing, "estimated": nothing,
        "words": {"value": _("kWh lost a day"), "estimated": "", "meant": "", "nothing": _("not known")},
    }  # fmt: skip


def _span() -> dict[str, date]:
    return {"since": today() - timedelta(days=DAYS), "until": today()}


def _wanted(request: HttpRequest) -> tuple[LossListForm, dict[str, Any]]:
    last = month_of(today() - timedelta(days=1)).start
    form = LossListForm({"month": f"{last:%Y-%m}", **request.GET.dict()}, feeders=network.feeders(at=today()))
    given = form.cleaned_data if form.is_valid() else {}
    feeder = given.get("feeder") or ""
    return form, {"month": month_given(given.get("month") or "") or last, "feeder_id": int(feeder) if feeder else None}


def _file(name: str, found: tuple[BalanceRow, ...], span: str) -> StreamingHttpResponse:
    header = [
        span, _("Transformer"), _("Feeder"), _("District"), _("Days"), _("Places with a meter"), _("Given (kWh)"),
        _("Taken (kWh)"), _("Lost (kWh)"), _("Lost (%)"),
        _("Technical loss (kWh)"), _("Non-technical loss (kWh)"), _("Non-technical loss (%)"),
    ]  # fmt: skip
    rows = (
        (one.start_date, one.transformer, one.feeder, one.district, one.days, one.places,
         *(to_text(wh, places=3) for wh in (one.loss.given_wh, one.loss.taken_wh, one.loss.lost_wh)),
         _text(one.loss.percent_e2, 2), _text(one.loss.technical_wh, 3), _text(one.loss.commercial_wh, 3),
         _text(one.loss.commercial_e2, 2))
        for one in found
    )  # fmt: skip
    return csv_file(name, header, rows)


def _text(value: int | None, places: int) -> str:
    return "" if value is None else to_text(value, places=places)
