"""What the endpoints on energizing take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.domain.energizing import NOTE_MOST, EnergizingState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import NUMBER_MOST, Strict, WholeNumber
from contracts.domain.agreements import HOUSEHOLD_MOST, POWER_MOST_W
from contracts.domain.terms import UseClass

NAME_MOST = 64
CURSOR_MOST = 500
ACTIONS = ("switch", "by_hand", "retry", "drop")
ENERGIZING = {
    "energizing": 4, "application": "A260000003", "state": "started", "account": "3100000060",
    "service_point": "SP-0117", "address": "上海市普陀区长寿路102号", "meter": "SH00001234", "command_id": 5,
    "on_date": "2026-11-28", "cycle": "C01", "code": "", "message": "", "advice": "",
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A supply of an application",
            value={"application": "A260000003", "service_point": "SP-0117", "household": 3},
            request_only=True,
        )
    ]
)
class EnergizingNew(Strict):
    """A supply to switch on; account, tariff and capacity that are left out are those of the signed contract."""

    application = serializers.CharField(max_length=NUMBER_MOST)
    service_point = serializers.CharField(max_length=NAME_MOST, help_text="External id; where its meter hangs.")
    account = serializers.RegexField(r"^[0-9]{1,20}$", required=False)
    tariff = serializers.CharField(max_length=NAME_MOST, required=False, help_text="Code.")
    household = serializers.IntegerField(min_value=1, max_value=HOUSEHOLD_MOST, required=False, default=1)
    capacity_va = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    contract_w = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    use_class = serializers.ChoiceField([str(one) for one in UseClass], required=False)
    cycle = serializers.CharField(
        max_length=40, required=False, default="", allow_blank=True, help_text="Bill cycle; empty: by the rule."
    )
    by_hand = serializers.CharField(
        max_length=NOTE_MOST, required=False, default="", allow_blank=True,
        help_text="Who switched on at the place, and how; empty: the meter is told to.",
    )  # fmt: skip


@extend_schema_serializer(examples=[OpenApiExample("Once more", value={"action": "switch"}, request_only=True)])
class EnergizingMove(Strict):
    """What is done about an energizing that failed or is held."""

    action = serializers.ChoiceField(
        ACTIONS,
        help_text="switch: tell the meter again; by_hand: switched on at the place; retry: do the steps of a held one.",
    )
    note = serializers.CharField(max_length=NOTE_MOST, required=False, default="", allow_blank=True)


class EnergizingQuery(Strict):
    """Which energizings."""

    state = serializers.ChoiceField([str(one) for one in EnergizingState], required=False)
    application = serializers.CharField(max_length=NUMBER_MOST, required=False)
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("Current flows and is billed", value=ENERGIZING, response_only=True)]
)
class EnergizingShown(serializers.Serializer):
    """A supply that is switched on: code and message say why it failed or is held."""

    energizing = serializers.IntegerField()
    application = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField([str(one) for one in EnergizingState])
    account = serializers.CharField()
    service_point = serializers.CharField()
    address = serializers.CharField()
    meter = serializers.CharField()
    command_id = serializers.IntegerField(allow_null=True)
    on_date = serializers.DateField(allow_null=True, help_text="From which current flows.")
    cycle = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    advice = serializers.CharField()


class EnergizingPage(serializers.Serializer):
    """A page of energizings."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EnergizingShown(many=True)
