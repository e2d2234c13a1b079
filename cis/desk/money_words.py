"""Words for what is decided about the money of an account: refunds, adjustments, moved money."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

REFUND_STATES: Mapping[str, Any] = {
    "asked": _("Waits for a second person"),
    "approved": _("Approved, to be sent"),
    "sent": _("Sent"),
    "confirmed": _("Paid by the bank"),
    "returned": _("Came back"),
    "dropped": _("Not paid out"),
}
ADJUSTMENT_STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"),
    "made": _("Posted"),
    "dropped": _("Dropped"),
    "reversed": _("Taken back"),
}
ADJUSTMENT_REASONS: Mapping[str, Any] = {
    "goodwill": _("Goodwill"),
    "correction": _("Correction of an error"),
    "settlement": _("Settlement of a complaint"),
    "costs": _("Costs passed on"),
}
PARTS: Mapping[str, Any] = {
    "expense.goodwill": _("Goodwill"),
    "expense.demand": _("Demand response"),
    "expense.loyalty": _("Loyalty points"),
    "expense.settlement": _("Settlement of a complaint"),
    "expense.bad_debt": _("Debt written off, or taken back"),
    "income.recovery": _("Paid after it was written off"),
    "liability.transfer": _("Moved money"),
    "returned_cash": _("went back"),
    "returned_bank": _("went back"),
    "returned_online": _("went back"),
    "returned_api": _("went back"),
}
"""Parts of movements on a ledger account of a customer."""
UNCLAIMED: Mapping[str, Any] = {
    "owes": _("The customer owes elsewhere"),
    "old": _("Lies for long"),
    "closed": _("On a closed account"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "refund": REFUND_STATES,
    "adjustment": ADJUSTMENT_STATES,
    "money_move": ADJUSTMENT_STATES,
    "adjustment_reason": ADJUSTMENT_REASONS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("refund", "asked"): "warn",
    ("refund", "approved"): "info",
    ("refund", "sent"): "info",
    ("refund", "confirmed"): "ok",
    ("refund", "returned"): "bad",
    ("refund", "dropped"): "",
    **{
        (table, state): tone
        for table in ("adjustment", "money_move")
        for state, tone in (("proposed", "warn"), ("made", "ok"), ("dropped", ""), ("reversed", ""))
    },
}

EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "ask_refund"): _("Refund asked for"),
    ("account", "name_payee"): _("Payee of a refund entered"),
    ("account", "approve_refund"): _("Refund approved"),
    ("account", "drop_refund"): _("Refund dropped"),
    ("account", "pay_back"): _("Refund sent"),
    ("account", "confirm_refund"): _("Refund paid by the bank"),
    ("account", "take_back_refund"): _("Refund came back"),
    ("account", "take_back"): _("Payment went back"),
    ("account", "propose_adjustment"): _("Adjustment entered"),
    ("account", "adjust"): _("Account adjusted"),
    ("account", "drop_adjustment"): _("Adjustment dropped"),
    ("account", "reverse_adjustment"): _("Adjustment taken back"),
    ("account", "propose_money_move"): _("Move of money entered"),
    ("account", "move_money"): _("Money moved to another account"),
    ("account", "drop_money_move"): _("Move of money dropped"),
    ("account", "reverse_money_move"): _("Money moved back"),
}
"""Sentences of the timeline of an account."""
