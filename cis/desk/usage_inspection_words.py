"""Words of usage inspections, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "suspected": _("Suspected"),
    "ordered": _("Ordered"),
    "visited": _("Visited"),
    "found": _("Found, to be settled"),
    "nothing": _("Nothing wrong"),
    "disputed": _("Disputed"),
    "closed": _("Inspection closed"),
}
SOURCES: Mapping[str, Any] = {
    "alarm": _("Alarm of the meter"),
    "anomaly": _("Usage looks wrong"),
    "tip": _("Somebody told"),
    "crew": _("A crew saw it"),
    "audit": _("Chosen to be looked at"),
}
FINDINGS: Mapping[str, Any] = {
    "nothing": _("Nothing wrong"),
    "wiring": _("Wrong connection"),
    "breach": _("Breach or theft"),
}
DEEDS: Mapping[str, Any] = {
    "suspect": _("Suspected"),
    "order": _("Work ordered"),
    "release": _("Work order dropped"),
    "report": _("The crew was there"),
    "find": _("Something was found"),
    "undo": _("What was proposed is dropped"),
    "clear": _("Nothing was wrong; the customer is told"),
    "dispute": _("The customer disputes it"),
    "uphold": _("It is so"),
    "close": _("Inspection closed"),
    "look": _("Looked at"),
    "take": _("Task taken"),
    "give_back": _("Task given back"),
    "warn": _("The time for it comes to its end"),
    "escalate": _("The time for it is over: with the supervisor"),
}
STANDARDS: Mapping[str, Any] = {
    "usage_inspection": _("Suspicion looked into"),
    "usage_settlement": _("Finding settled"),
    "usage_dispute": _("Dispute answered"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "usage_inspection": STATES,
    "usage_source": SOURCES,
    "usage_finding": FINDINGS,
    "usage_deed": DEEDS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("usage_inspection", "suspected"): "warn",
    ("usage_inspection", "ordered"): "info",
    ("usage_inspection", "visited"): "warn",
    ("usage_inspection", "found"): "bad",
    ("usage_inspection", "nothing"): "ok",
    ("usage_inspection", "disputed"): "warn",
}
