"""
The base of every form on a page: classes of the design, hints and errors tied to their fields, refusals in place.

A refusal of an operation becomes an error beside the field that it is about, so that nobody loses what they typed.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from cis.kernel import fixed
from cis.kernel.errors import Finding, Refused
from cis.platform.phrases import explain

YEARS = (1900, 2999)


class PageForm(forms.Form):
    """
    A form of a page.

    field_of  where a refusal belongs: its code, or the place that a finding names -> field of this form
    """

    # The server says what is missing, in the page's language and beside the field.
    use_required_attribute = False
    field_of: Mapping[str, str] = {}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
                kind = "form-check-input"
            elif isinstance(widget, forms.Select):
                kind = "form-select"
            else:
                kind = "form-control"
            widget.attrs["class"] = f"{kind} {widget.attrs.get('class', '')}".strip()

    def full_clean(self) -> None:
        """Check the form, then mark the fields that are wrong."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs['class']} is-invalid"

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal: each finding beside its field, what is about no field above the form."""
        findings = refusal.detail.get("findings")
        if not findings:
            place = str(refusal.detail.get("field", ""))
            findings = [Finding(place, refusal.code, refusal.message, refusal.advice)]
        for finding in findings:
            place = finding.where.rpartition(": ")[2]
            name = next((n for n in (self.field_of.get(finding.code), self.field_of.get(place), place) if n), "")
            words = explain(finding.code, finding.message, finding.advice)
            self.add_error(name if name in self.fields else None, f"{words.message} {words.advice}".strip())
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs['class']} is-invalid"


class DayField(forms.DateField):
    """A local date, chosen in the browser's calendar; ISO on the wire whatever the language."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    input_formats = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")

    def to_python(self, value: Any) -> date | None:
        """Return the date; at either end of the calendar there is no month before or after to reckon with."""
        day: date | None = super().to_python(value)
        if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day


def day_of(text: str | None) -> date | None:
    """Return the day that was typed outside a form; None where it is none."""
    try:
        day: date | None = DayField(required=False).clean(text or "")
    except forms.ValidationError:
        return None
    return day


class MoneyField(forms.CharField):
    """An amount as typed, kept in minor units; by the kernel's grammar, so 1E5 and full-width digits are refused."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=20, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int | None:
        """Return minor units."""
        text = str(super().clean(value)).replace(",", "").replace("¥", "").strip()
        return _parsed(text, places=2) if text else None


class EnergyField(forms.CharField):
    """Energy or a counter value in kWh as typed, kept in Wh."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=20, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int | None:
        """Return Wh."""
        text = str(super().clean(value)).replace(",", "").strip()
        return _parsed(text, places=3) if text else None


def _parsed(text: str, *, places: int) -> int:
    try:
        return fixed.parse(text, places=places)
    except fixed.NotANumber as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        raise forms.ValidationError(words.message) from refusal
