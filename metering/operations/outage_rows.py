"""Rows of outages: made, widened, joined and moved, each with its supplies and its history; steps alone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, locked_row
from metering.domain.outages import NOTE_MOST, SUBJECT, WORKFLOW, OutageAction, OutageState, Scope
from metering.models.alarm import MeterAlarm
from metering.models.outage import FaultReport, Outage, OutageMove, OutageSupply
from metering.queries import outage_places
from metering.queries.outage_places import Position
from metering.queries.outages import UnknownOutage

_HANG = {
    Scope.FEEDER: "(s.feeder_id = %(feeder)s OR t.feeder_id = %(feeder)s)",
    Scope.TRANSFORMER: "s.transformer_id = %(transformer)s",
    Scope.SINGLE: "s.id = %(point)s",
}


@joins_transaction
def lock(outage_id: int) -> Outage:
    """
    Return an outage, locked until the use case commits.

    :raises UnknownOutage: there is none.
    """
    row = locked_row(Outage, outage_id)
    if row is None:
        raise UnknownOutage(f"There is no outage {outage_id}.", outage_id=outage_id)
    return row


@joins_transaction
def lock_network(positions: Collection[Position]) -> None:
    """Let only one report at a time decide what is dark on a feeder, or at a supply that hangs on none."""
    feeders = {one.feeder_id for one in positions if one.feeder_id is not None}
    points = {one.service_point_id for one in positions if one.feeder_id is None}
    for table, keys in (("metering_feeder", feeders), ("metering_servicepoint", points)):
        if keys:
            sql = f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608 (two names)
            fetch(sql, [sorted(keys)])


@joins_transaction
def lock_feeders(outage_ids: Collection[int]) -> None:
    """
    Let nobody decide meanwhile what is dark where outages are; before these are locked. Two statements.

    That is on their feeders, and at supplies that hang on none: the order of ``lock_network``.
    """
    fetch(
        """SELECT f.id FROM metering_feeder f
           WHERE f.id IN (SELECT o.feeder_id FROM metering_outage o WHERE o.id = ANY(%s))
           ORDER BY f.id FOR NO KEY UPDATE""",
        [sorted(outage_ids)],
    )
    fetch(
        """SELECT s.id FROM metering_servicepoint s
           WHERE s.id IN (SELECT o.service_point_id FROM metering_outage o WHERE o.id = ANY(%s) AND o.feeder_id IS NULL)
           ORDER BY s.id FOR NO KEY UPDATE""",
        [sorted(outage_ids)],
    )


@joins_transaction
def lock_many(outage_ids: Collection[int]) -> dict[int, Outage]:
    """Return outages by id, locked in that order until the use case commits; one statement."""
    if not outage_ids:
        return {}
    return {row.id: row for row in Outage.objects.select_for_update().filter(id__in=outage_ids).order_by("id")}


@joins_transaction
def make_step(
    *, scope: Scope, position: Position | None, began_at: datetime, address: str = "", district: str = "",
    plan_id: int | None = None, is_kept: bool = False, is_dark: bool = True, found_at: datetime | None = None,
) -> Outage:  # fmt: skip
    """Make an outage that is supposed, with the supplies that it leaves in the dark; ``is_dark`` False: with none."""
    where = _asset(scope, position)
    row = Outage.objects.create(
        scope=scope.value, began_at=began_at, plan_id=plan_id, is_kept=is_kept, found_at=found_at or timezone.now(),
        address=position.address if position and scope is Scope.SINGLE else address,
        district=position.district if position else district,
        area=outage_places.rule(at=timezone.localdate(began_at)).area_of(position.district if position else district)
        .value, **where,
    )  # fmt: skip
    if is_dark:
        dark_step(row)
    return row


@joins_transaction
def widen_step(row: Outage, *, scope: Scope, position: Position, since: datetime) -> None:
    """Let a supposed outage reach as far as a wider scope says; what it reaches now is dark since what says so."""
    for name, value in _asset(scope, position).items():
        setattr(row, name, value)
    row.scope = scope.value
    row.address = position.address if scope is Scope.SINGLE else ""
    row.save()
    dark_step(row, off_at=max(since, row.began_at))


def _asset(scope: Scope, position: Position | None) -> dict[str, int | None]:
    if position is None:
        return {"feeder_id": None, "transformer_id": None, "service_point_id": None}
    return {
        "feeder_id": position.feeder_id,
        "transformer_id": None if scope is Scope.FEEDER else position.transformer_id,
        "service_point_id": position.service_point_id if scope is Scope.SINGLE else None,
    }


@joins_transaction
def grown_dark_step(row: Outage, *, at: datetime) -> None:
    """Note that a supply where something else was wrong is dark too: it is since now, not since that was reported."""
    if Scope(row.scope) is Scope.SINGLE and dark_step(row, off_at=at):
        row.began_at = at
        row.save()


@joins_transaction
def dark_step(row: Outage, *, off_at: datetime | None = None) -> int:
    """
    Note the connected supplies that hang on what is dark; one statement. Those that are dark already, or had current
    again while it went on, are left as they are, and so are those whose meter said last that current flows.

    :param off_at: since when; None: since the outage began. A supply whose meter says that current went later is dark
        since then. ``returns`` how many they are.
    """
    scope = Scope(row.scope)
    if scope is Scope.PLACE:
        return 0
    given = {
        "outage": row.id, "off": off_at or row.began_at, "feeder": row.feeder_id, "transformer": row.transformer_id,
        "point": row.service_point_id,
    }  # fmt: skip
    return execute(
        f"""INSERT INTO metering_outagesupply (outage_id, service_point_id, off_at)
            SELECT %(outage)s, s.id, coalesce(gone.at, %(off)s) FROM metering_servicepoint s
            LEFT JOIN metering_transformer t ON t.id = s.transformer_id
            CROSS JOIN LATERAL (
                SELECT max(a.occurred_at) AS at FROM metering_meteralarm a
                WHERE a.service_point_id = s.id AND a.kind = 'power_on' AND a.occurred_at >= %(off)s) lit
            CROSS JOIN LATERAL (
                SELECT min(a.occurred_at) AS at FROM metering_meteralarm a
                WHERE a.service_point_id = s.id AND a.kind = 'power_off' AND a.occurred_at >= %(off)s
                  AND (lit.at IS NULL OR a.occurred_at > lit.at)) gone
            WHERE {_HANG[scope]} AND s.state = 'connected' AND NOT EXISTS (
                SELECT FROM metering_outagesupply x WHERE x.outage_id = %(outage)s AND x.service_point_id = s.id)
              AND (lit.at IS NULL OR gone.at IS NOT NULL)
            ON CONFLICT DO NOTHING""",  # noqa: S608 (made of constants)
        given,
    )


@joins_transaction
def again_step(dark: Sequence[tuple[int, int, datetime, datetime | None]]) -> int:
    """
    Note supplies that are dark once more by an outage in which they had current again; one statement.

    :param dark: outage, supply, since when, until when (None: they are). ``returns`` how many they are: those that are
        dark already are none.
    """
    return execute(
        """INSERT INTO metering_outagesupply (outage_id, service_point_id, off_at, back_at)
           SELECT one.outage, one.point, one.since, one.until
           FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
                AS one (outage, point, since, until)
           JOIN metering_servicepoint s ON s.id = one.point AND s.state = 'connected' ON CONFLICT DO NOTHING""",
        [list(column) for column in zip(*dark, strict=True)],
    )


@joins_transaction
def join_step(*, into: Outage, row: Outage, note: str, actor: Actor) -> None:
    """
    Let an outage go on in another one: its reports, alarms and supplies move there, and it is over itself.

    No supply may be in both, see ``queries.outages.shares_supplies``: that it had current in between would be lost.
    """
    OutageSupply.objects.filter(outage=row).update(outage=into)
    FaultReport.objects.filter(outage=row).update(outage=into)
    MeterAlarm.objects.filter(outage=row).update(outage=into)
    row.joined_to = into
    move(row, OutageAction.JOIN, actor=actor, note=note)
    if row.began_at < into.began_at or (row.is_dangerous and not into.is_dangerous):
        into.began_at, into.is_dangerous = min(row.began_at, into.began_at), into.is_dangerous or row.is_dangerous
        into.save()


@joins_transaction
def back_step(row: Outage, *, at: datetime, service_point_ids: Collection[int] | None = None) -> tuple[int, ...]:
    """Note that current flows again at some of its supplies, or at all that are dark; return which."""
    only = list(service_point_ids) if service_point_ids is not None else None
    found = fetch(
        """UPDATE metering_outagesupply SET back_at = greatest(off_at, %(at)s)
           WHERE outage_id = %(outage)s AND back_at IS NULL
             AND (%(only)s::bigint[] IS NULL OR service_point_id = ANY(%(only)s::bigint[]))
           RETURNING service_point_id""",
        {"at": at, "outage": row.id, "only": only},
    )
    return tuple(sorted(point_id for (point_id,) in found))


@joins_transaction
def began_step(outage_ids: Collection[int]) -> None:
    """Let outages of one supply that is dark only since later begin with that; one statement."""
    execute(
        """UPDATE metering_outage o SET began_at = x.off_at FROM metering_outagesupply x
           WHERE x.outage_id = o.id AND o.scope = 'single' AND o.id = ANY(%s)
             AND NOT EXISTS (SELECT FROM metering_outagesupply y WHERE y.outage_id = o.id AND y.id <> x.id)""",
        [sorted(outage_ids)],
    )


@joins_transaction
def back_each_step(back: Mapping[int, datetime]) -> list[tuple[int, int]]:
    """
    Note that current flows again at supplies, each since its own time; one statement. What was dark later stays dark.

    :param back: by supply since when. ``returns`` outage and supply of those that were dark.
    """
    if not back:
        return []
    return [(outage_id, point_id) for outage_id, point_id in fetch(
        """UPDATE metering_outagesupply x SET back_at = one.at
           FROM unnest(%s::bigint[], %s::timestamptz[]) AS one (point, at)
           WHERE x.service_point_id = one.point AND x.back_at IS NULL AND x.off_at <= one.at
           RETURNING x.outage_id, x.service_point_id""",
        [list(back), list(back.values())],
    )]  # fmt: skip


@joins_transaction
def back_sooner_step(back: Mapping[int, datetime]) -> set[int]:
    """Note that current flowed again at supplies sooner than was known of their last dark time; return the outages."""
    if not back:
        return set()
    rows = fetch(
        """UPDATE metering_outagesupply x SET back_at = one.at
           FROM unnest(%s::bigint[], %s::timestamptz[]) AS one (point, at)
           WHERE x.service_point_id = one.point AND x.off_at <= one.at AND x.back_at > one.at AND NOT EXISTS (
               SELECT FROM metering_outagesupply y WHERE y.service_point_id = x.service_point_id AND y.id <> x.id
                 AND y.off_at > x.off_at)
           RETURNING x.outage_id""",
        [list(back), list(back.values())],
    )
    return {outage_id for (outage_id,) in rows}


@joins_transaction
def restored_sooner_step(outage_ids: Collection[int]) -> None:
    """Let outages that are over have ended with the last of their supplies; one statement."""
    if not outage_ids:
        return
    execute(
        """UPDATE metering_outage o SET restored_at = greatest(o.began_at, x.back_at)
           FROM (SELECT outage_id, max(back_at) AS back_at FROM metering_outagesupply WHERE outage_id = ANY(%s)
                 GROUP BY outage_id) x
           WHERE o.id = x.outage_id AND o.restored_at > x.back_at""",
        [sorted(outage_ids)],
    )


@joins_transaction
def move(row: Outage, action: OutageAction, *, actor: Actor, note: str = "") -> None:
    """
    Move a locked outage and write its history; whoever calls has set its other columns, and they are saved here.

    :raises IllegalMove: its state does not allow it.
    :raises NotAllowed: the actor may not do it.
    """
    row.state = WORKFLOW.step(OutageState(row.state), action, actor).to.value
    row.save()
    OutageMove.objects.create(
        outage=row, action=action.value, to_state=row.state, note=note.strip()[:NOTE_MOST], actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, action.value, SUBJECT, row.id, state=row.state)
