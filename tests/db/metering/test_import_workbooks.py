"""Meter files as workbooks, from the sheet to the tables."""

import io
from datetime import date

import pytest

from cis.kernel.actors import SYSTEM
from metering.models.read import IntervalDay, ReadRejection, RegisterRead
from metering.operations import reads
from tests import factories
from tests.unit.platform.test_sheets import BOMB, SHEET, book, repacked

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)
HEADER = ["meter", "register", "read_at", "reading"]


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def _import(stream):
    return reads.import_file(source=stream, name="reads.xlsx", actor=SYSTEM, today=TODAY)


def test_a_sheet_of_readings_is_loaded_and_its_wrong_rows_are_told():
    factories.metering.installation(of=factories.metering.meter(serial="00417"))
    done = _import(
        book(
            HEADER,
            ["00417", "total", date(2026, 7, 1), 1234.5],
            [],
            ["NOBODY", "total", date(2026, 7, 1), 5],
            ["00417", "total", date(2026, 7, 2), "=1234+1"],
        )
    )
    assert (done.format, done.reads, done.rejected) == ("xlsx", 1, 2)
    read = RegisterRead.objects.get()
    assert (read.read_date, read.reading_wh) == (date(2026, 7, 1), 1_234_500)
    assert list(ReadRejection.objects.order_by("line_no").values_list("line_no", "code")) == [
        (4, "unknown_meter"),
        (5, "not_a_number"),
    ]


def test_a_sheet_of_intervals_is_loaded():
    factories.metering.installation(of=factories.metering.meter(serial="SN1", registers=("E1",), is_interval=True))
    rows = [["SN1", "E1", f"2026-07-01T{hour:02d}:00:00+08:00", 60, 0.1] for hour in range(24)]
    done = _import(book(["meter", "register", "start_at", "minutes", "value"], *rows))
    assert (done.interval_values, done.rejected) == (24, 0)
    assert IntervalDay.objects.get().total_wh == 2_400


def test_a_hostile_workbook_leaves_nothing():
    with pytest.raises(reads.FileRefused) as refused:
        _import(repacked(book(HEADER), **{SHEET: BOMB}))
    assert refused.value.code == "broken_xml"
    with pytest.raises(reads.FileRefused) as refused:
        _import(io.BytesIO(book().getvalue()))
    assert refused.value.code == "empty_file"
