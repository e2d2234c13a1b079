"""What the endpoint on surveys takes and gives."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from contracts.domain.survey import SURVEY_OUTCOMES, WORKS_MOST, SurveyReason
from metering.domain.network import SupplyMode
from metering.domain.places import Voltage

NAME_MOST = 64
NOTE_MOST = 500
ASSETS_MOST = 20


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "It can be supplied",
            value={
                "verdict": "feasible", "transformers": ["T010000"],
                "answers": {"identity_seen": "yes", "load_found": "6.5", "meter_place": "stairwell"},
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class SurveyGiven(Strict):
    """What the surveyor found."""

    verdict = serializers.ChoiceField([str(one) for one in SURVEY_OUTCOMES])
    reasons = serializers.ListField(
        child=serializers.ChoiceField([str(one) for one in SurveyReason]), required=False, default=list, max_length=10
    )
    works = serializers.CharField(
        max_length=WORKS_MOST, required=False, default="", allow_blank=True, help_text="What must be built, by whom."
    )
    voltage = serializers.ChoiceField(
        [str(one) for one in Voltage], required=False, default="", allow_blank=True, help_text="Empty: as asked for."
    )
    mode = serializers.ChoiceField([str(one) for one in SupplyMode], required=False, default="", allow_blank=True)
    transformers = serializers.ListField(
        child=serializers.CharField(max_length=NAME_MOST), required=False, default=list, max_length=ASSETS_MOST,
        help_text="Codes of the supply points, in the order in which they are filled; with no feeder: those proposed.",
    )  # fmt: skip
    feeders = serializers.ListField(
        child=serializers.CharField(max_length=NAME_MOST), required=False, default=list, max_length=ASSETS_MOST
    )
    answers = serializers.DictField(
        child=serializers.CharField(max_length=NOTE_MOST, allow_blank=True), required=False, default=dict,
        help_text="To the items of the checklist, by their codes.",
    )  # fmt: skip
    note = serializers.CharField(max_length=NOTE_MOST, required=False, default="", allow_blank=True)


class PlacementShown(serializers.Serializer):
    """Where one supply is to hang."""

    seq = serializers.IntegerField()
    service_point = serializers.CharField()
    voltage = serializers.CharField()
    mode = serializers.CharField()
    capacity_w = serializers.IntegerField()


class SurveyKept(serializers.Serializer):
    """A report with the service points that it planned."""

    verdict = serializers.CharField()
    works = serializers.CharField()
    placements = PlacementShown(many=True)
