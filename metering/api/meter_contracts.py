"""What the endpoints on meters and commands take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict, WholeNumber
from metering.domain.device_commands import LIMIT_W_MOST, Command, CommandState
from metering.domain.meter_store import MeterState
from metering.domain.places import MULTIPLIER_MOST

SERIAL_MOST = 40
NAME_MOST = 64
CURSOR_MOST = 500
METER = {
    "meter": "SH00001234", "model": "DDZY1296", "state": "installed", "switch": "on", "service_point": "SP-0017",
    "address": "上海市闵行区水清路772弄10号2204室", "certificate": "C-2026-118", "certified_until": "2034-06-30",
    "registers": [{"register": "total", "quantity": "energy", "period_of_use": "", "is_interval": False}],
    "installations": [
        {"service_point": "SP-0017", "multiplier": 1, "start_date": "2026-11-20", "end_date": None},
    ],
}  # fmt: skip
COMMAND = {
    "command_id": 5, "meter": "SH00001234", "command": "switch_on", "value_w": None, "value_until": None,
    "state": "succeeded", "ordered_at": "2026-11-20T02:10:00Z", "until": "2026-11-20T02:40:00Z",
    "sent_at": "2026-11-20T02:10:01Z", "ended_at": "2026-11-20T02:10:04Z", "reason": "", "ordered_by": "field app",
    "readings": [],
}  # fmt: skip


class MeterQuery(Strict):
    """Which meters."""

    state = serializers.ChoiceField([str(one) for one in MeterState], required=False)
    text = serializers.CharField(max_length=40, required=False, help_text="Beginning of the number, or the model.")
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class MeterShort(serializers.Serializer):
    """A meter in a list."""

    meter = serializers.CharField(help_text="Serial number.")
    model = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in MeterState])
    switch = serializers.CharField(help_text="As far as its last answer tells.")
    service_point = serializers.CharField(allow_null=True, help_text="External id; null: it hangs nowhere.")
    address = serializers.CharField()
    certificate = serializers.CharField()
    certified_until = serializers.DateField(allow_null=True)


class MeterPage(serializers.Serializer):
    """A page of meters."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = MeterShort(many=True)


class RegisterShown(serializers.Serializer):
    """A counter."""

    register = serializers.CharField()
    quantity = serializers.CharField()
    period_of_use = serializers.CharField()
    is_interval = serializers.BooleanField()


class InstallationShown(serializers.Serializer):
    """Where a meter hangs or hung; end_date is the first day without it."""

    service_point = serializers.CharField()
    multiplier = serializers.IntegerField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(allow_null=True)


@extend_schema_serializer(examples=[OpenApiExample("A meter", value=METER, response_only=True)])
class MeterWhole(MeterShort):
    """A meter with its counters and where it hung."""

    registers = RegisterShown(many=True)
    installations = InstallationShown(many=True)


class DeliveryNew(Strict):
    """A delivery: a CSV file as the guide on meters describes it."""

    file = serializers.FileField()


class DeliveryKept(serializers.Serializer):
    """What came of a delivery."""

    delivery = serializers.IntegerField()
    meters = serializers.IntegerField()
    is_known = serializers.BooleanField(help_text="The same file came before: nothing was changed.")


class SealsNew(Strict):
    """A range of new seals."""

    first = serializers.CharField(max_length=SERIAL_MOST)
    last = serializers.CharField(max_length=SERIAL_MOST)


class SealsKept(serializers.Serializer):
    """How many came into the store."""

    seals = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("Hung up", value={"service_point": "SP-0017", "from_date": "2026-11-20"}, request_only=True)
    ]
)
class InstallGiven(Strict):
    """Where a meter is hung up, from when on."""

    service_point = serializers.CharField(max_length=NAME_MOST, help_text="External id.")
    from_date = serializers.DateField(help_text="First local date with it; enter its reading of that date afterwards.")
    multiplier = WholeNumber(min_value=1, max_value=MULTIPLIER_MOST, required=False, default=1)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Exchanged", value={"new_meter": "SH00001235", "on_date": "2026-11-20"}, request_only=True)
    ]
)
class ExchangeGiven(Strict):
    """Which meter comes in place of one."""

    new_meter = serializers.CharField(max_length=SERIAL_MOST, help_text="Serial number.")
    on_date = serializers.DateField(help_text="The old one counts to its start, the new one from there.")
    multiplier = WholeNumber(
        min_value=1, max_value=MULTIPLIER_MOST, required=False, default=None, allow_null=True,
        help_text="Of the new meter; null: as before.",
    )  # fmt: skip


class RemoveGiven(Strict):
    """When a meter is taken down."""

    on_date = serializers.DateField(help_text="First local date without it; its final reading is that of this date.")


class CommandQuery(Strict):
    """Which commands."""

    state = serializers.ChoiceField([str(one) for one in CommandState], required=False)
    command = serializers.ChoiceField([str(one) for one in Command], required=False)
    meter = serializers.CharField(max_length=SERIAL_MOST, required=False, help_text="Beginning of the serial number.")
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Read now", value={"meter": "SH00001234", "command": "read_now"}, request_only=True),
        OpenApiExample(
            "At most 3 kW",
            value={
                "meter": "SH00001234", "command": "demand_limit", "value_w": 3000, "value_until":
                "2026-11-20T12:00:00Z",
            },
            request_only=True,
        ),
    ]
)  # fmt: skip
class CommandNew(Strict):
    """What a meter is told."""

    meter = serializers.CharField(max_length=SERIAL_MOST, help_text="Serial number.")
    command = serializers.ChoiceField([str(one) for one in Command])
    value_w = WholeNumber(
        min_value=1, max_value=LIMIT_W_MOST, required=False, allow_null=True, default=None,
        help_text="Of demand_limit: no more than this; null: the limit is lifted. [W, at the supply]",
    )  # fmt: skip
    value_until = serializers.DateTimeField(
        required=False, allow_null=True, default=None,
        help_text="Of demand_limit: when it ends by itself; null: when it is lifted.",
    )  # fmt: skip


class CommandCancel(Strict):
    """Why a command is taken back."""

    reason = serializers.CharField(max_length=200)


class ReadingShown(serializers.Serializer):
    """What a register showed."""

    register = serializers.CharField()
    reading_wh = serializers.IntegerField(help_text="Before the multiplier.")


@extend_schema_serializer(examples=[OpenApiExample("Done", value=COMMAND, response_only=True)])
class CommandShown(serializers.Serializer):
    """A command; the instants of what has not happened are null."""

    command_id = serializers.IntegerField()
    meter = serializers.CharField()
    command = serializers.ChoiceField([str(one) for one in Command])
    value_w = serializers.IntegerField(allow_null=True, help_text="Of a limit of demand. [W]")
    value_until = serializers.DateTimeField(allow_null=True, help_text="When a limit ends by itself.")
    state = serializers.ChoiceField([str(one) for one in CommandState])
    ordered_at = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="What has no result by then has timed out.")
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    ordered_by = serializers.CharField()
    readings = ReadingShown(many=True)


class CommandPage(serializers.Serializer):
    """A page of commands."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CommandShown(many=True)
