"""Words of demand response, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "planned": _("Waits for a second person"),
    "announced": _("All were told"),
    "running": _("On now"),
    "ended": _("Waits for values"),
    "settled": _("Settled and credited"),
    "called_off": _("Called off"),
}
PART_STATES: Mapping[str, Any] = {
    "called": _("Called"),
    "opted_out": _("Opted out"),
    "taking_part": _("Takes part"),
    "settled": _("Settled and credited"),
    "unmeasured": _("Could not be measured"),
    "taken_back": _("Settlement taken back"),
    "called_off": _("Called off"),
}
LIMITS: Mapping[str, Any] = {
    "none": _("By hand"),
    "ordered": _("Meter is being told"),
    "set": _("Meter limits"),
    "failed": _("Meter did not answer"),
    "kept": _("Meter keeps an earlier limit"),
}
GAPS: Mapping[str, Any] = {
    "no_interval_meter": _("No interval meter on one of the days"),
    "too_few_similar_days": _("Too few similar days"),
    "values_missing": _("Values are missing"),
    "values_estimated": _("Values are estimated"),
    "supply_was_dark": _("No current by an outage in these hours"),
    "supply_was_cut_off": _("Cut off in these hours"),
}
SOURCES: Mapping[str, Any] = {"person": _("By a person"), "forecast": _("From a forecast")}
VENS: Mapping[str, Any] = {
    "open": _("Let in"),
    "blocked": _("Blocked"),
    "no_key": _("No valid key"),
    "failing": _("Callbacks are not taken"),
}
SUBSCRIPTIONS: Mapping[str, Any] = {
    "never": _("Not called yet"),
    "taken": _("Taken"),
    "failing": _("Not taken"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "demand_event": STATES,
    "demand_part": PART_STATES,
    "demand_limit": LIMITS,
    "demand_gap": GAPS,
    "demand_source": SOURCES,
    "ven": VENS,
    "subscription": SUBSCRIPTIONS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("demand_event", "planned"): "warn",
    ("demand_event", "announced"): "info",
    ("demand_event", "running"): "bad",
    ("demand_event", "ended"): "warn",
    ("demand_event", "settled"): "ok",
    ("demand_part", "called"): "info",
    ("demand_part", "taking_part"): "info",
    ("demand_part", "settled"): "ok",
    ("demand_part", "unmeasured"): "bad",
    ("demand_part", "taken_back"): "warn",
    ("demand_limit", "set"): "ok",
    ("demand_limit", "failed"): "bad",
    ("ven", "open"): "ok",
    ("ven", "blocked"): "bad",
    ("ven", "no_key"): "warn",
    ("ven", "failing"): "bad",
    ("subscription", "taken"): "ok",
    ("subscription", "failing"): "bad",
}
