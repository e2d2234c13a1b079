"""The queue of cases: coloured by the clock that ends first, claimed one by one or many at once."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from accounts.queries import teams
from cis.desk.answers import FILE_ROWS_MOST, csv_file, tell_refusal, today
from cis.desk.forms.complaints import CaseListForm, language
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.packs import MissingRule
from cis.platform.paging import ROWS, Pager, page_number, query_of
from complaints.domain.case_workflow import HANDLERS
from complaints.domain.rules import CaseRules
from complaints.operations import cases as operations
from complaints.queries import cases as queries
from complaints.queries import rules as case_rules
from complaints.queries.cases import CaseCard, WantedCases

WORKERS = tuple(role for role in READERS if role in HANDLERS)
"""Who works on cases, each for the team they belong to."""
BULK_MOST = 200


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List cases, what ends first on top; what is kept from whoever looks is not there."""
    rules, actor, now, number = rules_or_none(), actor_of(request), timezone.now(), page_number(request)
    form = CaseListForm(request.GET, rules=rules, teams=teams.listed())
    wanted = form.wanted()
    rows = queries.listed(wanted=wanted, at=now, actor=actor, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": [(row, path_of(row, rules)) for row in rows[:ROWS]],
        "counts": queries.counts(at=now, actor=actor),
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedCases(),
        "is_figure": wanted.ids is not None,
        "is_offered": rules is not None,
        "may_take_in": bool(actor.roles & set(CLERKS)),
        "may_work": bool(actor.roles & set(WORKERS)),
        "own_teams": teams.of_user(user_id=actor.id or 0),
        "is_supervisor": actor.is_one_of(frozenset(set(CLERKS) - {CLERKS[0]})),
    }
    return render(request, "desk/cases/cases.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    rules = rules_or_none()
    form = CaseListForm(request.GET, rules=rules, teams=teams.listed())
    found = queries.listed(wanted=form.wanted(), at=timezone.now(), actor=actor_of(request), most=FILE_ROWS_MOST)
    header = [
        pgettext("complaint", "Case"), _("What kind of case"), _("Class"), _("In one line"), _("State"), _("Severity"),
        _("Came in by"), _("Caller"), _("Account"), _("Team"), _("Taken by"), _("Taken in"), _("Due"), _("Time left"),
    ]  # fmt: skip
    rows = (
        (r.number, word("case_kind", r.kind), path_of(r, rules), r.title, word("case", r.state),
         word("case_severity", r.severity), word("case_channel", r.channel), r.caller_name, r.account_number, r.team,
         r.owner, timezone.localtime(r.taken_at).strftime("%Y-%m-%d %H:%M"),
         r.due_at and timezone.localtime(r.due_at).strftime("%Y-%m-%d %H:%M"), word("case_urgency", r.urgency))
        for r in found
    )  # fmt: skip
    return csv_file("cases.csv", header, rows)


@allow(*WORKERS)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Accept the chosen cases for oneself, or give each to the team that fits it best."""
    action, actor, now, done = request.POST.get("action", ""), actor_of(request), timezone.now(), 0
    if action not in {"accept", "dispatch"}:
        raise Http404
    chosen = [int(one) for one in request.POST.getlist("case")[:BULK_MOST] if one.isdigit()]
    for case_id in dict.fromkeys(chosen):
        try:
            if action == "accept":
                operations.accept(case_id=case_id, at=now, actor=actor)
            else:
                operations.dispatch(case_id=case_id, at=now, actor=actor)
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            done += 1
    if done:
        messages.success(request, ngettext("%(n)d case moved on.", "%(n)d cases moved on.", done) % {"n": done})
    elif not chosen:
        messages.warning(request, _("Choose cases first."))
    return redirect(f"{reverse('desk:cases')}?{request.GET.urlencode()}")


def rules_or_none() -> CaseRules | None:
    """Return how cases are handled here; None: no case is taken here."""
    try:
        return case_rules.rules(at=today())
    except MissingRule:
        return None


def path_of(card: CaseCard, rules: CaseRules | None) -> str:
    """Return the names of a case's class; "" where nobody has said yet what it is about."""
    return rules.path(card.class_code, language()) if rules is not None and card.class_code else ""
