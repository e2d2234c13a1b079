"""Which rules are asked for which group, and what sticks out of intervals."""

import numpy as np
import pytest

from cis.platform import packs
from metering.domain.intervals import MINUTE_US, IntervalColumns, Window
from metering.domain.vee import CODES, Code, Facts, Group, Severity, check, group_of, read_groups
from metering.domain.vee_days import extremes
from tests.unit.metering.domain.vee_samples import JAN, KWH, interval_spans, past, spans

HOUR_US = 60 * MINUTE_US
FIRST_US = 1_767_196_800_000_000
"""2026-01-01 00:00 in Shanghai."""
NO_WINDOW = Window(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


def _days(*days, register=1, quality="A" * 24, start=FIRST_US):
    """Days of 24 values, one after the other."""
    letters = np.array([list(row.encode()) for row in ([quality] if isinstance(quality, str) else quality)])
    return IntervalColumns(
        interval_minutes=60,
        exponent=0,
        register_id=np.full(len(days), register, dtype=np.int64),
        day=JAN + np.arange(len(days), dtype=np.int64),
        start_us=start + 24 * HOUR_US * np.arange(len(days), dtype=np.int64),
        values=np.array(days, dtype=np.int64),
        quality=np.broadcast_to(letters, (len(days), 24)).astype(np.uint8),
    )


def _window(days, register=1, start=FIRST_US):
    return Window(*(np.array([one], dtype=np.int64) for one in (register, start, start + days * 24 * HOUR_US)))


def _found(spans_, group, *, blocks=(), window=NO_WINDOW, before=None):
    facts = Facts(
        past=before if before is not None else past(),
        mirror=np.full(len(spans_), -1, dtype=np.int64),
        boundaries=np.array([JAN, JAN + 30], dtype=np.int64),
        blocks=blocks,
        window=window,
    )
    found = check(spans=spans_, facts=facts, group=group, rows=np.ones(len(spans_), dtype=np.bool_))
    return [
        (int(row), CODES[code], int(measure), int(bound))
        for row, code, measure, bound in zip(found.row, found.code, found.measure, found.bound, strict=True)
    ]


def test_the_day_that_sticks_out_most_is_told():
    calm, high = [100] * 24, [100] * 22 + [150, 900]
    said = extremes(blocks=(_days(calm, high, calm),), window=_window(3), percent=300, least_wh=0)
    assert (said.peak_wh[0], said.third_wh[0], said.peak_day[0]) == (900, 100, JAN + 1)
    assert (said.most_wh[0], said.least_wh[0], said.minutes[0], said.filled[0]) == (900, 100, 60, 0)


def test_what_lies_outside_of_a_span_does_not_stick_out():
    day = [9_000, *[100] * 22, -5]
    inside = Window(*(np.array([one]) for one in (1, FIRST_US + HOUR_US, FIRST_US + 23 * HOUR_US)))
    said = extremes(blocks=(_days(day),), window=inside, percent=300, least_wh=0)
    assert (said.most_wh[0], said.least_wh[0]) == (100, 100)


@pytest.mark.parametrize(
    ("qualities", "run"),
    [
        (["A" * 24, "A" * 24], 0),
        (["A" * 22 + "EE", "SSS" + "A" * 21], 5),
        (["E" + "A" * 23, "A" * 23 + "E"], 1),
        (["E" * 24, "E" * 24], 48),
    ],
)
def test_a_run_that_was_not_measured_goes_on_over_midnight(qualities, run):
    said = extremes(blocks=(_days([1] * 24, [1] * 24, quality=qualities),), window=_window(2), percent=300, least_wh=0)
    assert said.filled[0] == run


def test_spans_without_intervals_have_no_extremes():
    said = extremes(blocks=(_days([7] * 24),), window=_window(1, register=2), percent=300, least_wh=0)
    assert [int(getattr(said, name)[0]) for name in ("most_wh", "least_wh", "peak_wh", "filled")] == [0] * 4


def test_a_spike_is_found_on_its_day():
    day = [100] * 23 + [4_000]
    row = interval_spans({"energy_wh": 6_300})
    group = Group(spike_percent=300, spike_kwh="0.5")
    assert _found(row, group, blocks=(_days(day),), window=_window(1)) == [(0, Code.SPIKE, 4_000, 500)]


def test_only_what_a_group_asks_for_is_checked_and_each_rule_has_its_code():
    row = spans({"energy_wh": 900 * KWH, "is_connected": False})
    calm = past(100, 100, 100, 100)
    assert _found(row, Group(), before=calm) == []
    assert _found(row, Group(inactive=True), before=calm) == [(0, Code.INACTIVE, 900 * KWH, 0)]
    group = Group(
        inactive=True, high_percent=300, cycles_above_percent=200, fourteen_months_percent=150, year_above_percent=200,
        ratios=(9,), ratio_percent=1, low_percent=25,
    )  # fmt: skip
    assert [code for _, code, _, _ in _found(row, group, before=calm)] == [
        Code.INACTIVE, Code.MULTIPLIER, Code.HIGH, Code.THREE_CYCLES, Code.FOURTEEN_MONTHS,
    ]  # fmt: skip
    assert [code for _, code, _, _ in _found(row, group)] == [Code.INACTIVE]


def test_the_first_group_that_fits_is_taken():
    groups = read_groups(
        {
            "large": {"from_kva": "100", "least_days": 20},
            "homes": {"classes": ("residential",), "voltages": ("220V",), "least_days": 21},
            "curves": {"reads_by": "interval", "least_days": 22},
            "small": {"below_kva": "10", "least_days": 23},
        }
    )

    def days(**other):
        asked = {"use": "commercial", "voltage": "380V", "capacity_w": 50_000, "is_interval": False, **other}
        found = group_of(groups=groups, **asked)
        return found and found.least_days

    assert days(capacity_w=100_000, use="residential", voltage="220V") == 20
    assert days(use="residential", voltage="220V") == 21
    assert days(use="residential", is_interval=True) == 22
    assert days(capacity_w=9_999) == 23
    assert days(capacity_w=10_000) is None


def test_a_group_says_what_stops():
    group = Group(stops=("negative_energy",))
    assert (group.severity(Code.NEGATIVE), group.severity(Code.HIGH)) == (Severity.STOP, Severity.LOOK)


def test_nothing_is_checked_without_spans():
    assert _found(spans().take(slice(0, 0)), Group(inactive=True, high_percent=300)) == []


@pytest.mark.parametrize("name", ["cn", "gb-example", "us-example", "au-example"])
def test_shipped_packs_look_and_never_stop_and_each_register_has_its_group(name):
    (text,) = packs.load(name).rules["vee"]
    groups = read_groups(text.value)
    assert [one.stops for one in groups] == [()] * len(groups)
    for is_interval in (False, True):
        asked = {"use": "", "voltage": "220V", "capacity_w": 8_000, "is_interval": is_interval}
        assert group_of(groups=groups, **asked) is not None
