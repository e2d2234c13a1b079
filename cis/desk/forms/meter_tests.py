"""Forms on tests of meters, on meters that fall due, and on transformers before a meter."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.device_words import ASKED_BY, TEST_LOADS
from cis.desk.forms.customers import choices
from cis.kernel import fixed
from cis.platform.forms import DayField, PageForm
from cis.platform.phrases import explain
from metering.domain.device_tests import LOT_MOST, PERCENT_PLACES, TEXT_MOST, Accuracy, LoadError
from metering.domain.instrument_transformers import NewTransformer, parse
from metering.domain.meter_store import CERTIFICATE_MOST
from metering.operations.device_tests import Report

DAYS_MOST = 1_830


class PercentField(forms.CharField):
    """An error in percent as typed, kept in ppm."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=12, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: object) -> int | None:
        """Return ppm."""
        text = str(super().clean(value)).strip().removeprefix("+")
        try:
            return fixed.parse(text, places=PERCENT_PLACES) if text else None
        except fixed.NotANumber as refusal:
            words = explain(refusal.code, refusal.message, refusal.advice)
            raise forms.ValidationError(words.message) from refusal


class AskTestForm(PageForm):
    """A meter is to be tested."""

    asked_by = forms.ChoiceField(label=_("Asked for by"), choices=choices(ASKED_BY))
    lot = forms.CharField(label=_("Lot"), required=False, max_length=LOT_MOST, help_text=_("Of which it is a sample."))
    reason = forms.CharField(label=_("Why"), required=False, max_length=TEXT_MOST)
    request_key = forms.CharField(max_length=64, widget=forms.HiddenInput)


class TestReportForm(PageForm):
    """What the laboratory found, an error for each load of the pack's rule."""

    __test__ = False
    tested_date = DayField(label=_("Tested on"))
    laboratory = forms.CharField(label=_("Laboratory"), max_length=TEXT_MOST)
    accuracy = forms.ChoiceField(
        label=_("Class of the meter"), choices=[("", "–"), *((str(one), str(one)) for one in Accuracy)]
    )
    certificate = forms.CharField(label=_("Number of the report"), required=False, max_length=CERTIFICATE_MOST)
    certified_until = DayField(
        label=_("New certificate holds until"), required=False, help_text=_("Only of a meter that passed.")
    )

    def __init__(self, *args: Any, loads: Sequence[tuple[str, int]], **kwargs: Any) -> None:
        self.loads = loads
        super().__init__(*args, **kwargs)
        for load, _weight in loads:
            field = PercentField(
                label=TEST_LOADS.get(load, load), help_text=_("Error in percent; above 0: it is fast.")
            )
            field.widget.attrs["class"] = "form-control num"
            self.fields[f"error_{load}"] = field

    def error_fields(self) -> list[Any]:
        """Return the fields of the errors, in the order of the loads."""
        return [self[f"error_{load}"] for load, _weight in self.loads]

    def report(self) -> Report:
        """Return what was typed."""
        given = self.cleaned_data
        errors = tuple(
            LoadError(load=load, weight=weight, error_ppm=given[f"error_{load}"]) for load, weight in self.loads
        )
        names = ("tested_date", "laboratory", "accuracy", "certificate", "certified_until")
        return Report(errors=errors, **{name: given[name] for name in names})


class DueListForm(PageForm):
    """Which meters are listed whose certificates end."""

    until = DayField(label=_("Certificate ends by"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)

    def __init__(self, *args: Any, districts: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(name, f"{name} ({count})") for name, count in districts.items() if name]
        self.fields["district"].choices = [("", _("All")), *named]  # type: ignore[attr-defined]


class OrderExchangesForm(PageForm):
    """By when chosen meters are exchanged."""

    due_date = DayField(label=_("To be done by"))


class TransformersForm(PageForm):
    """The transformers that stand at a place from a day on."""

    field_of = {"bad_transformers": "transformers", "other_multiplier": "transformers"}
    from_date = DayField(label=_("From"))
    transformers = forms.CharField(
        label=_("Transformers"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line: CT A123 200/5 0.2S, or VT B7 10000/100. Empty: none stand there any more."),
    )  # fmt: skip

    def parsed(self) -> tuple[NewTransformer, ...]:
        """Return them; see ``parse`` for what it refuses."""
        return parse(self.cleaned_data["transformers"])


def until_of(form: DueListForm, *, today: date, ahead_days: int) -> date:
    """Return the day by which certificates end: the one that was typed, else so many days ahead."""
    given = form.cleaned_data.get("until") if form.is_valid() else None
    return min(given or today + timedelta(days=ahead_days), today + timedelta(days=DAYS_MOST))
