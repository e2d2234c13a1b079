"""Merges of customers on the desk: those that wait for a second person, what each moved, and the way back."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.merging import MERGERS, MergeState
from accounts.operations import merge_rows
from accounts.operations import merges as operations
from accounts.operations.merge_rows import SinceRow
from accounts.queries import merges as queries
from cis.desk.answers import or_404, tell_refusal
from cis.desk.forms.people import MergeListForm
from cis.desk.roles import CLERKS, READERS
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List merges, those that wait first."""
    form = MergeListForm(request.GET)
    wanted = form.wanted()
    context = {
        **page_context(request, partial(queries.listed, text=wanted["text"], state=wanted["state"])),
        "form": form,
        "is_filtered": any(wanted.values()),
    }
    return render(request, "desk/people/merges.html", context)


@allow(*READERS)
def show(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Show a merge: what it moved, and what came since."""
    with or_404():
        card = queries.one(merge_id=merge_id)
    actor, is_done = actor_of(request), card.state == MergeState.DONE
    context: dict[str, Any] = {
        "card": card,
        "moved": queries.moved(merge_id=merge_id, actor=actor),
        "since": [one for one in _since(merge_id, actor) if not one.is_hidden] if is_done else (),
        "may_merge": bool(actor.roles & MERGERS),
        "me": actor.id,
    }
    return render(request, "desk/people/merge.html", context)


def _since(merge_id: int, actor: Actor) -> tuple[SinceRow, ...]:
    return merge_rows.since(merge=queries.row(merge_id=merge_id), actor=actor)


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Decide a merge that waits, or part the two again."""
    with or_404():
        queries.one(merge_id=merge_id)
    actor, now, action = actor_of(request), timezone.now(), request.POST.get("action", "")
    try:
        match action:
            case "agree" | "refuse":
                operations.decide(merge_id=merge_id, is_agreed=action == "agree", at=now, actor=actor)
                messages.success(request, _("It is decided."))
            case "undo":
                answers = {
                    key.removeprefix("since-"): value == "back"
                    for key, value in request.POST.items()
                    if key.startswith("since-")
                }
                operations.undo(
                    merge_id=merge_id, answers=answers, reason=request.POST.get("reason", ""), at=now, actor=actor
                )
                messages.success(request, _("They are two customers again."))
            case _:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:merge", merge_id)
