"""NEM12: what is read, what is rejected by line, what refuses the file."""

from fractions import Fraction

import pytest

from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import (
    HEADER,
    all_days,
    block,
    day,
    flat_day,
    read,
    rejections,
    remarks,
    text,
    values_of,
)


def refusal(data):
    with pytest.raises(FileRefused) as refused:
        read(data)
    assert refused.value.advice
    return refused.value.code, refused.value.line


def one_fault(line):
    """Return the rejection of a day between two good ones, which must be read."""
    batches = read(text(block(), flat_day(on="20260701"), line, flat_day(on="20260703")))
    assert [on.isoformat() for _, on, _, _ in all_days(batches)] == ["2026-07-01", "2026-07-03"]
    ((number, code),) = rejections(batches)
    assert number == 4
    return code


def with_value(value, at=0):
    return day([*["1.5"] * at, value, *["1.5"] * (47 - at)], on="20260702")


@pytest.mark.parametrize(("minutes", "slots"), [(5, 288), (10, 144), (15, 96), (30, 48), (60, 24)])
def test_a_day_has_as_many_values_as_its_block_says(minutes, slots):
    (found,) = all_days(read(text(block(minutes=minutes), day(range(slots)))))
    assert found[2] == [Fraction(1000 * value) for value in range(slots)]


@pytest.mark.parametrize(
    ("uom", "unit", "wh"),
    [
        ("kWh", "Wh", 1500),
        ("KWH", "Wh", 1500),
        ("Wh", "Wh", Fraction(3, 2)),
        ("MWh", "Wh", 1_500_000),
        ("kVArh", "varh", 1500),
        ("VARH", "varh", Fraction(3, 2)),
        ("Mvarh", "varh", 1_500_000),
        ("kW", "W", 1500),
        ("V", "V", Fraction(3, 2)),
        ("", "", Fraction(3, 2)),
    ],
)
def test_units_in_any_letter_case_come_to_their_base_unit_exactly(uom, unit, wh):
    ((channel, _, values, _),) = all_days(read(text(block(uom=uom), flat_day("1.5"))))
    assert channel.unit == unit
    assert set(values) == {Fraction(wh)}


@pytest.mark.parametrize(
    ("value", "exponent"),
    [("1", 0), ("0.001", 0), ("0.0010000", 0), ("0.0005", -1), ("0.123456789", -6), ("3000000", 1), ("2000000", 0)],
)
def test_the_exponent_is_the_coarsest_that_holds_the_day_exactly(value, exponent):
    (batch,) = read(text(block(), flat_day(value)))
    assert batch.days.exponent.tolist() == [exponent]
    assert set(values_of(batch.days, 0)) == {Fraction(value) * 1000}


def test_a_leading_zero_may_be_left_out():
    (found,) = all_days(read(text(block(), flat_day(".02"))))
    assert set(found[2]) == {Fraction(20)}


def test_blanks_around_fields_do_not_matter():
    (found,) = all_days(read(text(block(), flat_day(" 1.5"))))
    assert set(found[2]) == {Fraction(1500)}


def test_the_interval_length_may_change_from_block_to_block():
    batches = read(text(block(minutes=15), flat_day(slots=96), block(minutes=30), flat_day(on="20260702")))
    assert [len(values) for _, _, values, _ in all_days(batches)] == [96, 48]


def test_packed_bytes_and_totals_are_those_of_each_day():
    (batch,) = read(
        text(block(), day(["0.0005"] * 48), block(minutes=60), day(range(24)), block(), flat_day("3000000"))
    )
    packed = batch.days.packed()
    assert [len(item) for item in packed] == [192, 96, 192]
    assert packed[1] == b"".join((1000 * value).to_bytes(4, "little") for value in range(24))
    assert batch.days.totals().tolist() == [24, 276_000, 48 * 3_000_000_000]


def test_totals_are_rounded_half_away_from_zero():
    (batch,) = read(text(block("N", "N1"), day(["-0.0005", *["0"] * 47]), day(["0.0004", *["0"] * 47])))
    assert batch.days.totals().tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1E99", "not_a_number"),
        ("１２", "not_a_number"),
        ("1_000", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("5.", "not_a_number"),
        ("0x10", "not_a_number"),
        ("--1", "not_a_number"),
        ("-1.5", "negative_value"),
        ("0.0000000001", "too_precise"),
        ("99999999999999999999", "value_too_large"),
        ("2147483.648", "value_too_large"),
    ],
)
@pytest.mark.parametrize("at", [0, 47])
def test_a_value_that_cannot_be_taken_rejects_its_day_alone(value, code, at):
    assert one_fault(with_value(value, at)) == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (flat_day(on="20260801"), "date_in_future"),
        (flat_day(on="20260230"), "bad_date"),
        (flat_day(on="20261301"), "bad_date"),
        (flat_day(on="00000000"), "bad_date"),
        (flat_day(on="19691231"), "bad_date"),
        (flat_day(on="2026070"), "bad_date"),
        (flat_day(on="2026-07-02"), "bad_date"),
        (flat_day(on=""), "bad_date"),
        (flat_day(on="202607020000"), "bad_date"),
        (flat_day(tail="X,,,,"), "unknown_quality"),
        (flat_day(tail="A123,,,,"), "unknown_quality"),
        (flat_day(tail=",,,,"), "missing_quality"),
        (flat_day(tail="A,,,20260799000000,"), "bad_date"),
        (flat_day(tail="A,,,yesterday,"), "bad_date"),
        (flat_day(tail="A,,,,,surplus"), "wrong_field_count"),
        (flat_day(tail='A,,"open,,'), "unclosed_quote"),
        (flat_day(""), "day_without_values"),
        ("300,20260702,V,,,20260702120000,", "day_without_values"),
        ("300,20260702,", "day_without_values"),
        ("300,20260702", "day_without_values"),
        ("301,1,2", "unknown_record"),
        ("hello", "unknown_record"),
        ("300,2026\x000702,1", "control_character"),
    ],
)
def test_a_faulty_line_is_rejected_alone(line, code):
    assert one_fault(line) == code


def test_a_rejection_says_where_what_and_how_to_mend_it():
    (batch,) = read(text(block(), with_value("1E99", at=16)))
    (rejection,) = batch.rejections
    assert rejection.line == 3
    assert rejection.message == "Interval 17: '1E99' is not a number."
    assert "1234.5" in rejection.advice
    assert rejection.text.startswith("300,20260702,1.5,1.5")
    assert len(rejection.text) <= 500


def test_today_is_not_in_the_future():
    assert rejections(read(text(block(), flat_day(on="20260731")))) == []


def test_net_streams_and_voltages_may_be_negative():
    batches = read(text(block(suffix="N1"), flat_day("-1.5"), block(suffix="V1", uom="V"), flat_day("-1")))
    assert [values[0] for _, _, values, _ in all_days(batches)] == [-1500, -1]


def test_blank_values_are_marked_as_missing():
    (batch,) = read(text(block(), day(["", "2", *["1"] * 46])))
    assert batch.days.quality == ["N" + "A" * 47]
    assert batch.days.missing.tolist() == [1]
    assert values_of(batch.days, 0)[:2] == [0, 2000]


def test_a_day_of_null_data_counts_as_missing():
    (batch,) = read(text(block(), flat_day("0", tail="N,,,,")))
    assert (batch.days.quality, batch.days.missing.tolist()) == (["N"], [48])


def test_400_records_qualify_parts_of_the_day_before_them():
    events = ("400,1,20,F14,76,", "400,21,24,A,,", "400,25,48,N,1,meter off")
    batches = read(text(block(), flat_day(tail="V,,,,"), *events, flat_day(on="20260702")))
    (batch,) = batches
    assert batch.days.quality == ["F" * 20 + "A" * 4 + "N" * 24, "A"]
    assert batch.days.missing.tolist() == [24, 0]
    last = batch.days.events[-1]
    assert (last.row, last.first, last.end) == (0, 24, 48)
    assert (last.quality.method, last.quality.reason_code, last.quality.reason) == ("N", "1", "meter off")
    assert remarks(batches) == []


def test_a_varying_day_whose_parts_are_not_all_stated_is_read_with_a_remark():
    batches = read(text(block(), flat_day(tail="V,,,,"), "400,1,20,A,,"))
    assert batches[0].days.quality == ["A" * 20 + "V" * 28]
    assert remarks(batches) == ["quality_not_stated"]


@pytest.mark.parametrize(
    "event", ["400,0,48,A,,", "400,1,49,A,,", "400,9,8,A,,", "400,1,x,A,,", "400,1,48,Q,,", "400,1"]
)
def test_a_faulty_400_record_rejects_its_day(event):
    batches = read(text(block(), flat_day(tail="V,,,,"), event, flat_day(on="20260702")))
    assert [on.day for _, on, _, _ in all_days(batches)] == [2]
    assert [line for line, _ in rejections(batches)] == [4]
    assert "The day of line 3" in batches[0].rejections[0].message


def test_400_records_of_a_rejected_day_do_not_touch_the_day_before():
    batches = read(text(block(), flat_day(), with_value("NaN"), "400,1,48,E52,,"))
    assert batches[0].days.quality == ["A"]
    assert batches[0].days.events == ()


@pytest.mark.parametrize("line", ["300,20260701,1,A,,,,", "400,1,48,A,,"])
def test_a_record_without_the_one_it_belongs_to_is_rejected(line):
    batches = read(text(line, block(), flat_day(on="20260702")))
    assert rejections(batches) == [(2, "record_out_of_place")]
    assert len(all_days(batches)) == 1


@pytest.mark.parametrize("line", [block(nmi=""), block(suffix=""), block(nmi="X" * 65), block(uom="parsec")])
def test_days_of_a_faulty_block_are_rejected_with_it(line):
    batches = read(text(line, flat_day(tail="V,,,,"), "400,1,48,A,,", block(), flat_day(on="20260702")))
    assert [number for number, _ in rejections(batches)] == [2, 3]
    assert len(all_days(batches)) == 1


def test_service_orders_and_blank_lines_are_passed_over():
    batches = read(text(block(), flat_day(), "500,O,S01009,20260701120000,001123.5", "", ",,,,", " "))
    assert (len(all_days(batches)), rejections(batches), remarks(batches)) == (1, [], [])


def test_records_in_quotation_marks_are_read():
    quoted = text(
        *(f'"{line.replace(",", chr(34) + "," + chr(34))}"' for line in (block(), flat_day(), "400,1,48,F14,,"))
    )
    plain = text(block(), flat_day(), "400,1,48,F14,,")
    assert all_days(read(quoted)) == all_days(read(plain))
    assert all_days(read(plain))[0][3] == "F" * 48


def test_a_reason_with_a_comma_in_quotation_marks_is_one_field():
    (batch,) = read(text(block(), flat_day(tail='A,79,"outage, planned",20260702120000,')))
    assert batch.days.stated[0].reason == "outage, planned"
    assert str(batch.days.updated_at[0]) == "2026-07-02T12:00:00"


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(ends, mark):
    data = mark + ends.join((HEADER, block(), flat_day(), with_value("NaN"), "900", "")).encode()
    batches = read(data)
    assert (len(all_days(batches)), rejections(batches)) == (1, [(4, "not_a_number")])


def test_a_newer_delivery_of_a_day_stands_beside_the_older_one():
    (batch,) = read(text(block(), flat_day("1", tail="A,,,20260702120000,"), flat_day("2", tail="A,,,20260703120000,")))
    assert batch.days.day_date.tolist() == [batch.days.day_date[0].item()] * 2
    assert batch.days.updated_at[0] < batch.days.updated_at[1]


def test_instants_that_are_not_said_are_no_instants():
    (batch,) = read(text(block(), flat_day(tail="A")))
    assert str(batch.days.updated_at[0]) == str(batch.days.loaded_at[0]) == "NaT"


@pytest.mark.parametrize("slots", [24, 48, 144, 288])
def test_values_of_another_interval_length_refuse_the_file(slots):
    assert refusal(text(block(minutes=15), flat_day(slots=96), flat_day(slots=slots))) == ("mixed_interval_lengths", 4)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ((block(), flat_day(slots=47)), "truncated_record", 3),
        ((block(), flat_day(slots=1)), "truncated_record", 3),
        ((block(), flat_day(slots=49)), "too_many_values", 3),
        ((block(), "300,20260701,1,2,3"), "truncated_record", 3),
        ((block(), flat_day(slots=48, tail="").rstrip(",")), "truncated_record", 3),
        (("200,NMI,E1,1,E1,N1,SER", flat_day()), "truncated_record", 2),
        ((block(minutes=7), flat_day()), "bad_interval_length", 2),
        ((block(minutes=0), flat_day()), "bad_interval_length", 2),
        ((block(minutes=""), flat_day()), "bad_interval_length", 2),
        ((block(minutes=90), flat_day()), "bad_interval_length", 2),
        ((block(), flat_day(), "100,NEM13,202607310000,A,B"), "unknown_record", 4),
        ((block(), flat_day(), "100"), "truncated_record", 4),
    ],
)
def test_a_fault_of_structure_refuses_the_file(lines, code, line):
    assert refusal(text(*lines)) == (code, line)


@pytest.mark.parametrize("cut", [30, 60, 100, 200])
def test_a_file_that_breaks_off_inside_a_record_is_refused(cut):
    whole = text(block(), flat_day(), flat_day("2.25", on="20260702"))
    last = whole.rindex(b"300,")
    assert refusal(whole[: last + cut])[0] in {"truncated_record", "truncated_file"}


def test_a_file_cut_inside_the_last_instant_is_refused():
    whole = text(block(), flat_day(), end=None)
    assert refusal(whole.rstrip(b"\r\n,")[:-3]) == ("truncated_file", 3)


def test_a_file_without_its_end_record_is_read_with_a_remark():
    batches = read(text(block(), flat_day(), end=None))
    assert (len(all_days(batches)), remarks(batches)) == (1, ["end_record_missing"])


def test_a_fault_after_the_end_record_is_rejected_alone():
    batches = read(text(block(), flat_day()) + b"9")
    assert (rejections(batches), remarks(batches)) == ([(5, "unknown_record")], [])


def test_joined_files_are_read_as_sections():
    second = text(block("NMI2"), flat_day(), header="100,NEM12,202607300000,MDP2,RETAILER")
    batches = read(text(block(), flat_day()) + second)
    assert [channel.nmi for channel, _, _, _ in all_days(batches)] == ["NMI0000001", "NMI2"]
    assert batches[-1].header.sender == "MDP2"
    assert remarks(batches) == []


def test_a_section_that_does_not_end_before_the_next_begins_is_remarked():
    second = text(block("NMI2"), flat_day())
    assert remarks(read(text(block(), flat_day(), end=None) + second)) == ["end_record_missing"]


def test_an_unreadable_header_date_is_remarked():
    batches = read(text(block(), flat_day(), header="100,nem12,soon,MDP,RETAILER"))
    assert (batches[-1].header.created_at, remarks(batches)) == (None, ["header_date_unreadable"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\r\n\r\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"100,NEM11,202607310000,A,B\r\n900\r\n", "unknown_version"),
        (b"100\r\n", "unknown_version"),
        (b"300,20260701,1,2,3\r\n900\r\n", "missing_header"),
        (b"900\r\n", "missing_header"),
        (b"%PDF-1.7\n", "unknown_format"),
        (b"\x00\x01\x02", "unknown_format"),
        (b"100,NEM12,202607310000,A,B\r\n" + b"x" * 3_000_000, "line_too_long"),
    ],
)
def test_what_is_no_file_of_a_known_format_is_refused(data, code):
    assert refusal(data)[0] == code


def test_a_header_alone_is_a_file_without_data():
    assert remarks(read(text())) == ["no_data"]
    assert remarks(read(text(end=None))) == ["end_record_missing", "no_data"]
