"""Phones bring what was read of a round without net: each entry once, however often it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import BinaryIO

import structlog
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, packs, photos
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.phone_reads import PhoneEntry, Said, came_meanwhile
from metering.domain.routes import RoundState
from metering.models.route import PhoneRead, ReadingRound
from metering.models.store import ReadPhoto
from metering.operations import read_rounds
from metering.operations.read_rounds import NotOnRound, RoundClosed
from metering.queries import routes as queries
from metering.queries.routes import UnknownRound

WORK = "phone_positions"
RULE = "phone_positions"
log = structlog.get_logger(__name__)


class KeyTaken(Refused):
    """The key of the entry belongs to another one."""

    code = "request_key_taken"


class ReadMeanwhile(Refused):
    """The counter was read by others since the phone loaded its page; ``detail["held_wh"]`` is their value."""

    code = "read_meanwhile"


class Unlikely(Refused):
    """The value is possible, but unlikely; ``code`` is that of ``vee_entry``, ``detail["energy_wh"]`` what was used."""

    code = "unlikely_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """
    What came of an entry.

    code, message, advice  why nothing is kept, "" where something is
    held_wh    value of the round that holds where that is why; None: that is not why [Wh or varh]
    energy_wh  that would have been used, where that is why; None: that is not why [Wh]
    is_new     False: it had been sent before
    """

    request_key: str
    said: Said
    code: str = ""
    message: str = ""
    advice: str = ""
    held_wh: int | None = None
    energy_wh: int | None = None
    is_new: bool = True


def sync(
    *, round_id: int, entries: Sequence[PhoneEntry], pictures: Mapping[str, BinaryIO], actor: Actor, today: date
) -> tuple[Answered, ...]:
    """
    Take in what a phone kept of a round; each entry is a use case of its own and is answered by itself, in order.

    :param pictures: photos by the key of their entry.
    """
    return tuple(_answer(round_id, entry, pictures.get(entry.request_key), actor, today) for entry in entries)


@opens_transaction
def take(*, round_id: int, entry: PhoneEntry, photo: BinaryIO | None = None, actor: Actor, today: date) -> Answered:
    """
    Keep one entry with its photo, as the desk's grid would; the same key again changes nothing, not even what others
    have corrected since.

    :raises UnknownRound, RoundClosed, NotOnRound, OutsideRound, AlreadyRead, UnknownReason: as ``read_rounds``.
    :raises ReadMeanwhile: others read it with another value since the phone loaded its page.
    :raises Unlikely: ``vee_entry.of_read`` asks about it, and nobody said that it is right.
    :raises ReadRefused: as ``reads.enter``.
    :raises FileTooLarge, NotAPhoto: as ``photos.keep``.
    :raises KeyTaken: the key came before with another counter, round or person.
    """
    row = ReadingRound.objects.select_for_update().filter(id=round_id).first()
    if row is None:
        raise UnknownRound(f"There is no round {round_id}.", round_id=round_id)
    known = PhoneRead.objects.filter(request_key=entry.request_key).first()
    if known is not None:
        return _known(known, row, entry, actor)
    if row.state != RoundState.OPEN:
        raise RoundClosed("The round is closed.", advice="Open it again first.")  # before anything is asked
    if entry.reading_wh is None:
        read_rounds.miss_step(
            round_id=round_id, register_id=entry.register_id, reason=entry.reason, note=entry.note, actor=actor,
            today=today,
        )  # fmt: skip
    else:
        _ask(row, entry, entry.reading_wh, actor, today)
        read_rounds.enter_step(
            round_id=round_id, register_id=entry.register_id, read_date=entry.read_date, reading_wh=entry.reading_wh,
            actor=actor, today=today,
        )  # fmt: skip
    _keep(row, entry, photo, actor)
    return Answered(request_key=entry.request_key, said=_said(entry.reading_wh))


def night(at: datetime) -> None:
    """Forget where phones were, once the days of the pack's rule are over."""
    gone = forget_positions(today=timezone.localdate(at))
    if gone:
        log.info("phone_positions_forgotten", positions=gone)


@opens_transaction
def forget_positions(*, today: date) -> int:
    """Erase positions that are older than the rule ``phone_positions`` keeps them; return how many."""
    days = packs.rule(RULE, at=today)["kept_days"]
    old = PhoneRead.objects.filter(latitude_e3__isnull=False, received_at__date__lte=today - timedelta(days=days))
    gone = old.update(latitude_e3=None, longitude_e3=None)
    if gone:
        audit.record(SYSTEM, "forget", "phone_positions", None, positions=gone)
    return gone


def _answer(round_id: int, entry: PhoneEntry, photo: BinaryIO | None, actor: Actor, today: date) -> Answered:
    try:
        return take(round_id=round_id, entry=entry, photo=photo, actor=actor, today=today)
    except Refused as refusal:
        told = Answered(
            request_key=entry.request_key, said=Said.REFUSED, code=refusal.code, message=refusal.message,
            advice=refusal.advice,
        )  # fmt: skip
        if isinstance(refusal, ReadMeanwhile):
            return replace(told, said=Said.ASKED, held_wh=refusal.detail["held_wh"])
        if isinstance(refusal, Unlikely):
            return replace(told, said=Said.ASKED, energy_wh=refusal.detail["energy_wh"])
        return told


def _ask(row: ReadingRound, entry: PhoneEntry, reading_wh: int, actor: Actor, today: date) -> None:
    """Raise where somebody has to say first that a value is right."""
    card = queries.one_round(round_id=row.id, today=today)
    found = queries.lines(card=card, today=today, register_ids=[entry.register_id])
    if not found:
        raise NotOnRound("This counter hangs at no place of the route.", register_id=entry.register_id)
    line = found[0]
    sent = PhoneRead.objects.filter(round=row, register_id=entry.register_id, actor_id=actor.id).order_by("-id")
    own_wh = sent.values_list("reading_wh", flat=True).first()
    if came_meanwhile(entry=entry, held_wh=line.reading_wh, own_wh=own_wh):
        raise ReadMeanwhile("It was read meanwhile, with another value.", held_wh=line.reading_wh)
    doubt = None if entry.is_sure else line.doubt(reading_wh=reading_wh, on=entry.read_date)
    if doubt is not None:
        asked = Unlikely(doubt.message, energy_wh=doubt.energy_wh)
        asked.code = str(doubt.code)
        raise asked


def _known(known: PhoneRead, row: ReadingRound, entry: PhoneEntry, actor: Actor) -> Answered:
    if (known.round_id, known.register_id, known.actor_id) != (row.id, entry.register_id, actor.id):
        raise KeyTaken("This entry was sent before as another one.", advice="Enter it anew.")
    return Answered(request_key=entry.request_key, said=_said(known.reading_wh), is_new=False)


@joins_transaction
def _keep(row: ReadingRound, entry: PhoneEntry, photo: BinaryIO | None, actor: Actor) -> None:
    """Note that the entry is kept, with its photo and, if that was agreed to, its position."""
    if photo is not None:
        kept = photos.keep(photo, name=f"register-{entry.register_id}", actor=actor)
        picture = ReadPhoto(
            register_id=entry.register_id, read_date=entry.read_date, document_id=kept.document_id,
            taken_at=kept.taken_at, actor_id=actor.id,
        )  # fmt: skip
        ReadPhoto.objects.bulk_create([picture], ignore_conflicts=True)
    place = entry.position
    PhoneRead.objects.create(
        request_key=entry.request_key, round=row, register_id=entry.register_id, read_date=entry.read_date,
        reading_wh=entry.reading_wh, reason=entry.reason, actor_id=actor.id,
        latitude_e3=place.latitude_e3 if place else None, longitude_e3=place.longitude_e3 if place else None,
    )  # fmt: skip


def _said(reading_wh: int | None) -> Said:
    return Said.MISSED if reading_wh is None else Said.KEPT
