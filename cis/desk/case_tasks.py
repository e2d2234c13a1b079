"""What the tasks of what cases teach are called, and where they are done."""

from collections.abc import Sequence

from django.urls import reverse

from cis.desk.care_tasks import Named
from cis.desk.cases import rules_or_none
from cis.desk.forms.case_figures import class_names
from cis.desk.forms.complaints import language
from cis.kernel.actors import Actor
from cis.platform.queues import Task
from complaints.domain import evaluation
from complaints.domain.trends import SUBJECT as TREND
from complaints.queries import cases, trends


def named(tasks: Sequence[Task], actor: Actor) -> Named:
    """Return what such tasks are called; one statement a kind of task that is there."""
    found: Named = {}
    ids = [one.subject_id for one in tasks if one.subject == evaluation.SUBJECT]
    for case_id, (number, title) in (cases.names_of(case_ids=ids, actor=actor) if ids else {}).items():
        found[evaluation.SUBJECT, case_id] = (reverse("desk:case_evaluation", args=[case_id]), number, title)
    ids = [one.subject_id for one in tasks if one.subject == TREND]
    names = class_names(rules_or_none(), language()) if ids else {}
    for row in trends.by_ids(trend_ids=ids) if ids else ():
        name = names.get(row.trend.class_code, "")
        found[TREND, row.id] = (reverse("desk:case_trend", args=[row.id]), name, row.trend.area)
    return found
