"""Forms on follow-up visits and service plans."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.visits import NextStep, Outcome, Way
from accounts.operations.care_plans import NewCarePlan, NewMeasure
from accounts.operations.visits import NewVisit, Result
from accounts.queries.care_plans import WantedPlans
from accounts.queries.users import LoginCard
from accounts.queries.visits import WantedVisits
from cis.desk.care_words import NEXT_STEPS, OUTCOMES, PLAN_FILTERS, VISIT_FILTERS, VISIT_WAYS
from cis.desk.forms.customers import choices
from cis.platform.forms import DayField, PageForm


class VisitListForm(PageForm):
    """Filters of the list of visits."""

    text = forms.CharField(label=_("Account or name"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(VISIT_FILTERS))
    way = forms.ChoiceField(label=_("Way"), required=False, choices=choices(VISIT_WAYS, empty=_("All")))
    plan = forms.ChoiceField(label=_("Occasion"), required=False)
    mine = forms.ChoiceField(label=_("Whose"), required=False, choices=[("", _("All")), ("1", _("Mine"))])

    def __init__(self, *args: Any, plans: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = [("", _("All")), *plans.items()]  # type: ignore[attr-defined]

    def wanted(self, me: int | None) -> WantedVisits:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        text, state, way, plan = (self.cleaned_data.get(name) or "" for name in ("text", "state", "way", "plan"))
        whose = me if self.cleaned_data.get("mine") else None
        return WantedVisits(text=text, state=state, way=way, plan=plan, assignee_id=whose)


class VisitForm(PageForm):
    """A visit that somebody plans."""

    reason = forms.CharField(label=_("What it is about"), max_length=200)
    way = forms.ChoiceField(label=_("Way"), choices=choices(VISIT_WAYS))
    start_date = DayField(label=_("From"))
    due_date = DayField(label=_("Until"))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def visit(self, *, account_id: int, place_id: int | None) -> NewVisit:
        """Return what was typed."""
        given = self.cleaned_data
        return NewVisit(
            account_id=account_id, reason=given["reason"], way=Way(given["way"]), start_date=given["start_date"],
            due_date=given["due_date"], place_id=place_id, key=f"desk:{account_id}:{given['request_key']}",
        )  # fmt: skip


class ResultForm(PageForm):
    """What came of a visit."""

    outcome = forms.ChoiceField(label=_("Result"), choices=choices(OUTCOMES))
    note = forms.CharField(
        label=_("What the customer said"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    next_step = forms.ChoiceField(label=_("Next step"), choices=choices(NEXT_STEPS))
    next_date = DayField(label=_("Visit again on"), required=False)

    def result(self) -> Result:
        """Return what was typed."""
        given = self.cleaned_data
        return Result(
            outcome=Outcome(given["outcome"]), note=given["note"], next_step=NextStep(given["next_step"]),
            next_date=given["next_date"],
        )  # fmt: skip


class AssignForm(PageForm):
    """Who makes a visit."""

    person = forms.ChoiceField(label=_("Who makes it"), required=False)

    def __init__(self, *args: Any, people: Sequence[LoginCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", _("Nobody yet")), *_people(people)]  # type: ignore[attr-defined]


class PlanListForm(PageForm):
    """Filters of the list of service plans."""

    text = forms.CharField(label=_("Title or name"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(PLAN_FILTERS))
    mine = forms.ChoiceField(label=_("Whose"), required=False, choices=[("", _("All")), ("1", _("Mine"))])

    def wanted(self, me: int | None) -> WantedPlans:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        text, state = (self.cleaned_data.get(name) or "" for name in ("text", "state"))
        return WantedPlans(text=text, state=state, responsible_id=me if self.cleaned_data.get("mine") else None)


class PlanForm(PageForm):
    """A service plan for one customer."""

    title = forms.CharField(label=_("Title"), max_length=120)
    goal = forms.CharField(
        label=_("Goal"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What is better for the customer when the plan has worked."),
    )  # fmt: skip
    measures = forms.CharField(
        label=_("Measures"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What is done for it, one on each line."),
    )  # fmt: skip
    responsible = forms.ChoiceField(label=_("Responsible person"))
    review_date = DayField(label=_("Looked at again on"))

    def __init__(self, *args: Any, people: Sequence[LoginCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["responsible"].choices = list(_people(people))  # type: ignore[attr-defined]

    def plan(self, *, customer_id: int) -> NewCarePlan:
        """Return what was typed."""
        given = self.cleaned_data
        lines = [line.strip() for line in given["measures"].splitlines() if line.strip()]
        return NewCarePlan(
            customer_id=customer_id, title=given["title"], goal=given["goal"],
            responsible_id=int(given["responsible"]), review_date=given["review_date"],
            measures=[NewMeasure(line) for line in lines],
        )  # fmt: skip


class MeasureForm(PageForm):
    """One more measure."""

    text = forms.CharField(label=_("Measure"), max_length=300)
    due_date = DayField(label=_("Until"), required=False)

    def measure(self) -> NewMeasure:
        """Return what was typed."""
        due: date | None = self.cleaned_data["due_date"]
        return NewMeasure(self.cleaned_data["text"], due)


class ReviewForm(PageForm):
    """How a plan stands."""

    note = forms.CharField(label=_("How it stands"), max_length=300)
    next_date = DayField(label=_("Looked at again on"))


def _people(people: Sequence[LoginCard]) -> list[tuple[str, str]]:
    return [(str(one.id), one.name or one.username) for one in people]
