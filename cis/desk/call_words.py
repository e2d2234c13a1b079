"""Words of calls, callers and mails of the inbox on the desk."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STATES: Mapping[str, Any] = {
    "waiting": pgettext_lazy("complaint", "Waits"),
    "claimed": _("Being called"),
    "done": _("Spoken to"),
    "given_up": _("Given up"),
    "withdrawn": _("Withdrawn"),
}
SOURCES: Mapping[str, Any] = {
    "telephone": _("Hung up before we answered"),
    "portal": _("Portal"),
    "desk": _("At the desk"),
}
RESULTS: Mapping[str, Any] = {
    "reached": _("Spoken to"),
    "no_answer": _("Nobody answered"),
    "call_later": _("Wants to be called later"),
    "wrong_number": _("Wrong number"),
}
WAYS: Mapping[str, Any] = {"pin": _("Telephone PIN"), "questions": _("Questions")}
QUESTIONS: Mapping[str, Any] = {
    "id_tail": _("Last four marks of the identity number"),
    "meter_tail": _("Last four digits of the meter number"),
    "last_bill": _("Amount of the last bill"),
    "last_payment": _("Amount of the last payment"),
    "email": _("E-mail address that we have on file"),
}
MAIL_FATES: Mapping[str, Any] = {
    "case": _("A case of its own"),
    "added": _("Added to its case"),
    "left": _("Left: no person wrote it"),
    "task": _("Waits for a person"),
}
MAIL_REASONS: Mapping[str, Any] = {
    "": "",
    "bounce": _("A mail server reports on a mail of ours"),
    "automatic": _("An answering machine wrote it"),
    "list": _("It went to many: a list, or an advertisement"),
    "ours": _("We wrote it ourselves"),
    "unreadable": _("It cannot be read as a mail, or names nobody who wrote it"),
    "too_large": _("It is too large"),
    "empty": _("It says nothing"),
    "too_many": _("The sender wrote more today than is taken without a look"),
    "same_id": _("Another mail of the same Message-ID says something else"),
    "ended": _("It answers a case that has ended"),
    "refused": _("It could not be kept as a case"),
    "failed": _("Something broke while it was taken in"),
}
MAIL_LEFT_OUT: Mapping[str, Any] = {
    "not_a_photo": _("a picture that cannot be read"),
    "file_too_large": _("a picture that is too large"),
    "too_many_case_photos": _("a picture more than a case has"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "call": STATES,
    "call_source": SOURCES,
    "call_result": RESULTS,
    "check_way": WAYS,
    "mail": MAIL_FATES,
    "mail_reason": MAIL_REASONS,
    "mail_left_out": MAIL_LEFT_OUT,
}
TONES: Mapping[tuple[str, str], str] = {
    ("call", "waiting"): "warn",
    ("call", "claimed"): "info",
    ("call", "done"): "ok",
    ("call", "given_up"): "bad",
    ("call_result", "reached"): "ok",
    ("call_result", "no_answer"): "warn",
    ("call_result", "wrong_number"): "bad",
    ("mail", "task"): "warn",
    ("mail", "case"): "ok",
    ("mail", "added"): "info",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("customer", "know_caller"): _("Showed on the telephone who they are"),
    ("customer", "not_know_caller"): _("Could not show on the telephone who they are"),
    ("case", "write"): _("The caller wrote a mail"),
}
