"""What is bound for metering: who is asked of the class of a place, and when the head end is asked for values."""

from datetime import timedelta

from cis.platform import jobs
from cis.platform.schedules import Every
from contracts.queries import use_classes
from metering.domain.live_days import CLOSED_EVERY
from metering.operations import head_end_pulls, live_closing
from metering.queries import vee_facts

PULLED_EVERY = timedelta(minutes=1)
"""How often the head end is asked what meters said."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    vee_facts.ask(classes=use_classes.of_places)
    jobs.register(head_end_pulls.WORK, head_end_pulls.work, schedule=Every(PULLED_EVERY))
    jobs.register(live_closing.WORK, live_closing.work, schedule=Every(CLOSED_EVERY))
