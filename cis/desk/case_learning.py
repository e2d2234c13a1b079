"""Closed cases that are looked at again, what they were worth, and the lessons that came of them."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import teams
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.case_intake import staff
from cis.desk.cases import path_of, rules_or_none
from cis.desk.forms.case_figures import (
    EvaluationForm,
    EvaluationListForm,
    LessonForm,
    LessonListForm,
    class_names,
)
from cis.desk.forms.complaints import language
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from complaints.domain.case_workflow import CaseState
from complaints.operations import evaluations as operations
from complaints.queries import cases
from complaints.queries import evaluations as queries
from complaints.queries import rules as case_rules
from complaints.queries.evaluations import WantedEvaluations, WantedLessons


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the cases that are looked at again, what waits longest on top."""
    form = EvaluationListForm(request.GET, teams=teams.listed())
    wanted = form.wanted()
    page = page_context(request, partial(queries.listed, wanted=wanted, actor=actor_of(request)))
    names = class_names(rules_or_none(), language())
    context = {
        **page, "form": form, "now": timezone.now(),
        "lines": [(row, names.get(row.case.class_code, "")) for row in page["rows"]],
        "is_filtered": wanted != WantedEvaluations(), "tab": "evaluations",
        "is_offered": case_rules.evaluation_rules(at=today()) is not None,
    }  # fmt: skip
    return render(request, "desk/cases/evaluations.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = EvaluationListForm(request.GET, teams=teams.listed()).wanted()
    names = class_names(rules_or_none(), language())
    header = [
        pgettext("complaint", "Case"),
        _("In one line"),
        _("Class"),
        _("Team"),
        _("Chosen since"),
        _("Due"),
        _("Quality"),
    ]
    rows = (
        (r.case.number, r.case.title, names.get(r.case.class_code, ""), r.team.name if r.team else "",
         word("case_chosen", r.reason), r.due_at and timezone.localtime(r.due_at).strftime("%Y-%m-%d %H:%M"), r.score)
        for r in queries.listed(wanted=wanted, actor=actor_of(request), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("evaluations.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show what was found when a case was looked at again, and its lessons."""
    return _page(request, case_id)


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, case_id: int) -> HttpResponse:
    """Judge a case, or keep a lesson."""
    action, actor, now = request.POST.get("action", ""), actor_of(request), timezone.now()
    forms = _forms(request, case_id, bound=action)
    form = forms.get(action)
    if form is None:
        raise Http404
    if not form.is_valid():
        return _page(request, case_id, **{action: form})
    given = form.cleaned_data
    try:
        if isinstance(form, EvaluationForm):
            worth = operations.evaluate(
                case_id=case_id, marks=form.marks(), note=given["note"], reason=given.get("reason", ""), at=now,
                actor=actor,
            )  # fmt: skip
            messages.success(request, _("Judged: %(score)d of 100.") % {"score": worth})
        else:
            operations.add_lesson(
                case_id=case_id, text=given["text"], owner_id=int(given["owner"]), due_date=given["due_date"],
                key=given["request_key"], today=today(), actor=actor,
            )  # fmt: skip
            messages.success(request, _("The lesson is kept."))
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, case_id, **{action: form})
    return redirect("desk:case_evaluation", case_id)


@allow(*READERS)
@require_safe
def lessons(request: HttpRequest) -> HttpResponse:
    """List what is to change, those that are due first on top."""
    actor = actor_of(request)
    form = LessonListForm(request.GET)
    wanted = form.wanted(actor.id)
    page = page_context(request, partial(queries.lessons, wanted=wanted, today=today(), actor=actor))
    context = {
        **page, "form": form, "today": today(), "me": actor.id, "is_supervisor": Role.SUPERVISOR in actor.roles,
        "is_filtered": wanted != WantedLessons(), "tab": "lessons",
    }  # fmt: skip
    return render(request, "desk/cases/lessons.html", context)


@allow(*READERS)
@require_safe
def lessons_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    actor = actor_of(request)
    wanted = LessonListForm(request.GET).wanted(actor.id)
    header = [
        _("Due"),
        _("What is to change"),
        _("Who sees to it"),
        pgettext("complaint", "Case"),
        _("Learnt"),
        _("What came of it"),
    ]
    rows = (
        (r.due_date, r.text, r.owner.get_full_name() or r.owner.username, r.case.number,
         r.done_at and timezone.localdate(r.done_at), r.done_note)
        for r in queries.lessons(wanted=wanted, today=today(), actor=actor, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("lessons.csv", header, rows)


@allow(*READERS)
@require_POST
def lesson_done(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Note what came of a lesson; its owner or a supervisor."""
    try:
        with or_404():
            operations.finish_lesson(
                lesson_id=lesson_id, note=request.POST.get("note", ""), at=timezone.now(), actor=actor_of(request)
            )
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:lessons")


def _forms(request: HttpRequest, case_id: int, *, bound: str = "") -> dict[str, EvaluationForm | LessonForm]:
    """Return the forms of the page; ``bound``: the one that was sent."""
    rules, detail = case_rules.evaluation_rules(at=today()), queries.detail(case_id=case_id)
    found: dict[str, EvaluationForm | LessonForm] = {
        "lesson": LessonForm(
            posted(request) if bound == "lesson" else None, people=staff(), prefix="lesson",
            initial={"request_key": uuid4().hex},
        )
    }  # fmt: skip
    if rules is not None and detail.chosen is not None:
        last = detail.versions[0] if detail.versions else None
        initial = {"note": last.note, **{f"mark_{code}": mark for code, mark in last.marks.items()}} if last else {}
        found["evaluate"] = EvaluationForm(
            posted(request) if bound == "evaluate" else None, items=rules.items, language=language(),
            is_correction=last is not None, initial=initial,
        )  # fmt: skip
    return found


def _page(request: HttpRequest, case_id: int, **bound: EvaluationForm | LessonForm) -> HttpResponse:
    actor = actor_of(request)
    with or_404():
        case = cases.detail(case_id=case_id, at=timezone.now(), actor=actor)
    detail, rules = queries.detail(case_id=case_id), case_rules.evaluation_rules(at=today())
    is_desk = bool(actor.roles & set(CLERKS))
    worked = actor.id in queries.workers_of(case_id=case_id)
    names = {code: item.named.name(language()) for code, item in rules.items.items()} if rules else {}
    context: dict[str, Any] = {
        "case": case.row, "detail": detail, "class_path": path_of(case.card, rules_or_none()),
        "forms": {**_forms(request, case_id), **bound}, "shown": next(iter(bound), ""),
        "versions": [
            (one, [(names.get(code, code), mark, one.weights.get(code)) for code, mark in one.marks.items()])
            for one in detail.versions
        ],
        "worked": worked, "may_judge": is_desk and not worked and detail.chosen is not None,
        "may_teach": is_desk and case.row.state == CaseState.CLOSED, "me": actor.id, "today": today(),
        "tab": "evaluations",
    }  # fmt: skip
    return render(request, "desk/cases/evaluation.html", context)
