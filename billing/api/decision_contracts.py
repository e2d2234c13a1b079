"""What the endpoints on money that two decide about take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.domain.adjustments import AdjustmentState, MovedThing
from billing.domain.refunds import RefundState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

ACCOUNT = r"^[0-9]{1,20}$"
AMOUNT_MOST = 10**12
ID_MOST = 2**62
CURSOR_MOST = 500
STATES = [str(one) for one in AdjustmentState]
CODE_MOST = 40
_TEN = {"amount_minor": 1000, "currency": "CNY", "text": "10.00"}
_DECIDED = {
    "state": "proposed", "proposed_by": "billing portal", "decided_by": "", "made_date": None,
    "reversed_by": "", "reverse_reason": "",
}  # fmt: skip


class _Query(Strict):
    account = serializers.RegexField(ACCOUNT, required=False)
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class DecisionQuery(_Query):
    """Which of them."""

    state = serializers.ChoiceField(STATES, required=False)


class WriteOffQuery(DecisionQuery):
    """Which write-offs."""

    reason = serializers.CharField(max_length=CODE_MOST, required=False)
    batch = serializers.IntegerField(
        min_value=1, max_value=ID_MOST, required=False, help_text="Those of a batch, by its id."
    )


class RefundQuery(_Query):
    """Which refunds."""

    state = serializers.ChoiceField([str(one) for one in RefundState], required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("Agree to it", value={"decision": "agree"}, request_only=True)],
)
class DecisionGiven(Strict):
    """What the second one says."""

    decision = serializers.ChoiceField(["agree", "drop"], help_text="agree: it is posted; drop: it never is.")


@extend_schema_serializer(
    examples=[OpenApiExample("Take it back", value={"reason": "The debtor was found"}, request_only=True)],
)
class ReversalGiven(Strict):
    """Why something that was made is taken back."""

    reason = serializers.CharField(max_length=200)


class RefundDecisionGiven(Strict):
    """What the second one says of a refund."""

    decision = serializers.ChoiceField(["agree", "drop"], help_text="agree: it may be sent; drop: it never is.")
    reason = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text="Why it is dropped; needed there."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Goodwill",
            value={"account": "3100000017", "amount_minor": -1000, "reason": "goodwill", "text": "Outage of 3 March"},
            request_only=True,
        )
    ]
)
class AdjustmentNew(Strict):
    """An amount to be adjusted."""

    account = serializers.RegexField(ACCOUNT)
    amount_minor = WholeNumber(
        min_value=-AMOUNT_MOST, max_value=AMOUNT_MOST, help_text="Above 0: owed, below 0: credited; tax included."
    )
    reason = serializers.CharField(max_length=CODE_MOST, help_text="Code of the rules of the place.")
    text = serializers.CharField(max_length=200, help_text="What it is for; the note prints it.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A payment",
            value={"payment": 12, "to_account": "3100000018", "reason": "Wrong number typed"},
            request_only=True,
        )
    ]
)
class MoneyMoveNew(Strict):
    """Money to be moved: a payment as a whole, or credit of an account."""

    payment = serializers.IntegerField(min_value=1, max_value=ID_MOST, required=False)
    from_account = serializers.RegexField(ACCOUNT, required=False, help_text="Whose credit it is.")
    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST, required=False, help_text="Of credit.")
    to_account = serializers.RegexField(ACCOUNT)
    reason = serializers.CharField(max_length=200)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Nobody is there any more",
            value={"account": "3100000017", "reason": "holder_gone", "evidence": "Two letters came back"},
            request_only=True,
        )
    ]
)
class WriteOffNew(Strict):
    """A debt to be given up."""

    account = serializers.RegexField(ACCOUNT)
    reason = serializers.CharField(
        max_length=CODE_MOST, help_text="Code of the rules of the place; one that is shown by a paper is for the desk."
    )
    evidence = serializers.CharField(max_length=300, help_text="What shows that it will not be paid.")
    bills = serializers.ListField(
        child=serializers.RegexField(ACCOUNT),
        required=False,
        allow_empty=False,
        max_length=500,
        help_text="Numbers of bills; left out: all that is past its due date.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To a bank account",
            value={
                "account": "3100000017",
                "amount_minor": 1000,
                "payee": "张三",
                "bank_account": "6222021234567890123",
            },
            request_only=True,
        )
    ]
)
class RefundNew(Strict):
    """Credit to be paid out by bank."""

    account = serializers.RegexField(ACCOUNT)
    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST)
    payee = serializers.CharField(max_length=70)
    bank_account = serializers.CharField(max_length=60)
    bank_code = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class _Decided(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(STATES, help_text="proposed: waits for a second one; nothing is posted.")
    amount = MoneyField()
    proposed_by = serializers.CharField(help_text="A member of staff, or a program by the name of its key.")
    decided_by = serializers.CharField()
    made_date = serializers.DateField(allow_null=True)
    reversed_by = serializers.CharField(help_text="Who took it back; empty: nobody.")
    reverse_reason = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Waits",
            value={"id": 3, "account": "3100000017", "amount": _TEN, "reason": "goodwill", "text": "Outage of 3 March",
                   "note": None, **_DECIDED},
            response_only=True,
        )
    ]
)  # fmt: skip
class AdjustmentShown(_Decided):
    """An adjustment; the amount is above 0: owed, below 0: credited."""

    account = serializers.CharField()
    reason = serializers.CharField()
    text = serializers.CharField()
    note = serializers.CharField(allow_null=True, help_text="Number of the note that posts it.")


class MoneyMoveShown(_Decided):
    """Money that was moved, or is to be."""

    thing = serializers.ChoiceField([str(one) for one in MovedThing])
    from_account = serializers.CharField()
    to_account = serializers.CharField()
    reason = serializers.CharField()
    payment_reference = serializers.CharField(allow_null=True)


class WriteOffShown(_Decided):
    """A debt that was given up, or is to be."""

    account = serializers.CharField()
    reason = serializers.CharField()
    evidence = serializers.CharField()
    came_back = MoneyField(help_text="Of it, what came in later or was cancelled.")
    batch = serializers.IntegerField(allow_null=True, help_text="Id of the batch that it came with.")
    note = serializers.CharField(allow_null=True, help_text="Number of the note that posts it.")


class RefundShown(serializers.Serializer):
    """Credit that is paid out; the bank account is shown by its end alone."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in RefundState])
    amount = MoneyField()
    due_by_date = serializers.DateField()
    payee = serializers.CharField()
    bank_account = serializers.CharField()
    reason = serializers.CharField()
    reference = serializers.CharField(help_text="Of the bank; empty: not sent yet.")
    paid_date = serializers.DateField(allow_null=True)
    returned_date = serializers.DateField(allow_null=True)


class _Page(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class AdjustmentPage(_Page):
    """A page of adjustments."""

    results = AdjustmentShown(many=True)


class MoneyMovePage(_Page):
    """A page of moved money."""

    results = MoneyMoveShown(many=True)


class WriteOffPage(_Page):
    """A page of write-offs."""

    results = WriteOffShown(many=True)


class RefundPage(_Page):
    """A page of refunds."""

    results = RefundShown(many=True)
