"""The network on the desk: transformers and feeders with their load, what hangs on them, what is reserved."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, today
from cis.desk.forms.network import AssetForm, ChangeForm, NetworkListForm
from cis.desk.roles import METERERS, READERS
from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.domain.network import Asset, NewFeeder, NewTransformer
from metering.operations import network as operations
from metering.queries import grid_losses, network, places
from metering.queries.network import AssetCard, Wanted

POINTS_MOST = 100


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List transformers, the fullest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form, **page_context(request, partial(network.transformers, wanted=wanted, at=today())),
        "count": network.count(wanted=wanted, at=today()), "is_filtered": wanted != Wanted(),
        "may_edit": _may_edit(request), "view": "transformers",
    }  # fmt: skip
    return render(request, "desk/network/transformers.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    return _file("transformers.csv", network.transformers(wanted=wanted, at=today(), most=FILE_ROWS_MOST))


@allow(*READERS)
def feeders(request: HttpRequest) -> HttpResponse:
    """List feeders."""
    context = {"rows": network.feeders(at=today()), "may_edit": _may_edit(request), "view": "feeders"}
    return render(request, "desk/network/feeders.html", context)


@allow(*READERS)
def feeders_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the list of feeders as a file."""
    return _file("feeders.csv", network.feeders(at=today()))


@allow(*READERS)
def show(request: HttpRequest, kind: str, asset_id: int) -> HttpResponse:
    """Show a transformer or feeder with its load, its service points and reservations; change it."""
    card = _card(kind, asset_id)
    is_transformer = card.asset is Asset.TRANSFORMER
    initial = {
        "name": card.name, "capacity_kva": fixed.to_text(card.capacity_va, places=3), "is_active": card.is_active,
        **(grid_losses.of_plate(transformer_id=card.id) if is_transformer and _may_edit(request) else {}),
    }  # fmt: skip
    form = ChangeForm(posted(request) if _may_edit(request) else None, initial=initial)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            operations.change(
                asset=card.asset, asset_id=asset_id, name=given["name"], capacity_va=given["capacity_kva"],
                is_active=given["is_active"], iron_w=given["iron_w"], copper_w=given["copper_w"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is changed."))
            return redirect("desk:asset", kind, asset_id)
    points = places.on_asset(**{f"{card.asset}_id": asset_id}, most=POINTS_MOST + 1)
    context = {
        "card": card, "form": form, "may_edit": _may_edit(request), "points": points[:POINTS_MOST],
        "has_more_points": len(points) > POINTS_MOST,
        "reservations": network.reservations(**{f"{card.asset}_id": asset_id}),
        "transformers": () if is_transformer else network.transformers(
            wanted=Wanted(feeder_id=asset_id), at=today(), most=POINTS_MOST
        ),
    }  # fmt: skip
    return render(request, "desk/network/asset.html", context)


@allow(*METERERS)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Enter a transformer or a feeder."""
    if kind not in set(Asset):
        raise Http404
    asset = Asset(kind)
    form = AssetForm(posted(request), asset=asset, feeders=network.feeders(at=today()))
    if form.is_bound and form.is_valid():
        try:
            made = _create(asset, form.cleaned_data, request)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:asset", kind, made)
    return render(request, "desk/network/new.html", {"form": form, "kind": kind})


def _create(asset: Asset, given: dict[str, Any], request: HttpRequest) -> int:
    common = {"name": given["name"], "voltage": given["voltage"], "capacity_va": given["capacity_kva"]}
    if asset is Asset.FEEDER:
        feeder = NewFeeder(feeder=given["code"].strip(), substation=given["substation"], **common)
        return operations.create_feeder(new=feeder, actor=actor_of(request))
    transformer = NewTransformer(
        transformer=given["code"].strip(), feeder=given["feeder"], district=given["district"].strip(),
        address=given["address"].strip(), **common,
    )  # fmt: skip
    return operations.create_transformer(new=transformer, actor=actor_of(request))


def _card(kind: str, asset_id: int) -> AssetCard:
    if kind not in set(Asset):
        raise Http404
    with or_404():
        if kind == Asset.TRANSFORMER:
            return network.transformer(transformer_id=asset_id, at=today())
        return network.feeder(feeder_id=asset_id, at=today())


def _wanted(request: HttpRequest) -> tuple[NetworkListForm, Wanted]:
    form = NetworkListForm(request.GET or None, feeders=network.feeders(at=today()), districts=network.districts())
    given = form.cleaned_data if form.is_valid() else {}
    feeder = given.get("feeder") or ""
    return form, Wanted(
        feeder_id=int(feeder) if feeder else None, district=given.get("district") or "",
        text=(given.get("text") or "").strip(), load=given.get("load") or "", room_va=given.get("room_kva") or 0,
    )  # fmt: skip


def _file(name: str, cards: tuple[AssetCard, ...]) -> StreamingHttpResponse:
    header = [
        _("Code"), _("Name"), _("Feeder"), _("District"), _("Voltage"), _("Rating (kVA)"), _("Usable (kVA)"),
        _("Service points"), _("Connected (kVA)"), _("Reserved (kVA)"), _("Free (kVA)"), _("In service"),
    ]  # fmt: skip
    rows = (
        (c.external_id, c.name, c.feeder, c.district, c.voltage, *(fixed.to_text(va, places=3) for va in
         (c.capacity_va, c.usable_va)), c.points, *(fixed.to_text(va, places=3) for va in
         (c.connected_va, c.reserved_va, c.free_va)), _("yes") if c.is_active else _("no"))
        for c in cards
    )  # fmt: skip
    return csv_file(name, header, rows)


def _may_edit(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(METERERS))
