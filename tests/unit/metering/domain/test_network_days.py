"""Days of transformers, out of hours of places and master meters, on days of any length and in a network that moves."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cis.kernel.calendar import local_clock
from metering.domain.anomaly_features import loads_of
from metering.domain.hourly import Feeds, Laid, lay
from metering.domain.intervals import IntervalColumns, Window
from metering.domain.network_days import NOWHERE, Hung, Sides, of, positions
from metering.queries import area_loads

ZONE = "Europe/Brussels"
DAY = timedelta(days=1)


def _starts(*days):
    clock = local_clock(ZONE)
    return np.array([clock.day_start_us(one) for one in (*days, days[-1] + DAY)])


def _block(registers, first, values, missing=()):
    """Hourly values on UTC of some registers, two days from a date."""
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) * 10**6
    days = [(register, start + n * 86_400_000_000) for register in registers for n in range(2)]
    quality = np.full((len(days), 24), ord("A"), dtype=np.uint8)
    for row, hour in missing:
        quality[row, hour] = ord("N")
    return IntervalColumns(
        interval_minutes=60, exponent=0, register_id=np.array([one for one, _ in days]),
        day=np.array([first.toordinal(), first.toordinal() + 1] * len(registers)),
        start_us=np.array([at for _, at in days]), values=np.asarray(values).reshape(len(days), 24), quality=quality,
    )  # fmt: skip


def _lay(block, starts, registers=(5,), place=(0,), places=1):
    n = len(registers)
    window = Window(
        register_id=np.array(registers), from_us=np.full(n, starts[0]), until_us=np.full(n, starts[-1])
    )  # fmt: skip
    return lay(blocks=[block], feeds=Feeds(place=np.array(place), window=window), day_starts_us=starts, places=places)


@pytest.mark.parametrize(("day", "hours"), [("2016-03-26", 24), ("2016-03-27", 23), ("2016-10-30", 25)])
def test_a_day_counts_each_of_its_hours_once(day, hours):
    day = date.fromisoformat(day)
    laid = _lay(_block([5], day - DAY, [10] * 48), _starts(day))
    assert laid.day_wh.tolist() == [[hours * 10]]
    assert laid.is_whole.all()
    assert laid.energy_wh[0, 0, 23] == (20 if hours == 25 else 10)


@pytest.mark.parametrize("hour", [0, 22, 23, 24])
def test_a_long_day_is_whole_only_with_both_hours_of_its_last_column(hour):
    day = date(2016, 10, 30)
    at = 22 + hour  # on UTC, from the day before
    laid = _lay(_block([5], day - DAY, [10] * 48, missing=[(at // 24, at % 24)]), _starts(day))
    assert not laid.is_whole.any()


def test_the_load_of_the_last_hour_of_a_long_day_is_the_mean_of_both():
    day = date(2016, 10, 30)
    laid = _lay(_block([5], day - DAY, [10] * 48), _starts(day))
    total, known, hung = (np.zeros((1, 1, 24), dtype=np.int64) for _ in range(3))
    one = np.ones((1, 1), dtype=np.int64)
    area_loads._add(total, known, hung, laid.energy_wh, laid.minutes, one, np.array([-1]), np.array([-1]))
    assert total.tolist() == [[[10] * 24]]
    seen = loads_of(energy_wh=laid.energy_wh, minutes=laid.minutes, group=np.array([0]))
    assert seen.energy_wh.tolist() == [[[10.0] * 24]]


def test_a_place_is_known_only_where_each_of_its_meters_is():
    day = date(2016, 5, 2)
    block = _block([5], day - DAY, [10] * 48)
    both = _lay(block, _starts(day), registers=(5, 6), place=(0, 0))
    assert not both.is_whole.any()
    assert both.minutes.max() == 0, "no hour is known of which one meter is not"
    assert _lay(block, _starts(day), registers=(5, -1), place=(0, 0)).is_whole.any() is np.False_
    assert _lay(block, _starts(day)).is_whole.all()


def test_a_day_of_a_move_is_of_neither_transformer():
    days = [date(2026, 3, 1) + n * DAY for n in range(5)]
    moved_on = days[2]
    at, moved = positions(
        hung=[Hung(place=0, asset=0, until=moved_on), Hung(place=0, asset=1, since=moved_on), Hung(place=1, asset=0)],
        days=days, places=2, assets=2,
    )  # fmt: skip
    assert at.tolist() == [[0, 0, NOWHERE, 1, 1], [0] * 5]
    assert moved.tolist() == [[False, False, True, False, False]] * 2


def _laid(day_wh, is_whole=None, hangs=None):
    """Places of which each hour is a 24th of the day."""
    total = np.array(day_wh, dtype=np.int64)
    hung = np.ones(total.shape, dtype=bool) if hangs is None else np.array(hangs)
    return Laid(
        energy_wh=np.repeat(total[:, :, None] // 24, 24, axis=2), minutes=np.full((*total.shape, 24), 60),
        day_wh=total, is_whole=hung & (True if is_whole is None else np.array(is_whole)), hangs=hung,
    )  # fmt: skip


def _nothing(n, d):
    return _laid(np.zeros((n, d)), hangs=np.zeros((n, d), dtype=bool))


def _of(places, masters, at, moved=None, **values):
    d = np.shape(at)[1]
    moved = np.zeros((len(masters.drawn.day_wh), d), dtype=bool) if moved is None else moved
    return of(places=places, masters=masters, at=np.array(at), moved=moved, long_days=np.zeros(d, dtype=bool), **values)


def test_what_members_feed_in_counts_as_given_and_what_goes_up_as_taken():
    places = Sides(drawn=_laid([[2400], [4800]]), back=_laid([[0], [12000]]))
    masters = Sides(drawn=_laid([[480]]), back=_laid([[4800]]))
    found = _of(places, masters, [[0], [0]])
    assert (found.given_wh.item(), found.taken_wh.item()) == (12480, 12000)
    assert found.is_balanced.all()
    assert found.load_wh[0, 0].tolist() == [-180] * 24


@pytest.mark.parametrize("side", ["place", "place export", "master", "master export"])
def test_a_day_is_balanced_only_where_all_registers_are_whole(side):
    def one(name, wh):
        return _laid([[wh]], is_whole=[[name != side]])

    places = Sides(drawn=one("place", 2400), back=one("place export", 0))
    found = _of(places, Sides(drawn=one("master", 2500), back=one("master export", 0)), [[0]])
    assert not found.is_balanced.any()
    assert found.is_loaded.all(), "its load is known by the other side"


def test_a_place_counts_behind_the_transformer_of_the_day_and_not_before_its_meter_hung():
    places = Sides(drawn=_laid([[2400, 2400, 2400]] * 2, hangs=[[True] * 3, [False, True, True]]), back=_nothing(2, 3))
    places.drawn.day_wh[1, 0] = 0
    masters = Sides(drawn=_laid([[3000, 6000, 3000], [0, 0, 2500]]), back=_nothing(2, 3))
    found = _of(places, masters, [[0, 0, 0], [0, 0, 1]])
    assert found.taken_wh.tolist() == [[2400, 4800, 2400], [0, 0, 2400]]
    assert found.places.tolist() == [[1, 2, 1], [0, 0, 1]]


def test_without_a_master_meter_the_load_is_that_of_the_places():
    places = Sides(drawn=_laid([[2400], [4800]]), back=_nothing(2, 1))
    found = _of(places, Sides(drawn=_nothing(1, 1), back=_nothing(1, 1)), [[0], [0]])
    assert (found.is_balanced.any(), found.is_loaded.all(), found.is_measured.any()) == (False, True, False)
    assert found.load_wh[0, 0].tolist() == [300] * 24
