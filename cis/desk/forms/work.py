"""Forms on work orders, crews and appointments."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.field_words import HINDRANCES, PRIORITIES, WORK_DUE, WORK_KINDS, WORK_STATES
from cis.platform.forms import DayField, PageForm
from metering.domain.work_orders import NOTE_MOST
from metering.queries.crews import CrewCard

ALL_UNDER_WAY = "under_way"
NO_CREW = "0"


class WorkListForm(PageForm):
    """Which work orders are listed."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *WORK_KINDS.items()]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [("", _("All states")), (ALL_UNDER_WAY, _("Still to be done")), *WORK_STATES.items()],
    )
    crew = forms.ChoiceField(label=_("Crew"), required=False)
    area = forms.ChoiceField(label=_("Area"), required=False)
    due = forms.ChoiceField(label=_("Due"), required=False, choices=lambda: [("", _("Any day")), *WORK_DUE.items()])
    text = forms.CharField(label=_("Address or number"), max_length=60, required=False)

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], areas: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(crew.id), crew.name) for crew in crews]
        self.fields["crew"].choices = [("", _("All crews")), (NO_CREW, _("No crew")), *names]  # type: ignore[attr-defined]
        self.fields["area"].choices = [("", _("All areas")), *((area, area) for area in areas)]  # type: ignore[attr-defined]


class WorkForm(PageForm):
    """Work that the desk orders at a service point."""

    field_of = {"unknown_service_point": "service_point", "work_exists": "kind"}

    service_point = forms.CharField(
        label=_("Service point"), max_length=64, help_text=_("Its number, as on the customer's page and on the bill.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=lambda: [("", "—"), *WORK_KINDS.items()])
    priority = forms.ChoiceField(label=_("Priority"), choices=lambda: list(PRIORITIES.items()))
    due_date = DayField(label=_("To be done by"))
    reason = forms.CharField(label=_("What the crew should know"), max_length=500, required=False)


class AssignForm(PageForm):
    """A crew and a day."""

    crew = forms.TypedChoiceField(label=_("Crew"), coerce=int)
    planned_date = DayField(label=_("Day"))

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [("", "—"), *((crew.id, crew.name) for crew in crews)]  # type: ignore[attr-defined]


class DayForm(PageForm):
    """The day of a crew."""

    crew = forms.TypedChoiceField(label=_("Crew"), coerce=int, required=False)
    on = DayField(label=_("Day"), required=False)

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [(crew.id, crew.name) for crew in crews]  # type: ignore[attr-defined]


class CrewForm(PageForm):
    """A crew: its name, where and what it works on, and who is in it."""

    field_of = {"bad_name": "name", "crew_taken": "name", "bad_areas": "areas", "no_field_worker": "members"}

    name = forms.CharField(label=_("Name"), max_length=80)
    areas = forms.CharField(
        label=_("Areas"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Districts, one a line; none: everywhere."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("Kinds of work"), required=False, choices=lambda: list(WORK_KINDS.items()),
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all kinds."),
    )  # fmt: skip
    members = forms.TypedMultipleChoiceField(
        label=_("Members"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text=_("Staff with the role of the field; whoever is chosen leaves another crew."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=_("At work"), required=False, initial=True)

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].choices = people  # type: ignore[attr-defined]


class SlotsForm(PageForm):
    """Slots to be opened: from a day to a day, on working days."""

    field_of = {"no_days": "until", "too_many_days": "until", "bad_hours": "hours", "hours_overlap": "hours"}

    since = DayField(label=_("From"))
    until = DayField(label=_("Up to and with"))
    hours = forms.RegexField(
        label=_("Hours"), regex=r"^\d\d:\d\d-\d\d:\d\d(, *\d\d:\d\d-\d\d:\d\d)*$", max_length=120,
        help_text=_("As 09:00-12:00, 13:00-17:00."),
    )  # fmt: skip
    capacity = forms.IntegerField(label=_("Appointments in each"), min_value=1, max_value=100)
    weekends = forms.BooleanField(label=_("Also on days off"), required=False)


class FailForm(PageForm):
    """Why work was not possible, and when the crew comes again."""

    hindrance = forms.ChoiceField(label=_("Reason"), choices=lambda: [("", "—"), *HINDRANCES.items()])
    note = forms.CharField(label=_("Note"), max_length=NOTE_MOST, required=False)
    next_date = DayField(label=_("We come again on"), required=False, help_text=_("Empty: the desk plans it anew."))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
