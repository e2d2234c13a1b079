"""What binds complaints and other cases; called by ``cis.wiring``."""

from datetime import timedelta

from cis.platform import concealed, events, jobs
from cis.platform.schedules import Every
from complaints.domain.kinds import SUBJECT
from complaints.operations import case_events, inbox
from complaints.queries import sight
from metering.domain.announcements import WorkOrderDone

INBOX_EVERY = timedelta(minutes=2)
"""How often the mailbox is read to which people write."""


def bind() -> None:
    """Bind all; called once when Django is ready."""
    concealed.answer_by(SUBJECT, sight.hidden_ids)
    events.listen(WorkOrderDone, case_events.note_work)
    jobs.register(inbox.WORK, inbox.work, schedule=Every(INBOX_EVERY))
