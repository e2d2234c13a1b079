"""Words of reads that came after their days were billed."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LATE_READ_STATES: Mapping[str, Any] = {
    "proposed": _("To be decided"),
    "open": _("With the next run"),
    "billed": _("Billed anew"),
    "left": _("Bills left as they are"),
}
BY_RULE = _("by rule")
SMALL = _("A difference too small to ask about, by the rule of the place.")
JOBS: Mapping[str, Any] = {"late_reads": _("Late reads of little worth")}
TABLES: Mapping[str, Mapping[str, Any]] = {"late_read": LATE_READ_STATES}
TONES: Mapping[tuple[str, str], str] = {
    ("late_read", "proposed"): "warn",
    ("late_read", "open"): "info",
    ("late_read", "billed"): "ok",
    ("late_read", "left"): "",
}
