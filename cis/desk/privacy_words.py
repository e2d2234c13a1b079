"""Words for the rights of customers over their own data: purposes of looks, erasures, exports."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.platform.privacy_phrases import OBSTACLES, PURPOSES

ERASURE_STATES: Mapping[str, Any] = {
    "due": _("Waits for a second person"),
    "released": _("Being done"),
    "done": _("Overwritten"),
    "dropped": _("Refused"),
}
ERASURE_REASONS: Mapping[str, Any] = {"retention": _("Kept long enough"), "request": _("The customer wants it")}
EXPORT_STATES: Mapping[str, Any] = {
    "waiting": _("Being made"),
    "ready": _("Ready"),
    "over": _("Its time is over"),
}
ACTOR_KINDS: Mapping[str, Any] = {
    "staff": _("Staff"),
    "client": _("A program"),
    "system": _("The system"),
    "customer": _("The customer"),
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("customer", "erase"): _("Personal data overwritten"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "erasure": ERASURE_STATES,
    "erasure_reason": ERASURE_REASONS,
    "erasure_obstacle": OBSTACLES,
    "data_export": EXPORT_STATES,
    "look_purpose": PURPOSES,
    "actor_kind": ACTOR_KINDS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("erasure", "due"): "warn",
    ("erasure", "released"): "info",
    ("erasure", "done"): "ok",
    ("data_export", "waiting"): "info",
    ("data_export", "ready"): "ok",
}
