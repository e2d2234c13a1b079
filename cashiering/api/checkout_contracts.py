"""What the endpoints on online payments take and give."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cashiering.domain.checkouts import CheckoutState
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

NUMBER = r"^[0-9]{1,20}$"
BILLS_MOST = 100
AMOUNT_MOST = 10**13
EXAMPLE = {
    "reference": "CQ7Y3H5M2L4NABCDEFGH2I", "account": "3100000017", "provider": "sandbox", "state": "created",
    "amount": {"amount_minor": 6170, "currency": "CNY", "text": "61.70"}, "bills": ["0000000042"],
    "consolidated_bill": "", "page_url": "https://pay.example.com/o/17", "qr": "",
    "expires_at": "2026-11-28T04:30:00Z", "payment": None, "reason": "",
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A bill", value={"account": "3100000017", "provider": "sandbox", "bills": ["0000000042"]}, request_only=True
        )
    ]
)
class CheckoutNew(Strict):
    """What somebody wants to pay online: bills of an account, an amount for it, or a consolidated bill."""

    account = serializers.RegexField(NUMBER, required=False, help_text="Left out for a consolidated bill.")
    consolidated_bill = serializers.RegexField(
        NUMBER, required=False, help_text="Its number alone: all that is open of it is paid."
    )
    provider = serializers.RegexField(r"^[a-z_]{1,40}$", help_text="As the setting PAYMENT_PROVIDERS names it.")
    bills = serializers.ListField(
        child=serializers.RegexField(NUMBER), required=False, min_length=1, max_length=BILLS_MOST,
        help_text="Printed numbers; each is paid with all that is open of it.",
    )  # fmt: skip
    amount_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, required=False, help_text="In place of bills; it pays what is due first."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for bills or an amount of an account, not both, or for a consolidated bill alone."""
        if "consolidated_bill" in attrs:
            if {"account", "bills", "amount_minor"} & set(attrs):
                raise serializers.ValidationError("Give consolidated_bill alone.", code="bills_or_amount")
            return attrs
        if "account" not in attrs:
            raise serializers.ValidationError({"account": ["Give an account or a consolidated_bill."]})
        if ("bills" in attrs) == ("amount_minor" in attrs):
            raise serializers.ValidationError("Give bills or amount_minor.", code="bills_or_amount")
        return attrs


@extend_schema_serializer(examples=[OpenApiExample("Just begun", value=EXAMPLE, response_only=True)])
class CheckoutShown(serializers.Serializer):
    """An online payment."""

    reference = serializers.CharField()
    account = serializers.CharField()
    provider = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in CheckoutState])
    amount = MoneyField()
    bills = serializers.ListField(child=serializers.CharField())
    consolidated_bill = serializers.CharField(help_text="Its number, if it is paid as a whole; else empty.")
    page_url = serializers.CharField(help_text="Send the payer there; empty: there is no page.")
    qr = serializers.CharField(help_text="What the payer's wallet scans; empty: nothing.")
    expires_at = serializers.DateTimeField()
    payment = serializers.IntegerField(allow_null=True, help_text="The payment that it became, for GET /payments/{id}.")
    reason = serializers.CharField()
