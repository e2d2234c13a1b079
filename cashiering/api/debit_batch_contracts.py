"""What the endpoints on batches of debits take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cashiering.domain.debit_batches import BatchState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict

CURSOR_MOST = 500
STATES = [str(one) for one in BatchState]


class DebitQuery(Strict):
    """Which page of the debits of a batch."""

    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class BatchQuery(DebitQuery):
    """Which batches."""

    state = serializers.ChoiceField(STATES, required=False)


@extend_schema_serializer(examples=[OpenApiExample("Let it go", value={"decision": "release"}, request_only=True)])
class DebitDecisionGiven(Strict):
    """What the second one says of a batch."""

    decision = serializers.ChoiceField(["release", "keep"], help_text="release: its file goes; keep: it waits.")


class DebitBatchShown(serializers.Serializer):
    """Debits that go to the bank in one file, and what became of them."""

    batch = serializers.IntegerField()
    reference = serializers.CharField(help_text="By which the bank knows its file.")
    state = serializers.ChoiceField(STATES, help_text="made: above the bound, two decide; sent: the bank has it.")
    made_date = serializers.DateField()
    count = serializers.IntegerField()
    amount = MoneyField()
    collected = MoneyField(help_text="Of it money by now.")
    came_back = MoneyField(help_text="Rejected or returned by the bank.")
    under_way = MoneyField()
    has_file = serializers.BooleanField()
    sha256 = serializers.CharField(allow_blank=True, help_text="Of the file.")
    proposed_by = serializers.CharField(
        allow_blank=True, help_text="A member of staff, or a program by the name of its key."
    )
    released_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    bank_says = serializers.CharField(allow_blank=True, help_text="Why the bank did not take it.")


class DebitShown(serializers.Serializer):
    """One debit of a batch; of the number of the account at the bank its end alone."""

    debit = serializers.CharField(help_text="By which the bank knows it.")
    state = serializers.CharField()
    account = serializers.CharField()
    bill = serializers.CharField()
    mandate = serializers.CharField()
    holder_name = serializers.CharField()
    bank_account = serializers.CharField(help_text="The last four signs.")
    amount = MoneyField()
    collection_date = serializers.DateField()
    collected_date = serializers.DateField(allow_null=True)
    returned_date = serializers.DateField(allow_null=True)
    return_code = serializers.CharField(allow_blank=True)


class _Page(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class DebitBatchPage(_Page):
    """A page of batches."""

    results = DebitBatchShown(many=True)


class DebitPage(_Page):
    """A page of the debits of a batch."""

    results = DebitShown(many=True)
