"""What the endpoints on offers take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import NUMBER_MOST, BothLanguages, MoneyField, Strict, WholeNumber
from contracts.domain.agreements import HOUSEHOLD_MOST, POWER_MOST_W
from contracts.domain.charge_kinds import BY_NOTE, OF_BREACH, OF_PROGRAMMES, ChargeKind
from contracts.domain.offer_workflow import OfferState
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from metering.domain.places import Voltage

TEXT_MOST = 300
NAME_MOST = 64
CURSOR_MOST = 500
AMOUNT_MOST = 10**13
WH_MOST = 10**13
FEE_KINDS = [
    kind.value for kind in ChargeKind if kind not in (*OF_BREACH, *OF_PROGRAMMES, *BY_NOTE, ChargeKind.LATE_FEE)
]
OFFER = {
    "offer": 12, "reference": "A000012-1", "state": "sent", "application": "A260000005", "account": None,
    "recipient": "周婷", "address": "上海市普陀区长寿路104号", "use_class": "residential", "voltage": "220V",
    "valid_until": "2026-12-28", "sent_at": "2026-11-28T02:10:00Z", "contract": None,
    "fees": [{"kind": {"zh": "接电费", "en": "Connection fee"}, "reason": "meter box", "amount": {
        "amount_minor": 30000, "currency": "CNY", "text": "300.00"}}],
    "tariffs": [{"tariff": "RES-STEP", "name": {"zh": "居民阶梯", "en": "Residential, steps"}, "year": {
        "amount_minor": 148000, "currency": "CNY", "text": "1480.00"}, "obstacle": "", "is_chosen": False}],
}  # fmt: skip


class FeeGiven(Strict):
    """An amount that is charged once."""

    kind = serializers.ChoiceField(FEE_KINDS)
    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST, help_text="Before a tax that comes on top.")
    reason = serializers.CharField(max_length=200)


class UseGiven(Strict):
    """Estimated use, of which a year is priced; what no share names is flat."""

    month_wh = WholeNumber(min_value=1, max_value=WH_MOST)
    household = serializers.IntegerField(min_value=1, max_value=HOUSEHOLD_MOST, required=False, default=1)
    sharp_percent = serializers.IntegerField(min_value=0, max_value=100, required=False, default=0)
    peak_percent = serializers.IntegerField(min_value=0, max_value=100, required=False, default=0)
    valley_percent = serializers.IntegerField(min_value=0, max_value=100, required=False, default=0)
    peak_w = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False, default=None, allow_null=True)
    contract_w = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False, default=None, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The answer to an application",
            value={
                "application": "A260000005", "supply_mode": "low_single_phase", "metering_side": "low_low",
                "boundary_zh": "用电计量装置出线端子", "boundary_en": "the outgoing terminals of the meter",
                "use": {"month_wh": 200000, "household": 3},
                "fees": [{"kind": "connection", "amount_minor": 30000, "reason": "meter box"}],
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class OfferNew(Strict):
    """
    An offer to draft: to an application, or to who holds an account.

    Address, use class, voltage and capacity that are left out are those that the application asks for; for an account
    they are needed.
    """

    application = serializers.CharField(max_length=NUMBER_MOST, required=False)
    account = serializers.RegexField(r"^[0-9]{1,20}$", required=False)
    address = serializers.CharField(max_length=TEXT_MOST, required=False)
    use_class = serializers.ChoiceField([str(one) for one in UseClass], required=False)
    voltage = serializers.ChoiceField([str(one) for one in Voltage], required=False)
    capacity_va = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    supply_mode = serializers.ChoiceField([str(one) for one in SupplyMode])
    metering_side = serializers.ChoiceField([str(one) for one in MeteringSide])
    boundary_zh = serializers.CharField(max_length=TEXT_MOST, required=False, default="", allow_blank=True)
    boundary_en = serializers.CharField(max_length=TEXT_MOST, required=False, default="", allow_blank=True)
    use = UseGiven()
    fees = serializers.ListField(child=FeeGiven(), required=False, default=list, max_length=20)
    tariffs = serializers.ListField(
        child=serializers.CharField(max_length=NAME_MOST), required=False, default=list, max_length=6,
        help_text="Codes, in their order; none: those that are open to such a customer.",
    )  # fmt: skip
    valid_until = serializers.DateField(
        required=False, default=None, allow_null=True, help_text="Null: as the pack says."
    )
    note = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class AcceptGiven(Strict):
    """Which tariff is chosen."""

    tariff = serializers.CharField(max_length=NAME_MOST, help_text="Code; one that the offer names.")


class OfferQuery(Strict):
    """Which offers."""

    state = serializers.ChoiceField([str(one) for one in OfferState], required=False)
    text = serializers.CharField(max_length=100, required=False, help_text="In name or address.")
    application = serializers.CharField(max_length=NUMBER_MOST, required=False)
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class OfferShort(serializers.Serializer):
    """An offer in a list."""

    offer = serializers.IntegerField(help_text="Id in addresses.")
    reference = serializers.CharField(help_text="As printed.")
    state = serializers.ChoiceField([str(one) for one in OfferState])
    application = serializers.CharField(allow_null=True, help_text="Number of what it answers; null: an account.")
    account = serializers.CharField(allow_null=True)
    recipient = serializers.CharField()
    address = serializers.CharField()
    use_class = serializers.CharField()
    voltage = serializers.CharField()
    valid_until = serializers.DateField()
    sent_at = serializers.DateTimeField(allow_null=True)


class OfferPage(serializers.Serializer):
    """A page of offers."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = OfferShort(many=True)


class FeeShown(serializers.Serializer):
    """A fee with its tax."""

    kind = BothLanguages()
    reason = serializers.CharField()
    amount = MoneyField()


class TariffShown(serializers.Serializer):
    """A tariff that may be chosen, with what a year of the estimated use would cost."""

    tariff = serializers.CharField()
    name = BothLanguages()
    year = MoneyField(allow_null=True, help_text="Null: it could not be told, see obstacle.")
    obstacle = serializers.CharField()
    is_chosen = serializers.BooleanField()


@extend_schema_serializer(examples=[OpenApiExample("Sent", value=OFFER, response_only=True)])
class OfferWhole(OfferShort):
    """An offer with its fees, its tariffs, and the contract that came of it."""

    contract = serializers.CharField(allow_null=True, help_text="Number of its contract, once accepted.")
    fees = FeeShown(many=True)
    tariffs = TariffShown(many=True)
