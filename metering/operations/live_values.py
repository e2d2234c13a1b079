"""Values of days that are not over yet, as head ends send them: one row a register and day, however often they come."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.day_merging import ClockDays
from metering.domain.intervals import NO_VALUE, Flags
from metering.domain.live_days import LiveValues, merged, nothing

LOCK = 7_265_312
"""Advisory lock: values of head ends are kept one batch after the other, so that none of two is lost."""
DAY_MINUTES = 24 * 60


@joins_transaction
def lock() -> None:
    """Keep others from writing values of days that are not over, until the use case ends."""
    db.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@joins_transaction
def keep_step(laid: ClockDays, *, written: Int64, heard_at: datetime) -> int:
    """
    Keep values of days, each where it was written later than what is held; the caller holds the lock. Two statements.

    A day in another interval length takes the place of the held one, if it was written later than all of that.

    :param written: (d, s) when each value was written [microseconds since 1970 UTC].
    :returns: how many days say something new.
    """
    slots = laid.values.shape[1]
    given = LiveValues(
        values=laid.values, quality=laid.quality, written=np.where(laid.quality == NO_VALUE, _NEVER, written)
    )
    held, waiting, is_known_longer = _held(laid, given, slots)
    known, is_new = merged(held=held, given=given)
    is_new &= ~is_known_longer
    is_later = (known.written != held.written).any(axis=1)  # the same, said again: it holds against what is older
    rows = np.flatnonzero((is_new | is_later) & ~is_known_longer)
    if len(rows):
        waiting |= (known.values != held.values) | (known.quality != held.quality)
        letters = [row.astype(np.uint8).tobytes() for row in waiting[rows]]
        new = {"new": is_new[rows].tolist(), "waiting": letters, "at": heard_at}
        db.execute(_KEEP, {**_columns(laid.take(rows), known.take(rows), slots), **new})
    return int(is_new.sum())


_NEVER = nothing(days=1, slots=1).written[0, 0]


def _held(laid: ClockDays, given: LiveValues, slots: int) -> tuple[LiveValues, Flags, Flags]:
    """
    Return what is held of days, which of it is not handed over yet, (d, s), and of which days something later is held.

    The last are days in another interval length, (d,).
    """
    held = nothing(days=len(laid), slots=slots)
    waiting = np.zeros((len(laid), slots), dtype=np.bool_)
    is_longer = np.zeros(len(laid), dtype=np.bool_)
    place = {name: at for at, name in enumerate(zip(laid.register_id.tolist(), laid.day.tolist(), strict=True))}
    found = db.fetch(_HELD, {"registers": laid.register_id.tolist(), "days": laid.day.tolist()})
    for register_id, day, minutes, values, quality, written, not_closed in found:
        at, when = place[register_id, day], np.frombuffer(written, dtype="<i8")
        if minutes * slots == DAY_MINUTES:
            held.values[at] = np.frombuffer(values, dtype="<i8")
            held.quality[at] = np.frombuffer(quality.encode("ascii"), dtype=np.uint8)
            held.written[at] = when
            waiting[at] = np.frombuffer(not_closed, dtype=np.uint8) != 0
        else:
            is_longer[at] = when.max() >= given.written[at].max()
    return held, waiting, is_longer


def _columns(laid: ClockDays, known: LiveValues, slots: int) -> dict[str, Sequence[object]]:
    return {
        "registers": laid.register_id.tolist(),
        "days": laid.day.tolist(),
        "starts": laid.start_us.tolist(),
        "minutes": [DAY_MINUTES // slots] * len(laid),
        "values": [row.astype("<i8").tobytes() for row in known.values],
        "quality": [row.tobytes().decode("ascii") for row in known.quality],
        "written": [row.astype("<i8").tobytes() for row in known.written],
        "filled": (known.quality != NO_VALUE).sum(axis=1).tolist(),
    }


_HELD = """
SELECT l.register_id, l.day_date - DATE '1970-01-01', l.interval_minutes, l.values, l.quality, l.written,
       l.waiting
FROM unnest(%(registers)s::bigint[], %(days)s::int[]) AS n (register, day)
JOIN metering_liveday l ON l.register_id = n.register AND l.day_date = DATE '1970-01-01' + n.day
"""
_KEEP = """
INSERT INTO metering_liveday AS l
       (register_id, day_date, start_at, interval_minutes, values, quality, written, waiting, filled, is_waiting,
        heard_at)
SELECT n.register, DATE '1970-01-01' + n.day, TIMESTAMPTZ 'epoch' + n.start * interval '1 microsecond',
       n.minutes, n.values, n.quality, n.written, n.waiting, n.filled, n.is_new, %(at)s
FROM unnest(%(registers)s::bigint[], %(days)s::int[], %(starts)s::bigint[], %(minutes)s::smallint[],
            %(values)s::bytea[], %(quality)s::text[], %(written)s::bytea[], %(waiting)s::bytea[],
            %(filled)s::smallint[], %(new)s::bool[])
     AS n (register, day, start, minutes, values, quality, written, waiting, filled, is_new)
ON CONFLICT (register_id, day_date) DO UPDATE SET
    interval_minutes = EXCLUDED.interval_minutes, values = EXCLUDED.values, quality = EXCLUDED.quality,
    written = EXCLUDED.written, waiting = EXCLUDED.waiting, filled = EXCLUDED.filled,
    is_waiting = l.is_waiting OR EXCLUDED.is_waiting,
    heard_at = CASE WHEN EXCLUDED.is_waiting THEN EXCLUDED.heard_at ELSE l.heard_at END
"""
