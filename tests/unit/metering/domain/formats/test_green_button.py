"""Green Button: what a walk apart found in real feeds, names, parts of intervals, faults by line, hostile XML."""

import gzip
import json
import os
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.formats.espi import Walk, names_of
from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import read, rejections, remarks
from tests.unit.metering.domain.formats.test_interval_lines import rows

EXAMPLES = 5_000 if os.environ.get("WATTLINE_PROOF") else 25
SAMPLES = Path(__file__).parents[4] / "data" / "greenbutton"
CASES = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
IDS = [Path(case["file"]).name.partition(".")[0] for case in CASES]
BY_NAME = dict(zip(IDS, CASES, strict=True))
START = 1_782_835_200  # 1 July 2026, 00:00 in Shanghai
DROPPED = {
    "1dayLP_45Days": {"interval_too_long": 2},
    "MonthlyOnlyElectricData": {"interval_too_long": 5},
    "Electric": {"interval_too_long": 2},
    "Water": {"not_electricity": 1},
    "gas_direct": {"not_electricity": 1},
}
"""Rejections of real feeds by code: one for each length of readings that is not kept, one for each stream."""

STATED = {"test_usage_data": 2, "test_usage_data_01": 2}
"""Readings that their senders call estimated."""


def sample(name):
    return gzip.decompress((SAMPLES / f"{name}.xml.gz").read_bytes())


def reading(start=START, duration=3600, value=500, *, quality=None, more=""):
    quality = "" if quality is None else f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>"
    value = "" if value is None else f"<value>{value}</value>"
    period = f"<timePeriod><duration>{duration}</duration><start>{start}</start></timePeriod>"
    return f"<IntervalReading>{more}{quality}{period}{value}</IntervalReading>"


def block(*readings, stream="UsagePoint/P1/MeterReading/E1", number=1):
    body = "\n".join(readings)
    links = f'<link rel="self" href="{stream}/IntervalBlock/{number}"/>'
    return (
        f'<entry>{links}<content><IntervalBlock xmlns="http://naesb.org/espi">{body}</IntervalBlock></content></entry>'
    )


def kind(*, uom=72, multiplier=0, commodity=1, length=3600, direction=1, accumulation=4, path="ReadingType/1"):
    leaves = {
        "accumulationBehaviour": accumulation, "commodity": commodity, "flowDirection": direction,
        "intervalLength": length, "powerOfTenMultiplier": multiplier, "uom": uom,
    }  # fmt: skip
    body = "".join(f"<{name}>{value}</{name}>" for name, value in leaves.items() if value is not None)
    return (
        f'<entry><link rel="self" href="{path}"/><content><e:ReadingType xmlns:e="http://naesb.org/espi">'
        f"{body.replace('<', '<e:').replace('<e:/', '</e:')}</e:ReadingType></content></entry>"
    )


def meter_reading(stream="UsagePoint/P1/MeterReading/E1", *, of="ReadingType/1"):
    links = f'<link rel="self" href="https://host/espi/{stream}"/><link rel="related" href="https://host/espi/{of}"/>'
    return f'<entry>{links}<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>'


def feed(*entries, head='<?xml version="1.0" encoding="UTF-8"?>'):
    whole = "\n".join(entries).replace('href="Us', 'href="/espi/Us').replace('href="Re', 'href="/espi/Re')
    return f'{head}\n<feed xmlns="http://www.w3.org/2005/Atom">\n{whole}\n</feed>\n'.encode()


def usual(*readings, **type_of):
    return feed(kind(**type_of), meter_reading(), block(*readings))


@pytest.mark.parametrize("name", IDS)
def test_a_real_feed_has_what_a_walk_apart_found(name):
    case, walk = BY_NAME[name], Walk(member="x")
    entries = walk.feed(sample(name))
    walk.finish()
    readings = [reading for entry in entries for reading in entry.readings]
    resources = Counter(name for entry in entries for name in entry.resources)
    assert {name: count for name, count in case["resources"].items() if resources[name] != count} == {}
    assert len(readings) == case["interval_readings"]
    lengths = Counter(reading.duration for reading in readings)
    assert case["durations"].items() <= lengths.items()  # it names the four most frequent
    assert sum(int(reading.value) for reading in readings) == (case["sum_value_raw"] or 0)
    costs = [int(reading.leaves["cost"]) for reading in readings if "cost" in reading.leaves]
    assert sum(costs) == (case["sum_cost_raw"] or 0)
    starts = Counter(reading.start for reading in readings)
    assert sum(count - 1 for count in starts.values()) == case["duplicate_starts"]
    uoms = [entry.leaves["ReadingType/uom"] for entry in entries if "ReadingType" in entry.resources]
    assert uoms == [stated["uom"] for stated in case["reading_types"]]


@pytest.mark.parametrize("name", IDS)
def test_a_real_feed_is_kept_to_the_watt_hour_or_told_what_is_left_out(name):
    case = BY_NAME[name]
    batches = read(sample(name), name="x")
    assert Counter(code for _, code in rejections(batches)) == DROPPED.get(name, {})
    kept = rows(batches)
    if name in DROPPED or not case["interval_readings"]:
        assert kept == []
        assert remarks(batches) == ([] if name in DROPPED else ["no_data"])
        return
    assert sum(sum(values) for *_, values, _, _ in kept) == round(case["sum_kwh"] * 10**9)
    # Two hours in one reading become two, two readings of one hour become one.
    two_hours = case["durations"].get("7200", 0)
    assert len(kept) == case["interval_readings"] + two_hours - case["duplicate_starts"]
    assert len({row[4] for row in kept}) == len(kept)
    assert min(row[4] for row in kept) == case["first_start_epoch"]
    estimated = [row for row in kept if row[6] != "A"]
    assert len(estimated) == 2 * two_hours + case["duplicate_starts"] + STATED.get(name, 0)
    assert remarks(batches) == (["intervals_shared"] if case["duplicate_starts"] else [])


def test_what_is_left_out_is_told_with_its_sum():
    told = [rejection for batch in read(sample("1dayLP_45Days"), name="x") for rejection in batch.rejections]
    # 2,958.004 kWh together, as the walk apart found.
    assert {rejection.message for rejection in told} == {
        "1 readings of 82800 seconds, together 73284.000000 Wh, do not divide an hour.",
        "44 readings of 86400 seconds, together 2884720.000000 Wh, do not divide an hour.",
    }
    assert all(rejection.line > 1 and "UsagePoint" not in rejection.text for rejection in told)


def test_names_are_those_of_the_paths():
    assert names_of("v1/RetailCustomer/9b/UsagePoint/01/MeterReading/7") == ("9b/01", "7")
    assert names_of("UsagePoint/A%2FB/MeterReading/1.8.0") == ("A/B", "1.8.0")
    assert names_of("something/else") == ("something/else", "")
    (row,) = rows(read(usual(reading(quality=14)), name="x"))
    assert row == ("P1", "", "E1", 60, START, [500_000_000], "A", row[7])


@pytest.mark.parametrize(
    ("quality", "letter"), [(None, "A"), (0, "A"), (17, "A"), (7, "S"), (8, "E"), (10, "E"), (99, "E")]
)
def test_quality_becomes_a_letter(quality, letter):
    assert rows(read(usual(reading(quality=quality)), name="x"))[0][6] == letter


def test_multipliers_and_reactive_energy():
    batches = read(usual(reading(value=12), multiplier=3, uom=73), name="x")
    assert rows(batches)[0][5] == [12_000_000_000]
    assert batches[0].runs.channels[0].unit == "varh"
    assert rows(read(usual(reading(value=1_500), multiplier=-9), name="x")) == []
    assert rejections(read(usual(reading(value=1_500), multiplier=-9), name="x"))[0][1] == "too_precise"
    assert rows(read(usual(reading(value=5_000), multiplier=-9), name="x"))[0][5] == [5]


def test_parts_of_an_interval_are_added_and_a_reading_of_two_is_dealt():
    batches = read(usual(reading(), reading(duration=0, value=3), reading(START + 7200, 7200, 5)), name="x")
    assert [row[4:7] for row in rows(batches)] == [
        (START, [503_000_000], "E"),
        (START + 7200, [2_500_000], "E"),
        (START + 10800, [2_500_000], "E"),
    ]
    assert remarks(batches) == ["intervals_shared"]


def test_a_later_block_comes_after_an_earlier_one():
    data = feed(kind(), meter_reading(), block(reading(value=1)), block(reading(value=2), number=2))
    assert [row[5] for row in rows(read(data, name="x"))] == [[1_000_000], [2_000_000]]


def test_several_points_and_streams_whose_types_stand_at_the_end():
    streams = {f"RetailCustomer/c{at}/UsagePoint/{at}/MeterReading/1": 900 * at for at in (1, 2)}
    entries = [block(reading(START, length, 7), stream=stream) for stream, length in streams.items()]
    entries += [meter_reading(stream, of=f"ReadingType/{length}") for stream, length in streams.items()]
    entries += [kind(length=length, path=f"ReadingType/{length}") for length in streams.values()]
    found = {row[0]: row[3] for row in rows(read(feed(*entries), name="x"))}
    assert found == {"c1/1": 15, "c2/2": 30}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (usual(reading(value=None)), "missing_value"),
        (usual(reading(value="1e3")), "not_a_number"),
        (usual(reading(value=-1)), "negative_value"),
        (usual(reading(start="soon")), "bad_date"),
        (usual(reading(start=START + 400 * 86_400)), "date_in_future"),
        (usual(reading(duration=2400)), "interval_too_long"),
        (usual(reading(), uom=38), "unknown_unit"),
        (usual(reading(), accumulation=3), "not_within_intervals"),
        (usual(reading(), commodity=7), "not_electricity"),
        (usual(reading(), multiplier=99), "value_too_large"),
        (feed(block(reading())), "record_out_of_place"),
    ],
)
def test_a_wrong_reading_is_rejected_at_its_line(data, code):
    batches = read(data, name="x")
    assert rows(batches) == []
    ((line, found),) = rejections(batches)
    assert found == code
    assert b"<IntervalReading>" in data.split(b"\n")[line - 1]


def test_readings_of_one_interval_that_are_too_large_together_are_rejected():
    many = read(usual(*[reading(value=4 * 10**12) for _ in range(3)]), name="x")
    assert [code for _, code in rejections(many)] == ["value_too_large"] * 2


def test_what_no_reading_has_so_often_is_left_out():
    walk = Walk(member="x")
    words = "".join(f"<ReadingQuality><quality>{at}</quality></ReadingQuality><w{at}>1</w{at}>" for at in range(300))
    (entry,) = walk.feed(feed(block(reading(more=words))))
    (one,) = entry.readings
    assert len(one.qualities) == 20
    assert len(one.leaves) == 20


def test_net_streams_may_be_negative():
    assert rows(read(usual(reading(value=-5), direction=4), name="x"))[0][5] == [-5_000_000]


BOMB = '<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (feed(kind(), head=f"<?xml version='1.0'?>{BOMB}"), "broken_xml"),
        (feed(head='<?xml version="1.0"?><!DOCTYPE feed SYSTEM "http://127.0.0.1/x.dtd">'), "broken_xml"),
        (usual(reading())[:-9], "broken_xml"),
        (feed("&file;"), "broken_xml"),
        (feed("<a>" * 60 + "</a>" * 60), "broken_xml"),
        (b"<?xml version='1.0'?><feed><entry/></feed>", "unknown_format"),
        (b"<?xml version='1.0'?><html/>", "unknown_format"),
    ],
)
def test_what_is_no_feed_or_hostile_is_refused(data, code):
    with pytest.raises(FileRefused) as refused:
        read(data, name="x")
    assert refused.value.code == code


@settings(max_examples=EXAMPLES, deadline=None)
@given(cut=st.integers(0, 3_000), noise=st.binary(max_size=8))
def test_noise_is_read_rejected_or_refused_and_nothing_else(cut, noise):
    data = usual(reading(), reading(START + 3600))
    cut = min(cut, len(data))
    try:
        batches = read(data[:cut] + noise + data[cut:], name="x")
    except FileRefused:
        return
    assert len(rows(batches)) + len(rejections(batches)) <= 2


def test_readings_cut_into_chunks_are_the_same(monkeypatch):
    data = sample("test_usage_data_01")
    whole = rows(read(data, name="x"))
    walk, pieces = Walk(member="x"), defaultdict(int)
    for at in range(0, len(data), 97):
        for entry in walk.feed(data[at : at + 97]):
            pieces["readings"] += len(entry.readings)
    walk.finish()
    assert pieces["readings"] == len(whole) == 96
    monkeypatch.setattr("metering.domain.formats.lines.CHUNK_BYTES", 1_000)
    assert rows(read(data, name="x")) == whole
    assert read(data, name="x", today=date(2012, 1, 1))[-1].last_line > 800
