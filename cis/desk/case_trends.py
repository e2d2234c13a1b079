"""What comes more often than before: told of once, looked at, closed with what came of it."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, tell_refusal, today
from cis.desk.case_quality_words import TRENDS
from cis.desk.cases import rules_or_none
from cis.desk.forms.case_figures import NoteForm, class_names
from cis.desk.forms.complaints import language
from cis.desk.roles import CLERKS, READERS
from cis.desk.timeline import history_of
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform import deadlines
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from complaints.domain.trends import SUBJECT
from complaints.operations import trends as operations
from complaints.queries import rules as case_rules
from complaints.queries import trends as queries
from complaints.queries.trends import TrendCard


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List trends, the latest first."""
    state = _state(request)
    page = page_context(request, partial(queries.listed, state=state))
    names = class_names(rules_or_none(), language())
    context = {
        **page, "rows": [(row, names.get(row.trend.class_code, ""), expected(row)) for row in page["rows"]],
        "state": state, "states": TRENDS, "tab": "trends", "is_offered": case_rules.trend_rules(at=today()) is not None,
    }  # fmt: skip
    return render(request, "desk/cases/trends.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    names = class_names(rules_or_none(), language())
    header = [_("Class"), _("District"), _("State"), _("Until"), _("Days"), pgettext("complaint", "Cases"),
              _("Expected"), _("Team"), _("What came of it")]  # fmt: skip
    rows = (
        (names.get(r.trend.class_code, ""), r.trend.area, word("case_trend", r.state), r.until_date,
         r.trend.window_days, r.trend.count, expected(r), r.team, r.note)
        for r in queries.listed(state=_state(request), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("case-trends.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, trend_id: int) -> HttpResponse:
    """Show a trend with its figures, and where the cases are."""
    row = _one(trend_id)
    month = f"{month_of(row.until_date).start:%Y-%m}"
    context = {
        "row": row, "expected": expected(row), "tab": "trends", "form": NoteForm(),
        "name": class_names(rules_or_none(), language()).get(row.trend.class_code, row.trend.class_code),
        "clocks": deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id]),
        "events": history_of(SUBJECT, [row.id]),
        "figures_url": reverse(
            "desk:case_figures", query={"until": month, "class": row.trend.class_code, "area": row.trend.area}
        ),
        "may_act": bool(actor_of(request).roles & set(CLERKS)),
    }  # fmt: skip
    return render(request, "desk/cases/trend.html", context)


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, trend_id: int) -> HttpResponse:
    """Say that one looks at a trend, or close it."""
    _one(trend_id)
    action, actor, now = request.POST.get("action", ""), actor_of(request), timezone.now()
    try:
        if action == "acknowledge":
            operations.acknowledge(trend_id=trend_id, at=now, actor=actor)
        elif action == "close":
            operations.close(trend_id=trend_id, note=request.POST.get("note", ""), at=now, actor=actor)
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:case_trend", trend_id)


def expected(row: TrendCard) -> str:
    """Return how many cases the days would have had at the rate before them, to a tenth."""
    tenths = (row.trend.expected_hundredths + 5) // 10
    return f"{tenths // 10}.{tenths % 10}"


def _state(request: HttpRequest) -> str:
    given = request.GET.get("state", "")
    return given if given in {"all", *TRENDS} else ""


def _one(trend_id: int) -> TrendCard:
    found = queries.by_ids(trend_ids=[trend_id])
    if not found:
        raise Http404
    return found[0]
