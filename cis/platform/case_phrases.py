"""Sentences on complaints and other cases, and on teams, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_case": _("What was entered cannot be kept: see the fields that are marked."),
    "bad_call_window": _(
        "Nobody is called at that time: it is over, too short, too far away, or outside of our hours."
    ),
    "bad_call_request": _("This number cannot be called, or too much is said."),
    "call_taken": _("Somebody else calls already."),
    "still_to_try": _("The number is to be called a few times more before it is given up."),
    "unknown_call": _("There is no such call."),
    "caller_locked": _("Too many wrong answers for this account today. Ask them to come in person."),
    "caller_not_known": _("The caller has not shown who they are: check them before anything is changed."),
    "caller_cannot_be_checked": _(
        "The file knows too little of this customer to ask. Take the PIN, or ask them to come in person."
    ),
    "unknown_case_mail": _("There is no such mail."),
    "case_mail_settled": _("Somebody has dealt with this mail already."),
    "case_says_nothing": _("Write down what the caller says."),
    "bad_authority": _("What an authority refers names the authority, and nothing else does."),
    "not_anonymous": _("A caller who wants to stay unknown has no account here."),
    "unknown_case_class": _("There is no such class for this kind of case."),
    "unknown_case_cause": _("There is no such cause."),
    "too_few_texts": _("There are too few texts to learn classes from."),
    "bad_class_model": _("The model that suggests classes cannot be read: train a new one."),
    "unknown_authority": _("There is no such authority here."),
    "case_reference_taken": _("This reference was taken in before."),
    "not_your_case": _("Another team has this case."),
    "team_concerned": _("This team is complained about: choose another one."),
    "no_team": _("No team knows the matter in this district: choose one."),
    "bad_merge": _("These two cases cannot be answered together."),
    "too_late_to_reopen": _("It ended too long ago: take a new case in, or ask a supervisor."),
    "bad_case_reply": _(
        "The answer cannot go: it says nothing, reaches nobody, or finding, cause or liability is missing."
    ),
    "bad_rating": _("There are one to five stars, and only for an answer."),
    "still_to_call": _("The caller is to be called a few times more first."),
    "bad_finding": _("This finding cannot be kept: it says nothing, or too much."),
    "case_over": _("The case has ended: nothing is added to it any more."),
    "bad_case_link": _("A link is to one bill, read, work order, application, fault or alarm."),
    "unknown_case_photo": _("There is no such picture."),
    "too_many_case_photos": _("The case has so many pictures already."),
    "case_has_no_account": _("Nothing can be done from this case: it is over, or names no account or place."),
    "unknown_team": _("There is no such team."),
    "bad_team": _("The team cannot be kept: code, name, skills or districts are wrong."),
    "team_code_taken": _("Another team has this code."),
}
