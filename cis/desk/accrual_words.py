"""Words of accruals of revenue: their states, and what becomes of their accounts."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "rating": _("Being rated"),
    "rated": _("Waits to be posted"),
    "posted": _("Posted"),
    "undone": _("Made anew"),
    "dropped": _("Dropped"),
    "failed": _("Failed"),
}
OUTCOMES: Mapping[str, Any] = {
    "waiting": _("Not looked at yet"),
    "accrued": _("Accrued to the end of the month"),
    "partly": _("Accrued to the last known day"),
    "not_rated": _("Not accrued"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"accrual": STATES, "accrual_outcome": OUTCOMES}
TONES: Mapping[tuple[str, str], str] = {
    ("accrual", "rating"): "",
    ("accrual", "rated"): "warn",
    ("accrual", "posted"): "ok",
    ("accrual", "undone"): "",
    ("accrual", "dropped"): "",
    ("accrual", "failed"): "bad",
    ("accrual_outcome", "accrued"): "ok",
    ("accrual_outcome", "partly"): "warn",
    ("accrual_outcome", "not_rated"): "bad",
}
JOBS: Mapping[str, Any] = {"accruals": _("Accrual of revenue")}
