"""What the endpoints on cases take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from complaints.domain.case_workflow import CaseState
from complaints.domain.intake import NAME_MOST, PHONE_MOST, REFERENCE_MOST, TEXT_MOST, TITLE_MOST
from complaints.domain.kinds import CaseKind, Evidence, Severity
from complaints.domain.suggestions import FactKind

NUMBER = r"^[0-9]{1,20}$"
CASE_NUMBER = r"^K[0-9]{11,18}$"
CLASS = r"^[a-z0-9_]+/[a-z0-9_]+/[a-z0-9_]+$"
EXAMPLE = {
    "number": "K20260000017", "kind": "complaint", "state": "investigating", "class": "billing/amount/estimated",
    "severity": "general", "title": "Bill too high", "account": "3100000017", "reference": "T-118",
    "taken": "2026-03-02T02:00:00Z", "due": "2026-03-09T16:00:00Z", "closed": None, "is_new": True,
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A complaint on a bill",
            value={
                "kind": "complaint", "text": "The bill is far too high.", "class": "billing/amount/estimated",
                "account": "3100000017", "reference": "T-118",
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class CaseNew(Strict):
    """What somebody brought to another system, and it brings to us."""

    kind = serializers.ChoiceField([str(one) for one in CaseKind])
    text = serializers.CharField(max_length=TEXT_MOST)
    title = serializers.CharField(max_length=TITLE_MOST, required=False, help_text="Empty: the first line of the text.")
    reference = serializers.CharField(
        max_length=REFERENCE_MOST, help_text="Number of it there: the same one counts once."
    )
    account = serializers.RegexField(NUMBER, required=False)
    bill = serializers.RegexField(NUMBER, required=False, help_text="The bill that is disputed; of the account.")
    caller_name = serializers.CharField(max_length=NAME_MOST, required=False)
    caller_phone = serializers.CharField(max_length=PHONE_MOST, required=False)
    caller_email = serializers.EmailField(required=False)
    language = serializers.ChoiceField(
        ["zh-hans", "en"], required=False,
        help_text="In which the caller is answered; without it the customer's, or that of the text.",
    )  # fmt: skip
    is_anonymous = serializers.BooleanField(required=False, default=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        wanted = serializers.RegexField(CLASS, required=False, help_text="Class of the pack, where it is known.")
        return {**super().get_fields(), "class": wanted}


@extend_schema_serializer(examples=[OpenApiExample("A complaint", value=EXAMPLE, response_only=True)])
class CaseShown(serializers.Serializer):
    """A case."""

    number = serializers.CharField()
    kind = serializers.ChoiceField([str(one) for one in CaseKind])
    state = serializers.ChoiceField([str(one) for one in CaseState])
    severity = serializers.ChoiceField([str(one) for one in Severity])
    title = serializers.CharField()
    account = serializers.CharField(help_text="Empty: none.")
    reference = serializers.CharField()
    taken = serializers.DateTimeField()
    due = serializers.DateTimeField(allow_null=True, help_text="When the clock that ends first ends.")
    closed = serializers.DateTimeField(allow_null=True)
    is_new = serializers.BooleanField(help_text="False: it was known before.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        return {**super().get_fields(), "class": serializers.CharField(help_text="Empty: not yet known.")}


class CasesShown(serializers.Serializer):
    """Cases, what ends first on top."""

    cases = CaseShown(many=True)


class CaseQuery(Strict):
    """Which cases."""

    account = serializers.RegexField(NUMBER, required=False)
    state = serializers.ChoiceField(
        ["all", *(str(one) for one in CaseState)], required=False, help_text="Without it: those that are open."
    )


class FindingNew(Strict):
    """What was found out, and what shows it."""

    text = serializers.CharField(max_length=1_000)
    evidence = serializers.ChoiceField([str(one) for one in Evidence])
    shown_by = serializers.CharField(max_length=200, required=False, default="")


class CaseFindingShown(serializers.Serializer):
    """A finding that was kept."""

    id = serializers.IntegerField()
    case = serializers.CharField()


class SuggestionAsk(Strict):
    """What somebody says, before it is a case."""

    text = serializers.CharField(max_length=TEXT_MOST)
    account = serializers.RegexField(NUMBER, required=False)


class SuggestedClass(serializers.Serializer):
    """A class that it may be."""

    confidence = serializers.IntegerField(help_text="In thousandths; those of all classes are 1000 together.")
    kinds = serializers.ListField(child=serializers.ChoiceField([str(one) for one in CaseKind]))
    team = serializers.CharField(help_text="That would get it; empty: none fits.")
    because = serializers.ListField(
        child=serializers.ChoiceField([str(one) for one in FactKind]), help_text="Facts that made it likelier."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        return {"class": serializers.CharField(), **super().get_fields()}


class CaseFactShown(serializers.Serializer):
    """A fact on the account or its supply."""

    kind = serializers.ChoiceField([str(one) for one in FactKind])
    said = serializers.CharField(help_text="Number of the case or bill, day or instant; empty: none.")


class SuggestionShown(serializers.Serializer):
    """What is suggested; no classes: nothing is, for want of words, of a rule or of a model."""

    classes = SuggestedClass(many=True)
    severity = serializers.ChoiceField([str(one) for one in Severity], allow_null=True)
    language = serializers.CharField(help_text="Empty: not known.")
    facts = CaseFactShown(many=True)
