"""What binds complaints and other cases; called by ``cis.wiring``."""

from datetime import time, timedelta

from django.conf import settings

from cis.platform import concealed, events, jobs
from cis.platform.schedules import Daily, Every
from complaints.domain import evaluation
from complaints.domain.kinds import SUBJECT
from complaints.operations import case_events, evaluations, inbox, trends
from complaints.queries import sight
from metering.domain.announcements import WorkOrderDone

INBOX_EVERY = timedelta(minutes=2)
"""How often the mailbox is read to which people write."""
LEARN_AT = time(5, 40)
"""When closed cases are chosen that are looked at again, and trends are looked for, before the desk opens."""


def bind() -> None:
    """Bind all; called once when Django is ready."""
    concealed.answer_by(SUBJECT, sight.hidden_ids)
    concealed.answer_by(evaluation.SUBJECT, sight.hidden_ids)
    events.listen(WorkOrderDone, case_events.note_work)
    jobs.register(inbox.WORK, inbox.work, schedule=Every(INBOX_EVERY))
    jobs.register(evaluations.WORK, evaluations.night, schedule=Daily(LEARN_AT, settings.TIME_ZONE))
    jobs.register(trends.WORK, trends.night, schedule=Daily(LEARN_AT, settings.TIME_ZONE))
