"""What is done about exceptions on the desk: accept, edit, estimate, send a crew; by one person or two, one or many."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cis.desk import exceptions
from cis.desk.answers import or_404, tell_refusal, today
from cis.desk.forms.exceptions import AcceptForm, BulkForm, EditForm, EstimateForm
from cis.desk.roles import METERERS
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.phrases import explain
from metering.domain.exception_acts import BULK_MOST, Act
from metering.operations import exception_bulk, read_changes
from metering.operations import exceptions as operations
from metering.operations.exception_bulk import BULK_ACTS, Line
from metering.operations.read_changes import Changed
from metering.queries import exceptions as queries


@allow(*METERERS)
@require_POST
def accept(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Accept an exception: it is right as it is, and why."""
    form = AcceptForm(request.POST)
    return _do(
        request, exception_id, "accept", form,
        lambda: operations.accept(
            exception_id=exception_id, reason=form.cleaned_data["reason"], actor=actor_of(request)
        ),
        _("Accepted. It is not asked again while it says the same."),
    )  # fmt: skip


@allow(*METERERS)
@require_POST
def edit(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Put another value in the place of the one that is doubted or missing."""
    form = EditForm(request.POST)
    return _do(
        request, exception_id, "edit", form,
        lambda: read_changes.edit(
            exception_id=exception_id, reading_wh=form.cleaned_data["reading"],
            reason=form.cleaned_data["edit_reason"], today=today(), actor=actor_of(request),
        ),
        _("The value holds."),
    )  # fmt: skip


@allow(*METERERS)
@require_POST
def estimate(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Put an estimate in the place of what is doubted or missing."""
    with or_404():
        card = queries.one(exception_id=exception_id)
    form = EstimateForm(request.POST, methods=exceptions.methods_of(card))
    return _do(
        request, exception_id, "estimate", form,
        lambda: read_changes.estimate(
            exception_id=exception_id, method=form.cleaned_data["method"],
            reason=form.cleaned_data["estimate_reason"], today=today(), actor=actor_of(request),
        ),
        _("The estimate holds until a reading comes."),
    )  # fmt: skip


@allow(*METERERS)
@require_POST
def visit(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Send a crew that reads the meter again."""
    with or_404():
        queries.one(exception_id=exception_id)
    try:
        operations.visit(exception_id=exception_id, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Ordered. What the crew reads settles the exception."))
    return redirect("desk:exception", exception_id)


@allow(*METERERS)
@require_POST
def decide(request: HttpRequest, exception_id: int, change_id: int) -> HttpResponse:
    """Agree to a value as the second person, or drop it."""
    action = request.POST.get("action", "")
    if action not in {"apply", "drop"}:
        raise Http404
    with or_404():
        queries.one(exception_id=exception_id)
    try:
        read_changes.decide(change_id=change_id, is_agreed=action == "apply", today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:exception", exception_id)


@allow(*METERERS)
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Settle many in one way: the first button shows what would come of it, the second does it."""
    ids = _chosen(request)
    act = next((one for one in BULK_ACTS if one == request.POST.get("act", "")), None)
    if act is None:
        raise Http404
    if not ids:
        messages.warning(request, _("Choose the exceptions first."))
        return redirect("desk:exceptions")
    is_sent = "preview" in request.POST or "confirm" in request.POST
    form = BulkForm(request.POST if is_sent else None)
    if act is Act.VISIT:
        form.fields["reason"].required = False
    lines: tuple[Line, ...] = ()
    if form.is_bound and form.is_valid():
        given: dict[str, Any] = {
            "exception_ids": ids, "act": act, "reason": form.cleaned_data["reason"], "today": today(),
            "actor": actor_of(request),
        }  # fmt: skip
        try:
            if "confirm" in request.POST:
                _tell(request, exception_bulk.act(**given))
                return redirect("desk:exceptions")
            lines = exception_bulk.preview(**given)
        except Refused as refusal:
            form.refuse(refusal)
    cards = {card.id: card for card in queries.some(exception_ids=ids)}
    rows = [
        (cards[one.exception_id], one, explain(one.code, one.message, one.advice) if one.code else None)
        for one in lines
        if one.exception_id in cards
    ]
    context = {"form": form, "act": act, "ids": ids, "cards": list(cards.values()), "rows": rows}
    return render(request, "desk/exceptions/many.html", context)


def _do(
    request: HttpRequest, exception_id: int, name: str, form: PageForm, act: Callable[[], Changed | None], done: str
) -> HttpResponse:
    """Do one act of a page, and show the page again where it is refused."""
    with or_404():
        card = queries.one(exception_id=exception_id)
    if form.is_valid():
        try:
            came = act()
        except Refused as refusal:
            place = form.field_of.get(refusal.code) or refusal.detail.get("field")
            if place not in form.fields:
                tell_refusal(request, refusal)
                return redirect("desk:exception", exception_id)
            form.refuse(refusal)
        else:
            waits = _("A second person decides on it; until then nothing changes.")
            messages.success(request, waits if came is not None and came.is_waiting else done)
            return redirect("desk:exception", exception_id)
    return exceptions.page(request, card, **{name: form})


def _chosen(request: HttpRequest) -> list[int]:
    found = (typed.number(one) for one in request.POST.getlist("exception")[:BULK_MOST])
    return [one for one in found if one]


def _tell(request: HttpRequest, lines: tuple[Line, ...]) -> None:
    done = [one for one in lines if not one.code]
    waiting = sum(one.is_waiting for one in done)
    if done:
        text = ngettext("%(count)s exception is dealt with.", "%(count)s exceptions are dealt with.", len(done))
        messages.success(request, text % {"count": len(done)})
    if waiting:
        text = ngettext(
            "%(count)s of them waits for a second person.", "%(count)s of them wait for a second person.", waiting
        )
        messages.info(request, text % {"count": waiting})
    for one in lines:
        if one.code:
            words = explain(one.code, one.message, one.advice)
            messages.warning(request, f"{one.exception_id}: {words.message} {words.advice}".strip())
