"""Words for budget plans."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PLAN_STATES: Mapping[str, Any] = {"active": _("Running"), "ended": _("Ended")}
SIDES: Mapping[str, Any] = {"owes": _("Used more than paid"), "ahead": _("Paid ahead")}
END_REASONS: Mapping[str, Any] = {
    "asked": _("the customer wants it"),
    "left": _("billed to the end of the account"),
    "late": _("level amounts were not paid"),
}
LEVEL_REASONS: Mapping[str, Any] = {"offer": _("Offer"), "review": _("Review"), "year": _("New year")}
DOORS: Mapping[str, Any] = {"desk": _("at the desk"), "portal": _("in the portal"), "api": _("by a program")}
SETTLEMENT_KINDS: Mapping[str, Any] = {
    "year": _("End of the year"),
    "end": _("End of the plan"),
    "after": _("After a cancelled bill"),
}
SETTLEMENT_STATES: Mapping[str, Any] = {"made": _("Posted"), "reversed": _("Taken back")}
PARTS: Mapping[str, Any] = {"liability.budget": _("Budget plan")}
"""Parts of movements on a ledger account of a customer."""
TABLES: Mapping[str, Mapping[str, Any]] = {
    "budget_plan": PLAN_STATES,
    "budget_end": END_REASONS,
    "budget_level": LEVEL_REASONS,
    "budget_door": DOORS,
    "budget_settlement_kind": SETTLEMENT_KINDS,
    "budget_settlement": SETTLEMENT_STATES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("budget_plan", "active"): "ok",
    ("budget_plan", "ended"): "",
    ("budget_settlement", "made"): "ok",
    ("budget_settlement", "reversed"): "",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "accept_budget"): _("Budget plan accepted"),
    ("account", "end_budget"): _("Budget plan ended"),
    ("account", "settle_budget"): _("Budget plan settled"),
    ("account", "reverse_budget_settlement"): _("Settlement of a budget plan taken back"),
}
"""Sentences of the timeline of an account."""
