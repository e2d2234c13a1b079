"""The night looks at loads: what is unusual is told once, brought up to date, and left to people."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from contracts.models.usage_inspection import UsageInspection
from contracts.queries import usage_inspections
from metering.domain.hourly import Feeds, lay
from metering.domain.intervals import IntervalColumns, Window
from metering.domain.network import Asset
from metering.models.anomaly import Anomaly, MasterMeter, TransformerDay
from metering.models.work import WorkOrder
from metering.operations import anomalies, master_meters, network, work_orders
from metering.operations.anomalies import AnomalyDecided, ReasonMissing
from metering.operations.master_meters import MasterMeterStands, NoMasterMeter
from metering.queries import anomaly_loads, balances
from tests.factories import accounts as people
from tests.factories import contracts as agreements
from tests.factories import metering

pytestmark = pytest.mark.django_db
LAST = date(2026, 3, 31)
FIRST = LAST - timedelta(days=83)
ZONE = "Asia/Shanghai"
SHAPE = np.array([3, 3, 3, 3, 3, 4, 6, 8, 7, 6, 6, 7, 8, 7, 6, 6, 7, 10, 14, 15, 13, 10, 6, 4]) * 50.0
METERER = Actor(ActorKind.STAFF, 7, "Wang", frozenset({Role.METERING}))
CLERK = Actor(ActorKind.STAFF, 8, "Li", frozenset({Role.CLERK}))


@pytest.fixture(autouse=True)
def _supplier():
    people.supplier()


def _days_of(register, hours):
    """Days on the supplier's own clock (UTC+8)."""
    values = {day: np.rint(one).astype(int) for day, one in hours.items()}
    metering.interval_days(of=register, values_wh=values, offset=timedelta(hours=8))


def _home(rng, *, at=None, factor_from=None, supplied=True, **values):
    """A home of the street that is read by the hour; from a day on every hour takes a part of it."""
    point = metering.service_point(transformer=at, **values)
    (register,) = metering.metered(is_interval=True, at=point)
    if supplied:
        agreements.agreement(service_point=point, start_date=date(2024, 1, 1))
    size = rng.uniform(0.7, 1.5)
    taken = {}
    for day in metering.days(FIRST, LAST + timedelta(days=1)):
        hours = SHAPE * size * np.clip(rng.normal(1, 0.08), 0.5, 2) * np.clip(rng.normal(1, 0.1, 24), 0.5, 2)
        if factor_from and day >= factor_from[0]:
            hours *= factor_from[1]
        taken[day] = hours
    _days_of(register, taken)
    return point, register


@pytest.fixture
def street():
    """A transformer with four homes, of which one halves all it takes; a fifth hangs elsewhere."""
    transformer, rng = metering.transformer(), np.random.default_rng(4)
    changed = FIRST + timedelta(days=50)
    thief, _ = _home(rng, at=transformer, factor_from=(changed, 0.5))
    others = [_home(rng, at=transformer)[0] for _ in range(3)]
    return transformer, thief, [*others, _home(rng)[0]], changed


def _look(last=LAST, **values):
    return anomalies.look(last=last, zone_name=ZONE, **values)


def test_a_home_that_halves_is_told_once_with_its_reasons(street):
    _, thief, _, changed = street
    assert _look() == 1
    (row,) = Anomaly.objects.all()
    assert (row.service_point, row.kind, row.state, row.seen_date) == (thief, "step_down", "open", LAST)
    assert abs((row.since_date - changed).days) <= 1
    said = {one["code"]: one["numbers"] for one in row.reasons}
    assert abs(said["level_fell"][0] - 50) <= 3
    assert _look(last=LAST + timedelta(days=1)) == 0
    (again,) = Anomaly.objects.all()
    assert (again.id, again.seen_date, again.since_date) == (row.id, LAST + timedelta(days=1), row.since_date)


def test_a_night_is_a_few_statements_however_many_places(street, django_assert_num_queries):
    (part,) = anomaly_loads.parts()
    assert len(part.service_point_ids) == 5
    with django_assert_num_queries(9 + 2):  # its transaction is a savepoint here
        anomalies.look_at(part=part, last=LAST, zone_name=ZONE)


def test_places_of_a_transformer_stay_together(street):
    transformer, _, _, _ = street
    sizes = [part.transformer_id.tolist() for part in anomaly_loads.parts(chunk=2)]
    assert sizes == [[transformer.id] * 4, [-1]]
    assert _look(chunk=2) == 1


def test_use_where_nobody_has_an_agreement_is_told(street):
    rng = np.random.default_rng(9)
    empty, _ = _home(rng, supplied=False)
    assert _look() == 2
    row = Anomaly.objects.get(kind="vacant_use")
    assert (row.service_point, row.since_date) == (empty, FIRST)


def test_what_somebody_dismissed_is_not_told_again(street):
    _look()
    row = Anomaly.objects.get()
    with pytest.raises(ReasonMissing):
        anomalies.dismiss(anomaly_id=row.id, reason=" ", actor=METERER)
    with pytest.raises(NotAllowed):
        anomalies.dismiss(anomaly_id=row.id, reason="Moved out", actor=CLERK)
    anomalies.dismiss(anomaly_id=row.id, reason="One of them moved out", actor=METERER)
    row.refresh_from_db()
    assert (row.state, row.reason, row.decider_id) == ("dismissed", "One of them moved out", METERER.id)
    assert _look(last=LAST + timedelta(days=1)) == 0
    with pytest.raises(AnomalyDecided):
        anomalies.dismiss(anomaly_id=row.id, reason="Again", actor=METERER)


def test_a_visit_is_ordered_once_and_kept_with_it(street):
    _look()
    row = Anomaly.objects.get()
    order_id = anomalies.follow(anomaly_id=row.id, due_date=date(2026, 4, 10), reason="Look at the seals", actor=CLERK)
    row.refresh_from_db()
    order = WorkOrder.objects.get()
    assert (row.state, row.work_order_id, order.id) == ("followed", order_id, order_id)
    assert (order.service_point_id, order.subject, order.subject_id) == (row.service_point_id, "anomaly", row.id)
    assert order.facts == {"reason": "Look at the seals"}
    with pytest.raises(AnomalyDecided):
        anomalies.follow(anomaly_id=row.id, due_date=date(2026, 4, 10), reason="", actor=CLERK)
    assert WorkOrder.objects.count() == 1
    work_orders.cancel(work_order_id=order_id, reason="crew is ill", actor=CLERK)
    row.refresh_from_db()
    assert (row.state, row.work_order_id, row.decided_at) == ("open", None, None)


def test_a_transformer_whose_meters_lose_is_told(street):
    """A home halves: the master meter still counts what it took."""
    transformer, thief, _, changed = street
    rng = np.random.default_rng(4)
    stand = metering.service_point()
    (master,) = metering.metered(is_interval=True, at=stand, multiplier=20)
    MasterMeter.objects.create(transformer=transformer, meter=master.meter, period=(date(2024, 1, 1), None))
    (part,) = anomaly_loads.parts()
    seen = anomaly_loads.look(part=part, last=LAST, zone_name=ZONE)
    on = part.transformer_id == transformer.id
    loads = seen.loads.energy_wh.copy()
    loads[part.service_point_ids == thief.id, 50:] *= 2
    counted = [loads[on, n].sum(axis=0) / 0.97 * rng.normal(1, 0.004) for n in range(84)]
    _days_of(master, dict(zip(seen.days, counted, strict=True)))
    assert stand.id not in next(anomaly_loads.parts()).service_point_ids, (
        "what a master meter counts is nobody's supply"
    )
    assert _look() == 2
    row = Anomaly.objects.get(kind="balance")
    assert (row.transformer, row.service_point) == (transformer, None)
    assert abs((row.since_date - changed).days) <= 3
    assert _look() == 0
    days = balances.days_of(transformer_id=transformer.id, since=FIRST, until=LAST)
    assert tuple(one.start_date for one in days) == seen.days
    for n, one in enumerate(days):
        assert (one.loss.given_wh, one.places) == (int(np.rint(counted[n]).sum()), 4), (
            "intervals are energy already, whatever the multiplier"
        )
        assert one.loss.taken_wh == int(seen.loads.energy_wh[on, n].sum())
    months = balances.months_of(transformer_id=transformer.id, until=LAST)
    assert [(one.start_date.month, one.days) for one in months] == [(3, 31), (2, 28), (1, 25)]
    (row,) = balances.of_month(month=date(2026, 3, 1))
    assert row.loss == months[0].loss
    assert row.loss.lost_wh == sum(one.loss.lost_wh for one in days[-31:]) > 0
    assert (balances.count(month=date(2026, 3, 1)), balances.count(month=date(2025, 3, 1))) == (1, 0)


def test_a_master_meter_counts_for_one_transformer_at_a_time():
    one, other = metering.transformer(), metering.transformer()
    (register,) = metering.metered(is_interval=True)
    serial, start = register.meter.serial, date(2026, 1, 1)
    with pytest.raises(NotAllowed):
        master_meters.set_master(asset=Asset.TRANSFORMER, asset_id=one.id, serial=serial, start_date=start, actor=CLERK)
    master_meters.set_master(asset=Asset.TRANSFORMER, asset_id=one.id, serial=serial, start_date=start, actor=METERER)
    for transformer in (one, other):
        with pytest.raises(MasterMeterStands):
            master_meters.set_master(
                asset=Asset.TRANSFORMER, asset_id=transformer.id, serial=serial, start_date=start, actor=METERER
            )
    card = balances.master_of(asset=Asset.TRANSFORMER, asset_id=one.id, at=date(2026, 2, 1))
    assert (card.serial, card.multiplier, card.start_date) == (serial, 1, start)
    with pytest.raises(NoMasterMeter):
        master_meters.end_master(
            asset=Asset.TRANSFORMER, asset_id=one.id, end_date=start - timedelta(days=1), actor=METERER
        )
    master_meters.end_master(asset=Asset.TRANSFORMER, asset_id=one.id, end_date=date(2026, 3, 1), actor=METERER)
    assert balances.master_of(asset=Asset.TRANSFORMER, asset_id=one.id, at=date(2026, 3, 1)) is None
    master_meters.set_master(
        asset=Asset.TRANSFORMER, asset_id=other.id, serial=serial, start_date=date(2026, 3, 1), actor=METERER
    )


def test_a_meter_of_a_place_that_is_supplied_is_no_master_meter():
    transformer = metering.transformer()
    (register,) = metering.metered(at=metering.service_point(transformer=transformer))
    (elsewhere,) = metering.metered(at=metering.service_point(transformer=metering.transformer()))
    (agreed,) = metering.metered()
    agreements.agreement(
        service_point=agreed.meter.installations.get().service_point, start_date=date(2025, 1, 1)
    )  # fmt: skip
    strangers = [one.meter.serial for one in (register, elsewhere, agreed)]
    for serial in (*strangers, "0", metering.meter().serial):
        with pytest.raises(NoMasterMeter):
            master_meters.set_master(
                asset=Asset.TRANSFORMER,
                asset_id=transformer.id,
                serial=serial,
                start_date=date(2026, 1, 1),
                actor=METERER,
            )


def test_a_master_meter_that_was_set_today_is_taken_back():
    transformer = metering.transformer()
    (register,) = metering.metered(is_interval=True)
    start = date(2026, 3, 1)
    given = {"asset": Asset.TRANSFORMER, "asset_id": transformer.id, "actor": METERER}
    master_meters.set_master(serial=register.meter.serial, start_date=start, **given)
    for n in (-1, 0, 1):
        TransformerDay.objects.create(
            transformer=transformer, day_date=start + timedelta(days=n), given_wh=2, taken_wh=1, places=1
        )
    master_meters.end_master(end_date=start, **given)
    assert not MasterMeter.objects.exists()
    assert [one.day_date for one in TransformerDay.objects.all()] == [start - timedelta(days=1)]
    master_meters.set_master(serial=register.meter.serial, start_date=start, **given)


def _flat(register, hours):
    _days_of(register, {day: np.full(24, hours) for day in metering.days(FIRST, LAST + timedelta(days=1))})


def _behind(transformer, hours):
    point = metering.service_point(transformer=transformer)
    (register,) = metering.metered(is_interval=True, at=point)
    agreements.agreement(service_point=point, start_date=date(2024, 1, 1))
    _flat(register, hours)
    return point, register


def test_past_days_are_those_of_the_network_as_it_was_and_days_that_are_known_no_more_go():
    """A place moves on the first of March: before, it is of the one, from the second on of the other."""
    old, new = metering.transformer(), metering.transformer()
    point, _ = _behind(old, 100)
    _behind(old, 10)
    _behind(new, 1)
    for transformer, hours in ((old, 120), (new, 110)):
        (register,) = metering.metered(is_interval=True)
        MasterMeter.objects.create(transformer=transformer, meter=register.meter, period=(date(2024, 1, 1), None))
        _flat(register, hours)
    with time_machine.travel(datetime(2026, 3, 1, 4, tzinfo=UTC), tick=False):
        network.hang_step(
            service_point_id=point.id, asset=Asset.TRANSFORMER, asset_id=new.id, voltage="220V", actor=METERER
        )
    stale = TransformerDay.objects.create(
        transformer=old, day_date=date(2026, 3, 1), given_wh=9, taken_wh=9, places=9
    )  # fmt: skip
    before = TransformerDay.objects.create(
        transformer=old, day_date=FIRST - timedelta(days=1), given_wh=9, taken_wh=9, places=9
    )  # fmt: skip
    _look()
    kept = {(one.transformer_id, one.day_date): one for one in TransformerDay.objects.all()}
    assert stale.pk not in {one.pk for one in kept.values()}
    assert before.pk in {one.pk for one in kept.values()}
    february, march = date(2026, 2, 28), date(2026, 3, 2)
    found = {
        day: [(kept[one.id, day].taken_wh, kept[one.id, day].places) for one in (old, new)] for day in (february, march)
    }
    assert found == {february: [(110 * 24, 2), (24, 1)], march: [(240, 1), (101 * 24, 2)]}


def test_a_first_day_is_brought_up_to_date_while_there_is_enough_before_it(street):
    _look()
    row = Anomaly.objects.get()
    right = row.since_date
    for said, kept in ((right + timedelta(days=6), right), (FIRST - timedelta(days=30), FIRST - timedelta(days=30))):
        Anomaly.objects.update(since_date=said)
        assert _look() == 0
        assert Anomaly.objects.get().since_date == kept


def test_a_usage_inspection_is_opened_of_it(street):
    _, thief, _, _ = street
    _look()
    row = Anomaly.objects.get()
    anomalies.inspect(anomaly_id=row.id, reason="Look at the seals", actor=CLERK)
    row.refresh_from_db()
    assert (row.state, row.work_order_id) == ("inspected", None)
    inspection = UsageInspection.objects.get()
    assert (inspection.service_point, inspection.state) == (thief, "suspected")
    said = inspection.suspicions.get()
    assert (said.source, said.words, said.reference) == ("anomaly", "Look at the seals", f"anomaly:{row.id}")
    assert usage_inspections.of_anomaly(anomaly_id=row.id) == inspection.id
    with pytest.raises(AnomalyDecided):
        anomalies.inspect(anomaly_id=row.id, reason="", actor=CLERK)
    assert _look(last=LAST + timedelta(days=1)) == 0


def test_hours_are_laid_on_the_wall_over_days_of_other_lengths():
    """Brussels, 2016-03-27 has 23 hours; hourly values on UTC; a multiplier; a value that is not known."""
    clock = local_clock("Europe/Brussels")
    days = [date(2016, 3, 26), date(2016, 3, 27), date(2016, 10, 30)]
    for day in days:
        starts = np.array([clock.day_start_us(day), clock.day_start_us(day + timedelta(days=1))])
        count = int((starts[1] - starts[0]) // 3_600_000_000)
        values = np.arange(48).reshape(2, 24) + 1
        utc = np.array([int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**6])
        block = IntervalColumns(
            interval_minutes=60, exponent=-1, register_id=np.array([5, 5]), day=np.array([1, 2]),
            start_us=np.concatenate((utc - 86_400_000_000, utc)), values=values * 10,
            quality=np.full((2, 24), ord("A"), dtype=np.uint8),
        )  # fmt: skip
        window = Window(register_id=np.array([5]), from_us=starts[:1].copy(), until_us=starts[1:].copy())
        laid = lay(
            blocks=[block], feeds=Feeds(place=np.array([0]), window=window),
            day_starts_us=starts, places=1,
        )  # fmt: skip
        first = int(starts[0] - block.start_us[0]) // 3_600_000_000 + 1
        plain = [first + n for n in range(count)]
        if count == 23:
            plain.append(plain[-1])
        if count == 25:
            plain[23:] = [plain[23] + plain[24]]
        assert laid.energy_wh[0, 0].tolist() == plain
        assert set(laid.minutes[0, 0].tolist()) == ({60, 120} if count == 25 else {60})
        assert laid.day_wh.item() == sum(first + n for n in range(count)), "each hour counts once"
