"""NEM13: register spans."""

import pytest

from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import read, rejections, remarks, text

HEADER = "100,NEM13,202607310000,MDP,RETAILER"
GOOD = {
    "nmi": "NMI1",
    "suffix": "11",
    "direction": "E",
    "previous": "000100.5",
    "previous_at": "20260401093055",
    "previous_quality": "A",
    "current": "000200.25",
    "current_at": "20260701100333",
    "current_quality": "S61,13,Locked Gate",
    "quantity": "99.75",
    "uom": "kWh",
    "next": "20261001",
    "updated": "20260702120000",
}


def span(**changes):
    v = GOOD | changes
    quality = {key: v[key] + "," * (2 - v[key].count(",")) for key in ("previous_quality", "current_quality")}
    return (
        f"250,{v['nmi']},1141,1,{v['suffix']},11,SERIAL,{v['direction']},{v['previous']},{v['previous_at']},"
        f"{quality['previous_quality']},{v['current']},{v['current_at']},{quality['current_quality']},"
        f"{v['quantity']},{v['uom']},{v['next']},{v['updated']},"
    )


def read_spans(*lines, **kwargs):
    return read(text(*lines, header=HEADER, **kwargs))


def test_a_span_has_both_reads_and_the_stated_quantity():
    (batch,) = read_spans(span(), "550,N,,A,")
    spans = batch.spans
    assert (spans.nmi, spans.suffix, spans.serial, spans.direction, spans.unit) == (
        ["NMI1"],
        ["11"],
        ["SERIAL"],
        ["E"],
        ["Wh"],
    )
    assert (spans.previous_wh.tolist(), spans.current_wh.tolist()) == ([100_500], [200_250])
    assert (spans.previous_digits.tolist(), spans.current_digits.tolist()) == ([6], [6])
    assert spans.quantity_wh.tolist() == [99_750]
    assert [
        str(column[0]) for column in (spans.previous_at, spans.current_at, spans.next_read_date, spans.updated_at)
    ] == [
        "2026-04-01T09:30:55",
        "2026-07-01T10:03:33",
        "2026-10-01",
        "2026-07-02T12:00:00",
    ]
    (quality,) = spans.current_quality
    assert (quality.method, quality.letter, quality.reason_code, quality.reason) == ("S61", "S", "13", "Locked Gate")
    assert str(spans.loaded_at[0]) == "NaT"


def test_an_export_quantity_may_be_negative_but_a_counter_may_not():
    (batch,) = read_spans(span(direction="I", quantity="-10"), span(current="-1"))
    assert batch.spans.quantity_wh.tolist() == [-10_000]
    assert rejections([batch]) == [(3, "negative_value")]


def test_an_estimate_may_lie_in_the_future_but_an_actual_read_may_not():
    (batch,) = read_spans(
        span(current_at="20261001000000", current_quality="E62"), span(current_at="20261001000000", current_quality="A")
    )
    assert len(batch.spans) == 1
    assert rejections([batch]) == [(3, "date_in_future")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nmi": ""}, "missing_identifier"),
        ({"suffix": ""}, "missing_identifier"),
        ({"direction": "X"}, "missing_identifier"),
        ({"previous": ""}, "missing_value"),
        ({"quantity": ""}, "missing_value"),
        ({"current": "NaN"}, "not_a_number"),
        ({"current": "1e9"}, "not_a_number"),
        ({"quantity": "0.0001"}, "too_precise"),
        ({"current": "9" * 25}, "value_too_large"),
        ({"current_at": ""}, "bad_date"),
        ({"current_at": "20260230000000"}, "bad_date"),
        ({"previous_at": "20260801000000", "current_quality": "E"}, "date_in_future"),
        ({"previous_at": "20260702000000"}, "dates_reversed"),
        ({"current_quality": "Z"}, "unknown_quality"),
        ({"previous_quality": ""}, "missing_quality"),
        ({"uom": "furlong"}, "unknown_unit"),
        ({"next": "soon"}, "bad_date"),
        ({"updated": "20260702120000,,more"}, "wrong_field_count"),
    ],
)
def test_a_faulty_line_is_rejected_alone(changes, code):
    batches = read_spans(span(), span(**changes), span())
    assert sum(len(batch.spans) for batch in batches) == 2
    assert rejections(batches) == [(3, code)]


def test_records_of_nem12_are_unknown_here():
    assert rejections(read_spans("200,NMI,E1,1,E1,N1,SER,kWh,30,", span())) == [(2, "unknown_record")]


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_record_that_breaks_off_refuses_the_file(end):
    with pytest.raises(FileRefused) as refused:
        read(text(span(), header=HEADER, end=None) + b"250,NMI1,1141,1,11" + end)
    assert (refused.value.code, refused.value.line) == ("truncated_record", 3)


def test_a_file_cut_inside_its_last_instant_is_refused():
    with pytest.raises(FileRefused) as refused:
        read(text(span(), header=HEADER, end=None).rstrip(b"\r\n,")[:-3])
    assert refused.value.code == "truncated_file"


def test_a_missing_header_or_end_is_remarked():
    assert remarks(read(text(span(), header=None, end=None))) == ["header_assumed", "end_record_missing"]
    assert remarks(read_spans()) == ["no_data"]
