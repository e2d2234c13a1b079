"""Words for debts that are given up."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk.money_words import ADJUSTMENT_STATES

WRITE_OFF_REASONS: Mapping[str, Any] = {
    "closed_account": _("Closed account, long unpaid"),
    "too_small": _("Too small to pursue"),
    "too_old": _("Too old to be enforced"),
    "holder_gone": _("Holder cannot be found"),
    "bankrupt": _("Bankrupt"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "write_off": ADJUSTMENT_STATES,
    "write_off_reason": WRITE_OFF_REASONS,
    "write_off_back": {"recovered": _("Money came in"), "cancelled": _("Its bill was cancelled")},
    "write_off_batch": {
        "proposed": _("Waits for a second person"),
        "decided": _("Being written off"),
        "done": _("Done"),
        "dropped": _("Dropped"),
    },
}
TONES: Mapping[tuple[str, str], str] = {
    ("write_off", "proposed"): "warn",
    ("write_off", "made"): "ok",
    ("write_off_batch", "proposed"): "warn",
    ("write_off_batch", "decided"): "info",
    ("write_off_batch", "done"): "ok",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "propose_write_off"): _("Write-off proposed"),
    ("account", "write_off"): _("Debt written off"),
    ("account", "drop_write_off"): _("Write-off dropped"),
    ("account", "reverse_write_off"): _("Write-off taken back"),
    ("account", "recover_debt"): _("Money came in for a debt that was written off"),
    ("account", "shrink_write_off"): _("Write-off of a cancelled bill taken out"),
}
