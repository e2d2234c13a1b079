"""Spans and their past, made up for the rules of validation."""

from datetime import date

import numpy as np

from metering.domain.vee_columns import NO_READING, Counted, Extremes, Past, Spans, Verdict

PASSED, FAILED, UNKNOWN = (int(one) for one in Verdict)
JAN = date(2026, 1, 1).toordinal()
KWH = 1_000
_DEFAULTS = {
    "service_point_id": 1, "meter_id": 1, "register_id": 1, "series": 0, "start_day": JAN, "end_day": JAN + 30,
    "energy_wh": 300 * KWH, "multiplier": 1, "start_reading_wh": 0, "end_reading_wh": 300 * KWH, "capacity_w": 8_000,
    "counted": int(Counted.ACTIVE), "is_export": False, "is_total": True, "is_estimated": False, "is_interval": False,
    "is_connected": True, "is_due": True,
}  # fmt: skip


def spans(*rows, **same):
    """Spans of 30 days and 300 kWh; each row says what is other about it."""
    table = [{**_DEFAULTS, **same, **row} for row in rows or ({},)]
    columns = {}
    for name, default in _DEFAULTS.items():
        dtype = np.bool_ if isinstance(default, bool) else np.int64
        columns[name] = np.array([row[name] for row in table], dtype=dtype)
    return Spans(**columns)


def interval_spans(*rows, **same):
    return spans(*rows, is_interval=True, start_reading_wh=NO_READING, end_reading_wh=NO_READING, **same)


def past(*energies_kwh, days=30, until=JAN, series=0, estimated=()):
    """Cycles one after the other up to a day, the last of them named last; a number in ``estimated`` is its place."""
    count = len(energies_kwh)
    ends = until - days * np.arange(count, dtype=np.int64)[::-1]
    flags = np.zeros(count, dtype=np.bool_)
    flags[list(estimated)] = True
    return Past(
        series=np.full(count, series, dtype=np.int64),
        start_day=ends - days,
        end_day=ends,
        energy_wh=np.array([round(kwh * KWH) for kwh in energies_kwh], dtype=np.int64),
        is_estimated=flags,
    )


def extremes(*rows):
    """What sticks out of intervals of an hour; each row says what is other."""
    names = tuple(Extremes.__dataclass_fields__)
    table = [{**dict.fromkeys(names, 0), "minutes": 60, **row} for row in rows]
    return Extremes(**{name: np.array([row[name] for row in table], dtype=np.int64) for name in names})


def verdicts(said):
    return said.verdict.tolist()


def one(said):
    """The verdict, the measure and the bound of the only row."""
    ((verdict,), (measure,), (bound,)) = said.verdict.tolist(), said.measure.tolist(), said.bound.tolist()
    return verdict, measure, bound
