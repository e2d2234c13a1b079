"""Enquiries of telephone systems and kiosks: balance, due date, last bill and payment, said in both languages."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from arrears.domain import enquiries as domain
from arrears.domain.enquiries import Told
from arrears.operations import enquiries
from arrears.operations.enquiries import Proof
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, Strict, problems

ASK = api.scope("enquiries:ask", "Ask for an account whose holder has proven himself.", roles=set())
SAID = {
    "account": "3100000017", "owed_minor": 12345, "overdue_minor": 0, "due_date": "2026-12-18",
    "last_bill": "0000000787", "last_bill_minor": 12345, "last_bill_date": "2026-12-03",
    "last_payment_minor": 20000, "last_payment_date": "2026-11-10", "disconnection_date": None,
    "is_disconnected": False,
    "sentences_zh": ["户号尾号零，零，一，七。", "您目前应缴电费一百二十三元四角五分，请于十二月十八日前缴纳。"],
    "sentences_en": ["Account ending in zero, zero, one, seven."],
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample("By PIN", value={"account": "3100000017", "pin": "480213"}, request_only=True),
        OpenApiExample(
            "By the number that calls",
            value={"account": "3100000017", "caller": "13800001234", "meter_digits": "0042"},
            request_only=True,
        ),
    ]
)
class EnquiryGiven(Strict):
    """Digits as they were typed, and a proof: a PIN, or the caller's number with the last digits of the meter."""

    account = serializers.RegexField(r"^[0-9]{1,20}$")
    pin = serializers.RegexField(r"^[0-9]{4,12}$", required=False)
    caller = serializers.CharField(max_length=30, required=False)
    meter_digits = serializers.RegexField(r"^[0-9]{4}$", required=False, help_text="Last four digits of the meter.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one proof, whole."""
        by_caller = {"caller", "meter_digits"} & attrs.keys()
        if ("pin" in attrs) == bool(by_caller) or len(by_caller) == 1:
            raise serializers.ValidationError({"pin": "Give a PIN, or caller and meter_digits."})
        return attrs


@extend_schema_serializer(examples=[OpenApiExample("Owes a bill", value=SAID, response_only=True)])
class EnquiryShown(serializers.Serializer):
    """What is known, flat; amounts in minor units; what there is not is null or empty."""

    account = serializers.CharField()
    owed_minor = serializers.IntegerField(help_text="Below 0: credit.")
    overdue_minor = serializers.IntegerField()
    due_date = serializers.DateField(allow_null=True)
    last_bill = serializers.CharField(allow_blank=True)
    last_bill_minor = serializers.IntegerField(allow_null=True)
    last_bill_date = serializers.DateField(allow_null=True)
    last_payment_minor = serializers.IntegerField(allow_null=True)
    last_payment_date = serializers.DateField(allow_null=True)
    disconnection_date = serializers.DateField(allow_null=True, help_text="Planned, because of debts.")
    is_disconnected = serializers.BooleanField()
    sentences_zh = serializers.ListField(child=serializers.CharField(), help_text="To be spoken, numbers in words.")
    sentences_en = serializers.ListField(child=serializers.CharField())


@api.needs(POST=ASK)
class EnquiryList(APIView):
    """Ask for an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="ask_for_account",
        summary="Ask for an account by telephone or kiosk",
        tags=["Telephone and kiosks"],
        request=EnquiryGiven,
        responses={200: EnquiryShown, **problems(400, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """
        Return what an account owes, once its holder has proven himself; nothing is changed.

        A number that is no account's answers like a wrong proof, also in how often it may be tried. The look is
        recorded in the name of the program.
        """
        given = EnquiryGiven(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        told = enquiries.ask(
            number=values.pop("account"), proof=Proof(**values), at=timezone.now(), actor=actor_of(request)
        )
        return Response(_shown(told), headers={"Cache-Control": "no-store"})


def _shown(told: Told) -> dict[str, Any]:
    return {
        "account": told.account,
        "owed_minor": told.owed_minor,
        "overdue_minor": told.overdue_minor,
        "due_date": told.due_date,
        "last_bill": told.bill_number,
        "last_bill_minor": told.bill_minor,
        "last_bill_date": told.bill_date,
        "last_payment_minor": told.paid_minor,
        "last_payment_date": told.paid_date,
        "disconnection_date": told.cut_date,
        "is_disconnected": told.is_cut,
        "sentences_zh": domain.sentences_zh(told),
        "sentences_en": domain.sentences_en(told),
    }
