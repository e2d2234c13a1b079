"""What the endpoints on accruals of revenue take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.api.book_contracts import MONTH
from billing.api.decision_contracts import CODE_MOST, CURSOR_MOST
from billing.domain.accruals import AccrualState, Outcome
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict

STATES = [str(one) for one in AccrualState]
OUTCOMES = [str(one) for one in Outcome]
ID_TEXT = r"^[1-9][0-9]{0,17}$"


class AccrualQuery(Strict):
    """Which accruals."""

    month = serializers.RegexField(MONTH, required=False)
    state = serializers.ChoiceField(STATES, required=False)
    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class AccountQuery(Strict):
    """Which accounts of an accrual."""

    outcome = serializers.ChoiceField(OUTCOMES, required=False)
    reason = serializers.CharField(max_length=CODE_MOST, required=False)
    cursor = serializers.RegexField(ID_TEXT, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


@extend_schema_serializer(examples=[OpenApiExample("October", value={"month": "2026-10"}, request_only=True)])
class AccrualNew(Strict):
    """A month to be accrued."""

    month = serializers.RegexField(MONTH, help_text="One that is over, as 2026-10.")


class AccrualShown(serializers.Serializer):
    """The accrual of one month."""

    accrual = serializers.IntegerField()
    month = serializers.CharField()
    state = serializers.ChoiceField(STATES, help_text="rating: wait; rated: nothing is posted yet; undone: made anew.")
    posted = MoneyField(allow_null=True, help_text="Without tax; null: it was never posted.")
    waits_for_second = serializers.BooleanField(help_text="To post it is proposed; a second one decides.")
    opened_by = serializers.CharField(help_text="A member of staff, or a program by the name of its key.")
    opened_at = serializers.DateTimeField()
    posted_by = serializers.CharField()
    posted_at = serializers.DateTimeField(allow_null=True)
    replaced_by = serializers.IntegerField(allow_null=True, help_text="The accrual that took its place.")
    is_month_closed = serializers.BooleanField(help_text="A closed month takes none any more.")
    error = serializers.CharField(help_text="Why it failed.")


class AccrualProgress(serializers.Serializer):
    """How many accounts are rated."""

    done = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Of those, accounts that cannot be rated.")
    total = serializers.IntegerField()
    percent = serializers.IntegerField()


class AccrualComponent(serializers.Serializer):
    """What is unbilled under a tariff, by ledger account."""

    tariff = serializers.CharField()
    ledger_account = serializers.CharField()
    accounts = serializers.IntegerField()
    net = MoneyField(help_text="Without tax: what is posted.")
    tax = MoneyField(help_text="Contained in the prices; not posted, none is owed before a bill.")


class AccrualCoverage(serializers.Serializer):
    """Accounts that came out alike."""

    outcome = serializers.ChoiceField(OUTCOMES, help_text="partly: to the day to which usage is known.")
    reason = serializers.CharField(help_text="Why it is not rated, by code; empty elsewhere.")
    accounts = serializers.IntegerField()
    energy_wh = serializers.IntegerField()


class AccrualBackTest(serializers.Serializer):
    """The accrual against what was billed later for the same days, both without tax."""

    accounts = serializers.IntegerField(help_text="All that were accrued.")
    billed_accounts = serializers.IntegerField(help_text="Of those, all of whose days are on bills.")
    accrued = MoneyField()
    billed = MoneyField()
    too_much = MoneyField(help_text="Accrued and not billed.")
    too_much_percent = serializers.CharField(allow_null=True, help_text="Of what was billed; null: nothing was.")


class AccrualWhole(AccrualShown):
    """An accrual with what it comes to, whom it leaves out, and what was billed later for the same days."""

    progress = AccrualProgress(allow_null=True)
    net = MoneyField(help_text="Sum of the components without tax.")
    components = AccrualComponent(many=True)
    coverage = AccrualCoverage(many=True)
    back_test = AccrualBackTest(allow_null=True, help_text="null: it is being rated.")


class AccrualAccount(serializers.Serializer):
    """An account that had unbilled days at the end of the month."""

    account = serializers.CharField()
    outcome = serializers.ChoiceField(OUTCOMES)
    reason = serializers.CharField()
    text = serializers.CharField()
    billed_until = serializers.DateField()
    accrued_until = serializers.DateField(allow_null=True)
    energy_wh = serializers.IntegerField()
    accrued = MoneyField(allow_null=True, help_text="Without tax; null: not accrued.")
    billed = MoneyField(allow_null=True, help_text="Later, without tax; null: not all of its days are on bills.")


class AccrualPage(serializers.Serializer):
    """A page of accruals."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AccrualShown(many=True)


class AccrualAccountPage(serializers.Serializer):
    """A page of the accounts of an accrual."""

    next = serializers.URLField(allow_null=True)
    results = AccrualAccount(many=True)
