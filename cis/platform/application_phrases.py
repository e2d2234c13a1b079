"""Sentences for refusals and findings on applications for a supply (see ``cis.platform.phrases``)."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import case_phrases, case_quality_phrases

SENTENCES: Mapping[str, str] = {
    **case_phrases.SENTENCES,
    **case_quality_phrases.SENTENCES,
    "too_many_requests": _("Too many requests came from here: try again later, or call us."),
    "invalid_application": _("Fields of the application are wrong."),
    "unknown_application": _("There is no such application."),
    "beyond_agent_scope": _("The agent may file and bring papers; the applicant decides and signs."),
    "customer_unclear": _("Customers with this ID number are kept: say who applies."),
    "application_taken": _("An application for the same supply is open already."),
    "id_number_missing": _("An application names the ID number of its applicant."),
    "bad_items": _("An application has at least one supply, and not too many."),
    "bad_count": _("The count is a whole number of 1 or more."),
    "item_twice": _("The same supply stands here twice: name the flat or shop of each."),
    "service_point_missing": _("Name the service point that is there."),
    "service_point_given": _("The survey makes the service point: leave it out."),
    "unknown_premises": _("There are no such premises."),
    "point_supplied": _("Somebody is supplied there: choose a move-in instead."),
    "move_reason_missing": _("Say in a few words why."),
    "application_papers_missing": _("Papers are lacking that this kind of applicant brings."),
    "too_many_papers": _("More papers than one application takes."),
    "not_a_paper": _("The file is no PDF, JPEG or PNG that can be looked at safely."),
    "wrong_link": _("The link is used up or too old: ask for a new one."),
    "empty_message": _("The message is empty or too long."),
    "point_missing": _("A supply has no service point on the network yet: the survey makes it."),
    "not_ready_to_energize": _("The safety inspection has not passed."),
    "unknown_task": _("It is done meanwhile: look at the queue again."),
    "task_taken": _("Somebody else has taken it, or you have not."),
    "unknown_item": _("The application has no such supply."),
}
