"""Crews hang meters up, exchange them and take them down: all of it at once, or nothing."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform import events
from metering.domain.announcements import WorkOrderDone
from metering.domain.meter_work import MeterReport, ReportedMeter, takes_photo
from metering.models.device import Installation, Meter
from metering.models.read import RegisterRead
from metering.models.store import ReadPhoto, Seal
from metering.models.usage import Usage
from metering.models.work import WorkOrder
from metering.operations import meter_work, work_answers
from metering.operations.meter_work import (
    InvalidMeterWork,
    MeterNotAtHand,
    NoServicePoint,
    NotCertified,
    NotMeterWork,
    PlaceHasMeter,
)
from metering.operations.meters import NotInstalled, UnknownMeter
from metering.operations.reads import ReadRefused
from metering.operations.seals import UnknownSeal
from metering.operations.work_moves import NotYourOrder
from metering.queries import meters as queries
from tests.factories import accounts, metering, work

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    found = []
    monkeypatch.setattr(events, "LISTENERS", {WorkOrderDone: [found.append]})
    accounts.supplier()
    return found


@pytest.fixture
def crew():
    return work.crew()


@pytest.fixture
def today():
    return timezone.localdate()


def on_van(crew, serial="N1", registers=("total",), until=date(2099, 1, 1)):
    return metering.meter(registers=registers, serial=serial, state="on_van", crew=crew, certified_until=until)


def with_seals(crew, *numbers):
    Seal.objects.bulk_create([Seal(number=number, state="given_out", crew=crew) for number in numbers])
    return numbers


def order(crew, kind="meter_install", point=None, **values):
    point = point or metering.service_point()
    given = {"kind": kind, "service_point": point, "state": "started", "started_at": timezone.now(), **values}
    return work.order(crew=crew, at=point.premises, **given)


def hung(serial="N1", kwh=3, seals=("S1", "S2"), registers=("total",), multiplier=1):
    readings = dict.fromkeys(registers, kwh * 1000)
    return ReportedMeter(serial=serial, multiplier=multiplier, seals=seals, readings=readings)


def down(serial, kwh, registers=("total",)):
    return ReportedMeter(serial=serial, readings=dict.fromkeys(registers, kwh * 1000))


def finish(row, *, new=None, old=None, actor, today, key="k1", photos=True):
    wanted = [f"new_{code}" for code in (new.readings if new else ())]
    wanted += [f"old_{code}" for code in (old.readings if old else ())]
    if photos and WorkOrder.objects.get(id=row.id).state == "started":
        for name in wanted:
            if takes_photo(kind=row.kind, name=name) and not row.photos.filter(item=name).exists():
                work_answers.add_photo(work_order_id=row.id, item=name, source=work.photo(), actor=actor)
    return meter_work.finish(
        work_order_id=row.id, report=MeterReport(hung=new, taken_down=old), answers={}, note="", request_key=key,
        today=today, actor=actor,
    )  # fmt: skip


def test_a_meter_is_hung_up_with_seals_reads_and_photos(crew, today, told):
    meter = on_van(crew, registers=("peak", "valley"))
    with_seals(crew, "S1", "S2")
    row = order(crew)
    actor = work.actor_of(crew)
    assert finish(row, new=hung(registers=("peak", "valley"), multiplier=30), actor=actor, today=today)
    installation = Installation.objects.get(meter=meter)
    assert (installation.service_point, installation.multiplier) == (row.service_point, 30)
    assert (installation.period.lower, installation.period.upper) == (today, None)
    reads = RegisterRead.objects.order_by("register__code").values_list("register__code", "reading_wh", "kind")
    assert list(reads) == [("peak", 3_000, "initial"), ("valley", 3_000, "initial")]
    assert ReadPhoto.objects.filter(work_order=row).count() == 2
    assert set(Seal.objects.values_list("state", "meter_id")) == {("set", meter.id)}
    meter.refresh_from_db()
    assert (meter.state, meter.crew) == ("installed", None)
    (done,) = told
    assert (done.kind, done.subject_id, done.service_point_id) == (
        "meter_install",
        row.subject_id,
        row.service_point_id,
    )
    shown = queries.one(meter_id=meter.id)
    assert [(one.register, one.document_id is not None) for one in shown.reads] == [("peak", True), ("valley", True)]
    assert not finish(row, new=hung(registers=("peak", "valley")), actor=actor, today=today)
    assert (Installation.objects.count(), len(told)) == (1, 1)


def nothing_was_done(row):
    assert not Installation.objects.filter(service_point=row.service_point).exists()
    assert not RegisterRead.objects.exists()
    assert not Seal.objects.filter(state="set").exists()
    assert WorkOrder.objects.get(id=row.id).state == "started"


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ("other van", MeterNotAtHand),
        ("in store", MeterNotAtHand),
        ("no certificate", NotCertified),
        ("certificate ended", NotCertified),
        ("unknown", UnknownMeter),
        ("no seal", InvalidMeterWork),
        ("no photo", InvalidMeterWork),
        ("no reading", InvalidMeterWork),
        ("wrong register", InvalidMeterWork),
        ("multiplier", InvalidMeterWork),
        ("foreign seal", UnknownSeal),
        ("old meter", InvalidMeterWork),
        ("off the dial", ReadRefused),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(crew, today, what, refusal):
    until = {"no certificate": None, "certificate ended": today - DAY}.get(what, date(2099, 1, 1))
    meter = on_van(work.crew() if what == "other van" else crew, until=until)
    if what == "in store":
        Meter.objects.filter(id=meter.id).update(state="in_store", crew=None)
    with_seals(crew, "S1")
    with_seals(work.crew(), "S9")
    row = order(crew)
    new = {
        "unknown": hung("none"),
        "no seal": hung(seals=()),
        "foreign seal": hung(seals=("S9",)),
        "no reading": ReportedMeter(serial="N1", seals=("S1",)),
        "wrong register": hung(seals=("S1",), registers=("total", "other")),
        "multiplier": hung(seals=("S1",), multiplier=0),
        "off the dial": hung(seals=("S1",), kwh=10**6),
    }.get(what, hung(seals=("S1",)))
    old = down("N1", 1) if what == "old meter" else None
    with pytest.raises(refusal):
        finish(row, new=new, old=old, actor=work.actor_of(crew), today=today, photos=what != "no photo")
    nothing_was_done(row)


def test_orders_of_others_and_of_other_kinds_are_refused(crew, today):
    on_van(crew)
    with_seals(crew, "S1", "S2")
    for row, actor, refusal in (
        (order(crew), work.actor_of(work.crew()), NotYourOrder),
        (order(crew, kind="re_read"), work.actor_of(crew), NotMeterWork),
        (order(crew, state="assigned", started_at=None), work.actor_of(crew), IllegalMove),
    ):
        with pytest.raises(refusal):
            finish(row, new=hung(), actor=actor, today=today)
    row = order(crew)
    WorkOrder.objects.filter(id=row.id).update(service_point=None)
    with pytest.raises(NoServicePoint):
        finish(row, new=hung(), actor=work.actor_of(crew), today=today)


def test_a_place_with_a_meter_takes_no_second_one(crew, today):
    on_van(crew)
    with_seals(crew, "S1", "S2")
    row = order(crew)
    metering.installation(at=row.service_point)
    with pytest.raises(PlaceHasMeter):
        finish(row, new=hung(), actor=work.actor_of(crew), today=today)


def test_who_keeps_the_store_may_hang_from_the_store(crew, today):
    meter = on_van(crew)
    Meter.objects.filter(id=meter.id).update(state="in_store", crew=None)
    Seal.objects.create(number="S1")
    keeper = Actor(ActorKind.STAFF, 1, "K", frozenset({Role.METERING}))
    assert finish(order(crew), new=hung(seals=("S1",)), actor=keeper, today=today)


def exchanged(crew, today):
    since = (today - DAY).replace(day=1)
    (register,) = metering.metered(start_date=since)
    metering.read(of=register, on=since, kwh=100, kind="initial")
    Seal.objects.create(number="OLD", state="set", meter=register.meter, set_at=timezone.now())
    return register


def test_an_exchange_ends_one_meter_and_begins_the_other(crew, today):
    register = exchanged(crew, today)
    old, point = register.meter, register.meter.installations.get().service_point
    on_van(crew)
    with_seals(crew, "S1", "S2")
    row = order(crew, "meter_exchange", point)
    finish(row, new=hung(), old=down(old.serial, 400), actor=work.actor_of(crew), today=today)
    first, second = Installation.objects.order_by("period")
    assert (first.period.upper, second.period.lower, second.meter.serial) == (today, today, "N1")
    old.refresh_from_db()
    assert old.state == "retired"
    assert RegisterRead.objects.get(register=register, kind="final").reading_wh == 400_000
    assert Seal.objects.get(number="OLD").state == "broken"
    usage = Usage.objects.get(register=register)
    assert (usage.energy_wh, usage.end_date) == (300_000, today)


def test_a_meter_is_taken_down(crew, today):
    register = exchanged(crew, today)
    point = register.meter.installations.get().service_point
    row = order(crew, "meter_remove", point)
    other = metering.meter(serial="elsewhere")
    with pytest.raises(NotInstalled):
        finish(row, old=down("elsewhere", 5), actor=work.actor_of(crew), today=today)
    assert other.installations.count() == 0
    with pytest.raises(ReadRefused):
        finish(row, old=down(register.meter.serial, 50), actor=work.actor_of(crew), today=today)
    finish(row, old=down(register.meter.serial, 250), actor=work.actor_of(crew), today=today)
    assert queries.hanging_at(service_point_id=point.id, on=today) == ()
    assert Usage.objects.get(register=register).energy_wh == 150_000


def test_one_meter_for_two_orders_at_once(crew, today):
    on_van(crew)
    with_seals(crew, "S1", "S2")
    rows, actor = [order(crew), order(crew)], work.actor_of(crew)
    start, results = Barrier(2), []

    def one(row, seal):
        start.wait()
        try:
            finish(row, new=hung(seals=(seal,)), actor=actor, today=today, key=f"k{row.id}")
            results.append("done")
        except Refused as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=one, args=pair) for pair in zip(rows, ("S1", "S2"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "meter_not_at_hand"]
    assert Installation.objects.count() == 1
