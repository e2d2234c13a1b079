"""Words of completeness: where the energy of a day is, and what must not be."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DAY_STATES: Mapping[str, Any] = {
    "billed": _("On a bill"),
    "to_bill": _("To be billed"),
    "held": _("Held back"),
    "missing": _("Energy not known"),
    "idle_used": _("Used without agreement"),
    "idle": _("No agreement"),
}
LETTERS: Mapping[str, Any] = {
    "billed": pgettext_lazy("day", "B"),
    "to_bill": pgettext_lazy("day", "T"),
    "held": pgettext_lazy("day", "H"),
    "missing": pgettext_lazy("day", "M"),
    "idle_used": pgettext_lazy("day", "U"),
    "idle": "·",
}
"""What stands in a day of the calendar, beside its colour."""
LISTED: Mapping[str, Any] = {name: DAY_STATES[name] for name in ("to_bill", "held", "missing", "idle_used")}
HOLES: Mapping[str, Any] = {
    "billed_twice": _("Days on two bills"),
    "measured_twice": _("Days measured twice"),
    "billed_idle": _("Billed without agreement"),
    "no_cycle": _("In no bill cycle"),
    "forgotten": _("Further back than runs look"),
    "differs": _("Billed other than approved"),
}
ADVICE: Mapping[str, Any] = {
    "billed_twice": _("Cancel one of the bills."),
    "measured_twice": _("Approve the usage of these days anew; if it stays, tell who runs the system."),
    "billed_idle": _("Cancel the bill, or bill the account anew from that day."),
    "no_cycle": _("Put the account into a bill cycle."),
    "forgotten": _("Start a run over the month of these days."),
    "differs": _("Start a run over the month of these days, or cancel the bill."),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"day_state": DAY_STATES, "hole": HOLES}
JOBS: Mapping[str, Any] = {"completeness": _("Completeness of days")}
TONES: Mapping[tuple[str, str], str] = {
    **{("hole", name): "bad" for name in HOLES},
    ("day_state", "billed"): "ok",
    ("day_state", "to_bill"): "info",
    ("day_state", "held"): "warn",
    ("day_state", "missing"): "bad",
    ("day_state", "idle_used"): "warn",
    ("day_state", "idle"): "",
}
