"""What is bound for metering: who is asked, who hears of alarms and usage inspections, what runs when."""

from datetime import time, timedelta

from django.conf import settings

from arrears.operations import usage_disputes
from billing.domain.announcements import BillCancelled
from billing.operations import completeness, late_reads, sales_forecasts
from billing.queries import rated_days
from cis.platform import events, jobs
from cis.platform.schedules import Daily, Every
from complaints.operations import alarm_cases
from contracts.domain.announcements import UsageDisputed, UsageDisputeEnded
from contracts.operations import usage_inspection_steps, usage_inspections
from contracts.queries import peers, use_classes, vacancies
from metering.domain.announcements import (
    AlarmsDecided,
    AnomalySuspected,
    CorrectionEnded,
    WorkOrderCancelled,
    WorkOrderDone,
)
from metering.domain.live_days import CLOSED_EVERY
from metering.operations import (
    anomalies,
    behaviours,
    command_answers,
    forecasts,
    head_end_pulls,
    live_closing,
    network_loads,
    phone_reads,
    re_read_orders,
    retention,
)
from metering.queries import anomaly_loads, behaviour_facts, vee_facts

LATE_READS_AT = time(1, 15)
"""When late reads that cost too little to ask about are decided on, before bills are made."""

COMPLETE_AT = time(3, 20)
"""When it is looked where the energy of every day is, after the bills of the night."""

PULLED_EVERY = timedelta(minutes=1)
"""How often the head end is asked what meters said."""
EXPIRED_EVERY = timedelta(minutes=1)
"""How often commands are ended whose time is over."""
ANOMALIES_AT = time(4, 30)
"""When loads are looked at, after the night has approved what came in."""

FORECAST_AT = time(11, 30)
"""When loads of tomorrow are foretold: with the morning's weather, and before events of tomorrow are announced."""

SALES_AT = time(5, 15)
"""When sales of the months that come are foretold, once a week, after the bills of the night."""
BEHAVIOURS_AT = time(5, 15)
"""When it is told how places used the month that is over, after loads were looked at."""

NETWORK_AT = time(5)
"""When feeders and forecasts of loads are worked out, after the days of transformers."""

RE_READS_AT = time(2, 15)
"""When readings are ordered of counters that were estimated for too long, after usage was approved."""

POSITIONS_AT = time(4, 50)
"""When it is forgotten where phones were that sent reads."""

RETENTION_AT = time(4, 45)
"""When versions of interval days go that are old and hold no more: nobody reads or loads then."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    vee_facts.ask(classes=use_classes.of_places)
    jobs.register(command_answers.EXPIRY, command_answers.expire, schedule=Every(EXPIRED_EVERY))
    events.listen(AlarmsDecided, usage_inspections.note_alarms)
    events.listen(AlarmsDecided, alarm_cases.note_alarms)
    events.listen(AnomalySuspected, usage_inspections.note_anomaly)
    events.listen(WorkOrderDone, usage_inspections.report_step)
    events.listen(WorkOrderCancelled, usage_inspections.release_step)
    events.listen(WorkOrderCancelled, anomalies.release_step)
    events.listen(CorrectionEnded, usage_inspection_steps.correction_ended_step)
    events.listen(UsageDisputed, usage_disputes.hold_step)
    events.listen(UsageDisputeEnded, usage_disputes.end_step)
    events.listen(BillCancelled, usage_disputes.move_step)
    anomaly_loads.ask(vacancies=vacancies.of_places)
    jobs.register(anomalies.WORK, anomalies.night, schedule=Daily(ANOMALIES_AT, settings.TIME_ZONE))
    jobs.register(forecasts.WORK, forecasts.morning, schedule=Daily(FORECAST_AT, settings.TIME_ZONE))
    jobs.register(sales_forecasts.WORK, sales_forecasts.night, schedule=Daily(SALES_AT, settings.TIME_ZONE))
    behaviour_facts.ask(peers=peers.of_places)
    jobs.register(behaviours.WORK, behaviours.night, schedule=Daily(BEHAVIOURS_AT, settings.TIME_ZONE))
    jobs.register(network_loads.WORK, network_loads.night, schedule=Daily(NETWORK_AT, settings.TIME_ZONE))
    jobs.register(head_end_pulls.WORK, head_end_pulls.work, schedule=Every(PULLED_EVERY))
    jobs.register(live_closing.WORK, live_closing.work, schedule=Every(CLOSED_EVERY))
    jobs.register(re_read_orders.WORK, re_read_orders.night, schedule=Daily(RE_READS_AT, settings.TIME_ZONE))
    jobs.register(completeness.WORK, completeness.night, schedule=Daily(COMPLETE_AT, settings.TIME_ZONE))
    jobs.register(late_reads.WORK, late_reads.night, schedule=Daily(LATE_READS_AT, settings.TIME_ZONE))
    retention.ask(rated_days)
    jobs.register(retention.WORK, retention.night, schedule=Daily(RETENTION_AT, settings.TIME_ZONE))
    jobs.register(phone_reads.WORK, phone_reads.night, schedule=Daily(POSITIONS_AT, settings.TIME_ZONE))
