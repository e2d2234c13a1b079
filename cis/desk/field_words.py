"""Words of work in the field and of the network, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

WORK_KINDS: Mapping[str, Any] = {
    "survey": _("Site survey"),
    "meter_install": _("Meter installation"),
    "meter_exchange": _("Meter exchange"),
    "meter_remove": _("Meter removal"),
    "meter_move": _("Meter relocation"),
    "cut": _("Disconnection"),
    "reconnect": _("Reconnection"),
    "re_read": _("Special reading"),
    "debt_visit": _("Visit because of a debt"),
    "customer_visit": _("Follow-up visit"),
    "repair": _("Repair"),
    "inspection": _("Inspection"),
}
WORK_STATES: Mapping[str, Any] = {
    "open": _("Not assigned"),
    "assigned": _("With a crew"),
    "started": _("At work"),
    "done": _("Done"),
    "cancelled": _("Cancelled"),
}
WORK_ACTIONS: Mapping[str, Any] = {
    "assign": _("Assigned"),
    "dispatch": _("Sent at once"),
    "book": _("Booked for a customer"),
    "release": _("Taken from the crew"),
    "start": _("Started"),
    "finish": _("Finished"),
    "fail": _("Not possible"),
    "plan_again": _("Planned anew by the crew"),
    "cancel": _("Dropped by the desk"),
    "withdraw": _("Withdrawn by its case"),
}
PRIORITIES: Mapping[str, Any] = {"normal": _("Normal"), "urgent": _("Urgent"), "danger": _("Danger")}
OUTCOMES: Mapping[str, Any] = {
    "done": _("Done"),
    "passed": _("Passed"),
    "defects": _("Defects found"),
    "feasible": _("Can be supplied"),
    "with_works": _("Can be supplied after works"),
    "not_feasible": _("Cannot be supplied"),
}
HINDRANCES: Mapping[str, Any] = {
    "nobody_there": _("Nobody there"),
    "no_access": _("No access"),
    "unsafe": _("Not safe"),
    "wrong_address": _("Wrong address"),
    "weather": _("Weather"),
    "material_missing": _("Material missing"),
    "customer_asked": _("The customer asked for another day"),
    "no_time": _("No time left"),
    "other": _("Other reason"),
}
APPOINTMENT_STATES: Mapping[str, Any] = {
    "booked": _("Booked"),
    "confirmed": _("Confirmed"),
    "kept": _("Kept"),
    "moved": _("Moved"),
    "missed_by_customer": _("Missed by the customer"),
    "missed_by_us": _("Missed by us"),
    "dropped": _("Dropped"),
}
WORK_FACTS: Mapping[str, Any] = {
    "reason": _("Reason"),
    "what": _("What is to be done"),
    "change": _("Change of use"),
    "position": _("Where it hangs"),
    "new_position": _("Where it is to hang"),
    "application": _("Application"),
    "applicant": _("Applicant"),
    "name": _("Name"),
    "phone": _("Phone"),
    "capacity_kva": _("Capacity (kVA)"),
    "capacity_kw": _("Capacity (kW)"),
    "voltage": _("Voltage"),
    "phases": _("Phases"),
    "use_class": _("Kind of use"),
    "account": _("Account"),
    "meter": _("Meter"),
    "defect": _("Defect"),
    "items": _("Supplies"),
    "supplies": _("Supplies"),
    "capacity": _("Capacity"),
    "customer": _("Customer"),
    "inspection": _("Inspection"),
    "season": _("Before"),
    "look_at": _("Look at"),
    "fault": _("Reported"),
    "dark": _("Dark"),
    "reporter": _("Reported by"),
    "register": _("Register"),
    "doubted_on": _("Doubtful on"),
    "missed_rounds": _("Missed in rounds"),
    "certified_until": _("Certificate holds until"),
    "alarm": _("What the meter says"),
    "transformer": _("Transformer"),
    "meters": _("Meters"),
    "since": _("Since"),
}
WORK_CASES: Mapping[str, Any] = {
    "service_point": _("Ordered by the desk"),
    "energizing": _("Energizing"),
    "application": _("Application"),
    "change": _("Change of use"),
    "inspection": _("Inspection"),
    "outage": _("Outage"),
    "usage_exception": _("Exception of usage"),
    "meter_alarm": _("Alarm of a meter"),
    "usage_inspection": _("Usage inspection"),
    "anomaly": _("Anomaly"),
}
WORK_DUE: Mapping[str, Any] = {"late": _("Late"), "today": _("Due today"), "week": _("Due in 7 days")}
RESERVATION_STATES: Mapping[str, Any] = {
    "held": _("Reserved"),
    "used": _("Connected"),
    "released": _("Given back"),
    "expired": _("Expired"),
}
POINT_STATES: Mapping[str, Any] = {
    "planned": _("Planned"),
    "connected": _("Connected"),
    "removed": _("Taken down"),
}
ASSETS: Mapping[str, Any] = {"transformer": _("Transformer"), "feeder": _("Feeder")}
SUPPLY_MODES: Mapping[str, Any] = {
    "low_low": _("low voltage, metered at low voltage"),
    "high_low": _("high voltage, metered at low voltage"),
    "high_high": _("high voltage, metered at high voltage"),
}
SURVEY_REASONS: Mapping[str, Any] = {
    "no_capacity": _("no capacity free"),
    "line_needed": _("a line must be built"),
    "no_way": _("no way for the line"),
    "room_missing": _("no room for meter or switchgear"),
    "wiring_unsafe": _("wiring not safe"),
    "use_differs": _("use is not as applied for"),
    "no_right": _("right to the place not proved"),
    "other": _("other reason"),
}
PHASES: Mapping[str, Any] = {"1": _("single phase"), "3": _("three phases")}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "work_kind": WORK_KINDS,
    "work_state": WORK_STATES,
    "work_action": WORK_ACTIONS,
    "work_priority": PRIORITIES,
    "work_outcome": OUTCOMES,
    "work_fact": WORK_FACTS,
    "work_case": WORK_CASES,
    "hindrance": HINDRANCES,
    "appointment": APPOINTMENT_STATES,
    "reservation": RESERVATION_STATES,
    "point": POINT_STATES,
    "asset": ASSETS,
    "phases": PHASES,
    "survey_reason": SURVEY_REASONS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("work_state", "open"): "warn",
    ("work_state", "assigned"): "info",
    ("work_state", "started"): "info",
    ("work_outcome", "passed"): "ok",
    ("work_outcome", "feasible"): "ok",
    ("work_outcome", "with_works"): "warn",
    ("work_outcome", "defects"): "bad",
    ("work_outcome", "not_feasible"): "bad",
    ("work_priority", "urgent"): "bad",
    ("work_priority", "danger"): "bad",
    ("appointment", "booked"): "info",
    ("appointment", "confirmed"): "ok",
    ("appointment", "kept"): "ok",
    ("appointment", "missed_by_customer"): "warn",
    ("appointment", "missed_by_us"): "bad",
    ("reservation", "held"): "info",
    ("reservation", "used"): "ok",
    ("reservation", "expired"): "warn",
    ("point", "planned"): "info",
    ("point", "connected"): "ok",
}
