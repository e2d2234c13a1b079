"""Capacity, contracted demand and measured demand: hand-computed bills, and random ones against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel import fixed
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.demand import (
    Capacity,
    ContractedDemand,
    Excess,
    MeasuredDemand,
    Ratchet,
    UseCounts,
    UseDiscount,
)
from tariffs.domain.components.spans import Proration
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass, MissingPrice
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_power as oracle

HEAD = {"code": "demand", "label": "demand", "ledger": LedgerClass.FIXED}
YUAN = 10**8
WHOLE = Proration.WHOLE
NOBODY = np.zeros(1, dtype=np.int64)
WELL_USED = UseDiscount(from_wh_per_kva=260_000, factor_hundredths=90, counts=UseCounts.BILLED)


def batch(*, days=30, months_e9=10**9, used_kwh=0, **inputs):
    return RatingBatch.of(
        used_wh=np.array([[used_kwh * 1000]], dtype=np.int64),
        days=np.array([days], dtype=np.int64),
        month_share_e9=np.array([months_e9], dtype=np.int64),
        inputs={
            Input(name): np.array([value], dtype=np.int64)
            for name, value in {**oracle.counts_of(days, months_e9), **inputs}.items()
        },
    )


def lines(component, given_batch):
    """Quantities and amounts in minor units of one segment, by key of the line."""
    rated = rate(plan=compile_plan(components=(component,)), batch=given_batch)
    keys = [slot.key for slot in component.slots()]
    return dict(zip(keys, zip(rated.quantity[0].tolist(), rated.amount_minor[0].tolist(), strict=True), strict=True))


def contracted(excess, *, floor_e6=0, discount=None):
    return ContractedDemand(
        **HEAD,
        price_e6=32 * YUAN,
        proration=WHOLE,
        excess=excess,
        tolerance_e6=1_050_000,
        floor_e6=floor_e6,
        discount=discount,
    )


@pytest.mark.parametrize(
    ("measured_kw", "reading_a", "reading_b"),
    [(900, 32_000, 32_000), (1050, 32_000, 32_000), (1100, 36_800, 35_200), (1051, 33_664, 32_064)],
)
def test_demand_above_105_percent_of_the_contract_is_charged_as_each_reading_says(measured_kw, reading_a, reading_b):
    given_batch = batch(peak_w=[measured_kw * 1000], contract_w=10**6)
    for excess, yuan in ((Excess.MEASURED_PLUS_EXCESS, reading_a), (Excess.CONTRACT_PLUS_DOUBLE_EXCESS, reading_b)):
        assert lines(contracted(excess), given_batch)["demand"][1] == yuan * 100


def test_the_first_watt_above_the_tolerance_is_charged_as_what_was_measured_and_itself_once_more():
    for measured_w, billed_w in ((1050, 1000), (1051, 1052), (1052, 1054)):
        component = contracted(Excess.MEASURED_PLUS_EXCESS)
        assert lines(component, batch(peak_w=[measured_w], contract_w=1000))["demand"][0] == billed_w


def test_a_contract_below_40_percent_of_the_capacity_counts_as_40_percent():
    floored = contracted(Excess.CONTRACT_PLUS_DOUBLE_EXCESS, floor_e6=400_000)
    found = lines(floored, batch(peak_w=[300_000], contract_w=250_000, capacity_va=800_000))
    assert found == {
        "demand": (320_000, 1_024_000),
        "demand/measured": (300_000, 0),
        "demand/contract": (320_000, 0),
    }


@pytest.mark.parametrize(
    ("used_kwh", "capacity_va", "factor"),
    [(260, 1000, 90), (259, 1000, 100), (240_000, 800_000, 90), (207_999, 800_000, 100), (100, 0, 100)],
)
def test_demand_is_cheaper_from_260_kwh_for_each_kva_on(used_kwh, capacity_va, factor):
    given_batch = batch(used_kwh=used_kwh, capacity_va=capacity_va, peak_w=[1000], contract_w=600_000)
    found = lines(contracted(Excess.MEASURED_PLUS_EXCESS, discount=WELL_USED), given_batch)
    assert found["demand"] == (600_000, 19_200 * factor)
    assert found["demand/discount"][0] == factor
    assert found["demand/kwh-per-kva"][0] == (used_kwh * 100_000 // capacity_va if capacity_va else 0)


def test_half_a_month_needs_half_of_the_use():
    discounted = contracted(Excess.MEASURED_PLUS_EXCESS, discount=WELL_USED)
    for used_kwh, factor in ((129, 100), (130, 90)):
        given_batch = batch(
            used_kwh=used_kwh, months_e9=5 * 10**8, days=15, capacity_va=1000, peak_w=[0], contract_w=1000
        )
        assert lines(discounted, given_batch)["demand/discount"][0] == factor


def test_sub_meters_that_are_billed_apart_count_where_the_tariff_says_so():
    all_points = UseDiscount(from_wh_per_kva=260_000, factor_hundredths=90, counts=UseCounts.WITH_SUBMETERS)
    given_batch = batch(used_kwh=200, submeter_wh=[60_000], capacity_va=1000, peak_w=[0], contract_w=1000)
    for discount, factor in ((all_points, 90), (WELL_USED, 100)):
        found = lines(contracted(Excess.MEASURED_PLUS_EXCESS, discount=discount), given_batch)
        assert found["demand/discount"][0] == factor


@pytest.mark.parametrize(
    ("proration", "days", "months_e9", "minor"),
    [
        (Proration.WHOLE, 13, 433_333_333, 800_000),
        (Proration.THIRTIETHS, 13, 433_333_333, 346_667),
        (Proration.THIRTIETHS, 13, 419_354_839, 346_667),
        (Proration.THIRTIETHS, 31, 10**9, 800_000),
        (Proration.THIRTIETHS, 61, 2 * 10**9, 1_600_000),
        (Proration.THIRTIETHS, 0, 0, 0),
        (Proration.CALENDAR_DAYS, 13, 419_354_839, 335_484),
        (Proration.DAYS, 13, 0, 10_400_000),
        (Proration.THIRTY_DAY_MONTHS, 14, 0, 346_667),
        (Proration.CYCLE_DAYS, 13, 866_666_666, 346_667),
    ],
)
def test_a_part_of_a_month_pays_what_the_tariff_declares(proration, days, months_e9, minor):
    capacity = Capacity(**HEAD, price_e6=20 * YUAN, proration=proration)
    given_batch = batch(days=days, months_e9=months_e9, capacity_va=400_000)
    assert lines(capacity, given_batch) == {"demand": (400_000, minor)}


def measured(*, price=YUAN, **changes):
    usual = {"proration": WHOLE, "period": "", "place": 0, "limits_w": (), "prices_e6": (price,)}
    return MeasuredDemand(**HEAD, **(usual | changes))


PEAKS_2022 = [200, 100, 100, 400, 100, 500, 100, 100, 100, 100, 100, 300]
PRICES_2022 = [10, 10, 20, 50, 20, 10, 20, 20, 20, 20, 20, 5]


def past_of(month):
    """The twelve peaks before a month of a year that repeats itself, the latest first."""
    return [[PEAKS_2022[(month - 1 - ago) % 12] * 1000] for ago in range(1, 13)]


def test_a_ratchet_over_named_months_bills_what_reopt_says():
    """reopt-lookback-named-months: 75 % of the largest peak of January, April and December."""
    named = Ratchet(part_e6=750_000, months=frozenset({1, 4, 12}))
    billed, cost = [], 0
    for month, (peak, price) in enumerate(zip(PEAKS_2022, PRICES_2022, strict=True), start=1):
        component = measured(price=price * YUAN, ratchets=(named,))
        found = lines(component, batch(peak_w=[peak * 1000], month=month, past_peaks_w=past_of(month)))
        billed.append(found["demand"][0] // 1000)
        cost += found["demand"][1]
        assert found["demand/ratchet"][0] == 300_000
    assert billed == [300, 300, 300, 400, 300, 500, 300, 300, 300, 300, 300, 300]
    assert cost == 7_450_000


def test_tiered_demand_costs_what_reopt_says():
    """reopt-tiered-demand: 1,000,000 kWh a year, flat; 12 dollars for each kW above 50, twelve times."""
    peak_w = 10**9 // 8760  # the meter tells whole W: 114,155.25 W is 114,155
    found = lines(measured(limits_w=(50_000,), prices_e6=(0, 12 * YUAN)), batch(peak_w=[peak_w]))
    assert found["demand/1"] == (50_000, 0)
    assert found["demand/2"] == (64_155, 76_986)
    assert abs(12 * found["demand/2"][1] - 923_835.62) < 12  # 0.25 W and the cents of twelve months


@pytest.mark.parametrize(
    ("peak_w", "price_e6", "twelve_months"), [(1142, 10 * YUAN, 13_704), (10_000, 1805 * 10**6, 0)]
)
def test_plain_demand_costs_what_reopt_says(peak_w, price_e6, twelve_months):
    """reopt-blended (10,000 kWh a year flat, 136.99 a year) and the two days of reopt-leap (180.50 once)."""
    (_, minor) = lines(measured(price=price_e6), batch(peak_w=[peak_w]))["demand"]
    assert 12 * minor == twelve_months if twelve_months else minor == 18_050


def test_demand_above_what_was_charged_before_costs_what_eeco_says():
    """eeco-demand-incremental: 0 + (85 - 40) x 2 + (95 - 90) x 10 = 140."""
    peaks_w, billed_w = [95_000, 71_000, 85_000], [90_000, 150_000, 40_000]
    extra = 0
    for place, (period, dollars) in enumerate((("", 10), ("peak", 1), ("half-peak", 2))):
        component = measured(price=dollars * YUAN, period=period, place=place, incremental=True)
        charge = component.charge(batch(peak_w=peaks_w, billed_peak_w=billed_w), NOBODY)
        extra += int(charge.amounts_e9.sum())
    assert extra == 140 * 10**11


def test_what_was_charged_before_fills_the_lower_steps():
    component = measured(limits_w=(50_000, 100_000), prices_e6=(YUAN, 2 * YUAN, 3 * YUAN), incremental=True)
    found = lines(component, batch(peak_w=[120_000], billed_peak_w=[70_000]))
    assert [found[f"demand/{step}"] for step in (1, 2, 3)] == [(0, 0), (30_000, 6000), (20_000, 6000)]
    lower = lines(component, batch(peak_w=[60_000], billed_peak_w=[70_000]))
    assert [lower[f"demand/{step}"][1] for step in (1, 2, 3)] == [0, 0, 0]


def test_the_ratchet_of_en_007_looks_back_a_year():
    half = measured(ratchets=(Ratchet(part_e6=500_000),))
    for peak_kw, billed_kw in ((80, 100), (105, 105)):
        past = [[200_000]] + [[0]] * 11
        assert lines(half, batch(peak_w=[peak_kw * 1000], past_peaks_w=past))["demand"][0] == billed_kw * 1000


def test_a_short_look_back_forgets_older_peaks():
    component = measured(ratchets=(Ratchet(part_e6=500_000, look_back=2),))
    past = [[10_000], [40_000], [200_000]] + [[0]] * 9
    assert lines(component, batch(peak_w=[5000], past_peaks_w=past))["demand"][0] == 20_000


def test_demand_is_rounded_to_its_grain_and_not_below_the_least():
    whole = measured(grain_w=1000, least_w=5000)
    peaks = {12_499: 12_000, 12_500: 13_000, 100: 5000, -3: 5000}
    for peak_w, billed_w in peaks.items():
        assert lines(whole, batch(peak_w=[peak_w]))["demand"][0] == billed_w


def test_a_discount_lowers_the_price_of_every_step():
    component = measured(limits_w=(1000,), prices_e6=(40 * YUAN, 20 * YUAN), discount=WELL_USED)
    found = lines(component, batch(peak_w=[3000], capacity_va=1000, used_kwh=260))
    assert (found["demand/1"][1], found["demand/2"][1]) == (3600, 3600)


def test_an_unknown_price_is_refused():
    with pytest.raises(MissingPrice):
        lines(measured(prices_e6=(None,)), batch(peak_w=[1000]))


watts = st.integers(0, 10**6) | st.sampled_from([0, 1, 999, 1000, 49_999, 50_000, 50_001]) | st.integers(0, 10**12)
prices = st.integers(-40 * YUAN, 40 * YUAN) | st.sampled_from([0, 1, 32 * YUAN])
parts = st.integers(0, 10**6) | st.sampled_from([0, 500_000, 10**6])
SPANS = st.sampled_from([(30, 10**9), (31, 10**9), (61, 2 * 10**9), (13, 433_333_333), (0, 0), (400, 13_123_456_789)])


def kw(watt):
    return Fraction(watt, 1000)


def paid(span, proration, price_e6):
    days, months_e9 = span
    return oracle.months_paid(str(proration), days, Fraction(months_e9, 10**9)) * Fraction(price_e6, 10**6)


def to_minor(charge, line=0):
    return fixed.to_minor(charge.amounts_e9)[0].tolist()[line]


@given(watts, prices, st.sampled_from(Proration), SPANS)
def test_any_capacity_costs_what_fractions_say(capacity_va, price_e6, proration, span):
    component = Capacity(**HEAD, price_e6=price_e6, proration=proration)
    charge = component.charge(batch(days=span[0], months_e9=span[1], capacity_va=capacity_va), NOBODY)
    assert to_minor(charge) == oracle.cent(kw(capacity_va) * paid(span, proration, price_e6))


@given(st.data(), prices.map(lambda price: price // 100 * 100), st.sampled_from(Excess), parts, SPANS)
def test_any_contracted_demand_costs_what_fractions_say(data, price_e6, excess, floor_e6, span):
    contract_w, capacity_va, used_kwh = data.draw(watts), data.draw(watts), data.draw(st.integers(0, 10**12))
    edge = (contract_w * 1_050_000 + 500_000) // 10**6
    measured_w = data.draw(watts | st.sampled_from([edge, edge + 1, contract_w]))
    component = ContractedDemand(
        **HEAD,
        price_e6=price_e6,
        proration=Proration.CALENDAR_DAYS,
        excess=excess,
        tolerance_e6=1_050_000,
        floor_e6=floor_e6,
        discount=WELL_USED,
    )
    inputs = {"contract_w": contract_w, "peak_w": [measured_w], "capacity_va": capacity_va}
    charge = component.charge(batch(days=span[0], months_e9=span[1], used_kwh=used_kwh, **inputs), NOBODY)
    tolerance, floor_part = Fraction(105, 100), Fraction(floor_e6, 10**6)
    billed = oracle.contracted(
        kw(contract_w),
        kw(measured_w),
        kw(capacity_va),
        excess=str(excess),
        tolerance=tolerance,
        floor_part=floor_part,
    )
    months = Fraction(span[1], 10**9)
    factor = oracle.price_factor(used_kwh, kw(capacity_va), months, 260, Fraction(9, 10))
    assert kw(charge.quantities[0, 0]) == billed
    assert to_minor(charge) == oracle.cent(billed * paid(span, Proration.CALENDAR_DAYS, price_e6) * factor)


@given(st.data(), SPANS, st.sampled_from(Proration), st.sampled_from([1, 10, 100, 1000]), st.booleans())
def test_any_measured_demand_costs_what_fractions_say(data, span, proration, grain_w, incremental):
    limits = tuple(sorted(data.draw(st.sets(st.integers(1, 10**6), max_size=3))))
    column = tuple(data.draw(st.lists(prices, min_size=len(limits) + 1, max_size=len(limits) + 1)))
    month = data.draw(st.integers(1, 12))
    past = data.draw(st.lists(watts, min_size=12, max_size=12))
    some_months = st.frozensets(st.integers(1, 12), max_size=4)
    ratchets = data.draw(st.lists(st.builds(Ratchet, part_e6=parts, months=some_months, look_back=st.integers(1, 12))))
    peak_w, billed_w, least_w = data.draw(watts | st.sampled_from([0, *limits])), data.draw(watts), data.draw(watts)
    component = measured(
        proration=proration,
        limits_w=limits,
        prices_e6=column,
        ratchets=tuple(ratchets),
        least_w=least_w,
        grain_w=grain_w,
        incremental=incremental,
    )
    inputs = {"peak_w": [peak_w], "billed_peak_w": [billed_w], "past_peaks_w": [[w] for w in past], "month": month}
    charge = component.charge(batch(days=span[0], months_e9=span[1], **inputs), NOBODY)
    asked = [(Fraction(one.part_e6, 10**6), one.months, one.look_back) for one in ratchets]
    until = oracle.half_up(oracle.largest(kw(peak_w), kw(least_w), [kw(w) for w in past], month, asked), kw(grain_w))
    since = oracle.half_up(kw(billed_w), kw(grain_w)) if incremental else Fraction(0)
    inside = oracle.inside(until, since, [kw(limit) for limit in limits])
    assert [kw(w) for w in charge.quantities[0, : len(column)].tolist()] == inside
    for line, (power, price_e6) in enumerate(zip(inside, column, strict=True)):
        assert to_minor(charge, line) == oracle.cent(power * paid(span, proration, price_e6))


def test_the_smallest_capacity_is_used_well_by_a_kwh_and_by_nothing_not_at_all():
    for used_kwh, factor, use in ((1, 90, 100_000), (0, 100, 0)):
        given_batch = batch(used_kwh=used_kwh, capacity_va=1, peak_w=[0], contract_w=1000)
        found = lines(contracted(Excess.MEASURED_PLUS_EXCESS, discount=WELL_USED), given_batch)
        assert (found["demand/discount"][0], found["demand/kwh-per-kva"][0]) == (factor, use)


def test_past_peaks_below_zero_ask_for_nothing():
    ratchet = Ratchet(part_e6=500_000)
    assert ratchet.least_w(batch(past_peaks_w=[[-8_000]] * 12), 0).tolist() == [0]
