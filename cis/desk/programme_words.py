"""Words of the trade for programmes that customers sign; ``cis.desk.words`` serves them to pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PROGRAM_KINDS: Mapping[str, Any] = {
    "green": _("Green package"),
    "lease": _("Lease"),
    "instalment_sale": _("Sale by instalments"),
    "demand_response": _("Demand response"),
}
PROGRAM_STATES: Mapping[str, Any] = {"published": _("Published"), "withdrawn": _("Offered no more")}
ENROLMENT_STATES: Mapping[str, Any] = {
    "offered": _("Waits for a signature"),
    "signed": _("Signed"),
    "running": _("In force"),
    "ended": _("Ended"),
    "cancelled": _("Cancelled"),
    "settled": _("Settled"),
}
METHODS: Mapping[str, Any] = {
    "annuity": _("Equal instalments"),
    "equal_principal": _("Equal parts of the price, falling interest"),
}
DAY_COUNTS: Mapping[str, Any] = {
    "calendar_days": _("Each day by its own month"),
    "thirty_day_months": _("Months of 30 days (30/360)"),
    "actual_365": _("Each day 1/365 of a year"),
}
FINANCING_STATES: Mapping[str, Any] = {
    "asked": _("Asked"),
    "accepted": _("Accepted"),
    "paid": _("Paid"),
    "refused": _("Refused"),
    "withdrawn": _("Taken back"),
}
SIGNED_BY: Mapping[str, Any] = {
    "portal": _("in the portal"),
    "portal_click": _("in the portal, by a click"),
    "desk": _("at the counter"),
    "api": _("by interface"),
}
CHARGES: Mapping[str, Any] = {
    "green_package": _("Green package"),
    "lease_rent": _("Rent"),
    "instalment": _("Instalment"),
    "early_settlement": _("Early settlement"),
    "early_termination": _("For leaving early"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "program_kind": PROGRAM_KINDS,
    "program_state": PROGRAM_STATES,
    "enrolment_state": ENROLMENT_STATES,
    "method": METHODS,
    "day_count": DAY_COUNTS,
    "financing_state": FINANCING_STATES,
    "signed_by": SIGNED_BY,
    "program_charge": CHARGES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("program_state", "published"): "ok",
    ("enrolment_state", "offered"): "warn",
    ("enrolment_state", "signed"): "info",
    ("enrolment_state", "running"): "ok",
    ("financing_state", "asked"): "warn",
    ("financing_state", "accepted"): "info",
    ("financing_state", "paid"): "ok",
    ("financing_state", "refused"): "bad",
}
