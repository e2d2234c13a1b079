"""What the endpoints on applications take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.domain.customer import LANGUAGES
from accounts.domain.identity import CustomerKind
from cis.platform.api_fields import Strict, WholeNumber
from contracts.domain import applications as rules
from contracts.domain.application_workflow import ApplicationAction, ApplicationState, StandardClass, WaitsFor
from contracts.domain.applications import AgentScope, ApplicationKind, PaperKind
from contracts.domain.terms import UseClass
from metering.domain.places import ADDRESS_MOST, CAPACITY_MOST_W, DISTRICT_MOST, POSTCODE_MOST, Voltage

EXTERNAL_MOST = 64
NAME_MOST = 200
ID_MOST = 40
CONTACT_MOST = 254
REASON_MOST = 500
PROGRAM_ACTIONS = (
    ApplicationAction.CONFIRM_DOCUMENTS, ApplicationAction.ASSIGN_SURVEY, ApplicationAction.REPORT_SURVEY,
    ApplicationAction.SEND_BACK, ApplicationAction.SUSPEND, ApplicationAction.RESUME, ApplicationAction.WITHDRAW,
    ApplicationAction.REJECT,
)  # fmt: skip
"""
What a program may do. Offer, signature, meter and energizing follow from the offer, the contract, the work order and
the switch, each at its own door.
"""
CHOICES = {
    "kind": [str(one) for one in ApplicationKind],
    "person": [str(one) for one in CustomerKind],
    "scope": [str(one) for one in AgentScope],
    "use": [str(one) for one in UseClass],
    "voltage": [str(one) for one in Voltage],
    "paper": [str(one) for one in PaperKind],
    "state": [str(one) for one in ApplicationState],
    "waits": [str(one) for one in WaitsFor],
    "action": [str(one) for one in PROGRAM_ACTIONS],
}


def _text(most: int, help_text: str = "") -> serializers.CharField:
    return serializers.CharField(max_length=most, required=False, default="", allow_blank=True, help_text=help_text)


class ApplicantGiven(Strict):
    """Who applies."""

    kind = serializers.ChoiceField(CHOICES["person"])
    name = serializers.CharField(max_length=NAME_MOST)
    id_number = serializers.CharField(
        max_length=ID_MOST, help_text="Resident ID or company code; its digits are checked."
    )
    phone = _text(CONTACT_MOST)
    email = _text(CONTACT_MOST)
    language = serializers.ChoiceField(list(LANGUAGES), required=False, default=LANGUAGES[0])


class AgentGiven(Strict):
    """Who acts for the applicant."""

    name = serializers.CharField(max_length=NAME_MOST)
    id_number = serializers.CharField(max_length=ID_MOST)
    phone = _text(CONTACT_MOST)
    scope = serializers.ChoiceField(CHOICES["scope"], required=False, default=AgentScope.FILE.value)


class ItemGiven(Strict):
    """One supply that is applied for."""

    unit = _text(rules.UNIT_MOST, "Flat, shop, building; empty: the whole place.")
    capacity_w = WholeNumber(min_value=1, max_value=CAPACITY_MOST_W)
    voltage = serializers.ChoiceField(CHOICES["voltage"], required=False, default=Voltage.V220.value)
    use_class = serializers.ChoiceField(CHOICES["use"], required=False, default=UseClass.RESIDENTIAL.value)
    service_point = _text(EXTERNAL_MOST, "External id, of kind existing_point only.")


class LoadGiven(Strict):
    """Appliances or machines of one kind."""

    name = serializers.CharField(max_length=rules.NAME_MOST)
    power_w = WholeNumber(min_value=1, max_value=CAPACITY_MOST_W)
    count = WholeNumber(min_value=1, max_value=rules.COUNT_MOST, required=False, default=1)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new flat",
            value={
                "kind": "new_point",
                "applicant": {
                    "kind": "resident", "name": "王芳", "id_number": "110101199003070038", "phone": "13800138000",
                },
                "address": "幸福路 18 号 3 幢", "district": "静安",
                "items": [{"unit": "1201", "capacity_w": 8000}],
            },
            request_only=True,
        )
    ]
)  # fmt: skip
class ApplicationNew(Strict):
    """An application for one supply or many at one place."""

    kind = serializers.ChoiceField(CHOICES["kind"], required=False, default=ApplicationKind.NEW_POINT.value)
    applicant = ApplicantGiven()
    agent = AgentGiven(required=False)
    premises = _text(EXTERNAL_MOST, "External id of premises that are known; else give the address.")
    address = _text(ADDRESS_MOST)
    district = _text(DISTRICT_MOST)
    postcode = _text(POSTCODE_MOST)
    is_dual = serializers.BooleanField(required=False, default=False, help_text="Fed from two sources.")
    items = serializers.ListField(child=ItemGiven(), min_length=1, max_length=rules.ITEMS_MOST)
    loads = serializers.ListField(child=LoadGiven(), required=False, default=list, max_length=rules.LOADS_MOST)
    note = _text(rules.NOTE_MOST)
    external_id = _text(EXTERNAL_MOST, "Name in your system; one application each.")


class PaperNew(Strict):
    """A paper of an application; PDF, JPEG or PNG by its content."""

    kind = serializers.ChoiceField(CHOICES["paper"])
    file = serializers.FileField()


class PointGiven(Strict):
    """Where one supply is to be."""

    seq = WholeNumber(min_value=0, max_value=rules.ITEMS_MOST)
    service_point = serializers.CharField(max_length=EXTERNAL_MOST, help_text="External id.")


class MoveNew(Strict):
    """A move of an application."""

    action = serializers.ChoiceField(CHOICES["action"])
    reason = _text(REASON_MOST, "Needed to send back, suspend, withdraw and reject.")
    points = serializers.ListField(
        child=PointGiven(), required=False, default=list, max_length=rules.ITEMS_MOST,
        help_text="Of report_survey, each on its transformer or feeder; those left out keep theirs.",
    )  # fmt: skip


class ApplicationQuery(Strict):
    """Which applications are listed."""

    state = serializers.ChoiceField(CHOICES["state"], required=False)
    waits_for = serializers.ChoiceField(CHOICES["waits"], required=False)
    text = serializers.CharField(max_length=100, required=False, help_text="In number, name or address.")
    cursor = serializers.CharField(max_length=500, required=False, help_text="As in next and previous.")
    page_size = serializers.IntegerField(min_value=1, max_value=200, required=False)


class ClockShown(serializers.Serializer):
    """A service standard that runs, or was met."""

    standard = serializers.CharField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="Null: it stands still.")
    ended_at = serializers.DateTimeField(allow_null=True)
    in_time = serializers.BooleanField(allow_null=True)


class ItemShown(serializers.Serializer):
    """One supply of an application."""

    seq = serializers.IntegerField()
    unit = serializers.CharField()
    capacity_w = serializers.IntegerField()
    voltage = serializers.CharField()
    use_class = serializers.CharField()
    service_point = serializers.CharField(allow_null=True)
    metered_at = serializers.DateTimeField(allow_null=True)
    energized_at = serializers.DateTimeField(allow_null=True)


class StepShown(serializers.Serializer):
    """One move of the history."""

    at = serializers.DateTimeField()
    action = serializers.CharField()
    state = serializers.CharField()
    by = serializers.CharField()
    reason = serializers.CharField()


class ApplicationShown(serializers.Serializer):
    """One application in a list."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(CHOICES["kind"])
    state = serializers.ChoiceField(CHOICES["state"])
    state_since = serializers.DateTimeField()
    waits_for = serializers.ChoiceField(CHOICES["waits"])
    is_suspended = serializers.BooleanField()
    standard_class = serializers.ChoiceField([str(one) for one in StandardClass])
    address = serializers.CharField()
    applied_at = serializers.DateTimeField()
    supplies = serializers.IntegerField()
    capacity_w = serializers.IntegerField()


class WorkOfApplication(serializers.Serializer):
    """A work order that an application asked for."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.CharField()


class ApplicationKept(ApplicationShown):
    """One application with what belongs to it; of the applicant only what a program must know."""

    account = serializers.CharField(allow_null=True)
    missing_papers = serializers.ListField(child=serializers.ChoiceField(CHOICES["paper"]))
    items = ItemShown(many=True)
    work_orders = WorkOfApplication(many=True, help_text="Its own and those of its inspections.")
    moves = StepShown(many=True)
    clocks = ClockShown(many=True)


class PapersLacking(serializers.Serializer):
    """What is to be proven yet."""

    missing_papers = serializers.ListField(child=serializers.ChoiceField(CHOICES["paper"]))


class ApplicationPage(serializers.Serializer):
    """One page of applications."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ApplicationShown(many=True)
