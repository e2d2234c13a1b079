"""Teams of staff: the list, a new one, one with its members."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain.teams import NewTeam
from accounts.operations import teams as operations
from accounts.queries import teams
from cis.desk.answers import or_404, posted
from cis.desk.case_intake import staff
from cis.desk.cases import rules_or_none
from cis.desk.roles import ADMINS, READERS, SUPERVISORS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm


class TeamForm(PageForm):
    """A team with its members."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("As billing_north."))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    skills = forms.MultipleChoiceField(
        label=gettext_lazy("What it handles"), required=False, widget=forms.CheckboxSelectMultiple
    )
    districts = forms.CharField(
        label=gettext_lazy("Districts, one a line"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Empty: everywhere."),
    )  # fmt: skip
    members = forms.MultipleChoiceField(
        label=gettext_lazy("Members"), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_active = forms.BooleanField(label=gettext_lazy("Gets cases"), required=False, initial=True)

    def __init__(self, *args: Any, skills: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skills"].choices = [(one, word("case_skill", one)) for one in sorted(skills)]  # type: ignore[attr-defined]
        self.fields["members"].choices = [(str(one), name) for one, name in staff()]  # type: ignore[attr-defined]

    def team(self) -> NewTeam:
        """Return what was typed."""
        given = self.cleaned_data
        return NewTeam(
            code=given["code"].strip(), name=given["name"], skills=tuple(given["skills"]),
            districts=tuple(given["districts"].splitlines()), is_active=given["is_active"],
        )  # fmt: skip

    @property
    def member_ids(self) -> list[int]:
        """Return who is to belong to it."""
        return [int(one) for one in self.cleaned_data["members"]]


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the teams with what they handle, where, and who belongs to them."""
    may_edit = bool(actor_of(request).roles & {*ADMINS, *SUPERVISORS})
    return render(request, "desk/cases/teams.html", {"rows": teams.listed(), "may_edit": may_edit})


@allow(*ADMINS, *SUPERVISORS)
def new(request: HttpRequest) -> HttpResponse:
    """Make a team."""
    form = TeamForm(posted(request), skills=_skills())
    if form.is_bound and form.is_valid():
        try:
            actor = actor_of(request)
            team_id = operations.create(new=form.team(), actor=actor)
            operations.set_members(team_id=team_id, user_ids=form.member_ids, at=timezone.now(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:teams")
    return render(request, "desk/cases/team.html", {"form": form, "team": None})


@allow(*ADMINS, *SUPERVISORS)
def edit(request: HttpRequest, team_id: int) -> HttpResponse:
    """Change a team, and who belongs to it."""
    with or_404():
        card = teams.one(team_id=team_id)
    initial = {
        "code": card.code, "name": card.name, "skills": card.skills, "districts": "\n".join(card.districts),
        "members": [str(one) for one in card.member_ids], "is_active": card.is_active,
    }  # fmt: skip
    form = TeamForm(posted(request), skills=_skills() | set(card.skills), initial=initial)
    if form.is_bound and form.is_valid():
        try:
            actor = actor_of(request)
            operations.change(team_id=team_id, new=form.team(), actor=actor)
            operations.set_members(team_id=team_id, user_ids=form.member_ids, at=timezone.now(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:teams")
    return render(request, "desk/cases/team.html", {"form": form, "team": card})


def _skills() -> set[str]:
    """Return what teams may know: what the classes of the place ask for."""
    rules = rules_or_none()
    return set() if rules is None else {one.skill for one in rules.classes.values()}
