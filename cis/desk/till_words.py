"""Words for tills, receipts and agents."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MEANS: Mapping[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "cheque": _("Cheque"),
    "wallet": _("Phone wallet"),
}
SESSION_STATES: Mapping[str, Any] = {
    "open": _("Open now"),
    "counted": _("Waits for a second person"),
    "closed": _("Counted and closed"),
}
RECEIPT_STATES: Mapping[str, Any] = {
    "taken": _("Taken"),
    "cancel_asked": _("To be cancelled"),
    "cancelled": _("Cancelled"),
}
CASH_MOVES: Mapping[str, Any] = {
    "from_safe": _("From the safe"),
    "to_safe": _("To the safe"),
    "to_bank": _("To the bank"),
    "from_agent": _("From an agent"),
}
DIFFERENCES: Mapping[str, Any] = {
    "missing_here": _("On the agent's list alone"),
    "missing_there": _("On ours alone"),
    "differs": _("Amount or account differs"),
}
VERDICTS: Mapping[str, Any] = {
    "": _("To be decided"),
    "theirs": _("The agent's list counts"),
    "ours": _("Ours counts"),
    "came": _("Came on a later list"),
}
WAYS: Mapping[str, Any] = {
    "cash": _("Cash"),
    "bank": _("Bank"),
    "online": _("Online"),
    "api": _("By interface"),
    "card": _("Card at the till"),
    "cheque": _("Cheque at the till"),
    "wallet": _("Phone wallet at the till"),
    "agent": _("By an agent"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "means": MEANS,
    "till_session": SESSION_STATES,
    "till_receipt": RECEIPT_STATES,
    "cash_move": CASH_MOVES,
    "agent_difference": DIFFERENCES,
    "agent_verdict": VERDICTS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("till_session", "open"): "info",
    ("till_session", "counted"): "warn",
    ("till_session", "closed"): "ok",
    ("till_receipt", "taken"): "ok",
    ("till_receipt", "cancel_asked"): "warn",
    ("till_receipt", "cancelled"): "bad",
    ("agent_verdict", ""): "warn",
    ("agent_verdict", "theirs"): "ok",
    ("agent_verdict", "ours"): "ok",
}
