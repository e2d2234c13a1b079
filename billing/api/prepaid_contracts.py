"""What the endpoints on prepaid accounts take and give."""

from rest_framework import serializers

from billing.domain.prepay import Level, Review
from cis.platform.api_fields import MoneyField, Strict


class PrepaidShown(serializers.Serializer):
    """A prepaid account now."""

    account = serializers.CharField()
    since_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True, help_text="It pays after it used from then on.")
    agreement_reference = serializers.CharField()
    level = serializers.ChoiceField([one.value for one in Level])
    balance = MoneyField(allow_null=True, help_text="What is left; null: no night has rated it yet.")
    unbilled = MoneyField(allow_null=True, help_text="Cost of energy that is on no bill yet.")
    rated_until = serializers.DateField(allow_null=True, help_text="Energy is known up to this day, exclusive.")
    cut_date = serializers.DateField(allow_null=True, help_text="The supply may be cut off from then on.")
    review = serializers.ChoiceField(
        ["", *(one.value for one in Review)], help_text="Why the last night waits for a person; empty: it does not."
    )


class SwitchOn(Strict):
    """From when an account pays before it uses."""

    since_date = serializers.DateField()
    agreement_reference = serializers.CharField(max_length=100, help_text="Number of the signed agreement.")


class SwitchOff(Strict):
    """From when it pays after it used again."""

    until_date = serializers.DateField()
    reason = serializers.CharField(max_length=200)
