"""Deliveries of meters and ranges of seals, as text."""

import pytest

from metering.domain.meter_store import (
    COLUMNS,
    METER_WORKFLOW,
    REGISTERS,
    SEAL_WORKFLOW,
    BadDelivery,
    BadSealNumbers,
    MeterKind,
    MeterState,
    SealState,
    read_delivery,
    seal_numbers,
)

GOOD = "A1,DDZY,total,C-1,2026-01-05,2034-01-04"


def delivery(*lines, columns=COLUMNS):
    return "\n".join([",".join(columns), *lines]).encode()


def codes(refusal):
    return {(finding.where, finding.code) for finding in refusal.value.detail["findings"]}


def test_a_line_is_a_meter_and_columns_come_in_any_order():
    turned = ("kind", "serial", "certified_until", "certified_date", "certificate", "model")
    (meter,) = read_delivery(b"\xef\xbb\xbf" + delivery("industry,B7,2031-02-01,2026-02-01,C-2,Sx", columns=turned))
    assert (meter.serial, meter.kind, meter.certified_until.year) == ("B7", MeterKind.INDUSTRY, 2031)
    assert meter.where == "line 2"


def test_a_delivery_may_name_the_class_of_each_meter():
    columns = (*COLUMNS, "accuracy")
    assert [one.accuracy for one in read_delivery(delivery(f"{GOOD},0.5S", columns=columns))] == ["0.5S"]
    assert read_delivery(delivery(GOOD))[0].accuracy == ""
    with pytest.raises(BadDelivery) as refusal:
        read_delivery(delivery(f"{GOOD},3", columns=columns))
    assert codes(refusal) == {("line 2: accuracy", "unknown_accuracy")}


def test_all_faults_are_told_with_their_lines():
    with pytest.raises(BadDelivery) as refusal:
        read_delivery(delivery(GOOD, GOOD, ",x,total,C,2026-01-01,2030-01-01", "Z9,x,round,,5 May,2030-01-01"))
    assert codes(refusal) == {
        ("line 3: serial", "serial_twice"), ("line 4: serial", "bad_serial"), ("line 5: kind", "unknown_meter_kind"),
        ("line 5: certificate", "no_certificate"), ("line 5: certified_date", "bad_date"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "not_utf8"),
        (b"serial,model\nA,b", "missing_column"),
        (delivery(), "empty_delivery"),
        (delivery("A1,m,total,C,2026-01-05,2026-01-05"), "empty_period"),
    ],
)
def test_files_that_are_no_delivery(data, code):
    with pytest.raises(BadDelivery) as refusal:
        read_delivery(data)
    assert {one for _, one in codes(refusal)} == {code}


def test_ranges_of_seals_keep_their_width():
    assert seal_numbers(first="a-0098", last="A-0101") == ("A-0098", "A-0099", "A-0100", "A-0101")
    assert seal_numbers(first="77", last="") == ("77",)


@pytest.mark.parametrize(("first", "last"), [("A1", "B2"), ("A9", "A10"), ("A2", "A1"), ("AA", "AB"), ("A1", "A99999")])
def test_what_is_no_range_is_refused(first, last):
    with pytest.raises(BadSealNumbers):
        seal_numbers(first=first, last=last)


def test_each_kind_has_registers_and_ends_are_ends():
    assert set(REGISTERS) == set(MeterKind)
    assert METER_WORKFLOW.final == (MeterState.SCRAPPED,)
    assert SEAL_WORKFLOW.final == (SealState.BROKEN, SealState.LOST)
