"""Charges by meters, unmetered supply, green premiums, concessions, and demand that is billed for the peak."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.chain import rate_months
from tariffs.domain.components.basic import Energy, Per
from tariffs.domain.components.billed_demand import BilledDemand, PartOfMonth
from tariffs.domain.components.demand import Ratchet
from tariffs.domain.components.standing import (
    AccountCharge,
    BeyondUse,
    CapSpan,
    Concession,
    ConcessionOf,
    GreenPremium,
    MeterCharge,
    Unmetered,
)
from tariffs.domain.components.tiers import LimitsPer, TieredEnergy
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import billed_wh, rate
from tests.unit.tariffs.oracle import nearest

HEAD = {"label": "x", "ledger": LedgerClass.FIXED}
YUAN = 10**8
ENERGY = Energy(code="energy", **HEAD, price_e6=YUAN)
HOURS = tuple(range(100_000, 1_300_000, 100_000))


def segment(used_kwh=0, *, days=30, months_e9=10**9, **inputs):
    columns = {Input(name): np.array([value], dtype=np.int64) for name, value in inputs.items()}
    used = np.atleast_2d(np.array(used_kwh)) * 1000
    return RatingBatch.of(used_wh=used, days=np.array([days]), month_share_e9=np.array([months_e9]), inputs=columns)


def lines(plan, batch):
    rated = rate(plan=plan, batch=batch)
    return rated.amount_minor[0].tolist(), rated.quantity[0].tolist()


def test_each_meter_pays():
    rent = MeterCharge(code="rent", **HEAD, per=Per.MONTH, price_e6=3 * YUAN)
    assert lines(compile_plan(components=(rent,)), segment(meters=2)) == ([600], [2 * 10**9])
    assert lines(compile_plan(components=(rent,)), segment(meters=2, months_e9=10**9 // 2))[0] == [300]
    daily = MeterCharge(code="rent", **HEAD, per=Per.DAY, price_e6=YUAN // 10)
    assert lines(compile_plan(components=(daily,)), segment(meters=3, days=5)) == ([150], [15])
    assert lines(compile_plan(components=(daily,)), segment(meters=0, days=5)) == ([0], [0])


def test_an_account_pays_once_by_the_days_that_no_other_agreement_pays():
    monthly = AccountCharge(code="account", **HEAD, per=Per.MONTH, price_e6=3 * YUAN)
    plan = compile_plan(components=(monthly,))
    assert lines(plan, segment(account_days=30, days=30)) == ([300], [10**9])
    assert lines(plan, segment(account_days=0, days=30)) == ([0], [0])
    # 20 of 30 days of a whole month, and of half a month that is billed as 15 days.
    assert lines(plan, segment(account_days=20, days=30)) == ([200], [666_666_667])
    assert lines(plan, segment(account_days=10, days=15, months_e9=10**9 // 2)) == ([100], [333_333_333])
    daily = AccountCharge(code="account", **HEAD, per=Per.DAY, price_e6=YUAN // 10)
    assert lines(compile_plan(components=(daily,)), segment(account_days=7, days=30)) == ([70], [7])


def test_a_load_without_a_meter_is_billed_by_its_burning_hours():
    lamps = Unmetered(code="lamps", **HEAD, hours_e3=HOURS, weights=(300_000, 700_000))
    plan = compile_plan(components=(lamps, ENERGY), periods=("peak", "valley"))
    # 2 kW in March: 300 h; half a month.
    batch = segment([10, 0], contract_w=2_000, month=3, months_e9=5 * 10**8)
    assert lamps.added_wh(batch).tolist() == [[90_000, 210_000]]
    assert billed_wh(plan=plan, batch=batch).tolist() == [310_000]
    assert lines(plan, batch) == ([0, 31_000], [300_000, 310_000])
    # 1 W for 100 h and a share that leaves half a Wh.
    assert lamps.energy_wh(segment([0, 0], contract_w=1, month=1, months_e9=5 * 10**6)).tolist() == [1]
    assert lamps.energy_wh(segment([0, 0], contract_w=1, month=1, months_e9=5 * 10**6 - 1)).tolist() == [0]


def green(**keys):
    return GreenPremium(code="green", **HEAD, price_e6=YUAN // 50, **keys)


@pytest.mark.parametrize(
    ("component", "used", "blocks", "expected"),
    [
        (green(part_e6=1_000_000), 250, None, (500, 250_000)),
        (green(part_e6=500_000), 25, None, (25, 12_500)),
        (green(part_e6=1_000_000), -3, None, (0, 0)),
        (green(part_e6=None, block_wh=100_000, beyond=BeyondUse.CHARGE), 250, 3, (600, 300_000)),
        (green(part_e6=None, block_wh=100_000, beyond=BeyondUse.LEAVE_OUT), 250, 3, (500, 250_000)),
        (green(part_e6=None, block_wh=100_000, beyond=BeyondUse.LEAVE_OUT), -9, 3, (0, 0)),
        (green(part_e6=None, block_wh=100_000, beyond=BeyondUse.LEAVE_OUT), 900, 3, (600, 300_000)),
    ],
)
def test_green_energy_is_a_part_of_the_use_or_blocks(component, used, blocks, expected):
    inputs = {} if blocks is None else {"green_blocks": blocks}
    amounts, quantities = lines(compile_plan(components=(component,)), segment(used, **inputs))
    assert (amounts[0], quantities[0]) == expected


def test_green_blocks_count_by_the_time_of_the_segment():
    blocks = green(part_e6=None, block_wh=100_000)
    assert blocks.green_wh(segment(0, green_blocks=1, months_e9=333_333_335)).tolist() == [33_333]
    assert blocks.green_wh(segment(0, green_blocks=1, months_e9=333_335_000)).tolist() == [33_334]


def test_huge_green_blocks_are_exact_to_the_wh():
    blocks = green(part_e6=None, block_wh=10**9)
    found = blocks.green_wh(segment(0, green_blocks=9_999, months_e9=645_161_291))
    assert found.tolist() == [(9_999 * 645_161_291 * 10**9 + 5 * 10**8) // 10**9]


def off(rate, rate_e6, **keys):
    return Concession(code="relief", **HEAD, on=("energy",), rate=rate, rate_e6=rate_e6, **keys)


@pytest.mark.parametrize(
    ("component", "used", "amount", "quantity"),
    [
        (off(ConcessionOf.PERCENT, 175_000), 10, -175, 1000),
        (off(ConcessionOf.PERCENT, 5_000), 1, -1, 100),
        (off(ConcessionOf.PERCENT, 175_000), -10, 0, 0),
        (off(ConcessionOf.DAY, YUAN // 5), 10, -600, 30),
        (off(ConcessionOf.DAY, YUAN // 5), 4, -400, 30),
        (off(ConcessionOf.MONTH, 7 * YUAN), 10, -700, 10**9),
        (off(ConcessionOf.KWH, YUAN // 4), 10, -250, 10_000),
        (off(ConcessionOf.KWH, YUAN // 4), -10, 0, 0),
        (off(ConcessionOf.KWH, YUAN // 4, cap_minor=130), 10, -130, 10_000),
        (off(ConcessionOf.KWH, YUAN // 4, cap_minor=260), 10, -250, 10_000),
    ],
)
def test_a_concession_takes_off_its_rate_up_to_the_base_and_its_cap(component, used, amount, quantity):
    found = lines(compile_plan(components=(ENERGY, component)), segment(used))
    assert (found[0][1], found[1][1]) == (amount, quantity)


def test_a_rate_that_is_not_known_yet_leaves_the_price_of_the_line_unknown():
    assert [slot.price_e6 for slot in off(ConcessionOf.KWH, None).slots()] == [None]


def test_what_was_granted_in_the_year_of_a_cap_is_told_in_no_total_and_handed_on():
    taken, granted = off(ConcessionOf.KWH, 5, cap_minor=9, cap_span=CapSpan.YEAR).slots()
    assert (taken.price_e6, taken.in_total, taken.carries) == (-5, True, False)
    assert (granted.key, granted.in_total, granted.carries) == ("relief-granted", False, True)


def test_the_cap_of_a_month_counts_by_time():
    capped = off(ConcessionOf.KWH, YUAN, cap_minor=500)
    assert lines(compile_plan(components=(ENERGY, capped)), segment(10, months_e9=10**9 // 2))[0][1] == -250


def test_the_cap_of_a_year_is_used_up_and_begins_anew_with_its_month():
    capped = off(ConcessionOf.KWH, YUAN // 2, cap_minor=1200, cap_span=CapSpan.YEAR, first_month=4)
    plan = compile_plan(components=(ENERGY, capped))
    assert plan.season_starts == (4,)
    rated = rate_months(plan=plan, months=[segment(10)] * 5, first_month=1)
    assert [one.amount_minor[0, 1] for one in rated] == [-500, -500, -200, -500, -500]
    assert [one.quantity[0, 2] for one in rated] == [500, 1000, 0, 500, 1000]


@settings(max_examples=60)
@given(
    used=st.integers(-50, 5000),
    percent=st.integers(0, 10**6),
    cap=st.none() | st.integers(0, 10**5),
    share=st.integers(0, 2 * 10**9),
)
def test_a_percentage_equals_fractions(used, percent, cap, share):
    component = off(ConcessionOf.PERCENT, percent, cap_minor=cap)
    base = max(Fraction(used * 100), Fraction(0))
    granted = min(nearest(base * percent / 10**6, Fraction(1)), base)
    if cap is not None:
        granted = min(granted, nearest(cap * Fraction(share, 10**9), Fraction(1)))
    found = lines(compile_plan(components=(ENERGY, component)), segment(used, months_e9=share))
    assert found[0][1] == -granted


# ---- billed demand ----

WINTER = frozenset({1, 2, 3, 4, 5, 10, 11, 12})
SUMMER = frozenset({6, 7, 8, 9})


def test_billed_demand_stands_in_place_of_the_peak():
    demand = BilledDemand(
        code="demand",
        **HEAD,
        own=(PartOfMonth(WINTER, 600_000),),
        ratchets=(
            Ratchet(part_e6=600_000, months=WINTER, look_back=11),
            Ratchet(part_e6=950_000, months=SUMMER, look_back=11),
        ),
        least_w=100_000,
    )
    # The first 2 kWh for each kW of the billed demand cost 1.00, the rest nothing.
    steps = TieredEnergy(code="energy", **HEAD, limits_wh=(2_000,), limits_per=(LimitsPer.KW,), prices_e6=(YUAN, 0))
    plan = compile_plan(components=(demand, steps))
    peaks = (623_100, 650_000, 680_300, 716_500, 682_100, 746_600, 658_000, 90_000)
    months = [segment(10_000, peak_w=[peak]) for peak in peaks]
    rated = rate_months(plan=plan, months=months, first_month=1)
    billed = [373_860, 390_000, 408_180, 429_900, 429_900, 746_600, 709_270, 709_270]
    assert [one.quantity[0, 0] for one in rated] == billed
    assert [one.quantity[0, 1] for one in rated] == [2 * one for one in billed]
    least = segment(10_000, peak_w=[5_000], month=1, past_peaks_w=np.zeros((12, 1), dtype=np.int64))
    assert rate(plan=plan, batch=least).quantity[0, 0] == 100_000


def test_billed_demand_leaves_the_periods_of_demand_alone():
    demand = BilledDemand(code="demand", **HEAD, least_w=9_000)
    assert demand.needs == (Input.PEAK_W,)
    assert demand.added_peak_w(segment(0, peak_w=[5_000, 4_000])).tolist() == [[4_000, 0]]
    assert demand.added_peak_w(segment(0, peak_w=[-5_000, 4_000])).tolist() == [[14_000, 0]]


def test_without_a_least_demand_a_month_of_no_demand_is_billed_none():
    demand = BilledDemand(code="demand", **HEAD)
    for peak_w in (0, -5_000):
        assert demand.billed_w(segment(0, peak_w=[peak_w])).tolist() == [0]
