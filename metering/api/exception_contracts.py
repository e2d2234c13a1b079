"""What the endpoints on exceptions of usage take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict
from metering.api.contracts import SERIAL_MOST, KwhText
from metering.domain.estimation import Method
from metering.domain.exception_acts import Act, ChangeState
from metering.domain.exceptions import REASON_MOST, ExceptionState
from metering.domain.vee import Severity

CURSOR_MOST = 500
CODE_MOST = 40
EXCEPTION = {
    "exception_id": 7, "code": "usage_high", "severity": "look", "state": "open", "is_waiting": False,
    "start_date": "2026-01-01", "end_date": "2026-02-01", "fact_date": "2026-01-01", "measure": 600000,
    "bound": 390834, "unit": "kWh", "service_point": "SP-0017", "address": "上海市闵行区水清路772弄10号2204室",
    "meter": "SH00001234", "register": "total", "opened_at": "2026-02-02T01:10:00Z", "closed_at": None, "reason": "",
    "acts": ["accept", "edit", "estimate", "visit"], "changes": [], "visits": [],
}  # fmt: skip


class ExceptionQuery(Strict):
    """Which exceptions."""

    state = serializers.ChoiceField([str(one) for one in ExceptionState], required=False)
    code = serializers.CharField(max_length=CODE_MOST, required=False, help_text="What is doubtful.")
    meter = serializers.CharField(max_length=SERIAL_MOST, required=False, help_text="Serial number.")
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class ExceptionShort(serializers.Serializer):
    """An exception in a list."""

    exception_id = serializers.IntegerField()
    code = serializers.CharField(help_text="What is doubtful.")
    severity = serializers.ChoiceField([str(one) for one in Severity], help_text="stop: its energy is not approved.")
    state = serializers.ChoiceField([str(one) for one in ExceptionState])
    is_waiting = serializers.BooleanField(help_text="A value that was set waits for a second person.")
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="First day after it; of what is of one day, that day.")
    fact_date = serializers.DateField(help_text="On which it shows.")
    measure = serializers.IntegerField(allow_null=True, help_text="Found: thousandths of the unit, or a count.")
    bound = serializers.IntegerField(allow_null=True, help_text="What it is held against.")
    unit = serializers.CharField(help_text="kWh, kvarh, kW, days or count.")
    service_point = serializers.CharField()
    address = serializers.CharField()
    meter = serializers.CharField(help_text="Serial number.")
    register = serializers.CharField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    acts = serializers.ListField(child=serializers.ChoiceField([str(one) for one in Act]))


class ExceptionPage(serializers.Serializer):
    """A page of exceptions."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ExceptionShort(many=True)


class ChangeShown(serializers.Serializer):
    """A value that was set."""

    change_id = serializers.IntegerField()
    state = serializers.ChoiceField([str(one) for one in ChangeState])
    read_date = serializers.DateField()
    before_kwh = serializers.CharField(allow_null=True, help_text="What held before; null: nothing did.")
    after_kwh = serializers.CharField(help_text="Counter value, or energy of the days.")
    method = serializers.CharField(help_text="How it was estimated; empty: it was typed in.")
    needs_two = serializers.BooleanField()
    reason = serializers.CharField()


class ReReadShown(serializers.Serializer):
    """An order to read again."""

    work_order = serializers.IntegerField()
    state = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("An exception", value=EXCEPTION, response_only=True)])
class ExceptionWhole(ExceptionShort):
    """An exception with what was done about it."""

    changes = ChangeShown(many=True)
    visits = ReReadShown(many=True)


class ExceptionAccepted(Strict):
    """Why it is right as it is."""

    reason = serializers.CharField(max_length=REASON_MOST)


class ExceptionEdited(Strict):
    """The value in the place of the doubted or missing one."""

    reading_kwh = KwhText(help_text='Before the multiplier, as text: "12792.000".')
    reason = serializers.CharField(max_length=REASON_MOST)


class EstimateGiven(Strict):
    """By which method, and why."""

    method = serializers.ChoiceField(
        [str(one) for one in Method], required=False, default="", allow_blank=True,
        help_text="Empty: the first of the place that has enough to go by.",
    )  # fmt: skip
    reason = serializers.CharField(max_length=REASON_MOST)
