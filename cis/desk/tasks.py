"""What waits for whom: deadlines as work queues by role, coloured by the time that is left; taken and given back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.queries import final_accounts
from cis.desk import care_tasks, case_tasks
from cis.desk.answers import FILE_ROWS_MOST, csv_file, tell_refusal
from cis.desk.application_words import TASK_QUEUES, URGENCIES, standard_parts
from cis.desk.forms.customers import choices
from cis.desk.roles import READERS
from cis.desk.task_queues import QUEUES
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import concealed, queues
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.paging import page_context
from cis.platform.queues import Task, Urgency, Wanted
from complaints.domain.kinds import SUBJECT as CASE
from complaints.queries import cases as case_queries
from contracts.domain import usage_inspection
from contracts.domain.application_workflow import SUBJECT
from contracts.operations import defect_steps
from contracts.queries import applications, defects
from metering.domain import outages

ESCALATED: Final = "escalated"
MINE: Final = "mine"


_ALL: Final = tuple(standard for queue in QUEUES.values() for standard in queue.standards)
_QUEUE_OF: Final = {standard: code for code, queue in QUEUES.items() for standard in queue.standards}


class TaskForm(PageForm):
    """Filters of the queue."""

    queue = forms.ChoiceField(
        label=gettext_lazy("Queue"), required=False, choices=choices(TASK_QUEUES, empty=gettext_lazy("All"))
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Time left"), required=False, choices=choices(URGENCIES, empty=gettext_lazy("All"))
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One deadline as the page shows it: where its case is and what it is called."""

    task: Task
    queue: str
    standard: str
    standard_class: str
    url: str
    case: str
    note: str


def waiting(actor: Actor) -> dict[str, int]:
    """Return how many deadlines wait for an actor, by urgency and in total; not those of others; one statement."""
    wanted = _wanted(MINE, actor)
    mine = replace(wanted, takers=(0, actor.id or 0))
    found = queues.counts(wanted=mine, at=timezone.now())
    return {**{urgency.value: count for urgency, count in found.items()}, "total": sum(found.values())}


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List what waits: for whoever looks, or for another queue; who may act may take it."""
    actor, now = actor_of(request), timezone.now()
    form, wanted = _asked(request, actor)
    page = page_context(request, partial(queues.listed, wanted=wanted, at=now))
    tasks = page["rows"]
    context: dict[str, Any] = {
        "form": form,
        "rows": _lines(tasks, actor),
        "counts": {
            urgency.value: count
            for urgency, count in queues.counts(wanted=replace(wanted, urgencies=()), at=now).items()
        },
        "pager": page["pager"],
        "is_filtered": bool(request.GET),
        "queue": form.cleaned_data.get("queue") or "",
        "urgency": form.cleaned_data.get("urgency") or "",
        "me": actor.id,
        "is_supervisor": Role.SUPERVISOR in actor.roles,
        "own": [code for code, queue in QUEUES.items() if queue.roles & actor.roles],
    }
    return render(request, "desk/tasks.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    actor = actor_of(request)
    _form, wanted = _asked(request, actor)
    header = [_("Due"), _("Time left"), _("What"), _("Class"), _("Case"), _("Name"), _("Queue"), _("Taken by")]
    rows = (
        (timezone.localtime(line.task.due_at).strftime("%Y-%m-%d %H:%M"), word("urgency", line.task.urgency),
         word("standard", line.standard), word("application_class", line.standard_class), line.case, line.note,
         word("task_queue", line.queue), line.task.taken_by)
        for line in _lines(queues.listed(wanted=wanted, at=timezone.now(), most=FILE_ROWS_MOST), actor)
    )  # fmt: skip
    return csv_file("tasks.csv", header, rows)


@allow(*READERS)
def take(request: HttpRequest, deadline_id: int) -> HttpResponse:
    """Take a deadline, or give it back; a supervisor may take it over."""
    actor = actor_of(request)
    try:
        if request.POST.get("action") == "give_back":
            queues.give_back(deadline_id=deadline_id, actor=actor)
        else:
            is_over_all = Role.SUPERVISOR in actor.roles
            standards = _ALL if is_over_all else _wanted(MINE, actor).standards
            queues.take(
                deadline_id=deadline_id, standards=standards, actor=actor, at=timezone.now(), from_others=is_over_all
            )
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect(f"{reverse('desk:tasks')}?{request.GET.urlencode()}")


def _asked(request: HttpRequest, actor: Actor) -> tuple[TaskForm, Wanted]:
    form = TaskForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    wanted = _wanted(given.get("queue") or MINE, actor)
    urgencies = (Urgency(given["urgency"]),) if given.get("urgency") else ()
    if given.get("queue") == ESCALATED:
        urgencies = (Urgency.LATE,)
    return form, replace(wanted, urgencies=urgencies)


def _wanted(queue: str, actor: Actor) -> Wanted:
    hidden = concealed.hidden_from(actor)
    if queue in QUEUES:
        return Wanted(standards=QUEUES[queue].standards, hidden=hidden)
    if queue != MINE:
        return Wanted(standards=_ALL, hidden=hidden)
    own = [standard for one in QUEUES.values() if one.roles & actor.roles for standard in one.standards]
    return Wanted(standards=own, escalated=Role.SUPERVISOR in actor.roles, hidden=hidden)


def _lines(tasks: Sequence[Task], actor: Actor) -> list[Line]:
    """Return deadlines with their cases; a constant number of statements for any number."""
    told = case_queries.names_of(case_ids=[one.subject_id for one in tasks if one.subject == CASE], actor=actor)
    cases = applications.names_of([one.subject_id for one in tasks if one.subject == SUBJECT])
    accounts = final_accounts.accounts_of(
        final_ids=[one.subject_id for one in tasks if one.subject == "final_account"],
        refund_ids=[one.subject_id for one in tasks if one.subject == "refund"],
    )
    found = defects.by_ids(defect_ids=[one.subject_id for one in tasks if one.subject == defect_steps.SUBJECT])
    cared = care_tasks.named(tasks) | case_tasks.named(tasks, actor)
    lines = []
    for task in tasks:
        standard, standard_class = standard_parts(task.standard)
        url, case, note = "", f"{task.subject} {task.subject_id}", ""
        if task.subject == SUBJECT and task.subject_id in cases:
            url = reverse("desk:application", args=[task.subject_id])
            case, note = cases[task.subject_id]
        elif task.subject == outages.SUBJECT:
            url = reverse("desk:outage", args=[task.subject_id])
            case = f"{word('work_case', outages.SUBJECT)} {task.subject_id}"
        elif task.subject == usage_inspection.SUBJECT:
            url = reverse("desk:usage_inspection", args=[task.subject_id])
            case = f"{word('work_case', usage_inspection.SUBJECT)} {task.subject_id}"
        elif task.subject == CASE and task.subject_id in told:
            url = reverse("desk:case", args=[task.subject_id])
            case, note = told[task.subject_id]
        elif task.subject == defect_steps.SUBJECT and task.subject_id in found:
            url = reverse("desk:defect", args=[task.subject_id])
            defect = found[task.subject_id]
            case = defect.text_zh if (get_language() or "").startswith("zh") else defect.text_en
            note = f"{defect.customer_name} · {defect.address}"
        elif (task.subject, task.subject_id) in cared:
            url, case, note = cared[task.subject, task.subject_id]
        elif (task.subject, task.subject_id) in accounts:
            account_id, case = accounts[task.subject, task.subject_id]
            url = reverse("desk:account", args=[account_id])
        lines.append(Line(task, _QUEUE_OF.get(task.standard, ""), standard, standard_class, url, case, note))
    return lines
