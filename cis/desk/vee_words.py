"""Words of validation, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from metering.domain.vee import Code

DOUBTS: Mapping[Code, Any] = {
    Code.ROLLOVER: _("The counter has passed its last value and begun anew."),
    Code.BREAKER: _("That is more than this supply can carry."),
    Code.HIGH: _("That is far above the usual use."),
    Code.LOW: _("That is far below the usual use."),
}
"""What is asked of somebody who types a reading in."""

STATES: Mapping[str, Any] = {"open": _("To be looked at"), "accepted": _("Right as it is"), "gone": _("Cause is gone")}
LISTED: Mapping[str, Any] = {**STATES, "waiting": _("Waits for a second person")}
"""States that a list is filtered by."""
METHODS: Mapping[str, Any] = {
    "interpolation": _("On a line between its neighbours"),
    "average": _("Mean of the days before"),
    "proxy_day": _("A day of the same name"),
    "profile": _("By a profile"),
    "last_year": _("Same days last year"),
    "from_intervals": _("Out of interval values"),
    "from_counter": _("Out of the counter"),
    "proration": _("Evenly between two readings"),
    "straight_line": _("Going on as before"),
    "given": _("Estimated by others"),
}
CHANGE_STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"), "applied": _("Holds"), "dropped": _("Dropped"),
}  # fmt: skip
ACTS: Mapping[str, Any] = {"accept": _("Accept"), "estimate": _("Estimate"), "visit": _("Send a crew")}
SEVERITIES: Mapping[str, Any] = {"look": _("Look"), "stop": _("Not approved")}
CODES: Mapping[str, Any] = {
    "not_consecutive": _("Days before it are nobody's"),
    "duplicate_values": _("Same values as another register"),
    "long_gap": _("Long gap in the intervals"),
    "usage_high": _("Far above the usual use"),
    "usage_low": _("Far below the usual use"),
    "interval_spike": _("Spike in the intervals"),
    "negative_energy": _("Negative energy"),
    "zero_energy": _("No use for several cycles"),
    "unchanged_energy": _("Same energy cycle after cycle"),
    "off_last_year": _("Unlike the same days last year"),
    "off_three_cycles": _("Unlike the last three cycles"),
    "above_14_months": _("Above the highest of 14 months"),
    "periods_off_total": _("Periods of use do not add up to the total"),
    "sibling_missing": _("The other direction was not read"),
    "intervals_off_register": _("Intervals differ from the counter"),
    "multiplier_doubt": _("Off by a ratio of transformers"),
    "rolled_over": _("The dial passed its end"),
    "inactive_meter": _("Use where supply is not connected"),
    "outside_window": _("Read far from its due day"),
    "above_capacity": _("More than the supply carries"),
    "long_estimated": _("Estimated for too long"),
    "read_missing": _("A read is missing"),
    "days_missing": _("Interval days are missing"),
    "above_maximum": _("More than the supply can carry"),
    "decreased": _("The reading fell"),
    "ambiguous": _("Forward or backward"),
    "off_dial": _("More digits than the dial"),
    "demand_unmoved": _("Demand did not move"),
    "demand_fell": _("Demand was reset by hand"),
    "demand_month_cut": _("Demand not read at the month"),
    "demand_too_high": _("Demand too high"),
    "span_overlaps": _("Approved as a longer span"),
    "span_corrected": _("Changed after a correction"),
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "exception": STATES,
    "exception_severity": SEVERITIES,
    "exception_code": CODES,
    "estimation": METHODS,
    "read_change": CHANGE_STATES,
    "exception_act": ACTS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("exception", "open"): "warn",
    ("exception", "accepted"): "ok",
    ("read_change", "proposed"): "warn",
    ("read_change", "applied"): "ok",
    ("exception_severity", "stop"): "bad",
    ("exception_severity", "look"): "info",
}
