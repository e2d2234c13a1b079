"""What the endpoints on holds take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from arrears.domain.cut_facts import HoldKind
from cis.platform.api_fields import Strict

NUMBER = r"^[0-9]{1,20}$"
TEXT_MOST = 300
EXAMPLE = {
    "id": 17, "account": "3100000017", "kind": "dispute", "bill": "0000000042", "evidence": "complaint 2026-118",
    "since": "2026-11-28T04:30:00Z", "until": None, "holds": True,
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A dispute of a bill",
            value={
                "account": "3100000017", "kind": "dispute", "bill": "0000000042", "evidence": "complaint 2026-118",
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class HoldNew(Strict):
    """What keeps an account, or one bill of it, from being pursued."""

    account = serializers.RegexField(NUMBER)
    kind = serializers.ChoiceField([str(one) for one in HoldKind])
    evidence = serializers.CharField(
        max_length=TEXT_MOST, help_text="Certificate, complaint, agreement: what shows it."
    )
    bill = serializers.RegexField(NUMBER, required=False, help_text="The open bill that it is about; else the account.")
    until = serializers.DateTimeField(required=False, help_text="When it ends; else when it is lifted.")


@extend_schema_serializer(examples=[OpenApiExample("A dispute", value=EXAMPLE, response_only=True)])
class HoldShown(serializers.Serializer):
    """A hold."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    kind = serializers.ChoiceField([str(one) for one in HoldKind])
    bill = serializers.CharField(help_text="Empty: the whole account.")
    evidence = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    holds = serializers.BooleanField(help_text="It holds now.")
