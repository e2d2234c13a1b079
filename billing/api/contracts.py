"""What the endpoints of the room take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.queries import supplier
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import BillKind, BillState
from billing.operations.payments import AMOUNT_MOST_MINOR, REFERENCE_MOST
from cis.kernel import fixed
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

ACCOUNT = r"^[0-9]{1,20}$"
SHOWN = [BillState.ISSUED.value, BillState.CANCELLED.value]
CHANNELS = [PaymentChannel.API.value, PaymentChannel.BANK.value, PaymentChannel.ONLINE.value]
CURSOR_MOST = 500
MONEY = {"amount_minor": 19250, "currency": "CNY", "text": "192.50"}
NOTHING = {"amount_minor": 0, "currency": "CNY", "text": "0.00"}
BILL = {
    "number": "0000000042", "account": "3100000017", "kind": "regular", "state": "issued",
    "start_date": "2026-10-01", "end_date": "2026-11-01", "issue_date": "2026-11-02", "due_date": "2026-11-22",
    "energy_wh": 312000, "amount": MONEY, "tax": {"amount_minor": 2215, "currency": "CNY", "text": "22.15"},
    "balance_before": NOTHING, "paid": NOTHING, "open": MONEY,
}  # fmt: skip
SEGMENT = {
    "id": 77, "cancels": None, "address": "上海市浦东新区灵山路1382弄27号1803室", "tariff": "residential-tiered",
    "tariff_names": {"zh": "居民生活用电（一户一表）", "en": "Residential, one meter a household"},
    "legal_source": "上海市居民用户电价表", "start_date": "2026-10-01", "end_date": "2026-11-01",
    "energy_wh": 312000, "energy_before_wh": 2600000, "is_estimated": False, "amount": MONEY,
    "lines": [{
        "code": "energy", "labels": {"zh": "阶梯电度电费", "en": "Energy by step"}, "step": 1, "period_of_use": None,
        "unit": "kWh", "quantity": "312.000", "price": "0.617", "margin": None, "amount": MONEY,
        "tax": {"amount_minor": 2215, "currency": "CNY", "text": "22.15"},
    }],
}  # fmt: skip
PAYMENT = {
    "id": 5, "account": "3100000017", "channel": "bank", "reference": "BOC-20261103-0007",
    "received_date": "2026-11-03", "amount": MONEY, "pays": [{"bill": "0000000042", "amount": MONEY}],
}  # fmt: skip


def quantity(value: int, places: int) -> str:
    """Return a stored quantity as plain text with all its decimals."""
    return fixed.to_text(value, places=places)


class BillQuery(Strict):
    """Which bills."""

    account = serializers.RegexField(ACCOUNT, required=False, help_text="Account number.")
    issued_since = serializers.DateField(required=False, help_text="Issued on this date or later.")
    state = serializers.ChoiceField(SHOWN, required=False)
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


@extend_schema_serializer(examples=[OpenApiExample("October", value=BILL, response_only=True)])
class BillShort(serializers.Serializer):
    """A bill without its lines."""

    number = serializers.CharField()
    account = serializers.CharField()
    kind = serializers.ChoiceField([str(kind) for kind in BillKind], help_text="credit: cancels another bill whole.")
    state = serializers.ChoiceField(SHOWN)
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="First day that is not billed.")
    issue_date = serializers.DateField()
    due_date = serializers.DateField(allow_null=True)
    energy_wh = serializers.IntegerField()
    amount = MoneyField()
    tax = MoneyField(help_text="VAT that the amount contains.")
    balance_before = MoneyField(help_text="Owed when the bill was issued, without it.")
    paid = MoneyField(help_text="What payments have paid of it.")
    open = MoneyField(help_text="What is still to be paid of it.")


class BillPage(serializers.Serializer):
    """One page of bills."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page.")
    previous = serializers.CharField(allow_null=True)
    results = BillShort(many=True)


class Labels(serializers.Serializer):
    """Words by language."""

    zh = serializers.CharField(required=False)
    en = serializers.CharField(required=False)


class BillLineShown(serializers.Serializer):
    """One printed line: quantity x price = amount, rounded once."""

    code = serializers.CharField()
    labels = Labels()
    step = serializers.IntegerField(allow_null=True)
    period_of_use = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    quantity = serializers.CharField(help_text="Decimal text in the unit.")
    price = serializers.CharField(
        allow_blank=True,
        help_text="Major units per unit, as printed; percent of money for a tax. Of energy at hourly prices the mean.",
    )
    margin = serializers.CharField(
        allow_null=True,
        help_text="What is on top of each hour's price, and contained in the mean price; null: the price is no mean.",
    )
    amount = MoneyField()
    tax = MoneyField()


class SegmentShown(serializers.Serializer):
    """One agreement's part of a bill at one price version."""

    id = serializers.IntegerField()
    cancels = serializers.IntegerField(allow_null=True, help_text="The earlier segment that this one takes back.")
    address = serializers.CharField()
    tariff = serializers.CharField()
    tariff_names = Labels()
    legal_source = serializers.CharField()
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    energy_wh = serializers.IntegerField()
    energy_before_wh = serializers.IntegerField(help_text="Used since the tier cycle began, before this segment.")
    is_estimated = serializers.BooleanField()
    amount = MoneyField()
    lines = BillLineShown(many=True)


class ChargeOnBillShown(serializers.Serializer):
    """An amount that is charged once, beside the energy: a connection fee, an instalment, a penalty."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    labels = Labels()
    reason = serializers.CharField(allow_blank=True, help_text="What it is for; empty: a breach of the contract.")
    legal_source = serializers.CharField()
    is_taken_back = serializers.BooleanField(help_text="It takes one back that an earlier bill carried.")
    amount = MoneyField()
    tax = MoneyField()


@extend_schema_serializer(
    examples=[OpenApiExample("October", value={**BILL, "segments": [SEGMENT], "charges": []}, response_only=True)]
)
class BillWhole(BillShort):
    """A bill with its segments, lines and one-off charges."""

    segments = SegmentShown(many=True)
    charges = ChargeOnBillShown(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One bill open",
            value={
                "account": "3100000017",
                "on_date": "2026-11-10",
                "balance": MONEY,
                "overdue": NOTHING,
                "late_fee": NOTHING,
                "next_due_date": "2026-11-22",
            },
            response_only=True,
        )
    ]
)
class TariffCost(serializers.Serializer):
    """What a tariff would have cost."""

    tariff = serializers.CharField(help_text="Code.")
    tariff_names = serializers.DictField(child=serializers.CharField())
    is_current = serializers.BooleanField()
    cost = MoneyField(allow_null=True, help_text="Null: it cannot be computed, see reason.")
    saving = MoneyField(allow_null=True, help_text="Against the present tariff; below 0 it costs more.")
    reason = serializers.CharField(allow_null=True, help_text="Code of why it cannot be computed.")
    message = serializers.CharField(allow_null=True)


class SupplyAdvice(serializers.Serializer):
    """What is advised for one supply."""

    agreement = serializers.CharField(help_text="External id.")
    months = serializers.IntegerField(help_text="Whole months of use that are known, up to 12.")
    months_needed = serializers.IntegerField()
    ready_date = serializers.DateField(allow_null=True, help_text="From when there are enough; null: there are.")
    start_date = serializers.DateField(allow_null=True)
    end_date = serializers.DateField(allow_null=True, help_text="First day that was not looked at.")
    energy_wh = serializers.IntegerField(allow_null=True)
    tariffs = TariffCost(many=True, help_text="Cheapest first; none while there are too few months.")


class AccountAdvice(serializers.Serializer):
    """Which tariff would have been cheapest: the same use at the same hours, at today's prices."""

    account = serializers.CharField()
    on_date = serializers.DateField()
    supplies = SupplyAdvice(many=True)


class BalanceNow(serializers.Serializer):
    """What an account owes."""

    account = serializers.CharField()
    on_date = serializers.DateField()
    balance = MoneyField(help_text="Above 0: owed; below 0: credit.")
    overdue = MoneyField(help_text="Part of it whose due date has passed.")
    late_fee = MoneyField(help_text="Late fee up to today that no note has charged yet; it is not part of the balance.")
    next_due_date = serializers.DateField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Bank transfer",
            value={
                "account": "3100000017", "amount_minor": 19250, "currency": "CNY", "channel": "bank",
                "reference": "BOC-20261103-0007", "received_date": "2026-11-03",
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class PaymentFor(Strict):
    """Money received for something."""

    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST_MINOR, help_text="In minor units: 19250 = ¥192.50.")
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="The supplier's currency.")
    channel = serializers.ChoiceField(CHANNELS)
    received_date = serializers.DateField(help_text="Not after today.")

    def validate_currency(self, value: str) -> str:
        """Refuse money that is not the supplier's."""
        if value != supplier.current().currency:
            raise serializers.ValidationError("The supplier's accounts are kept in another currency.", "wrong_currency")
        return value


class PaymentNew(PaymentFor):
    """Money received."""

    account = serializers.RegexField(ACCOUNT, help_text="Account number.")
    reference = serializers.CharField(
        max_length=REFERENCE_MOST, help_text="The channel's own name of the payment; counts once."
    )


class PaysBill(serializers.Serializer):
    """What a payment paid of a bill."""

    bill = serializers.CharField()
    amount = MoneyField()


@extend_schema_serializer(examples=[OpenApiExample("Bank transfer", value=PAYMENT, response_only=True)])
class PaymentGone(serializers.Serializer):
    """How a payment went back."""

    date = serializers.DateField()
    kind = serializers.ChoiceField([str(one) for one in ReturnKind])
    reason = serializers.CharField()


class PaymentKept(serializers.Serializer):
    """A payment that is booked."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    channel = serializers.CharField()
    reference = serializers.CharField()
    received_date = serializers.DateField()
    amount = MoneyField()
    pays = PaysBill(many=True, help_text="The bills it paid; what is left and was not refunded is credit.")
    refunded = MoneyField(help_text="What was paid back of it.")
    returned = PaymentGone(
        allow_null=True, help_text="It went back or was booked elsewhere, and pays nothing any more; null: it stands."
    )
