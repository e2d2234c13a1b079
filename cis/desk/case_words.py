"""Words of complaints and other cases on the desk."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import case_quality_words
from cis.desk.field_words import OUTCOMES, WORK_KINDS
from complaints.domain.kinds import Evidence

KINDS: Mapping[str, Any] = {
    "complaint": _("Complaint"),
    "report": _("Report of a breach"),
    "request": _("Service request"),
    "fault": _("Fault report"),
    "question": _("Question"),
    "praise": _("Praise"),
}
CHANNELS: Mapping[str, Any] = {
    "phone": _("By telephone"),
    "portal": _("Portal"),
    "api": _("Another program"),
    "email": _("E-mail"),
    "walk_in": _("At the counter"),
    "letter": _("Letter"),
    "regulator": _("Authority"),
}
STATES: Mapping[str, Any] = {
    "received": _("Received"),
    "classified": _("Classified"),
    "dispatched": _("Given to a team"),
    "accepted": _("Accepted by the team"),
    "investigating": _("Looked into"),
    "replied": _("Answered"),
    "calling_back": _("Being called back"),
    "closed": _("Closed"),
    "reopened": _("Opened again"),
    "escalated": _("With an authority"),
    "withdrawn": _("Withdrawn"),
    "merged": _("Answered with another"),
}
SEVERITIES: Mapping[str, Any] = {"general": _("General"), "serious": _("Serious"), "urgent": _("Urgent")}
CONFIDENCES: Mapping[str, Any] = {"sure": _("Sure"), "likely": _("Likely"), "unsure": _("Unsure")}
FACTS: Mapping[str, Any] = {
    "open_dispute": _("The open case %(said)s disputes a bill of this account."),
    "estimated_bill": _("Its last bill, %(said)s, stands on an estimate."),
    "outage": _("Its supply is in an outage now."),
    "planned_outage": _("A planned outage of its supply begins %(said)s."),
    "price_change": _("Other prices hold for it since %(said)s."),
}
EVIDENCE: Mapping[str, Any] = {
    "reads": _("Reads"),
    "bill": _("Bill"),
    "call": _("Call"),
    "visit": _("Visit"),
    "photo": _("Photo"),
    "paper": _("Paper"),
}
WAYS: Mapping[str, Any] = {
    "notice": _("By SMS or e-mail"),
    "phone": _("Said by telephone"),
    "in_person": _("Said in person"),
    "letter": _("By letter"),
}
DEEDS: Mapping[str, Any] = {
    "adjustment": _("Adjustment"),
    "refund": _("Refund"),
    "rebill": _("Billed anew"),
    "re_read": _("Meter read again"),
    "hold": _("Hold"),
    "apology": _("Letter of apology"),
}
CALLS: Mapping[str, Any] = {
    "satisfied": _("Content"),
    "dissatisfied": _("Not content"),
    "not_reached": _("Nobody answered"),
}
ACTIONS: Mapping[str, Any] = {
    "take": _("Taken in"),
    "classify": _("Classified"),
    "dispatch": _("Given to a team"),
    "accept": _("Accepted by the team"),
    "hand_over": _("Handed over"),
    "investigate": _("Looked into"),
    "contact": _("First word to the caller"),
    "wait": _("Waits for the caller"),
    "go_on": _("Goes on"),
    "reply": _("Answered"),
    "not_reached": _("Called back, nobody answered"),
    "satisfied": _("Called back, content"),
    "dissatisfied": _("Called back, not content"),
    "close": _("Closed"),
    "reopen": _("Opened again"),
    "escalate": _("With an authority"),
    "raise": _("A supervisor is asked"),
    "withdraw": _("Withdrawn"),
    "merge": _("Answered with another"),
}
URGENCY: Mapping[str, Any] = {
    "late": _("Late"),
    "near": _("Due soon"),
    "in_time": _("In time"),
    "none": _("No clock runs"),
}
REASONS: Mapping[str, Any] = {"not_called_back": _("The caller is not called back."), "closed": _("Closed")}
STANDARDS: Mapping[str, Any] = {
    "case_accept": _("Case accepted by a team"),
    "case_contact": _("First word to the caller"),
    "case_complaint": _("Answer to a complaint"),
    "case_report": _("Answer to a report"),
    "case_request": _("Answer to a service request"),
    "case_meter": _("Answer on a meter"),
    "case_reading": _("Answer on a read"),
    "case_damage": _("Look at damaged appliances"),
    "case_fault": _("Answer to a fault report"),
    "case_question": _("Answer to a question"),
    "case_praise": _("Answer to praise"),
    "case_12398": _("Answer to 12398"),
    "case_12345": _("Answer to 12345"),
    "case_authority": _("Answer to an authority"),
}
EVENTS: Mapping[tuple[str, str], Any] = {
    **{("case", action): words for action, words in ACTIONS.items()},
    ("case", "take"): _("Case taken in"),
    ("case", "find"): _("Case: finding noted"),
    ("case", "add_photo"): _("Case: picture kept"),
    ("case", "link"): _("Case: linked"),
    ("case", "concern"): _("Case: who is complained about"),
    ("case", "adjustment"): _("Case: account adjusted"),
    ("case", "refund"): _("Case: refund asked for"),
    ("case", "rebill"): _("Case: billed anew"),
    ("case", "re_read"): _("Case: meter to be read again"),
    ("case", "apology"): _("Case: letter of apology"),
    ("case", "warn"): _("Case: a deadline comes near"),
    ("case", "escalate"): _("Case: late, or with an authority"),
    ("case", "refuse"): _("Case: refused"),
    ("case", "give_back"): _("Case: given back"),
}
SKILLS: Mapping[str, Any] = {
    "billing": _("Bills and payments"),
    "metering": _("Meters"),
    "supply": _("Supply"),
    "service": _("Service"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "case_kind": KINDS,
    "case_channel": CHANNELS,
    "case": STATES,
    "case_severity": SEVERITIES,
    "case_confidence": CONFIDENCES,
    "case_evidence": EVIDENCE,
    "case_way": WAYS,
    "case_deed": DEEDS,
    "case_call": CALLS,
    "case_action": ACTIONS,
    "case_urgency": URGENCY,
    "case_reason": REASONS,
    "case_skill": SKILLS,
    **case_quality_words.TABLES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("case", "received"): "warn",
    ("case", "classified"): "warn",
    ("case", "dispatched"): "warn",
    ("case", "accepted"): "info",
    ("case", "investigating"): "info",
    ("case", "replied"): "info",
    ("case", "calling_back"): "info",
    ("case", "closed"): "ok",
    ("case", "reopened"): "bad",
    ("case", "escalated"): "bad",
    ("case_urgency", "late"): "bad",
    ("case_urgency", "near"): "warn",
    ("case_urgency", "in_time"): "ok",
    ("case_severity", "urgent"): "bad",
    ("case_severity", "serious"): "warn",
    ("case_call", "satisfied"): "ok",
    ("case_call", "dissatisfied"): "bad",
    **case_quality_words.TONES,
}


def found(row: Any) -> str:
    """Return what was found, in words; what crews bring back is kept as codes of the work and its outcome."""
    kind, _colon, outcome = row.text.partition(": ")
    if row.evidence == Evidence.VISIT and kind in WORK_KINDS and outcome in OUTCOMES:
        return f"{WORK_KINDS[kind]}: {OUTCOMES[outcome]}"
    return str(row.text)
