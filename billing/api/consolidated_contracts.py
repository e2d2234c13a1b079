"""What the endpoints on consolidated bills take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.api.contracts import PaymentFor, PaysBill
from billing.api.e_invoice_contracts import MONTH
from billing.operations.consolidated_payments import REFERENCE_MOST
from billing.operations.consolidations import ACCOUNTS_MOST, ADDRESS_MOST, NAME_MOST
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict

ACCOUNT = r"^[0-9]{1,20}$"
CURSOR_MOST = 500
_MONEY = {"amount_minor": 1851000, "currency": "CNY", "text": "18510.00"}
BILL = {
    "number": "900000000016", "consolidation": 3, "customer": "连锁商店有限公司", "name": "华东门店",
    "month": "2026-10", "issue_date": "2026-11-03", "due_date": "2026-11-18", "bills": 3, "energy_kwh": "30000.000",
    "amount": _MONEY, "tax": {"amount_minor": 212947, "currency": "CNY", "text": "2129.47"}, "to_pay": _MONEY,
    "open": _MONEY, "state": "open", "credit_account": "3100000017",
}  # fmt: skip


class ConsolidatedQuery(Strict):
    """Which consolidated bills."""

    account = serializers.RegexField(ACCOUNT, required=False, help_text="Of who holds this account today.")
    month = serializers.RegexField(MONTH, required=False, help_text="As 2026-10.")
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


@extend_schema_serializer(examples=[OpenApiExample("Not paid yet", value=BILL, response_only=True)])
class ConsolidatedShown(serializers.Serializer):
    """A consolidated bill."""

    number = serializers.CharField(help_text="What a transfer names to pay the whole.")
    consolidation = serializers.IntegerField()
    customer = serializers.CharField()
    name = serializers.CharField()
    month = serializers.CharField()
    issue_date = serializers.DateField()
    due_date = serializers.DateField()
    bills = serializers.IntegerField()
    energy_kwh = serializers.CharField()
    amount = MoneyField(help_text="All bills together; one that is a credit counts below 0.")
    tax = MoneyField(help_text="Contained in the amount.")
    to_pay = MoneyField(help_text="Open of its bills when it was made.")
    open = MoneyField(help_text="Open of them now.")
    state = serializers.ChoiceField(["open", "paid", "nothing"], help_text="nothing: to pay.")
    credit_account = serializers.CharField(help_text="Gets what is paid too much.")


class ConsolidatedPage(serializers.Serializer):
    """A page of consolidated bills."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ConsolidatedShown(many=True)


class CollectedBillShown(serializers.Serializer):
    """A bill that was collected."""

    account = serializers.CharField()
    bill = serializers.CharField()
    state = serializers.CharField(help_text="cancelled: nothing of it is open any more.")
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    energy_kwh = serializers.CharField()
    amount = MoneyField()
    tax = MoneyField()
    open = MoneyField()


class TaxShown(serializers.Serializer):
    """What the bills come to at one rate of tax."""

    percent = serializers.IntegerField()
    amount = MoneyField()
    tax = MoneyField()


class GapShown(serializers.Serializer):
    """An account whose bill is missing."""

    account = serializers.CharField()
    reason = serializers.CharField()


class ConsolidatedWhole(ConsolidatedShown):
    """A consolidated bill with its bills."""

    items = CollectedBillShown(many=True)
    taxes = TaxShown(many=True)
    missing = GapShown(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Bank transfer",
            value={
                "amount_minor": 1851000, "currency": "CNY", "channel": "bank", "reference": "BOC-1",
                "received_date": "2026-11-20",
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class WholePaymentNew(PaymentFor):
    """Money received for a consolidated bill."""

    reference = serializers.CharField(
        max_length=REFERENCE_MOST, help_text="The channel's own name of the payment; counts once."
    )


class PaidPartShown(serializers.Serializer):
    """What an account got of a payment for a consolidated bill."""

    payment = serializers.IntegerField(help_text="For GET /payments/{id}.")
    account = serializers.CharField()
    amount = MoneyField()


class WholePaymentKept(serializers.Serializer):
    """A payment for a consolidated bill."""

    id = serializers.IntegerField()
    consolidated_bill = serializers.CharField()
    channel = serializers.CharField()
    reference = serializers.CharField()
    received_date = serializers.DateField()
    returned_date = serializers.DateField(allow_null=True, help_text="null: it stands.")
    amount = MoneyField()
    parts = PaidPartShown(many=True, help_text="In the order in which they pay; too much is credit of the last.")
    pays = PaysBill(many=True, help_text="The bills that it paid.")


class WholePaymentList(serializers.Serializer):
    """Payments for a consolidated bill, the latest first."""

    results = WholePaymentKept(many=True)


class ConsolidationQuery(Strict):
    """Whose arrangements."""

    account = serializers.RegexField(ACCOUNT, help_text="Of who holds this account today.")


class ConsolidationGiven(Strict):
    """Which accounts are billed together, all of them."""

    name = serializers.CharField(max_length=NAME_MOST)
    address = serializers.CharField(max_length=ADDRESS_MOST, required=False, allow_blank=True)
    accounts = serializers.ListField(
        child=serializers.RegexField(ACCOUNT), min_length=2, max_length=ACCOUNTS_MOST, help_text="Of one customer."
    )
    credit_account = serializers.RegexField(ACCOUNT, help_text="One of them; gets what is paid too much.")
    from_date = serializers.DateField(help_text="Bills that are issued from this day on; not past.")


class MemberShown(serializers.Serializer):
    """An account of an arrangement; end_date null: until further notice."""

    account = serializers.CharField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(allow_null=True)


class ConsolidationShown(serializers.Serializer):
    """An arrangement."""

    consolidation = serializers.IntegerField()
    customer = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    credit_account = serializers.CharField()
    ended_date = serializers.DateField(allow_null=True)
    waiting_bills = serializers.IntegerField(help_text="Bills that wait for the next consolidated bill.")
    accounts = MemberShown(many=True)


class ConsolidationList(serializers.Serializer):
    """The arrangements of a customer."""

    results = ConsolidationShown(many=True)
