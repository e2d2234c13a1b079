"""Limits per month, day and kW, seasons and restarts of the cycle, volume prices, packages, fees, steps by period."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch, month_share_e9
from tariffs.domain.components.basic import Energy, Per
from tariffs.domain.components.blocks import (
    FeeOf,
    Fills,
    PackageEnergy,
    PeriodSteps,
    StepFee,
    TieredByPeriod,
    VolumeEnergy,
    limits_of_step,
    step_reached,
)
from tariffs.domain.components.tiers import (
    Convention,
    CountOf,
    Cycle,
    HouseholdAllowance,
    LimitsPer,
    Restart,
    TierCycle,
    TieredEnergy,
    TieredTimeOfUse,
    UnevenOrder,
)
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass, Scoped

HEAD = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
MONTH, DAY, KW, KW_DAY = LimitsPer.MONTH, LimitsPer.DAY, LimitsPer.KW, LimitsPer.KW_DAY
ONE = 10**9


def segment(*used_wh, before=0, days=30, months=ONE, household=1, **inputs):
    return RatingBatch.of(
        used_wh=np.array([used_wh]),
        before_wh=np.array([before]),
        days=np.array([days]),
        month_share_e9=np.array([months]),
        household=np.array([household]),
        inputs={Input(name): np.array([value]) for name, value in inputs.items()},
    )


def quantities(component, batch):
    return component.charge(batch, np.zeros(len(batch), dtype=np.int64)).quantities[0].tolist()


def tiers(*limits_wh, per=(MONTH,), **more):
    return TieredEnergy(**HEAD, limits_wh=limits_wh, limits_per=per, prices_e6=(0,) * (len(limits_wh) + 1), **more)


def test_a_bridging_period_has_the_limits_of_its_real_months():
    """9 January to 31 March is 23/31 + 1 + 1 months: 260 kWh a month become 712.903 kWh."""
    share = month_share_e9(period=Period(date(2022, 1, 9), date(2022, 4, 1)))
    assert quantities(tiers(260_000, 600_000), segment(2_000_000, days=82, months=share)) == [712_903, 932_258, 354_839]


def test_limits_per_day_follow_the_days_and_limits_of_a_segment_count_nothing_before_it():
    found = quantities(tiers(8_000, per=(DAY,)), segment(300_000, before=10**9, days=31))
    assert found == [248_000, 52_000]


def test_limits_per_kw_are_hours_of_use_of_the_peak():
    """200 kWh per kW at 150 kW are 30,000 kWh a month, and 2 kWh per kW and day 9,000 in 30 days."""
    given = {"peak_w": [150_000]}
    assert quantities(tiers(200_000, per=(KW,)), segment(40_000_000, **given)) == [30_000_000, 10_000_000]
    half = segment(40_000_000, months=ONE // 2, **given)
    assert quantities(tiers(200_000, per=(KW,)), half) == [15_000_000, 25_000_000]
    assert quantities(tiers(2_000, per=(KW_DAY,)), segment(40_000_000, **given)) == [9_000_000, 31_000_000]


def test_kwh_blocks_inside_a_block_of_kwh_per_kw_end_with_it():
    """First 3,000, next to 10,000 kWh, but no more than 200 kWh per kW; then to 400 kWh per kW."""
    mixed = tiers(3_000_000, 10_000_000, 200_000, 400_000, per=(MONTH, MONTH, KW, KW))
    small = segment(20_000_000, peak_w=[30_000])
    assert quantities(mixed, small) == [3_000_000, 3_000_000, 0, 6_000_000, 8_000_000]
    large = segment(20_000_000, peak_w=[60_000])
    assert quantities(mixed, large) == [3_000_000, 7_000_000, 2_000_000, 8_000_000, 0]


def test_a_half_wh_of_a_limit_is_rounded_up():
    assert quantities(tiers(1_001), segment(9_000, months=ONE // 2)) == [501, 8_499]


def test_limits_too_wide_for_64_bits_are_exact():
    component = tiers(10**15, per=(KW,))
    limits = component.limits_of(
        household=np.array([1]), days=np.array([30]), month_share_e9=np.array([ONE]), peak_w=np.array([2_500])
    )
    assert limits.tolist() == [[25 * 10**14]]


def test_the_largest_size_of_household_reached_has_its_own_limits():
    allowances = (
        HouseholdAllowance(from_persons=5, grow_wh=(100, 100)),
        HouseholdAllowance(from_persons=7, grow_wh=(200, 300)),
    )
    component = tiers(1_000, 2_000, allowances=allowances)
    first = [quantities(component, segment(9_000, household=persons))[0] for persons in (4, 5, 6, 7, 12)]
    assert first == [1_000, 1_100, 1_100, 1_200, 1_200]
    assert component.limits_for(persons=7) == (1_200, 2_300)


@given(st.integers(0, 4), st.integers(1, 400), st.integers(0, 14 * ONE), st.integers(0, 10**7))
def test_limits_never_descend_whatever_they_are_per(place, days, months, peak_w):
    per = [MONTH, DAY, KW, KW_DAY, MONTH]
    per = (*per[place:], *per[:place])
    limits = tiers(10, 200, 3_000, 40_000, 500_000, per=per).limits_of(
        household=np.array([1]), days=np.array([days]), month_share_e9=np.array([months]), peak_w=np.array([peak_w])
    )[0]
    assert (np.diff(limits) >= 0).all()


def test_volume_prices_bill_all_energy_at_the_step_reached():
    volume = VolumeEnergy(**HEAD, limits_wh=(100,), limits_per=(MONTH,), prices_e6=(2, 1))
    assert quantities(volume, segment(100)) == [100, 0]
    assert quantities(volume, segment(101)) == [0, 101]


def test_volume_prices_of_a_cycle_price_anew_what_was_used_before():
    volume = VolumeEnergy(**HEAD, limits_wh=(100,), prices_e6=(2, 1))
    assert quantities(volume, segment(30, before=80)) == [-80, 110]
    assert quantities(volume, segment(-30, before=110)) == [80, -110]


def test_a_package_is_paid_once_it_is_begun_and_once_in_a_cycle():
    sold = PackageEnergy(**HEAD, package_wh=10, free_wh=10, counted_per=LimitsPer.CYCLE, price_e6=100_000_000)
    assert [quantities(sold, segment(used, before=before))[0] for used, before in
            [(10, 0), (11, 0), (20, 0), (21, 0), (9, 11), (-11, 11), (5, -20)]] == [0, 1, 1, 2, 0, -1, 0]  # fmt: skip
    charge = sold.charge(segment(21), np.zeros(1, dtype=np.int64))
    assert charge.amounts_e9.tolist() == [[2 * 100_000_000 * 1000]]


def test_fees_of_steps_follow_the_time_and_what_is_entered():
    fees = {"limits_wh": (10, 20), "limits_per": (MONTH,), "fees_e6": (200_000_000, 300_000_000, 300_000_000)}
    entered = StepFee(**HEAD, **fees, per=Per.MONTH, fee_of=FeeOf.ENTERED)
    reached = StepFee(**HEAD, **fees, per=Per.MONTH, fee_of=FeeOf.REACHED)
    assert quantities(entered, segment(0)) == [ONE, 0, 0]
    assert quantities(entered, segment(11)) == [ONE, ONE, 0]
    assert quantities(reached, segment(21)) == [0, 0, ONE]
    assert quantities(entered, segment(6, months=ONE // 2)) == [ONE // 2, ONE // 2, 0]


def by_period(fills, *limits, per=MONTH):
    parts = tuple(
        PeriodSteps(**HEAD, limits_wh=own, limits_per=(per,), prices_e6=(0,) * (len(own) + 1)) for own in limits
    )
    return TieredByPeriod(**HEAD, periods=("a", "b"), parts=parts, fills=fills)


def test_periods_with_steps_of_their_own():
    own = by_period(Fills.OWN, (100,), ())
    assert [slot.key for slot in own.slots()] == ["energy/1/a", "energy/2/a", "energy/1/b"]
    assert quantities(own, segment(150, 500)) == [100, 50, 500]
    # All of 400 Wh, of which a has 150 / 400: 100 Wh below its limit hold 37.5 of a, rounded to 38.
    assert quantities(by_period(Fills.ALL, (100,), ()), segment(150, 250)) == [38, 112, 250]


def test_a_true_up_whose_periods_cancel_stands_in_the_step_of_the_next_wh():
    shared = by_period(Fills.ALL, (100,), (300,), per=LimitsPer.CYCLE)
    assert quantities(shared, segment(50, -50, before=200)) == [0, 50, -50, 0]
    assert quantities(shared, segment(50, -50, before=99)) == [50, 0, -50, 0]
    assert quantities(shared, segment(50, -50, before=100)) == [0, 50, -50, 0]


def test_the_step_reached_is_a_number_and_on_a_limit_the_one_below_it():
    found = step_reached(count_wh=np.array([99, 100, 101, 201]), limits=[100, np.array([200, 200, 50, 200])])
    assert found.dtype == np.int64
    assert found.tolist() == [0, 0, 2, 2]
    assert step_reached(count_wh=np.array([5]), limits=[]).dtype == np.int64


def test_the_limits_of_steps_are_told_with_what_they_are_per():
    one, each = tiers(100, 200), tiers(100, 200, per=(MONTH, KW))
    assert limits_of_step(component=one, period="") == ((100, MONTH), (200, MONTH))
    assert limits_of_step(component=each, period="") == ((100, MONTH), (200, KW))
    parts = by_period(Fills.OWN, (100,), (300, 400), per=DAY)
    assert limits_of_step(component=parts, period="a") == ((100, DAY),)
    assert limits_of_step(component=parts, period="b") == ((300, DAY), (400, DAY))
    assert limits_of_step(component=Energy(**HEAD, price_e6=1), period="") == ()


def test_energy_in_order_of_time_must_be_all_the_energy():
    component = TieredTimeOfUse(
        **HEAD,
        limits_wh=(100,),
        periods=("a", "b"),
        prices_e6=((1, 2), (3, 4)),
        convention=Convention.TIME_ORDER,
    )
    assert component.needs == (Input.ORDERED_WH,)
    assert quantities(component, segment(150, 50, ordered_wh=[[80, 20], [70, 30]])) == [80, 20, 70, 30]
    with pytest.raises(UnevenOrder):
        quantities(component, segment(150, 51, ordered_wh=[[80, 20], [70, 30]]))
    with pytest.raises(ValueError, match="2 steps"):
        quantities(component, segment(150, 50, ordered_wh=[[150, 50]]))
    # A season of more steps gives more; here they are empty, or the energy is not all.
    assert quantities(component, segment(150, 50, ordered_wh=[[80, 20], [70, 30], [0, 0]])) == [80, 20, 70, 30]
    with pytest.raises(UnevenOrder):
        quantities(component, segment(150, 50, ordered_wh=[[80, 20], [60, 30], [10, 0]]))


SEASONS = TierCycle(Cycle.SEASON, seasons=((5, 1), (11, 1)))


def test_a_cycle_of_seasons_begins_with_each_of_them():
    days = [date(2025, 1, 15), date(2025, 4, 30), date(2025, 5, 1), date(2025, 10, 31), date(2025, 11, 1)]
    starts = [date(2024, 11, 1)] * 2 + [date(2025, 5, 1)] * 2 + [date(2025, 11, 1)]
    assert [SEASONS.start_of(on=day) for day in days] == starts
    assert SEASONS.cuts(period=Period(date(2025, 4, 20), date(2025, 11, 1))) == (date(2025, 5, 1),)


def test_the_count_begins_anew_at_the_events_that_the_tariff_names_and_at_no_other():
    events = [
        (date(2025, 3, 1), Restart.METER_EXCHANGE),
        (date(2025, 4, 1), Restart.HOUSEHOLD_CHANGE),
        (date(2025, 6, 1), Restart.METER_EXCHANGE),
    ]
    yearly = TierCycle(Cycle.YEAR)
    exchanged = TierCycle(Cycle.YEAR, restarts_at=frozenset({Restart.METER_EXCHANGE, Restart.MOVE}))
    day = date(2025, 5, 20)
    assert yearly.counted_from(on=day, events=events) == date(2025, 1, 1)
    assert exchanged.counted_from(on=day, events=events) == date(2025, 3, 1)
    assert exchanged.counted_from(on=date(2026, 1, 1), events=events) == date(2026, 1, 1)
    assert TierCycle().counted_from(on=day, events=events) is None


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ({"move", "holder_change"}, CountOf.AGREEMENT),
        ({"move"}, CountOf.PLACE),
        ({"holder_change", "meter_exchange"}, CountOf.CUSTOMER),
    ],
)
def test_the_events_say_whose_energy_is_counted(words, counts):
    assert TierCycle(Cycle.YEAR, restarts_at=frozenset(map(Restart, words))).count_of is counts


BLOCKS = """
schema = 1
code = "blocks"
name_zh = "样本"
name_en = "Sample"
legal_source = "made for tests"
valid_from = 2025-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[tier_cycle]
every = "season"
seasons = { summer = "05-01", winter = "11-01" }
restarts_at = ["move", "holder_change", "meter_exchange"]

[time_of_use]
periods = ["a", "b"]

[labels]
energy = { zh = "电费", en = "Energy" }
fee = { zh = "费", en = "Fee" }
a = { zh = "甲", en = "A" }
b = { zh = "乙", en = "B" }

[[component]]
kind = "tiered_energy"
code = "tiers"
label = "energy"
unit = "yuan/kWh"
limits_kwh = ["100", "200"]
prices = ["1", "2", "3"]
household = [{ from_persons = 5, grow_kwh = ["10", "10"] }, { from_persons = 7, grow_kwh = ["20", "20"] }]

[[component]]
kind = "tiered_time_of_use"
code = "order"
label = "energy"
unit = "yuan/kWh"
limits_kwh = ["3", "50"]
limits_per = ["day", "kw"]
convention = "time_order"
prices = { a = ["1", "2", "3"], b = ["4", "5", "6"] }

[[component]]
kind = "tiered_by_period"
code = "own"
label = "energy"
unit = "yuan/kWh"
fills = "own"
[component.steps.a]
limits_kwh = ["10"]
limits_per = "month"
prices = ["1", "2"]
[component.steps.b]
prices = ["3"]

[[component]]
kind = "volume_energy"
code = "volume"
label = "energy"
unit = "yuan/kWh"
limits_kwh = ["100"]
limits_per = "month"
prices = ["2", "1"]

[[component]]
kind = "package_energy"
code = "package"
label = "fee"
unit = "yuan/block"
package_kwh = "10"
free_kwh = "5"
counted_per = "cycle"
price = "7"

[[component]]
kind = "step_fee"
code = "fee"
unit = "yuan/day"
limits_kwh = ["4"]
limits_per = "day"
fees = ["0.5", "1"]
fee_of = "entered"

[[component]]
kind = "dynamic"
code = "spot"
label = "energy"
unit = "yuan/kWh"
series = "day-ahead"
margin = "0.02"
floor = "-0.1"
cap = "1.5"
negative_prices = "keep"

[[vector]]
name = "120 kWh"
used_kwh = { a = "90", b = "30" }
inputs = { peak_kw = "2", ordered_kwh = { a = ["60", "5", "25"], b = ["30", "0", "0"] }, series_amount = ["36.5"] }
total = "922.90"
lines = [
  { line = "tiers/1", quantity = "100", amount = "100" },
  { line = "tiers/2", quantity = "20", amount = "40" },
  { line = "order/1/a", quantity = "60", amount = "60" },
  { line = "order/1/b", quantity = "30", amount = "120" },
  { line = "order/2/a", quantity = "5", amount = "10" },
  { line = "order/3/a", quantity = "25", amount = "75" },
  { line = "own/1/a", quantity = "10", amount = "10" },
  { line = "own/2/a", quantity = "80", amount = "160" },
  { line = "own/1/b", quantity = "30", amount = "90" },
  { line = "volume/2", quantity = "120", amount = "120" },
  { line = "package", quantity = "12", amount = "84" },
  { line = "fee/1", quantity = "30", amount = "15" },
  { line = "spot", quantity = "120", amount = "38.90" },
]
"""


def test_all_of_it_is_read_from_a_document():
    read = document.parse(text=BLOCKS)
    assert [str(finding) for finding in document.check(document=read)] == []
    cycle = read.plan.tier_cycle
    assert cycle.starts == ((5, 1), (11, 1))
    assert cycle.restarts_at == {Restart.MOVE, Restart.HOLDER_CHANGE, Restart.METER_EXCHANGE}
    assert [one.series for one in read.plan.priced_by_hour] == ["day-ahead"]


@pytest.mark.parametrize(
    ("old", "new", "where", "code"),
    [
        ('summer = "05-01"', 'summer = "05-32"', "tier_cycle.seasons.summer", "bad_dates"),
        ('summer = "05-01"', 'summer = "02-29"', "tier_cycle.seasons.summer", "bad_dates"),
        ('summer = "05-01"', 'summer = "11-01"', "tier_cycle.seasons.winter", "day_claimed_twice"),
        ('seasons = { summer = "05-01", winter = "11-01" }\n', "", "tier_cycle.seasons", "missing_key"),
        ('["move", "holder_change", ', "[", "tier_cycle.restarts_at", "count_of_two"),
        ('"meter_exchange"]', '"moon"]', "tier_cycle.restarts_at[2]", "unknown_word"),
        ("from_persons = 7", "from_persons = 5", "component[0].household", "limits_not_ascending"),
        ('limits_per = ["day", "kw"]', 'limits_per = ["day"]', "component[1].limits_per", "wrong_count"),
        ('limits_per = ["day", "kw"]', 'limits_per = ["day", "sun"]', "component[1].limits_per[1]", "unknown_word"),
        ('limits_per = ["day", "kw"]', 'limits_per = ["cycle", "kw"]', "component[1].limits_per", "mixed_limits"),
        ('["3", "50"]', '["50", "50"]', "vector[0]", None),
        ('limits_kwh = ["10"]\nlimits_per = "month"', 'limits_kwh = ["10"]', "component[2].steps.a.limits_per",
         "mixed_limits"),
        ('package_kwh = "10"', 'package_kwh = "0"', "component[4].package_kwh", "bad_package"),
        ('free_kwh = "5"', 'free_kwh = "-5"', "component[4].package_kwh", "bad_package"),
        ('counted_per = "cycle"', 'counted_per = "day"', "component[4].counted_per", "unknown_word"),
        ('unit = "yuan/day"', 'unit = "yuan/month"', "component[5].limits_per", "wrong_unit"),
        ('limits_per = "day"\nfees', "fees", "component[5].limits_per", "wrong_unit"),
        ('cap = "1.5"', 'cap = "-0.2"', "component[6].cap", "bounds_crossed"),
        ('cap = "1.5"', 'cap = "unset"', "component[6].cap", "not_text"),
        ('"keep"', '"pass"', "component[6].negative_prices", "unknown_word"),
        ('a = ["60", "5", "25"]', 'a = ["60", "5"]', "vector[0].inputs.ordered_kwh.a", "wrong_count"),
    ],
)  # fmt: skip
def test_a_slip_is_found_where_it_stands(old, new, where, code):
    assert old in BLOCKS
    _, findings = document.examine(text=BLOCKS.replace(old, new, 1))
    if code is None:
        assert not findings
    else:
        assert (where, code) in {(finding.where, finding.code) for finding in findings}


def test_energy_out_of_order_in_a_month_of_another_season_stops_nobody():
    component = TieredTimeOfUse(
        **HEAD,
        limits_wh=(100,),
        periods=("a", "b"),
        prices_e6=((1, 2), (3, 4)),
        convention=Convention.TIME_ORDER,
        scope=Scoped(months=frozenset({7})),
    )
    cells = np.array([[[80, 20], [70, 30]], [[0, 0], [0, 0]]])
    months = {Input.ORDERED_WH: cells, Input.MONTH: np.array([7, 1])}
    found = component.charge(
        RatingBatch.of(used_wh=np.array([[150, 50], [5, 5]]), inputs=months), np.zeros(2, dtype=np.int64)
    )
    assert found.quantities.tolist() == [[80, 20, 70, 30], [0, 0, 0, 0]]
