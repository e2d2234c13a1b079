"""CSV of register reads: encodings, names, dates, numbers, faults by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import read, rejections, remarks

HEADER = "meter,register,read_at,reading,kind,note"
GOOD = "SN1,total,2026-07-01,1234.5,actual,"


def csv(*lines, header=HEADER, ends="\n", encoding="utf-8"):
    return (ends.join((header, *lines)) + ends).encode(encoding)


def rows(batches):
    return [
        (
            reads.meter[at],
            reads.register[at],
            str(reads.read_at[at]),
            int(reads.reading_wh[at]),
            reads.kind[at],
            reads.note[at],
        )
        for reads in (batch.reads for batch in batches)
        for at in range(len(reads))
    ]


def refusal(data):
    with pytest.raises(FileRefused) as refused:
        read(data)
    return refused.value.code


def test_a_line_is_a_read():
    batches = read(csv(GOOD, "SN2,E1,2026-07-01 09:30,00012,estimated,locked gate"))
    assert rows(batches) == [
        ("SN1", "total", "2026-07-01T00:00:00", 1_234_500, "actual", ""),
        ("SN2", "E1", "2026-07-01T09:30:00", 12_000, "estimated", "locked gate"),
    ]
    assert batches[0].reads.digits.tolist() == [4, 5]
    assert batches[0].reads.line.tolist() == [2, 3]
    assert batches[-1].header.format == "csv"


CHINESE_HEADER = "表号,示数类型,抄表时间,示数,抄表方式,备注"
CHINESE = [
    "SN1,正向有功总,2026-07-01,10,实抄,门锁",
    "SN1,峰,2026/7/1 0:00,4,估抄,",
    "SN1,谷,2026年7月1日,6,自报,客户来电",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_chinese_sheets_are_read_in_their_usual_encodings(encoding, ends):
    batches = read(csv(*CHINESE, header=CHINESE_HEADER, ends=ends, encoding=encoding))
    assert rows(batches) == [
        ("SN1", "total", "2026-07-01T00:00:00", 10_000, "actual", "门锁"),
        ("SN1", "peak", "2026-07-01T00:00:00", 4_000, "estimated", ""),
        ("SN1", "valley", "2026-07-01T00:00:00", 6_000, "customer", "客户来电"),
    ]
    assert rejections(batches) == []


def test_chinese_notes_far_below_an_ascii_header_are_read():
    lines = [GOOD] * 30_000 + [GOOD + "门锁"]
    batches = read(csv(*lines, encoding="gb18030"))
    assert len(batches) > 1
    assert rows(batches)[-1][-1] == "门锁"


def test_a_line_in_another_encoding_is_rejected_alone():
    data = csv(GOOD + "门锁", GOOD + "门锁") + (GOOD + "门锁\n").encode("gbk")
    batches = read(data)
    assert (len(rows(batches)), rejections(batches)) == (2, [(4, "unreadable_text")])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_come_in_any_order_case_and_separator(separator):
    header = separator.join(('"Reading"', "READ AT", " Meter "))
    batches = read(csv(separator.join(("7", "2026-07-01", "SN1")), header=header))
    assert rows(batches) == [("SN1", "", "2026-07-01T00:00:00", 7_000, "actual", "")]


def test_quoted_fields_keep_their_commas_and_quotation_marks():
    batches = read(csv('"SN1","total","2026-07-01","5","actual","gate, ""locked"""'))
    assert rows(batches)[0][-1] == 'gate, "locked"'


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-07-01", "2026-07-01T00:00:00"),
        ("2026/7/1", "2026-07-01T00:00:00"),
        ("2026.7.1", "2026-07-01T00:00:00"),
        ("20260701", "2026-07-01T00:00:00"),
        ("2026年7月1日", "2026-07-01T00:00:00"),
        ("2026-07-01 9:05", "2026-07-01T09:05:00"),
        ("2026-07-01T09:05:07", "2026-07-01T09:05:07"),
        ("2026-07-01 09:05:07.000", "2026-07-01T09:05:07"),
        ("2026-06-30 24:00", "2026-07-01T00:00:00"),
        ("2026-07-31 23:59", "2026-07-31T23:59:00"),
    ],
)
def test_dates_are_read_as_people_and_sheets_write_them(written, at):
    assert rows(read(csv(f"SN1,,{written},1,,")))[0][2] == at


@pytest.mark.parametrize(
    ("unit", "wh"), [("", 1_500), ("kWh", 1_500), ("KWH", 1_500), ("MWh", 1_500_000), ("kvarh", 1_500)]
)
def test_a_unit_column_is_followed(unit, wh):
    assert rows(read(csv(f"SN1,2026-07-01,1.5,{unit}", header="meter,read_at,reading,unit")))[0][3] == wh


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SN1,total,2026-07-01,NaN,,", "not_a_number"),
        ("SN1,total,2026-07-01,1E99,,", "not_a_number"),
        ("SN1,total,2026-07-01,１２３,,", "not_a_number"),
        ("SN1,total,2026-07-01,1_000,,", "not_a_number"),
        ('SN1,total,2026-07-01,"1,000",,', "not_a_number"),
        ("SN1,total,2026-07-01,1.2.3,,", "not_a_number"),
        ("SN1,total,2026-07-01,=1+1,,", "not_a_number"),
        ("SN1,total,2026-07-01,-5,,", "negative_value"),
        ("SN1,total,2026-07-01,1.23456,,", "too_precise"),
        ("SN1,total,2026-07-01,9999999999999,,", "value_too_large"),
        ("SN1,total,2026-07-01,,,", "missing_value"),
        (",total,2026-07-01,1,,", "missing_value"),
        ("SN1,total,,1,,", "missing_value"),
        ("SN1", "missing_value"),
        ("SN1,total,2026-08-01,1,,", "date_in_future"),
        ("SN1,total,2026-07-31 24:00,1,,", "date_in_future"),
        ("SN1,total,2026-02-29,1,,", "bad_date"),
        ("SN1,total,01/07/2026,1,,", "bad_date"),
        ("SN1,total,1900-01-00,1,,", "bad_date"),
        ("SN1,total,1900-01-01,1,,", "bad_date"),
        ("SN1,total,2026-07-01 24:01,1,,", "bad_date"),
        ("SN1,total,2026-07-01T00:00:00+08:00,1,,", "bad_date"),
        ("SN1,total,46204,1,,", "bad_date"),
        ("SN1,total,2026-07-01,1,guess,", "unknown_kind"),
        ("SN1,total,2026-07-01,1,,,surplus", "wrong_field_count"),
        ('SN1,total,2026-07-01,1,,"open', "unclosed_quote"),
        ("SN1,total,2026-07-01,1,,a\x00b", "control_character"),
        ("S" * 65 + ",total,2026-07-01,1,,", "missing_identifier"),
    ],
)
def test_a_faulty_line_is_rejected_alone(line, code):
    batches = read(csv(GOOD, line, GOOD))
    assert (len(rows(batches)), rejections(batches)) == (2, [(3, code)])
    (rejection,) = batches[0].rejections
    assert rejection.message
    assert rejection.advice


def test_a_line_of_ten_megabytes_is_rejected_alone():
    batches = read(csv(GOOD, "x" * 10_000_000, GOOD))
    assert (len(rows(batches)), rejections(batches)) == (2, [(3, "line_too_long")])
    assert [line for batch in batches for line in batch.reads.line.tolist()] == [2, 4]
    assert max(len(rejection.text) for batch in batches for rejection in batch.rejections) == 500


def test_long_lines_are_skipped_with_lone_carriage_returns_too():
    batches = read(csv(GOOD, "x" * 3_000_000, GOOD, ends="\r"))
    assert (len(rows(batches)), rejections(batches)) == (2, [(3, "line_too_long")])


def test_blank_lines_are_passed_over_and_other_columns_remarked():
    batches = read(csv("SN1,2026-07-01,1,North", ",,,", "", header="meter,read_at,reading,district"))
    assert (len(rows(batches)), remarks(batches)) == (1, ["column_ignored"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (csv("SN1,5", header="meter,reading"), "missing_column"),
        (csv(GOOD, header="meter,register,read_at,reading,reading,note"), "duplicate_column"),
        (csv(GOOD, header="表号,meter,read_at,reading,kind,note"), "duplicate_column"),
        (csv(GOOD, header=GOOD), "missing_header"),
        (csv("y", header="just text"), "unknown_format"),
        (csv(GOOD, encoding="utf-16"), "utf16_text"),
    ],
)
def test_a_file_without_usable_column_names_is_refused(data, code):
    assert refusal(data) == code


def test_a_header_alone_is_a_file_without_reads():
    assert remarks(read(csv())) == ["no_data"]


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_load_or_reject(junk):
    batches = read(csv(GOOD) + junk)
    lines = 1 + len(rows(batches)) + len(rejections(batches))
    assert lines <= 3 + junk.count(b"\n") + junk.count(b"\r")
    assert rows(batches)[0][0] == "SN1"
