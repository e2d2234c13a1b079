"""What is bound for outages: who is asked of people, who hears of crews, what runs when."""

from datetime import timedelta

from accounts.domain.announcements import MailingDecided
from arrears.queries import dark_supplies
from cis.platform import events, jobs, outbox
from cis.platform.schedules import Every
from metering.domain.announcements import WorkOrderCancelled, WorkOrderDone, WorkOrderStarted
from metering.operations import outage_repairs, outage_telling, planned_outages
from metering.queries import outage_places

PLANS_EVERY = timedelta(minutes=5)
"""How often planned outages are looked through for those whose time has come."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    outage_places.ask(people=dark_supplies.people, flags=dark_supplies.flags, cut_off=dark_supplies.cut_off)
    events.listen(WorkOrderStarted, outage_repairs.note_arrival)
    events.listen(WorkOrderDone, outage_repairs.note_done)
    events.listen(WorkOrderCancelled, outage_repairs.note_dropped)
    events.listen(MailingDecided, planned_outages.note_mailing)
    outbox.send_by(outage_telling.TELL, outage_telling.tell)
    jobs.register(planned_outages.WORK, planned_outages.work, schedule=Every(PLANS_EVERY))
