"""Forms on calls, callers, mails of the inbox, and what a case is about."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cis.desk.call_words import MAIL_FATES, QUESTIONS, RESULTS, STATES
from cis.desk.case_words import KINDS
from cis.desk.forms.customers import choices
from cis.platform.forms import PageForm
from complaints.domain.calls import ABOUT_MOST, NOTE_MOST, CallSource
from complaints.operations.call_requests import NewCall
from complaints.operations.caller_checks import Sheet
from complaints.queries.calls import WantedCalls
from complaints.queries.mails import WantedMails

CALL_FILTERS = {"": _("To be called"), "late": _("Late"), "mine": _("Mine"), "all": _("All")}
MAIL_FILTERS = {"": _("Waits for a person"), "all": _("All")}


class TimeField(forms.DateTimeField):
    """An instant as a page asks for it, on the clock of the place."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], **kwargs)


class CallListForm(PageForm):
    """Filters of the queue of calls."""

    text = forms.CharField(label=_("Number or name"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*CALL_FILTERS.items(), *STATES.items()])

    def wanted(self, *, owner_id: int | None) -> WantedCalls:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return WantedCalls(text=given["text"].strip(), state=given["state"], owner_id=owner_id)


class NewCallForm(PageForm):
    """A call that somebody asks for at the desk."""

    phone = forms.CharField(label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"}))
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    about = forms.CharField(
        label=_("What it is about"), required=False, max_length=ABOUT_MOST, widget=forms.Textarea(attrs={"rows": 3})
    )
    from_at = TimeField(label=_("Call from"), required=False)
    until_at = TimeField(label=_("Call until"), required=False, help_text=_("Empty: as soon as may be."))

    def call(self, *, language: str, account_id: int | None, customer_id: int | None) -> NewCall:
        """Return what was typed."""
        return NewCall(
            source=CallSource.DESK, language=language, account_id=account_id, customer_id=customer_id,
            **self.cleaned_data,
        )  # fmt: skip


class CallNoteForm(PageForm):
    """How a call went."""

    result = forms.ChoiceField(label=_("How it went"), choices=choices(RESULTS))
    text = forms.CharField(label=_("Note"), required=False, max_length=NOTE_MOST)
    next_at = TimeField(label=_("Call again at"), required=False, help_text=_("Where the caller asked for it."))
    case_number = forms.CharField(label=_("Case that came of it"), required=False, max_length=20)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)


class CheckForm(PageForm):
    """What a caller says: the PIN, or an answer to each question."""

    field_of: Mapping[str, str] = {}
    pin = forms.CharField(
        label=_("Telephone PIN"), required=False, max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, sheet: Sheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sheet.has_pin:
            del self.fields["pin"]
        for one in sheet.questions:
            self.fields[one.value] = forms.CharField(
                label=QUESTIONS[one.value], required=False, max_length=254,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )  # fmt: skip

    def answers(self) -> dict[str, str]:
        """Return what was said, by question."""
        return {name: value for name, value in self.cleaned_data.items() if name != "pin"}


class MailListForm(PageForm):
    """Filters of the inbox."""

    text = forms.CharField(label=_("Sender or subject"), required=False, max_length=60)
    fate = forms.ChoiceField(
        label=pgettext_lazy("complaint", "What became of it"),
        required=False,
        choices=[*MAIL_FILTERS.items(), *MAIL_FATES.items()],
    )

    def wanted(self) -> WantedMails:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return WantedMails(text=given["text"].strip(), fate=given["fate"])


class MailForm(PageForm):
    """As what kind of case a mail is taken in."""

    kind = forms.ChoiceField(label=_("What kind of case"), choices=choices(KINDS), initial="question")


class LinkForm(PageForm):
    """What a case is about: one thing of its account, chosen; or a bill, application or work order by its number."""

    thing = forms.ChoiceField(label=_("What it is about"), required=False)
    number = forms.CharField(label=_("Or its number"), required=False, max_length=20)

    def __init__(self, *args: Any, things: list[tuple[str, list[tuple[str, str]]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["thing"].choices = [("", "–"), *things]  # type: ignore[attr-defined]
