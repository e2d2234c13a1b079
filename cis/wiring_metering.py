"""What is bound for metering: who is asked of the class of a place, what runs at night, when head ends are asked."""

from datetime import time, timedelta

from django.conf import settings

from cis.platform import jobs
from cis.platform.schedules import Daily, Every
from contracts.queries import use_classes, vacancies
from metering.domain.live_days import CLOSED_EVERY
from metering.operations import anomalies, head_end_pulls, live_closing, re_read_orders
from metering.queries import anomaly_loads, vee_facts

PULLED_EVERY = timedelta(minutes=1)
"""How often the head end is asked what meters said."""
ANOMALIES_AT = time(4, 30)
"""When loads are looked at, after the night has approved what came in."""

RE_READS_AT = time(2, 15)
"""When readings are ordered of counters that were estimated for too long, after usage was approved."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    vee_facts.ask(classes=use_classes.of_places)
    anomaly_loads.ask(vacancies=vacancies.of_places)
    jobs.register(anomalies.WORK, anomalies.night, schedule=Daily(ANOMALIES_AT, settings.TIME_ZONE))
    jobs.register(head_end_pulls.WORK, head_end_pulls.work, schedule=Every(PULLED_EVERY))
    jobs.register(live_closing.WORK, live_closing.work, schedule=Every(CLOSED_EVERY))
    jobs.register(re_read_orders.WORK, re_read_orders.night, schedule=Daily(RE_READS_AT, settings.TIME_ZONE))
