"""Meters of an application: work orders for the supplies where none hangs yet."""

from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.workflow import IllegalMove
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.application_workflow import SUBJECT, ApplicationState
from contracts.models.application import ApplicationItem
from contracts.operations import application_moves as moves
from contracts.queries import application_rules
from metering.domain.work_orders import WorkKind
from metering.operations import work_orders
from metering.queries import meters


@opens_transaction
def order(*, application_id: int, today: date, actor: Actor) -> int:
    """
    Order meters; see ``order_step``.

    :returns: number of work orders.
    """
    return order_step(application_id=application_id, today=today, actor=actor)


@joins_transaction
def order_step(*, application_id: int, today: date, actor: Actor) -> int:
    """
    Order a meter for each supply of a signed application that waits for its own, where none is ordered.

    Where one hangs, as after the application was sent back, it is exchanged.

    :returns: number of work orders; 0: all are ordered.
    :raises IllegalMove: the contract is not signed yet, or all meters hang.
    """
    row = moves.lock(application_id)
    if row.state != ApplicationState.CONTRACTED:
        raise IllegalMove("Meters are ordered once the contract is signed.", advice="Let it be signed first.")
    items = ApplicationItem.objects.filter(application=row, metered_at=None, service_point__isnull=False)
    points = set(items.values_list("service_point_id", flat=True))
    hung = set(meters.points_with(service_point_ids=points, on=today)) if points else set()
    return sum(
        work_orders.create_at_points_step(
            kind=kind,
            subject=SUBJECT,
            subject_id=row.id,
            service_point_ids=sorted(wanted),
            facts={"application": row.number, "customer": row.name, "phone": row.agent_phone or row.phone},
            due_date=moves.due_date(row, "connection_meter") or today + application_rules.work_days("meter", at=today),
            actor=actor,
        )
        for kind, wanted in ((WorkKind.METER_INSTALL, points - hung), (WorkKind.METER_EXCHANGE, hung))
        if wanted
    )
