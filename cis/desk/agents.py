"""Agents that collect for us: what they hold, what they took, what they hand over, and their lists against ours."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import users
from cashiering.domain.agents import Verdict
from cashiering.operations import agent_days, hand_overs
from cashiering.operations import agents as operations
from cashiering.queries import agents, commissions, tills
from cashiering.queries.agents import AgentCard, WantedAgents
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.agents import (
    AgentFilterForm,
    AgentListForm,
    AgentPaymentsForm,
    ChangeAgentForm,
    HandOverForm,
    NewAgentForm,
    VerdictForm,
)
from cis.desk.roles import CASHIERS, READERS, SUPERVISORS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import keys
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import money, plain_money

SHOWN = 30


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List agents."""
    form = AgentFilterForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(agents.listed, wanted=wanted)),
        "is_filtered": wanted != WantedAgents(),
        "may_add": bool(actor_of(request).roles & set(SUPERVISORS)),
    }
    return render(request, "desk/agents/agents.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("Code"),
        _("Name"),
        _("Limit"),
        _("Holds of our money"),
        _("May still take"),
        _("Open differences"),
        _("Active"),
    ]
    rows = (
        (c.code, c.name, plain_money(c.limit_minor), plain_money(c.held_minor), plain_money(c.left_minor), c.open,
         _("yes") if c.is_active else _("no"))
        for c in agents.listed(wanted=AgentFilterForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("agents.csv", header, rows)


@allow(*SUPERVISORS)
def new(request: HttpRequest) -> HttpResponse:
    """Register an agent."""
    form = NewAgentForm(posted(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            agent_id = operations.register(
                code=given["code"], name=given["name"], client=given["client"], limit_minor=given["limit"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The agent is registered."))
            return redirect("desk:agent", agent_id)
    return render(request, "desk/agents/new.html", {"form": form})


@allow(*READERS)
def show(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Show an agent."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    return _page(request, card)


@allow(*SUPERVISORS)
def change(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Change an agent's name or limit, or let it take no more money."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    initial = {"name": card.name, "limit": plain_money(card.limit_minor), "is_active": card.is_active}
    form = ChangeAgentForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            operations.change(
                agent_id=agent_id, name=given["name"], limit_minor=given["limit"], is_active=given["is_active"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The agent is changed."))
            return redirect("desk:agent", agent_id)
    return render(request, "desk/agents/change.html", {"form": form, "card": card})


@allow(*CASHIERS)
def hand_over(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Take cash of an agent at one's open till."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    if request.method != "POST":
        raise Http404
    own = tills.open_of(cashier_id=actor_of(request).id)
    form = HandOverForm(request.POST)
    if own is None:
        messages.error(request, _("Open a till first."))
        return redirect("desk:agent", agent_id)
    if form.is_valid():
        given = form.cleaned_data
        try:
            hand_overs.at_till(
                agent_id=agent_id, session_id=own.id, amount_minor=given["amount"], form=given["form"],
                today=today(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(amount)s handed over.") % {"amount": money(given["amount"])})
            return redirect("desk:agent", agent_id)
    return _page(request, card, hand_over=form)


@allow(*CASHIERS)
def take_list(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Compare an agent's list of a day with ours."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    if request.method != "POST":
        raise Http404
    form = AgentListForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["file"].read(agent_days.BYTES_MOST + 1)
        try:
            taken = agent_days.take_list(
                agent_id=agent_id, day=form.cleaned_data["day"], content=content, today=today(),
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
            form.add_error("file", refusal.message)
        else:
            return redirect("desk:agent_day", taken.day_id)
    return _page(request, card, take_list=form)


@allow(*READERS)
def payments_file(request: HttpRequest, agent_id: int) -> StreamingHttpResponse:
    """Give an agent's payments as a file."""
    with or_404():
        card = agents.one(agent_id=agent_id)
    _form, wanted = _asked(request)
    header = [_("Reference"), _("Account"), _("Amount"), _("Day"), _("State"), _("Reason")]
    rows = (
        (p.reference, p.account_number, plain_money(p.amount_minor), p.taken_date,
         _("Cancelled") if p.is_cancelled else _("Taken"), p.reason)
        for p in agents.payments(agent_id=card.id, **wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(f"agent-{card.code}.csv", header, rows)


@allow(*READERS)
def day(request: HttpRequest, day_id: int) -> HttpResponse:
    """Show where an agent's list of a day differs from ours."""
    with or_404():
        card = agents.day(day_id=day_id)
    rows = agents.differences(day_id=day_id)
    context = {
        "card": card,
        "rows": rows,
        "names": users.names([row.actor_id for row in rows]),
        "may_act": bool(actor_of(request).roles & set(CASHIERS)),
    }
    return render(request, "desk/agents/day.html", context)


@allow(*READERS)
def day_file(request: HttpRequest, day_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the differences of a day as a file."""
    with or_404():
        card = agents.day(day_id=day_id)
    header = [_("Reference"), _("Difference"), _("Our account"), _("Our amount"), _("Account of the agent"),
              _("Amount of the agent"), _("Decision"), _("Reason")]  # fmt: skip
    rows = (
        (r.reference, word("agent_difference", r.kind), r.our_account_number, _plain(r.our_minor),
         r.their_account_number, _plain(r.their_minor), word("agent_verdict", r.verdict), r.reason)
        for r in agents.differences(day_id=day_id)
    )  # fmt: skip
    return csv_file(f"agent-{card.agent_code}-{card.day}.csv", header, rows)


@allow(*CASHIERS)
def decide(request: HttpRequest, day_id: int, difference_id: int) -> HttpResponse:
    """Decide which list is right."""
    with or_404():
        agents.day(day_id=day_id)
    if request.method != "POST":
        raise Http404
    form = VerdictForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say in a few words why."))
        return redirect("desk:agent_day", day_id)
    given = form.cleaned_data
    try:
        agent_days.decide(
            difference_id=difference_id, verdict=Verdict(given["verdict"]), reason=given["reason"], today=today(),
            actor=actor_of(request),
        )  # fmt: skip
        messages.success(request, _("It is decided."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:agent_day", day_id)


def _page(request: HttpRequest, card: AgentCard, **forms: Any) -> HttpResponse:
    form, wanted = _asked(request)
    actor = actor_of(request)
    may_act = bool(actor.roles & set(CASHIERS))
    own = tills.open_of(cashier_id=actor.id) if may_act else None
    context = {
        "card": card,
        "program": keys.names([card.client_id]).get(card.client_id, ""),
        "form": form,
        **page_context(request, partial(agents.payments, agent_id=card.id, **wanted)),
        "is_filtered": any(wanted.values()),
        "days": agents.days(agent_id=card.id, most=SHOWN),
        "earned": commissions.days(agent_id=card.id, most=SHOWN),
        "terms": commissions.terms_of(agent_ids=[card.id]).get(card.id, ()),
        "owed_minor": commissions.owed_minor(agent_id=card.id, until=today()),
        "hand_overs": agents.hand_overs(agent_id=card.id, most=SHOWN),
        "may_act": may_act,
        "may_change": bool(actor.roles & set(SUPERVISORS)),
        "has_till": own is not None and own.state == "open",
        "hand_over": forms.get("hand_over") or HandOverForm(),
        "take_list": forms.get("take_list") or AgentListForm(initial={"day": today()}),
    }
    return render(request, "desk/agents/agent.html", context)


def _asked(request: HttpRequest) -> tuple[AgentPaymentsForm, dict[str, Any]]:
    form = AgentPaymentsForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, {"day": given.get("day"), "reference": (given.get("reference") or "").strip()}


def _plain(amount_minor: int | None) -> str:
    return "" if amount_minor is None else plain_money(amount_minor)
