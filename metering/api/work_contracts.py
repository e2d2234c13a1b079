"""What the verbs on work orders take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict, WholeNumber
from metering.api.contracts import KwhText
from metering.domain.places import MULTIPLIER_MOST
from metering.domain.work_orders import NOTE_MOST, Hindrance, Outcome

SERIAL_MOST = 40
SEALS_MOST = 20
ANSWERS_MOST = 100
ID_MOST = 2**63 - 1


@extend_schema_serializer(
    examples=[OpenApiExample("To a crew", value={"crew": 3, "planned_date": "2026-12-02"}, request_only=True)]
)
class AssignGiven(Strict):
    """To whom and for when."""

    crew = WholeNumber(min_value=1, max_value=ID_MOST, help_text="Id, as in the list of crews.")
    planned_date = serializers.DateField()


class SlotGiven(Strict):
    """Which hours are promised."""

    slot = WholeNumber(min_value=1, max_value=ID_MOST, help_text="Id, as in the free slots of the order.")


class ReasonGiven(Strict):
    """Why."""

    reason = serializers.CharField(max_length=200)


class WorkPhotoNew(Strict):
    """A photo; JPEG or PNG by its content, written anew without its position."""

    item = serializers.CharField(max_length=40, help_text="Item of the checklist; of registers new_total, old_total.")
    file = serializers.FileField()


class MeterGiven(Strict):
    """A meter that was hung up or taken down."""

    meter = serializers.CharField(max_length=SERIAL_MOST, help_text="Serial number.")
    multiplier = WholeNumber(min_value=1, max_value=MULTIPLIER_MOST, required=False, default=1)
    seals = serializers.ListField(
        child=serializers.CharField(max_length=SERIAL_MOST), required=False, default=list, max_length=SEALS_MOST
    )
    readings_kwh = serializers.DictField(
        child=KwhText(), help_text='What each register shows, by its code, as text: {"total": "0.00"}.'
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A meter hung up",
            value={
                "outcome": "done", "answers": {"wiring": "yes"},
                "hung": {"meter": "SH00001234", "seals": ["S000101"], "readings_kwh": {"total": "0.00"}},
            },
            request_only=True,
        ),
        OpenApiExample("Inspected", value={"outcome": "passed", "answers": {"grounding": "2.5"}}, request_only=True),
    ]
)  # fmt: skip
class FinishGiven(Strict):
    """What came of the work."""

    outcome = serializers.ChoiceField([str(one) for one in Outcome])
    answers = serializers.DictField(
        child=serializers.CharField(max_length=NOTE_MOST, allow_blank=True), required=False, default=dict,
        help_text="To the items of the checklist, by their codes.",
    )  # fmt: skip
    note = serializers.CharField(max_length=NOTE_MOST, required=False, default="", allow_blank=True)
    hung = MeterGiven(required=False, help_text="Of an installation or exchange.")
    taken_down = MeterGiven(required=False, help_text="Of an exchange or a removal.")


class FailGiven(Strict):
    """Why the work was not possible."""

    hindrance = serializers.ChoiceField([str(one) for one in Hindrance])
    note = serializers.CharField(max_length=NOTE_MOST, required=False, default="", allow_blank=True)
    next_date = serializers.DateField(required=False, help_text="The same crew comes again; else the desk plans anew.")


class PhotoKept(serializers.Serializer):
    """A photo that was kept."""

    photo = serializers.IntegerField()


class ChecklistItem(serializers.Serializer):
    """One item that is answered in the field."""

    code = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.DictField(child=serializers.CharField())
    is_required = serializers.BooleanField()
    choices = serializers.ListField(child=serializers.CharField())


class ChecklistShown(serializers.Serializer):
    """What is answered when a work order is finished; no items: nothing."""

    checklist = serializers.CharField()
    items = ChecklistItem(many=True)


class SlotShown(serializers.Serializer):
    """Hours with room."""

    slot = serializers.IntegerField()
    crew = serializers.CharField()
    date = serializers.DateField()
    start_time = serializers.CharField()
    end_time = serializers.CharField()


class SlotsShown(serializers.Serializer):
    """Free hours, soonest first, at most 60."""

    results = SlotShown(many=True)


class CrewShown(serializers.Serializer):
    """A crew at work; no districts: everywhere, no kinds: everything."""

    crew = serializers.IntegerField()
    name = serializers.CharField()
    districts = serializers.ListField(child=serializers.CharField())
    kinds = serializers.ListField(child=serializers.CharField())


class CrewsShown(serializers.Serializer):
    """Crews at work, by name."""

    results = CrewShown(many=True)
