"""What the preview of a change of use gives."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import MoneyField

_MONEY = {"amount_minor": 1230, "currency": "CNY", "text": "12.30"}
PREVIEW = {
    "change": _MONEY, "assumed_from": "2026-11-20", "use_unknown": False,
    "accounts": [{
        "account": "3100000017", "is_final": False, "balance": _MONEY, "final": None,
        "months": [{
            "start_date": "2026-12-01", "end_date": "2027-01-01",
            "before": {"amount": _MONEY, "used_wh": 200000, "obstacle": ""},
            "after": {"amount": _MONEY, "used_wh": 200000, "obstacle": ""},
        }],
    }],
}  # fmt: skip


class PreviewBillShown(serializers.Serializer):
    """A month as it would be billed; obstacle: why it could not be."""

    amount = MoneyField()
    used_wh = serializers.IntegerField()
    obstacle = serializers.CharField()


class PreviewMonthShown(serializers.Serializer):
    """A month without the change and with it."""

    start_date = serializers.DateField()
    end_date = serializers.DateField()
    before = PreviewBillShown()
    after = PreviewBillShown()


class PreviewAccountShown(serializers.Serializer):
    """What becomes of an account."""

    account = serializers.CharField(allow_null=True, help_text="Null: the change opens it.")
    is_final = serializers.BooleanField(help_text="It ends: what is left is paid or paid back.")
    balance = MoneyField(help_text="Owed now; below 0: credit.")
    final = MoneyField(allow_null=True, help_text="Of an account that ends; below 0: paid back.")
    months = PreviewMonthShown(many=True)


@extend_schema_serializer(examples=[OpenApiExample("A change of tariff", value=PREVIEW, response_only=True)])
class PreviewShown(serializers.Serializer):
    """What a change would mean in the months that are shown."""

    change = MoneyField(help_text="What all accounts pay more; below 0: less.")
    assumed_from = serializers.DateField(allow_null=True, help_text="From when on use is assumed; null: all is known.")
    use_unknown = serializers.BooleanField(help_text="Of some place no use is known: it counts as 0.")
    accounts = PreviewAccountShown(many=True)
