"""
What came in becomes approved usage: after a file, with a single read, and at night what was left.

All of it may be repeated: what is approved already is unchanged. So a worker that dies between an import and its
approval does no harm: the same file again, or the night, approves it.
"""

from collections.abc import Iterable
from datetime import date, datetime

import structlog
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.periods import add_months, month_of
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.models.read import ReadFile
from metering.operations import usage
from metering.operations.usage import Approved
from metering.operations.usage_rows import UsageFinding, is_due
from metering.queries import arrivals as queries
from metering.queries import files

log = structlog.get_logger(__name__)

WORK = "usage_arrivals"
"""Falls due each night."""


def approve_file(*, read_file_id: int, today: date, actor: Actor = SYSTEM) -> Approved:
    """
    Approve the usage of exactly the service points and dates that an imported file brought.

    Several use cases, one for each thousand service points, so that others wait for none of them long; the file is
    marked last, and only if nothing was imported into it meanwhile.

    :param today: local date; what is not due yet is not said to be missing.
    :returns: what came of it; findings are those that are due.
    :raises UnknownReadFile: there is none.
    """
    card = files.one(read_file_id=read_file_id)
    zone_name = supplier.current().time_zone
    result = Approved()
    for touched in queries.of_file(read_file_id=read_file_id, zone_name=zone_name, today=today):
        for first in range(0, len(touched.service_point_ids), usage.CHUNK):
            part = usage.approve(
                start_date=touched.start_date,
                end_date=touched.end_date,
                service_point_ids=touched.service_point_ids[first : first + usage.CHUNK],
            )
            _add(result, part, today)
    _mark(read_file_id, counts=(card.reads, card.interval_days), result=result, actor=actor)
    return result


@joins_transaction
def approve_read(*, register_id: int, read_date: date, today: date, others: Iterable[date] = ()) -> Approved:
    """
    Approve the usage from the read before to the read after one counter value, as a step of what keeps it.

    :param others: dates of further values of the register that changed with it.
    :returns: what came of it; findings are those of its register that are due.
    """
    result = Approved()
    days = read_date, *others
    for touched in queries.of_reads(register_id=register_id, first_date=min(days), last_date=max(days)):
        part = usage.approve_step(
            start_date=touched.start_date, end_date=touched.end_date, service_point_ids=touched.service_point_ids
        )
        _add(result, part, today)
    result.findings = [finding for finding in result.findings if finding.register_id == register_id]
    return result


def night(at: datetime) -> None:
    """
    Approve what was left: files whose worker died, and last month's usage where there is none at all.

    The latter finds what no file brings anew, as the end of a meter that was told of late.
    """
    today = local_clock(supplier.current().time_zone).local_date(at)
    for read_file_id in queries.waiting_files():
        approve_file(read_file_id=read_file_id, today=today)
    month = month_of(add_months(month_of(today).start, -1))
    result = Approved()
    points = queries.without_usage(period=month)
    for first in range(0, len(points), usage.CHUNK):
        chunk = points[first : first + usage.CHUNK]
        _add(result, usage.approve(start_date=month.start, end_date=month.end, service_point_ids=chunk), today)
    log.info("usage_approved", month=str(month.start), approved=result.approved, findings=len(result.findings))


def due(findings: Iterable[UsageFinding], *, today: date) -> list[UsageFinding]:
    """Return the findings of what should be there by now."""
    return [finding for finding in findings if is_due(finding, today=today)]


def _add(result: Approved, part: Approved, today: date) -> None:
    result.approved += part.approved
    result.unchanged += part.unchanged
    result.superseded += part.superseded
    result.findings += due(part.findings, today=today)


@opens_transaction
def _mark(read_file_id: int, *, counts: tuple[int, int], result: Approved, actor: Actor) -> None:
    """Note that a file is dealt with; a second import that committed meanwhile has raised its counts."""
    reads, interval_days = counts
    rows = ReadFile.objects.filter(id=read_file_id, reads=reads, interval_days=interval_days)
    if rows.filter(usage_approved_at=None).update(usage_approved_at=timezone.now()) or result.approved:
        audit.record(
            actor, "approve_usage", "read_file", read_file_id,
            approved=result.approved, superseded=result.superseded, findings=len(result.findings),
        )  # fmt: skip
