"""Meters and seals in the store, on vans, back again, and gone."""

from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from metering.domain.meter_store import COLUMNS, BadDelivery
from metering.models.device import Meter, Register
from metering.models.store import MeterDelivery, Seal
from metering.operations import meter_store, meters, seals
from metering.operations.meter_store import BadCertificate, NotAKeeper, ReasonMissing
from metering.operations.meters import UnknownMeter
from metering.operations.seals import SealsTaken, UnknownSeal
from metering.queries import meters as queries
from metering.queries.meters import WantedMeters
from tests.factories import accounts, metering, work

pytestmark = pytest.mark.django_db(transaction=True)
KEEPER = Actor(ActorKind.STAFF, 3, "Keeper", frozenset({Role.METERING}))
CLERK = Actor(ActorKind.STAFF, 4, "Clerk", frozenset({Role.CLERK}))


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def csv(*serials, kind="total"):
    lines = [f"{serial},DDZY285,{kind},JD-{serial},2026-03-01,2034-02-28" for serial in serials]
    return "\n".join([",".join(COLUMNS), *lines]).encode()


def deliver(*serials, **values):
    return meter_store.deliver(data=csv(*serials, **values), name="november.csv", actor=KEEPER)


def state(serial):
    return Meter.objects.get(serial=serial).state


def test_a_delivery_fills_the_store_once():
    done = deliver("N1", "N2", kind="industry")
    assert (done.meters, done.is_known) == (2, False)
    assert deliver("N1", "N2", kind="industry").is_known
    assert (Meter.objects.count(), MeterDelivery.objects.count()) == (2, 1)
    meter = Meter.objects.get(serial="N1")
    assert (meter.state, meter.certificate, meter.certified_until) == ("in_store", "JD-N1", date(2034, 2, 28))
    demand = Register.objects.get(meter=meter, code="demand")
    assert (demand.quantity, demand.resets) == ("demand", "month")


def test_a_delivery_is_taken_as_a_whole():
    deliver("N1")
    with pytest.raises(BadDelivery) as refusal:
        deliver("N2", "N1")
    assert refusal.value.detail["findings"][0].where == "line 3: serial"
    assert Meter.objects.count() == 1
    with pytest.raises(NotAKeeper):
        meter_store.deliver(data=csv("N3"), name="x.csv", actor=CLERK)


def test_a_meter_goes_to_a_crew_and_back_to_another_one():
    deliver("N1", "N2")
    first, second = work.crew(), work.crew()
    assert meter_store.issue(serials=["N1", " N2 ", "N1"], crew_id=first.id, actor=KEEPER) == 2
    meter_store.issue(serials=["N2"], crew_id=second.id, actor=KEEPER)
    assert [row.serial for row in queries.of_crew(crew_id=first.id)] == ["N1"]
    meter_store.give_back(serials=["N1"], actor=KEEPER)
    assert (state("N1"), state("N2")) == ("in_store", "on_van")
    with pytest.raises(UnknownMeter):
        meter_store.issue(serials=["N1", "none"], crew_id=first.id, actor=KEEPER)
    with pytest.raises(IllegalMove):
        meter_store.give_back(serials=["N1"], actor=KEEPER)
    with pytest.raises(NotAllowed):
        meter_store.issue(serials=["N1"], crew_id=first.id, actor=CLERK)
    assert state("N1") == "in_store"


def test_the_life_of_a_meter_after_it_hung():
    deliver("N1")
    meter = Meter.objects.get(serial="N1")
    point = metering.service_point()
    meters.install(meter_id=meter.id, service_point_id=point.id, from_date=date(2026, 4, 1), actor=SYSTEM)
    assert state("N1") == "installed"
    with pytest.raises(IllegalMove):
        meter_store.scrap(meter_id=meter.id, reason="old", actor=KEEPER)
    meters.remove(meter_id=meter.id, on_date=date(2026, 5, 1), actor=SYSTEM)
    assert state("N1") == "retired"
    again = {"meter_id": meter.id, "certificate": "JD-9", "actor": KEEPER}
    with pytest.raises(BadCertificate):
        meter_store.take_in(**again, certified_date=date(2026, 5, 2), certified_until=date(2026, 5, 2))
    meter_store.take_in(**again, certified_date=date(2026, 5, 2), certified_until=date(2030, 5, 1))
    assert (state("N1"), Meter.objects.get().certificate) == ("in_store", "JD-9")
    with pytest.raises(ReasonMissing):
        meter_store.scrap(meter_id=meter.id, reason=" ", actor=KEEPER)
    meter_store.scrap(meter_id=meter.id, reason="display broken", actor=KEEPER)
    with pytest.raises(IllegalMove):
        meters.install(meter_id=meter.id, service_point_id=point.id, from_date=date(2026, 6, 1), actor=SYSTEM)


def test_seals_come_in_ranges_and_each_is_put_on_one_meter():
    crew, other = work.crew(), work.crew()
    field = work.actor_of(crew)
    meter, second = metering.meter(), metering.meter()
    assert seals.receive(first="F0001", last="F0010", actor=KEEPER) == 10
    with pytest.raises(SealsTaken):
        seals.receive(first="F0010", last="F0012", actor=KEEPER)
    assert seals.give_out(first="F0001", last="F0004", crew_id=crew.id, actor=KEEPER) == 4
    seals.give_out(first="F0005", last="", crew_id=other.id, actor=KEEPER)
    with pytest.raises(IllegalMove):
        seals.give_out(first="F0004", last="F0006", crew_id=crew.id, actor=KEEPER)
    put = {"meter_id": meter.id, "crew_id": crew.id, "actor": field}
    with transaction.atomic():
        seals.put_on_step(numbers=["f0001", "F0002"], **put)
    for number, refusal in (("F0001", IllegalMove), ("F0005", UnknownSeal), ("F9", UnknownSeal), ("F0007", NotAllowed)):
        with pytest.raises(refusal), transaction.atomic():
            seals.put_on_step(numbers=[number], **{**put, "meter_id": second.id})
    assert list(meter.seals.order_by("number").values_list("number", "state")) == [("F0001", "set"), ("F0002", "set")]
    assert queries.seals_of_crew(crew_id=crew.id) == ("F0003", "F0004")


def test_a_broken_seal_is_replaced_and_both_stay_in_the_history():
    meter = metering.meter()
    seals.receive(first="G1", last="G3", actor=KEEPER)
    with transaction.atomic():
        seals.put_on_step(numbers=["G1"], meter_id=meter.id, crew_id=None, actor=KEEPER)
    with pytest.raises(ReasonMissing):
        seals.break_off(number="G1", reason="", actor=KEEPER)
    seals.break_off(number="G1", reason="found open", replacement="G2", actor=KEEPER)
    broken, new = Seal.objects.filter(meter=meter).order_by("number")
    assert (broken.state, broken.replaced_by, new.state) == ("broken", new, "set")
    with pytest.raises(IllegalMove):
        seals.break_off(number="G1", reason="again", actor=KEEPER)
    seals.lose(number="G3", reason="fell into the river", actor=KEEPER)
    with pytest.raises(IllegalMove):
        seals.lose(number="G2", reason="x", actor=KEEPER)


def test_one_seal_for_two_meters_at_once():
    seals.receive(first="H1", last="", actor=KEEPER)
    start, results = Barrier(2), []

    def put(meter_id):
        start.wait()
        try:
            with transaction.atomic():
                seals.put_on_step(numbers=["H1"], meter_id=meter_id, crew_id=None, actor=KEEPER)
            results.append("set")
        except IllegalMove:
            results.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=put, args=(metering.meter().id,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "set"]


def test_the_database_keeps_a_seal_with_one_owner():
    crew, meter = work.crew(), metering.meter()
    with pytest.raises(IntegrityError), transaction.atomic():
        Seal.objects.create(number="X1", state="set", meter=meter, crew=crew)
    with pytest.raises(IntegrityError), transaction.atomic():
        Meter.objects.filter(id=meter.id).update(state="on_van")


def test_lists_filter_and_take_few_statements(django_assert_num_queries):
    deliver(*(f"N{number}" for number in range(6)))
    crew = work.crew()
    meter_store.issue(serials=["N1", "N2"], crew_id=crew.id, actor=KEEPER)
    with django_assert_num_queries(2):
        assert len(queries.listed(wanted=WantedMeters(state="in_store"))) == 4
    assert queries.count(wanted=WantedMeters(crew_id=crew.id)) == 2
    assert queries.count(wanted=WantedMeters(text="DDZY")) == 6
    assert queries.count(wanted=WantedMeters(ends_by=date(2034, 2, 27))) == 0
    assert queries.count(wanted=WantedMeters(ends_by=date(2034, 2, 28))) == 6
    assert queries.states()["in_store"] == 4
    meter = Meter.objects.get(serial="N1")
    assert queries.one(meter_id=meter.id).delivery == "november.csv"
