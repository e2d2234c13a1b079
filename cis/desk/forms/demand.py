"""Forms on events of demand response."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.demand_words import STATES
from cis.desk.forms.dunning import TimeField, at
from cis.platform.forms import DayField, EnergyField, PageForm
from cis.platform.templatetags.local import in_language
from contracts.domain.demand_response import HOURS_MOST, NewEvent
from contracts.queries.demand_events import Wanted
from contracts.queries.programs import ProgramCard
from metering.queries.network import AssetCard


class EventListForm(PageForm):
    """Which events are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=lambda: [("", _("All")), ("coming", _("Going on")), *STATES.items()]
    )
    program = forms.RegexField(regex=r"[0-9]{1,18}", required=False, widget=forms.HiddenInput)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        return Wanted(state=given.get("state", ""), program_id=int(given.get("program") or 0) or None)


class EventForm(PageForm):
    """An event to be planned."""

    field_of = {
        "not_whole_hours": "time", "bad_event_end": "hours", "two_days": "hours", "too_far": "day",
        "short_event_notice": "day", "events_used_up": "program", "no_events": "program",
        "unknown_program": "program",
    }  # fmt: skip

    program = forms.ChoiceField(label=_("Programme"))
    feeder = forms.ChoiceField(label=_("Where"), required=False)
    day = DayField(label=_("Day"))
    time = TimeField(label=_("Begins at"), help_text=_("A whole hour."))
    hours = forms.IntegerField(label=_("Number of hours"), min_value=1, max_value=HOURS_MOST, initial=2)
    target = EnergyField(label=_("Power hoped for (kW)"))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    forecast = forms.RegexField(regex=r"[0-9]{1,18}", required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, programs: tuple[ProgramCard, ...], feeders: tuple[AssetCard, ...], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "program": [(str(one.id), in_language(one.names)) for one in programs],
            "feeder": [("", _("Everywhere")), *((str(one.id), one.name) for one in feeders)],
        }
        for name, given in choices.items():
            self.fields[name].choices = given  # type: ignore[attr-defined]

    def event(self) -> NewEvent:
        """Return what a valid form says."""
        given = self.cleaned_data
        start_at = at(given["day"], given["time"])
        return NewEvent(
            program_id=int(given["program"]), start_at=start_at, end_at=start_at + timedelta(hours=given["hours"]),
            target_w=given["target"] or 0, feeder_id=int(given["feeder"]) if given["feeder"] else None,
            forecast_id=int(given["forecast"]) if given["forecast"] else None,
        )  # fmt: skip
