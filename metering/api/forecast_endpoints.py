"""Load forecasts for other programs, as purchasing needs them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import Strict, asked, problems
from metering.domain.forecasts import Method, Weather
from metering.queries import forecasts as queries
from metering.queries.forecasts import ForecastCard

READ = api.scope("forecasts:read", "Read load forecasts.", roles={Role.METERING, Role.BILLING, Role.AUDITOR})
FORECAST = OpenApiParameter("forecast_id", int, OpenApiParameter.PATH, description="As in the list.")
TAGS = ["Forecasts"]


class ForecastQuery(Strict):
    """Which forecasts."""

    area = serializers.CharField(
        required=False,
        max_length=64,
        help_text='External id of a feeder; "supplier": the whole supplier. All if left out.',
    )
    from_date = serializers.DateField(required=False, help_text="First local date.")
    until_date = serializers.DateField(required=False, help_text="Last local date.")


class TriedShown(serializers.Serializer):
    """How far forecasts erred on days that were not learned from."""

    hours = serializers.IntegerField()
    mae_w = serializers.IntegerField(help_text="Mean absolute error. [W]")
    naive_mae_w = serializers.IntegerField(help_text="Of what was a week before. [W]")
    error_e4 = serializers.IntegerField(help_text="Sum of the absolute errors, of the sum of the loads. [10^-4]")
    naive_error_e4 = serializers.IntegerField(help_text="[10^-4]")


class ForecastShown(serializers.Serializer):
    """The load of an area on a local day: 24 hours on the clock on the wall."""

    forecast_id = serializers.IntegerField()
    area = serializers.CharField(help_text='External id of the feeder; "supplier": the whole supplier.')
    area_name = serializers.CharField(help_text="Empty: the whole supplier.", allow_blank=True)
    date = serializers.DateField()
    made_at = serializers.DateTimeField()
    method = serializers.ChoiceField([str(one) for one in Method])
    weather = serializers.ChoiceField([str(one) for one in Weather])
    places = serializers.IntegerField(help_text="Places with a meter that is read by interval: it is of these alone.")
    values_w = serializers.ListField(child=serializers.IntegerField(), help_text="[W]")
    low_w = serializers.ListField(child=serializers.IntegerField(), help_text="Band of 8 of 10 hours. [W]")
    high_w = serializers.ListField(child=serializers.IntegerField(), help_text="[W]")
    naive_w = serializers.ListField(child=serializers.IntegerField(allow_null=True), help_text="A week before. [W]")
    measured_w = serializers.ListField(
        child=serializers.IntegerField(allow_null=True), help_text="Since then; null: not known (yet). [W]"
    )
    error_e4 = serializers.IntegerField(allow_null=True, help_text="Of what is measured by now. [10^-4]")
    tried = TriedShown(allow_null=True, help_text="Null: too few days are known for it.")


class ForecastPage(serializers.Serializer):
    """A page of forecasts."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ForecastShown(many=True)


@api.needs(GET=READ)
class ForecastList(APIView):
    """Load forecasts, the newest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_load_forecasts", summary="List load forecasts", tags=TAGS, parameters=[ForecastQuery],
        responses={200: ForecastPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List what areas are expected to take, hour by hour; made each day before noon for the next."""
        given = asked(ForecastQuery, request)
        rows = queries.selected(area=given.get("area", ""), since=given.get("from_date"), until=given.get("until_date"))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = queries.some(forecast_ids=[row.id for row in page])
        return reply([_shown(cards[row.id]) for row in page])


@api.needs(GET=READ)
class ForecastOne(APIView):
    """One forecast."""

    @extend_schema(
        operation_id="get_load_forecast", summary="One load forecast", tags=TAGS, parameters=[FORECAST],
        responses={200: ForecastShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, forecast_id: int) -> Response:  # noqa: ARG002
        """Return a forecast beside what was measured since."""
        return Response(_shown(queries.one(forecast_id=forecast_id)))


def _shown(card: ForecastCard) -> dict[str, Any]:
    names = ("hours", "mae_w", "naive_mae_w", "error_e4", "naive_error_e4")
    values = (card.tried_hours, card.mae_w, card.naive_mae_w, card.error_e4, card.naive_error_e4)
    return {
        "forecast_id": card.id, "area": card.feeder_code or queries.SUPPLIER, "area_name": card.feeder,
        "date": card.target_date, "made_at": card.made_at, "method": card.method, "weather": card.weather,
        "places": card.places, "values_w": card.values_w, "low_w": card.low_w, "high_w": card.high_w,
        "naive_w": card.naive_w, "measured_w": card.was_w, "error_e4": card.was_error_e4,
        "tried": dict(zip(names, values, strict=True)) if card.tried_hours else None,
    }  # fmt: skip
