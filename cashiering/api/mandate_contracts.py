"""What the endpoints on mandates take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cashiering.domain.mandates import HOLDER_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

ACCOUNT = r"^[0-9]{1,20}$"
LIMIT_MOST_MINOR = 10**13
EXAMPLE = {
    "reference": "web-2026-000017",
    "account": "3100000017",
    "holder_name": "张三丰",
    "bank_account": "6222021234567890123",
    "bank_code": "102290000001",
    "limit_minor": 100000,
    "signed_date": "2026-03-09",
    "evidence": "e-signature 7f3a",
}


@extend_schema_serializer(examples=[OpenApiExample("Signed on a web page", value=EXAMPLE, request_only=True)])
class MandateNew(Strict):
    """A mandate that was signed elsewhere."""

    reference = serializers.CharField(max_length=100, help_text="Your own name of it; counts once.")
    account = serializers.RegexField(ACCOUNT, help_text="Account number.")
    holder_name = serializers.CharField(max_length=HOLDER_MOST, help_text="Of the account at the bank.")
    bank_account = serializers.CharField(max_length=50, help_text="IBAN, or account number, as the place has it.")
    bank_code = serializers.CharField(max_length=20, allow_blank=True, required=False, help_text="BIC or 联行号.")
    limit_minor = WholeNumber(min_value=1, max_value=LIMIT_MOST_MINOR, help_text="The most that one debit may be.")
    is_one_off = serializers.BooleanField(required=False, default=False)
    signed_date = serializers.DateField(help_text="Not after today.")
    evidence = serializers.CharField(max_length=200, help_text="Where the proof of the signature is found.")


class MandateShown(serializers.Serializer):
    """A mandate; of the number of the account at the bank its end alone."""

    id = serializers.IntegerField()
    mandate = serializers.CharField(help_text="Its reference, as the bank shows it to the customer.")
    account = serializers.CharField()
    state = serializers.CharField(help_text="asked, active, suspended or ended.")
    way = serializers.CharField()
    holder_name = serializers.CharField()
    bank_account = serializers.CharField(help_text="The last four signs.")
    limit = MoneyField()
    signed_date = serializers.DateField(allow_null=True)
    last_used_date = serializers.DateField(allow_null=True)
    ended_date = serializers.DateField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)


class MandatesShown(serializers.Serializer):
    """The mandates of an account, the latest first."""

    mandates = MandateShown(many=True)
