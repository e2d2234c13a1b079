"""The round of a reading route: its grid by keyboard, each row saved by itself, and its file out and in."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import asks_for, csv_file, or_404, tell_refusal, today
from cis.desk.forms.routes import GridDateForm, RoundFileForm
from cis.desk.reading_routes import may_walk
from cis.desk.roles import FIELD_WORKERS, READERS
from cis.desk.route_words import MISSES
from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.phrases import explain
from cis.platform.templatetags.local import kwh
from metering.domain.round_files import COLUMNS
from metering.domain.routes import KEYS
from metering.domain.vee_entry import Band
from metering.operations import read_rounds as operations
from metering.operations import round_files
from metering.queries import phone_reads
from metering.queries import routes as queries
from metering.queries.routes import Line, RoundCard, RouteCard

PROGRESS = "round-progress"
TYPED_MOST = 40
REFUSALS_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """
    A counter as the grid shows it.

    typed  what stands in its field
    tone   of what is said: "ok", "warn", "bad"; "" = nothing is said
    sure   value that is taken if it comes again, since it was asked about; "" = none
    """

    line: Line
    band: Band | None
    typed: str
    tone: str = ""
    text: str = ""
    sure: str = ""
    is_swapped: bool = False


class BadEntry(Refused):
    """What was typed is neither a number nor the letter of a reason."""

    code = "not_a_number"


@allow(*READERS)
@require_safe
def grid(request: HttpRequest, round_id: int) -> HttpResponse:
    """Show the counters of a round in the order of the walk, with what they should show."""
    card = _card(round_id)
    if asks_for(request, PROGRESS):
        return render(request, "desk/routes/_progress.html", {"round": card})
    return _page(request, card, RoundFileForm())


@require_POST
@allow(*FIELD_WORKERS)
def row(request: HttpRequest, round_id: int, register_id: int) -> HttpResponse:
    """Take in what was typed for one counter; the answer is its row, with those that changed with it."""
    card, _route = walked(request, round_id)
    typed = request.POST.get("reading", "").strip()[:TYPED_MOST]
    lines = queries.lines(card=card, today=today(), register_ids=[register_id])
    if not lines:
        raise Http404
    form = _date_form(card, request.POST)
    day = form.cleaned_data["read_date"] if form.is_valid() else None
    try:
        made = _take(request, card, lines[0], typed, day)
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        text = f"{words.message} {words.advice}".strip()
        made = [GridRow(line=lines[0], band=_band(card, lines[0]), typed=typed, tone="bad", text=text)]
    answer = render(request, "desk/routes/_rows.html", {"rows": made, "round": card, "may_enter": True})
    answer["HX-Trigger"] = "round-changed"
    return answer


@require_POST
@allow(*FIELD_WORKERS)
def act(request: HttpRequest, round_id: int) -> HttpResponse:
    """Close a round, or open it again."""
    walked(request, round_id)
    action, actor = request.POST.get("action", ""), actor_of(request)
    if action not in {"close", "reopen"}:
        raise Http404
    try:
        if action == "close":
            told = operations.close(
                round_id=round_id, leave_rest="leave_rest" in request.POST, actor=actor, today=today()
            )
            facts = {"read": told.read, "missed": told.missed}
            messages.success(request, _("The round is closed: %(read)s read, %(missed)s missed.") % facts)
        else:
            operations.reopen(round_id=round_id, actor=actor)
            messages.success(request, _("The round is open again."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:reading_round", round_id)


@allow(*READERS)
@require_safe
def export(request: HttpRequest, round_id: int) -> StreamingHttpResponse:  # noqa: ARG001 (a view has it)
    """Give the round as a file for a hand-held or a spreadsheet; it comes back with its last columns filled in."""
    card = _card(round_id)
    day = _day(card)
    rows = (_cells(line, line.band(day)) for line in queries.lines(card=card, today=today()))
    return csv_file(f"round-{card.id}-{card.planned_date:%Y-%m-%d}.csv", COLUMNS, rows)


@require_POST
@allow(*FIELD_WORKERS)
def upload(request: HttpRequest, round_id: int) -> HttpResponse:
    """Take in the file of a round; lines that are wrong are listed, the others kept."""
    card, _route = walked(request, round_id)
    form = RoundFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, card, form)
    try:
        taken = round_files.take(
            round_id=round_id, data=form.cleaned_data["file"].read(),
            take_unlikely=form.cleaned_data["take_unlikely"], actor=actor_of(request), today=today(),
        )  # fmt: skip
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, card, form)
    facts = {"read": taken.read, "unchanged": taken.unchanged, "missed": taken.missed}
    text = _("%(read)s values are kept, %(unchanged)s were there, %(missed)s counters are missed.") % facts
    messages.success(request, text)
    if not taken.refused:
        return redirect("desk:reading_round", round_id)
    refused = [(one, explain(one.code, one.message, one.advice)) for one in taken.refused[:REFUSALS_SHOWN]]
    return _page(request, _card(round_id), form, refused=refused, refused_count=len(taken.refused))


def _take(request: HttpRequest, card: RoundCard, line: Line, typed: str, day: date | None) -> list[GridRow]:
    """Take in a value, or the letter of a reason with a note behind it; return the rows that changed."""
    letter, _blank, note = typed.partition(" ")
    if letter.lower() in KEYS:
        operations.miss(
            round_id=card.id, register_id=line.register_id, reason=KEYS[letter.lower()].value, note=note,
            actor=actor_of(request), today=today(),
        )  # fmt: skip
        found = queries.lines(card=card, today=today())
        same = [one for one in found if one.meter_id == line.meter_id]
        ordered = sorted(same, key=lambda one: one.register_id != line.register_id)
        return [_shown(card, one, is_swapped=one.register_id != line.register_id) for one in ordered]
    reading = _number(typed)
    if day is None:
        raise operations.OutsideRound("The date is not one of this round.")
    doubt = line.doubt(reading_wh=reading, on=day)
    if doubt is not None and request.POST.get("sure", "") != typed:
        facts = _("Used since the last read: %(energy)s kWh.") % {"energy": kwh(doubt.energy_wh)}
        again = _("Enter it once more if it is right.")
        text = f"{explain(doubt.code, doubt.message).message} {facts} {again}"
        return [GridRow(line=line, band=_band(card, line), typed=typed, tone="warn", text=text, sure=typed)]
    operations.enter(
        round_id=card.id, register_id=line.register_id, read_date=day, reading_wh=reading, actor=actor_of(request),
        today=today(),
    )  # fmt: skip
    found = queries.lines(card=card, today=today(), register_ids=[line.register_id])
    return [_shown(card, found[0])]


def _number(typed: str) -> int:
    try:
        reading = fixed.parse(typed.replace(",", ""), places=3)
    except fixed.NotANumber as error:
        raise BadEntry("This is no number, and no letter of a reason.") from error
    if reading < 0:
        raise BadEntry("A counter is never below 0.")
    return reading


def _page(request: HttpRequest, card: RoundCard, form: RoundFileForm, **more: Any) -> HttpResponse:
    lines = queries.lines(card=card, today=today())
    context = {
        "round": card, "route": queries.one(route_id=card.route_id), "form": form, "may_walk": may_walk(request),
        "may_enter": may_walk(request) and card.state == "open", "date_form": _date_form(card, None),
        "rows": [_shown(card, one) for one in lines], "reasons": queries.reasons_of(lines),
        "last_date": card.end_date - timedelta(days=1), "sent": phone_reads.of_round(round_id=card.id),
        "letters": [(letter, MISSES[reason]) for letter, reason in KEYS.items()], **more,
    }  # fmt: skip
    return render(request, "desk/routes/round.html", context)


def _shown(card: RoundCard, line: Line, *, is_swapped: bool = False) -> GridRow:
    band = _band(card, line)
    if line.reading_wh is not None:
        return GridRow(
            line=line, band=band, typed=kwh(line.reading_wh).replace(",", ""), tone="ok", is_swapped=is_swapped
        )
    if line.reason:
        return GridRow(line=line, band=band, typed="", tone="warn", text=line.note, is_swapped=is_swapped)
    return GridRow(line=line, band=band, typed="", is_swapped=is_swapped)


def _cells(line: Line, band: Band | None) -> tuple[object, ...]:
    plain = [
        None if value is None else kwh(value).replace(",", "")
        for value in (line.last_wh, band.low_wh if band else None, band.high_wh if band else None, line.reading_wh)
    ]
    last, low, high, reading = plain
    return (
        line.place, line.external_id, line.address, line.key_note, line.access_note, line.serial, line.code, line.unit,
        line.last_date, last, low, high, line.read_date, reading, line.reason, line.note,
    )  # fmt: skip


def _date_form(card: RoundCard, given: Any) -> GridDateForm:
    last = card.end_date - timedelta(days=1)
    return GridDateForm(given, start=card.start_date, last=last, initial={"read_date": _day(card)})


def _day(card: RoundCard) -> date:
    """Return the date whose values are most likely typed in: today, or the nearest day of the round."""
    return min(max(today(), card.start_date), card.end_date - timedelta(days=1))


def _band(card: RoundCard, line: Line) -> Band | None:
    return line.band(line.read_date or _day(card))


def walked(request: HttpRequest, round_id: int) -> tuple[RoundCard, RouteCard]:
    """Return a round that the actor may walk, and its route; to a crew the rounds of another one do not exist."""
    card = _card(round_id)
    with or_404():
        route = queries.one(route_id=card.route_id)
        phone_reads.check_visible(round_id=round_id, route=route, actor=actor_of(request))
    return card, route


def _card(round_id: int) -> RoundCard:
    with or_404():
        return queries.one_round(round_id=round_id, today=today())
