"""
Our own programmes and events of demand response as programs and events of OpenADR: one way, and again does no harm.

Each looks for itself what should be shown, compares, and writes what differs. An event is seen by the VENs of those who
are called and did not opt out; where nobody is left, it is gone.
"""

from collections.abc import Collection
from datetime import datetime

from cis.kernel.actors import SYSTEM
from cis.platform.db import fetch, joins_transaction
from contracts.domain.demand_response import EventState, PartState
from contracts.domain.openadr import ObjectKind, enrolment_target, event_document, program_document, program_target
from contracts.domain.openadr_text import written
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.models.openadr import OpenAdrObject
from contracts.models.program import Program
from contracts.operations.openadr_rows import bury_step, write_step
from contracts.queries import openadr as queries

COMING = (EventState.ANNOUNCED.value, EventState.RUNNING.value)
CALLED = (PartState.CALLED.value, PartState.TAKING_PART.value)


@joins_transaction
def show_program_step(program: Program, *, at: datetime) -> OpenAdrObject:
    """Show a programme of demand response as a program, once; its terms never change."""
    _wait_for_others()
    row = OpenAdrObject.objects.filter(demand_program=program).first()
    if row is not None:
        return row
    document = program_document(program_id=program.id, code=program.code, name=program.name_en)
    made = OpenAdrObject(kind=ObjectKind.PROGRAM.value, demand_program=program)
    return write_step(made, document, targets=(program_target(program.id),), at=at, actor=SYSTEM)


@joins_transaction
def show_events_step(*, event_ids: Collection[int], at: datetime, leaving: Collection[int] = ()) -> None:
    """
    Show events as they are now to the VENs of who is called; what is over stays as it was shown last.

    Reports on an event that is hidden again stay.

    :param leaving: enrolments whose resource is about to go: it is told of the end of its events while it may know.
    """
    _wait_for_others()
    events = DemandEvent.objects.filter(id__in=list(event_ids)).select_related("program").order_by("id")
    parts = EventPart.objects.filter(event_id__in=list(event_ids), state__in=CALLED)
    called = list(parts.values_list("event_id", "enrollment_id"))
    heard = queries.linked(enrollment_ids={enrollment_id for _event_id, enrollment_id in called}) - set(leaving)
    rows = {row.demand_event_id: row for row in OpenAdrObject.objects.filter(demand_event_id__in=list(event_ids))}
    for event in events:
        targets = tuple(
            sorted(enrolment_target(one) for event_id, one in called if event_id == event.id and one in heard)
        )
        if event.state in COMING and targets:
            _show(event, targets, rows.get(event.id), at)
        elif event.state in (*COMING, EventState.CALLED_OFF):
            _hide(rows.get(event.id), at)


@joins_transaction
def show_enrolments_step(*, enrollment_ids: Collection[int], at: datetime, is_leaving: bool = False) -> None:
    """
    Show the events anew that some enrolments are called for: their resources, or whose they are, changed.

    :param is_leaving: their resources are about to go, see ``show_events_step``.
    """
    _wait_for_others()
    parts = EventPart.objects.filter(
        enrollment_id__in=list(enrollment_ids), state__in=CALLED, event__state__in=COMING
    )  # fmt: skip
    events = list(parts.values_list("event_id", flat=True).distinct())
    if events:
        show_events_step(event_ids=events, at=at, leaving=enrollment_ids if is_leaving else ())


def _show(event: DemandEvent, targets: tuple[str, ...], row: OpenAdrObject | None, at: datetime) -> None:
    program = show_program_step(event.program, at=at)
    document = event_document(
        program_id=program.object_id, event_id=event.id, start_at=event.start_at, end_at=event.end_at,
        limit_w=event.program.limit_w, targets=targets,
    )  # fmt: skip
    if row is not None and row.deleted_at is None and row.document == written(document):
        return
    made = row or OpenAdrObject(kind=ObjectKind.EVENT.value, demand_event=event, program=program)
    write_step(made, document, targets=targets, at=at, actor=SYSTEM)


def _hide(row: OpenAdrObject | None, at: datetime) -> None:
    if row is not None and row.deleted_at is None:
        bury_step(row, at=at, actor=SYSTEM, is_alone=True)


def _wait_for_others() -> None:
    """One after the other, each seeing what the last one did: who is linked while an event is announced misses none."""
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", ["openadr_bridge"])
