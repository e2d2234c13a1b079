"""The phone page of a round: stop after stop, typed without net, sent when there is one."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import today
from cis.desk.read_rounds import walked
from cis.desk.roles import FIELD_WORKERS
from cis.desk.route_words import MISSES
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.phrases import explain
from cis.platform.templatetags.local import kwh
from metering.domain.phone_reads import parse
from metering.domain.routes import MissReason
from metering.domain.vee_entry import Band
from metering.operations import phone_reads
from metering.operations.phone_reads import Answered
from metering.queries import routes as queries
from metering.queries.routes import Line

WORKER = "field-worker.js"
PICTURE = "photo-"
FILES = (
    "field.css",
    "field.js",
    "field-queue.js",
    WORKER,
    "wattline.css",
    "wattline.js",
    "vendor/tabler/tabler.min.css",
)
"""By whose addresses the service worker knows a new release; collected files have the hash of their content in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A counter as the phone shows it; ``band``: what it should show today, None: nobody knows."""

    line: Line
    band: Band | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMeter:
    """A meter of a stop with its counters."""

    id: int
    serial: str
    multiplier: int
    dials: tuple[Dial, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A place on the walk; ``line`` is any of its counters, for its address and notes."""

    line: Line
    meters: tuple[PhoneMeter, ...]


@allow(*FIELD_WORKERS)
@require_safe
def walk(request: HttpRequest, round_id: int) -> HttpResponse:
    """Show a round for a phone; the page stays usable without net."""
    card, route = walked(request, round_id)
    day = min(max(today(), card.start_date), card.end_date - timedelta(days=1))
    context = {
        "round": card, "route": route, "day": day, "made_at": timezone.now().isoformat(),
        "last_date": card.end_date - timedelta(days=1), "user_id": actor_of(request).id,
        "stops": _stops(queries.lines(card=card, today=today()), day),
        "reasons": [(reason.value, MISSES[reason]) for reason in MissReason if reason != MissReason.NOT_VISITED],
        "words": _words(),
    }  # fmt: skip
    answer = render(request, "field/round.html", context)
    # The worker lets the pages of another user go by it.
    answer["Field-User"] = str(actor_of(request).id)
    return answer


@require_POST
@allow(*FIELD_WORKERS)
def sync(request: HttpRequest, round_id: int) -> JsonResponse:
    """Take in what a phone kept, answer each entry by its key, and say how the round stands."""
    walked(request, round_id)
    actor = actor_of(request)
    # Somebody else has signed in on this phone: what is not theirs is not booked under their name.
    if request.POST.get("user", "") != str(actor.id):
        return JsonResponse({"code": "other_user"}, status=409)
    try:
        entries = parse(request.POST.get("entries", ""))
    except Refused as refusal:
        return JsonResponse({"code": refusal.code, "text": _text(refusal.code, refusal.message, "")}, status=400)
    pictures = {
        name.removeprefix(PICTURE): cast("BinaryIO", request.FILES[name])
        for name in request.FILES
        if name.startswith(PICTURE)
    }
    told = phone_reads.sync(round_id=round_id, entries=entries, pictures=pictures, actor=actor, today=today())
    card = queries.one_round(round_id=round_id, today=today())
    return JsonResponse(
        {
            "answers": [_answer(one) for one in told],
            "round": {"read": card.read, "missed": card.missed, "all": card.registers},
            "at": timezone.now().isoformat(),
        }
    )


@allow(*FIELD_WORKERS)
@require_safe
def worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view has it)
    """Give the service worker; its folder is its scope, so that it sees pages of rounds and no others."""
    body = Path(cast("str", finders.find(WORKER))).read_text(encoding="utf-8")
    version = hashlib.sha256("\n".join((*map(static, FILES), body)).encode()).hexdigest()[:16]
    answer = HttpResponse(f'const VERSION = "{version}";\n{body}', content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


def _stops(lines: Iterable[Line], day: date) -> tuple[Stop, ...]:
    found = []
    for _stop, of_stop in groupby(lines, key=lambda line: line.stop_id):
        here = tuple(of_stop)
        meters = tuple(
            _meter(tuple(of_meter), day) for _meter_id, of_meter in groupby(here, key=lambda line: line.meter_id)
        )
        found.append(Stop(line=here[0], meters=meters))
    return tuple(found)


def _meter(lines: tuple[Line, ...], day: date) -> PhoneMeter:
    dials = tuple(Dial(line=line, band=line.band(day)) for line in lines)
    return PhoneMeter(id=lines[0].meter_id, serial=lines[0].serial, multiplier=lines[0].multiplier, dials=dials)


def _answer(one: Answered) -> dict[str, Any]:
    text = "" if not one.code else _text(one.code, one.message, one.advice)
    if one.held_wh is not None:
        text = f"{text} " + _("There it shows %(reading)s.") % {"reading": kwh(one.held_wh)}
    if one.energy_wh is not None:
        text = f"{text} " + _("Used since the last read: %(energy)s kWh.") % {"energy": kwh(one.energy_wh)}
    held = None if one.held_wh is None else to_text(one.held_wh, places=3)
    return {"key": one.request_key, "said": str(one.said), "code": one.code, "text": text, "held": held}


def _text(code: str, message: str, advice: str) -> str:
    words = explain(code, message, advice)
    return f"{words.message} {words.advice}".strip()


def _words() -> dict[str, str]:
    """Return what the page says of its own, in the language of the page."""
    return {
        "waits": _("Kept on this phone"),
        "kept": _("Sent and kept"),
        "missed": _("Missed"),
        "asked": _("Is this right?"),
        "refused": _("Not taken"),
        "no_number": _("Write digits, with a point for decimals."),
        "outside": _("It should show %(low)s to %(high)s. Keep it once more if it is right."),
        "no_reason": _("Say why it was not read."),
        "all_read": _("All counters of this meter are read."),
        "no_photo": _("This is no photo that can be shown."),
        "photo": _("Photo taken"),
        "offline": _("%(n)s wait on this phone until there is net again."),
        "failed": _("%(n)s wait on this phone: the server did not take them. It is tried again."),
        "sign_in": _("%(n)s wait on this phone. Sign in again, then they are sent."),
        "other_user": _("%(n)s wait on this phone that somebody else has read: whoever did signs in to send them."),
        "sent": _("Everything is sent."),
        "ready": _("This page also opens without net."),
        "no_store": _("This browser keeps nothing: allow storage, or enter the values in the grid."),
        "here": _("Sent with each value: %(north)s, %(east)s"),
        "no_place": _("The phone does not say where it is."),
        "progress": _("%(read)s of %(all)s read, %(missed)s missed"),
    }
