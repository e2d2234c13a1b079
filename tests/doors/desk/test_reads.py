"""Readings typed in: refused when impossible, asked about when unlikely."""

from datetime import date

import pytest

from metering.models.read import RegisterRead
from tests.doors.desk.conftest import make_billed
from tests.factories import metering

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(supplier):
    """Usage of three months is enough to know what is usual: about 100 kWh a month."""
    billed = make_billed(months=2)
    metering.usage(of=billed.register, start_date=date(2025, 12, 1), end_date=date(2026, 1, 1), kwh=100,
                   at=billed.agreement.service_point)  # fmt: skip
    return billed


def _post(desk, billed, reading, **values):
    data = {"read_date": "2026-03-10", "kind": "actual", f"reading_{billed.register.id}": reading, **values}
    return desk.post(f"/desk/customers/{billed.account.id}/read/", data, follow=True).content.decode()


def _kept(billed):
    return RegisterRead.objects.filter(register=billed.register, read_date__day=10).values_list("reading_wh", flat=True)


def test_a_usual_reading_is_taken_at_once(desk, known):
    page = _post(desk, known, "1230")
    assert "reading is entered" in page
    assert list(_kept(known)) == [1_230_000]


def test_an_unlikely_reading_is_asked_about_then_taken(desk, known):
    page = _post(desk, known, "1900")
    assert "far above the usual use" in page
    assert "Used since the last read: 700 kWh" in page
    assert 'value="1900"' in page
    assert not _kept(known)
    assert "reading is entered" in _post(desk, known, "1900", is_sure="on")
    assert list(_kept(known)) == [1_900_000]


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        ("900", "not fit"),
        ("99999999", "digits"),
        ("12 3", "is not a number"),
        ("-5", "never below 0"),
        ("", "Enter a reading"),
    ],
)
def test_an_impossible_reading_is_refused_even_if_confirmed(desk, known, reading, text):
    page = _post(desk, known, reading, is_sure="on")
    assert "is-invalid" in page
    assert not _kept(known), text


def test_a_date_to_come_is_refused_beside_the_date(desk, known):
    page = _post(desk, known, "1230", read_date="2026-03-11", is_sure="on")
    assert "in the future" in page


def test_what_keeps_the_energy_beside_a_reading_from_being_approved_is_told(desk, known):
    page = _post(desk, known, "1600", read_date="2026-03-10", is_sure="on")
    assert "alert-warning" not in page
    gap = make_billed(months=1)
    page = _post(desk, gap, "1230", is_sure="on")
    assert "reading is entered" in page
    assert "alert-warning" in page
    assert f"Meter {gap.register.meter.serial}, 1 Mar 2026: There is no read of 2026-03-01." in page
    assert "Enter or import the read of that date." in page


def test_the_finding_is_told_in_the_language_of_the_page(desk, known):
    gap = make_billed(months=1)
    desk.cookies["django_language"] = "zh-hans"
    page = _post(desk, gap, "1230", is_sure="on")
    assert "缺少该日期的示数：请录入或导入。" in page
    assert "There is no read" not in page


@pytest.mark.parametrize(
    ("language", "same"), [("en", "The same for 1 Aug 2025, 1 Sep 2025"), ("zh-hans", "以下日期相同：")]
)
def test_findings_of_a_kind_are_told_in_one_sentence(desk, supplier, language, same):
    desk.cookies["django_language"] = language
    gap = make_billed(months=1)
    reading = RegisterRead.objects.filter(register=gap.register).order_by("-read_date").first()
    reading.read_date = date(2025, 6, 1)
    reading.save()
    RegisterRead.objects.filter(register=gap.register).exclude(id=reading.id).delete()
    page = _post(desk, gap, "1230", is_sure="on")
    assert page.count("alert-warning") == 1
    assert same in page
