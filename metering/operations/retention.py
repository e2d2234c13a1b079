"""
How long interval days are kept: versions that hold no more are thinned, and whole months leave the table after years.

What a bill that stands was rated by stays, so its proof can be written at any time; so do all versions of days that
were corrected. The rule ``interval_retention`` of the pack says how long; billing says what bills name (``ask``).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import structlog
from django.db import OperationalError, connection
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.periods import Period, add_months
from cis.platform import audit, db, packs
from cis.platform.db import opens_transaction
from metering.domain.retention import Bills, Superseded, Thinned
from metering.operations import partitions
from metering.operations.interval_days import TABLE

WORK = "interval_retention"
RULE = "interval_retention"
SUBJECT = "interval_days"
CHUNK = 1_000
NIGHTLY_MONTHS = 2
"""The night looks at the months that grew old last; the command looks at all."""
LOCK_SECONDS = 5
log = structlog.get_logger(__name__)


_bills: list[Bills] = []


def ask(bills: Bills) -> None:
    """Bind who says what bills name; for ``cis.wiring``. While nobody is bound nothing goes."""
    _bills[:] = [bills]


def night(at: datetime) -> None:
    """Thin the months that grew old last, and detach those that are older than the rule keeps."""
    found = run(today=timezone.localdate(at), actor=SYSTEM, months_most=NIGHTLY_MONTHS)
    if found.versions or found.months:
        log.info("interval_days_thinned", versions=found.versions, months=[str(month) for month in found.months])


def run(*, today: date, actor: Actor, is_dry: bool = False, months_most: int | None = None) -> Thinned:
    """
    Thin superseded versions and detach old months, as the pack in force says; it may be repeated.

    Versions go in chunks, each a use case of its own with three statements; a month is a use case.

    :param is_dry: only say what would go.
    :param months_most: look for versions in so many months only, those that grew old last; None: in all.
    """
    if not _bills:
        return Thinned(versions=0, named=0, months=(), resting=())
    rule = packs.rule(RULE, at=today)
    versions, named = _thin_all(rule["superseded_months"], today, months_most, actor=actor, is_dry=is_dry)
    months, resting = _detach_all(rule["whole_years"], today, actor=actor, is_dry=is_dry)
    return Thinned(versions=versions, named=named, months=months, resting=resting)


def _thin_all(kept_months: int, today: date, most: int | None, *, actor: Actor, is_dry: bool) -> tuple[int, int]:
    """Thin versions of all months that are old, or of the last ones; 0 months: none."""
    until = add_months(today, -kept_months)
    old = [month for month in partitions.months() if month.end <= until] if kept_months else []
    versions = named = 0
    for month in old if most is None else old[-most:]:
        gone, stays = _thin(month, came_before=_back(today, kept_months), actor=actor, is_dry=is_dry)
        versions, named = versions + gone, named + stays
    return versions, named


def _detach_all(years: int, today: date, *, actor: Actor, is_dry: bool) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Detach the months that are older than so many years; return those that go and those that stay. 0 years: none."""
    gone: list[date] = []
    resting: list[date] = []
    for month in partitions.months() if years else ():
        if month.end <= add_months(today, -12 * years):
            rests = _bills[0].rests_on(month, since=_back(today, 12 * years))
            is_gone = not rests and (is_dry or _detach(month, actor=actor))
            (gone if is_gone else resting).append(month.start)
    return tuple(gone), tuple(resting)


def _back(today: date, months: int) -> datetime:
    day = add_months(today, -months)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())


def _thin(month: Period, *, came_before: datetime, actor: Actor, is_dry: bool) -> tuple[int, int]:
    """Thin the versions of a month; return how many went, and how many stay because a bill names them."""
    after: tuple[int, date, int] = (0, date.min, 0)
    gone = stays = 0
    while True:
        found = _superseded(month, came_before, after)
        if not found:
            return gone, stays
        named = _bills[0].named(found)
        free = [one for place, one in enumerate(found) if place not in named]
        if free and not is_dry:
            _delete(free, month, actor)
        gone, stays = gone + len(free), stays + len(named)
        after = (found[-1].register_id, found[-1].day_date, found[-1].version)


def _superseded(month: Period, came_before: datetime, after: tuple[int, date, int]) -> list[Superseded]:
    """Return some superseded versions of a month in the order of their key; one statement."""
    given = {
        "start": month.start, "end": month.end, "before": came_before, "most": CHUNK, "register": after[0],
        "day": after[1], "version": after[2],
    }  # fmt: skip
    return [
        Superseded(register_id=row[0], day_date=row[1], version=row[2], known_from=row[3], known_until=row[4])
        for row in db.fetch(_SUPERSEDED, given)
    ]


@opens_transaction
def _delete(versions: Sequence[Superseded], month: Period, actor: Actor) -> None:
    given: dict[str, Any] = {
        "registers": [one.register_id for one in versions], "days": [one.day_date for one in versions],
        "versions": [one.version for one in versions],
    }  # fmt: skip
    db.execute(_DELETE, given)
    audit.record(actor, "thin", SUBJECT, None, month=month.start, versions=len(versions))


@opens_transaction
def _detach(month: Period, *, actor: Actor) -> bool:
    """
    Let the table of a month be one of its own; nothing is deleted, and it may be attached again.

    Whoever reads or loads goes first: where they are not done soon, it is tried another night.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    try:
        partitions.detach(month)
    except OperationalError as error:
        log.warning("month_not_detached", month=str(month.start), error=str(error))
        connection.set_rollback(True)
        return False
    audit.record(actor, "detach", SUBJECT, None, month=month.start)
    return True


_SUPERSEDED = f"""
SELECT d.register_id, d.day_date, d.version, f.imported_at, g.imported_at
FROM {TABLE} d
JOIN LATERAL (
    SELECT n.read_file_id FROM {TABLE} n
    WHERE n.register_id = d.register_id AND n.day_date = d.day_date AND n.version > d.version
    ORDER BY n.version LIMIT 1) n ON true
LEFT JOIN metering_readfile f ON f.id = d.read_file_id
LEFT JOIN metering_readfile g ON g.id = n.read_file_id
WHERE d.day_date >= %(start)s AND d.day_date < %(end)s
  AND (d.register_id, d.day_date, d.version) > (%(register)s, %(day)s, %(version)s)
  AND coalesce(g.imported_at, '-infinity') < %(before)s
  AND NOT EXISTS (
      SELECT FROM {TABLE} c
      WHERE c.register_id = d.register_id AND c.day_date = d.day_date AND c.correction_id IS NOT NULL)
ORDER BY d.register_id, d.day_date, d.version LIMIT %(most)s
"""  # noqa: S608 (a constant)
_DELETE = f"""
DELETE FROM {TABLE} d
USING unnest(%(registers)s::bigint[], %(days)s::date[], %(versions)s::int[]) AS n (register_id, day_date, version)
WHERE d.register_id = n.register_id AND d.day_date = n.day_date AND d.version = n.version
  AND EXISTS (
      SELECT FROM {TABLE} m
      WHERE m.register_id = d.register_id AND m.day_date = d.day_date AND m.version > d.version)
"""  # noqa: S608 (a constant)
