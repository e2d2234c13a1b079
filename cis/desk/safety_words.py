"""Words of safety inspections and of the register of important customers, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

INSPECTION_KINDS: Mapping[str, Any] = {
    "periodic": _("Periodic"),
    "special": _("Special"),
    "acceptance": _("Acceptance"),
    "follow_up": _("Re-inspection"),
}
INSPECTION_STATES: Mapping[str, Any] = {
    "planned": _("To be ordered"),
    "ordered": _("Ordered"),
    "passed": _("Passed"),
    "with_defects": _("Passed with defects"),
    "failed": _("Not passed"),
    "cleared": _("Defects rectified"),
    "dropped": _("Dropped"),
}
INSPECTION_DUE: Mapping[str, Any] = {"late": _("Late"), "month": _("Within 30 days")}
SEVERITIES: Mapping[str, Any] = {"urgent": _("Urgent"), "serious": _("Serious"), "general": _("General")}
DEFECT_STATES: Mapping[str, Any] = {
    "open": _("To be rectified"),
    "claimed": _("Rectified, says the customer"),
    "overdue": _("Overdue"),
    "waiving": _("Waiver waits for a second person"),
    "rectified": _("Rectified"),
    "waived": _("Waived"),
}
GRADES: Mapping[str, Any] = {
    "top": _("Special grade"),
    "first": _("Grade 1"),
    "second": _("Grade 2"),
    "temporary": _("Temporary"),
}
BACKUPS: Mapping[str, Any] = {
    "none": _("None"),
    "generator": _("Generator"),
    "ups": _("UPS"),
    "both": _("Generator and UPS"),
    "other": _("Other"),
}
DEEDS: Mapping[str, Any] = {
    "plan": _("Planned"),
    "order": _("Ordered"),
    "release": _("Work order dropped"),
    "report": _("Reported by the crew"),
    "clear": _("All defects closed"),
    "drop": _("Dropped"),
    "find": _("Defect found"),
    "add_photo": _("Photo added"),
    "claim": _("Rectified, says the customer"),
    "reject": _("Not rectified"),
    "rectify": _("Rectified"),
    "waive": _("Waived"),
    "ask_waive": _("Asked to be waived"),
    "agree": _("Waived by the second person"),
    "keep": _("Kept"),
    "pass_by": _("Time is over"),
    "enter": _("Entered"),
    "change": _("Changed"),
    "replace": _("Replaced"),
    "review": _("Looked at: stays as it is"),
    "end": _("Ended"),
    "look": _("Looked at"),
}
SOURCE_STATUSES: Mapping[str, Any] = {
    "read": _("read in the text named"),
    "reported": _("reported, not read in the text itself"),
    "choice": _("the supplier's choice"),
    "unverified": _("not verified"),
}
"""How sure the source of a rule is."""
TABLES: Mapping[str, Mapping[str, Any]] = {
    "source_status": SOURCE_STATUSES,
    "inspection_kind": INSPECTION_KINDS,
    "inspection_state": INSPECTION_STATES,
    "severity": SEVERITIES,
    "defect_state": DEFECT_STATES,
    "grade": GRADES,
    "backup": BACKUPS,
    "safety_deed": DEEDS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("source_status", "read"): "ok",
    ("source_status", "reported"): "info",
    ("source_status", "unverified"): "warn",
    ("inspection_state", "planned"): "warn",
    ("inspection_state", "ordered"): "info",
    ("inspection_state", "passed"): "ok",
    ("inspection_state", "with_defects"): "warn",
    ("inspection_state", "failed"): "bad",
    ("inspection_state", "cleared"): "ok",
    ("severity", "urgent"): "bad",
    ("severity", "serious"): "warn",
    ("defect_state", "open"): "info",
    ("defect_state", "claimed"): "warn",
    ("defect_state", "overdue"): "bad",
    ("defect_state", "waiving"): "warn",
    ("defect_state", "rectified"): "ok",
    ("grade", "top"): "bad",
    ("grade", "first"): "warn",
    ("grade", "second"): "info",
}
