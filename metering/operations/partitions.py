"""Monthly partitions of the interval days, made before rows of their month are loaded."""

from collections.abc import Iterable
from datetime import date

from django.db import connection
from django.utils import timezone

from cis.kernel.periods import Period, month_of
from cis.platform import db
from cis.platform.db import joins_transaction

PARENT = "metering_intervalday"
LOCK = 7_265_310
"""Advisory lock that queues those who make partitions."""


@joins_transaction
def ensure(*, months: Iterable[date]) -> int:
    """
    Make the partitions that some dates need; safe while others load, read, or make the same ones.

    There is no default partition: making a month would then have to search it and lock out every reader. A partition
    is attached instead of created in place, which readers and loaders of other months do not notice.

    months  any dates; each needs the partition of its month

    :returns: number of partitions made.
    """
    wanted = {_name(month): month for month in {month_of(day) for day in months}}
    missing = _missing(wanted)
    if not missing:
        return 0
    db.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    missing = _missing(wanted)  # another may have made them while this one waited
    for name in missing:
        _make(name, wanted[name])
    return len(missing)


def months() -> tuple[Period, ...]:
    """Return the months that have a partition, oldest first; one statement."""
    found = db.fetch(
        "SELECT right(c.relname, 6) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass ORDER BY 1",
        [PARENT],
    )
    return tuple(month_of(date(int(text[:4]), int(text[4:]), 1)) for (text,) in found)


@joins_transaction
def detach(month: Period) -> None:
    """
    Let the partition of a month be a table of its own, named so that the month may have another one.

    It waits for all who read or load, and they for it; the caller says how long.
    """
    name = _name(month)
    archived = f"{PARENT}_archived_{month.start:%Y%m}_{timezone.now():%Y%m%d%H%M%S}"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {PARENT} DETACH PARTITION {name}")
        cursor.execute(f"ALTER TABLE {name} RENAME TO {archived}")


def _name(month: Period) -> str:
    return f"{PARENT}_{month.start:%Y%m}"


def _missing(wanted: dict[str, Period]) -> list[str]:
    found = db.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass AND c.relname = ANY(%s)",
        [PARENT, sorted(wanted)],
    )
    return sorted(set(wanted) - {name for (name,) in found})


def _make(name: str, month: Period) -> None:
    # Names are made of a constant and a date, dates are written by isoformat: nothing foreign is in this text.
    bounds = f"FROM ('{month.start.isoformat()}') TO ('{month.end.isoformat()}')"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {PARENT} INCLUDING ALL)")
        cursor.execute(f"ALTER TABLE {PARENT} ATTACH PARTITION {name} FOR VALUES {bounds}")
