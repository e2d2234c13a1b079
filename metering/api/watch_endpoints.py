"""Anomalies, loads and losses of the network, and reading routes for other programs: what the desk sees, read only."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import asked, problems
from metering.api import watch_contracts as contract
from metering.api.field_endpoints import CODE, NETWORK_READ
from metering.domain.network import Asset
from metering.models.anomaly import Anomaly
from metering.models.load import AssetForecast
from metering.models.route import ReadingRoute
from metering.models.voltage import VoltageForecast
from metering.queries import anomalies, balances, network, network_loads, routes, voltages
from metering.queries.anomalies import AnomalyCard
from metering.queries.routes import RouteCard

ANOMALIES_READ = api.scope("anomalies:read", "Read unusual loads.", roles={Role.METERING, Role.AUDITOR})
ROUTES_READ = api.scope("routes:read", "Read reading routes.", roles={Role.METERING, Role.FIELD, Role.AUDITOR})
ANOMALY = OpenApiParameter("anomaly_id", int, OpenApiParameter.PATH, description="As in the list.")
FEEDER = OpenApiParameter("code", str, OpenApiParameter.PATH, description="The feeder's code.")
ROUTE = OpenApiParameter("code", str, OpenApiParameter.PATH, description="The route's code.")
NETWORK, ROUTES = ["Network"], ["Reading routes"]
DAYS, DAYS_MOST = 28, 366
_DAY = timedelta(days=1)


@api.needs(GET=ANOMALIES_READ)
class AnomalyList(APIView):
    """Unusual loads, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_anomalies",
        summary="List unusual loads",
        tags=["Anomalies"],
        parameters=[contract.AnomalyQuery],
        responses={200: contract.AnomalyPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List what the night found unusual about loads, decided ones among them."""
        rows = Anomaly.objects.filter(**asked(contract.AnomalyQuery, request)).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = {card.id: card for card in anomalies.by_ids(anomaly_ids=[row.id for row in page])}
        return reply([_anomaly(cards[row.id]) for row in page])


@api.needs(GET=ANOMALIES_READ)
class AnomalyOne(APIView):
    """One unusual load."""

    @extend_schema(
        operation_id="get_anomaly",
        summary="One unusual load",
        tags=["Anomalies"],
        parameters=[ANOMALY],
        responses={200: contract.AnomalyOut, **problems(404)},
    )
    def get(self, request: Request, anomaly_id: int) -> Response:  # noqa: ARG002
        """Return an anomaly with its grounds."""
        return Response(_anomaly(anomalies.one(anomaly_id=anomaly_id)))


@api.needs(GET=NETWORK_READ)
class TransformerLoads(APIView):
    """What a transformer carried."""

    @extend_schema(
        operation_id="get_transformer_loads",
        summary="Load of a transformer by the hour",
        tags=NETWORK,
        parameters=[CODE, contract.DaysQuery],
        responses={200: contract.LoadsOut, **problems(404, 422)},
    )
    def get(self, request: Request, code: str) -> Response:
        """Return the hours of each day that is known, by its master meter or as the sum of what hangs behind it."""
        return _loads(request, Asset.TRANSFORMER, code)


@api.needs(GET=NETWORK_READ)
class FeederLoads(APIView):
    """What a feeder carried."""

    @extend_schema(
        operation_id="get_feeder_loads",
        summary="Load of a feeder by the hour",
        tags=NETWORK,
        parameters=[FEEDER, contract.DaysQuery],
        responses={200: contract.LoadsOut, **problems(404, 422)},
    )
    def get(self, request: Request, code: str) -> Response:
        """Return the hours of each day that is known, by its master meter or as the sum of what hangs on it."""
        return _loads(request, Asset.FEEDER, code)


@api.needs(GET=NETWORK_READ)
class TransformerLosses(APIView):
    """What a transformer lost."""

    @extend_schema(
        operation_id="get_transformer_losses",
        summary="Losses of a transformer by the day",
        tags=NETWORK,
        parameters=[CODE, contract.DaysQuery],
        responses={200: contract.LossesOut, **problems(404, 422)},
    )
    def get(self, request: Request, code: str) -> Response:
        """Return what was given and taken on each day of which both are known, and what is lost by nature."""
        span, found = _span(request), _id_of(Asset.TRANSFORMER, code)
        days = [
            {
                "date": one.start_date, "places": one.places,
                **{
                    name: getattr(one.loss, name)
                    for name in ("given_wh", "taken_wh", "lost_wh", "technical_wh", "commercial_wh")
                },
            }
            for one in balances.days_of(transformer_id=found, **span)
        ]  # fmt: skip
        return Response(contract.LossesOut({"transformer": code, "days": days}).data)


@api.needs(GET=NETWORK_READ)
class AssetForecasts(APIView):
    """What is thought to be carried."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_asset_forecasts",
        summary="List load that is forecast",
        tags=NETWORK,
        parameters=[contract.AssetForecastQuery],
        responses={200: contract.AssetForecastPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List what transformers and feeders are thought to carry on a day, tomorrow unless another is asked for."""
        given = asked(contract.AssetForecastQuery, request)
        rows = AssetForecast.objects.filter(day_date=given.get("date") or timezone.localdate() + _DAY)
        if given.get("kind"):
            rows = rows.filter(**{f"{given['kind']}__isnull": False})
        if given.get("only_over"):
            rows = rows.filter(peak_va__gt=F("usable_va"))
        page, reply = api.page_of(self, request, rows.select_related("transformer", "feeder"))
        return reply([_forecast(row) for row in page])


@api.needs(GET=NETWORK_READ)
class VoltageForecasts(APIView):
    """Voltages that are thought to come."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_voltage_forecasts",
        summary="List voltages that are forecast",
        tags=NETWORK,
        parameters=[contract.VoltageQuery],
        responses={200: contract.VoltagePage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the voltages of places on a day, tomorrow unless another is asked for, with the band that is allowed."""
        given = asked(contract.VoltageQuery, request)
        rows = VoltageForecast.objects.filter(day_date=given.get("date") or timezone.localdate() + _DAY)
        if given.get("only_out"):
            rows = rows.filter(Q(low_mv__lt=F("least_mv")) | Q(high_mv__gt=F("most_mv")))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = voltages.by_ids(forecast_ids=[row.id for row in page])
        names = tuple(str(name) for name in contract.VoltageOut().fields if name != "date")
        # Between the two statements the night may have taken one away.
        found = [cards[row.id] for row in page if row.id in cards]
        shown = [{**{name: getattr(one, name) for name in names}, "date": one.day_date} for one in found]
        return reply([contract.VoltageOut(one).data for one in shown])


@api.needs(GET=ROUTES_READ)
class RouteList(APIView):
    """Reading routes."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_reading_routes",
        summary="List reading routes",
        tags=ROUTES,
        parameters=[contract.RouteQuery],
        responses={200: contract.RoutePage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List walks past meters that are read by value, with their schedule."""
        rows = ReadingRoute.objects.filter(**asked(contract.RouteQuery, request)).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = {card.id: card for card in routes.by_ids(route_ids=[row.id for row in page])}
        return reply([contract.RouteOut(_route(cards[row.id])).data for row in page])


@api.needs(GET=ROUTES_READ)
class RouteOne(APIView):
    """One reading route."""

    @extend_schema(
        operation_id="get_reading_route",
        summary="One reading route",
        tags=ROUTES,
        parameters=[ROUTE],
        responses={200: contract.RouteWhole, **problems(404)},
    )
    def get(self, request: Request, code: str) -> Response:  # noqa: ARG002
        """Return a route with its places in the order of the walk, and its last rounds."""
        rows = ReadingRoute.objects.filter(code=code).values_list("id", flat=True)
        found = None if "\0" in code else rows.first()
        if found is None:
            raise Http404
        today = timezone.localdate()
        card = routes.one(route_id=found)
        stops = [
            {"place": one.place, "service_point": one.external_id, "address": one.address, "serials": one.serials}
            for one in routes.stops(route_id=found, today=today)
        ]
        more = {
            "coming": routes.coming(route=card, today=today), "places": stops,
            "rounds": routes.rounds(route_id=found, today=today),
        }  # fmt: skip
        return Response(contract.RouteWhole({**_route(card), **more}).data)


def _anomaly(card: AnomalyCard) -> Mapping[str, Any]:
    names = (
        "kind", "state", "score_e4", "since_date", "seen_date", "reasons", "reason", "opened_at", "decided_at",
    )  # fmt: skip
    more = {
        "anomaly": card.id, "service_point": card.service_point or None, "serial": card.serial or None,
        "transformer": card.transformer or None, "other_service_point": card.other_point or None,
        "work_order": card.work_order_id,
    }  # fmt: skip
    return contract.AnomalyOut({**{name: getattr(card, name) for name in names}, **more}).data


def _loads(request: Request, asset: Asset, code: str) -> Response:
    span, found = _span(request), _id_of(asset, code)
    today = timezone.localdate()
    if asset is Asset.TRANSFORMER:
        card = network.transformer(transformer_id=found, at=today)
    else:
        card = network.feeder(feeder_id=found, at=today)
    days = [
        {"date": one.day_date, "hours_wh": one.hours_wh, "is_measured": one.is_measured}
        for one in network_loads.days_of(asset=asset, asset_id=found, **span)
    ]
    return Response(contract.LoadsOut({"asset": code, "usable_va": card.usable_va, "days": days}).data)


def _id_of(asset: Asset, code: str) -> int:
    transformers, feeders = network.ids_by_external_id([code])
    found = (transformers if asset is Asset.TRANSFORMER else feeders).get(code)
    if found is None:
        raise Http404
    return found


def _span(request: Request) -> dict[str, date]:
    """Return the days that are asked for, the last one included."""
    given = asked(contract.DaysQuery, request)
    end = given.get("until_date") or timezone.localdate()
    start = given.get("from_date") or date.fromordinal(max(end.toordinal() - DAYS, 1))
    if not 0 < (end - start).days <= DAYS_MOST:
        raise ValidationError({"until_date": [f"It is after from_date, by {DAYS_MOST} days at most."]})
    return {"since": start, "until": end - _DAY}


def _forecast(row: AssetForecast) -> Mapping[str, Any]:
    asset = row.transformer or row.feeder
    assert asset is not None
    kind = Asset.TRANSFORMER if row.transformer_id else Asset.FEEDER
    names = ("known_date", "hours_wh", "peak_va", "usable_va", "error_e4")
    more = {
        "kind": kind.value, "asset": asset.external_id, "name": asset.name, "date": row.day_date,
        "is_over": row.peak_va > row.usable_va,
    }  # fmt: skip
    return contract.AssetForecastOut({**{name: getattr(row, name) for name in names}, **more}).data


def _route(card: RouteCard) -> dict[str, Any]:
    schedule = card.schedule
    return {
        "route": card.code, "name": card.name, "crew": card.crew, "days": schedule.days,
        "every_months": schedule.every_months, "first_month": schedule.first_month,
        "window_days": schedule.window_days, "is_active": card.is_active, "stops": card.stops,
        "open_date": card.open_date, "walked_date": card.walked_date,
    }  # fmt: skip
