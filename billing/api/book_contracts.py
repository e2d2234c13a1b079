"""What the endpoints of the books take and give."""

from rest_framework import serializers

from billing.api.contracts import ACCOUNT
from billing.domain.ageing import Band
from billing.domain.entries import TransferKind
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict

CODE = r"^[a-z][a-z0-9_.]{0,39}$"
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
BANDS = [band.value for band in Band]


class AgeingQuery(Strict):
    """As of which day."""

    day = serializers.DateField(required=False, help_text="Not after today, which it is if left out.")


class AgedQuery(AgeingQuery):
    """Which accounts, as of which day."""

    customer_class = serializers.RegexField(r"^[a-z_]{0,40}$", required=False, allow_blank=True)
    band = serializers.ChoiceField(BANDS, required=False)
    cursor = serializers.RegexField(ACCOUNT, required=False, help_text="From next.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class BandAmount(serializers.Serializer):
    """What is owed at one age, and by how many accounts."""

    band = serializers.ChoiceField(BANDS, help_text="Days past the due date; credit: money that pays nothing yet.")
    amount = MoneyField()
    accounts = serializers.IntegerField()


class AgeingOfClass(serializers.Serializer):
    """One class of use."""

    customer_class = serializers.CharField(allow_blank=True, help_text="Empty: nobody knows one.")
    bands = BandAmount(many=True)
    balance = MoneyField(help_text="Debts less credit.")


class AgeingShown(serializers.Serializer):
    """The debts of all accounts as of the end of a day."""

    day = serializers.DateField()
    classes = AgeingOfClass(many=True)
    bands = BandAmount(many=True)
    balance = MoneyField(help_text="What the ledger says that all customers owe together.")


class AgedBand(serializers.Serializer):
    """What an account owes at one age."""

    band = serializers.ChoiceField(BANDS)
    amount = MoneyField()


class AgedAccount(serializers.Serializer):
    """One account that owes or has credit."""

    account = serializers.CharField()
    customer_class = serializers.CharField(allow_blank=True)
    oldest_due_date = serializers.DateField(allow_null=True)
    bands = AgedBand(many=True)
    balance = MoneyField()


class AgedPage(serializers.Serializer):
    """One page of accounts, by their numbers."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page.")
    results = AgedAccount(many=True)


class BalanceLine(serializers.Serializer):
    """One ledger account in a month; a balance above 0 is a debit."""

    code = serializers.CharField(help_text="customer is all customers together.")
    opening = MoneyField()
    debit = MoneyField()
    credit = MoneyField()
    closing = MoneyField()


class TrialBalance(serializers.Serializer):
    """The trial balance of a month."""

    month = serializers.CharField()
    state = serializers.ChoiceField(["open", "proposed", "closed"])
    hash = serializers.CharField(allow_blank=True, help_text="Of the closed month; empty: it is not closed.")
    lines = BalanceLine(many=True)


class TransferQuery(Strict):
    """Which transfers."""

    code = serializers.RegexField(CODE, required=False, help_text="Ledger account; customer is all customers.")
    month = serializers.RegexField(MONTH, required=False, help_text="Accounting month, as 2026-10.")
    kind = serializers.ChoiceField([kind.value for kind in TransferKind], required=False)
    account = serializers.RegexField(ACCOUNT, required=False)
    cursor = serializers.RegexField(r"^[0-9]{1,18}$", required=False, help_text="From next.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class TransferShown(serializers.Serializer):
    """One movement of money from credit to debit."""

    id = serializers.IntegerField()
    month = serializers.CharField()
    occurred_date = serializers.DateField()
    posted_at = serializers.DateTimeField()
    kind = serializers.CharField()
    source_id = serializers.IntegerField()
    part = serializers.CharField(allow_blank=True)
    debit = serializers.CharField()
    credit = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    amount = MoneyField()
    reverses = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class TransferPage(serializers.Serializer):
    """One page of transfers."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page.")
    results = TransferShown(many=True)


class JournalSide(serializers.Serializer):
    """A ledger account with its number in the company's chart."""

    code = serializers.CharField()
    number = serializers.CharField()
    name = serializers.CharField()


class JournalLine(serializers.Serializer):
    """The movements of one day, kind and pair of accounts together."""

    day = serializers.DateField()
    kind = serializers.CharField()
    debit = JournalSide()
    credit = JournalSide()
    transfers = serializers.IntegerField()
    amount = MoneyField()


class JournalShown(serializers.Serializer):
    """The journal of a month; it comes to the trial balance."""

    month = serializers.CharField()
    hash = serializers.CharField(allow_blank=True, help_text="Of the closed month; empty: it may still change.")
    lines = JournalLine(many=True)
    text = serializers.CharField(help_text="The same in the plain-text format of Beancount.")
