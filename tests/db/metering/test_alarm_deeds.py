"""What comes of alarms: one thing a meter and so many days, in as many statements for a storm as for a breeze."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from complaints.models.case import Case
from complaints.models.work import CaseLink
from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.models.alarm import MeterAlarm
from metering.models.device import Installation
from metering.models.work import Crew, WorkOrder
from metering.operations import meter_alarms, work_orders
from metering.queries import alarm_rules
from metering.queries import meter_alarms as queries
from metering.queries.meter_alarms import WantedAlarms
from tests import factories
from tests.factories.outages import hung, street

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def supplier(db):
    return factories.accounts.supplier()


def say(kind, serials, *, hours=0.0, times=1):
    now = timezone.now() + timedelta(hours=hours)
    alarms = [
        NewAlarm(serial=serial, kind=AlarmKind(kind), occurred_at=now - timedelta(minutes=n))
        for serial in serials
        for n in range(times)
    ]
    return meter_alarms.take(alarms=alarms, actor=SYSTEM)


def answers(**wanted):
    return sorted(MeterAlarm.objects.filter(**wanted).values_list("answer", flat=True))


def test_a_storm_of_open_covers_is_one_suspicion_a_meter_in_constant_statements():
    counts = []
    for supplies in (2, 20):
        serials = list(hung(street(transformers=1, supplies=supplies)).values())
        with CaptureQueriesContext(connection) as asked:
            say("cover_open", serials, times=10)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert (UsageInspection.objects.count(), UsageSuspicion.objects.count()) == (22, 22)
    assert answers() == ["again"] * 198 + ["suspicion"] * 22
    assert UsageInspection.objects.exclude(agreement=None).count() == 22
    say("cover_open", serials, hours=0.1)
    assert UsageSuspicion.objects.count() == 22, "within 30 days nothing new comes of it"
    say("magnetic_field", serials)
    assert (UsageInspection.objects.count(), UsageSuspicion.objects.count()) == (22, 42), "a further reason each"


def test_where_people_are_in_danger_the_crews_with_the_least_to_do_are_sent_at_once():
    made = street(transformers=1, supplies=4, lived_in=False)
    crews = [Crew.objects.create(name=name, areas=["黄浦区"], kinds=["repair"]) for name in "AB"]
    Crew.objects.create(name="C", areas=["elsewhere"])
    serials, counts = list(hung(made).values()), []
    for some in (serials[:1], serials[1:]):
        with CaptureQueriesContext(connection) as asked:
            say("over_voltage", some, times=3)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    orders = WorkOrder.objects.filter(kind="repair", subject="meter_alarm").order_by("id")
    assert [one.state for one in orders] == ["assigned"] * 4
    assert sorted(one.crew_id for one in orders) == sorted([crews[0].id, crews[1].id] * 2)
    first = orders[0]
    assert (first.priority, first.facts["alarm"], first.facts["meter"]) == ("danger", "over_voltage", serials[0])
    assert first.moves.get().action == "dispatch"
    rows = queries.listed(wanted=WantedAlarms(kind="over_voltage", text=serials[0]))
    assert {one.work_order_id for one in rows} == {first.id}
    assert [one.first_id is not None for one in rows] == [True] * 3


def test_while_its_order_stands_a_meter_brings_no_second_one():
    (serial,) = hung(street(transformers=1, supplies=1, lived_in=False)).values()
    say("clock_drift", [serial])
    MeterAlarm.objects.update(occurred_at=timezone.now() - timedelta(days=90))
    say("clock_drift", [serial])
    assert answers() == ["again", "work"]
    work_orders.cancel(
        work_order_id=WorkOrder.objects.get().id, reason="set from afar", actor=factories.outages.PLANNER
    )  # fmt: skip
    say("clock_drift", [serial], hours=-0.1)
    assert answers() == ["again", "work", "work"]


def test_low_voltage_is_one_case_a_transformer_that_later_meters_join():
    made = street(transformers=2, supplies=3)
    serials = hung(made)
    first, second = ([serials[point.id] for point in points] for points in made.points)
    say("under_voltage", [*first[:2], second[0]], times=2)
    assert Case.objects.count() == 2
    case = Case.objects.filter(place=made.transformers[0].name).get()
    assert (case.kind, case.class_code, case.taker_kind, case.account_id) == (
        "fault", "supply/quality/voltage", "system", None,
    )  # fmt: skip
    assert first[0] in case.text
    assert first[1] in case.text
    say("under_voltage", first[2:])
    assert (Case.objects.count(), CaseLink.objects.filter(case=case).count()) == (2, 3)
    assert answers() == ["again"] * 3 + ["case"] * 4
    assert not WorkOrder.objects.exists(), "no crew is sent before a person has looked"


def test_nobody_is_sent_for_yesterday_and_what_hangs_nowhere_is_kept():
    (serial,) = hung(street(transformers=1, supplies=1, lived_in=False)).values()
    say("over_voltage", [serial], hours=-25)
    assert (answers(), WorkOrder.objects.count()) == (["noted"], 0)
    loose = factories.metering.meter().serial
    say("cover_open", [loose])
    assert (answers(), UsageInspection.objects.count()) == (["noted"] * 2, 0)


def test_a_place_without_rules_keeps_them(monkeypatch):
    (serial,) = hung(street(transformers=1, supplies=1, lived_in=False)).values()
    monkeypatch.setattr(alarm_rules, "in_force", lambda *, at: {})
    say("cover_open", [serial])
    assert (answers(), UsageInspection.objects.count()) == (["noted"], 0)


def test_a_storm_of_one_transformer_is_one_order_that_later_meters_join():
    made = street(transformers=2, supplies=6, lived_in=False)
    serials = hung(made)
    first, second = ([serials[point.id] for point in points] for points in made.points)
    say("clock_drift", [*first[:5], *second[:2]], times=2)
    orders = WorkOrder.objects.filter(subject="meter_alarm").order_by("id")
    assert sorted(one.facts.get("meters", "") for one in orders) == ["", "", "5"]
    whole = next(one for one in orders if "meters" in one.facts)
    assert whole.facts["transformer"] == made.transformers[0].name
    say("clock_drift", first[5:], hours=-0.1)
    assert (WorkOrder.objects.count(), answers()) == (3, ["again"] * 12 + ["work"] * 3)
    say("clock_drift", second[2:5], hours=-0.1)
    assert WorkOrder.objects.count() == 4, "two orders of their own, and one for all once they are more than four"


@pytest.mark.parametrize("work", ["exchange", "visit"])
def test_a_cover_that_our_own_people_opened_is_no_suspicion(work):
    made = street(transformers=1, supplies=2, lived_in=False)
    serials = hung(made)
    ours, theirs = made.points[0]
    if work == "exchange":
        Installation.objects.filter(service_point=ours).update(period=(timezone.localdate(), None))
    else:
        WorkOrder.objects.create(
            kind="re_read", subject="service_point", subject_id=ours.id, service_point=ours, state="started",
            started_at=timezone.now(), due_date=timezone.localdate(), planned_date=timezone.localdate(),
            crew=Crew.objects.create(name="A"),
        )  # fmt: skip
    say("cover_open", [serials[ours.id], serials[theirs.id]])
    assert answers() == ["own_work", "suspicion"]
    assert UsageInspection.objects.get().service_point_id == theirs.id
    say("magnetic_field", [serials[ours.id]])
    assert answers(kind="magnetic_field") == ["suspicion"], "nobody of ours brings a magnet"
