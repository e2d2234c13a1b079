"""What the endpoints on outages take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from metering.api.field_contracts import PageQuery
from metering.domain.meter_alarms import BATCH_MOST, SERIAL_MOST, AlarmKind
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
    "supplies": 30, "dark": 30, "reports": 4, "meters": 21, "work_order": 311, "crew": "二班 West crew",
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


class AlarmGiven(Strict):
    """What a meter says; ``power_off`` is its last gasp, and only it and ``power_on`` do anything."""

    serial = serializers.CharField(max_length=SERIAL_MOST)
    kind = serializers.ChoiceField([str(one) for one in AlarmKind])
    occurred_at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Gone, and back", request_only=True,
            value={"alarms": [
                {"serial": "300000012345", "kind": "power_off", "occurred_at": "2026-11-28T10:02:07Z"},
                {"serial": "300000012377", "kind": "power_on", "occurred_at": "2026-11-28T10:02:31Z"},
            ]},
        )
    ]
)  # fmt: skip
class AlarmsGiven(Strict):
    """Alarms of meters, in any order."""

    alarms = serializers.ListField(child=AlarmGiven(), min_length=1, max_length=BATCH_MOST)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Taken", response_only=True, value={"kept": 2, "unknown": ["300000099999"], "outages": [12]})
    ]
)
class AlarmsTaken(serializers.Serializer):
    """What came of alarms; what was heard before is not kept again."""

    kept = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.CharField(), help_text="Serial numbers of no meter here.")
    outages = serializers.ListField(child=serializers.IntegerField(), help_text="That they made, joined or ended.")


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
    meters = serializers.IntegerField(help_text="Supplies whose meters said so themselves.")
    work_order = serializers.IntegerField(allow_null=True)
    crew = serializers.CharField()


class OutagePage(serializers.Serializer):
    """A page of outages, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = OutageOut(many=True)
