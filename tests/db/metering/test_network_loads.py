"""Loads of transformers and feeders: kept each night, by their master meters or by what hangs on them, and forecast."""

from datetime import date, timedelta

import numpy as np
import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.network import Asset
from metering.models.anomaly import Anomaly, MasterMeter, TransformerDay
from metering.models.load import AssetForecast, LoadDay
from metering.models.network import PastHanging
from metering.models.place import ServicePoint
from metering.operations import anomalies, master_meters, network_loads
from metering.queries import network_loads as queries
from metering.queries.network_loads import Wanted
from tests.factories import accounts as people
from tests.factories import metering

pytestmark = pytest.mark.django_db
LAST = date(2026, 3, 29)
DAYS = 44
ZONE = "Asia/Shanghai"
METERER = Actor(ActorKind.STAFF, 7, "Wang", frozenset({Role.METERING}))


@pytest.fixture(autouse=True)
def _supplier():
    people.supplier()


def _fill(register, hours):
    days = metering.days(LAST - timedelta(days=DAYS - 1), LAST + timedelta(days=1))
    values = {day: np.asarray(hours) for day in days}
    metering.interval_days(of=register, values_wh=values, offset=timedelta(hours=8))


def _place(hours, **values):
    point = metering.service_point(**values)
    (register,) = metering.metered(is_interval=True, at=point)
    _fill(register, hours)
    return register


def _night():
    anomalies.look(last=LAST, zone_name=ZONE)
    return network_loads.run(last=LAST, zone_name=ZONE)


@pytest.fixture
def grid():
    """A feeder with two transformers and a factory directly on it; an evening peak at 19:00."""
    feeder = metering.feeder(capacity_va=1_000_000)
    small = metering.transformer(at=feeder, capacity_va=10_000)
    large = metering.transformer(at=feeder, capacity_va=400_000)
    home = np.full(24, 1_000)
    home[19] = 9_000
    _place(home, transformer=small)
    _place(home, transformer=large)
    _place(home, transformer=large)
    _place(np.full(24, 50_000), feeder=feeder, voltage="10kV")
    return feeder, small, large


def test_loads_are_the_sums_of_what_hangs_behind_and_tomorrow_is_told(grid):
    feeder, small, large = grid
    assert _night() == 6, "two days of three assets"
    for asset, one, usual, peak in (
        (Asset.TRANSFORMER, small, 1_000, 9_000), (Asset.TRANSFORMER, large, 2_000, 18_000),
        (Asset.FEEDER, feeder, 53_000, 77_000),
    ):  # fmt: skip
        days = queries.days_of(asset=asset, asset_id=one.id, since=LAST, until=LAST)
        assert [(day.hours_wh[0], day.hours_wh[19], day.is_measured) for day in days] == [(usual, peak, False)]
        coming = queries.forecasts_of(asset=asset, asset_id=one.id, since=LAST + timedelta(days=1))
        assert [(c.day_date - LAST).days for c in coming] == [1, 2]
        assert [(c.hours_wh[0], c.hours_wh[19], c.error_e4, c.peak_hour) for c in coming] == [(usual, peak, 0, 19)] * 2
    tomorrow = {"day": LAST + timedelta(days=2), "wanted": Wanted(only_over=True)}
    (over,) = queries.forecasts(**tomorrow)
    assert (over.id, over.peak_va, over.usable_va, over.percent) == (small.id, 9_474, 8_000, 118), "95 % power factor"
    assert queries.count_forecasts(**tomorrow) == 1
    weeks = {"since": LAST - timedelta(days=27), "until": LAST}
    first, second = queries.loads(wanted=Wanted(), **weeks)
    assert (first.id, first.days, first.measured, first.peak_wh, first.peak_hour) == (small.id, 28, 0, 9_000, 19)
    assert (first.peak_date, first.mean_wh, first.is_over) == (LAST, 32_000 // 24, True)
    assert (second.id, second.is_over) == (large.id, False)
    assert [one.id for one in queries.loads(wanted=Wanted(only_over=True), **weeks)] == [small.id]
    assert queries.count_loads(wanted=Wanted(asset=Asset.FEEDER, feeder_id=feeder.id), **weeks) == 1


def test_again_changes_nothing_and_needs_few_statements(grid, django_assert_num_queries):
    feeder, _, _ = grid
    _night()
    before = list(LoadDay.objects.order_by("id").values()), list(AssetForecast.objects.order_by("id").values())
    assert _night() == 6
    assert before == (
        list(LoadDay.objects.order_by("id").values()),
        list(AssetForecast.objects.order_by("id").values()),
    )
    with django_assert_num_queries(6 + 2):  # its transaction is a savepoint here
        network_loads.keep_feeders(feeder_ids=[feeder.id], last=LAST, zone_name=ZONE)


def test_a_master_meter_goes_before_the_sum_and_gives_what_is_lost_by_nature(grid):
    feeder, small, _ = grid
    for where, hours, high in (({"transformer": small}, 2_500, True), ({"feeder": feeder}, 60_000, False)):
        register = _place(np.full(24, hours))
        MasterMeter.objects.create(meter=register.meter, period=(date(2024, 1, 1), None), is_high_side=high, **where)
    _night()
    for where, hours in (({"transformer": small}, 2_500), ({"feeder": feeder}, 60_000)):
        row = LoadDay.objects.get(day_date=LAST, **where)
        assert (row.hours_wh, row.is_measured) == ([hours] * 24, True)
    row = TransformerDay.objects.get(transformer=small, day_date=LAST)
    assert (row.given_wh, row.taken_wh) == (60_000, 32_000)
    share = (2_500 / 0.95 / 10_000) ** 2
    assert row.technical_wh == pytest.approx(24 * (100 + share * (600 + 400)), abs=3)


def test_a_day_is_unknown_where_one_place_or_transformer_is(grid):
    feeder, _, large = grid
    metering.metered(is_interval=True, at=metering.service_point(transformer=large))
    _night()
    assert not LoadDay.objects.filter(transformer=large).exists()
    assert not LoadDay.objects.filter(feeder=feeder).exists(), "a transformer of it is not known"
    assert LoadDay.objects.exists()


def test_what_is_known_no_more_goes_with_its_forecast(grid):
    _, small, _ = grid
    _night()
    metering.metered(is_interval=True, at=metering.service_point(transformer=small))
    _night()
    assert not LoadDay.objects.filter(transformer=small).exists()
    assert not AssetForecast.objects.filter(transformer=small).exists()


def test_days_that_came_at_once_are_caught_up_without_looking_for_anomalies(grid):
    _, small, _ = grid
    network_loads.catch_up(last=LAST, zone_name=ZONE)
    assert LoadDay.objects.filter(transformer=small).count() == DAYS
    assert not Anomaly.objects.exists()


def test_a_master_meter_of_a_feeder_is_set_and_ended(grid):
    feeder, _, _ = grid
    register = _place(np.full(24, 60_000))
    of = {"asset": Asset.FEEDER, "asset_id": feeder.id, "actor": METERER}
    master_meters.set_master(serial=register.meter.serial, start_date=LAST, **of)
    _night()
    assert list(LoadDay.objects.filter(feeder=feeder, is_measured=True).values_list("day_date", flat=True)) == [LAST]
    master_meters.end_master(end_date=LAST, **of)
    assert not LoadDay.objects.filter(feeder=feeder, is_measured=True).exists()
    assert not MasterMeter.objects.exists()


def test_what_is_built_or_empties_today_leaves_the_past_of_its_feeder_as_it_was(grid):
    feeder, small, large = grid
    new = metering.transformer(at=feeder)
    metering.metered(is_interval=True, at=metering.service_point(transformer=new), start_date=LAST)
    for point in ServicePoint.objects.filter(transformer=small):
        PastHanging.objects.create(service_point=point, transformer=small, until_date=LAST - timedelta(days=3))
        ServicePoint.objects.filter(id=point.id).update(transformer=large)
    _night()
    known = {row.day_date: row.hours_wh[19] for row in LoadDay.objects.filter(feeder=feeder)}
    assert LAST not in known, "the new one is not known on its first day"
    assert LAST - timedelta(days=3) not in known, "on that day a place moved"
    assert len(known) == DAYS - 2
    assert set(known.values()) == {77_000}, "no house is missing before or after"


def test_a_transformer_with_a_master_meter_and_no_place_is_in_the_load_of_its_feeder(grid):
    feeder, _, _ = grid
    bare = metering.transformer(at=feeder)
    register = _place(np.full(24, 5_000))
    MasterMeter.objects.create(meter=register.meter, period=(date(2024, 1, 1), None), transformer=bare)
    _night()
    assert LoadDay.objects.get(feeder=feeder, day_date=LAST).hours_wh[19] == 82_000
    assert not TransformerDay.objects.filter(transformer=bare).exists(), "it is balanced against nothing"


def test_a_master_meter_on_the_other_side_changes_nothing_of_the_days_before_it(grid):
    _, small, _ = grid
    for period, high in (((date(2024, 1, 1), LAST), False), ((LAST, None), True)):
        register = _place(np.full(24, 2_500))
        MasterMeter.objects.create(meter=register.meter, period=period, is_high_side=high, transformer=small)
    _night()
    lost = dict(TransformerDay.objects.filter(transformer=small).values_list("day_date", "technical_wh"))
    share = (2_500 / 0.95 / 10_000) ** 2
    assert lost[LAST] == pytest.approx(24 * (100 + share * (600 + 400)), abs=3)
    assert lost[LAST - timedelta(days=1)] == pytest.approx(24 * share * 400, abs=3)
