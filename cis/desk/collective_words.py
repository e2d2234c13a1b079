"""Words on consolidated bills."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CONSOLIDATED_STATES: Mapping[str, Any] = {
    "open": _("Unpaid"),
    "overdue": _("Overdue"),
    "paid": _("Paid"),
    "nothing": _("Nothing to pay"),
    "incomplete": _("With bills missing"),
}
GAPS: Mapping[str, Any] = {
    "held": _("Its bill is held"),
    "not_issued": _("Its bill is not issued yet"),
    "not_rated": _("Nothing was rated yet"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"consolidated": CONSOLIDATED_STATES, "consolidated_gap": GAPS}
TONES: Mapping[tuple[str, str], str] = {
    ("consolidated", "open"): "info",
    ("consolidated", "overdue"): "bad",
    ("consolidated", "paid"): "ok",
}
