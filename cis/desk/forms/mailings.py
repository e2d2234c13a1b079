"""The form of a mailing: whom, and what in every language."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.domain.customer import LANGUAGES
from accounts.domain.mailing import EVENTS, TITLE_MOST, NewMailing, Words
from accounts.domain.notice_events import Channel
from accounts.domain.notice_texts import BODY_MOST, SUBJECT_MOST
from accounts.queries import care_rules, notice_texts
from billing.queries import cycles
from billing.queries.mailing_targets import Choice
from cis.desk.forms.customers import choices
from cis.desk.words import CUSTOMER_KINDS
from cis.platform.forms import PageForm
from metering.queries import places
from tariffs.queries import versions

AREA = {"class": "code-text", "spellcheck": "true"}


class MailingForm(PageForm):
    """Whom a mailing goes to, and what it says in Chinese and English."""

    field_of = {"nobody_chosen": "customer_kind"}
    title = forms.CharField(label=_("Name of the mailing"), max_length=TITLE_MOST, help_text=_("For the desk alone."))
    event = forms.ChoiceField(label=_("What for"))
    customer_kind = forms.ChoiceField(
        label=_("Kind of customer"), required=False, choices=choices(CUSTOMER_KINDS, empty=_("All"))
    )
    district = forms.ChoiceField(label=_("Area"), required=False)
    tariff = forms.ChoiceField(label=_("Tariff"), required=False)
    cycle = forms.ChoiceField(label=_("Bill cycle"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or LANGUAGES[0]
        every = ("", _("All"))
        self._offer("event", [(code, notice_texts.title(code, language)) for code in EVENTS])
        self._offer("district", [every, *((one, one) for one in places.all_districts())])
        self._offer("tariff", [every, *_tariffs(language)])
        self._offer("cycle", [every, *_cycles(language)])
        segments = care_rules.segment_names(at=timezone.localdate(), language=language)
        self._offer("segment", [every, *segments.items()])
        for code in LANGUAGES:
            self._add_words(code)

    def _offer(self, name: str, found: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = found

    def _add_words(self, code: str) -> None:
        told = notice_texts.delivered("announcement")[Channel.EMAIL, code]
        style = {"class": "form-control"}
        self.fields[f"subject_{code}"] = forms.CharField(
            label=_("Subject"), max_length=SUBJECT_MOST, required=False, initial=told.subject,
            widget=forms.TextInput(attrs=style),
        )  # fmt: skip
        self.fields[f"body_{code}"] = forms.CharField(
            label=_("Text"), max_length=BODY_MOST[Channel.EMAIL], required=False, initial=told.body,
            widget=forms.Textarea(attrs={"rows": 9, "class": "form-control code-text"}),
        )  # fmt: skip
        self.fields[f"sms_{code}"] = forms.CharField(
            label=_("SMS"), max_length=BODY_MOST[Channel.SMS], required=False,
            widget=forms.Textarea(attrs={"rows": 4, "class": "form-control code-text"}),
            help_text=_("Empty in both languages: it does not go by SMS."),
        )  # fmt: skip

    def words(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields of each language, for the page."""
        return [(code, [self[f"{name}_{code}"] for name in ("subject", "body", "sms")]) for code in LANGUAGES]

    def mailing(self) -> NewMailing:
        """Return what was typed."""
        given = self.cleaned_data
        words = {
            code: Words(
                subject=given[f"subject_{code}"].strip(),
                body=given[f"body_{code}"].replace("\r\n", "\n").strip(),
                sms=given[f"sms_{code}"].replace("\r\n", "\n").strip(),
            )
            for code in LANGUAGES
        }
        return NewMailing(title=given["title"], event=given["event"], words=words)

    def choice(self) -> Choice:
        """Return whom it goes to; offers go to who asked for them."""
        given = self.cleaned_data
        return Choice(
            customer_kind=given["customer_kind"],
            district=given["district"],
            tariff=given["tariff"],
            cycle=given["cycle"],
            segment=given["segment"],
            asked_for=given["event"] == "offer",
        )


def _tariffs(language: str) -> list[tuple[str, str]]:
    names = {row.code: row.name_zh if language.startswith("zh") else row.name_en for row in versions.listed()}
    return sorted(names.items(), key=lambda one: one[1])


def _cycles(language: str) -> list[tuple[str, str]]:
    return [(one.code, one.name_zh if language.startswith("zh") else one.name_en) for one in cycles.listed()]
