"""The day of a place as its meters tell it: the curve grows, what is missing is told, and looking is recorded once."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from contracts.models.agreement import ServiceAgreement
from metering.operations import head_end_messages
from metering.queries import live
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 9, 16, tzinfo=UTC)  # 2026-03-10 00:00 in Shanghai; it is 10:00 there


@pytest.fixture
def smart(billed):
    """A second meter at the place, of quarter hours in and out."""
    place = billed.agreement.service_point
    meter = metering.meter(registers=("E1",), is_interval=True, serial="SM1")
    metering.register(of=meter, code="B1", is_interval=True, direction="export")
    metering.installation(of=meter, at=place, start_date=date(2026, 1, 1))
    return place


def say(slot, *values, register="E1", **more):
    start = DAY + slot * timedelta(minutes=15)
    message = {
        "meter": "SM1", "register": register, "start_at": start.isoformat(), "minutes": "15",
        "values": list(values), **more,
    }  # fmt: skip
    taken = head_end_messages.take(messages=[message], actor=SYSTEM)
    assert taken.results[0].code == ""


def page_of(desk, place, **headers):
    return desk.get(f"/desk/places/{place.id}/today/", **headers).content.decode()


def test_the_curve_grows_while_somebody_looks(desk, smart):
    assert "Nothing is known of today yet" in page_of(desk, smart)
    say(0, *["0.25"] * 36)
    page = page_of(desk, smart)
    assert ">9 <small>kWh" in page
    assert "charts.js" in page
    assert 'hx-trigger="every 15s"' in page
    say(38, "0.5", quality="E")
    say(0, "0.1", register="B1")
    grown = page_of(desk, smart, headers={"HX-Request": "true"})
    assert "<html" not in grown
    assert [found in grown for found in (">9.5 <small>kWh", ">2 <small>kW<", "Energy fed in")] == [True] * 3
    assert re.search(r"Intervals missing</div><div class=\"tile-value\">2<", grown)
    assert "not all of it is known" in grown


def test_who_moves_in_next_month_is_not_shown_as_living_there(desk, billed, smart):
    follower = accounts.account()
    agreement = billed.agreement
    ServiceAgreement.objects.filter(id=agreement.id).update(period=(agreement.period.lower, date(2126, 4, 1)))
    contracts.agreement(account=follower, service_point=smart, start_date=date(2126, 4, 1))
    page = page_of(desk, smart)
    shown = [f"/desk/customers/{one.id}/" in page for one in (billed.account, follower)]
    assert shown == [True, False]


def test_the_look_is_recorded_once_and_not_with_each_poll(desk, smart):
    page_of(desk, smart)
    looks = AuditEvent.objects.filter(action="look").count()
    assert looks
    for _ in range(3):
        page_of(desk, smart, headers={"HX-Request": "true"})
    assert AuditEvent.objects.filter(action="look").count() == looks
    assert desk.get("/desk/places/999999/today/").status_code == 404


def test_a_poll_without_a_page_is_a_look_and_so_is_the_first_one_of_the_next_day(desk, smart):
    looks = AuditEvent.objects.filter(action="look", subject="customer")
    before = looks.count()
    for _ in range(2):
        page_of(desk, smart, headers={"HX-Request": "true"})
    assert looks.count() == before + 1
    with time_machine.travel("2026-03-10T17:00:00Z", tick=False):
        page_of(desk, smart, headers={"HX-Request": "true"})
    assert looks.count() == before + 2


def test_a_day_that_came_by_files_is_a_curve_too_and_live_values_hold_over_it(smart, django_assert_num_queries):
    register = smart.installations.order_by("-id")[0].meter.registers.get(code="E1")
    metering.interval_day(of=register, on=date(2026, 3, 10), values_wh=[100] * 48)
    at = DAY + timedelta(hours=10)
    (curve,) = live.curves(service_point_ids=[smart.id], at=at, zone_name="Asia/Shanghai")[smart.id]
    assert (curve.minutes, len(curve.slots), curve.heard_at) == (30, 48, None)
    start = DAY.isoformat()
    message = {"meter": "SM1", "register": "E1", "start_at": start, "minutes": "30", "values": ["0.7"]}
    head_end_messages.take(messages=[message], actor=SYSTEM)
    with django_assert_num_queries(4):
        (curve,) = live.curves(service_point_ids=[smart.id], at=at, zone_name="Asia/Shanghai")[smart.id]
    assert (curve.slots[0].value_wh, curve.slots[1].value_wh) == (700, 100)
