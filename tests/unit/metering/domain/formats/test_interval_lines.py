"""Interval values as CSV and NDJSON: both shapes, both ways of reading, faults by line."""

import json
import os
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.formats import interval_csv, ndjson
from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import read, rejections, remarks

EXAMPLES = 5_000 if os.environ.get("WATTLINE_PROOF") else 30
LONG = "meter,register,start_at,minutes,value,quality"
WIDE = "meter,register,date,offset,minutes,quality," + ",".join(f"v{at}" for at in range(1, 49))


def text(*lines, header=LONG, ends="\n", encoding="utf-8"):
    return (ends.join((header, *lines)) + ends).encode(encoding)


def wide(values, *, on="2026-07-01", offset="+08:00", minutes=30, quality="", meter="SN1"):
    return ",".join([meter, "E1", on, offset, str(minutes), quality, *map(str, values)])


def json_lines(*objects):
    return "".join(f"{given if isinstance(given, str) else json.dumps(given)}\n" for given in objects).encode()


def one(**changes):
    given = {"meter": "SN1", "register": "E1", "start_at": "2026-07-01T00:00:00+08:00", "minutes": 30, "value": 0.5}
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def rows(batches):
    """Return (service point, meter, register, minutes, start as UTC, values in 10^-6, letters, line) of each run."""
    found = []
    for runs in (batch.runs for batch in batches):
        at = 0
        for place in range(len(runs)):
            channel, count = runs.channels[runs.channel[place]], int(runs.count[place])
            letters = runs.quality[at : at + count].tobytes().decode()
            values = [value if letter != "N" else None for value, letter in zip(
                runs.values[at : at + count].tolist(), letters, strict=True)]  # fmt: skip
            found.append(
                (channel.nmi, channel.serial, channel.suffix, channel.interval_minutes, int(runs.start_us[place]) / 1e6, values,
                 letters, int(runs.line[place]))
            )  # fmt: skip
            at += count
    return found


JULY = datetime.fromisoformat("2026-06-30T16:00:00+00:00").timestamp()


def test_a_long_line_is_a_value_at_an_instant():
    batches = read(
        text("SN1,E1,2026-07-01T00:00:00+08:00,30,0.125,", "SN1,E1,2026-06-30T16:30Z,30,7,e52"), name="a.csv"
    )
    assert rows(batches) == [
        ("", "SN1", "E1", 30, JULY, [125_000_000], "A", 2),
        ("", "SN1", "E1", 30, JULY + 1800, [7_000_000_000], "E", 3),
    ]
    assert (batches[0].header.format, rejections(batches)) == ("interval_csv", [])


def test_a_wide_line_is_a_day_and_a_blank_is_no_value():
    values = ["0.1"] * 47 + [""]
    (run,) = rows(read(text(wide(values), header=WIDE)))
    assert run[:5] == ("", "SN1", "E1", 30, JULY)
    assert (run[5], run[6]) == ([100_000_000] * 47 + [None], "A" * 47 + "N")
    hours = rows(read(text(wide(["2"] * 24 + [""] * 24, minutes=60, quality="S"), header=WIDE)))
    assert (hours[0][3], len(hours[0][5]), hours[0][6]) == (60, 24, "S" * 24)


def test_columns_have_chinese_names_and_come_in_any_order():
    header = "电量;开始时间;间隔;供电点;示数类型;单位"
    data = text("1500;2026-07-01T00:00+08:00;15;P1;E1;Wh", header=header, encoding="gb18030")
    assert rows(read(data)) == [("P1", "", "E1", 15, JULY, [1_500_000_000], "A", 2)]


def test_a_line_of_json_is_a_value_or_a_run():
    batches = read(
        json_lines(
            one(),
            one(value=None, values=["0.125", 7, None, 1.10], quality="AEAS"),
            one(meter=None, service_point="P1", value="3", unit="Wh"),
        )
    )
    assert rows(batches) == [
        ("", "SN1", "E1", 30, JULY, [500_000_000], "A", 1),
        ("", "SN1", "E1", 30, JULY, [125_000_000, 7_000_000_000, None, 1_100_000_000], "AENS", 2),
        ("P1", "", "E1", 30, JULY, [3_000_000], "A", 3),
    ]
    assert batches[0].header.format == "ndjson"


def test_numbers_of_json_are_never_floats():
    batches = read(json_lines('{"meter":"SN1","start_at":"2026-07-01T00:00+08:00","minutes":60,"value":0.123456789}'))
    assert rows(batches)[0][5] == [123_456_789]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,NaN,", "not_a_number"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,1e99,", "not_a_number"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,１,", "not_a_number"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,1.0000000001,", "too_precise"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,99999999999999999999,", "value_too_large"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,-1,", "negative_value"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,,", "missing_value"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,7,1,", "bad_interval_length"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,1,Q", "unknown_quality"),
        ("SN1,E1,2026-07-01T00:00:00,30,1,", "bad_date"),
        ("SN1,E1,2026-02-30T00:00:00+08:00,30,1,", "bad_date"),
        ("SN1,E1,1969-02-20T00:00:00+08:00,30,1,", "bad_date"),
        ("SN1,E1,2026-08-01T00:00:00+08:00,30,1,", "date_in_future"),
        (",E1,2026-07-01T00:00:00+08:00,30,1,", "missing_identifier"),
        ("SN1,E1,2026-07-01T00:00:00+08:00,30,1,A,more", "wrong_field_count"),
    ],
)
def test_a_wrong_line_of_csv_is_rejected_and_the_next_is_read(line, code):
    batches = read(text(line, "SN1,E1,2026-07-01T00:00:00+08:00,30,1,"))
    assert (rejections(batches), [row[-1] for row in rows(batches)]) == ([(2, code)], [3])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (wide(["1"] * 47 + ["x"]), "not_a_number"),
        (wide(["1"] * 48, minutes=15), "wrong_field_count"),
        (wide(["1"] * 48, minutes=60), "wrong_field_count"),
        (wide(["1"] * 48, on="2026-13-01"), "bad_date"),
        (wide(["1"] * 48, offset=""), "bad_date"),
        (wide([""] * 48), "missing_value"),
        (wide(["1"] * 48, quality="AAE"), "unknown_quality"),
        (wide(["1"] * 47 + ["-1"]), "negative_value"),
    ],
)
def test_a_wrong_day_is_rejected_and_the_next_is_read(line, code):
    batches = read(text(line, wide(["1"] * 48), header=WIDE))
    assert (rejections(batches), [row[-1] for row in rows(batches)]) == ([(2, code)], [3])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "not_json"),
        ('["a"]', "not_json"),
        ("[" * 5_000, "not_json"),
        ('{"meter": "SN1", "meter": "SN2"}', "not_json"),
        ('{"value": NaN}', "not_json"),
        (json.dumps(one(value=True)), "not_a_number"),
        (json.dumps(one(value=[1])), "not_a_number"),
        (json.dumps(one(value=1e99)), "not_a_number"),
        (json.dumps(one(value=None)), "missing_value"),
        (json.dumps(one(values=[1])), "missing_value"),
        (json.dumps(one(value=None, values=[])), "missing_value"),
        (json.dumps(one(value=None, values="12")), "not_json"),
        (json.dumps(one(value=None, values=[1] * 51)), "too_many_values"),
        (json.dumps(one(meter={"a": 1})), "not_json"),
        (json.dumps(one(meter=None)), "missing_identifier"),
        (json.dumps(one(meter=None, register=None, service_point="P1")), "missing_identifier"),
        (json.dumps(one(start_at="yesterday")), "bad_date"),
        (json.dumps(one(minutes=0)), "bad_interval_length"),
        (json.dumps(one(unit="therm")), "unknown_unit"),
        (json.dumps(one(quality="AA")), "unknown_quality"),
    ],
    ids=str,
)
def test_a_wrong_line_of_json_is_rejected_and_the_next_is_read(line, code):
    batches = read(json_lines(one(), line, one()))
    assert (rejections(batches), [row[-1] for row in rows(batches)]) == ([(2, code)], [1, 3])


def test_names_that_are_not_used_are_told_once_and_a_line_of_ten_megabytes_is_rejected():
    long_line = json.dumps(one(value=None, values=["0" * 10_000_000]))
    batches = read(json_lines(one(note="x"), one(note="y"), long_line, one()))
    assert (remarks(batches), rejections(batches)) == (["column_ignored"], [(3, "line_too_long")])
    assert [row[-1] for row in rows(batches)] == [1, 2, 4]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("meter,start_at,value", "missing_column"),
        ("register,start_at,minutes,value", "missing_column"),
        ("meter,date,offset,minutes,v1,v3", "missing_column"),
        ("meter,start_at,minutes,value,value", "duplicate_column"),
    ],
)
def test_a_file_whose_columns_are_missing_is_refused(header, code):
    with pytest.raises(FileRefused) as refused:
        read(text("a,b,c", header=header))
    assert refused.value.code == code


def test_an_empty_file_is_remarked():
    assert remarks(read(text())) == ["no_data"]


FIELD = st.one_of(
    st.decimals(0, 10**7, places=3).map(lambda value: format(value, "f")),
    st.sampled_from(["", "0", ".5", "-1", "x", "1e3", "12345678.123456789", "1.0000000001", "99999999999", " 1"]),
)
LINE = st.builds(
    wide,
    st.lists(st.sampled_from(["0.125", "1", "12.5"]), min_size=47, max_size=47).flatmap(
        lambda most: FIELD.map(lambda last: [*most, last])
    ),
    on=st.sampled_from(["2026-07-01", "2026-07-02", "2026-99-99"]),
    quality=st.sampled_from(["", "A", "E52", "Q", "N"]),
    minutes=st.sampled_from([30, 30, 30, 60, 7]),
)


@settings(max_examples=EXAMPLES)
@given(st.lists(LINE, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_the_fast_way_reads_and_rejects_as_the_slow_way_does(lines, ends):
    data = text(*lines, header=WIDE, ends=ends)
    fast = read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval_csv.Reader, "_read_at_once", lambda *_, **__: frozenset())
        slow = read(data)
    assert (rows(fast), rejections(fast)) == (rows(slow), rejections(slow))


def test_plain_days_go_the_fast_way(monkeypatch):
    monkeypatch.setattr(interval_csv.Reader, "_take", lambda *_: pytest.fail("a plain line was read field by field"))
    found = rows(read(text(wide(["0.125"] * 48), wide(["1"] * 48, quality="E"), header=WIDE)))
    assert [(row[5], row[6]) for row in found] == [([125_000_000] * 48, "A" * 48), ([10**9] * 48, "E" * 48)]


OBJECT = st.builds(
    lambda values, **given: one(value=None, **given) | {"values": values},
    st.lists(st.sampled_from([0.125, 1, 12.5, 0]), max_size=4).flatmap(
        lambda most: st.sampled_from([None, "2", -1, 1e30, 1234567.5, 0.12345678901, True]).map(
            lambda last: [*most, last] if last != "2" else most
        )
    ),
    start_at=st.sampled_from(["2026-07-01T00:00+08:00", "2026-07-02T00:00Z", "2026-99-99", 7]),
    quality=st.sampled_from(["", "A", "E52", "Q", "N", "AAAAA", "EA"]),
    minutes=st.sampled_from([30, "30", 60, 7]),
    note=st.sampled_from([None, "x", "{", "\\u00e4"]),
)
WRITTEN = st.one_of(
    OBJECT.map(json.dumps),
    OBJECT.map(lambda given: json.dumps(given, separators=(",", ":"))),
    st.sampled_from(['{"values": [01]}', json.dumps(one(values=[1])), json.dumps(one(value=None, values=[1])) + "x",
                     '{"meter": "S", "values": [1], "values": [2]}']),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.lists(WRITTEN, min_size=1, max_size=6))
def test_the_fast_way_of_json_reads_and_rejects_as_the_slow_way_does(lines):
    data = json_lines(*lines)
    fast = read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson.Reader, "_take_plain", lambda *_: False)
        slow = read(data)
    assert (rows(fast), rejections(fast), remarks(fast)) == (rows(slow), rejections(slow), remarks(slow))


def test_plain_lines_of_json_go_the_fast_way(monkeypatch):
    monkeypatch.setattr(ndjson.Reader, "_take", lambda *_: pytest.fail("a plain line was read value by value"))
    found = rows(read(json_lines(one(value=None, values=[0.125, 1]), one(value=None, values=[2], quality="E"))))
    assert [(row[5], row[6]) for row in found] == [([125_000_000, 10**9], "AA"), ([2 * 10**9], "E")]
