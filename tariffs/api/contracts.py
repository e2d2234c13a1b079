"""What the endpoints of the room take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import MoneyField, Strict
from tariffs.domain.vectors import MAX_DAYS, MAX_PERSONS

CODE_MOST = 60
MONEY = {"amount_minor": 26080, "currency": "CNY", "text": "260.80"}
GIVEN = {"tariff": "residential-tiered", "on_date": "2026-11-01", "days": 30, "months": "1", "used_kwh": "400",
         "before_kwh": "3000", "household": 3}  # fmt: skip
FOUND = {
    "tariff": "residential-tiered", "version": 3, "start_date": "2020-01-01", "end_date": None, "total": MONEY,
    "lines": [{
        "line": "energy/1", "labels": {"zh": "阶梯电度电费", "en": "Energy by step"}, "unit": "kWh",
        "quantity": "120.000", "price": "0.617", "exact_minor": "7404.000000000", "in_total": True,
        "amount": {"amount_minor": 7404, "currency": "CNY", "text": "74.04"},
    }],
}  # fmt: skip


@extend_schema_serializer(examples=[OpenApiExample("A month across a step", value=GIVEN, request_only=True)])
class RateCheckNew(Strict):
    """Usage of one segment, as a test vector of the tariff writes it."""

    tariff = serializers.CharField(max_length=CODE_MOST, help_text="Code of the price book.")
    on_date = serializers.DateField(help_text="The published version that holds on this date rates it.")
    days = serializers.IntegerField(min_value=0, max_value=MAX_DAYS)
    months = serializers.CharField(max_length=20, help_text="Months as decimal text; each day counts by its own month.")
    used_kwh = serializers.JSONField(help_text="Decimal text; with periods of use an object of them by period.")
    before_kwh = serializers.CharField(required=False, max_length=20, help_text="Counted before in the cycle of steps.")
    household = serializers.IntegerField(required=False, min_value=0, max_value=MAX_PERSONS)
    inputs = serializers.JSONField(
        required=False,
        help_text="What else the tariff needs, by key, as peak_kw; what is missing is named by an error.",
    )


class RateCheckLine(serializers.Serializer):
    """One line as it would be printed."""

    line = serializers.CharField(help_text="Component, step and period, as energy/2/peak.")
    labels = serializers.DictField(child=serializers.CharField())
    unit = serializers.CharField()
    quantity = serializers.CharField(help_text="Decimal text in the unit.")
    price = serializers.CharField(allow_null=True, help_text="Major units per unit; percent of money for a tax.")
    exact_minor = serializers.CharField(help_text="Amount before rounding, in minor units.")
    in_total = serializers.BooleanField(help_text="False for a line that only tells, as VAT inside the prices.")
    amount = MoneyField()


@extend_schema_serializer(examples=[OpenApiExample("A month across a step", value=FOUND, response_only=True)])
class RateCheckFound(serializers.Serializer):
    """The usage, rated; nothing is kept."""

    tariff = serializers.CharField()
    version = serializers.IntegerField()
    start_date = serializers.DateField(help_text="First day of the version.")
    end_date = serializers.DateField(allow_null=True, help_text="First day without it; null = until further notice.")
    total = MoneyField()
    lines = RateCheckLine(many=True)
