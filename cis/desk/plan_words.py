"""Words for plans of instalments."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PLAN_STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"), "offered": _("To be accepted"), "kept": _("Being kept"),
    "completed": _("Paid in full"), "broken": _("Broken"), "cancelled": _("Cancelled"), "dropped": _("Dropped"),
}  # fmt: skip
PLAN_FILTERS: Mapping[str, Any] = {"live": _("All that go on"), "late": _("A part is late"), **PLAN_STATES}
PLAN_WAYS: Mapping[str, Any] = {"desk": _("At the desk"), "portal": _("In the portal"), "api": _("By a program")}
ACTIONS: Mapping[str, Any] = {
    "offer": _("Made"), "agree": _("Agreed to"), "accept": _("Accepted"), "complete": _("Paid in full"),
    "break": _("Broken"), "cancel": _("Cancelled"), "drop": _("Dropped"),
    "leave": _("Ended with the account"),
}  # fmt: skip
EXCESS: Mapping[str, Any] = {
    "amount": _("the amount is above it"), "parts": _("it has more parts"), "often": _("it is one more plan in a year"),
    "broken": _("a plan was broken lately"), "cut": _("the supply is cut off"),
}  # fmt: skip
NOTES: Mapping[str, Any] = {
    "late": _("A part was not paid in time"), "new_bill": _("A new bill was not paid in time"),
    "lapsed": _("Not accepted in time"), "replaced": _("Another plan took its place"), "withdrawn": _("Taken back"),
    "left": _("The account ended, or passed to another customer"),
}  # fmt: skip
TABLES: Mapping[str, Mapping[str, Any]] = {
    "plan": PLAN_STATES, "plan_way": PLAN_WAYS, "plan_action": ACTIONS, "plan_excess": EXCESS, "plan_note": NOTES,
}  # fmt: skip
TONES: Mapping[tuple[str, str], str] = {
    ("plan", "proposed"): "warn", ("plan", "offered"): "info", ("plan", "kept"): "ok", ("plan", "completed"): "ok",
    ("plan", "broken"): "bad", ("plan", "cancelled"): "", ("plan", "dropped"): "",
}  # fmt: skip
