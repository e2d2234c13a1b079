"""Sentences on the care of customers, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_protection": _("The register has no such protection."),
    "bad_protection": _("The protection cannot be as it is said: say what was told, by which paper, and why it ends."),
    "protection_exists": _("The register has it already: look there."),
    "unknown_visit": _("There is no such visit."),
    "bad_visit": _("The visit cannot be as it is said: look at reason, result and days."),
    "visit_over": _("The visit was made, or is not wanted any more."),
    "survey_answered": _("This question was answered before."),
    "unknown_question": _("There is no such question."),
    "survey_over": _("The time for this question is over."),
    "bad_survey_answer": _("Please choose a number from 0 to 10."),
    "unknown_care_plan": _("There is no such service plan."),
    "bad_care_plan": _("The service plan cannot be as it is said: look at goal, measures and days."),
    "care_plan_over": _("This service plan has ended."),
    "too_few_points": _("So many points are not there, or they are no whole step of the rule."),
    "no_points_here": _("The customer does not hold this account."),
    "points_exceed_debt": _("Less is owed than the points are worth: redeem fewer."),
    "protection_ended": _("This protection holds no more: register it anew."),
}
