"""What the endpoints on one-off charges take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber
from contracts.domain.charge_kinds import BY_NOTE, OF_BREACH, OF_PROGRAMMES, ChargeKind
from contracts.domain.charge_workflow import ChargeState

ACCOUNT = r"^[0-9]{1,20}$"
AMOUNT_MOST = 10**13
CURSOR_MOST = 500
NAME_MOST = 64
BY_HAND = [kind.value for kind in ChargeKind if kind not in (*OF_BREACH, *OF_PROGRAMMES, *BY_NOTE)]
CHARGE = {
    "charge": 10, "account": "3100000017", "supply": None, "kind": "meter_work",
    "name": {"zh": "计量装置作业费", "en": "Work at the meter"}, "state": "agreed", "reason": "Meter tested",
    "amount": {"amount_minor": 11300, "currency": "CNY", "text": "113.00"},
    "tax": {"amount_minor": 1300, "currency": "CNY", "text": "13.00"}, "legal_source": "供电营业规则 第七十九条",
    "origin": "by_hand", "agreed_date": "2026-11-28", "cancel_reason": "",
    "bills": [{"number": "0000000787", "state": "issued", "is_taken_back": False}],
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A meter test",
            value={"account": "3100000017", "kind": "meter_work", "amount_minor": 11300, "reason": "Meter tested"},
            request_only=True,
        )
    ]
)
class ChargeNew(Strict):
    """A charge to agree: the next bill carries it."""

    account = serializers.RegexField(ACCOUNT)
    kind = serializers.ChoiceField(BY_HAND)
    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST, help_text="Before a tax that comes on top.")
    reason = serializers.CharField(max_length=200, help_text="The bill prints it.")
    supply = serializers.CharField(
        max_length=NAME_MOST, required=False, help_text="External id of the service point; left out: the account."
    )


class ReverseGiven(Strict):
    """Why it is not owed."""

    reason = serializers.CharField(max_length=300)


class ChargeQuery(Strict):
    """Which charges."""

    account = serializers.RegexField(ACCOUNT, required=False)
    kind = serializers.ChoiceField([str(one) for one in ChargeKind], required=False)
    state = serializers.ChoiceField([str(one) for one in ChargeState], required=False)
    from_date = serializers.DateField(required=False, help_text="First day of agreement.")
    until_date = serializers.DateField(required=False, help_text="Last day of agreement.")
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class Words(serializers.Serializer):
    """Words in both languages."""

    zh = serializers.CharField()
    en = serializers.CharField()


class CarryingBill(serializers.Serializer):
    """A bill that carries a charge or takes it back; number null: a draft."""

    number = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    is_taken_back = serializers.BooleanField()


@extend_schema_serializer(examples=[OpenApiExample("Agreed and billed", value=CHARGE, response_only=True)])
class ChargeShown(serializers.Serializer):
    """A one-off charge with the bills that carry it."""

    charge = serializers.IntegerField()
    account = serializers.CharField()
    supply = serializers.CharField(allow_null=True, help_text="External id of the service point.")
    kind = serializers.ChoiceField([str(one) for one in ChargeKind])
    name = Words()
    state = serializers.ChoiceField(
        [str(one) for one in ChargeState], help_text="proposed: waits for a second person; nothing is owed."
    )
    reason = serializers.CharField()
    amount = MoneyField(help_text="Tax included.")
    tax = MoneyField(help_text="Contained in the amount.")
    legal_source = serializers.CharField()
    origin = serializers.CharField(help_text="by_hand, offer, enrollment, change, case.")
    agreed_date = serializers.DateField(allow_null=True)
    cancel_reason = serializers.CharField()
    bills = CarryingBill(many=True)


class ChargePage(serializers.Serializer):
    """A page of charges."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ChargeShown(many=True)
