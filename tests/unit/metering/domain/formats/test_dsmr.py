"""Telegrams of P1 ports, against what an independent reader found in real ones (tests/data/dsmr)."""

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.formats.dsmr import crc16_arc, telegrams
from metering.domain.formats.faults import FileRefused
from metering.domain.formats.lines import Chunk
from tests.unit.metering.domain.formats.nem import read, rejections, remarks

EXAMPLES = 20_000 if os.environ.get("WATTLINE_PROOF") else 40
SAMPLES = Path(__file__).parents[4] / "data" / "dsmr"
CASES = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["telegrams"]
CODES = {
    "ELECTRICITY_USED_TARIFF_1": "1-0:1.8.1",
    "ELECTRICITY_USED_TARIFF_2": "1-0:1.8.2",
    "ELECTRICITY_DELIVERED_TARIFF_1": "1-0:2.8.1",
    "ELECTRICITY_DELIVERED_TARIFF_2": "1-0:2.8.2",
    "ELECTRICITY_IMPORTED_TOTAL": "1-0:1.8.0",
    "ELECTRICITY_EXPORTED_TOTAL": "1-0:2.8.0",
    "CURRENT_ELECTRICITY_USAGE": "1-0:1.7.0",
    "CURRENT_ELECTRICITY_DELIVERY": "1-0:2.7.0",
    "EQUIPMENT_IDENTIFIER": "0-0:96.1.1",
    "BELGIUM_EQUIPMENT_IDENTIFIER": "0-0:96.1.1",
    "Q3D_EQUIPMENT_IDENTIFIER": "1-0:0.0.0",
}
ODD = {
    "v2_2.txt": [(1, "no_time")],
    "esy5q3db1024_v304.txt": [(1, "no_time")],
    "sagemcom_t210_d_r.txt": [(1, "missing_identifier")],
}
"""What is wrong with a real telegram; the independent reader cannot read the last one either."""


def sample(name):
    return (SAMPLES / name).read_bytes()


def telegram(*lines, at="260701000000S", meter="4B384547", checksum=None):
    named = [f"0-0:1.0.0({at})"] * bool(at) + [f"0-0:96.1.1({meter})"] * bool(meter)
    body = "\r\n".join(["/ISk5\\2MT382-1000", "", *named, *lines, "!"])
    return (body + (f"{crc16_arc(body.encode()):04X}" if checksum is None else checksum) + "\r\n").encode()


def rows(batches):
    return [
        (r.meter[at], r.register[at], str(r.read_at[at]), int(r.utc_offset_minutes[at]), int(r.reading_wh[at]))
        for r in (batch.reads for batch in batches)
        for at in range(len(r))
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_a_real_telegram_says_what_an_independent_reader_found(case):
    name = Path(case["file"]).name
    data = sample(name)
    assert len(data) == case["bytes"]
    (found,) = telegrams(Chunk(data, 1, data.count(b"\n")))
    if "crc16_computed" in case:
        assert f"{crc16_arc(found.data):04X}" == case["crc16_computed"]
        assert case["crc_ok"]
    found.check()
    values = case.get("values", {})
    for label, code in CODES.items():
        if label in values:
            number, _, unit = found.text(code).partition("*")
            stated = values[label]
            is_number = stated["unit"] is not None
            assert unit == (stated["unit"] or "")
            assert (Decimal(number) == Decimal(stated["value"])) if is_number else number == stated["value"]
    batches = read(data, name=name)
    assert rejections(batches) == ODD.get(name, [])
    if "P1_MESSAGE_TIMESTAMP" in values:
        for _, _, at, offset, _ in rows(batches):
            instant = datetime.fromisoformat(f"{at}+00:00") - timedelta(minutes=offset)
            assert instant == datetime.fromisoformat(values["P1_MESSAGE_TIMESTAMP"]["value"]).astimezone(UTC)


def test_counters_are_reads_of_a_meter_whose_name_is_spelt():
    batches = read(sample("v5.txt"))
    assert rows(batches) == [
        ("K8EG004046395507", "1.8.1", "2017-01-02T19:20:02", 60, 4_426),
        ("K8EG004046395507", "1.8.2", "2017-01-02T19:20:02", 60, 2_399),
        ("K8EG004046395507", "2.8.1", "2017-01-02T19:20:02", 60, 2_444),
        ("K8EG004046395507", "2.8.2", "2017-01-02T19:20:02", 60, 0),
    ]
    assert batches[0].header.format == "dsmr"
    assert batches[0].reads.line.tolist() == [6, 7, 8, 9]
    assert remarks(read(sample("unpadded_crc.txt"))) == ["no_data"]


def test_every_flipped_byte_of_a_telegram_is_found():
    data, refused = sample("v5.txt"), []
    for at in range(data.index(b"!") + 5):
        spoiled = data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :]
        try:
            batches = read(spoiled)
        except FileRefused:
            refused.append(at)
            continue
        assert rows(batches) == []
        assert rejections(batches)[0] in [(1, "bad_checksum"), (1, "telegram_cut_off")]
    assert max(refused) < 4  # the maker's sign is the sign of the format


def test_telegrams_follow_each_other_and_one_a_meter_and_date_is_taken():
    one = "1-0:1.8.0(000001.000*kWh)"
    batches = read(
        b"dust\r\n".join(
            [
                telegram(one),
                telegram("1-0:1.8.0(000001.500*kWh)", at="260701000010S"),
                telegram("1-0:1.8.0(000002.000*kWh)", at="260701234600S"),
                telegram("1-0:1.8.0(000003.000*kWh)", meter="4B384548"),
            ]
        )
    )
    assert [(row[0], row[2], row[4]) for row in rows(batches)] == [
        ("K8EG", "2026-07-01T00:00:00", 1_000),
        ("K8EG", "2026-07-01T23:46:00", 2_000),
        ("K8EH", "2026-07-01T00:00:00", 3_000),
    ]
    assert remarks(batches) == ["same_date"]


def test_a_file_that_lost_its_carriage_returns_is_read_all_the_same():
    assert len(rows(read(sample("v4_2.txt").replace(b"\r\n", b"\n")))) == 4


def test_digits_below_a_watt_hour_are_cut_and_that_is_told():
    batches = read(telegram("1-0:1.8.0*255(00052185.7825309*kWh)", "1-0:3.8.0(000000747*varh)"))
    assert [row[1:2] + row[4:] for row in rows(batches)] == [("1.8.0", 52_185_782), ("3.8.0", 747)]
    assert remarks(batches) == ["finer_than_wh"]
    assert batches[0].reads.unit == ["Wh", "varh"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (telegram("1-0:1.8.0(000001.000*kWh)", checksum=""), (1, "bad_checksum")),
        (telegram("1-0:1.8.0(000001.000*kWh)", checksum="0000"), (1, "bad_checksum")),
        (telegram("1-0:1.8.0(000001.000*kWh)").replace(b"!", b"?"), (1, "telegram_cut_off")),
        (telegram("1-0:1.8.0(000001.000*kWh)", at=""), (1, "no_time")),
        (telegram("1-0:1.8.0(000001.000*kWh)", at="261301000000W"), (1, "bad_date")),
        (telegram("1-0:1.8.0(000001.000*kWh)", at="271201000000W"), (1, "date_in_future")),
        (telegram("1-0:1.8.0(000001.000*kWh)", meter=""), (1, "missing_identifier")),
        (telegram("1-0:1.8.0(NaN*kWh)"), (5, "not_a_number")),
        (telegram("1-0:1.8.0(1E9*kWh)"), (5, "not_a_number")),
        (telegram("1-0:1.8.0(-1*kWh)"), (5, "negative_value")),
        (telegram("1-0:1.8.0(000001.000*m3)"), (5, "unknown_unit")),
    ],
    ids=["none", "wrong", "cut", "no-time", "month-13", "future", "nameless", "nan", "exponent", "minus", "gas"],
)
def test_what_is_wrong_is_rejected_by_its_line(data, expected):
    batches = read(data)
    assert (rejections(batches), rows(batches)) == ([expected], [])


def test_encrypted_telegrams_are_refused_by_name():
    with pytest.raises(FileRefused) as refused:
        read(bytes.fromhex("db08534147350000112282") + b"\x30\x00" * 40)
    assert refused.value.code == "encrypted_telegram"


@settings(max_examples=EXAMPLES)
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_between_the_marks_load_or_are_rejected_and_nothing_else(lines):
    body = b"\r\n".join([b"/ABC5x", b"1-0:1.8.0(1*kWh)", *lines, b"!"])
    try:
        batches = read(body + f"{crc16_arc(body):04X}\r\n".encode())
    except FileRefused:
        return
    assert all(len(batch.rejections) + len(batch.remarks) + len(batch.reads) for batch in batches)
