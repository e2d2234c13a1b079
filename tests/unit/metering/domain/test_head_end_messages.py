"""What a head end says of its own: each message is read by itself, and what is wrong is refused by itself."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from metering.domain.formats.faults import LineFault
from metering.domain.head_end_messages import frozen_day, parsed, read
from metering.domain.meter_alarms import AlarmKind

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 29)
VALUE = {"meter": "SN1", "register": "E1", "start_at": "2026-11-28T11:00:00+08:00", "minutes": 15, "values": [0.125]}
COUNTER = {"meter": "SN1", "register": "total", "read_at": "2026-11-28T00:00:00+08:00", "reading": 1234.5}
EVENT = {"meter": "SN1", "event": "clock_drift", "at": "2026-11-28T11:00:00+08:00", "seconds": -42}


def said_raw(*messages):
    return parsed(json.dumps({"messages": list(messages)}).encode())["messages"]


def said(*messages):
    return read(said_raw(*messages), now=NOW, today=TODAY)


def test_the_three_kinds_are_told_apart():
    found = said({**VALUE, "id": "a", "written_at": "2026-11-28T11:15:01+08:00"}, COUNTER, EVENT)
    assert (list(found.ids), found.refused) == (["a", "", ""], [])
    assert found.runs.values.tolist() == [125_000_000]
    assert found.written_us[0] == int(datetime(2026, 11, 28, 3, 15, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert found.written_us[1] == int(NOW.timestamp()) * 1_000_000
    (counter,), (event,) = found.counters, found.events
    assert (counter.reading_wh, counter.unit, counter.line) == (1_234_500, "Wh", 1)
    assert (event.kind, event.drift_s, event.line) == (AlarmKind.CLOCK_DRIFT, -42, 2)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (7, "not_json"),
        ({}, "bad_date"),
        ({**VALUE, "meter": ""}, "missing_identifier"),
        ({**VALUE, "meter": ["x"]}, "not_json"),
        ({**VALUE, "meter": "a\0b"}, "control_character"),
        ({**VALUE, "register": "\ud800"}, "control_character"),
        ({**COUNTER, "id": "\x1b"}, "control_character"),
        ({**VALUE, "minutes": 7}, "bad_interval_length"),
        ({**VALUE, "minutes": "²"}, "bad_interval_length"),
        ({**VALUE, "start_at": "2026-11-28T11:00:00"}, "bad_date"),
        ({**VALUE, "start_at": "2026-11-28T12:00:00+08:00"}, "date_in_future"),
        ({**VALUE, "values": [1] * 8}, "date_in_future"),
        ({**VALUE, "values": []}, "missing_value"),
        ({**VALUE, "values": ["NaN"]}, "not_a_number"),
        ({**VALUE, "values": [True]}, "not_a_number"),
        ({**VALUE, "values": ["1e99"]}, "not_a_number"),
        ({**VALUE, "values": [-1]}, "negative_value"),
        ({**VALUE, "written_at": "2026-11-28T13:00:00+08:00"}, "date_in_future"),
        ({**COUNTER, "reading": -1}, "negative_value"),
        ({**COUNTER, "reading": {}}, "not_json"),
        ({**COUNTER, "read_at": None}, "bad_date"),
        ({**EVENT, "event": "smoke"}, "unknown_kind"),
        ({**EVENT, "at": "9999-12-31T23:59:59-12:00"}, "date_in_future"),
        ({**EVENT, "seconds": "1e12"}, "not_a_number"),
        ({**EVENT, "seconds": 99_999_999}, "value_too_large"),
        ({**EVENT, "meter": "x" * 41}, "missing_identifier"),
    ],
    ids=str,
)  # fmt: skip
def test_a_message_that_is_wrong_is_refused_by_itself(message, code):
    found = said(COUNTER, message, EVENT)
    assert [(one.line, one.code) for one in found.refused] == [(1, code)]
    assert (len(found.counters), len(found.events)) == (1, 1)


def test_a_clock_that_is_ahead_keeps_the_order_in_which_it_wrote_and_is_ten_minutes_ahead_at_most():
    older, newer = ({**VALUE, "written_at": (NOW + timedelta(minutes=by)).isoformat()} for by in (8, 9))
    found = said(newer, older)
    assert (found.written_us - int(NOW.timestamp()) * 1_000_000).tolist() == [540_000_000, 480_000_000]
    too_far = said({**VALUE, "written_at": (NOW + timedelta(minutes=11)).isoformat()})
    assert [one.code for one in too_far.refused] == ["date_in_future"]


def test_what_does_not_say_when_it_was_written_counts_as_written_when_it_was_heard_first():
    first = NOW - timedelta(minutes=3)
    found = read(said_raw({**VALUE}), now=NOW, today=TODAY, heard_at=first)
    assert found.written_us.tolist() == [int(first.timestamp()) * 1_000_000]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 9999, b"\xff"])
def test_what_is_no_object_of_json_is_refused(body):
    with pytest.raises(LineFault):
        parsed(body)


@pytest.mark.parametrize(
    ("time", "day"),
    [("00:00", 28), ("00:15", 28), ("00:16", None), ("12:00", None), ("23:44", None), ("23:45", 29), ("23:59", 29)],
)
def test_a_counter_is_frozen_at_midnight(time, day):
    found = frozen_day(datetime.fromisoformat(f"2026-11-28T{time}"))
    assert found == (None if day is None else date(2026, 11, day))
