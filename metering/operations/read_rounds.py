"""A reading route is walked: its round is opened, each counter is read or said to be missed, the round is closed."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.routes import (
    AHEAD_MOST,
    NOTE_MOST,
    WORKFLOW,
    MissReason,
    RoundAction,
    RoundState,
    window,
)
from metering.models.read import ReadKind
from metering.models.route import MissedRead, ReadingRound, ReadingRoute
from metering.operations import re_read_orders, reads
from metering.operations.reads import Entered
from metering.queries import routes as queries
from metering.queries.routes import Line, UnknownRound, UnknownRoute


class RoundRefused(Refused):
    """The round cannot be opened: the route is not walked any more, has no places, or the day is too far off."""

    code = "round_refused"


class RoundsMeet(Refused):
    """The round beside it has the day already."""

    code = "rounds_meet"


class RoundClosed(Refused):
    """The round is closed: nothing more is taken for it."""

    code = "round_closed"


class NotOnRound(Refused):
    """The counter hangs at no stop of the route."""

    code = "not_on_round"


class OutsideRound(Refused):
    """The date is not one of the round, or has not come yet."""

    code = "outside_round"


class AlreadyRead(Refused):
    """The counter was read in this round."""

    code = "already_read"


class UnknownReason(Refused):
    """There is no such reason."""

    code = "unknown_miss_reason"


class RoundNotDone(Refused):
    """Counters are left that were neither read nor said to be missed."""

    code = "round_not_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What came of a round; ``left``: counters that nobody had come to, noted so."""

    registers: int
    read: int
    missed: int
    left: int


@opens_transaction
def open_round(*, route_id: int, planned_date: date, actor: Actor, today: date) -> int:
    """
    Open the round of a route on a day; return its id. The same day again gives the same round.

    :raises UnknownRoute: there is none.
    :raises RoundRefused: the route is ended or empty, or the day is more than 60 days off.
    :raises RoundsMeet: the round before or after it has the day.
    """
    route = ReadingRoute.objects.select_for_update().filter(id=route_id).first()
    if route is None:
        raise UnknownRoute(f"There is no reading route {route_id}.", route_id=route_id)
    known = ReadingRound.objects.filter(route=route, planned_date=planned_date).first()
    if known is not None:
        return known.id
    if not route.is_active or not route.stops.exists():
        raise RoundRefused("The route is not walked any more, or leads nowhere.", advice="Put places on it first.")
    if abs((planned_date - today).days) > AHEAD_MOST:
        raise RoundRefused(f"The day is more than {AHEAD_MOST} days off.", field="planned_date")
    rounds = ReadingRound.objects.filter(route=route)
    before = rounds.filter(planned_date__lt=planned_date).order_by("-planned_date").first()
    after = rounds.filter(planned_date__gt=planned_date).order_by("planned_date").first()
    period = window(
        planned=planned_date, window_days=route.window_days, before=before.period.upper if before else None,
        next_start=after.period.lower if after else None,
    )  # fmt: skip
    if period is None:
        raise RoundsMeet("A round beside it has this day already.", field="planned_date")
    row = ReadingRound.objects.create(
        route=route, planned_date=planned_date, period=DateRange(period.start, period.end), actor_id=actor.id
    )
    audit.record(actor, "open", "reading_round", row.id, route=route.code, planned_date=planned_date)
    return row.id


@opens_transaction
def enter(*, round_id: int, register_id: int, read_date: date, reading_wh: int, actor: Actor, today: date) -> Entered:
    """
    Keep the value of one counter of a round; the same value again changes nothing, another one corrects it.

    That it had been missed is gone with it.

    :param reading_wh: before the multiplier. [Wh or varh]
    :raises UnknownRound, RoundClosed, NotOnRound: see there.
    :raises OutsideRound: the date is not in the period of the round, or lies ahead.
    :raises ReadRefused: as ``reads.enter``.
    """
    return enter_step(
        round_id=round_id, register_id=register_id, read_date=read_date, reading_wh=reading_wh, actor=actor, today=today
    )


@joins_transaction
def enter_step(
    *, round_id: int, register_id: int, read_date: date, reading_wh: int, actor: Actor, today: date
) -> Entered:
    """Keep the value of one counter as a step of what brought it; see ``enter``."""
    row = _open(round_id)
    if not row.period.lower <= read_date < row.period.upper or read_date > today:
        last = min(row.period.upper - timedelta(days=1), today)
        raise OutsideRound(f"Values of this round are of {row.period.lower} to {last}.", field="read_date")
    line = _line(round_id, register_id, today)
    entered = reads.keep(
        serial=line.serial, register=line.code, read_date=read_date, reading_wh=reading_wh,
        kind=ReadKind.ACTUAL.value, actor=actor, today=today,
    )  # fmt: skip
    gone, _rows = MissedRead.objects.filter(round=row, register_id=register_id).delete()
    if gone:
        audit.record(actor, "read_after_all", "reading_round", round_id, register=register_id)
    return entered


@opens_transaction
def miss(*, round_id: int, register_id: int, reason: str, note: str = "", actor: Actor, today: date) -> int:
    """
    Note why a counter could not be read, and with it all others of its meter that were not; return how many.

    The same again changes nothing, another reason takes the place of the first.

    :raises UnknownRound, RoundClosed, NotOnRound, UnknownReason: see there.
    :raises AlreadyRead: it was read in this round.
    """
    return miss_step(round_id=round_id, register_id=register_id, reason=reason, note=note, actor=actor, today=today)


@joins_transaction
def miss_step(*, round_id: int, register_id: int, reason: str, note: str = "", actor: Actor, today: date) -> int:
    """Note why a counter could not be read as a step of what brought that; see ``miss``."""
    row = _open(round_id)
    if reason not in set(MissReason):
        raise UnknownReason(f"There is no reason {reason!r}.", field="reason")
    line = _line(round_id, register_id, today)
    if line.reading_wh is not None:
        raise AlreadyRead("The counter was read in this round.", advice="Correct its value if it is wrong.")
    card = queries.one_round(round_id=round_id, today=today)
    missed = [one for one in queries.lines(card=card, today=today) if _is_missed_with(one, line)]
    _note(row, missed, MissReason(reason), note, actor)
    return len(missed)


@opens_transaction
def close(*, round_id: int, leave_rest: bool = False, actor: Actor, today: date) -> Closed:
    """
    Close a round; its counts are written, and what was missed twice in a row is ordered to be read.

    :param leave_rest: counters that nobody came to are noted as not visited; else they keep the round open.
    :raises UnknownRound: there is none.
    :raises IllegalMove, NotAllowed: it is closed already, or the actor may not.
    :raises RoundNotDone: counters are left.
    """
    row = _locked(round_id)
    to = WORKFLOW.step(RoundState(row.state), RoundAction.CLOSE, actor).to
    lines = queries.lines(card=queries.one_round(round_id=round_id, today=today), today=today)
    left = [one for one in lines if not one.is_done]
    if left and not leave_rest:
        raise RoundNotDone(
            f"{len(left)} counters are neither read nor said to be missed.",
            advice="Enter them, or close the round with the rest as not visited.",
        )
    _note(row, left, MissReason.NOT_VISITED, "", actor)
    re_read_orders.order_missed_step(lines=lines, today=today, actor=actor)
    read = sum(one.reading_wh is not None for one in lines)
    row.state, row.closed_at = to.value, timezone.now()
    row.registers, row.read, row.missed = len(lines), read, len(lines) - read
    row.save()
    audit.record(actor, "close", "reading_round", round_id, read=read, missed=row.missed, left=len(left))
    return Closed(registers=len(lines), read=read, missed=row.missed, left=len(left))


@opens_transaction
def reopen(*, round_id: int, actor: Actor) -> None:
    """
    Open a closed round again, to enter what came late.

    :raises UnknownRound: there is none.
    :raises IllegalMove, NotAllowed: it is open, or the actor may not.
    """
    row = _locked(round_id)
    row.state = WORKFLOW.step(RoundState(row.state), RoundAction.REOPEN, actor).to.value
    row.closed_at, row.registers, row.read, row.missed = None, 0, 0, 0
    row.save()
    audit.record(actor, "reopen", "reading_round", round_id)


def _is_missed_with(one: Line, line: Line) -> bool:
    return one.meter_id == line.meter_id and one.reading_wh is None


@joins_transaction
def _note(row: ReadingRound, lines: list[Line], reason: MissReason, note: str, actor: Actor) -> None:
    """Note misses, in the place of those that were noted before; one statement."""
    if not lines:
        return
    MissedRead.objects.bulk_create(
        [
            MissedRead(
                round=row, register_id=one.register_id, reason=reason.value, note=note.strip()[:NOTE_MOST],
                actor_id=actor.id,
            )
            for one in lines
        ],
        update_conflicts=True, unique_fields=["round", "register"], update_fields=["reason", "note", "at", "actor_id"],
    )  # fmt: skip
    registers = [one.register_id for one in lines]
    audit.record(actor, "miss", "reading_round", row.id, reason=reason.value, registers=registers)


def _line(round_id: int, register_id: int, today: date) -> Line:
    card = queries.one_round(round_id=round_id, today=today)
    found = queries.lines(card=card, today=today, register_ids=[register_id])
    if not found:
        raise NotOnRound("This counter hangs at no place of the route.", register_id=register_id)
    return found[0]


def _open(round_id: int) -> ReadingRound:
    row = _locked(round_id)
    if row.state != RoundState.OPEN:
        raise RoundClosed("The round is closed.", advice="Open it again first.")
    return row


def _locked(round_id: int) -> ReadingRound:
    row = ReadingRound.objects.select_for_update().filter(id=round_id).first()
    if row is None:
        raise UnknownRound(f"There is no round {round_id}.", round_id=round_id)
    return row
