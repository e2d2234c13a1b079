"""The one way in which a work order moves: locked, by its workflow, with its history."""

from collections.abc import Collection
from datetime import date

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, locked_row
from metering.domain.work_orders import NOTE_MOST, WORKFLOW, WorkAction, WorkState
from metering.models.work import WorkOrder, WorkOrderMove
from metering.operations import outage_rows
from metering.queries import crews
from metering.queries.work_orders import UnknownWorkOrder

SUBJECT = "work_order"


class NotYourOrder(Refused):
    """The order belongs to another crew."""

    code = "not_your_order"


# Whoever ends an outage locks it first, and then drops its orders.
_ITS_OUTAGE = """
    SELECT o.id AS outage_before FROM metering_outage o
    WHERE o.id = (SELECT w.subject_id FROM metering_workorder w WHERE w.id = %s AND w.subject = 'outage')
    FOR UPDATE
"""


@joins_transaction
def lock(work_order_id: int, *, with_outage: bool = False) -> WorkOrder:
    """
    Return a work order, locked until the use case commits.

    :param with_outage: the outage that it repairs will hear of what is done: it is locked before.
    :raises UnknownWorkOrder: there is none.
    """
    row = locked_row(WorkOrder, work_order_id, after=_ITS_OUTAGE if with_outage else "")
    if row is None:
        raise UnknownWorkOrder(f"There is no work order {work_order_id}.", work_order_id=work_order_id)
    return row


@joins_transaction
def lock_all(work_order_ids: Collection[int]) -> list[WorkOrder]:
    """
    Return many work orders by id, locked until the use case commits.

    Before them goes what alarms and reports lock before they drop or hurry orders: the feeders of the outages that
    these repair, then the outages, each by id. So nobody waits crosswise.

    :raises UnknownWorkOrder: there is none of one of these ids.
    """
    ids = sorted(set(work_order_ids))
    repaired = [one for (one,) in fetch(_REPAIRED, [ids])]
    if repaired:
        outage_rows.lock_feeders(repaired)
        outage_rows.lock_many(repaired)
    return [lock(work_order_id) for work_order_id in ids]


_REPAIRED = """
    SELECT DISTINCT subject_id FROM metering_workorder WHERE id = ANY(%s::bigint[]) AND subject = 'outage' ORDER BY 1
"""


def is_repeat(row: WorkOrder, request_key: str) -> bool:
    """Return whether this very request was done before: a phone without a signal sends twice."""
    return request_key != "" and WorkOrderMove.objects.filter(work_order=row, request_key=request_key).exists()


def check_crew(row: WorkOrder, actor: Actor) -> None:
    """
    Do nothing where the actor may do the work of this order: crews do their own, the desk does all.

    :raises NotYourOrder: the actor is of another crew.
    """
    if actor.roles & {Role.METERING, Role.SUPERVISOR} or Role.FIELD not in actor.roles:
        return
    if row.crew_id is None or crews.of_user(user_id=actor.id) != row.crew_id:
        raise NotYourOrder("This work order belongs to another crew.", advice="Ask the desk to give it to yours.")


@joins_transaction
def move(
    row: WorkOrder, action: WorkAction, *, actor: Actor, note: str = "", hindrance: str = "",
    request_key: str = "", crew_id: int | None = None, planned_date: date | None = None,
) -> None:  # fmt: skip
    """
    Move a locked order and write its history; whoever calls has set the other columns and saves them here.

    :raises IllegalMove: its state does not allow it.
    :raises NotAllowed: the actor may not do it.
    """
    row.state = WORKFLOW.step(WorkState(row.state), action, actor).to.value
    row.save()
    kept = [
        row.id, timezone.now(), str(action), row.state, crew_id, planned_date, str(hindrance), note.strip()[:NOTE_MOST],
        request_key, actor.id, actor.name[:150],
    ]  # fmt: skip
    more = {"hindrance": hindrance} if hindrance else {}
    told = audit.parameters(actor, action, SUBJECT, [row.id], state=row.state, **more)
    execute(f"WITH {_KEEP_MOVE} {audit.INSERT}", [*kept, *told])


_KEEP_MOVE = """
    kept AS (
        INSERT INTO metering_workordermove
            (work_order_id, at, action, to_state, crew_id, planned_date, hindrance, note, request_key, actor_id,
             actor_name)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    )
"""
