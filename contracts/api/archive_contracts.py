"""What the endpoints of the contract archive take and give."""

from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import NUMBER_MOST, Strict
from contracts.domain.contract_workflow import ContractState
from contracts.domain.terms import KeyPoint, UseClass

CURSOR_MOST = 500
TEXT_MOST = 100
SHOWN = [state.value for state in ContractState if state is not ContractState.DRAFT]


class ContractQuery(Strict):
    """Which contracts."""

    account = serializers.CharField(required=False, max_length=NUMBER_MOST, help_text="Number of the account.")
    state = serializers.ChoiceField(SHOWN, required=False)
    text = serializers.CharField(
        required=False, max_length=TEXT_MOST, help_text="Words that stand anywhere in the contract, in any order."
    )
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class BothLanguages(serializers.Serializer):
    """A text in both languages."""

    zh = serializers.CharField()
    en = serializers.CharField()


class ContractShort(serializers.Serializer):
    """A version of a supply contract."""

    number = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(SHOWN)
    account = serializers.CharField(allow_null=True, help_text="None until the contract is signed.")
    address = serializers.CharField()
    use_class = serializers.ChoiceField([one.value for one in UseClass])
    voltage = serializers.CharField()
    capacity_va = serializers.IntegerField(allow_null=True)
    tariff = serializers.CharField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(allow_null=True, help_text="First day without it; null: until further notice.")
    renew_months = serializers.IntegerField()
    signed_at = serializers.DateTimeField(allow_null=True)
    content_sha256 = serializers.CharField(help_text="Of the text; it is printed on the paper.")


class ContractPage(serializers.Serializer):
    """Contracts, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ContractShort(many=True)


class ClauseShown(serializers.Serializer):
    """One clause with everything filled in."""

    number = serializers.IntegerField()
    code = serializers.CharField()
    version = serializers.IntegerField()
    covers = serializers.ListField(child=serializers.ChoiceField([one.value for one in KeyPoint]))
    titles = BothLanguages()
    bodies = BothLanguages()
    legal_source = serializers.CharField()


class ContractWhole(ContractShort):
    """The latest issued version of a contract with its clauses."""

    paper_sha256 = serializers.CharField(allow_null=True, help_text="Of the kept PDF; null: it was not opened yet.")
    clauses = ClauseShown(many=True)
