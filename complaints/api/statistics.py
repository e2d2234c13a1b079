"""Figures of months as they were published, for other programs; the same as on the public page."""

from datetime import date

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.platform import api
from cis.platform.api_fields import Strict, asked, problems
from complaints.api.endpoints import READ
from complaints.domain.kinds import CaseKind
from complaints.queries import publishing

MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


class KindFigures(serializers.Serializer):
    """What came in of a kind."""

    kind = serializers.ChoiceField([str(one) for one in CaseKind])
    taken = serializers.IntegerField(allow_null=True, help_text="Null: too few to be told.")
    in_time_percent = serializers.IntegerField(allow_null=True)


class SatisfactionFigures(serializers.Serializer):
    """Callers who said whether the answer is good."""

    asked = serializers.IntegerField()
    content_percent = serializers.IntegerField()


class ScoreFigures(serializers.Serializer):
    """How likely customers recommend us, and where the score of all lies with 95 percent."""

    answers = serializers.IntegerField()
    score = serializers.IntegerField()
    low = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)


class ReliabilityFigures(serializers.Serializer):
    """Interruptions of supply."""

    saidi_minutes = serializers.CharField()
    saifi = serializers.CharField()


class ClassFigures(serializers.Serializer):
    """What came in of a class."""

    taken = serializers.IntegerField(allow_null=True, help_text="Null: too few to be told.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        return {"class": serializers.CharField(), **super().get_fields()}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A month",
            value={
                "month": "2026-02", "version": 1, "published": "2026-03-05T02:00:00Z", "reason": "", "least": 5,
                "kinds": [{"kind": "complaint", "taken": 42, "in_time_percent": 98}],
                "classes": [{"class": "billing/amount/estimated", "taken": 30}],
                "satisfaction": {"asked": 20, "content_percent": 90}, "nps": None,
                "reliability": {"saidi_minutes": "1.50", "saifi": "0.0200"},
            },
            response_only=True,
        )
    ]
)  # fmt: skip
class PublishedMonthShown(serializers.Serializer):
    """Figures of a month; what is null was left out since it is too small, or is not known here."""

    month = serializers.RegexField(MONTH)
    version = serializers.IntegerField()
    published = serializers.DateTimeField()
    reason = serializers.CharField(help_text="Why it was corrected; empty: it was not.")
    least = serializers.IntegerField(help_text="Smaller counts are left out.")
    kinds = KindFigures(many=True)
    classes = ClassFigures(many=True)
    satisfaction = SatisfactionFigures(allow_null=True)
    nps = ScoreFigures(allow_null=True)
    reliability = ReliabilityFigures(allow_null=True)


class PublishedMonthsShown(serializers.Serializer):
    """Months, the latest first."""

    months = PublishedMonthShown(many=True)


class PublishedQuery(Strict):
    """Which months."""

    since = serializers.RegexField(MONTH, required=False, help_text="This month and later ones.")


@api.needs(GET=READ)
class PublishedList(APIView):
    """Published figures."""

    @extend_schema(
        operation_id="list_published_statistics", summary="Published figures of months", tags=["Cases"],
        parameters=[PublishedQuery], responses={200: PublishedMonthsShown, **problems(422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return what holds of each month that was published, the latest first."""
        given = asked(PublishedQuery, request)
        since = date.fromisoformat(f"{given['since']}-01") if "since" in given else date.min
        rows = [row for row in publishing.months().values() if row.month >= since]
        return Response(
            {
                "months": [
                    {
                        "month": f"{row.month:%Y-%m}", "version": row.version, "published": row.at,
                        "reason": row.reason, **row.figures,
                    }
                    for row in rows
                ]
            }
        )  # fmt: skip
