"""Why one bill is not another: each cause by itself, and the sum of all causes, whatever the tariff does."""

import os
import random
from dataclasses import replace

import numpy as np
import pytest

from billing.domain.causes import Cause, Rated, Side, difference
from cis.kernel.errors import Refused
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import Input
from tariffs.domain.rating import rate
from tests.unit.proof.random_tariffs import case_of, segment_of

PAIRS = 10_000 if os.environ.get("WATTLINE_PROOF") else 80
HEAD = """
schema = 1
code = "told"
name_zh = "电价"
name_en = "Told"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
"""
WORDS = {
    "energy": 'energy = { zh = "电费", en = "Energy" }',
    "standing": 'standing = { zh = "基本费", en = "Standing" }',
    "demand": 'demand = { zh = "需量", en = "Demand" }',
    "peak": 'peak = { zh = "峰", en = "Peak" }',
    "valley": 'valley = { zh = "谷", en = "Valley" }',
}


def words(*keys):
    return "\n".join(["[labels]", *(WORDS[key] for key in keys)])


STEPS = f"""{HEAD}
[tier_cycle]
every = "year"
{words("energy", "standing")}
[[component]]
kind = "fixed"
code = "standing"
unit = "yuan/day"
price = "0.50"
[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["150"]
prices = ["0.60", "0.90"]
"""
HOURS = f"""{HEAD}
[time_of_use]
periods = ["peak", "valley"]
{words("energy", "peak", "valley")}
[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
prices = {{ peak = "0.60", valley = "0.30" }}
"""
POWER = f"""{HEAD}{words("energy", "demand")}
[[component]]
kind = "measured_demand"
code = "demand"
unit = "yuan/kW"
price = "40"
proration = "whole"
billed_before = "ignore"
[[component]]
kind = "energy"
code = "energy"
unit = "yuan/kWh"
price = "0.60"
months = [7]
"""


def billed(text, used_kwh, *, version=1, days=30, before_kwh=0, household=1, **inputs):
    """A segment as it was billed; inputs by name."""
    plan = text if not isinstance(text, str) else document.parse(text=text).plan
    batch = RatingBatch.of(
        used_wh=np.array([[1000 * kwh for kwh in used_kwh]]),
        days=np.array([days]),
        month_share_e9=np.array([10**9]),
        before_wh=np.array([1000 * before_kwh]),
        household=np.array([household]),
        inputs={Input(name): np.array([value]) for name, value in inputs.items()},
    )
    return rated(plan, batch, version)


def rated(plan, batch, version=1):
    amount = int(rate(plan=plan, batch=batch).total_minor[0])
    return Rated(version_id=version, plan=plan, batch=batch, amount_minor=amount)


def side(*segments, corrections=0):
    return Side(supplies={1: segments}, amount_minor=sum(one.amount_minor for one in segments) + corrections)


def causes(then, now):
    found = difference(then=then, now=now)
    assert sum(found.causes.values()) == found.now_minor - found.then_minor == now.amount_minor - then.amount_minor
    return dict(found.causes)


def test_the_same_again_moves_nothing():
    one = side(billed(STEPS, [100]))
    assert causes(one, one) == {}


def test_more_days_at_the_same_use_a_day():
    then, now = side(billed(STEPS, [60], days=30)), side(billed(STEPS, [62], days=31))
    assert causes(then, now) == {Cause.DAYS: 50 + 2 * 60}


def test_more_use_at_the_prices_of_before_and_the_steps_that_it_reaches():
    then, now = side(billed(STEPS, [100])), side(billed(STEPS, [300]))
    assert causes(then, now) == {Cause.USE: 200 * 60, Cause.STEPS: 150 * 30}


def test_less_use_where_all_of_it_was_in_two_steps():
    then, now = side(billed(STEPS, [300])), side(billed(STEPS, [150]))
    # 150 kWh less in the mix of then, half of it dear; then the other half is cheap after all.
    assert causes(then, now) == {Cause.USE: -(75 * 60 + 75 * 90), Cause.STEPS: -75 * 30}


def test_what_was_used_before_in_the_year():
    then, now = side(billed(STEPS, [100])), side(billed(STEPS, [100], before_kwh=100))
    assert causes(then, now) == {Cause.STEPS: 50 * 30}


def test_other_hours():
    then, now = side(billed(HOURS, [50, 50])), side(billed(HOURS, [80, 20]))
    assert causes(then, now) == {Cause.HOURS: 30 * 30}


def test_other_hours_beside_more_use():
    then, now = side(billed(HOURS, [50, 50])), side(billed(HOURS, [100, 50]))
    assert causes(then, now) == {Cause.USE: 25 * 60 + 25 * 30, Cause.HOURS: 25 * 30}


def test_a_new_price_holds_for_the_use_of_now():
    then = side(billed(STEPS, [100]))
    now = side(billed(STEPS.replace('"0.60"', '"0.66"'), [120], version=2))
    assert causes(then, now) == {Cause.USE: 20 * 60, Cause.PRICE: 120 * 6}


def test_another_tariff_with_other_periods_moves_at_its_use():
    then, now = side(billed(STEPS, [100])), side(billed(HOURS, [60, 60], version=2))
    assert causes(then, now) == {Cause.USE: 20 * 60, Cause.PRICE: 60 * 60 + 60 * 30 - 120 * 60 - 30 * 50}


def test_demand_and_season():
    then = side(billed(POWER, [100], peak_w=[5_000], month=6))
    now = side(billed(POWER, [100], peak_w=[6_000], month=7))
    assert causes(then, now) == {Cause.POWER: 4_000, Cause.SEASON: 6_000}


def test_corrections_and_supplies_stand_apart():
    one = billed(STEPS, [100])
    then = Side(supplies={1: [one], 2: [one]}, amount_minor=2 * one.amount_minor)
    now = Side(supplies={1: [one], 3: [one, one]}, amount_minor=3 * one.amount_minor - 777)
    assert causes(then, now) == {Cause.SUPPLY: one.amount_minor, Cause.CORRECTIONS: -777}


def test_a_month_cut_by_a_new_price_is_told_by_the_price():
    plan, dearer = (document.parse(text=text).plan for text in (STEPS, STEPS.replace('"0.60"', '"0.66"')))
    then = side(billed(plan, [100], days=30))
    now = side(billed(plan, [50], days=15), billed(dearer, [50], days=15, before_kwh=50, version=2))
    # The share of the month is one and one: the standing charge is by the day, so nothing else moves.
    assert causes(then, now) == {Cause.PRICE: 50 * 6}


def test_a_month_cut_by_the_agreement_alone_is_no_new_price():
    plan = document.parse(text=STEPS).plan
    then = side(billed(plan, [200], days=30))
    now = side(billed(plan, [100], days=15), billed(plan, [100], days=15))
    assert causes(then, now) == {Cause.PARTS: -50 * 30}


def test_then_in_two_parts_and_now_in_one():
    plan = document.parse(text=STEPS).plan
    then = side(billed(plan, [100], days=10), billed(plan, [100], days=20, before_kwh=100))
    now = side(billed(plan, [220], days=33))
    found = causes(then, now)
    # 220 kWh are as many a day as before, all that was added is dear; nothing hangs on how the time is cut.
    assert found == {Cause.DAYS: 3 * 50 + 20 * 90}


@pytest.mark.parametrize("part", range(2))
def test_causes_sum_to_the_difference_for_any_tariff(part):
    for number in range(PAIRS // 2):
        draw = random.Random(2 * number + part)
        text, read, batch = case_of(draw)
        same = [rated(read.plan, batch)]
        other = [rated(read.plan, segment_of(draw, read.plan))]
        found = causes(side(*same), side(*other))
        # The same prices and as many segments: the last step has nothing left to move.
        assert not {Cause.PRICE, Cause.PARTS} & set(found) or read.plan.priced_by_hour, text
        causes(side(*other, corrections=5), side(*same, *other))
        changed, apart, third = case_of(draw)
        try:
            elsewhere = rated(apart.plan, third, version=2)
        except Refused:
            continue
        causes(side(*same, *other), side(elsewhere, corrections=-3))
        causes(side(elsewhere), side(*other))
        assert changed


def test_causes_hold_for_true_ups_and_months_without_use():
    plan = document.parse(text=HOURS).plan
    for then_kwh, now_kwh in [([0, 0], [10, 5]), ([10, 5], [0, 0]), ([-10, 30], [10, 5]), ([10, 5], [-20, 5])]:
        causes(side(billed(plan, then_kwh)), side(billed(plan, now_kwh)))


def test_a_price_that_is_not_known_moves_with_what_comes_after():
    plan = document.parse(text=STEPS).plan
    open_price = replace(plan, slots=tuple(replace(slot, price_e6=None) for slot in plan.slots))
    then = Rated(version_id=1, plan=open_price, batch=billed(plan, [100]).batch, amount_minor=7_500)
    now = billed(plan, [120], version=2)
    assert causes(side(then), side(now)) == {Cause.PRICE: 20 * 60}
