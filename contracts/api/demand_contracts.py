"""What the endpoints on events of demand response take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import MoneyField, Strict
from contracts.domain.demand_days import Gap
from contracts.domain.demand_response import EventSource, EventState, LimitState, PartState

EVENT = {
    "id": 7, "program": "saver", "feeder": "", "state": "settled", "planned_by": "person",
    "start_at": "2026-07-15T09:00:00Z", "end_at": "2026-07-15T11:00:00Z", "opt_out_until": "2026-07-15T08:00:00Z",
    "target_w": 50_000, "called": 2, "opted_out": 1, "settled": 1, "unmeasured": 0, "delivered_wh": 6_000,
    "delivered_w": 3_000, "credit": {"amount_minor": 1_800, "currency": "CNY"},
}  # fmt: skip


class DemandEventQuery(Strict):
    """Which events are listed."""

    state = serializers.ChoiceField([str(one) for one in EventState], required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=1_000)


@extend_schema_serializer(examples=[OpenApiExample("A settled event", value=EVENT)])
class DemandEventShown(serializers.Serializer):
    """An event of demand response; energy, power and credit are of those that are settled."""

    id = serializers.IntegerField()
    program = serializers.CharField()
    feeder = serializers.CharField(allow_blank=True, help_text="Where; empty: everywhere.")
    state = serializers.ChoiceField([str(one) for one in EventState])
    planned_by = serializers.ChoiceField([str(one) for one in EventSource])
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    opt_out_until = serializers.DateTimeField(help_text="First instant at which nobody opts out any more.")
    target_w = serializers.IntegerField(help_text="What is hoped for of all together. [W]")
    called = serializers.IntegerField()
    opted_out = serializers.IntegerField()
    settled = serializers.IntegerField()
    unmeasured = serializers.IntegerField()
    delivered_wh = serializers.IntegerField(help_text="[Wh]")
    delivered_w = serializers.IntegerField(help_text="Mean over the event. [W]")
    credit = MoneyField()


class DemandEventPage(serializers.Serializer):
    """A page of events."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DemandEventShown(many=True)


class SimilarDayShown(serializers.Serializer):
    """A similar day. [Wh]"""

    day = serializers.DateField()
    event_wh = serializers.IntegerField(help_text="In the hours of the event.")
    before_wh = serializers.IntegerField(help_text="In the hours before it.")
    is_highest = serializers.BooleanField(help_text="The baseline is the mean of these.")


class EventPartShown(serializers.Serializer):
    """Who was called for an event; what is not measured yet is null."""

    id = serializers.IntegerField()
    event = serializers.IntegerField()
    account = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in PartState])
    limit = serializers.ChoiceField(["", *(str(one) for one in LimitState)], help_text="Empty: not dispatched.")
    gap = serializers.ChoiceField(["", *(str(one) for one in Gap)], help_text="Why it is not measured yet.")
    factor_e6 = serializers.IntegerField(allow_null=True, help_text="Adjustment by the hours before. [10^-6]")
    baseline_wh = serializers.IntegerField(allow_null=True)
    actual_wh = serializers.IntegerField(allow_null=True)
    delivered_wh = serializers.IntegerField(allow_null=True)
    delivered_w = serializers.IntegerField(allow_null=True)
    credit = MoneyField(allow_null=True)


class EventPartDetailShown(EventPartShown):
    """A part with the days that it rests on."""

    days = SimilarDayShown(many=True)


class EventPartPage(serializers.Serializer):
    """A page of those who were called."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EventPartShown(many=True)
