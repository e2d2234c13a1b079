"""Interval days that hold, as columns."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain.intervals import IntervalColumns, unpack

_HEAD = np.dtype([("register_id", ">i8"), ("day", ">i4"), ("exponent", ">i4"), ("start_us", ">i8")])


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
    groups = db.fetch(_DAYS, {"registers": wanted, "start": start_date, "end": end_date})
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
    letters = np.frombuffer(quality.encode("ascii"), dtype=np.uint8)
    return IntervalColumns(
        interval_minutes=minutes,
        exponent=to_exponent,
        register_id=head["register_id"].astype(np.int64),
        day=head["day"].astype(np.int64),
        start_us=head["start_us"].astype(np.int64),
        values=unpack(packed=values, slots=slots, exponent=head["exponent"].astype(np.int64), to_exponent=to_exponent),
        quality=letters.reshape(-1, 1 if is_uniform else slots),
    )


_REDELIVERED = """
SELECT register_id, (day_date - DATE '0001-01-01' + 1)::bigint FROM metering_intervalday
WHERE register_id = ANY(%(registers)s) AND day_date >= %(start)s AND day_date < %(end)s AND version > 1
"""
# Rows travel packed: one row of the answer for each group, as four long values.
_DAYS = """
WITH held AS (
    SELECT DISTINCT ON (register_id, day_date) *
    FROM metering_intervalday
    WHERE register_id = ANY(%(registers)s) AND day_date >= %(start)s AND day_date < %(end)s
    ORDER BY register_id, day_date, version DESC
)
SELECT interval_minutes, length(quality) = 1,
       string_agg(int8send(register_id) || int4send(day_date - DATE '0001-01-01' + 1) || int4send(exponent)
                  || int8send((extract(epoch FROM start_at) * 1000000)::bigint), ''
                  ORDER BY register_id, day_date),
       string_agg(values, '' ORDER BY register_id, day_date),
       string_agg(quality, '' ORDER BY register_id, day_date)
FROM held
GROUP BY interval_minutes, length(quality) = 1
ORDER BY interval_minutes, length(quality) = 1
"""
