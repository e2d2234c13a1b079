"""Meters on the desk: the store, one meter with its life, seals, commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.meters import (
    CommandListForm,
    DeliveryForm,
    IssueForm,
    LimitForm,
    MeterListForm,
    SealEndForm,
    SealListForm,
    SealsForm,
    TakeInForm,
)
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import audit, documents
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.domain.device_commands import Command
from metering.domain.meter_store import METER_WORKFLOW, MeterAction
from metering.operations import device_commands, meter_store, seals
from metering.queries import crews
from metering.queries import device_commands as command_queries
from metering.queries import meters as queries
from metering.queries.meters import MeterDetail, WantedMeters

EVENTS_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEvent:
    """One line in the life of a meter; ``event`` is a code of the table of words "meter_event"."""

    at: datetime
    event: str
    facts: str
    who: str


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List meters; take deliveries in and give meters to crews."""
    form, wanted = _wanted(request)
    context = {
        "form": form, **page_context(request, partial(queries.listed, wanted=wanted)),
        "count": queries.count(wanted=wanted), "today": today(), "is_filtered": wanted != WantedMeters(),
        "states": queries.states(), "may_keep": _may_keep(request), "view": "meters",
    }  # fmt: skip
    return render(request, "desk/meters/list.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [_("Meter"), _("Model"), _("State"), _("Crew"), _("Service point"), _("Address"), _("Switch"),
              _("Test certificate"), _("Certificate holds until")]  # fmt: skip
    rows = (
        (r.serial, r.model, r.state, r.crew, r.place, r.address, r.switch, r.certificate, r.certified_until)
        for r in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )
    return csv_file("meters.csv", header, rows)


@allow(*METERERS)
def move(request: HttpRequest) -> HttpResponse:
    """Take a delivery in, or give meters to a crew and back."""
    at_work = crews.listed(only_active=True)
    is_delivery = request.method == "POST" and "deliver" in request.POST
    is_issue = request.method == "POST" and not is_delivery
    delivery = DeliveryForm(request.POST if is_delivery else None, request.FILES if is_delivery else None)
    issue = IssueForm(request.POST if is_issue else None, crews=at_work)
    try:
        if is_delivery and delivery.is_valid():
            file = delivery.cleaned_data["file"]
            done = meter_store.deliver(
                data=file.read(meter_store.DELIVERY_BYTES_MOST + 1), name=file.name, actor=actor_of(request)
            )
            known, fresh = _("This file came before: nothing was changed."), _("The delivery is in the store.")
            messages.success(request, known if done.is_known else fresh)
            return redirect("desk:meters")
        if is_issue and issue.is_valid():
            given = issue.cleaned_data
            serials = given["serials"].replace(",", " ").split()
            if given["crew"] == "0":
                meter_store.give_back(serials=serials, actor=actor_of(request))
            else:
                meter_store.issue(serials=serials, crew_id=int(given["crew"]), actor=actor_of(request))
            messages.success(request, _("The meters are moved."))
            return redirect("desk:meters")
    except Refused as refusal:
        (delivery if is_delivery else issue).refuse(refusal)
    context = {
        "delivery": delivery, "issue": issue, "deliveries": queries.deliveries(),
        "form": delivery if is_delivery else issue,
    }  # fmt: skip
    return render(request, "desk/meters/move.html", context)


@allow(*READERS)
def show(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Show one meter: what it is, where it hung, its seals, commands, and its life."""
    with or_404():
        detail = queries.one(meter_id=meter_id)
    actor = actor_of(request)
    form = TakeInForm(posted(request) if "take_in" in request.POST else None, initial={"certified_date": today()})
    if form.is_bound and form.is_valid():
        try:
            meter_store.take_in(meter_id=meter_id, actor=actor, **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The meter is in the store."))
            return redirect("desk:meter", meter_id)
    commands = command_queries.of_meter(meter_id=meter_id)
    context = {
        "detail": detail, "meter": detail.row, "commands": commands, "form": form, "today": today(),
        "life": _life(detail, commands), "may_keep": _may_keep(request),
        "actions": METER_WORKFLOW.actions(detail.row.state, actor), "limit_form": LimitForm(),
        "orders": [one for one in Command if one is not Command.DEMAND_LIMIT],
        "limit_w": detail.row.limit_at(timezone.now()),
    }  # fmt: skip
    return render(request, "desk/meters/meter.html", context)


@allow(*METERERS)
def act(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Order a command to a meter, or scrap it."""
    with or_404():
        queries.one(meter_id=meter_id)
    if request.method == "POST":
        wanted = request.POST.get("command", "")
        try:
            if wanted in set(Command):
                _tell(request, meter_id, Command(wanted))
            elif request.POST.get("action") == MeterAction.SCRAP:
                meter_store.scrap(meter_id=meter_id, reason=request.POST.get("reason", ""), actor=actor_of(request))
                messages.success(request, _("The meter is scrapped."))
        except Refused as refusal:
            tell_refusal(request, refusal)
    return redirect("desk:meter", meter_id)


def _tell(request: HttpRequest, meter_id: int, command: Command) -> None:
    """Order a command; a limit of demand comes from its form, or is lifted."""
    value_w = None
    if command is Command.DEMAND_LIMIT and "lift" not in request.POST:
        form = LimitForm(request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(str(one) for one in form.errors["limit_kw"]))
            return
        value_w = form.cleaned_data["limit_kw"]
    device_commands.order(meter_id=meter_id, command=command, value_w=value_w, actor=actor_of(request))
    messages.success(request, _("The command is ordered; its answer is shown here."))


@allow(*READERS)
def photo(request: HttpRequest, meter_id: int, document_id: int) -> FileResponse:
    """Give the photo of a register, and note who looked."""
    with or_404():
        found = queries.photo_of(meter_id=meter_id, document_id=document_id)
        kept, stream = documents.about(found), documents.open(found)
    audit.record(actor_of(request), "look", "meter", meter_id, document_id=document_id)
    answer = FileResponse(stream, content_type=kept.media_type, filename=kept.name)
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


@allow(*READERS)
def seal_list(request: HttpRequest) -> HttpResponse:
    """List seals."""
    form, wanted = _wanted_seals(request)
    context = {
        "form": form, **page_context(request, partial(queries.seals_listed, **wanted)),
        "count": queries.count_seals(**wanted), "is_filtered": any(wanted.values()),
        "may_keep": _may_keep(request), "view": "seals",
    }  # fmt: skip
    return render(request, "desk/meters/seals.html", context)


@allow(*READERS)
def seals_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted_seals(request)
    header = [_("Seal"), _("State"), _("Crew"), _("Meter"), _("Put on"), _("Broken"), _("Why"), _("Seal in its place")]
    rows = (
        (r.number, r.state, r.crew, r.serial, _iso(r.set_at), _iso(r.broken_at), r.reason, r.replaced_by)
        for r in queries.seals_listed(**wanted, most=FILE_ROWS_MOST)
    )
    return csv_file("seals.csv", header, rows)


@allow(*METERERS)
def move_seals(request: HttpRequest) -> HttpResponse:
    """Take new seals in, give them out, note broken and lost ones."""
    is_end = request.method == "POST" and "end" in request.POST
    form = SealsForm(None if is_end else posted(request), crews=crews.listed(only_active=True))
    end = SealEndForm(posted(request) if is_end else None)
    try:
        if form.is_bound and form.is_valid():
            _move_range(request, **form.cleaned_data)
            messages.success(request, _("The seals are moved."))
            return redirect("desk:seals")
        if end.is_bound and end.is_valid():
            given = end.cleaned_data
            if request.POST["end"] == "lost":
                seals.lose(number=given["number"], reason=given["reason"], actor=actor_of(request))
            else:
                seals.break_off(actor=actor_of(request), **given)
            messages.success(request, _("Noted."))
            return redirect("desk:seals")
    except Refused as refusal:
        (end if is_end else form).refuse(refusal)
    context = {"seals_form": form, "end": end, "form": end if is_end else form}
    return render(request, "desk/meters/move_seals.html", context)


@allow(*READERS)
def commands(request: HttpRequest) -> HttpResponse:
    """List commands to meters."""
    form, wanted = _wanted_commands(request)
    context = {
        "form": form, **page_context(request, partial(command_queries.listed, **wanted)),
        "count": command_queries.count(**wanted), "is_filtered": any(wanted.values()),
        "may_keep": _may_keep(request), "view": "commands",
    }  # fmt: skip
    return render(request, "desk/meters/commands.html", context)


@allow(*READERS)
def commands_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted_commands(request)
    header = [_("Number"), _("Meter"), _("Command"), _("Limit (kW)"), _("State"), _("Ordered"), _("Sent"),
              _("Received"), _("Ended"), _("Reason"), _("Readings"), _("Ordered by")]  # fmt: skip
    rows = (
        (r.id, r.serial, r.command, "" if r.value_w is None else to_text(r.value_w, places=3), r.state,
         _iso(r.ordered_at), _iso(r.sent_at), _iso(r.acknowledged_at), _iso(r.ended_at), r.reason,
         " ".join(f"{code}={to_text(value, places=3)}" for code, value in r.readings),
         r.actor_name)
        for r in command_queries.listed(**wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("meter-commands.csv", header, rows)


@allow(*METERERS)
def cancel_command(request: HttpRequest, command_id: int) -> HttpResponse:
    """Take a command back that was not sent yet."""
    with or_404():
        card = command_queries.one(command_id=command_id)
    if request.method == "POST":
        try:
            device_commands.cancel(
                command_id=command_id, reason=request.POST.get("reason", ""), actor=actor_of(request)
            )
            messages.success(request, _("The command is cancelled; it will not be sent."))
        except Refused as refusal:
            tell_refusal(request, refusal)
    return redirect("desk:meter", card.meter_id)


def _move_range(request: HttpRequest, *, first_number: str, last_number: str, goes: str) -> None:
    ends = {"first": first_number, "last": last_number}
    if goes == "new":
        seals.receive(**ends, actor=actor_of(request))
    elif goes == "0":
        seals.give_back(**ends, actor=actor_of(request))
    else:
        seals.give_out(**ends, crew_id=int(goes), actor=actor_of(request))


def _life(detail: MeterDetail, commands_: tuple[Any, ...]) -> list[LifeEvent]:
    """Return what happened to a meter, latest first: deeds of the audit trail, its seals, answers, delivery."""
    found = list(_events(detail, commands_))
    return sorted(found, key=lambda event: event.at, reverse=True)[:EVENTS_MOST]


def _events(detail: MeterDetail, commands_: tuple[Any, ...]) -> Iterator[LifeEvent]:
    if detail.delivered_at is not None:
        yield LifeEvent(at=detail.delivered_at, event="delivered", facts=detail.delivery, who="")
    for entry in audit.of_subjects([("meter", [detail.row.id])], most=EVENTS_MOST):
        facts = [str(entry.detail[name]) for name in ("from_date", "on_date", "certificate", "reason")
                 if entry.detail.get(name)]  # fmt: skip
        yield LifeEvent(at=entry.at, event=entry.action, facts=" · ".join(facts), who=entry.actor_name)
    for seal in detail.seals:
        if seal.set_at is not None:
            yield LifeEvent(at=seal.set_at, event="put_on", facts=seal.number, who="")
        if seal.broken_at is not None:
            yield LifeEvent(at=seal.broken_at, event="break", facts=f"{seal.number} · {seal.reason}", who="")
    for card in commands_:
        if card.ended_at is not None:
            yield LifeEvent(at=card.ended_at, event=str(card.state), facts=card.reason, who="")


def _wanted(request: HttpRequest) -> tuple[MeterListForm, WantedMeters]:
    form = MeterListForm(request.GET, crews=crews.listed())
    given = form.cleaned_data if form.is_valid() else {}
    return form, WantedMeters(
        state=given.get("state", ""), crew_id=int(given["crew"]) if given.get("crew") else None,
        text=given.get("text", ""), ends_by=given.get("ends_by"),
    )  # fmt: skip


def _wanted_seals(request: HttpRequest) -> tuple[SealListForm, dict[str, Any]]:
    form = SealListForm(request.GET, crews=crews.listed())
    given = form.cleaned_data if form.is_valid() else {}
    crew_id = int(given["crew"]) if given.get("crew") else None
    return form, {"state": given.get("state", ""), "crew_id": crew_id, "text": given.get("text", "")}


def _wanted_commands(request: HttpRequest) -> tuple[CommandListForm, dict[str, Any]]:
    form = CommandListForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    return form, {
        "state": given.get("state", ""), "command": given.get("command", ""), "serial": given.get("text", "")
    }  # fmt: skip


def _iso(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def _may_keep(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(METERERS))
