"""What the endpoints on batches of write-offs take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.api.decision_contracts import CODE_MOST, CURSOR_MOST
from billing.domain.write_offs import BatchState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict

STATES = [str(one) for one in BatchState]


class _Query(Strict):
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class CandidateQuery(_Query):
    """Which accounts of the list."""

    reason = serializers.CharField(max_length=CODE_MOST, required=False)


class BatchQuery(_Query):
    """Which batches."""

    state = serializers.ChoiceField(STATES, required=False)


@extend_schema_serializer(examples=[OpenApiExample("One reason", value={"reason": "too_small"}, request_only=True)])
class BatchNew(Strict):
    """What of the list is to be given up."""

    reason = serializers.CharField(
        max_length=CODE_MOST, required=False, help_text="Code of the rules of the place; left out: the whole list."
    )


class CandidateShown(serializers.Serializer):
    """An account whose debt might be given up, as the last night found it."""

    account = serializers.CharField()
    reason = serializers.CharField()
    amount = MoneyField()
    bills = serializers.IntegerField(help_text="How many bills are open.")
    oldest_due_date = serializers.DateField()
    listed_date = serializers.DateField(help_text="On the list since.")


class BatchShown(serializers.Serializer):
    """Write-offs that one proposed together; once let go they are made one by one."""

    batch = serializers.IntegerField()
    state = serializers.ChoiceField(STATES, help_text="decided: its write-offs are being made; done: none waits.")
    reason = serializers.CharField(allow_null=True, help_text="null: of every reason.")
    amount = MoneyField(help_text="As it was proposed.")
    count = serializers.IntegerField()
    made = serializers.IntegerField()
    dropped = serializers.IntegerField(help_text="Not made: nothing was open any more, or the batch was dropped.")
    proposed_by = serializers.CharField(help_text="A member of staff, or a program by the name of its key.")
    decided_by = serializers.CharField()


class _Page(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CandidatePage(_Page):
    """A page of the list of what might be written off."""

    results = CandidateShown(many=True)


class BatchPage(_Page):
    """A page of batches."""

    results = BatchShown(many=True)
