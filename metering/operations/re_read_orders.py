"""Meters that nobody could read for too long are read by a crew of its own: ordered each night, and as rounds close."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog

from accounts.queries import supplier
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.exception_acts import SUBJECT
from metering.domain.routes import TIMES_TOLD
from metering.domain.work_orders import WorkKind
from metering.operations import work_in_bulk
from metering.operations.exceptions import VISIT_DAYS, visit_facts
from metering.operations.work_orders import AT_PLACE
from metering.queries import re_reads
from metering.queries.routes import Line

log = structlog.get_logger(__name__)

WORK = "re_read_orders"
"""Falls due each night."""
NIGHT_MOST = 1_000
"""So many orders a night: more than crews can read."""


def night(at: datetime) -> None:
    """Order a reading for each counter that was estimated for longer than the pack allows, once an exception."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    log.info("re_reads_ordered", orders=order_long_estimated(today=today))


@opens_transaction
def order_long_estimated(*, today: date, actor: Actor = SYSTEM) -> int:
    """Order readings of counters that were estimated for too long; return how many. A constant number of statements."""
    wanting = re_reads.estimated_too_long(most=NIGHT_MOST)
    if not wanting:
        return 0
    made = work_in_bulk.create_step(
        kind=WorkKind.RE_READ, subject=SUBJECT, places={one.exception_id: one.service_point_id for one in wanting},
        facts={
            one.exception_id: visit_facts(serial=one.serial, register=one.register, on=one.fact_date)
            for one in wanting
        },
        due_date=today + timedelta(days=VISIT_DAYS), actor=actor,
    )  # fmt: skip
    return len(made)


@joins_transaction
def order_missed_step(*, lines: Iterable[Line], today: date, actor: Actor) -> int:
    """
    Order readings of counters that were missed in two rounds in a row, one a place, as a step of closing the second.

    A place where such an order is under way gets no other.

    :param lines: of the round that closes, after its misses were noted.
    :returns: how many were ordered.
    """
    missed = {
        one.service_point_id: one
        for one in lines
        if one.reading_wh is None and one.missed_before + 1 >= TIMES_TOLD
    }  # fmt: skip
    for busy in re_reads.busy(service_point_ids=missed) if missed else ():
        del missed[busy]
    if not missed:
        return 0
    made = work_in_bulk.create_step(
        kind=WorkKind.RE_READ, subject=AT_PLACE, places={point: point for point in missed},
        facts={
            point: {"meter": one.serial, "register": one.code, "missed_rounds": one.missed_before + 1}
            for point, one in missed.items()
        },
        due_date=today + timedelta(days=VISIT_DAYS), actor=actor,
    )  # fmt: skip
    return len(made)
