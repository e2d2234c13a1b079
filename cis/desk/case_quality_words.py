"""Words of what cases teach: evaluation, lessons, figures, trends."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CHOSEN: Mapping[str, Any] = {
    "regulator": _("Referred by an authority"),
    "escalated": _("Went to an authority"),
    "reopened": _("Opened again"),
    "severity": _("Severity"),
    "sample": _("Drawn by lot"),
}
MARKS: Mapping[str, Any] = {
    "yes": _("Yes"),
    "partly": _("Partly"),
    "no": _("No"),
    "not_applicable": _("Does not apply"),
}
LESSON_STATES: Mapping[str, Any] = {
    "": _("To be learnt"),
    "late": _("Late"),
    "done": _("Learnt"),
    "all": _("All"),
}
TRENDS: Mapping[str, Any] = {
    "open": _("Nobody looks yet"),
    "acknowledged": _("Looked into"),
    "closed": _("Closed"),
}
BY: Mapping[str, Any] = {
    "class": _("Class"),
    "area": _("District"),
    "team": _("Team"),
    "meter": _("Meter type"),
    "price": _("Change of price"),
}
PRICES: Mapping[str, Any] = {
    "after": _("Shortly after a change of price"),
    "other": _("No price changed"),
    "": _("Without an account"),
}
STANDARDS: Mapping[str, Any] = {
    "case_evaluation": _("Closed case looked at again"),
    "case_trend": _("Trend looked at"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "case_chosen": CHOSEN,
    "case_mark": MARKS,
    "case_trend": TRENDS,
    "case_by": BY,
    "case_price": PRICES,
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("case", "evaluate"): _("Case: looked at again"),
    ("case", "lesson"): _("Case: lesson kept"),
    ("case", "lesson_done"): _("Case: lesson learnt"),
    ("case_evaluation", "take"): _("Task taken"),
    ("case_evaluation", "give_back"): _("Task given back"),
    ("case_evaluation", "warn"): _("The time for it comes to its end"),
    ("case_evaluation", "escalate"): _("The time for it is over: with the supervisor"),
    ("case_trend", "tell"): _("More often than before"),
    ("case_trend", "acknowledge"): _("Looked into"),
    ("case_trend", "close"): _("Closed"),
    ("case_trend", "take"): _("Task taken"),
    ("case_trend", "give_back"): _("Task given back"),
    ("case_trend", "warn"): _("The time for it comes to its end"),
    ("case_trend", "escalate"): _("The time for it is over: with the supervisor"),
    ("published_month", "publish"): _("Figures of a month published"),
}
TONES: Mapping[tuple[str, str], str] = {
    ("case_trend", "open"): "bad",
    ("case_trend", "acknowledged"): "warn",
    ("case_trend", "closed"): "ok",
    ("case_mark", "yes"): "ok",
    ("case_mark", "partly"): "warn",
    ("case_mark", "no"): "bad",
}
