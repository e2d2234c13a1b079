"""Forms on programmes that customers sign, and on who has joined them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.programme_words import DAY_COUNTS, ENROLMENT_STATES, METHODS, PROGRAM_KINDS, PROGRAM_STATES
from cis.desk.words import CUSTOMER_CLASSES
from cis.kernel import fixed
from cis.platform.forms import DayField, EnergyField, MoneyField, PageForm
from cis.platform.templatetags.local import in_language
from contracts.domain.lease import DayCount, Method
from contracts.domain.programs import NewProgram, ProgramKind, Terms
from contracts.queries import programs
from contracts.queries.programs import Joinable
from tariffs.queries import plans

PERCENT_PLACES = 4
CREDIT_UNIT_E6 = 10**6


class PercentField(forms.CharField):
    """A part in percent as typed, kept in millionths."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=12, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int:
        """Return millionths."""
        text = str(super().clean(value)).replace("%", "").strip()
        try:
            return fixed.parse(text, places=PERCENT_PLACES) if text else 0
        except fixed.NotANumber as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class ProgrammeListForm(PageForm):
    """Which programmes are listed."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *PROGRAM_KINDS.items()]
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=lambda: [("", _("All states")), *PROGRAM_STATES.items()]
    )
    text = forms.CharField(label=_("Name or code"), max_length=40, required=False)


class EnrolmentListForm(PageForm):
    """Which enrolments are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=lambda: [("", _("All states")), *ENROLMENT_STATES.items()]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *PROGRAM_KINDS.items()]
    )
    program = forms.RegexField(regex=r"[0-9]{1,18}", required=False, widget=forms.HiddenInput)
    text = forms.CharField(label=_("Account or name"), max_length=40, required=False)


class ProgrammeForm(PageForm):
    """A programme to be published: its words, whom it is for, and the numbers of its kind."""

    kind = forms.ChoiceField(label=_("Kind"), choices=lambda: list(PROGRAM_KINDS.items()))
    code = forms.SlugField(label=_("Code"), max_length=40)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=100)
    device_zh = forms.CharField(label=_("Equipment in Chinese"), max_length=200, required=False)
    device_en = forms.CharField(label=_("Equipment in English"), max_length=200, required=False)
    text_zh = forms.CharField(label=_("Terms in Chinese"), widget=forms.Textarea(attrs={"rows": 6}), max_length=20_000)
    text_en = forms.CharField(label=_("Terms in English"), widget=forms.Textarea(attrs={"rows": 6}), max_length=20_000)
    legal_source = forms.CharField(label=_("Legal source"), max_length=500, required=False)
    valid_from = DayField(label=_("May be joined from"))
    valid_until = DayField(label=_("Until, not included"), required=False)
    customer_classes = forms.MultipleChoiceField(
        label=_("Classes of customers"), choices=lambda: list(CUSTOMER_CLASSES.items()), required=False,
        help_text=_("None: all."), widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    tariffs = forms.CharField(
        label=_("Codes of tariffs"), max_length=400, required=False, help_text=_("With blanks between; none: all.")
    )
    months = forms.IntegerField(label=_("Months, or instalments"), min_value=1, max_value=360, initial=12)
    rent = MoneyField(label=_("Rent or fee a month"), required=False)
    is_by_calendar_month = forms.BooleanField(label=_("By calendar month: first and last are parts"), required=False)
    price = MoneyField(label=_("Whole price"), required=False)
    down = MoneyField(label=_("Down payment"), required=False)
    rate = PercentField(label=_("Interest a year (%)"), required=False)
    method = forms.ChoiceField(label=_("Instalments"), choices=lambda: list(METHODS.items()), required=False)
    count = forms.ChoiceField(label=_("Parts of months"), choices=lambda: list(DAY_COUNTS.items()), required=False)
    leave = PercentField(label=_("For leaving early, of what is to come (%)"), required=False)
    is_financed = forms.BooleanField(label=_("A partner bank pays the price"), required=False)
    green_blocks = forms.IntegerField(label=_("Blocks of green energy a month"), min_value=0, required=False)
    feature = forms.CharField(label=_("Feature of the tariff"), max_length=40, required=False)
    tariff = forms.ChoiceField(label=_("Tariff that holds meanwhile"), required=False, choices=())
    credit = MoneyField(label=_("Credit for a kWh saved"), required=False)
    limit = EnergyField(label=_("Limit in an event (kW)"), required=False, help_text=_("None: customers save by hand."))
    events_most = forms.IntegerField(label=_("Events a year at most"), min_value=0, max_value=366, required=False)
    notice_minutes = forms.IntegerField(
        label=_("Told before an event (minutes)"), min_value=0, max_value=10_080, required=False
    )
    opt_out_minutes = forms.IntegerField(
        label=_("Opting out until (minutes before)"), min_value=0, max_value=10_080, required=False
    )
    field_of = {"bad_schedule": "months", "no_rent": "rent", "unknown_tariff": "tariffs"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["tariff"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _tariffs()

    def program(self) -> NewProgram:
        """Return what a valid form says."""
        given = self.cleaned_data
        terms = Terms(
            kind=ProgramKind(given["kind"]),
            months=given["months"],
            rent_minor=given["rent"] or 0,
            price_minor=given["price"] or 0,
            down_minor=given["down"] or 0,
            rate_e6=given["rate"],
            method=Method(given["method"] or Method.ANNUITY),
            count=DayCount(given["count"] or DayCount.CALENDAR_DAYS),
            leave_e6=given["leave"],
            is_by_calendar_month=given["is_by_calendar_month"],
            is_financed=given["is_financed"],
            green_blocks=given["green_blocks"] or 0,
            feature=given["feature"].strip(),
            tariff=given["tariff"],
            limit_w=given["limit"] or 0,
            credit_e6=(given["credit"] or 0) * CREDIT_UNIT_E6,
            notice_minutes=given["notice_minutes"] or 0,
            opt_out_minutes=given["opt_out_minutes"] or 0,
            events_most=given["events_most"] or 0,
        )
        words = ("code", "name_zh", "name_en", "device_zh", "device_en", "text_zh", "text_en", "legal_source")
        return NewProgram(
            **{name: given[name] for name in words},
            terms=terms,
            valid_from=given["valid_from"],
            valid_until=given["valid_until"],
            customer_classes=tuple(given["customer_classes"]),
            tariffs=tuple(given["tariffs"].split()),
        )


class OfferForm(PageForm):
    """A programme for one account."""

    program = forms.ChoiceField(label=_("Programme"))
    start_date = DayField(label=_("Begins on"))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, joinable: Sequence[Joinable], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.joinable = {str(one.program.id): one for one in joinable}
        field = self.fields["program"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, in_language(one.program.names)) for key, one in self.joinable.items()]

    def offer(self) -> dict[str, Any]:
        """Return what a valid form says."""
        one = self.joinable[self.cleaned_data["program"]]
        start: date = self.cleaned_data["start_date"]
        return {
            "program_id": one.program.id,
            "agreement_id": one.agreement.id if one.agreement and programs.needs_supply(one.program) else None,
            "start_date": start,
            "request_key": self.cleaned_data["request_key"],
        }


def _tariffs() -> list[tuple[str, Any]]:
    found = [(one.code, in_language({"zh": one.name_zh, "en": one.name_en})) for one in plans.price_book()]
    return [("", _("The customer's own")), *found]
