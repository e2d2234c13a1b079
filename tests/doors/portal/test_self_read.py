"""I read my meter: asked about once when unlikely, kept as mine, counted once, never anybody else's meter."""

from datetime import date
from itertools import pairwise

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.operations import points
from accounts.queries import points as queries
from metering.models.read import RegisterRead
from metering.models.store import ReadPhoto
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts, metering, work

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
PAGE = "portal:reading"


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def register(world):
    """A counter at 1,200 kWh on the first of March, of a place that uses 100 kWh a month."""
    (made,) = metering.metered(at=world.service_point)
    days = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    for place, day in enumerate(days):
        metering.read(of=made, on=day, kwh=900 + place * 100)
    for start, end in pairwise(days):
        metering.usage(of=made, start_date=start, end_date=end, kwh=100, at=world.service_point)
    return made


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def send(visitor, register, reading, **values):
    data = {"meter": str(register.meter_id), f"reading_{register.id}": reading, **values}
    return _words(visitor.post(reverse(PAGE), data, follow=True))


def kept(register):
    return list(RegisterRead.objects.filter(register=register, read_date=TODAY).values_list("reading_wh", "kind"))


def test_a_usual_value_is_kept_as_mine_once_and_earns_points(visitor, register, world):
    page = _words(visitor.get(reverse(PAGE)))
    assert "Last: 1,200 on 1 Mar 2026" in page
    assert "earns 20 points" in page
    shown = work.photo().getvalue()
    for _ in range(2):
        photo = SimpleUploadedFile("meter.jpg", shown)
        assert "Thank you." in send(visitor, register, "1230", photo=photo)
    assert kept(register) == [(1_230_000, "customer")]
    assert ReadPhoto.objects.get().register_id == register.id
    earned = points.earn(source="self_read", day=TODAY, rule=queries.rule(at=TODAY))
    assert earned == 1
    assert queries.standing(customer_id=world.customer.id, today=TODAY).balance == 20


def test_an_unlikely_value_is_asked_about_once_then_kept(visitor, register):
    page = send(visitor, register, "1900")
    assert "far above the usual use" in page
    assert "Used since the last read: 700 kWh" in page
    assert 'value="1900"' in page
    assert not kept(register)
    assert "Thank you." in send(visitor, register, "1900", is_sure="on")
    assert kept(register) == [(1_900_000, "customer")]


@pytest.mark.parametrize(
    ("reading", "text"), [("900", "not fit"), ("", "Enter a reading"), ("-1", "never below 0"), ("1e3", "not a number")]
)
def test_an_impossible_value_is_refused_beside_its_field(visitor, register, reading, text):
    page = send(visitor, register, reading, is_sure="on")
    assert text in page
    assert "is-invalid" in page
    assert not kept(register)


def test_a_file_that_is_no_photo_keeps_nothing(visitor, register):
    page = send(visitor, register, "1230", photo=SimpleUploadedFile("meter.jpg", b"no picture"))
    assert "no photo" in page
    assert not kept(register)


def test_what_we_read_today_is_not_replaced_but_my_own_value_is(visitor, register):
    send(visitor, register, "1230")
    send(visitor, register, "1231")
    assert kept(register) == [(1_230_000, "customer"), (1_231_000, "customer")]
    metering.read(of=register, on=TODAY, kwh=1_232, version=3)
    assert "read by the supplier today" in send(visitor, register, "1240")
    assert len(kept(register)) == 3


def test_nobody_reads_the_meter_of_another(visitor, register):
    other = contracts.world()
    (foreign,) = metering.metered(at=other.service_point)
    data = {"meter": str(foreign.meter_id), f"reading_{foreign.id}": "10"}
    assert visitor.post(reverse(PAGE), data).status_code == 404
    send(visitor, register, "1230", **{f"reading_{foreign.id}": "10"})
    assert not RegisterRead.objects.filter(register=foreign).exists()
    assert visitor.get(reverse(PAGE), {"account": other.account.number}).status_code == 404


def test_where_nothing_is_read_by_hand_the_page_says_so_in_both_languages(visitor, world):
    metering.metered(is_interval=True, at=world.service_point)
    assert "There is nothing to read" in _words(visitor.get(reverse(PAGE)))
    visitor.cookies["django_language"] = "zh-hans"
    assert "没有需要抄的表" in _words(visitor.get(reverse(PAGE)))
