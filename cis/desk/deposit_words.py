"""Words for deposits of customers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STANDINGS: Mapping[str, Any] = {
    "demanded": _("Demanded"),
    "partly_held": _("Partly held"),
    "held": _("In our keeping"),
    "returned": _("Back with the customer"),
    "used": _("Used at the end"),
    "waived": _("Waived"),
    "cancelled": _("Cancelled"),
}
CAUSES: Mapping[str, Any] = {
    "new_customer": _("New customer"),
    "after_disconnection": _("After a disconnection"),
    "temporary_supply": _("Temporary supply"),
    "no_history": _("Business without history"),
    "credit_score": _("Credit score"),
}
MOVES: Mapping[str, Any] = {
    "demand": _("Demanded"),
    "increase": _("More demanded"),
    "reduce": _("Less demanded"),
    "interest": _("Interest credited"),
    "return": _("Went back to the account"),
    "cancel": _("Cancelled"),
    "paid": _("Money came in"),
}
REQUESTS: Mapping[str, Any] = {
    "return": _("Give it back"),
    "reduce": _("Demand less"),
    "waive": _("Waive what is not paid"),
    "supply": _("Let the supply begin before it is paid"),
    "cancel": _("Cancel, it was a mistake"),
}
METHODS: Mapping[str, Any] = {
    "bills": _("average month of the account's own bills"),
    "expected": _("expected month"),
    "fixed": _("fixed amount of the class"),
}
DAY_COUNTS: Mapping[str, Any] = {
    "actual_365": _("each day is 1/365 of a year"),
    "actual_360": _("each day is 1/360 of a year"),
    "actual_actual": _("each day is a part of its own year"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "deposit": STANDINGS,
    "deposit_cause": CAUSES,
    "deposit_move": MOVES,
    "deposit_request": REQUESTS,
    "deposit_method": METHODS,
    "deposit_day_count": DAY_COUNTS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("deposit", "demanded"): "warn",
    ("deposit", "partly_held"): "warn",
    ("deposit", "held"): "ok",
    ("deposit", "returned"): "",
    ("deposit", "used"): "",
    ("deposit", "waived"): "",
    ("deposit", "cancelled"): "",
}
PARTS: Mapping[str, Any] = {
    "liability.deposit": _("Customer deposit"),
    "expense.interest": _("Interest on the deposit"),
}
"""Parts of movements on a ledger account of a customer."""
EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "demand_deposit"): _("Deposit demanded"),
    ("account", "increase_deposit"): _("More deposit demanded"),
    ("account", "let_supply"): _("Supply does not wait for the deposit"),
    ("account", "ask_deposit"): _("Something asked for a deposit"),
    ("account", "drop_deposit_request"): _("Request on a deposit dropped"),
    ("account", "return_deposit"): _("Deposit went back"),
    ("account", "wish_deposit"): _("Wish for the deposit noted"),
}
"""Sentences of the timeline of an account."""
