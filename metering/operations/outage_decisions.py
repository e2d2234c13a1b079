"""What people decide of an outage: it is so, it is none, when current flows again, what is one and what is two."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import fetch, joins_transaction, opens_transaction
from metering.domain.outages import Cause, OutageAction, Scope
from metering.models.alarm import MeterAlarm
from metering.models.outage import FaultReport, Outage, OutageExpectation, OutageSupply
from metering.operations import outage_repairs, outage_rows, outage_telling, planned_outages
from metering.queries import dark_times, outage_places

EXPECTED_MOST = timedelta(days=30)


class BadExpectation(Refused):
    """It cannot be expected back then."""

    code = "bad_expectation"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class NothingThere(Refused):
    """None of these supplies is dark by this outage, or all of them are."""

    code = "nothing_to_part"


class NotTogether(Refused):
    """Outages of different feeders are not one."""

    code = "different_feeders"


class CameBack(Refused):
    """A supply had current in between: it was dark twice."""

    code = "came_back_between"


class StandsAlone(Refused):
    """A planned outage is switched off and on as it was announced."""

    code = "planned_stands_alone"


@opens_transaction
def confirm(*, outage_id: int, cause: Cause, expected_back_at: datetime | None, note: str, actor: Actor) -> None:
    """
    Say that it is dark as supposed; with a time, everybody who is dark is told when current flows again.

    :raises UnknownOutage: there is none.
    :raises IllegalMove: it was confirmed before, or is over.
    :raises BadExpectation: the time is past, or too far away.
    """
    row = outage_rows.lock(outage_id)
    row.cause = cause.value
    outage_rows.move(row, OutageAction.CONFIRM, actor=actor, note=note)
    if expected_back_at is not None:
        expect_step(row, expected_back_at=expected_back_at, note="", actor=actor)


@opens_transaction
def expect(*, outage_id: int, expected_back_at: datetime, note: str, actor: Actor) -> None:
    """
    Say when current flows again; a time that was said already is not told again.

    :raises UnknownOutage, IllegalMove, BadExpectation: see ``confirm``.
    """
    expect_step(outage_rows.lock(outage_id), expected_back_at=expected_back_at, note=note, actor=actor)


@joins_transaction
def expect_step(row: Outage, *, expected_back_at: datetime, note: str, actor: Actor) -> None:
    """Say when current flows again, as a step of a larger use case; see ``expect``."""
    now = timezone.now()
    if not now < expected_back_at <= now + EXPECTED_MOST:
        raise BadExpectation("Current flows again within the next 30 days, or it is not known.", field="expected")
    if row.expected_back_at == expected_back_at:
        return
    row.expected_back_at = expected_back_at
    outage_rows.move(row, OutageAction.EXPECT, actor=actor, note=note)
    OutageExpectation.objects.create(
        outage=row, expected_back_at=expected_back_at, note=note.strip(), actor_id=actor.id, actor_name=actor.name[:150]
    )
    outage_telling.queue_step(outage_id=row.id)


@opens_transaction
def restore(*, outage_id: int, cause: Cause, note: str, at: datetime | None, actor: Actor) -> None:
    """
    Say that current flows again everywhere.

    :param at: since when; None: now. What came back before keeps its own time.
    :raises UnknownOutage: there is none.
    :raises IllegalMove: it is over already.
    :raises BadExpectation: the time is in the future, or before it began.
    """
    row = outage_rows.lock(outage_id)
    row.cause = cause.value
    outage_repairs.restored_step(row, at=_past(row, at), actor=actor, note=note)


@opens_transaction
def restore_part(
    *, outage_id: int, transformer_id: int | None = None, service_point_ids: Collection[int] = (), actor: Actor,
    note: str = "", at: datetime | None = None,
) -> int:  # fmt: skip
    """
    Say that current flows again at a transformer of the outage, or at some supplies; return how many came back.

    The last part ends the outage.

    :raises UnknownOutage: there is none.
    :raises NothingThere: none of these is dark by it.
    """
    row = outage_rows.lock(outage_id)
    points = _dark(row.id, transformer_id, service_point_ids)
    if not points:
        raise NothingThere("None of these supplies is dark by this outage.")
    since = _past(row, at)
    if len(points) == OutageSupply.objects.filter(outage=row, back_at=None).count():
        outage_repairs.restored_step(row, at=since, actor=actor, note=note)
        return len(points)
    back = outage_rows.back_step(row, at=since, service_point_ids=points)
    outage_rows.move(row, OutageAction.PART, actor=actor, note=note or str(len(back)))
    outage_telling.queue_back_step(outage_id=row.id, service_point_ids=back, at=since)
    return len(back)


@opens_transaction
def split(
    *, outage_id: int, transformer_id: int | None = None, service_point_id: int | None = None, actor: Actor
) -> int:
    """
    Let a transformer, or a supply, be an outage of its own; return its id. Reports change neither of them any more.

    :raises UnknownOutage: there is none.
    :raises NothingThere: it is not dark by this outage, or nothing else is.
    :raises StandsAlone: it is a planned outage.
    """
    row = outage_rows.lock(outage_id)
    _refuse_if_planned(row)
    points = _dark(row.id, transformer_id, [service_point_id] if service_point_id else ())
    if not points or len(points) == OutageSupply.objects.filter(outage=row, back_at=None).count():
        raise NothingThere("A part of an outage is split from it, neither nothing nor all.")
    position = outage_places.position(service_point_id=points[0])
    scope = Scope.TRANSFORMER if transformer_id else Scope.SINGLE
    # What was dark stays dark since when it was, and the clocks run since the supplier heard of it.
    made = outage_rows.make_step(
        scope=scope, position=position, began_at=row.began_at, found_at=row.found_at, is_kept=True, is_dark=False
    )
    OutageSupply.objects.filter(outage=row, service_point_id__in=points).update(outage=made)
    FaultReport.objects.filter(outage=row, service_point_id__in=points).update(outage=made)
    MeterAlarm.objects.filter(outage=row, service_point_id__in=points).update(outage=made)
    row.is_kept = True
    outage_rows.move(row, OutageAction.SPLIT, actor=actor, note=f"{made.id}")
    outage_repairs.place_step(row)
    outage_repairs.take_step(made)
    return made.id


@opens_transaction
def join(*, outage_id: int, other_id: int, actor: Actor) -> None:
    """
    Let another outage of the same feeder go on in this one; its crew is called back, its reports come here.

    :raises UnknownOutage: there is none of one of them.
    :raises NotTogether: they are of different feeders, or the same one.
    :raises StandsAlone: one of them is a planned outage.
    :raises CameBack: a supply was back after the one, and dark again by the other.
    :raises IllegalMove: one of them is over.
    """
    # Reports and alarms lock outages of a feeder under its lock; in the order of their ids, so that two who join
    # crosswise do not wait for one another.
    outage_rows.lock_feeders({outage_id, other_id})
    rows = {one: outage_rows.lock(one) for one in sorted({outage_id, other_id})}
    into, other = rows[outage_id], rows[other_id]
    if outage_id == other_id or into.feeder_id is None or into.feeder_id != other.feeder_id:
        raise NotTogether("Only outages of the same feeder are one.", field="other")
    _refuse_if_planned(into, other)
    if dark_times.shares_supplies(outage_id=outage_id, other_id=other_id):
        raise CameBack("A supply was back in between, so they stay two outages.", field="other")
    if into.transformer_id != other.transformer_id or into.service_point_id != other.service_point_id:
        common = into.transformer_id if into.transformer_id == other.transformer_id else None
        into.scope = (Scope.TRANSFORMER if common else Scope.FEEDER).value
        into.transformer_id, into.service_point_id, into.address = common, None, ""
    into.is_kept = True
    outage_rows.join_step(into=into, row=other, note=f"{into.id}", actor=actor)
    outage_repairs.end_step(other, reason=f"outage {into.id}")
    outage_rows.move(into, OutageAction.WIDEN, actor=actor, note=f"{other.id}")
    outage_repairs.place_step(into)
    outage_telling.queue_step(outage_id=into.id)


@opens_transaction
def cancel(*, outage_id: int, note: str, actor: Actor) -> None:
    """
    Say that there is no outage: a false alarm. No index counts it; a planned one is over.

    :raises UnknownOutage: there is none.
    :raises ReasonMissing: nobody said why.
    :raises IllegalMove: it is over already.
    """
    if not note.strip():
        raise ReasonMissing("Say why it is none.", field="note")
    row = outage_rows.lock(outage_id)
    OutageSupply.objects.filter(outage=row).delete()
    row.note = note.strip()
    outage_rows.move(row, OutageAction.CANCEL, actor=actor, note=note)
    planned_outages.note_restored(row, actor=actor)
    outage_repairs.end_step(row, reason=note)


def _refuse_if_planned(*rows: Outage) -> None:
    if any(row.plan_id is not None for row in rows):
        raise StandsAlone("A planned outage is neither split nor joined with another.")


def _past(row: Outage, at: datetime | None) -> datetime:
    now = timezone.now()
    since = at or now
    if since > now or since < row.began_at:
        raise BadExpectation("Current came back after it had gone, and not in the future.", field="at")
    return since


def _dark(outage_id: int, transformer_id: int | None, only: Collection[int]) -> list[int]:
    """Return supplies that are still dark by an outage: those behind a transformer, or those named."""
    found = fetch(
        """SELECT o.service_point_id FROM metering_outagesupply o
           JOIN metering_servicepoint s ON s.id = o.service_point_id
           WHERE o.outage_id = %s AND o.back_at IS NULL
             AND (s.transformer_id = %s OR o.service_point_id = ANY(%s::bigint[])) ORDER BY 1""",
        [outage_id, transformer_id, list(only)],
    )
    return [point_id for (point_id,) in found]
