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
    assert "readings are entered" in page
    assert list(_kept(known)) == [1_230_000]


def test_an_unlikely_reading_is_asked_about_then_taken(desk, known):
    page = _post(desk, known, "1900")
    assert "far above the usual use" in page
    assert "Used since the last read: 700 kWh" in page
    assert 'value="1900"' in page
    assert not _kept(known)
    assert "readings are entered" in _post(desk, known, "1900", is_sure="on")
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
