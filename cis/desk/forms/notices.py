"""Forms on notices: filters of the list, texts."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.domain.customer import LANGUAGES
from accounts.domain.mailing import EVENTS as MAILING_EVENTS
from accounts.domain.notice_events import EVENTS
from accounts.domain.notice_texts import SUBJECT_MOST, Text
from accounts.queries import notice_texts
from cis.desk.forms.customers import choices
from cis.desk.notice_words import BATCH_STATES, CHANNELS, CLASSES, MAILING_STATES, STATES
from cis.desk.words import CONTACT_KINDS
from cis.platform.forms import DayField, PageForm

LANGUAGE_NAMES = {"zh-hans": "中文", "en": "English"}


def event_choices() -> list[tuple[str, str]]:
    """Return the events of the catalogue with their names in the page's language."""
    language = get_language() or LANGUAGES[0]
    return [(code, notice_texts.title(code, language)) for code in EVENTS]


LATEST_FIRST = _("Latest first")


def order_field(*, first: Any = LATEST_FIRST, **orders: Any) -> forms.ChoiceField:
    """Return the field that orders a list; "" is the order in which it stands without being asked."""
    return forms.ChoiceField(label=_("Order"), required=False, choices=[("", first), *orders.items()])


class NoticeListForm(PageForm):
    """Which notices are listed."""

    text = forms.CharField(label=_("Account, name or phone"), required=False, max_length=60)
    event = forms.ChoiceField(
        label=_("What for"), required=False, choices=lambda: [("", str(_("All"))), *event_choices()]
    )
    channel = forms.ChoiceField(label=_("Way"), required=False, choices=choices(CHANNELS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    order = order_field(oldest=_("Oldest first"))
    mailing = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    batch = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)


class ToMendForm(PageForm):
    """Which addresses to mend are listed."""

    text = forms.CharField(label=_("Name, number or address"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(CONTACT_KINDS, empty=_("All")))
    order = order_field(first=_("Oldest first"), latest=_("Latest first"))


class BatchListForm(PageForm):
    """Which print batches are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(BATCH_STATES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    order = order_field(oldest=_("Oldest first"), count=_("Most letters first"))


class TextListForm(PageForm):
    """Which texts are listed."""

    text = forms.CharField(label=_("What for"), required=False, max_length=60)
    notice_class = forms.ChoiceField(label=_("Class"), required=False, choices=choices(CLASSES, empty=_("All")))
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("All")), ("changed", _("Changed here")), ("delivered", _("as delivered"))],
    )  # fmt: skip


class MailingListForm(PageForm):
    """Which mailings are listed."""

    text = forms.CharField(label=_("Name of the mailing or author"), required=False, max_length=60)
    event = forms.ChoiceField(
        label=_("What for"),
        required=False,
        choices=lambda: [("", str(_("All"))), *(one for one in event_choices() if one[0] in MAILING_EVENTS)],
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(MAILING_STATES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    order = order_field(oldest=_("Oldest first"), title=_("By name"), count=_("Most customers first"))


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
