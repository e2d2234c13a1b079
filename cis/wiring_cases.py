"""What binds complaints and other cases; called by ``cis.wiring``."""

from cis.platform import concealed, events
from complaints.domain.kinds import SUBJECT
from complaints.operations import case_events
from complaints.queries import sight
from metering.domain.announcements import WorkOrderDone


def bind() -> None:
    """Bind all; called once when Django is ready."""
    concealed.answer_by(SUBJECT, sight.hidden_ids)
    events.listen(WorkOrderDone, case_events.note_work)
