"""Forms on readings and meter files."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cis.kernel.errors import Refused
from cis.platform.forms import DayField, EnergyField, PageForm
from cis.platform.phrases import explain
from cis.platform.templatetags.local import day, kwh

KINDS = [("actual", _("Read by us")), ("customer", _("By the customer")), ("estimated", _("Estimated"))]


class ReadForm(PageForm):
    """One date, and a field for each counter that can be read."""

    field_of = {"date_in_future": "read_date"}
    read_date = DayField(label=_("Date"), help_text=_("The value at 00:00 of this date."))
    kind = forms.ChoiceField(label=_("How"), choices=KINDS)
    is_sure = forms.BooleanField(label=_("The readings are right"), required=False)

    def __init__(self, *args: Any, counters: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counters = counters
        for place, counter in enumerate(counters):
            field = EnergyField(label=counter.register.code, required=False)
            attrs = field.widget.attrs
            attrs["class"] = "form-control num"
            if place == 0:
                attrs["autofocus"] = True
            last = counter.register.latest
            if last is not None:
                field.help_text = gettext("Last: %(value)s on %(day)s") % {
                    "value": kwh(last.reading_wh),
                    "day": day(last.read_date),
                }
            self.fields[self.name_of(counter)] = field

    @staticmethod
    def name_of(counter: Any) -> str:
        """Return the name of a counter's field."""
        return f"reading_{counter.key}"

    def clean(self) -> dict[str, Any]:
        """Ask for one reading at least."""
        given: dict[str, Any] = super().clean() or {}
        names = [self.name_of(counter) for counter in self.counters]
        if names and all(given.get(name) is None and name not in self.errors for name in names):
            self.add_error(names[0], gettext("Enter a reading."))
        for name in names:
            if given.get(name) is not None and given[name] < 0:
                self.add_error(name, gettext("A counter is never below 0."))
        return given

    def refuse_reading(self, counter: Any, refusal: Refused) -> None:
        """Show a refusal beside its counter, or beside the date if it is about that."""
        name = "read_date" if refusal.code in self.field_of else self.name_of(counter)
        words = explain(refusal.code, refusal.message, refusal.advice)
        self.add_error(name, f"{words.message} {words.advice}".strip())
        self._mark(name)

    def ask(self, doubts: Mapping[str, Any]) -> None:
        """Ask whether unlikely readings are right; the box to confirm them is shown from now on."""
        for name, doubt in doubts.items():
            usual = "" if doubt.usual_wh is None else gettext("Usual: %(usual)s kWh.") % {"usual": kwh(doubt.usual_wh)}
            facts = gettext("Used since the last read: %(energy)s kWh.") % {"energy": kwh(doubt.energy_wh)}
            self.add_error(name, f"{doubt.text} {facts} {usual}".strip())
            self._mark(name)

    def _mark(self, name: str) -> None:
        attrs = self.fields[name].widget.attrs
        if "is-invalid" not in attrs["class"]:
            attrs["class"] = f"{attrs['class']} is-invalid"

    def rows(self) -> list[dict[str, Any]]:
        """Return the counters with their fields, for the page."""
        return [{"counter": counter, "field": self[self.name_of(counter)]} for counter in self.counters]


class UploadForm(PageForm):
    """A meter file."""

    file = forms.FileField(label=_("Meter file"), allow_empty_file=True, max_length=255)
    taken_date = DayField(
        label=_("Date of telegrams without a time"), required=False,
        help_text=_("Only for telegrams before DSMR 4: their values count at 00:00 of this date."),
    )  # fmt: skip
