"""Tests of meters from the request to fee and correction; meters that fall due; transformers before meters."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.models.charge import OneOffCharge
from contracts.operations import meter_tests
from contracts.operations.meter_tests import NobodySupplied
from metering.domain.correction_factors import WithinLimit
from metering.domain.device_tests import LoadError
from metering.domain.instrument_transformers import BadTransformers, parse
from metering.models.correction import UsageCorrection
from metering.models.device import Installation, Meter, TransformerPlace
from metering.models.device_test import DeviceTest
from metering.models.work import WorkOrder
from metering.operations import corrections, device_tests, instrument_transformers, meters, rotations
from metering.operations.corrections import KeyTaken
from metering.operations.device_tests import (
    InvalidReport,
    MeterTestUnderWay,
    NothingToCorrect,
    NotTakenDown,
    Report,
)
from metering.operations.instrument_transformers import OtherMultiplier, OtherRatio, TransformerTaken
from metering.operations.rotations import BadDueDate
from metering.queries import device_tests as queries
from tests import factories

pytestmark = pytest.mark.django_db
KEEPER = Actor(ActorKind.STAFF, 1, "keeper", frozenset({Role.METERING}))
CLERK = Actor(ActorKind.STAFF, 2, "clerk", frozenset({Role.CLERK}))
HUNG, DOWN, TODAY = date(2025, 7, 1), date(2026, 7, 1), date(2026, 7, 10)


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


@pytest.fixture
def world():
    return factories.contracts.world(start_date=HUNG)


def doubted(world, *, down=DOWN):
    """A meter that counted 12,000 kWh in a year, and was taken down then."""
    meter = factories.metering.meter()
    factories.metering.installation(of=meter, at=world.service_point, start_date=HUNG, end_date=down)
    register = meter.registers.get()
    factories.metering.read(of=register, on=HUNG, kwh=0)
    factories.metering.read(of=register, on=DOWN, kwh=12_000)
    factories.metering.usage(of=register, start_date=HUNG, end_date=DOWN, kwh=12_000, at=world.service_point)
    return meter


def ask(meter, *, key="k", actor=CLERK, asked_by="customer", today=TODAY, **values):
    return meter_tests.ask(meter_id=meter.id, asked_by=asked_by, request_key=key, today=today, actor=actor, **values)


def found(*ppm, day=TODAY, accuracy="2", **values):
    loads = zip(("peak", "normal", "low"), (1, 3, 1), ppm, strict=True)
    errors = tuple(LoadError(load=load, weight=weight, error_ppm=one) for load, weight, one in loads)
    return Report(tested_date=day, laboratory="上海市计量院", accuracy=accuracy, errors=errors, **values)


def report(test_id, told, *, actor=KEEPER):
    return meter_tests.report(test_id=test_id, report=told, today=TODAY, actor=actor)


def correct(test_id, *, actor=KEEPER):
    return device_tests.propose_correction(test_id=test_id, today=TODAY, actor=actor)


@pytest.mark.parametrize(("ppm", "change_wh"), [(40_000, -230_769), (-50_000, 315_789)])
def test_a_failed_test_gives_the_fee_back_and_corrects_half_the_time(world, ppm, change_wh):
    """[source: rules 1.3, 供电营业规则 art 79, 80] 12,000 kWh: 4 % fast gives 230.77 kWh back, 5 % slow costs 315.79."""
    meter = doubted(world)
    test_id = ask(meter, reason="too much")
    fee = OneOffCharge.objects.get()
    assert (fee.state, fee.amount_minor, fee.account_id, fee.subject) == (
        "agreed",
        3_000,
        world.account.id,
        "meter_test",
    )
    told = report(test_id, found(ppm, ppm, ppm))
    assert (str(told.state), told.given_back) == ("failed", (fee.id,))
    assert report(test_id, found(ppm, ppm, ppm)) == told, "the same report again is the same"
    fee.refresh_from_db()
    assert fee.state == "cancelled"
    made = correct(test_id)
    row = UsageCorrection.objects.get(id=made)
    assert (row.cause, row.state, row.change_wh, row.since_date, row.end_date) == (
        "meter_error", "applied", change_wh, HUNG, DOWN
    )  # fmt: skip
    assert row.given == {"error": str(ppm // 10_000), "limit": "2"}
    assert correct(test_id) == made
    card = queries.one(test_id=test_id)
    assert (card.correction_id, card.mean_ppm, card.limit_ppm) == (made, ppm, 20_000)
    assert Meter.objects.get(id=meter.id).accuracy == "2"


def test_a_passed_test_keeps_the_fee_and_renews_the_certificate(world):
    meter = doubted(world)
    test_id = ask(meter)
    told = report(test_id, found(20_000, 0, -20_000, certificate="C9", certified_until=date(2034, 7, 9)))
    assert (str(told.state), told.given_back) == ("passed", ())
    assert OneOffCharge.objects.get().state == "agreed"
    meter.refresh_from_db()
    assert (meter.certificate, meter.certified_date, meter.certified_until) == ("C9", TODAY, date(2034, 7, 9))
    with pytest.raises(NothingToCorrect):
        correct(test_id)
    with pytest.raises(IllegalMove):
        report(test_id, found(40_000, 0, 0))


def test_a_meter_that_hangs_still_is_corrected_once_it_is_down(world):
    meter = doubted(world, down=None)
    test_id = ask(meter, asked_by="lot", lot="2016-B", actor=KEEPER)
    assert not OneOffCharge.objects.exists(), "only a customer pays a fee"
    report(test_id, found(40_000, 40_000, 40_000))
    with pytest.raises(NotTakenDown):
        correct(test_id)
    meters.remove(meter_id=meter.id, on_date=DOWN, actor=KEEPER)
    assert UsageCorrection.objects.get(id=correct(test_id)).change_wh == -230_769


def test_the_time_is_counted_from_the_last_test_that_was_passed(world):
    meter = doubted(world)
    before = ask(meter, asked_by="supplier", actor=KEEPER, key="before", today=date(2026, 1, 1))
    report(before, found(0, 0, 0, day=date(2026, 1, 1)))
    test_id = ask(meter)
    report(test_id, found(40_000, 40_000, 40_000))
    assert UsageCorrection.objects.get(id=correct(test_id)).since_date == date(2026, 1, 1)


def test_the_correction_is_of_where_the_meter_hung_before_the_test(world):
    """It was hung up elsewhere since, and passed a later test there: neither is of what it counted here."""
    meter = doubted(world)
    test_id = ask(meter, asked_by="supplier", actor=KEEPER)
    report(test_id, found(40_000, 40_000, 40_000))
    factories.metering.installation(of=meter, at=factories.metering.service_point(), start_date=TODAY)
    later = TODAY + timedelta(days=30)
    again = ask(meter, asked_by="supplier", actor=KEEPER, key="again", today=TODAY)
    meter_tests.report(test_id=again, report=found(0, 0, 0, day=later), today=later, actor=KEEPER)
    made = device_tests.propose_correction(test_id=test_id, today=later, actor=KEEPER)
    row = UsageCorrection.objects.get(id=made)
    assert (row.service_point_id, row.since_date, row.end_date) == (world.service_point.id, HUNG, DOWN)


def test_a_correction_that_was_undone_is_proposed_anew(world):
    test_id = ask(doubted(world), asked_by="supplier", actor=KEEPER)
    report(test_id, found(40_000, 40_000, 40_000))
    first = correct(test_id)
    corrections.undo(correction_id=first, reason="wrong", today=TODAY, actor=KEEPER)
    assert not queries.one(test_id=test_id).is_corrected
    again = correct(test_id)
    assert again != first
    assert (correct(test_id), queries.one(test_id=test_id).is_corrected) == (again, True)


def test_a_test_that_was_passed_after_the_failed_one_does_not_shorten_its_time(world):
    meter = doubted(world, down=None)
    for key, day, ppm in (("first", date(2026, 2, 1), 40_000), ("second", date(2026, 5, 1), 0)):
        told = ask(meter, asked_by="supplier", actor=KEEPER, key=key, today=day)
        meter_tests.report(test_id=told, report=found(ppm, ppm, ppm, day=day), today=day, actor=KEEPER)
    meters.remove(meter_id=meter.id, on_date=DOWN, actor=KEEPER)
    failed = DeviceTest.objects.get(state="failed")
    assert UsageCorrection.objects.get(id=correct(failed.id)).since_date == HUNG


def test_the_fee_is_of_whom_the_meter_counted_for():
    """Neither of whoever moves in next month nor, where the meter is down, of whoever came after it."""
    old = factories.contracts.world(start_date=HUNG, end_date=DOWN)
    new = factories.accounts.account(opened_date=DOWN)
    factories.contracts.agreement(
        account=new, service_point=old.service_point, tariff=old.tariff, start_date=DOWN, end_date=None
    )
    meter = doubted(old, down=DOWN)
    test_id = ask(meter)
    assert OneOffCharge.objects.get().account_id == old.account.id
    assert ask(meter, today=TODAY + timedelta(days=1)) == test_id, "the same request again"
    still = factories.metering.meter()
    factories.metering.installation(of=still, at=old.service_point, start_date=HUNG)
    ask(still, key="before", today=DOWN - timedelta(days=9))
    assert set(OneOffCharge.objects.values_list("account_id", flat=True)) == {old.account.id}
    with pytest.raises(KeyTaken):
        ask(still, key="k")


def test_a_mean_within_the_limit_corrects_nothing(world):
    test_id = ask(doubted(world))
    assert str(report(test_id, found(21_000, 10_000, 10_000)).state) == "failed"
    with pytest.raises(WithinLimit):
        correct(test_id)


def test_a_meter_is_tested_once_at_a_time_and_a_dropped_test_costs_nothing(world):
    meter = doubted(world)
    test_id = ask(meter)
    assert ask(meter) == test_id
    with pytest.raises(MeterTestUnderWay):
        ask(meter, key="other")
    for _ in range(2):
        meter_tests.drop(test_id=test_id, reason="withdrawn", actor=CLERK)
    assert OneOffCharge.objects.get().state == "cancelled"
    assert ask(meter, key="other") != test_id
    with pytest.raises(NobodySupplied):
        ask(factories.metering.meter(), key="third")
    assert DeviceTest.objects.count() == 2


def test_who_may_and_what_a_report_needs(world):
    meter = doubted(world)
    with pytest.raises(NotAllowed):
        ask(meter, actor=Actor(ActorKind.STAFF, 3, "cashier", frozenset({Role.CASHIER})))
    test_id = ask(meter)
    with pytest.raises(NotAllowed):
        report(test_id, found(0, 0, 0), actor=CLERK)
    for wrong in (
        found(0, 0, 0, day=TODAY + timedelta(days=1)), found(0, 0, 0, accuracy=""), found(1_000_000, 0, 0),
        found(0, 0, 0, certified_until=TODAY),
    ):  # fmt: skip
        with pytest.raises(InvalidReport):
            report(test_id, wrong)


def due(count, *, until=date(2026, 9, 1), district="黄浦区"):
    made = []
    for _ in range(count):
        point = factories.metering.service_point(at=factories.metering.premises(district=district))
        meter = factories.metering.meter(certified_until=until, accuracy="2")
        factories.metering.installation(of=meter, at=point)
        made.append((meter, point))
    return made


def test_meters_that_fall_due_are_listed_by_district_and_ordered_once_a_place():
    first, second = due(2)
    due(1, district="静安区")
    due(1, until=date(2027, 1, 1))
    same_place = factories.metering.meter(certified_until=date(2026, 8, 1))
    factories.metering.installation(of=same_place, at=first[1])
    until = date(2026, 12, 31)
    listed = queries.due(today=TODAY, until=until, district="黄浦区")
    assert [one.id for one in listed] == [same_place.id, first[0].id, second[0].id]
    assert queries.due_by_district(today=TODAY, until=until) == {"黄浦区": 3, "静安区": 1}
    ids = [one.id for one in listed]
    assert rotations.preview(meter_ids=ids, until=until, today=TODAY).orders == 2
    given = {"meter_ids": ids, "until": until, "today": TODAY, "actor": CLERK}
    made = rotations.order(due_date=date(2026, 8, 1), **given)
    assert (made.orders, len(made.ordered)) == (2, 3)
    orders = WorkOrder.objects.filter(kind="meter_exchange").order_by("service_point_id")
    assert orders[0].facts == {"meter": f"{same_place.serial}, {first[0].serial}", "certified_until": "2026-08-01"}
    again = rotations.order(due_date=date(2026, 8, 1), **given)
    assert (again.orders, len(again.under_way), WorkOrder.objects.count()) == (0, 3, 2)
    with pytest.raises(BadDueDate):
        rotations.order(due_date=date(2026, 7, 9), **given)


def test_many_exchanges_cost_as_many_statements_as_two():
    counts = []
    for number in (2, 12):
        ids = [meter.id for meter, _point in due(number)]
        with CaptureQueriesContext(connection) as seen:
            rotations.order(
                meter_ids=ids, until=date(2026, 12, 31), due_date=date(2026, 8, 1), today=TODAY, actor=KEEPER
            )
        counts.append(len(seen))
    assert counts[0] == counts[1] < 15


def put(point, text, *, on=TODAY, actor=KEEPER):
    return instrument_transformers.put(
        service_point_id=point.id, transformers=parse(text), from_date=on, today=TODAY, actor=actor
    )


def test_transformers_make_the_multiplier_of_the_meter():
    hung = factories.metering.installation(multiplier=40)
    three = "CT A1 200/5 0.2S\nCT A2 200/5\nCT A3 200/5"
    for _ in range(2):
        assert put(hung.service_point, three) == 40
    assert TransformerPlace.objects.count() == 3
    with pytest.raises(OtherMultiplier):
        put(hung.service_point, three + "\nVT B1 10000/100")
    with pytest.raises(BadTransformers):
        put(hung.service_point, "CT A1 200/5\nCT A4 300/5")
    with pytest.raises(OtherRatio):
        put(hung.service_point, "CT A1 1000/25")
    with pytest.raises(TransformerTaken):
        put(factories.metering.service_point(), "CT A1 200/5")
    with pytest.raises(NotAllowed):
        put(hung.service_point, three, actor=CLERK)


def test_transformers_from_a_day_before_are_those_of_each_meter_since_then():
    old = factories.metering.installation(multiplier=40, start_date=HUNG, end_date=DOWN)
    factories.metering.installation(at=old.service_point, multiplier=1, start_date=DOWN)
    with pytest.raises(OtherMultiplier):
        put(old.service_point, "CT A1 200/5", on=HUNG)
    coming = TODAY + timedelta(days=9)
    meters.remove(meter_id=Installation.objects.get(multiplier=1).meter_id, on_date=TODAY, actor=KEEPER)
    new = factories.metering.meter()
    meters.install(
        meter_id=new.id, service_point_id=old.service_point.id, from_date=coming, multiplier=60, actor=KEEPER
    )
    with pytest.raises(OtherMultiplier):
        put(old.service_point, "CT A1 200/5", on=coming)


def test_the_place_is_locked_before_the_meters_that_hang_there():
    point, old, new = factories.metering.service_point(), factories.metering.meter(), factories.metering.meter()
    with CaptureQueriesContext(connection) as hung:
        meters.install(meter_id=old.id, service_point_id=point.id, from_date=HUNG, actor=KEEPER)
    with CaptureQueriesContext(connection) as exchanged:
        meters.exchange(old_meter_id=old.id, new_meter_id=new.id, on_date=DOWN, actor=KEEPER)
    for seen in (hung, exchanged):
        locks = [one["sql"] for one in seen if "UPDATE" in one["sql"] and " FOR " in one["sql"]]
        assert "metering_servicepoint" in locks[0]
        assert "NO KEY UPDATE" in locks[0]


def test_a_meter_is_hung_up_with_the_multiplier_of_the_transformers():
    hung = factories.metering.installation(multiplier=40)
    point, tomorrow = hung.service_point, TODAY + timedelta(days=1)
    put(point, "CT A1 200/5")
    assert put(point, "CT A5 300/5", on=tomorrow) == 60, "what comes with another meter is entered before"
    new = factories.metering.meter()
    given = {"old_meter_id": hung.meter_id, "new_meter_id": new.id, "on_date": tomorrow, "actor": KEEPER}
    with pytest.raises(OtherMultiplier):
        meters.exchange(**given)
    assert Installation.objects.get(id=meters.exchange(multiplier=60, **given)).multiplier == 60
    assert put(point, "", on=tomorrow) == 1
    assert TransformerPlace.objects.filter(period__endswith=None).count() == 0
