"""What the endpoints on the care of customers take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.domain.care_plans import PlanState
from accounts.domain.loyalty import EntryKind
from accounts.domain.protections import ProtectionKind, ProtectionState
from accounts.domain.visits import NextStep, Outcome, VisitState, Way
from cis.platform.api_fields import Strict, WholeNumber

NUMBER = r"^[0-9]{1,20}$"
KEY_MOST = 100


class CustomerShown(serializers.Serializer):
    """A customer; of one who was merged into another one, that one."""

    customer = serializers.CharField(help_text="External id of the customer who stands.")
    asked = serializers.CharField(help_text="External id that was asked for.")
    is_merged = serializers.BooleanField(help_text="The one that was asked for was merged into this one.")
    name = serializers.CharField()
    kind = serializers.CharField()
    segment = serializers.CharField(help_text="Code; empty: none is known.")
    accounts = serializers.ListField(child=serializers.CharField(), help_text="Numbers of accounts held today.")


class SegmentName(serializers.Serializer):
    """A segment of the place, in the order of its rules."""

    code = serializers.CharField()
    name = serializers.CharField()


class CustomerSegmentsShown(serializers.Serializer):
    """The segments of the place."""

    segments = SegmentName(many=True)


class CustomerSegmentShown(serializers.Serializer):
    """The segment of the holder of an account."""

    account = serializers.CharField()
    segment = serializers.CharField(help_text="Code; empty: none is known.")


class ProtectionShown(serializers.Serializer):
    """A protection of a customer."""

    id = serializers.IntegerField()
    account = serializers.CharField(help_text="Empty: it is about all accounts of the customer.")
    kind = serializers.ChoiceField([str(one) for one in ProtectionKind])
    state = serializers.ChoiceField([str(one) for one in ProtectionState])
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True, help_text="First day on which it holds no more.")
    review = serializers.DateField(allow_null=True)
    is_held = serializers.BooleanField(help_text="Supply is not cut off meanwhile.")
    is_end_asked = serializers.BooleanField(help_text="It waits for a second person who ends it.")


class ProtectionsShown(serializers.Serializer):
    """Protections, the latest first."""

    protections = ProtectionShown(many=True)


class ProtectionQuery(Strict):
    """Which protections."""

    state = serializers.ChoiceField(
        ["all", *(str(one) for one in ProtectionState)], required=False, help_text="Without it: those that hold."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Life support",
            value={"kind": "life_support", "told": "Oxygen concentrator at home, says the hospital."},
            request_only=True,
        )
    ]
)
class ProtectionNew(Strict):
    """A protection that somebody told of; it holds at once, papers may come later."""

    kind = serializers.ChoiceField([str(one) for one in ProtectionKind])
    told = serializers.CharField(max_length=300, help_text="What was said, by whom.")
    person = serializers.CharField(max_length=120, required=False, default="", help_text="Who is meant.")


class ReasonNew(Strict):
    """Why something ends."""

    reason = serializers.CharField(max_length=300)


class EndShown(serializers.Serializer):
    """What became of the wish to end a protection."""

    protection = serializers.IntegerField()
    is_ended = serializers.BooleanField(help_text="False: it waits for a second person.")


class PointsShown(serializers.Serializer):
    """The points of the holder of an account."""

    account = serializers.CharField()
    balance = serializers.IntegerField()
    short = serializers.IntegerField(help_text="Are taken of what is earned next.")
    expiring = serializers.IntegerField(help_text="Go within 60 days.")
    expiring_from = serializers.DateField(allow_null=True)


class PointsEntryShown(serializers.Serializer):
    """Points that came or went."""

    id = serializers.IntegerField()
    day = serializers.DateField()
    kind = serializers.ChoiceField([str(one) for one in EntryKind])
    source = serializers.CharField(help_text="What earned them; empty: they went.")  # type: ignore[assignment]
    points = serializers.IntegerField()
    account = serializers.CharField()
    expires = serializers.DateField(allow_null=True)


class PointsEntryPage(serializers.Serializer):
    """Entries of points, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PointsEntryShown(many=True)


class RedemptionNew(Strict):
    """Points that become a credit of the account."""

    points = WholeNumber(min_value=1, max_value=10**9)
    reference = serializers.CharField(max_length=60, help_text="Number of it there: the same one counts once.")


class RedemptionShown(serializers.Serializer):
    """A redemption."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    points = serializers.IntegerField()
    balance = serializers.IntegerField(help_text="Points that are left.")


class VisitQuery(Strict):
    """Which visits, and the page."""

    account = serializers.RegexField(NUMBER, required=False)
    state = serializers.ChoiceField([str(one) for one in VisitState], required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1)


class PageQuery(Strict):
    """The page."""

    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1)


class VisitShown(serializers.Serializer):
    """A follow-up visit."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    plan = serializers.CharField()
    reason = serializers.CharField()
    way = serializers.ChoiceField([str(one) for one in Way])
    state = serializers.ChoiceField([str(one) for one in VisitState])
    start = serializers.DateField()
    due = serializers.DateField()
    tries = serializers.IntegerField()
    outcome = serializers.CharField(help_text="Empty: it was not made yet.")
    note = serializers.CharField()
    next_step = serializers.CharField()
    done = serializers.DateField(allow_null=True)
    score = serializers.IntegerField(allow_null=True, help_text="How likely the customer recommends us, 0 to 10.")


class VisitPage(serializers.Serializer):
    """Visits, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = VisitShown(many=True)


class ResultNew(Strict):
    """What came of a visit."""

    outcome = serializers.ChoiceField([str(one) for one in Outcome])
    note = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)
    next_step = serializers.ChoiceField([str(one) for one in NextStep], required=False, default=NextStep.NONE.value)
    next_date = serializers.DateField(required=False, allow_null=True, default=None)


class CarePlanShown(serializers.Serializer):
    """A service plan."""

    id = serializers.IntegerField()
    account = serializers.CharField(help_text="One account of the customer; empty: there is none.")
    title = serializers.CharField()
    goal = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in PlanState])
    responsible = serializers.CharField()
    start = serializers.DateField()
    review = serializers.DateField()
    ended = serializers.DateField(allow_null=True)
    measures = serializers.IntegerField()
    done = serializers.IntegerField(help_text="Measures that were done.")


class CarePlansShown(serializers.Serializer):
    """Service plans, running ones first."""

    plans = CarePlanShown(many=True)


class ReviewNew(Strict):
    """How a service plan stands, and when it is looked at again."""

    note = serializers.CharField(max_length=300)
    next_date = serializers.DateField()
