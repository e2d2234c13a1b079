"""Loads of areas: added up hour by hour, foretold before the day begins, written over until then; temperatures."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from metering.domain.boosting import Settings
from metering.domain.forecasts import TooFewDays
from metering.domain.weather import BadWeatherFile, WeatherKind
from metering.models.anomaly import MasterMeter
from metering.models.forecast import AreaDay, LoadForecast, WeatherHour, WeatherSeries
from metering.operations import forecasts, weather
from metering.operations.forecasts import DayHasBegun
from metering.operations.weather import NotYetMeasured, WeatherTaken
from metering.queries import area_loads
from metering.queries import forecasts as queries
from metering.queries import weather as weather_queries
from tests.factories import accounts as people
from tests.factories import metering

pytestmark = pytest.mark.django_db
ZONE = "Asia/Shanghai"
TARGET = date(2026, 4, 1)
MORNING = datetime(2026, 3, 31, 3, 30, tzinfo=UTC)  # 11:30 there
METERER = Actor(ActorKind.STAFF, 7, "Wang", frozenset({Role.METERING}))
CLERK = Actor(ActorKind.STAFF, 8, "Li", frozenset({Role.CLERK}))
HOURS = np.arange(24) * 10 + 100


@pytest.fixture(autouse=True)
def _supplier():
    people.supplier()


def hung(*, days: int, until: date = TARGET, times: int = 1, skip: tuple[date, ...] = (), **place):
    """A place read by the hour, whose days are those of the supplier's clock and end before a date."""
    (register,) = metering.metered(is_interval=True, at=metering.service_point(**place))
    for n in range(1, days + 1):
        day = until - timedelta(days=n)
        if day not in skip:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
            values = (HOURS + day.weekday() + n % 3) * times
            metering.interval_day(of=register, on=day, values_wh=values, start_at=start)
    return register


def kept(**values) -> dict[date, AreaDay]:
    return {row.day_date: row for row in AreaDay.objects.filter(**values)}


def test_areas_are_added_up_by_the_hour_once_each(monkeypatch):
    monkeypatch.setattr(area_loads, "LEAST_PLACES", 2)
    feeder = metering.feeder()
    hung(days=3, feeder=feeder)
    hung(days=3, times=2, transformer=metering.transformer(at=feeder))
    hung(days=3, times=4)
    first = TARGET - timedelta(days=3)
    assert forecasts.add_up(first=first, last=TARGET - timedelta(days=1)) == 6
    hour = int(HOURS[5]) + first.weekday() + 0
    whole, own = kept(feeder=None)[first], kept(feeder=feeder)[first]
    assert (whole.loads_w[5], whole.places) == (7 * hour, 3)
    assert (own.loads_w[5], own.places) == (3 * hour, 2)
    assert forecasts.add_up(first=first, last=TARGET - timedelta(days=1)) == 0


@pytest.mark.parametrize(("places", "is_told"), [(4, False), (5, True)])
def test_hours_of_a_feeder_that_would_be_somebodys_are_not_told(places, is_told):
    feeder, day = metering.feeder(), TARGET - timedelta(days=1)
    for _ in range(places):
        hung(days=1, feeder=feeder)
    forecasts.add_up(first=day, last=day)
    row = kept(feeder=feeder)[day]
    assert (row.places, row.loads_w[0] is not None) == (places, is_told)
    assert kept(feeder=None)[day].loads_w[0] is not None


def test_meters_that_count_what_others_take_are_left_out():
    register = hung(days=2)
    master = hung(days=2, times=9)
    MasterMeter.objects.create(
        transformer=metering.transformer(), meter=master.meter, period=(TARGET - timedelta(days=30), None)
    )
    forecasts.add_up(first=TARGET - timedelta(days=2), last=TARGET - timedelta(days=1))
    day = kept()[TARGET - timedelta(days=1)]
    assert (day.places, day.loads_w[0]) == (1, 101 + day.day_date.weekday())
    assert register.meter_id != master.meter_id


def test_an_hour_of_which_too_few_meters_are_known_is_not_known():
    day = TARGET - timedelta(days=1)
    for n in range(12):
        hung(days=2, skip=(day,) if n == 0 else (day - timedelta(days=1),) if n < 3 else ())
    forecasts.add_up(first=day - timedelta(days=1), last=day)
    rows = kept()
    hour = int(HOURS[3]) + day.weekday() + 1
    assert rows[day].loads_w[3] == 12 * hour, "one of twelve is taken to be as the others"
    assert rows[day - timedelta(days=1)].loads_w == [None] * 24


def test_adding_up_takes_the_same_statements_however_many_places(django_assert_num_queries):
    for _ in range(3):
        hung(days=2)
    days = [TARGET - timedelta(days=2), TARGET - timedelta(days=1)]
    with django_assert_num_queries(1):
        area_loads.measured(days=days, zone_name=ZONE)
    with django_assert_num_queries(3):
        assert (area_loads.measured(days=days, zone_name=ZONE, chunk=1).places == 3).all()


def test_too_few_days_are_foretold_as_a_week_ago_and_written_over_until_the_day_begins():
    hung(days=16)
    assert forecasts.work(MORNING) == 1
    row = LoadForecast.objects.get()
    week_ago = TARGET - timedelta(days=7)
    assert (row.target_date, row.method, row.weather, row.tried_hours) == (TARGET, "seasonal_naive", "none", 0)
    assert row.values_w == kept()[week_ago].loads_w == row.naive_w
    assert forecasts.work(MORNING + timedelta(hours=1)) == 1
    again = LoadForecast.objects.get()
    assert (again.id, again.made_at) == (row.id, MORNING + timedelta(hours=1))
    with pytest.raises(DayHasBegun):
        forecasts.foretell(feeder_id=None, target=TARGET, at=MORNING + timedelta(hours=13))


@pytest.mark.parametrize(
    ("newest", "back"), [(None, 730), (1, 21), (21, 21), (40, 39), (600, 599), (900, 730)]
)  # fmt: skip
def test_days_that_a_job_never_reached_are_added_up_by_the_next_one(newest, back, monkeypatch):
    """Killed in the middle of two years, or not run for weeks: no days are left out."""
    today, asked = TARGET - timedelta(days=1), []
    if newest:
        AreaDay.objects.create(feeder=None, day_date=today - timedelta(days=newest), loads_w=[1] * 24, places=1)
    monkeypatch.setattr(forecasts, "_add_up", lambda days, _zone: len(asked.extend(days) or ()))
    forecasts.work(MORNING)
    assert asked == [today - timedelta(days=n) for n in range(back, 0, -1)]


@pytest.mark.parametrize(("late", "target"), [(timedelta(0), TARGET), (timedelta(days=1), TARGET + timedelta(days=1))])
def test_a_morning_done_a_day_late_foretells_nothing_that_has_begun(late, target):
    hung(days=16)
    with time_machine.travel(MORNING + late, tick=False):
        forecasts.morning(MORNING)
    assert LoadForecast.objects.get().target_date == target


def test_the_doubled_hour_of_a_long_day_is_no_double_load():
    """On 25 October 2026 Berlin has 25 hours, of 100 Wh each: 100 W in the last one, too."""
    (register,) = metering.metered(is_interval=True)
    day = date(2026, 10, 25)
    for n in (-1, 0, 1):
        on = day + timedelta(days=n)
        at = datetime(on.year, on.month, on.day, tzinfo=UTC)
        metering.interval_day(of=register, on=on, values_wh=np.full(24, 100), start_at=at)
    found = area_loads.measured(days=[day], zone_name="Europe/Berlin")
    assert found.loads_w[0, 0].tolist() == [100] * 24


def test_an_area_of_which_too_little_is_known_stops_no_other():
    hung(days=16)
    hung(days=3, feeder=metering.feeder())
    AreaDay.objects.all().delete()
    assert forecasts.work(MORNING) == 0, "with half of the meters the whole supplier is not known either"
    with pytest.raises(TooFewDays):
        forecasts.foretell(feeder_id=metering.feeder().id, target=TARGET, at=MORNING)


def weather_file(*, first: date, days: int, degrees: int = 20) -> str:
    hours = (
        datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=8 - n) for n in range(24 * days)
    )
    return "start_at,temperature\n" + "".join(f"{at.isoformat()},{degrees + at.hour / 10}\n" for at in hours)


def loaded(text: str, kind: WeatherKind = WeatherKind.OBSERVED, **values):
    given = {"series": "town", "source": "The weather service", "actor": METERER, **values}
    return weather.load(kind=kind, text=text, **given)


def test_trees_are_used_with_the_weather_and_only_with_what_is_known_by_then(monkeypatch):
    rng = np.random.default_rng(3)
    days = [TARGET - timedelta(days=n) for n in range(120, 0, -1)]
    warm = rng.normal(20, 6, len(days) + 1)
    for day, degrees in zip(days, warm, strict=False):
        loads = HOURS * (7 if day.weekday() > 4 else 10) + max(degrees - 18, 0) * 90 + rng.normal(0, 5, 24)
        AreaDay.objects.create(feeder=None, day_date=day, loads_w=np.rint(loads).astype(int).tolist(), places=40)
    series = WeatherSeries.objects.create(code="town", source="us")
    WeatherHour.objects.bulk_create(
        WeatherHour(
            series=series, kind=kind, temperature_e2=round(degrees * 100),
            start_at=datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 8),
        )
        for day, degrees in zip([*days, TARGET], warm, strict=True) for hour in range(24)
        for kind in (("observed",) if day < TARGET else ("forecast",))
    )  # fmt: skip
    monkeypatch.setattr(forecasts.domain.forecast, "__kwdefaults__", {"seed": 7, "settings": Settings(rounds=50)})
    forecasts.foretell(feeder_id=None, target=TARGET, at=MORNING)
    row = LoadForecast.objects.get()
    assert (row.method, row.weather, row.places) == ("boosted", "forecast", 40)
    assert row.mae_w < row.naive_mae_w
    assert row.error_e4 < row.naive_error_e4
    assert all(low <= one <= high for low, one, high in zip(row.low_w, row.values_w, row.high_w, strict=True))
    AreaDay.objects.filter(day_date=TARGET - timedelta(days=1)).update(loads_w=[10**6] * 24)
    WeatherHour.objects.filter(kind="observed", start_at__gte=MORNING).update(temperature_e2=-5_000)
    forecasts.foretell(feeder_id=None, target=TARGET, at=MORNING)
    assert LoadForecast.objects.get().values_w == row.values_w
    WeatherHour.objects.filter(kind="forecast").delete()
    forecasts.foretell(feeder_id=None, target=TARGET, at=MORNING)
    assert LoadForecast.objects.get().weather == "day_old"


def test_a_forecast_is_shown_beside_what_was_measured(django_assert_num_queries):
    hung(days=16)
    forecasts.work(MORNING)
    with django_assert_num_queries(1):
        (card,) = queries.of_day(target=TARGET)
    assert (card.is_measured, card.was_error_e4, card.peak_hour) == (False, None, 23)
    AreaDay.objects.create(feeder=None, day_date=TARGET, loads_w=[one * 2 for one in card.values_w], places=1)
    (card,) = queries.listed(wanted=queries.Wanted(area="", since=TARGET, until=TARGET))
    assert (card.was_error_e4, card.was_naive_error_e4) == (5_000, 5_000)
    assert queries.listed(wanted=queries.Wanted(area="F1")) == ()
    assert queries.before(card=card) is None


def test_temperatures_are_taken_once_and_corrected_by_a_newer_file():
    text = weather_file(first=date(2026, 3, 1), days=2)
    assert (loaded(text).changed, loaded(text).changed) == (48, 0)
    again = loaded(weather_file(first=date(2026, 3, 2), days=1, degrees=5))
    assert (again.changed, again.unchanged) == (24, 0)
    observed, forecast = weather_queries.temperatures(
        feeder_id=metering.feeder().id, days=[date(2026, 3, 2), date(2026, 3, 3)], zone_name=ZONE
    )
    assert observed[0].tolist() == pytest.approx([5 + (hour - 8) % 24 / 10 for hour in range(24)])
    assert np.isnan(observed[1]).all()
    assert np.isnan(forecast).all()
    (card,) = weather_queries.listed()
    assert (card.code, card.observed, card.forecast, card.feeder) == ("town", 48, 0, "")


def test_a_feeder_may_have_its_own_weather():
    feeder = metering.feeder()
    loaded(weather_file(first=date(2026, 3, 2), days=1))
    loaded(weather_file(first=date(2026, 3, 2), days=1, degrees=-7), series="hill", feeder_id=feeder.id)
    for area, degrees in ((None, 21.6), (feeder.id, -5.4), (metering.feeder().id, 21.6)):
        observed, _ = weather_queries.temperatures(feeder_id=area, days=[date(2026, 3, 2)], zone_name=ZONE)
        assert observed[0, 0] == pytest.approx(degrees)
    with pytest.raises(WeatherTaken):
        loaded(weather_file(first=date(2026, 3, 2), days=1), series="hill")
    with pytest.raises(WeatherTaken):
        loaded(weather_file(first=date(2026, 3, 2), days=1), series="second")


def test_wrong_temperatures_are_refused_and_change_nothing():
    text = weather_file(first=date(2026, 3, 1), days=1)
    with pytest.raises(NotAllowed):
        loaded(text, actor=CLERK)
    with pytest.raises(BadWeatherFile):
        loaded(text + "2026-03-01T00:00,3\n")
    with pytest.raises(NotYetMeasured):
        loaded(weather_file(first=date(2099, 1, 1), days=1))
    begun = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
    with pytest.raises(NotYetMeasured):
        loaded(f"start_at,temperature\n{begun},3\n")
    assert loaded(weather_file(first=date(2099, 1, 1), days=1), WeatherKind.FORECAST).changed == 24
    assert set(WeatherHour.objects.values_list("kind", flat=True)) == {"forecast"}
