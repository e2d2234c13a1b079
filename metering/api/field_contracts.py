"""What the endpoints on work orders and on the network take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict
from metering.domain.places import Voltage
from metering.domain.work_orders import WorkKind, WorkState

CURSOR_MOST = 500
ORDER = {
    "id": 17, "kind": "repair", "state": "assigned", "priority": "normal", "subject": "service_point",
    "subject_id": 4711, "address": "上海市闵行区水清路772弄10号2204室", "district": "闵行区", "due_date": "2026-12-02",
    "crew": "二班 West crew", "planned_date": "2026-11-30",
    "appointment": {"date": "2026-11-30", "start_time": "09:00", "end_time": "12:00", "state": "confirmed"},
    "attempts": 0, "outcome": "", "note": "", "facts": {"reason": "meter shows nothing"},
}  # fmt: skip
TRANSFORMER = {
    "transformer": "T010000", "name": "水清路772弄1号变", "feeder": "闵行5线", "district": "闵行区", "voltage": "380V",
    "is_active": True, "capacity_va": 400000, "usable_va": 320000, "connected_va": 22400, "reserved_va": 3200,
    "free_va": 294400, "service_points": 7,
}  # fmt: skip


class PageQuery(Strict):
    """Which page."""

    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST)


class WorkQuery(PageQuery):
    """Which work orders."""

    kind = serializers.ChoiceField([str(kind) for kind in WorkKind], required=False)
    state = serializers.ChoiceField([str(state) for state in WorkState], required=False)
    planned_date = serializers.DateField(required=False, help_text="Day on which a crew has it.")
    subject = serializers.RegexField(r"^[a-z_]{1,40}$", required=False, help_text="Kind of the case that asked for it.")
    subject_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class AppointmentOut(serializers.Serializer):
    """Hours that the customer was promised."""

    date = serializers.DateField()
    start_time = serializers.CharField()
    end_time = serializers.CharField()
    state = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("A repair", value=ORDER, response_only=True)])
class WorkOrderOut(serializers.Serializer):
    """A work order."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([str(kind) for kind in WorkKind])
    state = serializers.ChoiceField([str(state) for state in WorkState])
    priority = serializers.CharField()
    subject = serializers.CharField()
    subject_id = serializers.IntegerField()
    address = serializers.CharField()
    district = serializers.CharField()
    due_date = serializers.DateField()
    crew = serializers.CharField()
    planned_date = serializers.DateField(allow_null=True)
    appointment = AppointmentOut(allow_null=True)
    attempts = serializers.IntegerField()
    outcome = serializers.CharField()
    note = serializers.CharField()
    facts = serializers.DictField(child=serializers.CharField())


class WorkOrderPage(serializers.Serializer):
    """A page of work orders."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = WorkOrderOut(many=True)


class TransformerQuery(PageQuery):
    """Which transformers."""

    district = serializers.CharField(required=False, max_length=100)
    voltage = serializers.ChoiceField([str(one) for one in Voltage], required=False)


@extend_schema_serializer(examples=[OpenApiExample("A transformer", value=TRANSFORMER, response_only=True)])
class TransformerOut(serializers.Serializer):
    """A transformer with its load; what counts on it is explained in the guide on work in the field. [VA]"""

    transformer = serializers.CharField()
    name = serializers.CharField()
    feeder = serializers.CharField()
    district = serializers.CharField()
    voltage = serializers.CharField()
    is_active = serializers.BooleanField()
    capacity_va = serializers.IntegerField()
    usable_va = serializers.IntegerField()
    connected_va = serializers.IntegerField()
    reserved_va = serializers.IntegerField()
    free_va = serializers.IntegerField(help_text="Below 0: more is spoken for than may be.")
    service_points = serializers.IntegerField()


class TransformerPage(serializers.Serializer):
    """A page of transformers."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TransformerOut(many=True)
