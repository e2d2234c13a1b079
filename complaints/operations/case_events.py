"""What crews that were sent for a case bring back: a finding of the case."""

from django.utils import timezone

from cis.platform.db import joins_transaction
from complaints.domain.kinds import Evidence
from complaints.models.work import CaseDeed, Finding
from metering.domain.announcements import WorkOrderDone


@joins_transaction
def note_work(done: WorkOrderDone) -> None:
    """Keep that ordered work was done as a finding of its case; its answers are on the page of the order."""
    deed = CaseDeed.objects.filter(work_order_id=done.work_order_id).first()
    if deed is None:
        return
    Finding.objects.create(
        case_id=deed.case_id, at=timezone.now(), text=f"{done.kind}: {done.outcome}", evidence=Evidence.VISIT.value,
        shown_by=f"#{done.work_order_id}", actor_id=done.actor.id, actor_name=done.actor.name[:150],
    )  # fmt: skip
