"""Voltages: read out of messages, made into hours, and forecast along a line by load."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from metering.domain.head_end_messages import parsed, read
from metering.domain.voltages import UNKNOWN, ahead, band, by_hour

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)


def _read(text):
    message = parsed(b'{"m": ' + text.encode() + b"}")["m"]
    return read([message], now=NOW, today=date(2026, 3, 11))


def test_voltages_are_read_exactly_and_are_no_energy():
    said = _read(
        '{"meter": "1", "voltage": [228.1, null, "0.0005e3"], "start_at": "2026-03-10T08:00:00+08:00", "minutes": 15}'
    )
    assert [one.code for one in said.refused] == ["not_a_number"]
    said = _read('{"meter": "1", "voltage": [228.1, null], "start_at": "2026-03-10T08:00:00+08:00", "minutes": "30"}')
    (one,) = said.voltages
    assert (one.serial, one.minutes, one.values_mv) == ("1", 30, (228_100, UNKNOWN))
    assert one.start_us == int(datetime(2026, 3, 10, tzinfo=UTC).timestamp()) * 10**6
    assert (len(said.runs), said.counters, said.events, said.refused) == (0, [], [], [])
    assert _read('{"meter": "1", "voltage": 230, "start_at": "2026-03-10T08:00:00+08:00", "minutes": 60}').voltages


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ('"minutes": 5', "bad_interval_length"), ('"minutes": 15, "voltage": []', "too_many_values"),
        ('"minutes": 15, "voltage": [1000]', "value_too_large"), ('"minutes": 15, "voltage": [-1]', "value_too_large"),
        ('"minutes": 15, "voltage": [220.0001]', "too_precise"), ('"minutes": 15, "meter": ""', "missing_identifier"),
        ('"minutes": 15, "start_at": "2026-03-10T12:15:00+08:00"', "date_in_future"),
        ('"minutes": 15, "start_at": "2026-03-10T12:15:00"', "bad_date"),
        ('"minutes": 15, "voltage": [[1]]', "not_json"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_itself(changed, code):
    given = {"meter": '"1"', "voltage": "[230]", "start_at": '"2026-03-10T08:00:00+08:00"'}
    for name in list(given):
        if f'"{name}"' in changed:
            del given[name]
    text = "{" + ", ".join([*(f'"{name}": {value}' for name, value in given.items()), changed]) + "}"
    said = _read(text)
    assert [one.code for one in said.refused] == [code]
    assert not said.voltages


def test_an_hour_is_the_mean_of_what_is_known_of_it():
    slots = np.full(96, UNKNOWN)
    slots[4:8], slots[8:12] = [230_000, UNKNOWN, 231_000, UNKNOWN], 225_000
    assert by_hour(slots).tolist() == [UNKNOWN, 230_500, 225_000, *[UNKNOWN] * 21]


@pytest.mark.parametrize(
    ("low", "high", "is_left"),
    [(198_000, 235_400, False), (197_999, 230_000, True), (200_000, 235_401, True)],
)
def test_the_bounds_of_the_band_are_allowed(low, high, is_left):
    """GB/T 12325: 220 V, +7 % and -10 %: 198 V to 235.4 V."""
    allowed = band(nominal_mv=220_000, below_e4=1_000, above_e4=700)
    assert (allowed.low_mv, allowed.high_mv) == (198_000, 235_400)
    assert allowed.is_left(low_mv=low, high_mv=high) is is_left


def _ahead(hours, load, coming, known=True):
    n, d, _ = hours.shape
    return ahead(
        hours_mv=hours, load_wh=load, load_known=np.full((n, d), known), coming_wh=coming,
        coming_known=np.full(n, known),
    )  # fmt: skip


def test_voltage_falls_along_a_line_with_the_load():
    rng = np.random.default_rng(3)
    load = rng.integers(10_000, 90_000, (1, 28, 24))
    hours = 235_000 - load // 5  # 200 mV a kW
    coming = np.full((1, 24), 150_000)
    found = _ahead(hours, load, coming)
    assert found.slope[0] == pytest.approx(-200, rel=1e-3)
    assert found.hours_mv[0] == pytest.approx(205_000, abs=5)
    assert found.error_mv[0] <= 1
    flat = _ahead(hours, load, coming, known=False)
    assert flat.slope[0] == 0
    assert flat.hours_mv[0].tolist() == np.rint(hours[0].mean(axis=0)).tolist()


def test_hours_of_which_too_little_is_known_are_not_told():
    hours = np.full((2, 28, 24), UNKNOWN)
    hours[0, :3, 5], hours[0, :2, 6] = 230_000, 230_000
    found = _ahead(hours, np.zeros((2, 28, 24), dtype=np.int64), np.zeros((2, 24), dtype=np.int64))
    assert found.is_known.tolist() == [True, False]
    assert (found.hours_mv[0, 5], set(found.hours_mv[0].tolist())) == (230_000, {230_000, UNKNOWN})
    assert found.hours_mv[0, 6] == UNKNOWN


def test_an_interruption_is_no_low_voltage():
    slots = np.full((1, 3, 96), 228_000)
    slots[0, 1, 4:9] = 0
    hours = by_hour(slots)
    assert hours[0, 1, :4].tolist() == [228_000, UNKNOWN, 228_000, 228_000]
    load = np.zeros((1, 3, 24), dtype=np.int64)
    nothing = np.zeros((1, 3), dtype=bool)
    found = ahead(hours_mv=hours, load_wh=load, load_known=nothing, coming_wh=load[:, 0], coming_known=nothing[:, 0])
    assert set(found.hours_mv.ravel().tolist()) == {228_000, UNKNOWN}
