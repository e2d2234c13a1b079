"""Alarms that come late and in any order: what supplies are left with is the same, and nobody is sent for the past."""

import os
import random
from datetime import datetime, timedelta
from itertools import pairwise, permutations

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.models.notice import Notice
from cis.kernel.actors import SYSTEM
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.models.alarm import MeterAlarm
from metering.models.outage import Outage, OutageSupply
from metering.models.work import WorkOrder
from metering.operations import meter_alarms
from tests.factories import accounts
from tests.factories.outages import hung, send, street

pytestmark = pytest.mark.django_db
ORDERS = 24 if os.environ.get("WATTLINE_PROOF") else 5


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def dark(point, now: datetime):
    """Return in minutes from now when a supply was dark."""
    rows = OutageSupply.objects.filter(service_point=point).order_by("off_at").values_list("off_at", "back_at")
    return [tuple(one and round((one - now).total_seconds() / 60) for one in row) for row in rows]


def told(now: datetime, *said):
    """Send alarms one at a time: serial, kind, minutes from an instant."""
    for serial, kind, minutes in said:
        alarm = NewAlarm(serial=serial, kind=AlarmKind(f"power_{kind}"), occurred_at=now + timedelta(minutes=minutes))
        meter_alarms.take(alarms=[alarm], actor=SYSTEM)


WORDS = (("off", -40), ("on", -30), ("off", -20), ("off", -15))


@pytest.mark.parametrize("order", random.Random(7).sample(list(permutations(WORDS)), ORDERS))
def test_in_any_order_a_supply_is_dark_since_its_meter_says_so(order):
    now, made = timezone.now(), street(transformers=1, lived_in=False)
    serials, (first, second, third) = hung(made), made.points[0]
    told(now, (serials[first.id], "off", -45), *((serials[second.id], *word) for word in order))
    rows = dark(second, now)
    assert rows[-1] == (-20, None)
    assert all(one[1] is not None and one[1] <= other[0] for one, other in pairwise(rows))
    assert all(back in {None, -30} for _off, back in rows), "what it knew of before ended with the word between"
    assert (dark(first, now), dark(third, now)) == ([(-45, None)], [(-45, None)])
    assert (Outage.objects.count(), WorkOrder.objects.filter(kind="repair").count()) == (1, 1)
    assert not Notice.objects.exists()
    told(now, (serials[second.id], "on", -5))
    assert dark(second, now)[-1] == (-20, -5)


def test_current_that_is_back_before_its_last_gasp_is_heard_sends_nobody():
    now, made = timezone.now(), street(transformers=1, lived_in=False)
    one, other, third = hung(made).values()
    told(now, (one, "on", -10), (one, "off", -30), (other, "on", -10), (other, "off", -10))
    send((third, "off", -30), (third, "on", -10))
    assert sorted(MeterAlarm.objects.values_list("answer", flat=True)) == ["brief"] * 3 + ["nothing"] * 3
    assert not Outage.objects.exists()
    told(now, (one, "on", -50), (one, "off", -4))
    assert dark(made.points[0][0], now) == [(-4, None)]


def test_an_outage_that_is_over_began_and_ended_when_the_meter_says_and_sends_nobody_again():
    now, made = timezone.now(), street(transformers=1, supplies=1)
    serial, point = hung(made)[made.points[0][0].id], made.points[0][0]
    told(now, (serial, "off", -30), (serial, "on", -10))
    orders, notices = WorkOrder.objects.count(), Notice.objects.count()
    told(now, (serial, "off", -60), (serial, "on", -12), (serial, "off", -45), (serial, "on", -20))
    row = Outage.objects.get()
    assert dark(point, now) == [(-60, -20)]
    assert (row.state, row.began_at, row.restored_at) == ("restored", *(now + timedelta(minutes=m) for m in (-60, -20)))
    assert (WorkOrder.objects.count(), Notice.objects.count()) == (orders, notices)
    told(now, (serial, "on", -50))
    assert dark(point, now) == [(-60, -50), (-45, -20)], "current flowed in between"
    assert Outage.objects.get().restored_at == now + timedelta(minutes=-20)
    told(now, (serial, "off", -70), (serial, "on", -65))
    assert dark(point, now) == [(-60, -50), (-45, -20)], "another one, over before it was heard"


def test_two_alarms_of_a_meter_in_one_batch_count_from_the_first():
    now, made = timezone.now(), street(transformers=1, lived_in=False)
    serials, (first, second, _third) = hung(made), made.points[0]
    send((serials[first.id], "off", -8), (serials[first.id], "off", -12))
    assert dark(first, now) == [(-12, None)]
    send((serials[first.id], "off", -14), (serials[first.id], "off", -20), (serials[second.id], "off", -18))
    assert (dark(first, now), dark(second, now)) == ([(-20, None)], [(-18, None)])
    outage = Outage.objects.get()
    assert round((outage.began_at - now).total_seconds() / 60) == -20
    assert MeterAlarm.objects.filter(outage=outage).count() == 5


def test_what_a_batch_joins_first_it_does_not_widen_or_make_afterwards():
    now, made = timezone.now(), street(transformers=3, lived_in=False)
    serials = hung(made)
    (first, _, _), (second, beside, alone), (bridge, _, _) = made.points
    told(now, (serials[first.id], "off", -300), (serials[second.id], "off", -210), (serials[second.id], "off", -70))
    assert Outage.objects.count() == 2
    send((serials[bridge.id], "off", -255), (serials[beside.id], "off", -60), (serials[alone.id], "off", -150))
    kept = Outage.objects.get(~Q(state="cancelled"))
    assert (kept.scope, OutageSupply.objects.filter(outage=kept).count()) == ("feeder", 9)
    assert [dark(one, now) for one in (first, bridge, second, alone, beside)] == [
        [(-300, None)], [(-255, None)], [(-210, None)], [(-150, None)], [(-60, None)],
    ]  # fmt: skip
    assert set(MeterAlarm.objects.values_list("outage_id", flat=True)) == {kept.id}
    assert WorkOrder.objects.filter(kind="repair", state__in=["open", "assigned"]).count() == 1


def test_what_is_dark_wide_since_later_is_dark_since_what_says_so():
    now, made = timezone.now(), street(transformers=2, lived_in=False)
    serials = hung(made)
    (first, beside, _), (other, _, _) = made.points
    told(now, (serials[first.id], "off", -240), (serials[first.id], "off", -70), (serials[other.id], "off", -60))
    assert Outage.objects.get().scope == "feeder"
    assert [dark(one, now) for one in (first, beside, other)] == [[(-240, None)], [(-70, None)], [(-60, None)]]
