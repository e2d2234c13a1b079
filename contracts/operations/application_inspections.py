"""The acceptance inspection of an application: one for its installation, ordered with the last meter that hangs."""

from datetime import date

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import packs
from cis.platform.db import joins_transaction
from contracts.domain.application_workflow import SUBJECT
from contracts.models.application import ApplicationItem
from contracts.operations import application_moves as moves
from contracts.operations import inspections
from contracts.queries import application_rules
from contracts.queries import inspections as queries
from contracts.queries.applications import UnknownApplication
from contracts.queries.inspection_rules import NoPlan
from metering.domain.work_orders import WorkKind, WorkState
from metering.operations import work_orders
from metering.queries import work_orders as work_queries


@joins_transaction
def order_step(*, application_id: int, today: date, actor: Actor) -> None:
    """
    Order the acceptance inspection at the desk: before the last meter hangs, or since the one before was dropped.

    :raises UnknownApplication: there is none, or it has no supply.
    :raises InspectionExists, WorkExists: one is under way.
    """
    _order(application_id, today, actor)


@joins_transaction
def order_if_missing_step(*, application_id: int, today: date) -> None:
    """
    Order the acceptance inspection unless one is under way or was made; one that failed is followed up.

    Those that were made before meters were hung anew do not count.
    """
    made = queries.is_ordered(application_id=application_id)
    since = queries.void_until(application_id=application_id)
    plain = any(
        card.kind == WorkKind.INSPECTION
        and card.state != WorkState.CANCELLED
        and (since is None or card.done_at is None or card.done_at > since)
        for card in work_queries.of_case(subject=SUBJECT, subject_id=application_id)
    )
    if not made and not plain:
        _order(application_id, today, SYSTEM)


def _order(application_id: int, today: date, actor: Actor) -> None:
    """
    Order it by the plan of the largest supply.

    A pack without a plan for the place has no catalogue of defects either: there the crew's own word decides.
    """
    row = moves.lock(application_id)
    items = list(ApplicationItem.objects.filter(application=row).order_by("-capacity_w", "seq"))
    if not items:
        raise UnknownApplication(f"The application {row.number} has no supply.")
    point_id = items[0].service_point_id if len(items) == 1 else None
    due_date = moves.due_date(row, "connection_energize")
    due_date = due_date or today + application_rules.work_days("inspection", at=today)
    try:
        inspections.plan_acceptance_step(
            application_id=row.id, voltage=items[0].voltage, use=items[0].use_class, due_date=due_date, today=today,
            actor=actor, service_point_id=point_id, customer_name=row.name, address=row.address,
            district=row.district,
        )  # fmt: skip
    except (NoPlan, packs.MissingRule):
        work_orders.create_step(
            kind=WorkKind.INSPECTION, subject=SUBJECT, subject_id=row.id, service_point_id=point_id,
            premises_id=row.premises_id, facts={"application": row.number, "customer": row.name}, due_date=due_date,
            actor=actor,
        )  # fmt: skip
