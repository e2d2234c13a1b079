"""Words for the care of customers: protections, points, visits, service plans, segments."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PROTECTION_KINDS: Mapping[str, Any] = {
    "life_support": _("Life support"),
    "vulnerable": _("Vulnerable customer"),
    "key_account": _("Key account"),
}
PROTECTION_STATES: Mapping[str, Any] = {
    "unproven": _("Papers to come"),
    "proven": _("Proven"),
    "review": _("To be looked at again"),
    "ended": _("Ended"),
}
EVIDENCE: Mapping[str, Any] = {
    "medical_certificate": _("Medical certificate"),
    "device_papers": _("Papers of the device"),
    "disability_card": _("Disability card"),
    "social_assistance": _("Papers of social assistance"),
    "identity_card": _("Identity card (age)"),
    "decision": _("Decision of the company"),
}
STANDARDS: Mapping[str, Any] = {
    "protection_evidence": _("Papers of a protection"),
    "protection_review": _("Review of a protection"),
    "follow_up_visit": _("Follow-up visit"),
    "care_plan_review": _("Review of a service plan"),
}
"""Names of service standards of care."""
TABLES: Mapping[str, Mapping[str, Any]] = {
    "protection": PROTECTION_STATES,
    "protection_kind": PROTECTION_KINDS,
    "protection_evidence": EVIDENCE,
}
TONES: Mapping[tuple[str, str], str] = {
    ("protection", "unproven"): "warn",
    ("protection", "proven"): "ok",
    ("protection", "review"): "warn",
    ("protection", "ended"): "",
    ("protection_kind", "life_support"): "bad",
    ("protection_kind", "vulnerable"): "warn",
    ("protection_kind", "key_account"): "info",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "protect"): _("Protection registered"),
    ("protection", "register"): _("Registered"),
    ("protection", "prove"): _("Papers taken in"),
    ("protection", "review"): _("To be looked at again"),
    ("protection", "ask_to_end"): _("Somebody asks to end it"),
    ("protection", "keep"): _("It stands"),
    ("protection", "end"): _("Ended"),
    ("protection", "warn"): _("The time for it comes to its end"),
    ("protection", "escalate"): _("The time for it is over: with the supervisor"),
}
"""Sentences of timelines."""
