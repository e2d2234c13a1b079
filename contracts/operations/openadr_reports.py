"""
What a VEN's report says of our own events: that a resource opts out, or that it heard and takes part.

A report is an answer where it is about one of our events and names a resource of its client that stands for an
enrolment; else it is kept, and changes nothing here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain.demand_response import PART, PartState
from contracts.domain.openadr import ObjectKind, Reader, Reply, replies
from contracts.models.demand_response import EventPart
from contracts.models.openadr import OpenAdrObject
from contracts.operations import demand_events
from contracts.queries import openadr as queries


@joins_transaction
def hear_step(row: OpenAdrObject, report: Mapping[str, Any], *, at: datetime, actor: Actor) -> None:
    """
    Do what a report says of our own event; done again, it stays so.

    :raises TooLate, IllegalMove: a resource opts out that cannot any more: the report is not kept, so its client knows.
    """
    event = row.event
    if event is None or event.demand_event_id is None:
        return
    said = replies(report)
    names = {one["resourceName"] for one in report["resources"]}
    resources = own_resources(row.client_id).filter(name__in=names)
    enrollments = {one.enrollment_id: said.get(one.name) for one in resources}
    if enrollments:
        row.enrollment_id = min(one for one in enrollments if one is not None)
    parts = EventPart.objects.filter(event_id=event.demand_event_id, enrollment_id__in=list(enrollments))
    for part in parts.order_by("id"):
        reply = enrollments[part.enrollment_id]
        if reply is Reply.OPTS_OUT:
            demand_events.opt_out_step(part_id=part.id, at=at, actor=actor)
        elif reply is Reply.TAKES_PART and part.acknowledged_at is None and part.state != PartState.OPTED_OUT:
            part.acknowledged_at = at
            part.save(update_fields=["acknowledged_at"])
            audit.record(actor, "acknowledge", PART, part.id, event_id=part.event_id)


def event_of(*, object_id: str, reader: Reader) -> OpenAdrObject | None:
    """
    Return the event that a report may be about; None: there is none.

    One that was hidden from the client because its resource opted out may be reported on still.
    """
    seen = queries.visible(ObjectKind.EVENT, reader).filter(object_id=object_id).first()
    if seen is not None:
        return seen
    row = OpenAdrObject.objects.filter(kind=ObjectKind.EVENT.value, object_id=object_id).first()
    if row is None or row.demand_event_id is None:
        return None
    own = own_resources(reader.client_id).values_list("enrollment_id", flat=True)
    parts = EventPart.objects.filter(event_id=row.demand_event_id, enrollment_id__in=list(own))
    return row if parts.exists() else None


def own_resources(client_id: str) -> Any:
    """Return the resources of a client that stand for an enrolment."""
    return OpenAdrObject.objects.filter(
        queries.LIVE, kind=ObjectKind.RESOURCE.value, client_id=client_id, enrollment__isnull=False
    )  # fmt: skip
