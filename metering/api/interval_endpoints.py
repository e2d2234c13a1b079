"""Interval values and approved energy of service points for other programs."""

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform import api, sheets
from cis.platform.answers import file_of
from cis.platform.api_fields import AtomRenderer, CsvRenderer, Strict, WorkbookRenderer, asked, problems
from metering.queries import interval_files, places, usage
from metering.queries.interval_files import Form, PlaceSpan

VALUES_READ = api.scope(
    "values:read", "Read interval values and approved energy.", roles={Role.METERING, Role.BILLING, Role.AUDITOR}
)
POINT = OpenApiParameter("service_point", str, OpenApiParameter.PATH, description="External id of the service point.")
TAGS = ["Values"]


class SpanQuery(Strict):
    """Which days, in which form."""

    from_date = serializers.DateField(help_text="First local date.")
    until_date = serializers.DateField(help_text="First local date that is not in it; up to a year later.")
    form = serializers.ChoiceField([str(one) for one in Form], required=False, default=str(Form.GREEN_BUTTON))


class UsageQuery(Strict):
    """Up to which month."""

    until_date = serializers.DateField(required=False, help_text="A day of the last month; today if left out.")


class UsageMonthShown(serializers.Serializer):
    """Approved energy of a calendar month."""

    month = serializers.DateField(help_text="Its first day.")
    energy_kwh = serializers.CharField(help_text='Of all hours, multiplier included, as text: "120.500".')
    by_period = serializers.DictField(
        child=serializers.CharField(), help_text="By period of use, where the meter tells them apart."
    )
    is_estimated = serializers.BooleanField()


class UsageShown(serializers.Serializer):
    """The last months of a service point."""

    service_point = serializers.CharField()
    months = UsageMonthShown(many=True)


@api.needs(GET=VALUES_READ)
class PointIntervals(APIView):
    """Interval values of a service point."""

    renderer_classes = (*APIView.renderer_classes, AtomRenderer, CsvRenderer, WorkbookRenderer)

    @extend_schema(
        operation_id="get_interval_values", summary="Interval values as a file", tags=TAGS,
        parameters=[POINT, SpanQuery],
        responses={
            (200, "application/atom+xml"): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR,
            (200, sheets.MEDIA_TYPE): OpenApiTypes.BINARY, **problems(404, 422),
        },
    )  # fmt: skip
    def get(self, request: Request, service_point: str) -> StreamingHttpResponse:
        """
        Return the values that hold, as Green Button (ESPI), NEM12, CSV or XLSX, of all registers that hung there.

        Of local dates, in the time zone of the supplier. Values that are missing are left out, in NEM12 marked with N.
        """
        given = asked(SpanQuery, request)
        point_id = places.id_of_external_id(service_point)
        interval_files.check_span(start_date=given["from_date"], end_date=given["until_date"])
        span = PlaceSpan(service_point_id=point_id, start_date=given["from_date"], end_date=given["until_date"])
        name = f"{service_point}-{given['from_date']}"
        made = interval_files.from_supplier(form=Form(given["form"]), spans=[span], name=name, at=timezone.now())
        return file_of(name=made.name, media_type=made.media_type, pieces=made.pieces)


@api.needs(GET=VALUES_READ)
class PointUsage(APIView):
    """Approved energy of a service point."""

    @extend_schema(
        operation_id="get_usage", summary="Approved energy by month", tags=TAGS, parameters=[POINT, UsageQuery],
        responses={200: UsageShown, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, service_point: str) -> Response:
        """Return the approved energy of the last 13 months, oldest first, as bills are made from it."""
        given = asked(UsageQuery, request)
        point_id = places.id_of_external_id(service_point)
        until = given.get("until_date") or timezone.localdate()
        months = usage.months(service_point_ids=[point_id], until=until).get(point_id, ())
        return Response(UsageShown({"service_point": service_point, "months": [_month(one) for one in months]}).data)


def _month(one: usage.MonthUsage) -> dict[str, object]:
    return {
        "month": one.month, "energy_kwh": _kwh(one.energy_wh), "is_estimated": one.is_estimated,
        "by_period": {name: _kwh(energy) for name, energy in one.by_period.items()},
    }  # fmt: skip


def _kwh(energy_wh: int) -> str:
    return to_text(energy_wh, places=3)
