"""MSCONS: what a walk apart found in real messages, signs that are released, faults by segment."""

import gzip
import io
import json
import os
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.formats import edifact, lines
from metering.domain.formats.edifact import Segments
from metering.domain.formats.faults import FileRefused
from metering.domain.formats.files import read_file
from metering.domain.formats.mscons import Walk
from tests.unit.metering.domain.formats.nem import read, rejections, remarks
from tests.unit.metering.domain.formats.test_interval_lines import rows

EXAMPLES = 20_000 if os.environ.get("WATTLINE_PROOF") else 40
SAMPLES = Path(__file__).parents[4] / "data" / "mscons"
CASES = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
LOCATION = "DE0001062600000001000000022345671"


def sample(case):
    name = Path(case["file"]).name
    packed = SAMPLES / f"{name}.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (SAMPLES / name).read_bytes()


def value(text="0.125", *, qualifier="220", unit="", begin="202607010000?+02", end="202607010015?+02"):
    unit = f":{unit}" if unit else ""
    return [f"QTY+{qualifier}:{text}{unit}", f"DTM+163:{begin}:303", f"DTM+164:{end}:303"]


def message(*segments, location=LOCATION, obis="1-1?:1.29.0", una="UNA:+.? '", joint="", counts=True):
    place = [f"LOC+172+{location}"] if location else []
    register = ["LIN+1", f"PIA+5+{obis}:SRW"] if obis else ["LIN+1"]
    body = ["UNH+1+MSCONS:D:04B:UN:2.4c", "BGM+7+X-1+9", "UNS+D", "NAD+DP", *place, *register, *segments]
    last = [f"UNT+{len(body) + 1 if counts else 2}+1", "UNZ+1+X"]
    whole = ["UNB+UNOC:3+4012345678901:14+4012345678902:14+260701:1151+X", *body, *last]
    return (una + "".join(f"{segment}'{joint}" for segment in whole)).encode("latin-1")


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_a_real_interchange_says_what_a_walk_apart_found(case):
    data = sample(case)
    assert len(data) == case["bytes"]
    segments, walk = Segments(member="x"), Walk()
    found = defaultdict(list)
    for quantity in walk.through(segments.feed(data), remarks=[], rejections=[]):
        found[quantity.location, quantity.obis or None].append(quantity)
    segments.finish()
    assert segments.count == case["segments"]
    assert list(found) == [(series["location"], series["obis"]) for series in case["series"]]
    for series in case["series"]:
        mine = found[series["location"], series["obis"]]
        numbers = [Decimal(quantity.value.replace(",", ".")) for quantity in mine]
        assert (len(mine), str(sum(numbers))) == (series["count"], series["sum"])
        assert max(numbers) == Decimal(series["max"])
        assert {quantity.qualifier for quantity in mine} == set(series["qualifiers"])
        assert (mine[0].begin, mine[-1].end) == (series["first_start"], series["last_end"])


def test_of_real_quarter_hours_those_that_are_none_are_rejected_and_all_else_is_kept():
    batches = read(sample(CASES[0]), name="x")
    kept = rows(batches)
    assert {code for _, code in rejections(batches)} == {"bad_interval_length", "dates_reversed"}
    assert len(kept) + len(rejections(batches)) == 2976
    assert len(kept) > 2900
    assert kept[0][:3] == ("US0001062600000001000000022345671", "", "1.10.0")
    assert batches[0].header.format == "mscons"


def test_of_real_messages_without_energy_nothing_is_kept_and_each_value_is_told():
    batches = read(sample(CASES[1]), name="x")
    assert rows(batches) == []
    assert [code for _, code in rejections(batches)] == ["unknown_unit"] * 2 + ["missing_identifier"] * 2
    assert remarks(batches) == ["footer_wrong", "footer_wrong"]


def test_values_have_a_start_a_length_and_a_quality():
    segments = [
        *value(unit="KWH"),
        *value("0,25", qualifier="67", begin="202607010015?+02", end="202607010030?+02"),
        *value("2", qualifier="Z18", unit="MWH", begin="202607010000?+02", end="202607010100?+02"),
        *value("0", qualifier="20", begin="202606302230?+00", end="202606302245?+00"),
    ]
    found = rows(read(message(*segments, joint="\r\n")))
    assert [(row[2], row[3], row[5], row[6]) for row in found] == [
        ("1.29.0", 15, [125_000_000], "A"),
        ("1.29.0", 15, [250_000_000], "S"),
        ("1.29.0", 60, [2_000_000_000_000], "E"),
        ("1.29.0", 15, [None], "N"),
    ]
    assert [row[4] - found[0][4] for row in found] == [0, 900, 0, 1800]


def test_signs_that_are_released_are_text_and_other_signs_may_be_named():
    assert rows(read(message(*value(), location="A?'B?+C??")))[0][0] == "A'B+C?"
    una, plain = "UNA|~.# !", message(*value()).decode()[9:]
    other = plain.replace("?:", "\0").replace("?+", "\1").replace(":", "|").replace("+", "~").replace("'", "!")
    other = una + other.replace("\0", ":").replace("\1", "+")
    assert rows(read(other.encode())) == rows(read(message(*value())))


@pytest.mark.parametrize(
    ("segments", "kwargs", "code"),
    [
        (value(unit="D54"), {}, "unknown_unit"),
        (value("1e9"), {}, "not_a_number"),
        (value("NaN"), {}, "not_a_number"),
        (value("-1"), {}, "negative_value"),
        (value("1,000,5"), {}, "not_a_number"),
        (value(qualifier="79"), {}, "unknown_quality"),
        (value(begin="202607010000"), {}, "bad_date"),
        (value(begin="202613010000?+02"), {}, "bad_date"),
        (value(end="202607010000?+02"), {}, "dates_reversed"),
        (value(end="202608010000?+02"), {}, "bad_interval_length"),
        (value(begin="202609010000?+02", end="202609010015?+02"), {}, "date_in_future"),
        (value()[:1], {}, "bad_date"),
        (value(), {"location": ""}, "missing_identifier"),
        (value(), {"obis": ""}, "missing_identifier"),
        (value(), {"obis": "7-1?:1.29.0.x"}, "missing_identifier"),
        (["12"], {}, "broken_segment"),
    ],
)
def test_what_is_wrong_is_rejected_by_its_segment_and_the_next_is_read(segments, kwargs, code):
    batches = read(message(*segments, **kwargs))
    assert ([each for _, each in rejections(batches)], rows(batches)) == ([code], [])
    if not kwargs:
        assert rejections(batches)[0][0] == 9
        assert len(rows(read(message(*segments, *value())))) == 1


def test_other_messages_are_told_and_passed_over():
    data = message(*value()).replace(b"UNH+1+MSCONS", b"UNH+1+UTILMD")
    assert (rejections(read(data)), rows(read(data))) == ([(2, "unknown_record")], [])


def test_footers_that_count_otherwise_or_are_missing_are_told():
    assert remarks(read(message(*value(), counts=False))) == ["footer_wrong"]
    assert remarks(read(message(*value()).replace(b"UNZ+1+X'", b""))) == ["end_record_missing"]
    assert remarks(read(message())) == ["no_data"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(*value())[:-20], "truncated_file"),
        (message(*value()).replace(b"LIN+1'", b"LIN+1" + b"x" * 100_000), "line_too_long"),
        (b"UNA:::: 'UNB+UNOC:3'", "broken_segment"),
    ],
)
def test_a_file_that_breaks_off_is_refused(data, code):
    with pytest.raises(FileRefused) as refused:
        read(data)
    assert refused.value.code == code


def test_where_a_file_is_cut_into_chunks_does_not_matter(monkeypatch):
    data = message(*value(), *value("1", begin="202607010015?+02", end="202607010030?+02"), location="A?'B")
    whole = rows(read(data))
    for size in range(20, 40):
        monkeypatch.setattr(lines, "CHUNK_BYTES", size)
        batches = list(read_file(io.BytesIO(data), name="x", today=date(2026, 7, 31)))
        assert (len(batches) > 5, rows(batches), remarks(batches)) == (True, whole, [])


@settings(max_examples=EXAMPLES)
@given(st.lists(st.text(alphabet="QTYDM+:'?0123456789.,PIALOC \n", max_size=30), max_size=6))
def test_any_text_is_read_or_refused_and_nothing_else(segments):
    data = message(*segments, *value())
    try:
        batches = read(data)
    except FileRefused:
        return
    assert all(len(batch.runs) + len(batch.rejections) + len(batch.remarks) for batch in batches)


def test_a_release_sign_at_the_end_of_a_part_is_counted():
    assert edifact._parted(b"a??'b?'c'", b"'", b"?") == [b"a??", b"b?'c", b""]
