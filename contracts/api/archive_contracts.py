"""What the endpoints of the contract archive take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import NUMBER_MOST, BothLanguages, Strict
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


class SignatureNew(Strict):
    """A signature on paper."""

    signed_by = serializers.CharField(max_length=200)
    scan = serializers.FileField(help_text="PDF, JPEG or PNG by its content.")


class VerificationQuery(Strict):
    """Which hash is checked."""

    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The printed text is the kept one",
            value={
                "number": "0000000012", "version": 1, "state": "signed", "is_intact": True, "fits_text": True,
                "fits_paper": False,
            },
            response_only=True,
        )
    ]
)  # fmt: skip
class Verification(serializers.Serializer):
    """Whether a hash is that of what is kept."""

    number = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(SHOWN)
    is_intact = serializers.BooleanField(help_text="The kept text still has the hash of its day of issue.")
    fits_text = serializers.BooleanField()
    fits_paper = serializers.BooleanField()
