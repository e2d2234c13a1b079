"""What is bound for demand response: its clock, its meters' answers, its settling, and the points that it earns."""

from datetime import time, timedelta

from django.conf import settings

from accounts.operations import points
from billing.operations import demand_credits
from cis.platform import events, jobs, outbox
from cis.platform.schedules import Daily, Every
from contracts.operations import demand_dispatch, openadr_callbacks
from contracts.queries import demand_points
from metering.domain.announcements import DeviceCommandDone

EVENTS_EVERY = timedelta(minutes=1)
"""How often it is looked which events begin or end."""

SETTLED_AT = time(5, 0)
"""When events are settled, after the files of the night and before points are earned."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    jobs.register(demand_dispatch.WORK, demand_dispatch.work, schedule=Every(EVENTS_EVERY))
    jobs.register(demand_credits.WORK, demand_credits.night, schedule=Daily(SETTLED_AT, settings.TIME_ZONE))
    events.listen(DeviceCommandDone, demand_dispatch.note_command)
    outbox.send_by(openadr_callbacks.SEND, openadr_callbacks.send)
    points.earn_by("demand_event", earned=demand_points.earned, stands=demand_points.settled_yet)
