"""Sentences of refusals about plans of instalments; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_plan": _("The parts cannot be like this: choose fewer or other parts, a day that is offered, and open bills."),
    "unknown_plan": _("There is no such instalment plan."),
    "unknown_prepaid_cut_batch": _("No such disconnections wait today: look at the list again."),
    "unknown_part_code": _("No instalment has this number: check it on the card."),
    "plan_stands": _("An instalment plan is kept on this account: cancel it first."),
    "plan_changed": _("What is owed has changed since the parts were shown: look at them anew."),
    "plan_beyond_limit": _("This plan is larger, longer, or one more than can be agreed on like this: please ask us."),
    "plan_lapsed": _("The offer is too old: make a new plan."),
    "plan_needs_another": _("Another person decides on a plan than the one who proposed it."),
    "plan_reason_missing": _("Say why the plan ends."),
    "plan_key_taken": _("This key belongs to another plan."),
    "hold_of_plan": _("This hold belongs to an instalment plan: cancel the plan instead."),
}
