"""What the endpoints on programmes and enrolments take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import BothLanguages, MoneyField, Strict
from contracts.domain.financing import FinancingState
from contracts.domain.programs import EnrollmentState, ProgramKind, ProgramState

ACCOUNT = r"^[0-9]{1,20}$"
MONEY = {"amount_minor": 19900, "currency": "CNY", "text": "199.00"}
PROGRAM = {
    "code": "heat-pump-lease", "kind": "lease", "state": "published",
    "names": {"zh": "热泵租赁", "en": "Heat pump lease"},
    "device": {"zh": "空气源热泵", "en": "Air-source heat pump"}, "texts": {"zh": "……", "en": "..."}, "months": 36,
    "monthly": MONEY, "price": None, "down_payment": None, "interest_percent": "0.0000", "green_blocks": 0,
    "events": None,
    "valid_from": "2026-01-01", "valid_until": None, "customer_classes": ["residential"], "tariffs": [],
    "sha256": "9f2c" * 16,
}  # fmt: skip
ENROLMENT = {
    "id": 7, "program": "heat-pump-lease", "account": "3100000017", "state": "running", "start_date": "2026-12-01",
    "end_date": "2029-12-01", "cancel_until": "2026-12-08", "signed_at": "2026-12-01T02:10:00Z", "serial": "",
    "financing": None, "schedule": [{
        "seq": 1, "due_date": "2026-12-01", "amount": MONEY, "interest": {**MONEY, "amount_minor": 0, "text": "0.00"},
        "is_ours": True, "is_waived": False, "is_charged": True,
    }],
}  # fmt: skip


class EventTermsShown(serializers.Serializer):
    """What is agreed on events of demand response."""

    credit_a_kwh = MoneyField(help_text="For each kWh saved.")
    limit_w = serializers.IntegerField(help_text="Power that a supply is limited to in an event; 0: none. [W]")
    notice_minutes = serializers.IntegerField(help_text="Told so long before an event at least.")
    opt_out_minutes = serializers.IntegerField(help_text="One may opt out until so long before it.")
    events_most = serializers.IntegerField(help_text="So many events in a calendar year at most.")


@extend_schema_serializer(examples=[OpenApiExample("A lease", value=PROGRAM)])
class ProgramShown(serializers.Serializer):
    """A programme that customers may sign."""

    code = serializers.CharField()
    kind = serializers.ChoiceField([str(one) for one in ProgramKind])
    state = serializers.ChoiceField([str(one) for one in ProgramState])
    names = BothLanguages()
    device = BothLanguages(help_text="Equipment; empty: none.")
    texts = BothLanguages(help_text="What is signed: show it to the customer.")
    months = serializers.IntegerField(help_text="So many months, or instalments.")
    monthly = MoneyField(help_text="Rent or fee, or a usual instalment.")
    price = MoneyField(allow_null=True)
    down_payment = MoneyField(allow_null=True)
    interest_percent = serializers.CharField(help_text="A year.")
    green_blocks = serializers.IntegerField()
    events = EventTermsShown(allow_null=True, help_text="Of demand response.")
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True, help_text="First day on which it cannot be joined any more.")
    customer_classes = serializers.ListField(child=serializers.CharField())
    tariffs = serializers.ListField(child=serializers.CharField())
    sha256 = serializers.CharField(help_text="Of all that is signed: give it back with the enrolment.")


class ProgramPage(serializers.Serializer):
    """One page of programmes."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ProgramShown(many=True)


class ProgramQuery(Strict):
    """Which programmes are listed."""

    open_on = serializers.DateField(required=False, help_text="Those that may be joined on a date.")
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=1_000)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Joining a lease",
            value={
                "program": "heat-pump-lease", "account": "3100000017", "start_date": "2026-12-01",
                "accepted_sha256": "9f2c" * 16, "signed_name": "张三",
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class EnrolmentNew(Strict):
    """A programme that a customer has signed at your door."""

    program = serializers.CharField(max_length=40, help_text="Code.")
    account = serializers.RegexField(ACCOUNT, help_text="Account number.")
    supply = serializers.CharField(
        max_length=64, required=False, help_text="External id of the agreement that it is for; absent: the first."
    )
    start_date = serializers.DateField(help_text="From today, within a year.")
    accepted_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="sha256 of the programme that was shown.")
    signed_name = serializers.CharField(max_length=150, help_text="Who accepted it.")


class RowShown(serializers.Serializer):
    """One amount of a schedule."""

    seq = serializers.IntegerField(help_text="0: the down payment.")
    due_date = serializers.DateField()
    amount = MoneyField()
    interest = MoneyField(help_text="Contained in it.")
    is_ours = serializers.BooleanField(help_text="False: it is paid to a partner bank.")
    is_waived = serializers.BooleanField(help_text="It is never owed.")
    is_charged = serializers.BooleanField(help_text="A bill carries it, or the next one will.")


@extend_schema_serializer(examples=[OpenApiExample("A lease", value=ENROLMENT)])
class EnrolmentShown(serializers.Serializer):
    """An enrolment with its schedule."""

    id = serializers.IntegerField()
    program = serializers.CharField()
    account = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in EnrollmentState])
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="First day after it.")
    cancel_until = serializers.DateField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)
    serial = serializers.CharField(allow_blank=True, help_text="Of the device; empty: none, or not handed over.")
    financing = serializers.ChoiceField([str(one) for one in FinancingState], allow_null=True)
    schedule = RowShown(many=True)
