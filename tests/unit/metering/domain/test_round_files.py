"""Files of a round that come back from hand-helds and spreadsheets."""

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.round_files import BadRoundFile, parse

HEADER = "place,meter,register,read_date,reading,missed,note\n"


def rows(text):
    return [(r.line, r.serial, r.register, r.read_date, r.reading_wh, r.missed, r.fault) for r in parse(text.encode())]


def test_lines_with_a_value_or_a_reason_are_read_and_empty_ones_left_out():
    found = rows(
        HEADER + '1,M1,total,2026-03-10,"1,234.5",,\n2,M2,total,,,DOG,bites\n3,M3,total,2026-03-10,,,\n4,M4,peak,,7,,'
    )
    assert found == [
        (2, "M1", "total", date(2026, 3, 10), 1_234_500, "", ""),
        (3, "M2", "total", None, None, "dog", ""),
        (5, "M4", "peak", None, 7_000, "", ""),
    ]


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_columns_are_found_by_name_in_any_order_behind_a_mark(between):
    text = "\ufeff" + between.join(["Reading", "Register", "Meter"]) + "\r\n" + between.join(["5", "total", "M1"])
    assert rows(text) == [(2, "M1", "total", None, 5_000, "", "")]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("2026-03-10,1e3", "not_a_number"),
        ("2026-03-10,-4", "not_a_number"),
        ("10 March,4", "bad_date"),
        ("2026-02-30,4", "bad_date"),
    ],
)
def test_a_wrong_line_says_so_and_the_others_stand(cells, fault):
    found = rows(HEADER + f"1,M1,total,{cells},,\n2,M2,total,,9,,")
    assert [one[-1] for one in found] == [fault, ""]


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"meter,reading\nM1,4", b"meter,register\nM1,total", b"x" * (8 * 2**20 + 1)]
)
def test_what_is_no_file_of_a_round_is_refused(data):
    with pytest.raises(BadRoundFile):
        parse(data)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_refusal(data):
    with contextlib.suppress(BadRoundFile):
        parse(HEADER.encode() + data)
