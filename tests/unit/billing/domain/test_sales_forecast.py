"""Sales of months that come: as last year with its growth, by trees where they err less, never by what they know not."""

from datetime import date

import numpy as np

from billing.domain import sales_forecast
from billing.domain.sales_forecast import AHEAD, Sales, SalesMethod, amount_minor, foretell
from cis.kernel.periods import add_months, month_of
from metering.domain.boosting import Settings

FIRST = date(2023, 1, 1)
FEW = Settings(rounds=20, depth=3, part=1.0, least_rows=4)
NO_WEATHER = np.full(100, np.nan)


def sold(day_wh, *, first: date = FIRST, temperature=NO_WEATHER) -> Sales:
    """Classes that take so much on each day of their months."""
    table = np.array(day_wh, dtype=np.float64)
    days = [month_of(add_months(first, at)).end - add_months(first, at) for at in range(table.shape[1])]
    energy = np.where(np.isnan(table), -1, np.nan_to_num(table) * [one.days for one in days]).astype(np.int64)
    return Sales(first=first, energy_wh=energy, temperature=temperature[: table.shape[1]])


def test_a_year_and_some_months_are_said_as_last_year_with_the_growth_since():
    year = [100.0 + 10 * month for month in range(12)]
    said = foretell(sold([[*year, 110.0, 121.0, 132.0]]))
    assert said.method == (SalesMethod.LAST_YEAR,)
    assert said.energy_wh.tolist() == [[round(1.1 * 130 * 30), round(1.1 * 140 * 31), round(1.1 * 150 * 30)]]
    assert said.error_e4.tolist() == said.naive_error_e4.tolist() == [-1]


def test_less_than_a_year_is_said_as_the_last_month_and_nothing_as_nothing():
    said = foretell(sold([[np.nan, 50.0, 60.0], [np.nan] * 3]))
    assert said.energy_wh.tolist() == [[60 * 30, 60 * 31, 60 * 30], [-1] * 3]


def climate(months: int, seed: int = 4):
    """Two classes that follow a warmth that differs from year to year."""
    rng = np.random.default_rng(seed)
    at = np.arange(months + AHEAD)
    warm = 17 - 11 * np.cos(2 * np.pi * at / 12) + rng.normal(0, 3, months + AHEAD)
    homes = 1_000 + 60 * np.abs(warm - 18)
    works = 5_000 + 20 * np.maximum(warm - 20, 0) + rng.normal(0, 20, months + AHEAD)
    return warm, np.stack([homes, works])


def test_trees_that_know_the_warmth_err_less_than_last_year():
    warm, day = climate(60)
    said = foretell(sold(day[:, :60], temperature=warm))
    assert said.method[0] is SalesMethod.BOOSTED
    assert 0 <= said.error_e4[0] < said.naive_error_e4[0]
    span = [month_of(add_months(FIRST, 60 + at)) for at in range(AHEAD)]
    was = [day[0, 60 + at] * (one.end - one.start).days for at, one in enumerate(span)]
    assert np.abs(said.energy_wh[0] - was).sum() < 0.2 * sum(was)


def test_months_that_were_tried_were_not_learned_from():
    warm, day = climate(40)
    other, hot = day.copy(), warm.copy()
    other[:, 39] *= 3
    hot[34:] += 20
    one, two = (
        sales_forecast._trees(sold(given[:, :40], temperature=heat), given[:, :34], 6, FEW)
        for given, heat in ((day, warm), (other, hot))
    )
    assert np.array_equal(one, two)


def test_a_class_that_nobody_is_in_any_more_is_not_foretold():
    said = foretell(sold([[100.0] * 20 + [np.nan] * 3, [100.0] * 21 + [np.nan] * 2]))
    assert said.energy_wh[0].tolist() == [-1] * 3
    assert (said.energy_wh[1] > 0).all()


def test_both_ways_are_tried_on_the_same_months():
    """Of one class alone trees say nothing of the sixth month: an outlier there counts for neither."""
    day = np.tile(np.arange(12.0) * 10 + 100, 3)[None, :30]
    wild = day.copy()
    wild[0, 29] *= 9
    usual, odd = foretell(sold(day), settings=FEW), foretell(sold(wild), settings=FEW)
    assert usual.error_e4[0] >= 0
    assert odd.naive_error_e4.tolist() == usual.naive_error_e4.tolist() == [0]


def test_an_amount_is_energy_at_the_mean_price():
    assert amount_minor(energy_wh=1_500, billed_wh=10_000, billed_minor=617) == 93
    assert amount_minor(energy_wh=1_500, billed_wh=0, billed_minor=0) == 0
