"""Enquiries of telephone systems and kiosks: what is owed, the last bills and payments, said in both languages."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from arrears.domain import enquiries as domain
from arrears.domain.enquiries import BillsTold, PaymentsTold, Told
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
BILLS_SAID = {
    "account": "3100000017",
    "bills": [
        {"number": "0000000787", "date": "2026-12-03", "due_date": "2026-12-18", "amount_minor": 10005,
         "open_minor": 5000},
        {"number": "0000000512", "date": "2026-11-03", "due_date": "2026-11-18", "amount_minor": 20000,
         "open_minor": 0},
    ],
    "sentences_zh": ["户号尾号零，零，一，七。",
                     "十二月三日的账单，金额一百元零五分，尚欠五十元。",
                     "十一月三日的账单，金额二百元，已付清。"],
    "sentences_en": ["Account ending in zero, zero, one, seven.",
                     "Bill of December third: one hundred yuan and five fen, of which fifty yuan is to be paid.",
                     "Bill of November third: two hundred yuan, paid."],
}  # fmt: skip
PAYMENTS_SAID = {
    "account": "3100000017",
    "payments": [{"date": "2026-11-10", "amount_minor": 20000, "was_taken_back": False}],
    "sentences_zh": ["户号尾号零，零，一，七。", "十一月十日缴费二百元。"],
    "sentences_en": ["Account ending in zero, zero, one, seven.", "On November tenth you paid two hundred yuan."],
}


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

    account = serializers.RegexField(r"^[0-9]{1,20}$", help_text="Number as printed.")
    pin = serializers.RegexField(r"^[0-9]{4,12}$", required=False, help_text="The holder's telephone PIN.")
    caller = serializers.CharField(max_length=30, required=False, help_text="The number that calls, as dialled.")
    meter_digits = serializers.RegexField(r"^[0-9]{4}$", required=False, help_text="Last four digits of the meter.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one proof, whole."""
        by_caller = {"caller", "meter_digits"} & attrs.keys()
        if ("pin" in attrs) == bool(by_caller) or len(by_caller) == 1:
            raise serializers.ValidationError({"pin": "Give a PIN, or caller and meter_digits."})
        return attrs


def _sentences(language: str) -> serializers.ListField:
    said = f"To be spoken in {language}, one after another, numbers in words; first which account it is."
    return serializers.ListField(child=serializers.CharField(), help_text=said)


@extend_schema_serializer(examples=[OpenApiExample("Owes a bill", value=SAID, response_only=True)])
class EnquiryShown(serializers.Serializer):
    """What is known, flat; amounts in minor units; what there is not is null or empty."""

    account = serializers.CharField(help_text="As it was typed.")
    owed_minor = serializers.IntegerField(help_text="Below 0: credit.")
    overdue_minor = serializers.IntegerField(help_text="What of it is due since yesterday or longer.")
    due_date = serializers.DateField(allow_null=True, help_text="Of the oldest open bill that is not overdue.")
    last_bill = serializers.CharField(allow_blank=True, help_text="Its number.")
    last_bill_minor = serializers.IntegerField(allow_null=True, help_text="Below 0: a credit.")
    last_bill_date = serializers.DateField(allow_null=True, help_text="The day on which it was issued.")
    last_payment_minor = serializers.IntegerField(allow_null=True, help_text="Of the last one that did not go back.")
    last_payment_date = serializers.DateField(allow_null=True, help_text="The day on which it came in.")
    disconnection_date = serializers.DateField(allow_null=True, help_text="Planned, because of debts.")
    is_disconnected = serializers.BooleanField(help_text="The supply is off because of debts.")
    sentences_zh = _sentences("Chinese")
    sentences_en = _sentences("English")


class EnquiryBill(serializers.Serializer):
    """A bill in a list; amounts in minor units."""

    number = serializers.CharField(help_text="As printed.")
    date = serializers.DateField(help_text="The day on which it was issued.")
    due_date = serializers.DateField(allow_null=True, help_text="The day until which it is to be paid.")
    amount_minor = serializers.IntegerField(help_text="Below 0: a credit.")
    open_minor = serializers.IntegerField(help_text="What of it is still to be paid.")


@extend_schema_serializer(examples=[OpenApiExample("Two bills", value=BILLS_SAID, response_only=True)])
class EnquiryBills(serializers.Serializer):
    """The last bills of an account."""

    account = serializers.CharField(help_text="As it was typed.")
    bills = EnquiryBill(many=True, help_text="At most 12, the latest period first; cancelled ones are left out.")
    sentences_zh = _sentences("Chinese")
    sentences_en = _sentences("English")


class EnquiryPayment(serializers.Serializer):
    """A payment in a list; the amount in minor units."""

    date = serializers.DateField(help_text="The day on which it came in.")
    amount_minor = serializers.IntegerField(help_text="Above 0.")
    was_taken_back = serializers.BooleanField(help_text="The payer's bank or provider took it back: it pays nothing.")


@extend_schema_serializer(examples=[OpenApiExample("A payment", value=PAYMENTS_SAID, response_only=True)])
class EnquiryPayments(serializers.Serializer):
    """The last payments of an account."""

    account = serializers.CharField(help_text="As it was typed.")
    payments = EnquiryPayment(many=True, help_text="At most 12, the latest first; what was booked wrongly is left out.")
    sentences_zh = _sentences("Chinese")
    sentences_en = _sentences("English")


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
        return _answer(_shown(enquiries.ask(**_asked(request))))


@api.needs(POST=ASK)
class EnquiryBillList(APIView):
    """Ask for the bills of an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="ask_for_bills",
        summary="Ask for the last bills by telephone or kiosk",
        tags=["Telephone and kiosks"],
        request=EnquiryGiven,
        responses={200: EnquiryBills, **problems(400, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Return the last 12 bills of an account, as flat rows and a sentence each; proofs and tries as of all."""
        return _answer(_bills_shown(enquiries.ask_bills(**_asked(request))))


@api.needs(POST=ASK)
class EnquiryPaymentList(APIView):
    """Ask for the payments of an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="ask_for_payments",
        summary="Ask for the last payments by telephone or kiosk",
        tags=["Telephone and kiosks"],
        request=EnquiryGiven,
        responses={200: EnquiryPayments, **problems(400, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Return the last 12 payments of an account, as flat rows and a sentence each; proofs and tries as of all."""
        return _answer(_payments_shown(enquiries.ask_payments(**_asked(request))))


def _asked(request: Request) -> dict[str, Any]:
    given = EnquiryGiven(data=request.data)
    given.is_valid(raise_exception=True)
    values = dict(given.validated_data)
    number = values.pop("account")
    return {"number": number, "proof": Proof(**values), "at": timezone.now(), "actor": actor_of(request)}


def _answer(body: dict[str, Any]) -> Response:
    return Response(body, headers={"Cache-Control": "no-store"})


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


def _bills_shown(told: BillsTold) -> dict[str, Any]:
    return {
        "account": told.account,
        "bills": [
            {
                "number": one.number,
                "date": one.issue_date,
                "due_date": one.due_date,
                "amount_minor": one.amount_minor,
                "open_minor": one.open_minor,
            }
            for one in told.bills
        ],
        "sentences_zh": domain.bills_zh(told),
        "sentences_en": domain.bills_en(told),
    }


def _payments_shown(told: PaymentsTold) -> dict[str, Any]:
    return {
        "account": told.account,
        "payments": [
            {"date": one.received_date, "amount_minor": one.amount_minor, "was_taken_back": one.is_back}
            for one in told.payments
        ],
        "sentences_zh": domain.payments_zh(told),
        "sentences_en": domain.payments_en(told),
    }
