"""The ways to say by how much usage is corrected: what each asks for, and the factor that follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from cis.kernel import fixed
from cis.platform.forms import DayField
from cis.platform.phrases import explain
from metering.domain import correction_factors as factors
from metering.domain import wiring
from metering.domain.correction_factors import BadCorrection
from metering.domain.correction_orders import Amount, NormalUse, Scale
from metering.domain.corrections import Cause

PLACES = 6
PERCENT = 100
ELEMENTS = 3
Given = dict[str, Any]


class NumberField(forms.CharField):
    """A number as typed, kept as an exact fraction."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=20, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> Fraction | None:
        """Return the number."""
        text = str(super().clean(value)).strip()
        return _number_of(text) if text else None


class RatioField(NumberField):
    """A ratio of transformers as typed: 300/5, or 60."""

    def clean(self, value: object) -> Fraction | None:
        """Return the ratio."""
        text = str(forms.CharField.clean(self, value)).strip()
        if not text:
            return None
        above, _slash, below = text.partition("/")
        ratio = [_number_of(part.strip()) for part in ((above, below) if below.strip() else (above,))]
        if any(part <= 0 for part in ratio):
            raise forms.ValidationError(_("A ratio is above 0, as 300/5."))
        return ratio[0] / ratio[-1] if len(ratio) > 1 else ratio[0]


def _number_of(text: str) -> Fraction:
    try:
        return Fraction(fixed.parse(text, places=PLACES), 10**PLACES)
    except fixed.NotANumber as refusal:
        raise forms.ValidationError(explain(refusal.code, refusal.message, refusal.advice).message) from refusal


class Group(StrEnum):
    """What is wrong, roughly: how the ways are laid out on the page."""

    METER = "meter"
    TRANSFORMERS = "transformers"
    WIRING = "wiring"
    OTHER = "other"


GROUPS: Mapping[Group, Any] = {
    Group.METER: _("Meter"),
    Group.TRANSFORMERS: _("Instrument transformers"),
    Group.WIRING: _("Wiring"),
    Group.OTHER: _("Other"),
}


@dataclass(frozen=True, slots=True)
class Method:
    """One way to say by how much: its cause, words, fields, what it makes of them, and a sentence on what it is for."""

    group: Group
    cause: Cause
    label: Any
    fields: Mapping[str, Callable[[], forms.Field]]
    amount: Callable[[Given], Amount]
    hint: Any


def _number(label: Any, **kwargs: Any) -> Callable[[], forms.Field]:
    return lambda: NumberField(label=label, **kwargs)


def _ratio(label: Any, **kwargs: Any) -> Callable[[], forms.Field]:
    return lambda: RatioField(label=label, **kwargs)


def _box(label: Any, **kwargs: Any) -> Callable[[], forms.Field]:
    return lambda: forms.BooleanField(label=label, required=False, **kwargs)


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
_CLASS = _number(_("Limit of its class (%)"), initial="2")


def _of_error(given: Given) -> Scale:
    return Scale(factor=factors.of_error(error=given["error"] / PERCENT, limit=given["limit"] / PERCENT))


def _of_drop(given: Given) -> Scale:
    return Scale(factor=factors.of_drop(actual=given["actual"] / PERCENT, allowed=given["allowed"] / PERCENT))


def _of_lamp(given: Given) -> Scale:
    error = factors.error_by_lamp(
        constant=given["constant"], load_w=given["load_w"], turns=given["turns"], seconds=given["seconds"]
    )
    return Scale(factor=factors.of_error(error=error, limit=given["limit"] / PERCENT))


def _of_dial(given: Given) -> Scale:
    error = factors.error_by_dial(counted=given["counted_kwh"], real=given["real_kwh"])
    return Scale(factor=factors.of_error(error=error, limit=given["limit"] / PERCENT))


def _of_ratios(given: Given) -> Scale:
    real = [given[f"ratio_{phase}"] for phase in "abc"]
    return Scale(factor=factors.of_ratios([(one, given["used"]) for one in real]))


def _of_transformers(given: Given) -> Scale:
    errors = [given[f"error_{phase}"] / PERCENT for phase in "abc"]
    return Scale(factor=factors.of_transformer_errors(errors, limit=given["limit"] / PERCENT))


def _of_wiring(given: Given) -> Scale:
    fault = {"name": given["fault"], "power_factor": given["power_factor"], "is_leading": given["is_leading"]}
    reactive = wiring.reactive_factor(**fault) if given["reactive"] else None
    return Scale(factor=wiring.factor(**fault), reactive_factor=reactive)


def _of_powers(given: Given) -> Scale:
    right, measured = given["right_var"], given["measured_var"]
    if (right is None) != (measured is None):
        raise BadCorrection("One of the two reactive powers is missing.", advice="Give both of them, or none.")
    return Scale(
        factor=factors.of_powers(right_w=given["right_w"], measured_w=given["measured_w"]),
        reactive_factor=None if right is None else factors.of_powers(right_w=right, measured_w=measured),
    )


METHODS: Mapping[str, Method] = {
    "error": Method(
        Group.METER,
        Cause.METER_ERROR,
        _("Error of the meter"),
        {"error": _number(_("Verified error (%)"), help_text=_("Above 0: the meter is fast.")), "limit": _CLASS},
        _of_error,
        _("A test bench found the error. Base is an error of zero."),
    ),
    "lamp": Method(
        Group.METER,
        Cause.METER_ERROR,
        _("Lamp test"),
        {
            "constant": _number(_("Turns or blinks a kWh"), help_text=_("As on the meter: 3600 imp/kWh.")),
            "load_w": _number(_("Known load (W)"), help_text=_("Nothing else may draw.")),
            "turns": _number(_("Turns or blinks counted")),
            "seconds": _number(_("Time they took (s)")),
            "limit": _CLASS,
        },
        _of_lamp,
        _("At a steady, known load the turns of the disc or the blinks of the lamp are timed. Rough: a bench decides."),
    ),
    "dial": Method(
        Group.METER,
        Cause.METER_ERROR,
        _("Dial test"),
        {
            "counted_kwh": _number(_("Dial went on by (kWh)"), help_text=_("Without the multiplier.")),
            "real_kwh": _number(
                _("Real energy (kWh)"), help_text=_("Of a reference meter on the same load, or load times hours.")
            ),
            "limit": _CLASS,
        },
        _of_dial,
        _("The dial is left to run on beside a reference meter, or at a known load for some hours."),
    ),
    "ratios": Method(
        Group.TRANSFORMERS,
        Cause.MULTIPLIER,
        _("Ratio of current transformers"),
        {
            "used": _ratio(_("Ratio used for billing"), help_text=_("As 200/5, or 40.")),
            "ratio_a": _ratio(_("Real ratio, phase a")),
            "ratio_b": _ratio(_("Real ratio, phase b")),
            "ratio_c": _ratio(_("Real ratio, phase c")),
        },
        _of_ratios,
        _("Three transformers on a balanced load, of which some have another ratio than the bill was made with."),
    ),
    "transformers": Method(
        Group.TRANSFORMERS,
        Cause.TRANSFORMER_ERROR,
        _("Error of current transformers"),
        {
            "error_a": _number(_("Error of ratio, phase a (%)"), initial="0"),
            "error_b": _number(_("Error of ratio, phase b (%)"), initial="0"),
            "error_c": _number(_("Error of ratio, phase c (%)"), initial="0"),
            "limit": _number(_("Limit of their class (%)"), initial="0.5"),
        },
        _of_transformers,
        _("Three transformers on a balanced load with verified errors of ratio; above 0: too much is counted."),
    ),
    "multiplier": Method(
        Group.TRANSFORMERS,
        Cause.MULTIPLIER,
        _("Wrong multiplier"),
        {"right": _number(_("Real multiplier")), "wrong": _number(_("Multiplier that was used"))},
        lambda given: Scale(factor=factors.of_multiplier(right=given["right"], wrong=given["wrong"])),
        _("The bill was made with another multiplier than that of the transformers."),
    ),
    "wiring": Method(
        Group.WIRING,
        Cause.WIRING,
        _("Wrong wiring"),
        {
            "fault": lambda: forms.ChoiceField(label=_("Wiring"), choices=_fault_choices),
            "power_factor": _number(
                _("Power factor"), required=False, help_text=_("Needed where the factor depends on it.")
            ),
            "is_leading": _box(_("Leading: the load gives reactive energy")),
            "reactive": _box(
                _("Correct reactive energy too"),
                help_text=_("For electronic meters, whose elements count both kinds of energy."),
            ),
        },
        _of_wiring,
        _("The factor follows from the phasors of the fault, on a balanced load."),
    ),
    "powers": Method(
        Group.WIRING,
        Cause.WIRING,
        _("Measured powers"),
        {
            "right_w": _number(_("Real power")),
            "measured_w": _number(_("Power that the meter measured")),
            "right_var": _number(_("Real reactive power"), required=False),
            "measured_var": _number(_("Reactive power that the meter measured"), required=False),
        },
        _of_powers,
        _("Any wrong wiring: both powers were measured at the same time. Units as you like, the same for both."),
    ),
    "fuse": Method(
        Group.WIRING,
        Cause.FUSE,
        _("Fuse blown"),
        {"working": lambda: forms.IntegerField(label=_("Elements that worked"), min_value=1, max_value=ELEMENTS - 1)},
        lambda given: Scale(factor=factors.of_elements(working=given["working"], elements=ELEMENTS)),
        _("Meters of three elements. One of two elements depends on the power factor: see wrong wiring."),
    ),
    "drop": Method(
        Group.WIRING,
        Cause.VOLTAGE_DROP,
        _("Voltage lost in the leads"),
        {"actual": _number(_("Voltage lost (%)")), "allowed": _number(_("Allowed (%)"), initial="0.5")},
        _of_drop,
        _("More voltage is lost between transformer and meter than is allowed; the loss that is allowed stays."),
    ),
    "normal": Method(
        Group.OTHER,
        Cause.OTHER,
        _("Use of a normal time"),
        {
            "normal_start": lambda: DayField(label=_("Normal from")),
            "normal_end": lambda: DayField(label=_("Normal until (not included)")),
        },
        lambda given: NormalUse(start_date=given["normal_start"], end_date=given["normal_end"]),
        _("The meter stopped, burnt or was lost: what a normal day used takes the place of what was counted."),
    ),
}


def words_of(given: Mapping[str, str]) -> list[tuple[Any, Any]]:
    """Return what was typed into the form of a correction, (label, value), in the order of the form; "way" is which."""
    method = METHODS.get(given.get("way", ""))
    if method is None:
        return [(name, value) for name, value in given.items() if value]
    found: list[tuple[Any, Any]] = [(_("Way"), method.label)]
    for name, made in method.fields.items():
        field, value = made(), given.get(name, "")
        if isinstance(field, forms.BooleanField) and value:
            value = now("Yes")
        elif isinstance(field, forms.ChoiceField):
            value = str(FAULTS.get(value, value))
        if value:
            found.append((field.label, value))
    return found
