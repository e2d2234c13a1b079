"""Words of reading routes and their rounds, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ROUND_STATES: Mapping[str, Any] = {"open": _("Being read"), "closed": _("Closed")}
MISSES: Mapping[str, Any] = {
    "nobody_there": _("Nobody there"),
    "no_access": _("No access"),
    "refused": _("Refused"),
    "dog": _("Dog"),
    "obstructed": _("Way to the meter blocked"),
    "glass_broken": _("Glass broken"),
    "display_dark": _("Display dark"),
    "meter_gone": _("Meter gone"),
    "other_meter": _("Another meter hangs there"),
    "unsafe": _("Not safe"),
    "weather": _("Weather"),
    "not_visited": _("Not visited"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"round": ROUND_STATES, "miss": MISSES}
TONES: Mapping[tuple[str, str], str] = {("round", "open"): "info", ("round", "closed"): "ok"}
