"""Words of what is unusual about loads, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.kernel.fixed import to_text

STATES: Mapping[str, Any] = {
    "open": _("To be looked at"),
    "followed": _("Visit ordered"),
    "inspected": _("Usage is inspected"),
    "dismissed": _("Right as it is"),
}
KINDS: Mapping[str, Any] = {
    "step_down": _("Level fell at once"),
    "night_bypass": _("Nights became empty"),
    "flat_zero": _("Nothing is used any more"),
    "phase_loss": _("A third or two of the level"),
    "meter_fault": _("Meter repeats or lumps values"),
    "vacant_use": _("Use without agreement"),
    "swapped": _("Swapped with a neighbour"),
    "reverse_flow": _("Energy flows back"),
    "balance": _("Losses of a transformer rose"),
}
REASONS: Mapping[str, Any] = {
    "level_fell": _("The level fell to %(a)s %% of before."),
    "all_hours": _("Small and large hours fell alike, to %(a)s to %(b)s %%."),
    "stays": _("It has lasted for %(a)s days."),
    "peers": _("Places like it went to %(a)s %% meanwhile."),
    "nights_empty": _("%(a)s of %(b)s nights took less than what was always on before."),
    "nights_before": _("A night took %(kwh_a)s kWh before."),
    "days_kept": _("Its days are at %(a)s %% of before."),
    "nothing": _("Nothing was counted on %(a)s days, to the last one."),
    "before": _("A day took %(kwh_a)s kWh before."),
    "repeated": _("For %(a)s hours the meter said %(kwh_b)s kWh each."),
    "lumps": _("%(a)s %% of the hours are empty and their energy comes at once; before, %(b)s %% were."),
    "nobody": _("Nobody has had an agreement for %(a)s days."),
    "use": _("A day takes %(kwh_a)s kWh."),
    "fits_neighbour": _(
        "It is unlike its own past; the neighbour's past leaves %(a)s %% of that difference, and the other way round."
    ),
    "back": _("In %(a)s hours %(kwh_b)s kWh flowed back, and no register for it hangs there."),
    "loss": _("Losses went from %(share_a)s %% to %(share_b)s %%."),
    "missing": _("That is %(kwh_a)s kWh a day."),
}
"""A sentence of each ground; its numbers are a and b, in Wh as kWh, in 1/100 % as %."""
TABLES: Mapping[str, Mapping[str, Any]] = {"anomaly": STATES, "anomaly_kind": KINDS}
TONES: Mapping[tuple[str, str], str] = {
    ("anomaly", "open"): "warn",
    ("anomaly", "followed"): "info",
    ("anomaly", "inspected"): "info",
    ("anomaly", "dismissed"): "ok",
}


def sentence(reason: Mapping[str, Any]) -> str:
    """Return one ground of an anomaly as a sentence with its numbers, in the language of the page."""
    given: dict[str, str] = {}
    for name, value in zip("ab", reason["numbers"], strict=False):
        given |= {
            name: str(value),
            f"kwh_{name}": to_text(value, places=3),
            f"share_{name}": to_text(value, places=2),
        }
    return str(REASONS[reason["code"]]) % given


def told(reasons: list[Mapping[str, Any]]) -> str:
    """Return all grounds in one line."""
    return " ".join(sentence(one) for one in reasons)
