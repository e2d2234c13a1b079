"""What the endpoints on outages take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from metering.api.field_contracts import PageQuery
from metering.domain.outages import (
    ADDRESS_MOST,
    NAME_MOST,
    NOTE_MOST,
    PHONE_MOST,
    Answer,
    Cause,
    FaultKind,
    OutageState,
    Scope,
)

REFERENCE_MOST = 64
OUTAGE = {
    "outage": 12, "state": "confirmed", "scope": "transformer", "name": "水清路772弄1号变", "district": "闵行区",
    "feeder": "闵行5线", "cause": "cable", "is_dangerous": False, "is_planned": False,
    "began_at": "2026-11-28T10:02:00Z", "expected_back_at": "2026-11-28T13:00:00Z", "restored_at": None,
    "supplies": 30, "dark": 30, "reports": 4, "work_order": 311, "crew": "二班 West crew",
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "No power", request_only=True,
            value={"service_point": "S010001", "kind": "no_power", "name": "王芳", "phone": "13800000000"},
        )
    ]
)  # fmt: skip
class FaultGiven(Strict):
    """A fault: at a supply, or at a place in words."""

    service_point = serializers.CharField(max_length=REFERENCE_MOST, required=False, help_text="Its code.")
    kind = serializers.ChoiceField([str(one) for one in FaultKind])
    address = serializers.CharField(max_length=ADDRESS_MOST, required=False, default="", allow_blank=True)
    district = serializers.CharField(max_length=NAME_MOST, required=False, default="", allow_blank=True)
    name = serializers.CharField(max_length=NAME_MOST, required=False, default="", allow_blank=True)
    phone = serializers.CharField(max_length=PHONE_MOST, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=NOTE_MOST, required=False, default="", allow_blank=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Known", response_only=True,
            value={"report": 71, "answer": "known", "outage": 12, "expected_back_at": "2026-11-28T13:00:00Z"},
        )
    ]
)  # fmt: skip
class FaultTaken(serializers.Serializer):
    """What came of a report; ``outage`` null: it is dark for a reason that is known, and nobody is sent."""

    report = serializers.IntegerField()
    answer = serializers.ChoiceField([str(one) for one in Answer])
    outage = serializers.IntegerField(allow_null=True)
    expected_back_at = serializers.DateTimeField(allow_null=True)


class OutageQuery(PageQuery):
    """Which outages."""

    state = serializers.ChoiceField([str(one) for one in OutageState], required=False)
    district = serializers.CharField(max_length=NAME_MOST, required=False)


@extend_schema_serializer(examples=[OpenApiExample("A cable", value=OUTAGE, response_only=True)])
class OutageOut(serializers.Serializer):
    """An outage."""

    outage = serializers.IntegerField()
    state = serializers.ChoiceField([str(one) for one in OutageState])
    scope = serializers.ChoiceField([str(one) for one in Scope])
    name = serializers.CharField()
    district = serializers.CharField()
    feeder = serializers.CharField()
    cause = serializers.ChoiceField([str(one) for one in Cause])
    is_dangerous = serializers.BooleanField()
    is_planned = serializers.BooleanField()
    began_at = serializers.DateTimeField()
    expected_back_at = serializers.DateTimeField(allow_null=True)
    restored_at = serializers.DateTimeField(allow_null=True)
    supplies = serializers.IntegerField()
    dark = serializers.IntegerField()
    reports = serializers.IntegerField()
    work_order = serializers.IntegerField(allow_null=True)
    crew = serializers.CharField()


class OutagePage(serializers.Serializer):
    """A page of outages, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = OutageOut(many=True)
