"""What the endpoints of the room take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.kernel import fixed
from cis.kernel.fixed import NotANumber
from cis.platform.api_fields import Strict
from metering.models.read import ReadKind

READS_MOST = 500
SERIAL_MOST = 40
WH_PLACES = 3


class KwhText(serializers.CharField):
    """A counter value in kWh as decimal text, kept in Wh: exact, unlike a JSON number."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(trim_whitespace=False, **kwargs)  # type: ignore[arg-type]

    def to_internal_value(self, data: object) -> int:  # type: ignore[override]
        """Return the value in Wh."""
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            value = fixed.parse(str(data), places=WH_PLACES)
        except NotANumber as refusal:
            raise serializers.ValidationError(f"{refusal.message} {refusal.advice}", refusal.code) from None
        if value < 0:
            raise serializers.ValidationError("A counter shows no negative value.", "negative")
        return value


class ReadNew(Strict):
    """One counter value."""

    meter = serializers.CharField(max_length=SERIAL_MOST, help_text="Serial number of the meter.")
    register = serializers.CharField(
        max_length=SERIAL_MOST, required=False, default="", allow_blank=True, help_text="Empty: its only one."
    )
    read_date = serializers.DateField(help_text="Local date at whose 00:00 the counter showed the value.")
    reading_kwh = KwhText(help_text='Before the multiplier, as text: "12792.000".')
    kind = serializers.ChoiceField([str(kind) for kind in ReadKind], default=ReadKind.ACTUAL.value)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One read",
            value={"reads": [{"meter": "SH00000017", "read_date": "2026-11-01", "reading_kwh": "12792.000"}]},
            request_only=True,
        )
    ]
)
class ReadsNew(Strict):
    """Counter values, each taken or refused by itself."""

    reads = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=READS_MOST)


class FindingShown(serializers.Serializer):
    """What keeps the energy beside a read that was kept from being approved, as a neighbour that is missing."""

    date = serializers.DateField()
    code = serializers.CharField()
    message = serializers.CharField()
    advice = serializers.CharField()


class ReadAnswer(serializers.Serializer):
    """What became of one value, in the order in which they came."""

    line = serializers.IntegerField(help_text="From 1.")
    outcome = serializers.ChoiceField(["kept", "unchanged", "refused"])
    read_id = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False, help_text="Above 1: it corrects a value of that date.")
    findings = FindingShown(many=True, required=False, help_text="Of a value that was kept or is unchanged.")
    code = serializers.CharField(required=False, help_text="Of a value that was refused, as message and advice.")
    message = serializers.CharField(required=False)
    advice = serializers.CharField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One kept, one refused",
            value={
                "kept": 1,
                "unchanged": 0,
                "refused": 1,
                "results": [
                    {
                        "line": 1,
                        "outcome": "kept",
                        "read_id": 9,
                        "version": 1,
                        "findings": [
                            {
                                "date": "2026-10-01",
                                "code": "read_missing",
                                "message": "There is no read of 2026-10-01.",
                                "advice": "Enter or import the read of that date.",
                            }
                        ],
                    },
                    {
                        "line": 2,
                        "outcome": "refused",
                        "code": "unknown_meter",
                        "message": "There is no meter SH99.",
                        "advice": "Check the serial number.",
                    },
                ],
            },
            response_only=True,
        )
    ]
)
class ReadsAnswer(serializers.Serializer):
    """What became of all."""

    kept = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ReadAnswer(many=True)
