"""Words of meters, seals, commands and energizing, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

METER_STATES: Mapping[str, Any] = {
    "in_store": _("In the store"),
    "on_van": _("On a van"),
    "installed": _("Installed"),
    "retired": _("Taken down"),
    "scrapped": _("Scrapped"),
}
SEAL_STATES: Mapping[str, Any] = {
    "in_store": _("In the store"),
    "given_out": _("With a crew"),
    "set": _("On a meter"),
    "broken": _("Broken"),
    "lost": _("Lost"),
}
SWITCHES: Mapping[str, Any] = {"unknown": _("Not known"), "on": _("Switched on"), "off": _("Switched off")}
COMMANDS: Mapping[str, Any] = {
    "switch_on": _("Switch on"),
    "switch_off": _("Cut the supply off"),
    "read_now": _("Read now"),
    "demand_limit": _("Limit the demand"),
    "sync_time": _("Set the clock"),
}
COMMAND_STATES: Mapping[str, Any] = {
    "queued": _("Waits to be sent"),
    "sent": _("Sent"),
    "acknowledged": _("Received by the meter"),
    "succeeded": _("Done"),
    "refused": _("Refused by the meter"),
    "timed_out": _("No answer in time"),
    "cancelled": _("Cancelled"),
}
ENERGIZING_STATES: Mapping[str, Any] = {
    "waiting": _("Waits for the deposit"),
    "switching": _("Being switched on"),
    "failed": _("Not switched on"),
    "held": _("On, but not billed yet"),
    "started": _("On and billed"),
    "dropped": _("Given up"),
}
METER_EVENTS: Mapping[str, Any] = {
    "create": _("Meter created"),
    "issue": _("Given to a crew"),
    "give_back": _("Taken back into the store"),
    "install": _("Meter hung up"),
    "remove": _("Meter taken down"),
    "exchange": _("Meter exchanged"),
    "take_in": _("Tested anew and taken into the store"),
    "scrap": _("Meter scrapped"),
    "add_photo": _("Photos of registers kept"),
    "switch_on": _("Switching on ordered"),
    "switch_off": _("Switching off ordered"),
    "read_now": _("Reading ordered"),
    "demand_limit": _("Limit of demand ordered"),
    "sync_time": _("Setting the clock ordered"),
    "delivered": _("Delivered"),
    "put_on": _("Seal put on"),
    "break": _("Seal broken"),
    "succeeded": _("The meter did it"),
    "refused": _("The meter refused"),
    "timed_out": _("No answer in time"),
    "cancelled": _("Command cancelled"),
}
CASES: Mapping[str, Any] = {
    "desk": _("By hand"),
    "energizing": _("Energizing"),
    "application": _("Application"),
    "change": _("Change of use"),
}
USE_CLASSES: Mapping[str, Any] = {
    "residential": _("Residential"),
    "commercial": _("Commercial"),
    "industrial": _("Industrial"),
    "agricultural": _("Agricultural"),
}
FORMATS: Mapping[str, Any] = {
    "nem12": "NEM12",
    "nem13": "NEM13",
    "csv": "CSV",
    "entry": _("Typed in"),
    "interval_csv": _("CSV of intervals"),
    "ndjson": "NDJSON",
    "green_button": "Green Button",
    "dsmr": "DSMR P1",
    "mscons": "MSCONS",
    "d0010": "D0010",
    "xlsx": "XLSX",
    "head_end": _("Head-end"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "format": FORMATS,
    "meter_state": METER_STATES,
    "seal_state": SEAL_STATES,
    "switch": SWITCHES,
    "command": COMMANDS,
    "command_state": COMMAND_STATES,
    "energizing_state": ENERGIZING_STATES,
    "meter_event": METER_EVENTS,
    "meter_case": CASES,
    "cycle_class": {"": _("All classes"), **USE_CLASSES},
}
TONES: Mapping[tuple[str, str], str] = {
    ("meter_state", "installed"): "ok",
    ("meter_state", "retired"): "warn",
    ("seal_state", "set"): "ok",
    ("seal_state", "lost"): "bad",
    ("switch", "on"): "ok",
    ("switch", "off"): "warn",
    ("command_state", "succeeded"): "ok",
    ("command_state", "refused"): "bad",
    ("command_state", "timed_out"): "bad",
    ("energizing_state", "started"): "ok",
    ("energizing_state", "failed"): "bad",
    ("energizing_state", "waiting"): "warn",
    ("energizing_state", "held"): "warn",
}
