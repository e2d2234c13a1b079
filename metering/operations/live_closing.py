"""
Days that are over become interval days, and what head ends brought becomes usage.

A day is closed when it has all its values, or when nothing came for a while; so it is one version and not one a push.
What comes later is another version, as of any delivery, of those slots alone: the others keep what is held. All of it
may be repeated.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import structlog

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.platform import db
from cis.platform.db import opens_transaction
from metering.domain.day_merging import ClockDays
from metering.domain.formats.batches import Format
from metering.domain.formats.faults import Rejection
from metering.domain.intervals import NO_VALUE
from metering.domain.live_days import KEPT, QUIET
from metering.domain.reads import ADVICE, ReadFault
from metering.models.live import LiveDay
from metering.models.read import ReadFile
from metering.operations import arrivals, head_end_files, live_values, resolver
from metering.operations.interval_days import Store, Stored
from metering.operations.reads import LOCK
from metering.operations.run_days import resolved

WORK = "live_days"
CHUNK = 2_000
_DAY = timedelta(days=1)
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:
    """Close the days that are over, forget those that are long closed, and approve the usage of what came in."""
    closed = 0
    while done := _close_some(at):
        closed += done
    _forget(at)
    today = local_clock(supplier.current().time_zone).local_date(at)
    for read_file_id in _waiting():
        arrivals.approve_file(read_file_id=read_file_id, today=today)
    if closed:
        log.info("live_days_closed", days=closed)


@opens_transaction
def _close_some(at: datetime) -> int:
    """Make interval days of some live days; return of how many. A constant number of statements an interval length."""
    db.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    live_values.lock()
    found = db.fetch(_DUE, {"over": at - _DAY, "quiet": at - QUIET, "most": CHUNK})
    if not found:
        return 0
    resolver.lock(row[0] for row in found)
    file = head_end_files.file_of_closing(at=at)
    store = Store(read_file_id=file.id, is_first=False)
    refused: set[tuple[int, int]] = set()
    for minutes in sorted({row[3] for row in found}):
        rows = [row for row in found if row[3] == minutes]
        refused |= {(rows[place][0], rows[place][1]) for place in _store(store, file, rows, at)}
    days = {"registers": [row[0] for row in found], "days": [row[1] for row in found]}
    db.execute(_CLOSED, {**days, "refused": [(row[0], row[1]) in refused for row in found]})
    head_end_files.forget_empty_step(file)
    return len(found)


def _store(store: Store, file: ReadFile, rows: Sequence[Any], at: datetime) -> list[int]:
    """Hand days of one interval length over; return the places of those that are not taken."""
    laid = _laid(rows)
    names = np.arange(len(rows), dtype=np.int64)
    given, too_large = resolved(laid, line=names)
    stored = store.add(given)
    head_end_files.count_step(file, days=stored.days, values=stored.values, unchanged=stored.unchanged)
    refused = _refused(rows, stored, too_large.tolist())
    if refused:
        head_end_files.refuse_step(head_end_files.file_of_hour(at=at), refused)
    return [one.line for one in refused]


def _laid(rows: Sequence[Any]) -> ClockDays:
    """Return what is new of days since they were handed over last; the other slots say nothing."""
    is_new = np.array([np.frombuffer(row[8], dtype=np.uint8) for row in rows]) != 0
    quality = np.array([np.frombuffer(row[5].encode("ascii"), dtype=np.uint8) for row in rows])
    quality = np.where(is_new, quality, np.uint8(NO_VALUE))
    values = np.array([np.frombuffer(row[4], dtype="<i8") for row in rows], dtype=np.int64)
    return ClockDays(
        register_id=np.array([row[0] for row in rows], dtype=np.int64),
        day=np.array([row[1] for row in rows], dtype=np.int64),
        start_us=np.array([row[2] for row in rows], dtype=np.int64),
        run=np.arange(len(rows), dtype=np.int64),
        given=(quality != NO_VALUE).sum(axis=1, dtype=np.int64),
        values=np.where(is_new, values, 0),
        quality=quality,
    )


def _refused(rows: Sequence[Any], stored: Stored, too_large: Sequence[int]) -> list[Rejection]:
    """Return the days that are not taken, as the list of files shows them; lines are places in rows."""
    wrong = [*stored.rejected, *((row, ReadFault.TOO_LARGE) for row in too_large)]
    found = []
    for row, fault in wrong:
        day = np.datetime64(rows[row][1], "D")
        message = f"The values of {day} are not taken."
        found.append(Rejection(row, str(fault), message, ADVICE[fault], f"{rows[row][6]},{rows[row][7]},{day}"))
    return found


@opens_transaction
def _forget(at: datetime) -> None:
    LiveDay.objects.filter(is_waiting=False, start_at__lt=at - KEPT).delete()


def _waiting() -> list[int]:
    files = ReadFile.objects.filter(format=Format.HEAD_END.value, usage_approved_at=None)
    return list(files.order_by("id").values_list("id", flat=True))


_DUE = """
SELECT l.register_id, l.day_date - DATE '1970-01-01', (extract(epoch FROM l.start_at) * 1000000)::bigint,
       l.interval_minutes, l.values, l.quality, m.serial, r.code, l.waiting
FROM metering_liveday l
JOIN metering_register r ON r.id = l.register_id
JOIN metering_meter m ON m.id = r.meter_id
WHERE l.is_waiting AND l.start_at <= %(over)s
  AND (l.filled * l.interval_minutes = 1440 OR l.heard_at <= %(quiet)s)
ORDER BY l.register_id, l.day_date LIMIT %(most)s
"""
_CLOSED = """
UPDATE metering_liveday l
SET is_waiting = false,
    waiting = CASE WHEN n.refused THEN l.waiting ELSE decode(repeat('00', length(l.waiting)), 'hex') END
FROM unnest(%(registers)s::bigint[], %(days)s::int[], %(refused)s::bool[]) AS n (register, day, refused)
WHERE l.register_id = n.register AND l.day_date = DATE '1970-01-01' + n.day
"""
