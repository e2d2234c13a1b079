"""Tests of meters: asked for, reported, and what comes of one that failed."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import or_404, tell_refusal, today
from cis.desk.forms.meter_tests import AskTestForm, TestReportForm
from cis.desk.roles import DISPATCHERS, READERS
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.access import actor_of, allow
from contracts.operations import meter_tests as operations
from contracts.queries import charges
from metering.domain.device_tests import (
    WORKFLOW,
    MeterTestAction,
    MeterTestState,
    limit_ppm,
    loads_of,
    percent,
)
from metering.operations import device_tests
from metering.operations.device_tests import RULE, SUBJECT
from metering.queries import device_tests as queries
from metering.queries import meters
from metering.queries.device_tests import DeviceTestCard


@allow(*READERS)
@require_safe
def index(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Show the tests of a meter."""
    return _list_page(request, meter_id, AskTestForm(initial={"request_key": uuid4().hex}))


@require_POST
@allow(*DISPATCHERS)
def ask(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Take in that a meter is to be tested."""
    form = AskTestForm(request.POST)
    if form.is_valid():
        try:
            made = operations.ask(meter_id=meter_id, today=today(), actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The test is asked for."))
            return redirect("desk:meter_test", made)
    return _list_page(request, meter_id, form)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, test_id: int) -> HttpResponse:
    """Show one test, with the form of its report where it is still to come."""
    card = _card(test_id)
    detail = meters.one(meter_id=card.meter_id)
    form = TestReportForm(loads=_loads(), initial={"tested_date": today(), "accuracy": detail.accuracy})
    return _page(request, card, form)


@require_POST
@allow(*DISPATCHERS)
def act(request: HttpRequest, test_id: int) -> HttpResponse:
    """Keep the report of a test, drop the test, or propose the correction of a meter that failed."""
    card, actor = _card(test_id), actor_of(request)
    action = request.POST.get("action", "")
    form = TestReportForm(request.POST if action == "report" else None, loads=_loads())
    try:
        if action == "report" and form.is_valid():
            told = operations.report(test_id=test_id, report=form.report(), today=today(), actor=actor)
            if told.state is MeterTestState.PASSED:
                messages.success(request, _("The meter passed."))
                return redirect("desk:meter_test", test_id)
            back = _("The meter failed; its fee is given back.") if told.given_back else _("The meter failed.")
            messages.warning(request, back)
            action = "correct"
        elif action == "report":
            return _page(request, card, form)
        elif action == "drop":
            operations.drop(test_id=test_id, reason=request.POST.get("reason", ""), actor=actor)
            messages.success(request, _("The test is dropped."))
    except Refused as refusal:
        if not form.is_bound:
            tell_refusal(request, refusal)
            return redirect("desk:meter_test", test_id)
        form.refuse(refusal)
        return _page(request, card, form)
    return _correct(request, test_id) if action == "correct" else redirect("desk:meter_test", test_id)


def _correct(request: HttpRequest, test_id: int) -> HttpResponse:
    """Propose the correction; where it cannot be yet, the page of the test says why and offers it again."""
    try:
        found = device_tests.propose_correction(test_id=test_id, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:meter_test", test_id)
    messages.success(request, _("The correction is entered."))
    return redirect("desk:correction", found)


def _list_page(request: HttpRequest, meter_id: int, form: AskTestForm) -> HttpResponse:
    with or_404():
        detail = meters.one(meter_id=meter_id)
    rows = queries.of_meter(meter_id=meter_id)
    context = {
        "meter": detail.row, "detail": detail, "form": form, "today": today(),
        "rows": [(card, _percent(card.mean_ppm), _percent(card.limit_ppm)) for card in rows],
        "limit": percent(limit_ppm(accuracy=detail.accuracy)) if detail.accuracy else "",
        "may_ask": bool(actor_of(request).roles & set(DISPATCHERS))
        and all(card.state is not MeterTestState.ASKED for card in rows),
    }  # fmt: skip
    return render(request, "desk/meters/tests.html", context)


def _page(request: HttpRequest, card: DeviceTestCard, form: TestReportForm) -> HttpResponse:
    actions = {str(one) for one in WORKFLOW.actions(card.state, actor_of(request))}
    context: dict[str, Any] = {
        "card": card, "form": form, "today": today(), "mean": _percent(card.mean_ppm),
        "limit": _percent(card.limit_ppm), "errors": [(one, percent(one.error_ppm)) for one in card.errors],
        "charges": charges.of_subject(subject=SUBJECT, subject_id=card.id),
        "may_report": str(MeterTestAction.PASS) in actions, "may_drop": str(MeterTestAction.DROP) in actions,
        "may_correct": card.state is MeterTestState.FAILED and not card.is_corrected
        and bool(actor_of(request).roles & set(DISPATCHERS)),
    }  # fmt: skip
    return render(request, "desk/meters/test.html", context)


def _loads() -> tuple[tuple[str, int], ...]:
    return loads_of(packs.rule(RULE, at=today())["loads"])


def _percent(ppm: int | None) -> str:
    return "" if ppm is None else percent(ppm)


def _card(test_id: int) -> DeviceTestCard:
    with or_404():
        return queries.one(test_id=test_id)
