"""Our own CSV of register reads, from the bytes to the table, and single reads from the desk."""

import io
from datetime import date

import pytest

from cis.kernel.actors import SYSTEM
from metering.domain.reads import ReadFault
from metering.models.read import ReadRejection, RegisterRead
from metering.operations import reads
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)
HEAD = "meter,register,read_at,reading,kind"


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


@pytest.fixture
def registers():
    meter = factories.metering.meter(registers=("peak", "valley"), digits=5, serial="31000001")
    factories.metering.installation(of=meter, start_date=date(2026, 1, 1))
    return {register.code: register for register in meter.registers.all()}


def _import(*lines, head=HEAD, encoding="utf-8", name="sheet.csv", **kwargs):
    data = "\n".join([head, *lines, ""]).encode(encoding)
    return reads.import_file(source=io.BytesIO(data), name=name, actor=SYSTEM, today=TODAY, **kwargs)


def _kept(register):
    rows = RegisterRead.objects.filter(register=register).order_by("read_date", "version")
    return [(row.read_date.isoformat(), row.reading_wh, row.version) for row in rows]


def _rejected():
    return list(ReadRejection.objects.order_by("line_no").values_list("line_no", "code"))


def test_good_lines_are_loaded_and_each_wrong_line_is_rejected_with_its_code(registers):
    done = _import(
        "31000001,peak,2026-01-01,99950,initial",
        "31000001,valley,2026-01-01,10.5,initial",
        "99999999,peak,2026-02-01,1,actual",
        "31000001,flat,2026-02-01,1,actual",
        "31000001,,2026-02-01,1,actual",
        "31000001,peak,2025-12-31,1,actual",
        "31000001,peak,2026-02-01,NaN,actual",
        "31000001,peak,2026-02-01,1E99,actual",
        "31000001,peak,2026-02-01,１２,actual",
        "31000001,peak,2026-08-01,130,actual",
        "31000001,valley,2026-02-01,10.4,actual",
        "31000001,valley,2026-02-01,123456,actual",
        "31000001,peak,2026-02-01,120,actual",
        "31000001,valley,2026-02-01,20.125,estimated",
    )
    assert (done.reads, done.rejected, done.format) == (4, 10, "csv")
    assert _rejected() == [
        (4, "unknown_meter"),
        (5, "unknown_register"),
        (6, "register_not_named"),
        (7, "not_installed"),
        (8, "not_a_number"),
        (9, "not_a_number"),
        (10, "not_a_number"),
        (11, "date_in_future"),
        (12, "out_of_order"),
        (13, "off_dial"),
    ]
    assert _kept(registers["peak"]) == [("2026-01-01", 99_950_000, 1), ("2026-02-01", 120_000, 1)]
    assert _kept(registers["valley"]) == [("2026-01-01", 10_500, 1), ("2026-02-01", 20_125, 1)]
    assert all(row.advice and row.message for row in ReadRejection.objects.all())


def test_a_sheet_in_gb18030_with_chinese_columns_is_read(registers):
    done = _import(
        "31000001,峰,2026年1月1日,100,装表", "31000001,谷,2026/2/1 9:30,7,实抄",
        head="表号,示数类型,抄表日期,示数,抄表方式", encoding="gb18030",
    )  # fmt: skip
    assert (done.reads, done.rejected) == (2, 0)
    assert _kept(registers["valley"]) == [("2026-02-01", 7_000, 1)]
    assert RegisterRead.objects.get(register=registers["peak"]).kind == "initial"


def test_a_corrected_value_is_a_new_version_and_the_same_value_is_unchanged(registers):
    _import("31000001,peak,2026-02-01,100,actual", "31000001,peak,2026-03-01,200,actual")
    again = _import("31000001,peak,2026-02-01,150,actual", "31000001,peak,2026-03-01,200.000,actual")
    assert (again.reads, again.unchanged, again.rejected) == (1, 1, 0)
    assert _kept(registers["peak"]) == [
        ("2026-02-01", 100_000, 1),
        ("2026-02-01", 150_000, 2),
        ("2026-03-01", 200_000, 1),
    ]


def test_a_measured_value_confirms_an_estimate_and_an_estimate_changes_no_measured_one(registers):
    _import("31000001,peak,2026-02-01,100,estimated", "31000001,valley,2026-02-01,100,actual")
    again = _import("31000001,peak,2026-02-01,100,actual", "31000001,valley,2026-02-01,100,estimated")
    assert (again.reads, again.unchanged) == (1, 1)
    assert RegisterRead.objects.get(version=2).kind == "actual"


def test_a_late_read_that_fits_between_its_neighbours_is_taken(registers):
    _import("31000001,peak,2026-02-01,100,actual", "31000001,peak,2026-04-01,300,actual")
    late = _import("31000001,peak,2026-03-01,200,actual", "31000001,peak,2026-03-15,400,actual")
    assert (late.reads, _rejected()) == (1, [(3, "out_of_order")])


def test_the_last_read_of_a_meter_is_that_of_the_date_of_its_removal(registers):
    hung = registers["peak"].meter.installations.get()
    hung.period = (date(2026, 1, 1), date(2026, 3, 1))
    hung.save()
    done = _import("31000001,peak,2026-03-01,100,final", "31000001,peak,2026-03-02,101,actual")
    assert (done.reads, _rejected()) == (1, [(3, "not_installed")])


def test_a_file_whose_columns_are_missing_is_refused_whole(registers):
    with pytest.raises(reads.FileRefused):
        _import("31000001,peak,100", head="meter,register,reading")
    assert not RegisterRead.objects.exists()


def test_the_same_file_twice_changes_nothing(registers):
    lines = ["31000001,peak,2026-02-01,100,actual"]
    first, second = _import(*lines), _import(*lines)
    assert (first.reads, first.is_known, second.reads, second.is_known) == (1, False, 1, True)
    assert _kept(registers["peak"]) == [("2026-02-01", 100_000, 1)]


def _enter(**given):
    facts = {
        "serial": "31000001", "register": "peak", "read_date": date(2026, 2, 1), "reading_wh": 100_000,
        "actor": SYSTEM, "today": TODAY,
    }  # fmt: skip
    return reads.enter(**{**facts, **given})


def test_a_single_read_is_kept_once_and_its_correction_is_a_new_version(registers):
    first, same, corrected = _enter(), _enter(), _enter(reading_wh=110_000)
    assert (first.is_new, same.is_new, corrected.is_new) == (True, False, True)
    assert first.read_id == same.read_id
    assert _kept(registers["peak"]) == [("2026-02-01", 100_000, 1), ("2026-02-01", 110_000, 2)]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"serial": "x"}, ReadFault.UNKNOWN_METER),
        ({"register": "x"}, ReadFault.UNKNOWN_REGISTER),
        ({"register": ""}, ReadFault.REGISTER_NOT_NAMED),
        ({"read_date": date(2025, 12, 31)}, ReadFault.NOT_INSTALLED),
        ({"read_date": date(2026, 8, 1)}, ReadFault.DATE_IN_FUTURE),
        ({"reading_wh": 10**8}, ReadFault.OFF_DIAL),
        ({"reading_wh": -1}, ReadFault.OFF_DIAL),
        ({"read_date": date(2026, 2, 2), "reading_wh": 99_000}, ReadFault.OUT_OF_ORDER),
    ],
)
def test_a_single_read_that_cannot_be_right_is_refused(registers, given, fault):
    _enter()
    with pytest.raises(reads.ReadRefused) as refusal:
        _enter(**given)
    assert (refusal.value.code, bool(refusal.value.advice)) == (fault, True)
    assert _kept(registers["peak"]) == [("2026-02-01", 100_000, 1)]
