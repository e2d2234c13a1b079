"""Words of outages, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SCOPES: Mapping[str, Any] = {
    "place": _("A place"),
    "single": _("One supply"),
    "transformer": _("Transformer"),
    "feeder": _("Feeder"),
}
STATES: Mapping[str, Any] = {
    "supposed": _("Supposed"),
    "confirmed": _("Confirmed"),
    "restored": _("Restored"),
    "cancelled": _("No outage"),
}
ACTIONS: Mapping[str, Any] = {
    "widen": _("Reaches further"),
    "danger": _("Danger reported"),
    "confirm": _("Confirmed"),
    "expect": _("Said when it is back"),
    "arrive": _("The crew is there"),
    "part": _("A part is back"),
    "restore": _("Power is back"),
    "split": _("A part was split off as outage"),
    "join": _("Goes on in outage"),
    "cancel": _("There is none"),
}
KINDS: Mapping[str, Any] = {
    "no_power": _("No power"),
    "voltage": _("Voltage too low, too high or flickering"),
    "danger": _("Sparks, smell of burning, electric shock"),
    "line_down": _("A wire or a pole is down"),
}
CHANNELS: Mapping[str, Any] = {
    "phone": _("By telephone"),
    "desk": _("In person"),
    "portal": _("Portal"),
    "api": _("Other program"),
}
ANSWERS: Mapping[str, Any] = {
    "new": _("Nobody had reported it"),
    "known": _("Known, and worked on"),
    "planned": _("A planned outage is on"),
    "cut": _("Cut off because of a debt"),
    "prepaid": _("Cut off: the prepaid balance is used up"),
}
CAUSES: Mapping[str, Any] = {
    "unknown": _("Not known yet"),
    "equipment": _("Equipment failed"),
    "cable": _("Cable"),
    "line": _("Overhead line"),
    "weather": _("Weather"),
    "third_party": _("Damage by others"),
    "animal_tree": _("Animal or tree"),
    "overload": _("Overload"),
    "upstream": _("Failure further up in the network"),
    "customer": _("Installation of the customer"),
    "works": _("Planned works"),
}
AREAS: Mapping[str, Any] = {"city": _("City"), "rural": _("Country"), "remote": _("Remote")}
FLAGS: Mapping[str, Any] = {
    "important": _("Important user"),
    "life_support": _("Life support"),
    "vulnerable": _("Vulnerable"),
}
PLAN_STATES: Mapping[str, Any] = {
    "proposed": _("Notice waits to be let go"),
    "announced": _("People were told"),
    "on": _("Dark now"),
    "done": _("Over"),
    "cancelled": _("Called off"),
}
PLAN_ACTIONS: Mapping[str, Any] = {
    "propose": _("Proposed"),
    "announce": _("People were told"),
    "move": _("Moved to another time"),
    "cancel": _("Called off"),
    "begin": _("Switched off"),
    "end": _("Power is back"),
}
NOTICES: Mapping[str, Any] = {
    "planned": _("Planned works"),
    "temporary": _("Repair that does not wait so long"),
    "emergency": _("Emergency: cannot wait"),
}
TOLD: Mapping[str, Any] = {
    "outage_expected": _("When it is back"),
    "outage_danger": _("Danger, and when it is back"),
    "outage_restored": _("Power is back"),
}
ALARM_KINDS: Mapping[str, Any] = {
    "power_off": _("No power"),
    "power_on": _("Power is back"),
    "cover_open": _("Cover opened"),
    "magnetic_field": _("Strong magnet near"),
    "over_voltage": _("Voltage too high"),
    "under_voltage": _("Voltage too low"),
    "clock_drift": _("Clock is wrong"),
    "breaker": _("Switch does not obey"),
    "reverse_flow": _("Energy flows backwards"),
    "phase_lost": _("Phase missing"),
}
ALARM_ANSWERS: Mapping[str, Any] = {
    "outage": _("Outage"),
    "planned": _("Planned outage"),
    "cut": _("Cut off because of a debt"),
    "prepaid": _("Prepaid balance used up"),
    "brief": _("Over before it was heard"),
    "nothing": _("Nothing was dark"),
    "noted": _("Kept; says nothing of current"),
    "work": _("Work ordered"),
    "case": _("Complaint taken in"),
    "suspicion": _("Usage inspection"),
    "again": _("Belongs to an earlier one"),
    "own_work": _("Our own work there"),
}
STANDARDS: Mapping[str, Any] = {
    "outage_arrival_city": _("Crew there, city"),
    "outage_arrival_rural": _("Crew there, country"),
    "outage_arrival_remote": _("Crew there, remote"),
    "outage_restoration_city": _("Power back, city"),
    "outage_restoration_rural": _("Power back, country"),
    "outage_restoration_remote": _("Power back, remote"),
}
"""Words of service standards, for the table of all of them."""

TABLES: Mapping[str, Mapping[str, Any]] = {
    "outage_scope": SCOPES,
    "outage": STATES,
    "outage_action": ACTIONS,
    "fault_kind": KINDS,
    "fault_channel": CHANNELS,
    "fault_answer": ANSWERS,
    "outage_cause": CAUSES,
    "outage_area": AREAS,
    "supply_flag": FLAGS,
    "plan_outage": PLAN_STATES,
    "plan_outage_action": PLAN_ACTIONS,
    "plan_outage_notice": NOTICES,
    "outage_told": TOLD,
    "alarm_kind": ALARM_KINDS,
    "alarm_answer": ALARM_ANSWERS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("outage", "supposed"): "warn",
    ("outage", "confirmed"): "bad",
    ("outage", "restored"): "ok",
    ("plan_outage", "proposed"): "warn",
    ("plan_outage", "announced"): "info",
    ("plan_outage", "on"): "bad",
    ("plan_outage", "done"): "ok",
    ("fault_answer", "planned"): "info",
    ("alarm_answer", "outage"): "bad",
    ("alarm_answer", "planned"): "info",
    ("alarm_answer", "work"): "warn",
    ("alarm_answer", "case"): "warn",
    ("alarm_answer", "suspicion"): "bad",
    ("alarm_answer", "cut"): "warn",
    ("alarm_answer", "prepaid"): "warn",
    ("fault_answer", "cut"): "bad",
    ("fault_answer", "prepaid"): "bad",
    ("fault_answer", "known"): "warn",
    ("supply_flag", "life_support"): "bad",
    ("supply_flag", "important"): "warn",
    ("supply_flag", "vulnerable"): "warn",
}
