"""
What a VEN's report says of our own events: that a resource opts out, or that it heard and takes part.

A report is an answer where it is about one of our events and names a resource of its client that stands for an
enrolment; else it is kept, and changes nothing here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain.demand_response import PART
from contracts.domain.openadr import ObjectKind, Reader, Reply, enrolment_target, replies
from contracts.models.demand_response import EventPart
from contracts.models.openadr import OpenAdrObject
from contracts.operations import demand_events
from contracts.operations.openadr_bridge import CALLED
from contracts.queries import openadr as queries


class Ambiguous(Refused):
    """A name stands for resources of several VENs of a client, which are all called."""

    code = "ambiguous_resource"


@joins_transaction
def hear_step(
    row: OpenAdrObject, report: Mapping[str, Any], *, reader: Reader, at: datetime, actor: Actor
) -> None:  # fmt: skip
    """
    Do what a report says of our own event; done again, it stays so. What somebody else writes of a client is no answer.

    All parts are locked before the first changes, as others lock a part before they show the event anew.

    :raises Ambiguous: a name stands for several that are called.
    :raises TooLate, IllegalMove: a resource opts out that cannot any more: the report is not kept, so its client knows.
    """
    named = _speak_of_step(row, report)
    event = row.event
    if event is None or event.demand_event_id is None or reader.client_id != row.client_id:
        return
    said = replies(report)
    rows = EventPart.objects.filter(event_id=event.demand_event_id, enrollment_id__in=list(named))
    parts = list(rows.select_for_update().order_by("id"))
    answering = [named[part.enrollment_id] for part in parts if named[part.enrollment_id] in said]
    if len(set(answering)) < len(answering):
        raise Ambiguous("A name stands for resources of several of your VENs; rename them.", field="resources")
    for part in parts:
        reply = said.get(named[part.enrollment_id])
        if reply is Reply.OPTS_OUT:
            demand_events.opt_out_step(part_id=part.id, at=at, actor=actor)
        elif reply is Reply.TAKES_PART and part.acknowledged_at is None and part.state in CALLED:
            part.acknowledged_at = at
            part.save(update_fields=["acknowledged_at"])
            audit.record(actor, "acknowledge", PART, part.id, event_id=part.event_id)


@joins_transaction
def _speak_of_step(row: OpenAdrObject, report: Mapping[str, Any]) -> dict[int, str]:
    """
    Write down of whom a report speaks, whatever event it is on; return the names of resources by their enrolments.

    Of whom it spoke before it was changed it speaks no more.
    """
    names = {one["resourceName"] for one in report["resources"]}
    linked = own_resources(row.client_id).filter(name__in=names).order_by("enrollment_id")
    named = {int(one.enrollment_id): str(one.name) for one in linked}
    row.enrollment_id = next(iter(named), None)
    row.targets = [enrolment_target(one) for one in named]
    return named


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
