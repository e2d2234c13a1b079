"""Forms on reading routes, their places and rounds."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import DayField, PageForm
from metering.domain.routes import (
    CODE_MOST,
    EVERY_MOST,
    NAME_MOST,
    NOTE_MOST,
    WINDOW_MOST,
    Schedule,
)
from metering.operations.routes import NewRoute

STATES = {"walked": _("In use"), "open": _("With an open round"), "ended": _("Ended")}


class RouteListForm(PageForm):
    """Filters of the list of routes."""

    text = forms.CharField(label=_("Code or name"), required=False, max_length=40)
    crew = forms.ChoiceField(label=_("Crew"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *STATES.items()])

    def __init__(self, *args: Any, crews: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [("", _("All")), *((str(key), name) for key, name in crews)]  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        crew = given.get("crew") or ""
        return {
            "text": given.get("text") or "",
            "crew_id": int(crew) if crew else None,
            "state": given.get("state") or "",
        }


class RouteForm(PageForm):
    """A route: its name, who walks it, when."""

    field_of = {"crew": "crew", "days": "days"}
    code = forms.CharField(label=_("Code"), max_length=CODE_MOST)
    name = forms.CharField(label=_("Name"), max_length=NAME_MOST)
    crew = forms.ChoiceField(label=_("Crew"), required=False)
    days = forms.CharField(
        label=_("Days of the month"), max_length=20,
        help_text=_("One to three, from 1 to 28, as 10 or 1, 11, 21. On a holiday the next business day is taken."),
    )  # fmt: skip
    every_months = forms.IntegerField(label=_("Every so many months"), min_value=1, max_value=EVERY_MOST, initial=1)
    first_month = DayField(label=_("A day of the first month"))
    window_days = forms.IntegerField(
        label=_("Days before and after"), min_value=0, max_value=WINDOW_MOST, initial=3,
        help_text=_("Values of these days belong to the round."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=_("The route is walked"), required=False, initial=True)

    def __init__(self, *args: Any, crews: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [("", _("None")), *((str(key), name) for key, name in crews)]  # type: ignore[attr-defined]

    def clean_days(self) -> tuple[int, ...]:
        """Return the days as numbers."""
        words = self.cleaned_data["days"].replace("，", ",").replace("、", ",").replace(",", " ").split()
        if not words or any(not (word.isascii() and word.isdigit() and len(word) < 3) for word in words):  # noqa: PLR2004
            raise forms.ValidationError(gettext("Write days of the month, as 1, 11, 21."))
        return tuple(int(word) for word in words)

    def new(self) -> NewRoute:
        """Return what the route is to be."""
        given = self.cleaned_data
        schedule = Schedule(
            days=given["days"], every_months=given["every_months"], first_month=given["first_month"].replace(day=1),
            window_days=given["window_days"],
        )  # fmt: skip
        crew = given["crew"]
        return NewRoute(code=given["code"], name=given["name"], crew_id=int(crew) if crew else None, schedule=schedule)


class StopsForm(PageForm):
    """Places to be put at the end of a route."""

    points = forms.CharField(
        label=_("Service points"), max_length=40_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Their numbers in the order of the walk, one a line or with commas between."),
    )  # fmt: skip

    def external_ids(self) -> list[str]:
        """Return the numbers of the service points."""
        points: str = self.cleaned_data["points"]
        return points.replace(",", " ").replace("，", " ").split()


class NotesForm(PageForm):
    """How to get to a meter."""

    place = forms.IntegerField(label=_("Stop"), min_value=1, max_value=100_000)
    key_note = forms.CharField(label=_("Key of the door"), max_length=NOTE_MOST, required=False)
    access_note = forms.CharField(label=_("Way to the meter"), max_length=NOTE_MOST, required=False)


class RoundForm(PageForm):
    """On which day a round is planned."""

    planned_date = DayField(label=_("Day"))


class RoundFileForm(PageForm):
    """The file of a round that comes back."""

    file = forms.FileField(label=_("File"), max_length=255)
    take_unlikely = forms.BooleanField(
        label=_("Take unlikely values too"), required=False,
        help_text=_("Else they are listed, to be compared and entered in the grid."),
    )  # fmt: skip


class GridDateForm(PageForm):
    """Of which date the values are that are typed in."""

    read_date = DayField(label=_("Values of"))

    def __init__(self, *args: Any, start: date, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["read_date"].widget.attrs.update({"min": start.isoformat(), "max": last.isoformat()})
