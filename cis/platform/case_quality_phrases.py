"""Sentences on what cases teach, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_evaluation": _("Answer each question of the checklist; a correction says why."),
    "case_not_chosen": _("This case was not chosen to be looked at again."),
    "worked_on_case": _("Whoever worked on a case does not judge it."),
    "bad_lesson": _("A lesson says what changes, until when, and who sees to it: somebody who may know of the case."),
    "unknown_lesson": _("There is no such lesson."),
    "lesson_done": _("The lesson was learnt before."),
    "unknown_trend": _("There is no such trend."),
    "trend_over": _("Somebody looks at it already, or it is closed."),
    "bad_trend_note": _("Say in a few words what came of it."),
    "month_not_over": _("The month is not over."),
    "no_cases_then": _("No cases were taken in here in that month."),
    "bad_publication": _("This month was published before: a correction says why."),
    "unknown_publication": _("There are no published figures of this month."),
}
