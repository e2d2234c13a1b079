"""Work of one kind that many cases ask for at once, each at its place, in a constant number of statements."""

from collections.abc import Mapping
from datetime import date

from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction
from metering.domain import work_orders as rules
from metering.domain.work_orders import UNDER_WAY, WorkKind
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from metering.operations import work_moves
from metering.queries import checklists


@joins_transaction
def create_step(
    *,
    kind: WorkKind,
    subject: str,
    places: Mapping[int, int],
    facts: Mapping[int, Mapping[str, object]],
    due_date: date,
    actor: Actor,
) -> dict[int, int]:
    """
    Order work for many cases, each at one service point; return the id of the order by case.

    :param places: service point by id of the case; one that has such work under way at this place gets none.
    :param facts: what the crew should know, by id of the case; see ``work_orders.create_step``.
    """
    points = ServicePoint.objects.select_related("premises").in_bulk(list(set(places.values())))
    rows = WorkOrder.objects.filter(kind=kind, subject=subject, subject_id__in=list(places), state__in=UNDER_WAY)
    busy = set(rows.values_list("subject_id", flat=True))
    checklist = checklists.of_kind(kind=kind)
    made = WorkOrder.objects.bulk_create(
        WorkOrder(
            kind=kind, subject=subject, subject_id=case_id, service_point=points[point_id],
            premises=points[point_id].premises, address=points[point_id].premises.address,
            district=points[point_id].premises.district, facts=dict(rules.plain_facts(facts.get(case_id, {}))),
            checklist=checklist.code if checklist else "", due_date=due_date,
        )
        for case_id, point_id in sorted(places.items())
        if case_id not in busy and point_id in points
    )  # fmt: skip
    if made:
        audit.record_many(actor, "create", work_moves.SUBJECT, [one.id for one in made], kind=kind, case=subject)
    return {one.subject_id: one.id for one in made}
