"""Forms on corrections of usage: one for each way to say by how much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.kernel import fixed
from cis.platform.forms import DayField, PageForm
from cis.platform.phrases import explain
from metering.domain import correction_factors as factors
from metering.domain import wiring
from metering.domain.correction_orders import Amount, NormalUse, Scale
from metering.domain.corrections import Cause

PLACES = 6
PERCENT = 100


class NumberField(forms.CharField):
    """A number as typed, kept as an exact fraction."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=20, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> Fraction | None:
        """Return the number."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        try:
            return Fraction(fixed.parse(text, places=PLACES), 10**PLACES)
        except fixed.NotANumber as refusal:
            raise forms.ValidationError(explain(refusal.code, refusal.message, refusal.advice).message) from refusal


@dataclass(frozen=True, slots=True)
class Method:
    """One way to say by how much: its cause, words, fields, and what it makes of them."""

    cause: Cause
    label: Any
    fields: Mapping[str, Callable[[], forms.Field]]
    amount: Callable[[dict[str, Any]], Amount]


def _number(label: Any, **kwargs: Any) -> Callable[[], forms.Field]:
    return lambda: NumberField(label=label, **kwargs)


def _fault_choices() -> list[tuple[str, Any]]:
    return [("", "–"), *((name, FAULTS[name]) for name in wiring.FAULTS)]


FAULTS: Mapping[str, Any] = {
    "3p4w_one_current_reversed": _("Four wires: one current reversed"),
    "3p4w_two_currents_reversed": _("Four wires: two currents reversed"),
    "3p4w_all_currents_reversed": _("Four wires: all currents reversed"),
    "3p4w_one_current_missing": _("Four wires: one current missing"),
    "3p4w_two_currents_missing": _("Four wires: two currents missing"),
    "3p4w_one_voltage_missing": _("Four wires: one voltage missing"),
    "3p4w_two_voltages_missing": _("Four wires: two voltages missing"),
    "3p4w_two_currents_swapped": _("Four wires: two currents swapped"),
    "3p4w_currents_rotated": _("Four wires: currents rotated b, c, a"),
    "3p4w_currents_rotated_back": _("Four wires: currents rotated c, a, b"),
    "3p3w_current_a_reversed": _("Three wires: current a reversed"),
    "3p3w_current_c_reversed": _("Three wires: current c reversed"),
    "3p3w_both_currents_reversed": _("Three wires: both currents reversed"),
    "3p3w_current_a_missing": _("Three wires: current a missing"),
    "3p3w_current_c_missing": _("Three wires: current c missing"),
    "3p3w_currents_swapped": _("Three wires: currents swapped"),
    "3p3w_voltage_a_missing": _("Three wires: voltage a missing"),
    "3p3w_voltage_b_missing": _("Three wires: voltage b missing"),
    "3p3w_voltage_c_missing": _("Three wires: voltage c missing"),
    "3p3w_voltages_rotated": _("Three wires: voltages rotated b, c, a"),
    "3p3w_voltages_rotated_back": _("Three wires: voltages rotated c, a, b"),
}
METHODS: Mapping[str, Method] = {
    "error": Method(
        Cause.METER_ERROR,
        _("Error of the meter"),
        {
            "error": _number(_("Verified error (%)"), help_text=_("Above 0: the meter is fast.")),
            "limit": _number(_("Limit of its class (%)"), initial="2"),
        },
        lambda given: Scale(factor=factors.of_error(error=given["error"] / PERCENT, limit=given["limit"] / PERCENT)),
    ),
    "drop": Method(
        Cause.VOLTAGE_DROP,
        _("Voltage lost in the leads"),
        {"actual": _number(_("Voltage lost (%)")), "allowed": _number(_("Allowed (%)"), initial="0.5")},
        lambda given: Scale(
            factor=factors.of_drop(actual=given["actual"] / PERCENT, allowed=given["allowed"] / PERCENT)
        ),
    ),
    "wiring": Method(
        Cause.WIRING,
        _("Wrong wiring"),
        {
            "fault": lambda: forms.ChoiceField(label=_("Wiring"), choices=_fault_choices),
            "power_factor": _number(
                _("Power factor"), required=False, help_text=_("Needed where the factor depends on it.")
            ),
        },
        lambda given: Scale(factor=wiring.factor(name=given["fault"], power_factor=given["power_factor"])),
    ),
    "powers": Method(
        Cause.WIRING,
        _("Wrong wiring, by measured powers"),
        {"right_w": _number(_("Real power")), "measured_w": _number(_("Power that the meter measured"))},
        lambda given: Scale(factor=factors.of_powers(right_w=given["right_w"], measured_w=given["measured_w"])),
    ),
    "multiplier": Method(
        Cause.MULTIPLIER,
        _("Wrong multiplier"),
        {"right": _number(_("Real multiplier")), "wrong": _number(_("Multiplier that was used"))},
        lambda given: Scale(factor=factors.of_multiplier(right=given["right"], wrong=given["wrong"])),
    ),
    "fuse": Method(
        Cause.FUSE,
        _("Fuse blown"),
        {
            "working": lambda: forms.IntegerField(label=_("Elements that worked"), min_value=1, max_value=3),
            "elements": lambda: forms.IntegerField(label=_("Elements"), min_value=2, max_value=3, initial=3),
        },
        lambda given: Scale(factor=factors.of_elements(working=given["working"], elements=given["elements"])),
    ),
    "normal": Method(
        Cause.OTHER,
        _("Normal use in place of what was counted"),
        {
            "normal_start": lambda: DayField(label=_("Normal from")),
            "normal_end": lambda: DayField(label=_("Normal until (not included)")),
        },
        lambda given: NormalUse(start_date=given["normal_start"], end_date=given["normal_end"]),
    ),
}


class CorrectionForm(PageForm):
    """A correction by one method."""

    meter = forms.ChoiceField(label=_("Meter"))
    since_date = DayField(label=_("Wrong from"), help_text=_("The last test, or the first day with this meter."))
    until_date = DayField(label=_("Mended on"))
    evidence = forms.CharField(
        label=_("What shows it"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Report, photo, order."),
    )  # fmt: skip
    is_customer_fault = forms.BooleanField(label=_("The customer is to blame"), required=False)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, method: Method, meters: list[tuple[str, str]], **kwargs: Any) -> None:
        self.declared_fields_of_method = {name: made() for name, made in method.fields.items()}
        super().__init__(*args, **kwargs)
        self.method = method
        for name, field in self.declared_fields_of_method.items():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            self.fields[name] = field
        self.fields["meter"].choices = meters  # type: ignore[attr-defined]

    def given(self) -> dict[str, str]:
        """Return what was typed, as text."""
        return {name: str(self.data.get(name, "")) for name in self.declared_fields_of_method}

    def rows(self) -> list[Any]:
        """Return the fields of the method, for the page."""
        return [self[name] for name in self.declared_fields_of_method]
