"""What the endpoints on deposits take and give."""

from rest_framework import serializers

from billing.domain.deposit_requests import RequestKind
from billing.domain.deposits import DepositState, MoveKind, Standing
from billing.queries.deposits import DUE
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

ACCOUNT = r"^[0-9]{1,20}$"
AMOUNT_MOST = 10**13
CAUSES = ["new_customer", "after_disconnection", "temporary_supply", "no_history", "credit_score"]
STANDINGS = [*(str(one) for one in Standing), *(str(one) for one in DepositState if one is not DepositState.OPEN)]


class DepositQuery(Strict):
    """Which deposits."""

    account = serializers.RegexField(ACCOUNT, required=False)
    standing = serializers.ChoiceField([*STANDINGS, DUE], required=False, help_text="due: to be looked at for return.")
    cause = serializers.ChoiceField(CAUSES, required=False)
    cursor = serializers.RegexField(r"^[0-9]{1,18}$", required=False, help_text="From next.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class DepositNew(Strict):
    """A deposit to demand."""

    account = serializers.RegexField(ACCOUNT)
    cause = serializers.ChoiceField(CAUSES)
    amount_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, required=False, help_text="Left out: as computed; never more."
    )
    expected_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, required=False, help_text="Expected cost of a month, without bills."
    )
    reason = serializers.CharField(max_length=200, required=False, help_text="Needed for less than computed.")
    is_paid_out = serializers.BooleanField(required=False, help_text="To be paid out when it comes back.")


class ReturnGiven(Strict):
    """What is asked."""

    kind = serializers.ChoiceField([str(one) for one in RequestKind], required=False, help_text="Left out: return.")
    amount_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, required=False, help_text="Of reduce and waive: by how much."
    )
    reason = serializers.CharField(max_length=200)


class DepositShown(serializers.Serializer):
    """A deposit."""

    deposit = serializers.IntegerField()
    account = serializers.CharField()
    cause = serializers.CharField()
    standing = serializers.ChoiceField(STANDINGS)
    demanded = MoneyField()
    held = MoneyField()
    open = MoneyField(help_text="Demanded and not paid.")
    given_back = MoneyField()
    interest = MoneyField(help_text="Credited so far.")
    demanded_date = serializers.DateField()
    due_date = serializers.DateField(allow_null=True)
    interest_date = serializers.DateField(help_text="Next day on which interest is credited.")
    look_date = serializers.DateField(allow_null=True, help_text="Next day on which its return is looked at.")
    ended_date = serializers.DateField(allow_null=True)
    is_paid_out = serializers.BooleanField()


class DepositPage(serializers.Serializer):
    """One page of deposits, the latest first."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page.")
    results = DepositShown(many=True)


class MoveShown(serializers.Serializer):
    """Something that happened to a deposit."""

    kind = serializers.ChoiceField([str(one) for one in MoveKind])
    day = serializers.DateField()
    amount = MoneyField()
    note = serializers.CharField(allow_blank=True, help_text="Number of the note.")


class MonthShown(serializers.Serializer):
    """A month of payment: what fell due in it, what was paid late, what was demanded."""

    start = serializers.DateField()
    end = serializers.DateField(help_text="First day after it.")
    due = serializers.IntegerField()
    late = serializers.IntegerField()
    demands = serializers.IntegerField()


class DepositWhole(DepositShown):
    """A deposit with its history and its months of payment."""

    held_since = serializers.DateField(allow_null=True)
    accrued = MoneyField(help_text="Earned and not credited yet.")
    months_missing = serializers.IntegerField(allow_null=True, help_text="Null: not for good payment, or not held.")
    months = MonthShown(many=True)
    moves = MoveShown(many=True)
    supply_waits = serializers.BooleanField(help_text="No current is switched on before it is paid.")
    is_waiting = serializers.BooleanField(help_text="A request waits for a second person.")
