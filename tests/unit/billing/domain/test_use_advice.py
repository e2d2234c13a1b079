"""What using electricity otherwise saves: each sum by hand."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from billing.domain import use_advice
from billing.domain.use_advice import EnergyLine, PeriodPrice
from billing.queries import use_advice as queries
from billing.queries.bills import Line
from billing.queries.use_advice import PricedPeriod, PricedUse
from tariffs.domain.components.standing import BeyondUse, Concession, ConcessionOf, GreenPremium
from tariffs.domain.lines import LedgerClass
from tariffs.domain.time_of_use import DAY_TYPES, Calendar

PEAK, VALLEY = 61_700_000, 30_700_000
TWO = (
    PeriodPrice(period="peak", energy_wh=200_000, price_e6=PEAK),
    PeriodPrice(period="valley", energy_wh=100_000, price_e6=VALLEY),
)


def _line(code="energy", step=0, period="", kwh=0, price=0):
    return EnergyLine(code=code, step=step, period=period, energy_wh=kwh * 1_000, price_e6=price)


def test_a_fifth_of_the_peak_in_the_valley():
    """40 kWh x (0.617 - 0.307) yuan = 12.40 yuan."""
    found = use_advice.shift(periods=TWO)
    assert (found.shift_wh, found.dear.period, found.cheap.period, found.saved_minor) == (
        40_000,
        "peak",
        "valley",
        1240,
    )


def test_the_sum_of_a_shift_is_rounded_once():
    odd = (
        PeriodPrice(period="a", energy_wh=7_777, price_e6=61_731_111),
        PeriodPrice(period="b", energy_wh=1, price_e6=1),
    )
    found = use_advice.shift(periods=odd)
    assert found.shift_wh == 1_500
    assert abs(Fraction(1_500 * (61_731_111 - 1), 10**9) - found.saved_minor) <= Fraction(1, 2)


def test_where_nothing_is_dearer_nothing_is_moved():
    one = (PeriodPrice(period="", energy_wh=100_000, price_e6=PEAK),)
    same = tuple(PeriodPrice(period=code, energy_wh=100_000, price_e6=PEAK) for code in ("peak", "valley"))
    small = (PeriodPrice(period="peak", energy_wh=400, price_e6=PEAK), TWO[1])
    assert [use_advice.shift(periods=periods) for periods in ((), one, same, small)] == [None] * 4


def test_the_price_of_the_next_kwh_is_that_of_the_highest_step_reached():
    lines = [
        _line(step=1, period="peak", kwh=100, price=61_700_000), _line(step=2, period="peak", kwh=20, price=66_700_000),
        _line(step=3, period="peak", kwh=0, price=91_700_000), _line(step=1, period="valley", kwh=50, price=30_700_000),
        _line(code="fund", kwh=170, price=2_000_000),
    ]  # fmt: skip
    dear, cheap = use_advice.prices(lines=lines)
    assert dear == PeriodPrice(period="peak", energy_wh=120_000, price_e6=68_700_000)
    assert cheap == PeriodPrice(period="valley", energy_wh=50_000, price_e6=32_700_000)
    (all_hours,) = use_advice.prices(lines=lines[-1:])
    assert all_hours == PeriodPrice(period="", energy_wh=170_000, price_e6=2_000_000)
    assert use_advice.prices(lines=[]) == ()


def test_what_always_runs_over_a_year_by_hand():
    """85 W x 8,760 h = 744.6 kWh; a third of the hours in the valley: 248.2 kWh x 0.307 + 496.4 kWh x 0.617 yuan."""
    halves = {"valley": 365 * 16, "peak": 365 * 32}
    found = use_advice.base(base_w=85, periods=TWO, half_hours=halves)
    assert (found.year_wh, found.part_wh) == (744_600, 186_150)
    assert found.terms == ((496_400, PEAK), (248_200, VALLEY))
    assert found.year_minor == round(Fraction(248_200 * VALLEY + 496_400 * PEAK, 10**9))
    assert found.saved_minor == round(Fraction(62_050 * VALLEY + 124_100 * PEAK, 10**9))


def test_what_always_runs_at_one_price_or_at_their_mean():
    one = (PeriodPrice(period="", energy_wh=100_000, price_e6=50_000_000),)
    assert use_advice.base(base_w=100, periods=one, half_hours={}).year_minor == 876 * 50
    mean = use_advice.base(base_w=100, periods=TWO, half_hours={})
    assert mean.year_minor == round(Fraction(876_000 * ((2 * PEAK + VALLEY) // 3), 10**9))
    assert use_advice.base(base_w=0, periods=one, half_hours={}) is None
    assert use_advice.base(base_w=9, periods=(), half_hours={}) is None


def test_half_hours_of_a_year_follow_the_calendar():
    slots = np.zeros((1, len(DAY_TYPES), 48), dtype=np.int64)
    slots[0, 0, 16:44] = 1
    calendar = Calendar(
        periods=("valley", "peak"), seasons=("",), season_of_day=np.zeros(372, dtype=np.int64), slots=slots
    )
    found = use_advice.half_hours(
        calendar=calendar, start=date(2026, 1, 1), holidays=[date(2026, 1, 1)], makeup_days=[]
    )
    working = 260  # of the 261 weekdays of 2026 one is a holiday
    assert found == {"valley": 365 * 48 - working * 28, "peak": working * 28}


@pytest.mark.parametrize(("prices", "is_one"), [((), False), ((5,), True), ((5, 5), True), ((5, 4), False)])
def test_a_bill_that_charges_no_energy_has_not_one_price_of_it(prices, is_one):
    periods = tuple(
        PricedPeriod(of=PeriodPrice(period=f"p{n}", energy_wh=1, price_e6=price), labels={}, percent=0, price="")
        for n, price in enumerate(prices)
    )
    used = PricedUse(
        bill_number="1", start_date=date(2026, 1, 1), end_date=date(2026, 2, 1), used_wh=1, periods=periods,
        half_hours={}, is_hourly=False, has_percents=False, decimals=2,
    )  # fmt: skip
    assert used.is_one_price is is_one


def _next(component, *, kwh, price_e6, amount_minor):
    line = Line(
        code="x", labels={}, period_labels={}, step=0, period_of_use="", unit="kWh", quantity=kwh * 1_000,
        quantity_places=3, price="", margin=None, percent_e2=None, price_e6=price_e6, amount_minor=amount_minor,
        tax_minor=0, ledger_class="fund",
    )  # fmt: skip
    return queries._energy(line, component).price_e6


def test_one_more_kwh_costs_its_part_of_a_premium_and_nothing_of_blocks_or_of_what_is_used_up():
    named = {"code": "x", "label": "x", "ledger": LedgerClass.FUND}
    part = GreenPremium(price_e6=10_000_000, part_e6=500_000, beyond=BeyondUse.CHARGE, **named)
    blocks = GreenPremium(price_e6=10_000_000, part_e6=None, block_wh=100_000, beyond=BeyondUse.CHARGE, **named)
    assert _next(part, kwh=50, price_e6=10_000_000, amount_minor=500) == 5_000_000
    assert _next(blocks, kwh=100, price_e6=10_000_000, amount_minor=1_000) == 0
    granted = Concession(on=("*",), rate=ConcessionOf.KWH, rate_e6=5_000_000, cap_minor=300, **named)
    assert _next(granted, kwh=50, price_e6=-5_000_000, amount_minor=-250) == -5_000_000
    assert _next(granted, kwh=100, price_e6=-5_000_000, amount_minor=-300) == 0
