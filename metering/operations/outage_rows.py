"""Rows of outages: made, widened, joined and moved, each with its supplies and its history; steps alone."""

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, locked_row
from metering.domain.outages import NOTE_MOST, SUBJECT, WORKFLOW, OutageAction, OutageState, Scope
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
def lock_network(position: Position) -> None:
    """Let only one report at a time decide what is dark on a feeder, or at a supply that hangs on none."""
    table = "metering_feeder" if position.feeder_id is not None else "metering_servicepoint"
    key = position.feeder_id if position.feeder_id is not None else position.service_point_id
    fetch(f"SELECT id FROM {table} WHERE id = %s FOR NO KEY UPDATE", [key])  # noqa: S608 (one of two names)


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
def widen_step(row: Outage, *, scope: Scope, position: Position) -> None:
    """Let a supposed outage reach as far as a wider scope says."""
    for name, value in _asset(scope, position).items():
        setattr(row, name, value)
    row.scope = scope.value
    row.address = position.address if scope is Scope.SINGLE else ""
    row.save()
    dark_step(row)


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
    Note the connected supplies that hang on what is dark, but for those that are dark already; one statement.

    :param off_at: since when; None: since the outage began. ``returns`` how many they are.
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
            SELECT %(outage)s, s.id, %(off)s FROM metering_servicepoint s
            LEFT JOIN metering_transformer t ON t.id = s.transformer_id
            WHERE {_HANG[scope]} AND s.state = 'connected' ON CONFLICT DO NOTHING""",  # noqa: S608 (made of constants)
        given,
    )


@joins_transaction
def join_step(*, into: Outage, row: Outage, note: str, actor: Actor) -> None:
    """
    Let an outage go on in another one: its reports and its supplies move there, and it is over itself.

    No supply may be in both, see ``queries.outages.shares_supplies``: that it had current in between would be lost.
    """
    OutageSupply.objects.filter(outage=row).update(outage=into)
    FaultReport.objects.filter(outage=row).update(outage=into)
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
