"""What the endpoints on usage inspections take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from contracts.api.inspection_contracts import PageQuery
from contracts.domain.usage_inspection import REFERENCE_MOST, WORDS_MOST, Source, UsageFinding, UsageState

BY_PROGRAM = (Source.ANOMALY, Source.CREW, Source.AUDIT)
"""Sources that a program tells of; alarms come as alarms, tips as cases."""
INSPECTION = {
    "id": 7, "state": "found", "finding": "breach", "sources": ["alarm"], "account": "3100000017",
    "address": "上海市浦东新区灵山路1382号", "opened_at": "2026-11-02T09:00:00+08:00", "visited_date": "2026-11-04",
    "work_order": 31, "breach": 4, "correction": None, "ended_at": None,
}  # fmt: skip
SOURCES = [str(one) for one in Source]


@extend_schema_serializer(examples=[OpenApiExample("A breach", value=INSPECTION, response_only=True)])
class UsageInspectionShown(serializers.Serializer):
    """A usage inspection. Who told of it, and what people say, is not given."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField([str(one) for one in UsageState])
    finding = serializers.ChoiceField([str(one) for one in UsageFinding], allow_null=True)
    sources = serializers.ListField(child=serializers.ChoiceField(SOURCES), help_text="Where suspicions come from.")
    account = serializers.CharField(help_text="Account number; empty: nobody is supplied there.")
    address = serializers.CharField()
    opened_at = serializers.DateTimeField()
    visited_date = serializers.DateField(allow_null=True)
    work_order = serializers.IntegerField(allow_null=True)
    breach = serializers.IntegerField(allow_null=True, help_text="Its case of breach.")
    correction = serializers.IntegerField(allow_null=True, help_text="Its correction of usage.")
    ended_at = serializers.DateTimeField(allow_null=True)


class UsageInspectionQuery(PageQuery):
    """Which usage inspections."""

    state = serializers.ChoiceField([str(one) for one in UsageState], required=False)


class UsageInspectionPage(serializers.Serializer):
    """A page of usage inspections."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = UsageInspectionShown(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An anomaly",
            value={"place": "SP-17", "source": "anomaly", "words": "night use fell by half", "reference": "model:17"},
            request_only=True,
        )
    ]
)
class SuspicionGiven(Strict):
    """Why usage at a place is doubted."""

    place = serializers.CharField(max_length=64, help_text="Number of the service point.")
    source = serializers.ChoiceField([str(one) for one in BY_PROGRAM])  # type: ignore[assignment]
    words = serializers.CharField(max_length=WORDS_MOST, help_text="The crew reads it: name nobody who told.")
    reference = serializers.CharField(
        max_length=REFERENCE_MOST, required=False, help_text="What it comes from; the same one of a source counts once."
    )


class SuspicionTaken(serializers.Serializer):
    """The usage inspection that was opened, or that the suspicion joined."""

    inspection = serializers.IntegerField()
