"""Files that real providers sent, against what an independent reader found in them (tests/data/nem12)."""

import json
from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from metering.domain.formats.faults import FileRefused
from metering.domain.formats.files import read_file
from tests.unit.metering.domain.formats.nem import letters_of, rejections, remarks, values_of

SAMPLES = Path(__file__).parents[4] / "data" / "nem12"
CASES = {case["file"]: case for case in json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))}
READABLE = [name for name, case in CASES.items() if not case.get("must_refuse")]
REFUSED = [name for name, case in CASES.items() if case.get("must_refuse")]

BROKEN_DAY = "nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip"
"""
Line 27 of this file is a 300 record that was broken into three lines. The independent reader skips it and then gives
its 400 records to the day before, so that 24 actual values of that day pass for estimates. Here the day is rejected
with its 400 records; all else is as expected.
"""


def load(name):
    with (SAMPLES / name).open("rb") as stream:
        return list(read_file(stream, name=name, today=date(2026, 7, 31)))


def rows(batches):
    """Yield (channel key, meter serial, unit, count, sum in that unit, quality letters, first start, last end)."""
    for batch in batches:
        days, spans = batch.days, batch.spans
        for at in range(len(days)):
            channel = days.channels[days.channel[at]]
            total = sum(values_of(days, at)) / 10**channel.unit_places
            start = f"{days.day_date[at]}T00:00:00"
            end = f"{days.day_date[at] + 1}T00:00:00"
            letters = letters_of(days, at)
            yield (channel.nmi, channel.suffix), channel.serial, channel.uom, days.slots[at], total, letters, start, end
        for at in range(len(spans)):
            total = Fraction(int(spans.quantity_wh[at]), 1000)
            letters = spans.current_quality[at].letter
            start, end = str(spans.previous_at[at]), str(spans.current_at[at])
            yield (spans.nmi[at], spans.suffix[at]), spans.serial[at], spans.uom[at], 1, total, letters, start, end


def summary(batches):
    found = {}
    for key, serial, uom, count, total, letters, start, end in rows(batches):
        channel = found.setdefault(key, {"serial": set(), "uom": set(), "n": 0, "sum": 0, "flags": Counter()})
        channel["serial"].add(serial)
        channel["uom"].add(uom)
        channel["n"] += int(count)
        channel["sum"] += total
        channel["flags"].update(letters)
        channel["first"] = min(start, channel.get("first", start))
        channel["last"] = max(end, channel.get("last", end))
    return found


def test_every_sample_is_here():
    stored = {str(p.relative_to(SAMPLES)) for p in SAMPLES.glob("*/*") if p.is_file()}
    assert stored == set(CASES)
    assert (len(CASES), len(REFUSED)) == (91, 2)


@pytest.mark.parametrize("name", READABLE)
def test_channels_counts_sums_and_times_are_as_an_independent_reader_found(name):
    found = summary(load(name))
    expected = {(channel["nmi"], channel["channel"]): channel for channel in CASES[name]["channels"]}
    assert set(found) == set(expected)
    for key, channel in expected.items():
        mine = found[key]
        assert (mine["serial"], mine["uom"], mine["n"]) == (
            {channel["meter_serial"]},
            {channel["uom"]},
            channel["intervals"],
        )
        assert (mine["first"], mine["last"]) == (channel["first_start"], channel["last_end"])
        assert abs(mine["sum"] - Fraction(str(channel["sum"]))) < Fraction(1, 10**6)


@pytest.mark.parametrize("name", [name for name in READABLE if name != BROKEN_DAY])
def test_quality_flags_are_as_an_independent_reader_found(name):
    found = summary(load(name))
    for channel in CASES[name]["channels"]:
        assert dict(found[channel["nmi"], channel["channel"]]["flags"]) == channel["quality_flags"]


def test_a_day_broken_into_three_lines_leaves_the_day_before_as_it_was():
    batches = load(BROKEN_DAY)
    assert rejections(batches) == [(27, "day_without_values"), (28, "unknown_record"), (29, "unknown_record")]
    assert dict(summary(batches)["NEM1210191", "B2"]["flags"]) == {"F": 11, "A": 85}


@pytest.mark.parametrize("name", READABLE)
def test_headers_are_as_stated(name):
    expected, header = CASES[name]["header"], load(name)[-1].header
    assert header.format == expected["version_header"].lower()
    assert (header.sender, header.recipient) == (expected["from_participant"], expected["to_participant"])
    assert (header.created_at and header.created_at.isoformat()) == expected["creation_date"]
    assert header.assumed == expected["assumed"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_block_of_mixed_interval_lengths_refuses_the_file(name):
    with pytest.raises(FileRefused) as refused:
        load(name)
    assert (refused.value.code, refused.value.line) == ("mixed_interval_lengths", 3)


def test_nothing_but_the_two_faulty_days_is_rejected_in_all_samples():
    found = {name: rejections(load(name)) for name in READABLE}
    assert {name: lines for name, lines in found.items() if lines} == {
        "invalid/Example_NEM12_incomplete_interval.csv": [(3, "day_without_values")],
        BROKEN_DAY: [(27, "day_without_values"), (28, "unknown_record"), (29, "unknown_record")],
    }


def test_a_missing_header_is_assumed_with_a_remark_and_an_empty_file_is_remarked():
    assert remarks(load("invalid/Example_NEM12_missing_header.csv")) == ["header_assumed"]
    assert remarks(load("invalid/Example_NEM12_powercor.csv.zip")) == ["header_assumed", "header_assumed"]
    assert remarks(load("invalid/Example_NEM12_empty.csv")) == ["no_data"]


def test_quality_methods_and_reasons_are_kept():
    (batch,) = load("unzipped/Example_NEM12_multiple_quality.csv")
    stated = [(e.first, e.end, e.quality.method, e.quality.reason_code) for e in batch.days.events]
    assert stated == [(0, 20, "F14", "76"), (20, 24, "A", ""), (24, 48, "S14", "1")]
    assert batch.days.quality == ["F" * 20 + "A" * 4 + "S" * 24]
    (batch,) = load("unzipped/Example_NEM12_substituted_interval.csv")
    assert [(q.method, q.reason_code) for q in batch.days.stated] == [("F14", "32"), ("F14", "32")]
    assert batch.days.quality == ["F", "F"]
    assert str(batch.days.updated_at[0]) == "2003-08-02T12:57:25"
    assert str(batch.days.loaded_at[0]) == "2003-08-04T02:55:21"


def test_register_spans_keep_both_reads_their_digits_and_the_stated_quantity():
    (batch,) = load("nem13/NEM13#Scenario13#ETSAMDP#NEMMCO.zip")
    spans = batch.spans
    assert (spans.previous_wh.tolist(), spans.current_wh.tolist()) == ([9_999_941_000], [106_000])
    assert spans.previous_digits.tolist() == [7]
    assert (spans.quantity_wh.tolist(), spans.direction, spans.unit) == ([165_000], ["E"], ["Wh"])
    assert str(spans.next_read_date[0]) == "2005-06-01"
