"""Interval days that hold, as columns."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain.intervals import IntervalColumns, unpack

_HEAD = np.dtype([("register_id", ">i8"), ("day", ">i4"), ("exponent", ">i2"), ("start_us", ">i8")])
_EPOCH_DAY = date(2000, 1, 1).toordinal()  # from which PostgreSQL counts
_EPOCH_US = (_EPOCH_DAY - date(1970, 1, 1).toordinal()) * 86_400_000_000


def days(*, register_ids: Sequence[int] | np.ndarray, start_date: date, end_date: date) -> tuple[IntervalColumns, ...]:
    """
    Return the interval days of some registers with a metering-clock date in [start_date, end_date).

    The version that holds of each day, grouped by interval length, and by whether quality is stated for each value;
    in each group in the order of register and day. One statement for any number of registers.

    A local day reaches into two days of the metering clock: who needs whole local days asks for one day more at both
    ends (see ``metering.domain.intervals.sum_spans``).

    :raises ValuesTooLarge: see ``metering.domain.intervals.unpack``.
    """
    wanted = np.asarray(register_ids, dtype=np.int64).tolist()
    groups = db.fetch_binary(_DAYS, {"registers": wanted, "start": start_date, "end": end_date})
    heads = [np.frombuffer(head, dtype=_HEAD) for _, _, head, _, _ in groups]
    finest = min((int(head["exponent"].min()) for head in heads), default=0)
    return tuple(
        _block(minutes, is_uniform=is_uniform, head=head, values=values, quality=quality, to_exponent=min(finest, 0))
        for (minutes, is_uniform, _, values, quality), head in zip(groups, heads, strict=True)
    )


def redelivered(*, register_ids: Sequence[int] | np.ndarray, start_date: date, end_date: date) -> tuple[Int64, Int64]:
    """
    Return register and metering-clock date of each further version of an interval day in [start_date, end_date).

    (register ids, ``date.toordinal``), a row for each version after the first; one statement, out of the key alone.
    """
    wanted = np.asarray(register_ids, dtype=np.int64).tolist()
    registers, days = db.read_columns(
        _REDELIVERED, {"registers": wanted, "start": start_date, "end": end_date}, columns=2
    )
    return registers, days


def _block(
    minutes: int, *, is_uniform: bool, head: np.ndarray, values: bytes, quality: str, to_exponent: int
) -> IntervalColumns:
    slots = 24 * 60 // minutes
    order = np.lexsort((head["day"], head["register_id"]))
    head = head[order]
    letters = np.frombuffer(quality.encode("ascii"), dtype=np.uint8).reshape(-1, 1 if is_uniform else slots)
    return IntervalColumns(
        interval_minutes=minutes,
        exponent=to_exponent,
        register_id=head["register_id"].astype(np.int64),
        day=head["day"].astype(np.int64) + _EPOCH_DAY,
        start_us=head["start_us"].astype(np.int64) + _EPOCH_US,
        values=unpack(
            packed=np.frombuffer(values, dtype="<i4").reshape(-1, slots)[order],
            exponent=head["exponent"].astype(np.int64),
            to_exponent=to_exponent,
        ),
        quality=letters[order],
    )


_REDELIVERED = """
SELECT n.register_id, (n.day_date - DATE '0001-01-01' + 1)::bigint
FROM (
    SELECT register_id, day_date, max(version) AS version FROM metering_intervalday
    WHERE register_id = ANY(%(registers)s) AND day_date >= %(start)s AND day_date < %(end)s AND version > 1
    GROUP BY register_id, day_date
) n CROSS JOIN generate_series(2, n.version)
"""
# Rows travel packed: one row of the answer for each group, as four long values. The order is that of the key from its
# end, by which the newest version of a day comes first without a sort; the days are put into order when unpacked.
_DAYS = """
WITH held AS (
    SELECT DISTINCT ON (register_id, day_date) *
    FROM metering_intervalday
    WHERE register_id = ANY(%(registers)s) AND day_date >= %(start)s AND day_date < %(end)s
    ORDER BY register_id DESC, day_date DESC, version DESC
)
SELECT interval_minutes, length(quality) = 1,
       string_agg(int8send(register_id) || date_send(day_date) || int2send(exponent) || timestamptz_send(start_at), ''),
       string_agg(values, ''), string_agg(quality, '')
FROM held
GROUP BY interval_minutes, length(quality) = 1
ORDER BY interval_minutes, length(quality) = 1
"""
