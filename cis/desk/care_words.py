"""Words for the care of customers: protections, points, visits, service plans, segments."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import people_words

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
    "customer_unreachable": _("A customer whom no message reaches"),
}
"""Names of service standards of care."""
POINTS_KINDS: Mapping[str, Any] = {
    "earn": _("Earned"),
    "redeem": _("Redeemed on a bill"),
    "expire": _("Expired"),
    "reverse": _("Taken back"),
    "offset": _("Taken for what was short"),
}
POINTS_SOURCES: Mapping[str, Any] = {
    "on_time": _("Bill paid on time"),
    "e_bill": _("Bill without paper"),
    "self_read": _("Meter read by yourself"),
    "demand_event": _("Energy saved in an event"),
}
VISIT_WAYS: Mapping[str, Any] = {"phone": _("By telephone"), "site": _("At the place")}
SURVEY_EVENTS: Mapping[str, Any] = {
    "case_closed": _("A case was closed"),
    "supply_began": _("Supply began"),
    "outage_ended": _("An outage ended"),
    "visit_done": _("A visit was made"),
    "first_bill": _("First bill"),
}
VISIT_STATES: Mapping[str, Any] = {"open": _("To be made"), "done": _("Made"), "dropped": _("Dropped")}
VISIT_FILTERS: Mapping[str, Any] = {
    "": _("To be made now"),
    "late": _("Late"),
    "coming": _("Later"),
    "done": _("Made"),
    "dropped": _("Dropped"),
    "all": _("All"),
}
OUTCOMES: Mapping[str, Any] = {
    "content": _("Content"),
    "wish": _("Has a wish"),
    "problem": _("Has a problem"),
    "not_reached": _("Not reached"),
}
NEXT_STEPS: Mapping[str, Any] = {
    "none": _("Nothing more"),
    "again": _("Visit again"),
    "advice": _("Advice on the tariff"),
    "plan": _("Make a service plan"),
    "complaint": _("Take it as a complaint"),
}
PLAN_STATES: Mapping[str, Any] = {"running": _("Running"), "reached": _("Goal reached"), "given_up": _("Given up")}
PLAN_FILTERS: Mapping[str, Any] = {
    "": _("Running"),
    "late": _("Review is due"),
    "reached": _("Goal reached"),
    "given_up": _("Given up"),
    "all": _("All"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "survey_event": SURVEY_EVENTS,
    "visit": VISIT_STATES,
    "visit_way": VISIT_WAYS,
    "visit_outcome": OUTCOMES,
    "visit_next": NEXT_STEPS,
    "care_plan": PLAN_STATES,
    "points": POINTS_KINDS,
    "points_source": POINTS_SOURCES,
    "protection": PROTECTION_STATES,
    "protection_kind": PROTECTION_KINDS,
    "protection_evidence": EVIDENCE,
    **people_words.TABLES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("protection", "unproven"): "warn",
    ("protection", "proven"): "ok",
    ("protection", "review"): "warn",
    ("protection", "ended"): "",
    ("visit", "open"): "info",
    ("visit", "done"): "ok",
    ("visit", "dropped"): "",
    ("visit_outcome", "content"): "ok",
    ("visit_outcome", "wish"): "info",
    ("visit_outcome", "problem"): "bad",
    ("visit_outcome", "not_reached"): "warn",
    ("care_plan", "running"): "info",
    ("care_plan", "reached"): "ok",
    ("care_plan", "given_up"): "",
    ("points", "earn"): "ok",
    ("points", "redeem"): "info",
    ("points", "expire"): "",
    ("points", "reverse"): "warn",
    ("points", "offset"): "warn",
    ("protection_kind", "life_support"): "bad",
    ("protection_kind", "vulnerable"): "warn",
    ("protection_kind", "key_account"): "info",
    **people_words.TONES,
}
EVENTS: Mapping[tuple[str, str], Any] = {
    **people_words.EVENTS,
    ("customer", "plan_care"): _("Service plan made"),
    ("visit", "plan"): _("Planned"),
    ("visit", "assign"): _("Given to somebody"),
    ("visit", "not_reached"): _("Nobody answered"),
    ("visit", "finish"): _("Made"),
    ("visit", "drop"): _("Dropped"),
    ("visit", "crew_done"): _("The crew was there"),
    ("visit", "crew_cancelled"): _("No crew goes: by telephone"),
    ("visit", "take"): _("Task taken"),
    ("visit", "give_back"): _("Task given back"),
    ("visit", "warn"): _("The time for it comes to its end"),
    ("visit", "escalate"): _("The time for it is over: with the supervisor"),
    ("care_plan", "make"): _("Service plan made"),
    ("care_plan", "add_measure"): _("Measure added"),
    ("care_plan", "finish_measure"): _("Measure done"),
    ("care_plan", "review"): _("Looked at"),
    ("care_plan", "end"): _("Ended"),
    ("care_plan", "take"): _("Task taken"),
    ("care_plan", "give_back"): _("Task given back"),
    ("care_plan", "warn"): _("The time for it comes to its end"),
    ("care_plan", "escalate"): _("The time for it is over: with the supervisor"),
    ("protection", "take"): _("Task taken"),
    ("protection", "give_back"): _("Task given back"),
    ("account", "redeem_points"): _("Points redeemed on a bill"),
    ("account", "take_back_points"): _("Points taken back"),
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
