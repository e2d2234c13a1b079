"""Words for direct debits: states of mandates, debits and batches, why one is held or came back."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MANDATES: Mapping[str, Any] = {
    "asked": _("Waits for the signature"),
    "active": _("In force"),
    "suspended": _("Suspended"),
    "ended": _("Ended"),
}
WAYS: Mapping[str, Any] = {"portal": _("In the portal"), "paper": _("On paper"), "api": _("By another program")}
ENDS: Mapping[str, Any] = {
    "revoked": _("revoked"),
    "replaced": _("replaced by a new one"),
    "unused": _("not used for long"),
    "used": _("was for one debit"),
    "withdrawn": _("not signed"),
    "left": _("the account ended, or passed to another customer"),
}
DEBITS: Mapping[str, Any] = {
    "planned": _("Planned"),
    "held": _("Held"),
    "proposed": _("Waits for a second person"),
    "batched": _("In a batch"),
    "sent": _("With the bank"),
    "collected": _("Collected"),
    "rejected": _("Rejected by the bank"),
    "returned": _("Came back"),
    "dropped": _("Dropped"),
}
HELD: Mapping[str, Any] = {
    "above_limit": _("above the limit of the mandate"),
    "above_usual": _("far above the usual"),
    "above_first": _("large for a first debit"),
}
DROPS: Mapping[str, Any] = {
    "paid": _("nothing was open any more"),
    "mandate": _("the mandate does not hold"),
    "person": _("by a person"),
}
BATCHES: Mapping[str, Any] = {
    "made": _("Waits for two persons"),
    "proposed": _("Waits for a second person"),
    "released": _("On its way"),
    "sent": _("With the bank"),
    "rejected": _("Rejected by the bank"),
    "dropped": _("Nothing was left"),
}
REMEDIES: Mapping[str, Any] = {
    "again": _("tried again, as the pack says"),
    "suspend": _("the mandate is suspended"),
    "ask": _("the customer is asked"),
    "staff": _("staff clear it with the bank"),
}
SEQUENCES: Mapping[str, Any] = {"FRST": _("first debit"), "RCUR": _("recurrent"), "OOFF": _("single debit")}
JOBS: Mapping[str, Any] = {
    "mandates_lapse": _("Mandates that lapse"),
    "debits_plan": _("Planning of direct debits"),
    "debits_batch": _("Batches of direct debits"),
    "debit_bank_files": _("Files of the bank on direct debits"),
    "debit_follow_ups": _("What follows from returned debits"),
    "debit_follow_ups_look": _("What follows from returned debits"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "mandate": MANDATES,
    "mandate_way": WAYS,
    "mandate_end": ENDS,
    "debit": DEBITS,
    "debit_held": HELD,
    "debit_drop": DROPS,
    "debit_batch": BATCHES,
    "debit_remedy": REMEDIES,
    "debit_sequence": SEQUENCES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("mandate", "asked"): "info",
    ("mandate", "active"): "ok",
    ("mandate", "suspended"): "warn",
    ("debit", "planned"): "info",
    ("debit", "held"): "warn",
    ("debit", "proposed"): "warn",
    ("debit", "batched"): "info",
    ("debit", "sent"): "info",
    ("debit", "collected"): "ok",
    ("debit", "rejected"): "bad",
    ("debit", "returned"): "bad",
    ("debit", "dropped"): "",
    ("debit_batch", "made"): "warn",
    ("debit_batch", "proposed"): "warn",
    ("debit_batch", "released"): "info",
    ("debit_batch", "sent"): "ok",
    ("debit_batch", "rejected"): "bad",
    ("debit_batch", "dropped"): "",
}
