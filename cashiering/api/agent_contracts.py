"""What the endpoints for agents take and give."""

from rest_framework import serializers

from accounts.queries import supplier
from billing.operations.payments import AMOUNT_MOST_MINOR
from cashiering.domain.agents import REASON_LENGTH, REFERENCE
from cis.platform.api_fields import NUMBER_MOST, MoneyField, Strict, WholeNumber


class AccountToPay(serializers.Serializer):
    """As much of an account as whoever pays needs."""

    account = serializers.CharField(help_text="Its number, or the number of the consolidated bill.")
    name = serializers.CharField(help_text="Of the holder, mostly hidden: enough to see that it is the right one.")
    owed = MoneyField(help_text="0: nothing is owed. More may be paid; it stays as credit.")


class AgentPaymentNew(Strict):
    """A payment that was taken."""

    account = serializers.RegexField(
        rf"^[0-9]{{1,{NUMBER_MOST}}}$",
        help_text="Number of an account, of the card of an instalment, or of a consolidated bill.",
    )
    amount_minor = WholeNumber(min_value=1, max_value=AMOUNT_MOST_MINOR, help_text="In minor units: 19250 = ¥192.50.")
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="The supplier's currency.")
    reference = serializers.RegexField(f"^{REFERENCE.pattern}$", help_text="Your own name of the payment; counts once.")

    def validate_currency(self, value: str) -> str:
        """Refuse money that is not the supplier's."""
        if value != supplier.current().currency:
            raise serializers.ValidationError("The supplier's accounts are kept in another currency.", "wrong_currency")
        return value


class AgentCancel(Strict):
    """Why a payment is cancelled."""

    reason = serializers.CharField(max_length=REASON_LENGTH)


class AgentPaymentKept(serializers.Serializer):
    """A payment as we know it."""

    reference = serializers.CharField()
    account = serializers.CharField()
    amount = MoneyField()
    date = serializers.DateField(help_text="The day on which it counts; it is on your list of this day.")
    state = serializers.ChoiceField(["taken", "cancelled"])


class AgentStanding(serializers.Serializer):
    """How an agent stands."""

    code = serializers.CharField()
    limit = MoneyField(help_text="What you may hold at most.")
    held = MoneyField(help_text="Taken and not handed over yet.")
    left = MoneyField(help_text="What you may still take.")
    transfer_text = serializers.CharField(help_text="Write it into transfers by which you hand over.")


class DifferenceShown(serializers.Serializer):
    """Where your list and ours differ; an amount that is null is not on that list."""

    kind = serializers.ChoiceField(["missing_here", "missing_there", "differs"])
    reference = serializers.CharField()
    ours = MoneyField(allow_null=True)
    our_account = serializers.CharField()
    yours = MoneyField(allow_null=True)
    your_account = serializers.CharField()
    verdict = serializers.CharField(help_text='"": nobody has decided yet; theirs: your list counts; ours; came.')


class AgentDayShown(serializers.Serializer):
    """What became of a list."""

    date = serializers.DateField()
    lines = serializers.IntegerField()
    total = MoneyField()
    commission = MoneyField(help_text="What you get for our receipts of the day; reckoned in the night after it.")
    differences = DifferenceShown(many=True)
