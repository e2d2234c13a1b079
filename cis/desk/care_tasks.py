"""What the tasks of care are called, and where they are done."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.operations import care_plans, protections, unreachable, visits
from accounts.queries import care_plans as plan_queries
from accounts.queries import care_rules, notice_people
from accounts.queries import protections as register
from accounts.queries import visits as visit_queries
from cis.desk.words import word
from cis.platform.queues import Task

Named = dict[tuple[str, int], tuple[str, str, str]]
"""Address, what it is, and whose, by kind and id of the case."""


def named(tasks: Sequence[Task]) -> Named:
    """Return what tasks of care are called; one statement a kind of case."""
    found: Named = {}
    ids = [one.subject_id for one in tasks if one.subject == protections.SUBJECT]
    for row_id, (kind, name) in register.names_of(protection_ids=ids).items():
        url = reverse("desk:protection", args=[row_id])
        found[protections.SUBJECT, row_id] = (url, word("protection_kind", kind), name)
    ids = [one.subject_id for one in tasks if one.subject == visits.SUBJECT]
    plans = care_rules.plan_names(at=timezone.localdate(), language=get_language() or "")
    for row_id, (plan, name) in visit_queries.names_of(visit_ids=ids).items():
        what = plans.get(plan, _("Follow-up visit"))
        found[visits.SUBJECT, row_id] = (reverse("desk:visit", args=[row_id]), what, name)
    ids = [one.subject_id for one in tasks if one.subject == unreachable.SUBJECT]
    for row_id, (account_id, name) in notice_people.names_of(customer_ids=ids).items():
        url = reverse("desk:account", args=[account_id]) if account_id else reverse("desk:contacts_to_mend")
        found[unreachable.SUBJECT, row_id] = (url, _("No way to the customer"), name)
    ids = [one.subject_id for one in tasks if one.subject == care_plans.SUBJECT]
    for row_id, (title, name) in plan_queries.names_of(plan_ids=ids).items():
        found[care_plans.SUBJECT, row_id] = (reverse("desk:care_plan", args=[row_id]), title, name)
    return found
