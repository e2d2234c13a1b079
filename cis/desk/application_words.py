"""Words of the trade for applications for a supply; ``cis.desk.words`` serves them to pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import care_words, case_quality_words, case_words
from cis.desk.outage_words import STANDARDS as OUTAGE_STANDARDS
from cis.desk.usage_inspection_words import STANDARDS as USAGE_STANDARDS

APPLICATION_STATES: Mapping[str, Any] = {
    "applied": _("Filed"),
    "documented": _("Papers complete"),
    "surveying": _("Being surveyed"),
    "surveyed": _("Surveyed"),
    "offered": _("Offered"),
    "contracted": _("Contract signed"),
    "metered": _("Meter hangs"),
    "energized": _("Energized"),
    "withdrawn": _("Withdrawn"),
    "rejected": _("Rejected"),
}
APPLICATION_ACTIONS: Mapping[str, Any] = {
    "apply": _("Filed"),
    "confirm_documents": _("Papers confirmed"),
    "assign_survey": _("Survey ordered"),
    "report_survey": _("Surveyed"),
    "offer": _("Offered"),
    "sign": _("Contract signed"),
    "install_meter": _("Meter hung up"),
    "energize": _("Energized"),
    "send_back": _("Sent back"),
    "suspend": _("Suspended"),
    "resume": _("Resumed"),
    "withdraw": _("Withdrawn"),
    "reject": _("Rejected"),
}
APPLICATION_BUTTONS: Mapping[str, Any] = {
    "confirm_documents": _("Confirm the papers"),
    "assign_survey": _("Order the survey"),
    "send_back": _("Send back"),
    "suspend": _("Suspend"),
    "resume": _("Resume"),
    "withdraw": _("Withdraw"),
    "reject": _("Turn down"),
}
APPLICATION_KINDS: Mapping[str, Any] = {
    "new_point": _("New supply"),
    "existing_point": _("Supply at a point that is there"),
    "temporary": _("Temporary supply"),
}
APPLICATION_PAPERS: Mapping[str, Any] = {
    "identity": _("Proof of identity"),
    "premises_right": _("Right to the premises"),
    "business_licence": _("Business licence"),
    "agent_identity": _("Identity of the agent"),
    "power_of_attorney": _("Power of attorney"),
    "other": _("Other paper"),
}
APPLICATION_USES: Mapping[str, Any] = {
    "residential": _("Residential"),
    "commercial": _("Trade and services"),
    "industrial": _("Industry"),
    "agricultural": _("Farming"),
}
APPLICATION_CLASSES: Mapping[str, Any] = {
    "home": _("Homes, low voltage"),
    "low": _("Others, low voltage"),
    "high": _("High voltage, one source"),
    "high_dual": _("High voltage, two sources"),
}
APPLICATION_WAITS: Mapping[str, Any] = {
    "desk": _("Desk"),
    "field": _("Field"),
    "customer": _("Customer"),
    "nobody": _("Nobody"),
}
APPLICATION_CHANNELS: Mapping[str, Any] = {"desk": _("Desk"), "portal": _("Portal"), "api": _("Program")}
AGENT_SCOPES: Mapping[str, Any] = {"file": _("Apply and bring papers"), "sign": _("Sign too")}
CLOCK_STOPS: Mapping[str, Any] = {"customer": _("the customer decides"), "suspended": _("suspended")}
STANDARDS: Mapping[str, Any] = {
    "connection": _("All steps together"),
    "connection_documents": _("Check of papers"),
    "connection_survey": _("Survey"),
    "connection_offer": _("Offer"),
    "connection_meter": _("Meter"),
    "connection_energize": _("Energizing"),
    "final_bill": _("Final bill"),
    "refund_credit": _("Refund of a credit"),
    "reconnection": _("Reconnection"),
    "defect_urgent": _("Urgent defect"),
    "defect_serious": _("Serious defect"),
    "defect_general": _("General defect"),
    **OUTAGE_STANDARDS,
    **care_words.STANDARDS,
    **case_words.STANDARDS,
    **case_quality_words.STANDARDS,
    **USAGE_STANDARDS,
}
TASK_QUEUES: Mapping[str, Any] = {
    "papers": _("Papers"),
    "survey": _("Survey"),
    "contract": _("Offer and contract"),
    "metering": _("Meter and energizing"),
    "safety": _("Defects"),
    "settling": _("Final accounts"),
    "repair": _("Repair"),
    "usage": _("Usage inspection"),
    "cases": _("Complaints and other cases"),
    "whole": _("All steps together"),
    "care": _("Care of customers"),
    "quality": _("Closed cases and trends"),
    "escalated": _("Late, with the supervisor"),
}
TURN_OUTCOMES: Mapping[str, Any] = {
    "in_time": _("In time"),
    "late": _("Late"),
    "sent_back": _("Sent back"),
    "running": _("Still running"),
    "overdue": _("Late and still running"),
}
UNITS: Mapping[str, Any] = {"working_days": _("working days"), "hours": _("hours"), "minutes": _("minutes")}
SPANS: Mapping[str, Any] = {
    "year": _("Twelve months"),
    "this_year": _("This year"),
    "last_year": _("Last year"),
}
URGENCIES: Mapping[str, Any] = {"late": _("Late"), "near": _("Soon due"), "in_time": _("In time")}


def standard_parts(key: str) -> tuple[str, str]:
    """Return a standard of the pack without the class of supply in its key, and the class; "" if it has none."""
    for one in sorted(APPLICATION_CLASSES, key=len, reverse=True):
        if key.endswith(f"_{one}"):
            return key.removesuffix(f"_{one}"), one
    return key, ""


TABLES: Mapping[str, Mapping[str, Any]] = {
    "application": APPLICATION_STATES,
    "application_action": APPLICATION_ACTIONS,
    "application_button": APPLICATION_BUTTONS,
    "application_kind": APPLICATION_KINDS,
    "application_paper": APPLICATION_PAPERS,
    "application_use": APPLICATION_USES,
    "application_class": APPLICATION_CLASSES,
    "application_waits": APPLICATION_WAITS,
    "application_channel": APPLICATION_CHANNELS,
    "agent_scope": AGENT_SCOPES,
    "clock_stop": CLOCK_STOPS,
    "standard": STANDARDS,
    "task_queue": TASK_QUEUES,
    "turn_outcome": TURN_OUTCOMES,
    "standard_unit": UNITS,
    "figures_span": SPANS,
    "urgency": URGENCIES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("turn_outcome", "in_time"): "ok",
    ("turn_outcome", "late"): "bad",
    ("turn_outcome", "overdue"): "bad",
    ("turn_outcome", "running"): "info",
    ("application", "applied"): "info",
    ("application", "documented"): "info",
    ("application", "surveying"): "info",
    ("application", "surveyed"): "info",
    ("application", "offered"): "warn",
    ("application", "contracted"): "info",
    ("application", "metered"): "info",
    ("application", "energized"): "ok",
}
