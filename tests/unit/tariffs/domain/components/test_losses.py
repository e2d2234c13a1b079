"""Losses of a transformer and of the grid: hand-computed cases, and random ones against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel import fixed
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, TimeOfUse
from tariffs.domain.components.losses import AgreedLoss, Deal, LineLoss, LossMethod, LossRates, TransformerLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_power as oracle

YUAN = 10**8
HEAD = {"code": "loss", "label": "loss", "ledger": LedgerClass.ENERGY}
IRON_570 = LossRates(iron_mw=570_000, copper_e6=20_000)
NONE = LossRates()


def batch(*used_wh, minutes=43_200, days=30, months_e9=10**9, reactive_varh=0):
    return RatingBatch.of(
        used_wh=np.array([used_wh], dtype=np.int64),
        days=np.array([days], dtype=np.int64),
        month_share_e9=np.array([months_e9], dtype=np.int64),
        inputs={Input.ENERGIZED_MINUTES: np.array([minutes]), Input.REACTIVE_VARH: np.array([reactive_varh])},
    )


def agreed(wh, varh=0, proration=Proration.WHOLE, grain_wh=1, period=0, deal=Deal.MIX):
    return AgreedLoss(**HEAD, wh=wh, varh=varh, proration=proration, grain_wh=grain_wh, period=period, deal=deal)


def test_iron_by_hours_and_copper_by_percent_are_810_kwh():
    """0.57 kW x 720 h + 2 % x 20,000 kWh = 810.40 kWh."""
    loss = TransformerLoss(**HEAD, active=IRON_570, reactive=NONE)
    assert loss.charge(batch(20_000_000), np.zeros(1, dtype=np.int64)).quantities.tolist() == [[810_400, 0]]


def test_hours_without_voltage_lose_no_iron():
    loss = TransformerLoss(**HEAD, active=IRON_570, reactive=NONE)
    assert loss.lost_wh(batch(20_000_000, minutes=43_200 - 600)).tolist() == [810_400 - 5700]


def test_load_loss_counts_by_the_factor_k():
    loss = TransformerLoss(**HEAD, active=LossRates(load_mw=2_000_000, k_e6=500_000), reactive=LossRates(iron_mw=10**6))
    charge = loss.charge(batch(0), np.zeros(1, dtype=np.int64))
    assert charge.quantities.tolist() == [[720_000, 720_000]]


def test_losses_are_priced_in_the_mix_of_the_periods_and_enter_the_reactive_energy():
    energy = TimeOfUse(code="energy", label="e", ledger=LedgerClass.ENERGY, periods=("a", "b"), prices_e6=(YUAN, 0))
    plan = compile_plan(components=(energy, agreed(400, 65)), periods=("a", "b"))
    rated = rate(plan=plan, batch=batch(3000, 1000))
    assert rated.quantity.tolist() == [[3300, 1100, 400, 65]]
    assert rated.total_minor.tolist() == [330]
    assert agreed(400, 65).added_varh(batch(3000, 1000)).tolist() == [65]


def test_a_transformer_that_feeds_nothing_loses_in_the_period_that_is_named():
    assert agreed(400, period=1).added_wh(batch(0, 0)).tolist() == [[0, 400]]
    assert agreed(400, period=1).added_wh(batch(500, -500)).tolist() == [[200, 200]]


def test_a_loss_of_one_period_is_all_in_it_whatever_was_used():
    one = agreed(400, period=1, deal=Deal.ONE_PERIOD)
    assert one.added_wh(batch(3000, 1000)).tolist() == [[0, 400]]


@pytest.mark.parametrize(
    ("proration", "days", "lost_wh"),
    [(Proration.WHOLE, 20, 304_000), (Proration.THIRTIETHS, 20, 203_000), (Proration.DAYS, 20, 6_080_000)],
)
def test_an_agreed_loss_of_a_part_of_a_month_is_rounded_to_whole_kwh(proration, days, lost_wh):
    """304 kWh x 20 / 30 = 202.67, rounded to 203."""
    loss = agreed(304_000, proration=proration, grain_wh=1000)
    assert loss.lost_wh(batch(0, days=days, months_e9=666_666_667)).tolist() == [lost_wh]


@pytest.mark.parametrize(("method", "minor"), [(LossMethod.GROSS, 348_187), (LossMethod.PLAIN, 336_000)])
def test_the_loss_of_the_grid_costs_what_its_method_says(method, minor):
    """240,000 x 0.40 x 0.035 / (1 - 0.035) = 3,481.87; x 0.035 alone = 3,360.00."""
    loss = LineLoss(**HEAD, price_e6=40_000_000, rate_e6=35_000, method=method)
    assert rate(plan=compile_plan(components=(loss,)), batch=batch(240_000_000)).total_minor.tolist() == [minor]


def test_the_price_of_a_loss_is_shown_rounded():
    (slot,) = LineLoss(**HEAD, price_e6=40_000_000, rate_e6=35_000, method=LossMethod.GROSS).slots()
    assert slot.price_e6 == 1_450_777
    (unknown,) = LineLoss(**HEAD, price_e6=None, rate_e6=35_000, method=LossMethod.GROSS).slots()
    assert unknown.price_e6 is None


used = st.integers(-(10**7), 10**9) | st.sampled_from([0, 1]) | st.integers(0, 10**14) | st.integers(0, 2 * 10**14)
milliwatts = st.integers(0, 10**7) | st.just(0) | st.integers(0, 10**12)


@given(
    st.lists(used, min_size=1, max_size=4),
    st.builds(
        LossRates, iron_mw=milliwatts, copper_e6=st.integers(0, 10**7), load_mw=milliwatts, k_e6=st.integers(0, 10**7)
    ),
    st.integers(0, 50_000),
    st.sampled_from([1, 10, 100, 1000]),
)
def test_any_loss_of_a_transformer_is_what_fractions_say(used_wh, rates, minutes, grain_wh):
    loss = TransformerLoss(**HEAD, active=rates, reactive=rates, grain_wh=grain_wh, period=len(used_wh) - 1)
    hours = Fraction(minutes, 60)
    watts = Fraction(rates.iron_mw, 1000) + Fraction(rates.load_mw, 1000) * Fraction(rates.k_e6, 10**6)
    exact = watts * hours + sum(used_wh) * Fraction(rates.copper_e6, 10**6)
    rounded = oracle.cent(exact / grain_wh) * grain_wh
    given_batch = batch(*used_wh, minutes=minutes)
    added = loss.added_wh(given_batch)[0].tolist()
    assert sum(added) == rounded
    assert loss.added_varh(given_batch).tolist() == [rounded]
    mix = [abs(wh) for wh in used_wh] if any(used_wh) else [0] * (len(used_wh) - 1) + [1]
    for part, weight in zip(added, mix, strict=True):
        assert abs(part - Fraction(rounded * weight, sum(mix))) < 1


@given(used, st.integers(-YUAN, YUAN), st.integers(0, 999_999), st.sampled_from(LossMethod))
def test_any_loss_of_the_grid_costs_what_fractions_say(used_wh, price_e6, rate_e6, method):
    loss = LineLoss(**HEAD, price_e6=price_e6, rate_e6=rate_e6, method=method)
    charge = loss.charge(batch(used_wh), np.zeros(1, dtype=np.int64))
    share = Fraction(rate_e6, 10**6)
    share = share / (1 - share) if method is LossMethod.GROSS else share
    assert fixed.to_minor(charge.amounts_e9)[0, 0] == oracle.cent(used_wh * Fraction(price_e6, 10**9) * share)


def test_each_loss_is_added_on_top_of_those_before_it():
    twice = TransformerLoss(**(HEAD | {"code": "second"}), active=LossRates(copper_e6=100_000), reactive=NONE)
    flat = Energy(code="energy", label="e", ledger=LedgerClass.ENERGY, price_e6=YUAN)
    rated = rate(plan=compile_plan(components=(agreed(1000), twice, flat)), batch=batch(9000))
    assert rated.quantity.tolist() == [[1000, 0, 1000, 0, 11_000]]
