"""The form of a mailing: whom, and what in every language."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone, translation
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
from cis.platform.forms import DayField, PageForm
from metering.queries import places
from tariffs.queries import versions

AIMED = ("price_change", "safety_campaign")
"""Mailings to the affected alone; their texts are ready, an SMS among them."""
AFFECTED_WORDS = {
    "defects": _("a safety defect of the installation is not rectified yet"),
    "protected": _("somebody lives there who depends on electricity or needs care"),
}
"""Whom a safety campaign is about, as its letters say it; see ``mailing_targets.AFFECTED``."""
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
    affected = forms.ChoiceField(
        label=_("Whom it is about"), required=False, choices=[("", _("All who are chosen")), *AFFECTED_WORDS.items()],
        help_text=_("For a safety campaign."),
    )  # fmt: skip
    start = DayField(
        label=_("New price from"), required=False,
        help_text=_("For a price change: whoever is on the tariff on that day is told."),
    )  # fmt: skip

    def __init__(self, *args: Any, event: str = EVENTS[0], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begun_with = event
        language = get_language() or LANGUAGES[0]
        every = ("", _("All"))
        self._offer("event", [(code, notice_texts.title(code, language)) for code in EVENTS])
        self.initial["event"] = event
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
        texts = notice_texts.delivered(self.begun_with)
        told, sms = texts[Channel.EMAIL, code], texts[Channel.SMS, code]
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
            initial=sms.body if self.begun_with in AIMED else "",
            widget=forms.Textarea(attrs={"rows": 4, "class": "form-control code-text"}),
            help_text=_("Empty in both languages: it does not go by SMS."),
        )  # fmt: skip

    def words(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields of each language, for the page."""
        return [(code, [self[f"{name}_{code}"] for name in ("subject", "body", "sms")]) for code in LANGUAGES]

    def clean(self) -> dict[str, Any]:
        """Refuse a price change that names no tariff, or no day to come."""
        given = super().clean() or self.cleaned_data
        if given.get("event") == "price_change":
            if not given.get("tariff"):
                self.add_error("tariff", _("Choose the tariff whose price changes: only who is on it is told."))
            if not given.get("start") or given["start"] < timezone.localdate():
                self.add_error("start", _("Choose the day on which the new price begins, today or later."))
        return given

    def on(self, today: date) -> date:
        """Return the day by which it is decided who is affected."""
        return self.cleaned_data["start"] if self.cleaned_data["event"] == "price_change" else today

    def _facts(self) -> dict[str, str]:
        """Return what a mailing to some is about, for its words."""
        given = self.cleaned_data
        if given["event"] == "price_change":
            names = {row.code: row for row in versions.listed()}
            chosen = names[given["tariff"]]
            return {"tariff": chosen.name_zh, "tariff_en": chosen.name_en, "start": given["start"].isoformat()}
        if given["event"] == "safety_campaign":
            return {"why": _why(given["affected"], LANGUAGES[0]), "why_en": _why(given["affected"], "en")}
        return {}

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
        return NewMailing(title=given["title"], event=given["event"], words=words, facts=self._facts())

    def choice(self) -> Choice:
        """Return whom it goes to; offers go to who asked for them."""
        given = self.cleaned_data
        return Choice(
            customer_kind=given["customer_kind"],
            district=given["district"],
            tariff=given["tariff"],
            cycle=given["cycle"],
            segment=given["segment"],
            affected=given["affected"] if given["event"] == "safety_campaign" else "",
            asked_for=given["event"] == "offer",
        )


def _why(affected: str, language: str) -> str:
    with translation.override(language):
        return str(AFFECTED_WORDS.get(affected, _("it concerns everybody who uses electricity")))


def _tariffs(language: str) -> list[tuple[str, str]]:
    names = {row.code: row.name_zh if language.startswith("zh") else row.name_en for row in versions.listed()}
    return sorted(names.items(), key=lambda one: one[1])


def _cycles(language: str) -> list[tuple[str, str]]:
    return [(one.code, one.name_zh if language.startswith("zh") else one.name_en) for one in cycles.listed()]
