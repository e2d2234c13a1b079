"""Words for demands, holds and disconnections, and the reasons against a cut as sentences."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from arrears.domain.cut_facts import Blocker
from cis.platform.templatetags.local import day, instant, money

STEPS: Mapping[str, Any] = {
    "text": _("Text message"), "call": _("Call"), "letter": _("Demand by letter"), "visit": _("Visit"),
    "reminder": _("Reminder"), "warning": _("Warning"), "contact": _("Talk to the customer"), "mail": _("E-mail"),
    "": _("None yet"),
}  # fmt: skip
WAYS: Mapping[str, Any] = {
    "sms": _("SMS"), "email": _("E-mail"), "letter": _("Letter"), "call": _("Call"), "visit": _("Visit"),
}  # fmt: skip
PROOFS: Mapping[str, Any] = {
    "none": _("Nothing has to prove it"), "delivered": _("The message arrived"), "posted": _("Handed to the post"),
    "answered": _("Somebody answered"), "handed_over": _("Handed over"),
}  # fmt: skip
HOLDS: Mapping[str, Any] = {
    "life_support": _("Life support"), "vulnerable": _("Vulnerable customer"), "complaint": _("Complaint"),
    "dispute": _("Dispute of a bill"), "plan": _("Instalment plan"), "hardship": _("Hardship"),
    "outage": _("Outage of the supplier"), "pending_payment": _("Payment under way"),
}  # fmt: skip
BATCHES: Mapping[str, Any] = {
    "planning": _("Being planned"), "waiting": _("Waits for a second person"), "sending": _("Being sent"),
    "sent": _("Sent"), "dropped": _("Dropped"), "replaced": _("Replaced by the next day"),
}  # fmt: skip
TARGETS: Mapping[str, Any] = {"waiting": _("Waits"), "done": _("Carried out"), "left_out": _("Left out: due no more")}
ORDERS: Mapping[str, Any] = {
    "proposed": _("Proposed"), "approved": _("Agreed to"), "noticed": _("Notice received"), "reminded": _("Reminded"),
    "dispatched": _("Sent out"), "recalled": _("Taken back, answer awaited"), "cut": _("Cut off"),
    "restoring": _("Being restored"), "restored": _("Restored"), "cancelled": _("Called off"), "expired": _("Expired"),
    "failed": _("Not done"),
}  # fmt: skip
ACTIONS: Mapping[str, Any] = {
    "propose": _("Proposed"), "support": _("Agreed, one more is needed"), "approve": _("Agreed to"),
    "announce": _("Notice sent"), "notice": _("Notice received"), "copy": _("Authority has a copy"),
    "remind": _("Reminded for the last time"), "dispatch": _("Sent out to be cut off"), "done": _("Done"),
    "fail": _("Not done"), "recall": _("Recalled"), "restore": _("To be restored"), "restored": _("Restored"),
    "cancel": _("Called off"), "expire": _("Expired"), "prepay": _("Balance used up, and told"),
}  # fmt: skip
CUT_CAUSES: Mapping[str, Any] = {"bills": _("Overdue bills"), "balance": _("Prepaid balance")}
CUT_WAYS: Mapping[str, Any] = {"remote": _("The meter is told to"), "crew": _("A crew goes there")}
CALL_RESULTS: Mapping[str, Any] = {
    "answered": _("Somebody answered"), "nobody": _("Nobody answered, try again"), "given_up": _("Give it up"),
}  # fmt: skip
TABLES: Mapping[str, Mapping[str, Any]] = {
    "dunning_step": STEPS, "demand_way": WAYS, "demand_proof": PROOFS, "hold": HOLDS, "dunning_batch": BATCHES,
    "dunning_target": TARGETS, "cut_order": ORDERS, "cut_action": ACTIONS, "cut_way": CUT_WAYS, "cut_cause": CUT_CAUSES,
}  # fmt: skip
TONES: Mapping[tuple[str, str], str] = {
    ("hold", "life_support"): "bad", ("hold", "vulnerable"): "warn", ("dunning_batch", "waiting"): "warn",
    ("dunning_batch", "sending"): "info", ("dunning_batch", "planning"): "info", ("dunning_batch", "sent"): "ok",
    ("dunning_target", "left_out"): "", ("cut_order", "proposed"): "warn", ("cut_order", "approved"): "info",
    ("cut_order", "noticed"): "info", ("cut_order", "reminded"): "info", ("cut_order", "dispatched"): "warn",
    ("cut_order", "recalled"): "warn", ("cut_order", "cut"): "bad", ("cut_order", "restoring"): "warn",
    ("cut_order", "restored"): "ok", ("cut_order", "failed"): "bad",
}  # fmt: skip
TENTHS, HOUR = 10, 60


def _day(text: object) -> str:
    return day(date.fromisoformat(str(text)))


def _time(minute: object) -> str:
    return "{:02}:{:02}".format(*divmod(int(str(minute)), HOUR))


def _at(text: object) -> str:
    return instant(datetime.fromisoformat(str(text)))


def _degrees(tenths: object) -> str:
    return f"{int(str(tenths)) / TENTHS:.1f} °C"


WEEKDAYS = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip
Said = Mapping[str, Any]
_SENTENCES: Mapping[str, Callable[[Said], str]] = {
    "too_young": lambda e: gettext("The oldest debt was due on %(due)s; it counts after %(days)s days.") % {
        "due": _day(e["oldest_due"]), "days": e["days"]},
    "below_least": lambda e: gettext("What counts is %(counted)s; below %(least)s nobody is cut off.") % {
        "counted": money(int(e["counted_minor"])), "least": money(int(e["least_minor"]))},
    "step_unproven": lambda e: gettext("It is not proven that the customer received: %(step)s.") % {
        "step": STEPS.get(str(e["step"]), e["step"])},
    "notice_missing": lambda _e: gettext("It is not proven that the customer has the notice of disconnection."),
    "notice_fresh": lambda e: gettext("The notice was received on %(day)s: too short a time ago.") % {
        "day": _day(e["delivered"])},
    "notice_old": lambda e: gettext("The notice was received on %(day)s: too long ago, it has to be given anew.") % {
        "day": _day(e["delivered"])},
    "outside_slot": lambda e: gettext("The announced hours are %(start)s to %(end)s.") % {
        "start": _at(e["from"]), "end": _at(e["until"])},
    "reminder_missing": lambda e: gettext("The last reminder, %(minutes)s minutes before, is missing.") % {
        "minutes": e["minutes"]},
    "reminder_fresh": lambda e: gettext("The last reminder was at %(at)s: too short a time ago.") % {
        "at": _at(e["reminded"])},
    "reminder_old": lambda e: gettext("The last reminder was at %(at)s: too long ago, remind again.") % {
        "at": _at(e["reminded"])},
    "authority_untold": lambda e: gettext("Important customer (grade %(grade)s): the authority needs a copy first.") % {
        "grade": e["grade"]},
    "unapproved": lambda e: gettext("%(approvals)s of %(needed)s persons have agreed.") % e,
    "season": lambda e: gettext("Nobody is cut off in these days of the year: %(season)s.") % e,
    "holiday": lambda e: gettext("%(day)s is a holiday, or the day before one.") % {"day": _day(e["day"])},
    "weekday": lambda e: gettext("Nobody is cut off on a %(weekday)s.") % {
        "weekday": WEEKDAYS[int(e["weekday"]) - 1]},
    "hour": lambda e: gettext("It is only done between %(start)s and %(end)s.") % {
        "start": _time(e["from_minute"]), "end": _time(e["until_minute"])},
    "weather": lambda e: gettext("The forecast says %(coldest)s to %(hottest)s.") % {
        "coldest": _degrees(e["coldest_tenths"]), "hottest": _degrees(e["hottest_tenths"])},
    "weather_unknown": lambda e: gettext("No forecast is known for the next %(hours)s hours: enter one.") % e,
    "prepaid": lambda _e: gettext("The account pays before it uses by now: its balance decides."),
    "prepaid_ended": lambda _e: gettext("The account is prepaid no more."),
    "balance_left": lambda e: gettext("%(left)s is left; it is cut off below %(line)s.") % {
        "left": money(int(e["left_minor"])), "line": money(int(e["line_minor"]))},
    "in_review": lambda _e: gettext("The numbers of the last night wait for a person."),
    "stale_read": lambda e: gettext("The latest read may be %(days)s days old.") % {"days": e["days"]},
    "balance_untold": lambda _e: gettext("It is not proven that the customer knows that the balance is used up."),
    "grace": lambda e: gettext("The days of the notice run: it may be done from %(day)s.") % {"day": _day(e["from"])},
}  # fmt: skip


def sentence(blocker: Blocker) -> str:
    """Return a reason against a cut as a sentence with its evidence."""
    said = dict(blocker.evidence)
    if blocker.code.value in HOLDS:
        return ": ".join(filter(None, (str(HOLDS[blocker.code.value]), str(said["evidence"]))))
    return _SENTENCES[blocker.code.value](said)
