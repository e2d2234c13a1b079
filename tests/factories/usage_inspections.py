"""Usage inspections: suspected, ordered, visited."""

from django.utils import timezone

from contracts.domain.usage_inspection import Source, Suspicion
from contracts.operations import usage_inspections
from metering.operations import work_answers, work_orders
from tests.factories import work

ANSWERS = {
    "usage_people": "yes", "usage_seals": "A100, A101", "usage_seals_whole": "no", "usage_found": "theft",
    "usage_power_kw": "1.000",
}  # fmt: skip


def suspected(point, *, source: Source = Source.CREW, words: str = "seal broken", **more: str) -> int:
    """An inspection of a place; return its id."""
    new = Suspicion(service_point_id=point.id, source=source, words=words, **more)
    return usage_inspections.suspect(new=new, actor=work.DESK)


def visit(work_order_id: int, *, outcome: str = "defects", **other: str) -> None:
    """Let a crew look: photo, answers, end."""
    crew = work.crew()
    worker, today = work.actor_of(crew), timezone.localdate()
    work_orders.assign(work_order_ids=[work_order_id], crew_id=crew.id, planned_date=today, actor=work.DESK)
    work_orders.start(work_order_id=work_order_id, actor=worker)
    work_answers.add_photo(work_order_id=work_order_id, item="usage_photo_meter", source=work.photo(), actor=worker)
    work_orders.finish(
        work_order_id=work_order_id, outcome=outcome, answers={**ANSWERS, **other}, note="", actor=worker
    )


def visited(point, *, outcome: str = "defects", **other: str) -> int:
    """An inspection whose crew was there; return its id."""
    inspection_id = suspected(point)
    order_id = usage_inspections.order(inspection_id=inspection_id, due_date=timezone.localdate(), actor=work.DESK)
    visit(order_id, outcome=outcome, **other)
    return inspection_id
