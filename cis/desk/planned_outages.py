"""Planned outages on the desk: whom one would leave in the dark, its notice, moving it and calling it off."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import mailings
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.outages import MoveForm, PlanForm, PlanListForm, asked
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.domain.planned_outages import WORKFLOW, PlanState
from metering.operations import planned_outages as operations
from metering.queries import network, outage_places, outages
from metering.queries import planned_outages as queries
from metering.queries.planned_outages import PlanCard

ASSETS_MOST = 500


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List planned outages, the soonest first."""
    form, now = PlanListForm(asked(request.GET, state="coming"), districts=outages.districts()), timezone.now()
    wanted = form.wanted()
    page = page_context(request, partial(queries.listed, wanted=wanted))
    context = {
        "form": form, "rows": [(card, card.is_late(now)) for card in page["rows"]], "tab": "planned",
        "pager": page["pager"], "is_filtered": wanted != queries.Wanted(),
        "may_plan": _may_plan(request), "is_offered": outage_places.is_offered(at=today()),
    }  # fmt: skip
    return render(request, "desk/outages/planned.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = PlanListForm(asked(request.GET, state="coming"), districts=outages.districts()).wanted()
    header = [
        _("Planned outage"), _("State"), _("What is switched off"), _("District"), _("From"), _("Until"),
        _("Notice period"), _("Work"), _("Supplies"), _("Customers told"), _("People were told"),
    ]  # fmt: skip
    rows = (
        (c.id, word("plan_outage", c.state), c.name, c.district, _clock(c.start_at), _clock(c.end_at),
         word("plan_outage_notice", c.notice), c.work, c.supplies, c.told, _clock(c.announced_at))
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("planned-outages.csv", header, rows)


@allow(*METERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Plan an outage: the first button shows whom it leaves in the dark, the second one proposes it."""
    form = PlanForm(
        posted(request), feeders=network.feeders(at=today()),
        transformers=network.transformers(wanted=network.Wanted(), at=today(), most=ASSETS_MOST),
    )  # fmt: skip
    context: dict[str, Any] = {"form": form, "tab": "planned", "is_offered": outage_places.is_offered(at=today())}
    if context["is_offered"]:
        context |= {"rule": queries.rule(at=today()), "bound": packs.rule("mailings", at=today())["second_person_from"]}
    if form.is_bound and form.is_valid():
        asset, asset_id = form.chosen()
        context["preview"] = queries.preview(asset=asset, asset_id=asset_id, on=timezone.localdate(form.start_at))
        if request.POST.get("do") == "propose":
            try:
                made = operations.propose(new=form.plan(), actor=actor_of(request))
            except Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, _("The outage is planned. Nobody is told before its notice is let go."))
                return redirect("desk:planned_outage", made)
    return render(request, "desk/outages/plan_new.html", context)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a planned outage: when, whom it concerns, what became of its notice."""
    with or_404():
        card = queries.one(plan_id=plan_id)
    return _page(request, card, None)


def _page(request: HttpRequest, card: PlanCard, form: MoveForm | None) -> HttpResponse:
    actions = [str(one) for one in WORKFLOW.actions(PlanState(card.state), actor_of(request))]
    ids = [one for one in (card.mailing_id, card.told_id) if one]
    context: dict[str, Any] = {
        "card": card, "is_late": card.is_late(timezone.now()), "tab": "planned",
        "preview": queries.preview(asset=card.asset, asset_id=card.asset_id, on=timezone.localdate(card.start_at)),
        "steps": queries.steps(plan_id=card.id),
        "mailings": [(mailings.one(mailing_id=one), mailings.report(mailing_id=one)) for one in ids],
        "actions": actions if _may_plan(request) else [],
        "form": form or MoveForm(initial={
            "start_day": timezone.localdate(card.start_at), "start_time": timezone.localtime(card.start_at).time(),
            "end_day": timezone.localdate(card.end_at), "end_time": timezone.localtime(card.end_at).time(),
        }),
    }  # fmt: skip
    return render(request, "desk/outages/plan.html", context)


@allow(*METERERS)
@require_POST
def act(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Move a planned outage, call it off, or switch off now."""
    with or_404():
        card = queries.one(plan_id=plan_id)
    actor, action = actor_of(request), request.POST.get("action", "")
    form = MoveForm(request.POST)
    try:
        if action == "move":
            if not form.is_valid():
                return _page(request, card, form)
            operations.move(
                plan_id=plan_id, start_at=form.start_at, end_at=form.end_at, reason=form.cleaned_data["reason"],
                is_emergency=form.cleaned_data["is_emergency"], actor=actor,
            )  # fmt: skip
            messages.success(request, _("Moved. The same people are told."))
        elif action == "cancel":
            operations.cancel(plan_id=plan_id, reason=request.POST.get("reason", ""), actor=actor)
            messages.success(request, _("Called off. Who was told of it is told so."))
        elif action == "begin":
            return redirect("desk:outage", operations.begin(plan_id=plan_id, actor=actor))
    except Refused as refusal:
        if action == "move":
            form.refuse(refusal)
            return _page(request, card, form)
        tell_refusal(request, refusal)
    return redirect("desk:planned_outage", plan_id)


def _may_plan(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(METERERS))


def _clock(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
