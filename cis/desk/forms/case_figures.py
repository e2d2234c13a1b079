"""Forms on what cases teach: figures, evaluations, lessons, trends, published months."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.queries.teams import TeamCard
from cis.desk.answers import today
from cis.desk.case_quality_words import BY, CHOSEN, LESSON_STATES, MARKS
from cis.desk.case_words import KINDS
from cis.desk.forms.customers import choices
from cis.kernel.periods import add_months
from cis.platform.forms import DayField, PageForm
from complaints.domain.evaluation import Item, Mark
from complaints.domain.figures import By, months_of
from complaints.domain.rules import CaseRules
from complaints.queries import rules as case_rules
from complaints.queries import statistics
from complaints.queries.evaluations import WantedEvaluations, WantedLessons
from complaints.queries.statistics import Span

YEARS = range(2000, 2101)
EVALUATED = {"": _("To be judged"), "done": _("Judged"), "all": _("All")}


def span_of(given: Mapping[str, Any]) -> Span:
    """Return the span that an address asks for; what is wrong or missing is the last twelve months, or all."""
    since, until = months_of(since=_month(given.get("since")), until=_month(given.get("until")), today=today())
    team, by = given.get("team") or "", given.get("by") or ""
    return Span(
        since=since, until=until, kind=_among(given.get("kind"), KINDS),
        class_start=given.get("class") or "", area=given.get("area") or "",
        team_id=int(team) if team.isascii() and team.isdigit() and len(team) < 10 else None,  # noqa: PLR2004
        cause=given.get("cause") or "", by=By(by) if by in set(By) else None, of=given.get("of") or "",
    )  # fmt: skip


def query_of_span(span: Span, **more: str) -> str:
    """Return a span as it stands in an address, with more that narrows it."""
    found = QueryDict(mutable=True)
    kept = {
        "since": f"{span.since:%Y-%m}", "until": f"{add_months(span.until, -1):%Y-%m}", "kind": span.kind,
        "class": span.class_start, "area": span.area, "team": str(span.team_id or ""), "cause": span.cause, **more,
    }  # fmt: skip
    found.update({name: value for name, value in kept.items() if value or name in more})
    return found.urlencode()


def ids_of_figure(text: str) -> tuple[int, ...] | None:
    """Return the cases behind a figure that an address names; None: it names none."""
    if not text:
        return None
    price_days = case_rules.figure_rules(at=today()).price_days
    return tuple(statistics.case_ids(span=span_of(QueryDict(text)), price_days=price_days))


class FiguresForm(PageForm):
    """Of which cases the figures are, and by what their causes are counted."""

    since = forms.CharField(label=_("From month"), widget=forms.TextInput(attrs={"type": "month"}), required=False)
    until = forms.CharField(label=_("To month"), widget=forms.TextInput(attrs={"type": "month"}), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(KINDS, empty=_("All")))
    area = forms.ChoiceField(label=_("District"), required=False)
    team = forms.ChoiceField(label=_("Team"), required=False)
    by = forms.ChoiceField(label=_("Causes by"), required=False, choices=list(BY.items()))

    def __init__(self, *args: Any, areas: Sequence[str], teams: Sequence[TeamCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, given in {
            "area": [("", _("All")), *((one, one) for one in areas)],
            "team": [("", _("All")), *((str(one.id), one.name) for one in teams)],
        }.items():
            self.fields[name].choices = given  # type: ignore[attr-defined]


class EvaluationListForm(PageForm):
    """Filters of the cases that are looked at again."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=list(EVALUATED.items()))
    reason = forms.ChoiceField(label=_("Chosen since"), required=False, choices=choices(CHOSEN, empty=_("All")))
    team = forms.ChoiceField(label=_("Team"), required=False)

    def __init__(self, *args: Any, teams: Sequence[TeamCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [  # type: ignore[attr-defined]
            ("", _("All")), *((str(one.id), one.name) for one in teams)
        ]  # fmt: skip

    def wanted(self) -> WantedEvaluations:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        team_id = int(given["team"]) if given["team"] else None
        return WantedEvaluations(state=given["state"], reason=given["reason"], team_id=team_id)


class LessonListForm(PageForm):
    """Filters of the lessons."""

    text = forms.CharField(label=_("Case or words"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=list(LESSON_STATES.items()))
    owner = forms.ChoiceField(label=_("Whose"), required=False, choices=[("", _("Everybody")), ("me", _("Mine"))])

    def wanted(self, user_id: int | None) -> WantedLessons:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        owner_id = user_id if given["owner"] == "me" else None
        return WantedLessons(text=given["text"], state=given["state"], owner_id=owner_id)


class EvaluationForm(PageForm):
    """The checklist of the place, a note, and why what was judged before is corrected."""

    note = forms.CharField(
        label=_("What stands out"), max_length=1_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    reason = forms.CharField(label=_("Why it is corrected"), max_length=300, required=False)

    def __init__(
        self, *args: Any, items: Mapping[str, Item], language: str, is_correction: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        if not is_correction:
            del self.fields["reason"]
        for code, item in items.items():
            self.fields[f"mark_{code}"] = forms.ChoiceField(
                label=item.named.name(language), choices=list(MARKS.items()),
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
                help_text=str(item.weight),
            )  # fmt: skip

    @property
    def questions(self) -> list[Any]:
        """Return the fields of the checklist."""
        return [self[f"mark_{code}"] for code in self.items]

    def marks(self) -> dict[str, Mark]:
        """Return the answers."""
        return {code: Mark(self.cleaned_data[f"mark_{code}"]) for code in self.items}


class LessonForm(PageForm):
    """What is to change, who sees to it, until when."""

    field_of = {"unknown_user": "owner"}
    text = forms.CharField(label=_("What is to change"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    owner = forms.ChoiceField(label=_("Who sees to it"))
    due_date = DayField(label=_("Until"))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [(str(one), name) for one, name in people]  # type: ignore[attr-defined]


class NoteForm(PageForm):
    """A few words on what came of it."""

    note = forms.CharField(label=_("What came of it"), max_length=500)


def class_names(rules: CaseRules | None, language: str) -> dict[str, str]:
    """Return the whole names of all classes, by code."""
    return {} if rules is None else {code: rules.path(code, language) for code in rules.classes}


def cause_names(rules: CaseRules | None, language: str) -> dict[str, str]:
    """Return the whole names of all causes, by code."""
    return {} if rules is None else {code: rules.cause_path(code, language) for code in rules.causes}


def _month(text: Any) -> date | None:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if month.year in YEARS else None


def _among(text: Any, known: Mapping[str, Any]) -> str:
    return str(text) if text in known else ""
