"""What agents get for what they take: their terms, their months with a statement each, and what they keep."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cashiering.operations import commissions as operations
from cashiering.queries import agents, commissions, till_rules
from cis.desk import agent_papers
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.commissions import TermsForm
from cis.desk.roles import READERS, SUPERVISORS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import money, plain_money

MONTHS_SHOWN = 36


@allow(*READERS)
def show(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Show what was agreed with an agent, its months, and what of them is owed."""
    return _page(request, agent_id)


@allow(*SUPERVISORS)
def agree(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Agree what an agent gets from a day on."""
    if request.method != "POST":
        raise Http404
    form = TermsForm(posted(request))
    if form.is_valid():
        try:
            operations.agree(
                agent_id=agent_id, terms=form.terms(), from_date=form.cleaned_data["from_date"], today=today(),
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The terms are agreed."))
            return redirect("desk:commission", agent_id)
    return _page(request, agent_id, form)


@allow(*SUPERVISORS)
def keep(request: HttpRequest, agent_id: int, month: str) -> HttpResponse:
    """Let an agent keep its commission of a month of our money that it holds."""
    with or_404():
        agents.one(agent_id=agent_id)
    if request.method != "POST":
        raise Http404
    try:
        kept = operations.keep(agent_id=agent_id, month=_month(month), today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The agent keeps %(amount)s.") % {"amount": money(kept)})
    return redirect("desk:commission", agent_id)


@allow(*READERS)
def statement(request: HttpRequest, agent_id: int, month: str) -> HttpResponse:  # noqa: ARG001
    """Give the statement of a month as PDF."""
    with or_404():
        written = agent_papers.statement(agent_id=agent_id, month=_month(month))
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="commission-{agent_id}-{month}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@allow(*READERS)
def export(request: HttpRequest, agent_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the days of an agent with their commission as a file."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    header = [_("Day"), _("Receipts"), _("Taken"), _("Commission")]
    rows = (
        (one.day, one.receipts, plain_money(one.taken_minor), plain_money(one.amount_minor))
        for one in commissions.days(agent_id=agent_id, most=FILE_ROWS_MOST)
    )
    return csv_file(f"commission-{card.code}.csv", header, rows)


def _page(request: HttpRequest, agent_id: int, form: TermsForm | None = None) -> HttpResponse:
    with or_404():
        card = agents.one(agent_id=agent_id)
    months = commissions.months(agent_id=agent_id, most=MONTHS_SHOWN)
    settled = max((one.month for one in months if one.kept_minor), default=date.min)
    this_month = today().replace(day=1)
    context = {
        "card": card,
        "terms": commissions.terms_of(agent_ids=[agent_id]).get(agent_id, ()),
        "most": till_rules.most_terms(today()),
        "months": months,
        "owed_minor": commissions.owed_minor(agent_id=agent_id, until=today()),
        "to_keep": next((one.month for one in months if settled < one.month < this_month and one.owed_minor > 0), None),
        "form": form or TermsForm(initial={"from_date": today()}),
        "may_change": bool(actor_of(request).roles & set(SUPERVISORS)),
        "today": today(),
    }
    return render(request, "desk/agents/commission.html", context)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Http404 from error
