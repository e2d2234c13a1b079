"""What the endpoints on changes of use take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict, WholeNumber
from contracts.domain.agreements import HOUSEHOLD_MOST, POWER_MOST_W
from contracts.domain.changes import ChangeKind, ChangeState

NAME_MOST = 64
ACCOUNT = r"^[0-9]{1,20}$"
CHANGE = {
    "id": 12, "kind": "move_out", "state": "confirmed", "account": "3100000017", "supply": "SP-0017",
    "asked_date": "2026-11-20", "effective_date": "2026-12-01", "until_date": None, "new_account": None,
    "stuck": None, "missing_papers": [], "moves": [
        {"at": "2026-11-20T02:10:00Z", "action": "confirm", "state": "confirmed", "by": "crm", "reason": ""},
    ],
}  # fmt: skip


class ReadGiven(Strict):
    """What a counter shows at the instant of the change."""

    meter = serializers.CharField(max_length=40, help_text="Serial number.")
    register = serializers.CharField(max_length=20, required=False, default="", help_text="Code; empty: its only one.")
    reading_wh = WholeNumber(min_value=0, max_value=10**15, help_text="Before the multiplier.")


class PartGiven(Strict):
    """One part of a split (a new supply), or of a merge (a supply that is given up)."""

    supply = serializers.CharField(max_length=NAME_MOST, help_text="External id of the service point.")
    customer = serializers.CharField(
        max_length=NAME_MOST, required=False, help_text="External id; of a split, who gets the new supply."
    )
    tariff = serializers.CharField(max_length=NAME_MOST, required=False, help_text="Code.")
    household = serializers.IntegerField(min_value=1, max_value=HOUSEHOLD_MOST, required=False, default=1)
    capacity_va = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Moving out",
            value={
                "kind": "move_out", "account": "3100000017", "supply": "SP-0017", "effective_date": "2026-12-01",
                "reads": [{"meter": "33000001", "register": "total", "reading_wh": 12450000}],
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class ChangeNew(Strict):
    """A change that is asked for; which fields a kind takes is said in the guide on changes of use."""

    kind = serializers.ChoiceField([str(kind) for kind in ChangeKind])
    account = serializers.RegexField(ACCOUNT, help_text="Account number; of who is supplied, or moves in.")
    supply = serializers.CharField(
        max_length=NAME_MOST, required=False,
        help_text="External id of the service point: of the supply that is changed, or where one begins.",
    )  # fmt: skip
    effective_date = serializers.DateField(help_text="Holds from 00:00 of this local date on.")
    asked_date = serializers.DateField(required=False, help_text="When the customer asked for it; today if left out.")
    until_date = serializers.DateField(required=False, help_text="First date on which it holds no more.")
    customer = serializers.CharField(max_length=NAME_MOST, required=False, help_text="External id of who comes.")
    name = serializers.CharField(max_length=200, required=False)
    tariff = serializers.CharField(max_length=NAME_MOST, required=False, help_text="Code.")
    household = serializers.IntegerField(min_value=1, max_value=HOUSEHOLD_MOST, required=False)
    capacity_va = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    suspended_va = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    contract_w = WholeNumber(min_value=1, max_value=POWER_MOST_W, required=False)
    position = serializers.CharField(max_length=200, required=False, help_text="Where the meter is to hang.")
    parts = PartGiven(many=True, required=False)
    reads = ReadGiven(many=True, required=False)
    reason = serializers.CharField(max_length=300, required=False)


class WithdrawGiven(Strict):
    """Why a change is taken back."""

    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class MoveMade(serializers.Serializer):
    """One step of a change."""

    at = serializers.DateTimeField()
    action = serializers.CharField()
    state = serializers.CharField()
    by = serializers.CharField()
    reason = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("Moving out", value=CHANGE, response_only=True)])
class ChangeKept(serializers.Serializer):
    """A change as it stands."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([str(kind) for kind in ChangeKind])
    state = serializers.ChoiceField([str(state) for state in ChangeState])
    account = serializers.CharField(allow_null=True)
    supply = serializers.CharField(allow_null=True)
    asked_date = serializers.DateField()
    effective_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True)
    new_account = serializers.CharField(allow_null=True, help_text="That the change has opened.")
    stuck = serializers.CharField(allow_null=True, help_text="Why it could not take hold on its date.")
    missing_papers = serializers.ListField(child=serializers.CharField(), help_text="What is to be proven yet.")
    moves = MoveMade(many=True)
