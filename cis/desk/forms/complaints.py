"""Forms on complaints and other cases."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.queries.teams import TeamCard
from cis.desk.case_words import CALLS, CHANNELS, EVIDENCE, KINDS, STATES, URGENCY, WAYS
from cis.desk.forms.case_figures import ids_of_figure
from cis.desk.forms.customers import choices
from cis.desk.forms.notices import LANGUAGE_NAMES
from cis.platform.forms import DayField, MoneyField, PageForm
from complaints.domain.intake import NewCase
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.rules import CaseRules
from complaints.queries.cases import WantedCases

LIABLE = {"": "–", "yes": _("It lies with us"), "no": _("It does not lie with us")}
OPEN = {
    "": pgettext_lazy("complaint", "Open"), "unplaced": _("Waits for a team"), "raised": _("A supervisor is asked"),
    "all": _("All"),
}  # fmt: skip


def language() -> str:
    """Return the language of the page."""
    return get_language() or "en"


def class_choices(rules: CaseRules, kind: CaseKind | None = None) -> list[tuple[str, Any]]:
    """Return the classes of a place, those of a kind or all, grouped by what they are about."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in rules.classes.values() if kind is None else rules.classes_of(kind):
        topic = rules.path(one.code, language()).rpartition(" › ")[0]
        groups.setdefault(topic, []).append((one.code, one.named.name(language())))
    return [("", "–"), *groups.items()]


def team_choices(teams: Sequence[TeamCard]) -> list[tuple[str, str]]:
    """Return teams to choose from, none on top."""
    return [("", "–"), *((str(one.id), one.name) for one in teams)]


class CaseListForm(PageForm):
    """Filters of the queue of cases."""

    text = forms.CharField(label=_("Number, title, name or phone"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*OPEN.items(), *STATES.items()])
    urgency = forms.ChoiceField(
        label=_("Time left"), required=False,
        choices=[("", _("All")), *((code, label) for code, label in URGENCY.items() if code != "none")],
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(KINDS, empty=_("All")))
    topic = forms.ChoiceField(label=_("About"), required=False)
    team = forms.ChoiceField(label=_("Team"), required=False)
    figure = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, *args: Any, rules: CaseRules | None, teams: Sequence[TeamCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = rules.topics.items() if rules is not None else ()
        self.fields["topic"].choices = [  # type: ignore[attr-defined]
            ("", _("All")), *((code, one.name(language())) for code, one in topics if "/" not in code),
        ]  # fmt: skip
        self.fields["team"].choices = [("", _("All")), *team_choices(teams)[1:]]  # type: ignore[attr-defined]

    def wanted(self) -> WantedCases:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return WantedCases(
            text=given["text"], state=given["state"], urgency=given["urgency"], kind=given["kind"],
            class_start=f"{given['topic']}/" if given["topic"] else "",
            team_id=int(given["team"]) if given["team"] else None, ids=ids_of_figure(given["figure"]),
        )  # fmt: skip


class IntakeForm(PageForm):
    """A case as it is typed while somebody talks."""

    field_of = {"unknown_case_class": "class_code", "unknown_bill": "bill", "class": "class_code"}
    kind = forms.ChoiceField(label=_("What kind of case"), choices=choices(KINDS))
    channel = forms.ChoiceField(
        label=_("Came in by"), choices=[one for one in CHANNELS.items() if one[0] not in {"portal", "api"}]
    )
    text = forms.CharField(label=_("What the caller says"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 5}))
    title = forms.CharField(
        label=_("In one line"), max_length=120, required=False, help_text=_("Empty: the first line of what is said.")
    )
    class_code = forms.ChoiceField(label=_("Class"), required=False)
    bill = forms.CharField(label=_("Bill that is disputed"), required=False, max_length=20)
    caller_name = forms.CharField(label=_("Name"), required=False, max_length=200)
    caller_phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    caller_email = forms.CharField(label=_("E-mail"), required=False, max_length=254)
    place = forms.CharField(label=_("Where"), required=False, max_length=300)
    language = forms.ChoiceField(
        label=_("Answered in"), required=False,
        choices=[("", _("The customer's language, or that of the text")), *LANGUAGE_NAMES.items()],
    )  # fmt: skip
    is_anonymous = forms.BooleanField(label=_("The caller wants to stay unknown"), required=False)
    about_team = forms.ChoiceField(label=_("Team complained about"), required=False)
    about_user = forms.ChoiceField(
        label=_("Person complained about"), required=False,
        help_text=_("Neither they nor their team see the case, or find it."),
    )  # fmt: skip
    authority = forms.ChoiceField(label=_("Authority"), required=False)
    authority_number = forms.CharField(label=_("Its number there"), required=False, max_length=80)
    reference = forms.CharField(
        label=_("Reference of the sender"), required=False, max_length=80,
        help_text=_("The same reference counts once."),
    )  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self, *args: Any, rules: CaseRules, teams: Sequence[TeamCard], people: Sequence[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, one.name(language())) for code, (one, _standard) in rules.authorities.items()]
        for name, given in {
            "class_code": class_choices(rules), "about_team": team_choices(teams),
            "about_user": [("", "–"), *people], "authority": [("", "–"), *named],
        }.items():  # fmt: skip
            self.fields[name].choices = given  # type: ignore[attr-defined]

    def case(self, *, account_id: int | None, bill_id: int | None) -> NewCase:
        """Return what was typed."""
        given = self.cleaned_data
        plain = (
            "text", "title", "class_code", "caller_name", "caller_phone", "caller_email", "place", "is_anonymous",
            "authority", "authority_number", "reference", "language", "request_key",
        )  # fmt: skip
        return NewCase(
            kind=CaseKind(given["kind"]), channel=CaseChannel(given["channel"]), account_id=account_id,
            bill_id=bill_id,
            about_team_id=int(given["about_team"]) if given["about_team"] else None,
            about_user_id=int(given["about_user"]) if given["about_user"] else None,
            **{name: given[name] for name in plain},
        )  # fmt: skip


class ClassForm(PageForm):
    """What a case is about."""

    field_of = {"class": "class_code"}
    kind = forms.ChoiceField(label=_("What kind of case"), choices=choices(KINDS))
    class_code = forms.ChoiceField(label=_("Class"))

    def __init__(self, *args: Any, rules: CaseRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["class_code"].choices = class_choices(rules)  # type: ignore[attr-defined]


class TeamForm(PageForm):
    """Which team gets a case."""

    team = forms.ChoiceField(label=_("Team"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, *args: Any, teams: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = teams  # type: ignore[attr-defined]


class FindingForm(PageForm):
    """What was found."""

    text = forms.CharField(label=_("What was found"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))
    evidence = forms.ChoiceField(label=_("Shown by"), choices=choices(EVIDENCE))
    shown_by = forms.CharField(label=_("Which"), required=False, max_length=200)


class WordForm(PageForm):
    """A first word to the caller."""

    text = forms.CharField(label=_("What is said"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))
    way = forms.ChoiceField(label=_("Way"), choices=choices(WAYS))


class FirstWordForm(WordForm):
    """A first word; the same form sent twice says it once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ReplyForm(WordForm):
    """The answer."""

    field_of = {"bad_case_reply": "text"}
    cause = forms.ChoiceField(label=_("Cause"), required=False)
    liable = forms.ChoiceField(label=_("Who is liable"), required=False, choices=list(LIABLE.items()))

    def __init__(self, *args: Any, rules: CaseRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        causes = [(code, rules.cause_path(code, language())) for code in rules.causes]
        self.fields["cause"].choices = [("", "–"), *causes]  # type: ignore[attr-defined]

    @property
    def is_liable(self) -> bool | None:
        """Return whether it lies with us; None: not said."""
        return {"yes": True, "no": False}.get(self.cleaned_data.get("liable") or "")


class CallForm(PageForm):
    """What the caller said when called back."""

    field_of = {"reason": "note"}
    result = forms.ChoiceField(label=_("The caller is"), choices=choices(CALLS))
    stars = forms.TypedChoiceField(
        label=_("Stars"), required=False, coerce=int, empty_value=None,
        choices=[("", "–"), *((str(one), str(one)) for one in range(1, 6))],
    )  # fmt: skip
    note = forms.CharField(label=_("What was said"), required=False, max_length=500)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ReasonForm(PageForm):
    """Why."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)


class EscalateForm(PageForm):
    """To which authority a case went."""

    authority = forms.ChoiceField(label=_("Authority"))
    number = forms.CharField(label=_("Its number there"), required=False, max_length=80)

    def __init__(self, *args: Any, rules: CaseRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, one.name(language())) for code, (one, _standard) in rules.authorities.items()]
        self.fields["authority"].choices = named  # type: ignore[attr-defined]


class MergeForm(PageForm):
    """With which case it is answered."""

    field_of = {"unknown_case": "into", "bad_merge": "into"}
    into = forms.CharField(label=_("Number of the other case"), max_length=20)


class ConcernForm(PageForm):
    """Who of ours is complained about."""

    about_team = forms.ChoiceField(label=_("Team complained about"), required=False)
    about_user = forms.ChoiceField(label=_("Person complained about"), required=False)

    def __init__(self, *args: Any, teams: Sequence[TeamCard], people: Sequence[tuple[int, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["about_team"].choices = team_choices(teams)  # type: ignore[attr-defined]
        self.fields["about_user"].choices = [("", "–"), *people]  # type: ignore[attr-defined]


class CompensationForm(PageForm):
    """An adjustment of the account, from the case."""

    field_of = {"side": "amount"}
    amount = MoneyField(label=_("Amount credited"))
    reason = forms.ChoiceField(label=_("Reason"))
    text = forms.CharField(label=_("What it is for"), max_length=200)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, reasons: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = list(reasons)  # type: ignore[attr-defined]


class KeyForm(PageForm):
    """Something that is done once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ReReadForm(KeyForm):
    """That the meter is read again."""

    due = DayField(label=_("Until"))


class ApologyForm(KeyForm):
    """A letter of apology."""

    text = forms.CharField(label=_("What the letter says"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}))


class PhotoForm(PageForm):
    """A picture."""

    photo = forms.FileField(label=_("Photo"))
