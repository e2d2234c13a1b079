"""How service points use electricity, for other programs."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.platform import api
from cis.platform.api_fields import problems
from metering.api.interval_endpoints import VALUES_READ
from metering.domain.clusters import Shape
from metering.queries import behaviour, places
from metering.queries.behaviour import Month, Similar

POINT = OpenApiParameter("service_point", str, OpenApiParameter.PATH, description="External id of the service point.")


class SimilarShown(serializers.Serializer):
    """What is usual among at least 20 others of the same class and size."""

    peers = serializers.CharField(help_text='Class and persons or kVA: "residential/p3-4".')
    others = serializers.IntegerField()
    day_wh = serializers.IntegerField(help_text="The middle one of their mean days.")
    quiet_wh = serializers.IntegerField(help_text="The mean day that four of five use more than.")
    base_w = serializers.IntegerField(allow_null=True, help_text="The middle one of what always runs.")


class BehaviourMonthShown(serializers.Serializer):
    """One month; null: not known."""

    month = serializers.DateField(help_text="Its first day.")
    known_days = serializers.IntegerField(help_text="Whole days of interval values.")
    working_wh = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="24 mean hours of working days."
    )
    off_wh = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="24 mean hours of weekends and public holidays."
    )
    day_wh = serializers.IntegerField(allow_null=True, help_text="The mean day.")
    base_w = serializers.IntegerField(allow_null=True, help_text="What always runs: 5th percentile of the nights.")
    evening_e4 = serializers.IntegerField(allow_null=True, help_text="Share of 18:00 to 22:00, in 10^-4.")
    night_e4 = serializers.IntegerField(allow_null=True, help_text="Share of 0:00 to 5:00, in 10^-4.")
    off_e4 = serializers.IntegerField(allow_null=True, help_text="A day off in parts of a working day, in 10^-4.")
    shape = serializers.ChoiceField([str(one) for one in Shape], allow_null=True)
    similar = SimilarShown(allow_null=True, help_text="Null: there are too few others.")


class BehaviourShown(serializers.Serializer):
    """The last 13 months of a service point, the latest first."""

    service_point = serializers.CharField()
    months = BehaviourMonthShown(many=True)


@api.needs(GET=VALUES_READ)
class PointBehaviour(APIView):
    """How a service point uses electricity."""

    @extend_schema(
        operation_id="get_behaviour", summary="How it is used, by month", tags=["Values"], parameters=[POINT],
        responses={200: BehaviourShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, service_point: str) -> Response:  # noqa: ARG002
        """
        Return load profiles, base load and shares of the last 13 months, by whoever was supplied there.

        A month is told of when it is over, from 14 whole days on; where meters tell no hours, only its mean day.
        """
        point_id = places.id_of_external_id(service_point)
        months = behaviour.months(service_point_ids=[point_id]).get(point_id, ())
        return Response(BehaviourShown({"service_point": service_point, "months": [_month(m) for m in months]}).data)


def _month(one: Month) -> dict[str, object]:
    return {
        "month": one.month, "known_days": one.known_days, "working_wh": one.working_wh, "off_wh": one.off_wh,
        "day_wh": one.day_wh, "base_w": one.base_w, "evening_e4": one.evening_e4, "night_e4": one.night_e4,
        "off_e4": one.off_e4, "shape": one.shape or None, "similar": _similar(one.similar) if one.similar else None,
    }  # fmt: skip


def _similar(one: Similar) -> dict[str, object]:
    return {
        "peers": one.peers, "others": one.others, "day_wh": one.day_wh, "quiet_wh": one.quiet_wh, "base_w": one.base_w,
    }  # fmt: skip
