"""What is written is valid by the official schemas, and comes back as it was."""

import gzip
import os
from datetime import UTC, datetime
from functools import cache

import nemreader
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cis.kernel.calendar import LocalClock
from metering.domain.intervals import IntervalColumns
from metering.domain.writing import green_button, nem12
from metering.domain.writing.series import Series, StreamNames, series_of
from tests.unit.metering.domain.formats.nem import all_days, read, rejections
from tests.unit.metering.domain.formats.test_green_button import CASES, DROPPED, IDS, SAMPLES, sample
from tests.unit.metering.domain.formats.test_interval_lines import rows

AT = datetime(2026, 7, 31, 4, tzinfo=UTC)
JULY_US = 1_782_835_200 * 1_000_000  # 1 July 2026, 00:00 in Shanghai
SHANGHAI = LocalClock("Asia/Shanghai")
PROOF = bool(os.environ.get("WATTLINE_PROOF"))
EXAMPLES = 2_000 if PROOF else 15
LONG = (
    "Coastal_Multi_Family_Jan",
    "Coastal_Multi_Family_Daily",
    "Inland",
)  # years like the other two, so by proof only
KEPT = [name for name, case in zip(IDS, CASES, strict=True) if name not in DROPPED and case["interval_readings"]]
KEPT = [name for name in KEPT if PROOF or not name.startswith(LONG)]


def names(**changes):
    given = {"register_id": 1, "place": "P1", "serial": "SN1", "code": "E1", "unit": "Wh", "is_export": False,
             "from_us": 0, "until_us": 1 << 62}  # fmt: skip
    return StreamNames(**{**given, **changes})


def series(values=(500, 700), *, start_us=JULY_US, minutes=60, exponent=0, letters=None, **changes):
    count = len(values)
    return Series(
        names=names(**changes), minutes=minutes, exponent=exponent,
        start_us=start_us + np.arange(count, dtype=np.int64) * minutes * 60_000_000,
        values=np.array(values, dtype=np.int64),
        quality=np.frombuffer((letters or "A" * count).encode(), dtype=np.uint8),
    )  # fmt: skip


def of_rows(found):
    """Return what was read of one stream as a series in 10^-6."""
    first = found[0]
    return Series(
        names=names(place=first[0], code=first[2]), minutes=first[3], exponent=-6,
        start_us=np.array([int(row[4]) * 1_000_000 for row in found], dtype=np.int64),
        values=np.array([row[5][0] for row in found], dtype=np.int64),
        quality=np.frombuffer("".join(row[6] for row in found).encode(), dtype=np.uint8),
    )  # fmt: skip


@cache
def schema():
    return etree.XMLSchema(etree.fromstring(gzip.decompress((SAMPLES / "espi.xsd.gz").read_bytes())))


def feed(*series, clock=SHANGHAI, title="Readings"):
    return b"".join(green_button.write_feed(title=title, series=series, clock=clock, created_at=AT))


def resources(data):
    return list(etree.fromstring(data).iterfind(".//{*}content/*"))


def check(data):
    found = resources(data)
    for resource in found:
        assert schema().validate(resource), schema().error_log.last_error
    return [etree.QName(resource).localname for resource in found]


def day_files(*series):
    return b"".join(nem12.write_days(series=series, sender="WATTLINE", created_at=AT))


def test_each_resource_of_a_feed_is_valid_and_comes_back():
    data = feed(
        series((500, -700, 900), letters="AES", exponent=-3),
        series((1, 2), minutes=15, code="B1", is_export=True, unit="varh"),
        series((5,), place="P/2 <&>"),
        title="Wattline & Söhne <\x0b>",
    )
    assert check(data) == [
        "LocalTimeParameters", "UsagePoint", "MeterReading", "ReadingType", "IntervalBlock", "MeterReading",
        "ReadingType", "IntervalBlock", "UsagePoint", "MeterReading", "ReadingType", "IntervalBlock",
    ]  # fmt: skip
    assert [code for _, code in rejections(read(data))] == ["negative_value"]
    back = rows(read(data.replace(b"-700", b"700")))
    assert [row[:4] + row[5:7] for row in back] == [
        ("P1", "", "E1", 60, [500_000], "A"), ("P1", "", "E1", 60, [700_000], "E"), ("P1", "", "E1", 60, [900_000], "S"),
        ("P1", "", "B1", 15, [1_000_000], "A"), ("P1", "", "B1", 15, [2_000_000], "A"),
        ("P/2 <&>", "", "E1", 60, [5_000_000], "A"),
    ]  # fmt: skip
    assert data == feed(
        series((500, -700, 900), letters="AES", exponent=-3),
        series((1, 2), minutes=15, code="B1", is_export=True, unit="varh"),
        series((5,), place="P/2 <&>"),
        title="Wattline & Söhne <\x0b>",
    )


@pytest.mark.parametrize("name", KEPT)
def test_a_real_feed_read_and_written_has_the_same_sum_and_count(name):
    whole = rows(read(sample(name)))
    data = feed(of_rows(whole), clock=LocalClock("America/New_York"))
    if name in ("test_usage_data", "1hrLP_32Days", "Desert_Multi_Family_Jan_1_2011_to_Jan_1_2012"):
        assert check(data).count("IntervalBlock") >= 14
    back = rows(read(data))
    assert [(row[0], row[2], row[3], row[4], row[5]) for row in back] == [
        (row[0], row[2], row[3], row[4], row[5]) for row in whole
    ]
    assert [row[6] for row in back] == [row[6] for row in whole]
    case = CASES[IDS.index(name)]
    assert sum(row[5][0] for row in back) == round(case["sum_kwh"] * 10**9)


@pytest.mark.parametrize(
    ("zone", "year", "start", "end", "offset", "dst"),
    [
        ("America/New_York", 2012, "360E2000", "B40E2000", -18_000, 3_600),
        ("Europe/Berlin", 2026, "3E0E2000", "AE0E3000", 3_600, 3_600),
        ("Asia/Shanghai", 2026, "00000000", "00000000", 28_800, 0),
        ("Australia/Sydney", 2026, "A40E2000", "440E3000", 36_000, 3_600),
    ],
)
def test_local_time_says_how_clocks_change(zone, year, start, end, offset, dst):
    text = green_button.local_time(LocalClock(zone), year=year)
    element = etree.fromstring(text)
    assert schema().validate(element)
    assert [child.text for child in element] == [end, str(dst), start, str(offset)]


def test_blocks_are_local_days_also_where_clocks_change():
    berlin = LocalClock("Europe/Berlin")
    start = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()) * 1_000_000
    data = feed(series([1] * 49, start_us=start), clock=berlin)
    blocks = [found for found in resources(data) if found.tag.endswith("IntervalBlock")]
    assert [len(block.findall("{*}IntervalReading")) for block in blocks] == [25, 24]
    assert [block.findtext("{*}interval/{*}duration") for block in blocks] == ["90000", "86400"]


def test_nem12_comes_back_and_another_reader_reads_it(tmp_path):
    values = list(range(1, 49))
    data = day_files(
        series(values, minutes=30, letters="A" * 46 + "SE", exponent=-1, place="NMI0000001"),
        series((7,) * 24, code="B1", unit="varh", place="NMI0000001"),
    )
    batches = read(data)
    assert rejections(batches) == []
    found = all_days(batches)
    # The day of Shanghai begins at 02:00 of market time: two rows of each stream.
    assert [(str(day), channel.suffix, channel.unit) for channel, day, *_ in found] == [
        ("2026-07-01", "E1", "Wh"), ("2026-07-02", "E1", "Wh"), ("2026-07-01", "B1", "varh"), ("2026-07-02", "B1", "varh"),
    ]  # fmt: skip
    assert [sum(one[2]) * 10 for one in found][:2] == [sum(values[:44]), sum(values[44:])]
    assert found[0][3] == "N" * 4 + "A" * 44
    assert found[1][3] == "AASE" + "N" * 44
    path = tmp_path / "out.csv"
    path.write_bytes(data)
    other = nemreader.NEMFile(str(path), strict=True).nem_data()
    readings = other.readings["NMI0000001"]["E1"]
    assert sum(round(one.read_value * 10_000) for one in readings) == sum(values)
    assert len(readings) == 96


def test_values_off_the_clock_of_the_market_are_refused():
    half = series(start_us=JULY_US + 30 * 60_000_000)
    with pytest.raises(nem12.OffMarketClock):
        day_files(half)


def test_series_are_cut_to_the_time_at_the_place_and_leave_out_what_is_missing():
    days = np.arange(8, dtype=np.int64).reshape(2, 4)
    block = IntervalColumns(
        interval_minutes=360, exponent=0, register_id=np.array([1, 2]), day=np.array([1, 1]),
        start_us=np.zeros(2, dtype=np.int64), values=days,
        quality=np.frombuffer(b"AANAAAAA", dtype=np.uint8).reshape(2, 4),
    )  # fmt: skip
    hour = 3_600_000_000
    (first, second) = series_of(
        blocks=(block,), names=(names(until_us=18 * hour), names(register_id=2, from_us=6 * hour, code="B1"))
    )
    assert (first.values.tolist(), first.start_us.tolist()) == ([0, 1], [0, 6 * hour])
    assert second.values.tolist() == [5, 6, 7]
    assert series_of(blocks=(block,), names=(names(register_id=3),)) == ()


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    values=st.lists(st.integers(0, 10**7), min_size=1, max_size=120),
    exponent=st.integers(-6, 0),
    letters=st.data(),
    shift=st.integers(0, 40),
)
def test_anything_written_comes_back(values, exponent, letters, shift):
    quality = letters.draw(st.text("ASE", min_size=len(values), max_size=len(values)))
    one = series(values, minutes=30, exponent=exponent, letters=quality, start_us=JULY_US + shift * 1_800_000_000)
    expected = [(start // 1_000_000, value * 10 ** (exponent + 6), letter)
                for start, value, letter in zip(one.start_us.tolist(), values, quality, strict=True)]  # fmt: skip
    assert [(row[4], row[5][0], row[6]) for row in rows(read(feed(one)))] == expected
    found = []
    for _, day, day_values, day_letters, *_ in all_days(read(day_files(one))):
        begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 36_000
        found += [(begin + at * 1_800, value * 10**6, letter)
                  for at, (value, letter) in enumerate(zip(day_values, day_letters, strict=True)) if letter != "N"]  # fmt: skip
    assert found == expected
