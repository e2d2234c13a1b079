"""Forms on notices: filters of the list, texts."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import EVENTS
from accounts.domain.notice_texts import SUBJECT_MOST, Text
from accounts.queries import notice_texts
from cis.desk.forms.customers import choices
from cis.desk.notice_words import CHANNELS, STATES
from cis.platform.forms import DayField, PageForm

LANGUAGE_NAMES = {"zh-hans": "中文", "en": "English"}


def event_choices() -> list[tuple[str, str]]:
    """Return the events of the catalogue with their names in the page's language."""
    language = get_language() or LANGUAGES[0]
    return [(code, notice_texts.title(code, language)) for code in EVENTS]


class NoticeListForm(PageForm):
    """Which notices are listed."""

    text = forms.CharField(label=_("Account, name or phone"), required=False, max_length=60)
    event = forms.ChoiceField(
        label=_("What for"), required=False, choices=lambda: [("", str(_("All"))), *event_choices()]
    )
    channel = forms.ChoiceField(label=_("Way"), required=False, choices=choices(CHANNELS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    mailing = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    batch = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)


class TextForm(PageForm):
    """One text of an event; an SMS has no subject."""

    subject = forms.CharField(label=_("Subject"), max_length=SUBJECT_MOST, required=False)
    body = forms.CharField(
        label=_("Text"),
        max_length=8_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "class": "code-text", "spellcheck": "true"}),
        help_text=_("Facts stand between two braces. An empty line begins a paragraph."),
    )
    account = forms.CharField(
        label=_("Show it with the facts of account"), max_length=20, required=False, help_text=_("Empty: the latest.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_sms: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_sms:
            del self.fields["subject"]
            self.fields["body"].widget.attrs["rows"] = 5

    def text(self) -> Text:
        """Return what was typed."""
        given = self.cleaned_data
        return Text(given.get("subject", "").strip(), given["body"].replace("\r\n", "\n").strip())
