"""Words of tests of meters and of transformers, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ASKED_BY: Mapping[str, Any] = {
    "customer": _("The customer"),
    "lot": _("Sample of a lot"),
    "supplier": _("The supplier"),
}
TEST_STATES: Mapping[str, Any] = {
    "asked": _("Asked for"),
    "passed": _("Passed the test"),
    "failed": _("Failed the test"),
    "dropped": _("Test not done"),
}
TEST_LOADS: Mapping[str, Any] = {
    "peak": _("Error at peak load"),
    "normal": _("Error at normal load"),
    "low": _("Error at low load"),
    "full": _("Error at full load"),
    "light": _("Error at light load"),
}
TRANSFORMER_KINDS: Mapping[str, Any] = {"ct": _("Current transformer"), "vt": _("Voltage transformer")}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "asked_by": ASKED_BY,
    "meter_test": TEST_STATES,
    "test_load": TEST_LOADS,
    "transformer_kind": TRANSFORMER_KINDS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("meter_test", "asked"): "info",
    ("meter_test", "passed"): "ok",
    ("meter_test", "failed"): "bad",
    ("meter_test", "dropped"): "",
}
