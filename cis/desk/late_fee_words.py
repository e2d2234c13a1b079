"""Words for late fees and their waivers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LATE_FEE_STATES: Mapping[str, Any] = {
    "charged": _("Charged"),
    "waiting": _("Waits for a second person"),
    "waived": _("Waived"),
    "taken_back": _("Taken back"),
}
WAIVER_REASONS: Mapping[str, Any] = {
    "supplier_fault": _("Fault of the supplier"),
    "bank_delay": _("Delay at the bank"),
    "dispute_settled": _("Dispute settled for the customer"),
    "hardship": _("Hardship"),
    "goodwill": _("Goodwill"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"late_fee": LATE_FEE_STATES, "waiver_reason": WAIVER_REASONS}
