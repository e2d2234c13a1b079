"""What the endpoints on plans of instalments take and give."""

from rest_framework import serializers

from arrears.domain.instalments import PARTS_LEAST, PARTS_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

ACCOUNT = r"^[0-9]{1,20}$"


class PlanWished(Strict):
    """In how many parts, on which day of the month."""

    count = WholeNumber(min_value=PARTS_LEAST, max_value=PARTS_MOST, help_text="How many parts.")
    day = WholeNumber(min_value=1, max_value=28, help_text="Day of the month; the place offers some.")
    is_first_now = serializers.BooleanField(help_text="The first part is paid at once.")


class PlanNew(PlanWished):
    """A plan that the customer has agreed to, as it was previewed."""

    reference = serializers.CharField(max_length=100, help_text="Your own name of it; counts once.")
    account = serializers.RegexField(ACCOUNT, help_text="Account number.")
    total_minor = WholeNumber(min_value=1, max_value=10**13, help_text="The total of the preview, in minor units.")


class PlanEnd(Strict):
    """Why a plan ends."""

    reason = serializers.CharField(max_length=200)


class PartPreviewed(serializers.Serializer):
    """A part as it would be."""

    part = serializers.IntegerField(help_text="Counts from 1.")
    due_date = serializers.DateField()
    amount = MoneyField()


class PlanPreviewed(serializers.Serializer):
    """A plan as it would be."""

    total = MoneyField(help_text="What is open of the bills that it covers, with the late fee up to today.")
    late_fee = MoneyField(help_text="Of the total what is charged when the plan holds.")
    bills = serializers.ListField(child=serializers.CharField(), help_text="Numbers of the bills.")
    parts = PartPreviewed(many=True)
    needs_a_person = serializers.ListField(
        child=serializers.CharField(), help_text="Why it cannot be agreed on so: amount, parts, often, broken, cut."
    )


class PartShown(serializers.Serializer):
    """A part as it stands."""

    part = serializers.IntegerField(help_text="Counts from 1.")
    due_date = serializers.DateField()
    amount = MoneyField(help_text="0: it has fallen away.")
    paid = MoneyField()
    paid_date = serializers.DateField(allow_null=True)
    code = serializers.CharField(help_text="Number to pay it with, at agents and by bank.")


class PlanShown(serializers.Serializer):
    """A plan."""

    id = serializers.IntegerField()
    plan = serializers.CharField(help_text="What it is called.")
    account = serializers.CharField()
    state = serializers.CharField(help_text="proposed, offered, kept, completed, broken, cancelled or dropped.")
    total = MoneyField()
    open = MoneyField()
    accepted_date = serializers.DateField(allow_null=True)
    ended_date = serializers.DateField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)
    parts = PartShown(many=True)


class PlansShown(serializers.Serializer):
    """Plans of an account, the latest first."""

    plans = PlanShown(many=True)
