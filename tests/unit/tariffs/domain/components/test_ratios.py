"""Prices as ratios of base prices."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.ratios import BasePrice, Ratio, RatioTimeOfUse
from tariffs.domain.lines import LedgerClass, MissingPrice
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_power as oracle

HEAD = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
PURCHASE = BasePrice("purchase", 40_000_000, floats=True)
GRID = BasePrice("transmission", 15_000_000, floats=True)
SYSTEM = BasePrice("system", 3_000_000, floats=False)
RATIOS = (Ratio("sharp", 12_500, on="peak"), Ratio("peak", 17_000), Ratio("flat", 10_000), Ratio("valley", 3800))


def prices(*parts, ratios=RATIOS, grain_e6=1):
    return RatioTimeOfUse(**HEAD, parts=parts, ratios=ratios, grain_e6=grain_e6)


def test_ratios_apply_to_the_parts_that_float_and_sharp_hours_to_the_price_of_the_peak():
    assert prices(PURCHASE, GRID).prices_e6 == (116_875_000, 93_500_000, 55_000_000, 20_900_000)
    assert prices(PURCHASE, GRID, SYSTEM).prices_e6 == (119_875_000, 96_500_000, 58_000_000, 23_900_000)


def test_each_period_is_charged_at_its_price():
    plan = compile_plan(components=(prices(PURCHASE, GRID, ratios=RATIOS[1:]),), periods=("peak", "flat", "valley"))
    rated = rate(plan=plan, batch=RatingBatch.of(used_wh=np.array([[80_000_000, 90_000_000, 70_000_000]])))
    assert rated.amount_minor.tolist() == [[7_480_000, 4_950_000, 1_463_000]]


def test_prices_are_rounded_half_up_where_the_tariff_says_to_how_many_decimals():
    part = BasePrice("all", 43_210_000, floats=True)
    assert prices(part).prices_e6[0] == 91_821_250
    assert prices(part, grain_e6=10_000).prices_e6[0] == 91_820_000
    assert prices(part, grain_e6=100_000).prices_e6[0] == 91_800_000


def test_a_price_that_cannot_be_kept_exactly_is_known_as_such():
    assert prices(PURCHASE).is_exact()
    assert not prices(BasePrice("all", 1, floats=True)).is_exact()


def test_an_unknown_base_price_leaves_all_prices_unknown():
    unknown = prices(BasePrice("purchase", None, floats=True), GRID)
    assert {slot.price_e6 for slot in unknown.slots()} == {None}
    with pytest.raises(MissingPrice):
        unknown.charge(RatingBatch.of(used_wh=np.zeros((1, 4), dtype=np.int64)), np.zeros(1, dtype=np.int64))


@given(
    st.lists(st.tuples(st.integers(-(10**8), 10**8), st.booleans()), min_size=1, max_size=4),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from([1, 10, 10_000]),
)
def test_any_price_is_what_fractions_say(parts, peak, sharp, grain_e6):
    base = [BasePrice(f"part{place}", price, floats=floats) for place, (price, floats) in enumerate(parts)]
    component = prices(*base, ratios=(Ratio("peak", peak), Ratio("sharp", sharp, on="peak")), grain_e6=grain_e6)
    floating = sum(price for price, floats in parts if floats)
    fixed_part = sum(price for price, floats in parts if not floats)
    ratio = Fraction(peak, 10_000)
    for price_e6, times in zip(component.prices_e6, (ratio, ratio * Fraction(sharp, 10_000)), strict=True):
        assert price_e6 == oracle.half_up(floating * times + fixed_part, Fraction(grain_e6))
