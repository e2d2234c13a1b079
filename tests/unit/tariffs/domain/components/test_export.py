"""Energy given to the grid: offset, credited in kWh or in money, paid out or lost."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.chain import rate_months
from tariffs.domain.components.basic import Energy, Fixed, Per, TimeOfUse
from tariffs.domain.components.charge_limits import MinimumCharge, Negative
from tariffs.domain.components.export import (
    Applied,
    CreditYear,
    Ending,
    ExportCredit,
    KwhCredits,
    MoneyCredits,
    Netting,
    Paid,
    TieredExport,
)
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import MissingInput, billed_wh, rate

HEAD = {"label": "x", "ledger": LedgerClass.ENERGY}
YUAN = 10**8
ALONE = {"periods": ("total",), "pools": ((0,),)}
PAIR = {"periods": ("peak", "valley")}
NEVER = CreditYear(first_month=None, at_end=Ending.PAY, leaving=Ending.PAY)
JANUARY = CreditYear(first_month=1, at_end=Ending.PAY, leaving=Ending.FORFEIT)
ENERGY = Energy(code="energy", **HEAD, price_e6=YUAN)
TWO = TimeOfUse(code="energy", **HEAD, periods=("peak", "valley"), prices_e6=(2 * YUAN, YUAN))


def month(used_kwh, export_kwh, **inputs):
    """One customer; numbers, or lists by period of use, in kWh."""
    columns = {Input(name): np.array([value], dtype=np.int64) for name, value in inputs.items()}
    columns[Input.EXPORT_WH] = np.atleast_2d(np.array(export_kwh)) * 1000
    return RatingBatch.of(
        used_wh=np.atleast_2d(np.array(used_kwh)) * 1000, month_share_e9=np.array([10**9]), inputs=columns
    )


def kwh(pools=((0,),), periods=("total",), year=JANUARY, paid=Paid.CREDITS, price_e6=YUAN // 2):
    return KwhCredits(code="solar", **HEAD, periods=periods, pools=pools, year=year, paid=paid, price_e6=price_e6)


def plan_of(*components, periods=("total",)):
    return compile_plan(components=components, periods=periods)


def lines(plan, batch):
    rated = rate(plan=plan, batch=batch)
    keys = [slot.key for slot in plan.slots]
    amounts, quantities = rated.amount_minor[0].tolist(), rated.quantity[0].tolist()
    return {key: pair for key, *pair in zip(keys, amounts, quantities, strict=True)}


def test_what_is_given_offsets_what_is_used_and_nothing_below_zero():
    plan = plan_of(ENERGY, Netting(code="net", **HEAD, **ALONE))
    assert lines(plan, month(100, 80)) == {"energy": [2000, 20_000], "net": [0, 80_000]}
    assert lines(plan, month(100, 120)) == {"energy": [0, 0], "net": [0, 100_000]}
    assert lines(plan, month(-10, 120)) == {"energy": [-1000, -10_000], "net": [0, 0]}
    assert billed_wh(plan=plan, batch=month(100, 80)).tolist() == [20_000]


def test_energy_of_one_pool_offsets_no_use_of_another():
    apart = Netting(code="net", **HEAD, **PAIR, pools=((0,), (1,)))
    assert lines(plan_of(TWO, apart, periods=PAIR["periods"]), month([10, 20], [15, 1]))["net"] == [0, 11_000]


def test_in_one_pool_the_own_period_comes_first_then_the_others_in_order():
    joined = Netting(code="net", **HEAD, **PAIR, pools=((0, 1),))
    plan = plan_of(TWO, joined, ExportCredit(code="sold", **HEAD, **PAIR, prices_e6=(2, 2)), periods=PAIR["periods"])
    found = lines(plan, month([10, 20], [15, 1]))
    assert [found[key][1] for key in ("energy/peak", "energy/valley")] == [0, 14_000]
    # All was used up, so nothing is sold.
    assert [found[key][1] for key in ("sold/peak", "sold/valley")] == [0, 0]
    found = lines(plan, month([10, 2], [5, 40]))
    assert [found[key][1] for key in ("energy/peak", "energy/valley", "sold/peak", "sold/valley")] == [0, 0, 0, 33_000]


def test_the_energy_given_must_be_known():
    with pytest.raises(MissingInput, match="export_wh"):
        rate(plan=plan_of(ENERGY, Netting(code="net", **HEAD, **ALONE)), batch=RatingBatch.of(used_wh=np.array([[1]])))


def test_credits_in_kwh_are_handed_on_and_paid_out_at_the_end_of_the_year():
    plan = plan_of(ENERGY, kwh())
    assert plan.season_starts == (1,)
    months = [month(100, 120), month(50, 40), month(50, 45), month(0, 7), month(10, 0)]
    rated = rate_months(plan=plan, months=months, first_month=9)
    credit = [slot.key for slot in plan.slots].index("solar-credit")
    # 20; 10 left; 5 left; December pays out 12 kWh at 0.50; January has none.
    assert [one.quantity[0, credit].item() for one in rated] == [20_000, 10_000, 5_000, 0, 0]
    assert [one.total_minor.item() for one in rated] == [0, 0, 0, -600, 1000]


@pytest.mark.parametrize(
    ("at_end", "leaving", "month_end", "final", "paid"),
    [
        (Ending.PAY, Ending.FORFEIT, 12, 0, 8000),
        (Ending.FORFEIT, Ending.PAY, 12, 0, 0),
        (Ending.FORFEIT, Ending.PAY, 6, 1, 8000),
        (Ending.PAY, Ending.FORFEIT, 6, 1, 0),
        (Ending.PAY, Ending.FORFEIT, 12, 1, 8000),
        (Ending.FORFEIT, Ending.PAY, 12, 1, 0),
    ],
)
def test_credits_end_with_the_year_and_with_the_agreement(at_end, leaving, month_end, final, paid):
    plan = plan_of(ENERGY, kwh(year=CreditYear(first_month=1, at_end=at_end, leaving=leaving)))
    found = lines(plan, month(2, 7, month_end=month_end, final=final, carried=[0, 3_000]))
    assert found["solar"] == [-paid // 20, paid]
    assert found["solar-credit"] == [0, 0]


def test_credits_without_a_year_never_lapse_but_end_with_the_agreement():
    plan = plan_of(ENERGY, kwh(year=NEVER))
    assert plan.season_starts == ()
    assert lines(plan, month(2, 7, final=0, carried=[0, 3_000]))["solar-credit"] == [0, 8_000]
    assert lines(plan, month(2, 7, final=1, carried=[0, 3_000]))["solar"] == [-400, 8_000]


def test_credits_or_the_net_energy_are_paid_out():
    pools = ((0,), (1,))
    months = [month([10, 0], [0, 30]), month([0, 5], [4, 0])]
    totals = {}
    for paid in Paid:
        plan = plan_of(TWO, kwh(pools, PAIR["periods"], paid=paid), periods=PAIR["periods"])
        rated = rate_months(plan=plan, months=months, first_month=11)
        totals[paid] = [one.total_minor.item() for one in rated]
    # Peak is paid for in November though valley gave more: 4 + 25 kWh of credits, but only 20 - 1 net.
    assert totals == {Paid.CREDITS: [2000, -1450], Paid.NET: [2000, -950]}


def test_energy_given_is_paid_by_period_and_may_take_the_bill_below_zero():
    sold = ExportCredit(code="sold", **HEAD, **PAIR, prices_e6=(YUAN, YUAN // 2))
    found = lines(plan_of(TWO, sold, periods=PAIR["periods"]), month([1, 0], [5, 8]))
    assert (found["sold/peak"], found["sold/valley"]) == ([-500, 5_000], [-400, 8_000])


def test_energy_given_is_paid_in_steps():
    sold = TieredExport(code="sold", **HEAD, limits_wh=(4_000, 10_000), prices_e6=(YUAN, 2 * YUAN, 3 * YUAN))
    plan = plan_of(ENERGY, sold)
    assert [lines(plan, month(0, given))["sold/1"][1] for given in (3, 4, 5)] == [3_000, 4_000, 4_000]
    found = lines(plan, month(0, 12))
    assert [found[f"sold/{step}"] for step in (1, 2, 3)] == [[-400, 4_000], [-1200, 6_000], [-600, 2_000]]


def money(applied=Applied.NEXT_MONTH, year=JANUARY, on=("energy",), price_e6=YUAN):
    return MoneyCredits(
        code="account", **HEAD, on=on, applied=applied, year=year, periods=("total",), prices_e6=(price_e6,)
    )


@pytest.mark.parametrize(
    ("applied", "totals"),
    [
        # Used 10, 10, 10, 10 at 1.00; given 15, 2, 0, 9 at 1.00; September to December.
        (Applied.SAME_MONTH, [0, 300, 1000, 100]),
        (Applied.NEXT_MONTH, [1000, 0, 300, 100]),
    ],
)
def test_credits_in_money_pay_in_the_month_or_in_the_next(applied, totals):
    plan = plan_of(ENERGY, money(applied))
    months = [month(10, given) for given in (15, 2, 0, 9)]
    rated = rate_months(plan=plan, months=months, first_month=9)
    assert [one.total_minor.item() for one in rated] == totals


def test_what_is_left_of_credits_in_money_is_paid_out_after_the_minimum():
    least = MinimumCharge(
        code="least", **HEAD, on=("energy", "account"), per=Per.MONTH, price_e6=3 * YUAN, negative=Negative.AS_ZERO
    )
    plan = plan_of(ENERGY, money(), least)
    found = lines(plan, month(10, 4, month_end=12, final=0, carried=[1_500]))
    assert (found["account"], found["least"][0], found["account-paid"]) == ([-1000, 1000], 300, [-900, 900])
    assert found["account-balance"] == [0, 0]
    assert found["account-earned"] == [400, 4_000]


def test_credits_in_money_pay_only_what_they_may():
    rent = Fixed(code="rent", **HEAD, per=Per.MONTH, price_e6=5 * YUAN)
    assert lines(plan_of(ENERGY, rent, money(Applied.SAME_MONTH)), month(2, 30, month_end=1, final=0, carried=[0]))[
        "account"
    ] == [-200, 200]
    everything = replace(money(Applied.SAME_MONTH), on=("*",))
    assert lines(plan_of(ENERGY, rent, everything), month(2, 30, month_end=1, final=0, carried=[0]))["account"] == [
        -700,
        700,
    ]


def test_a_true_up_below_zero_is_no_debt_that_credits_pay():
    found = lines(plan_of(ENERGY, money()), month(-3, 1, month_end=1, final=0, carried=[500]))
    assert (found["account"], found["account-balance"]) == ([0, 0], [0, 600])


def test_credits_by_two_accounts_do_not_mix():
    plan = plan_of(ENERGY, kwh(year=NEVER), replace(money(Applied.SAME_MONTH, year=NEVER)))
    # All given is a credit in kWh, so that nothing is left to earn money.
    found = lines(plan, month(2, 7, final=0, carried=[0, 3_000, 77]))
    assert (found["solar-credit"][1], found["account-balance"][1]) == (8_000, 77)


# ---- by fractions, written from the rule ----

kilo = st.integers(0, 60) | st.integers(0, 10**9)
year_of_months = st.lists(st.tuples(*[st.integers(-5, 60) | kilo] * 2, *[kilo] * 2), min_size=1, max_size=6)


def told(months, pools, end, price):
    """Bills by school arithmetic: a purse of kWh for each pool."""
    purses = [Fraction(0)] * len(pools)
    bills = []
    for place, (*used, give_1, give_2) in enumerate(months):
        given, billed = [give_1, give_2], list(used)
        for number, pool in enumerate(pools):
            for period in pool:
                own = min(max(billed[period], 0), given[period])
                billed[period] -= own
                given[period] -= own
            purses[number] += sum(given[period] for period in pool)
            for period in pool:
                part = min(max(billed[period], 0), purses[number])
                billed[period] -= part
                purses[number] -= part
        bill = billed[0] * 2 + billed[1] * 1
        if place == end:
            bill -= sum(purses) * price
            purses = [Fraction(0)] * len(pools)
        bills.append(bill)
    return bills


@settings(max_examples=60)
@given(months=year_of_months, joined=st.booleans(), end=st.integers(0, 5))
def test_kwh_credits_equal_purses(months, joined, end):
    pools = ((0, 1),) if joined else ((0,), (1,))
    year = CreditYear(first_month=(end + 1) % 12 + 1, at_end=Ending.PAY, leaving=Ending.PAY)
    plan = plan_of(TWO, kwh(pools, PAIR["periods"], year=year), periods=PAIR["periods"])
    batches = [month([one[0], one[1]], [one[2], one[3]]) for one in months]
    rated = rate_months(plan=plan, months=batches, first_month=1)
    expected = [bill * 100 for bill in told(months, pools, end, Fraction(1, 2))]
    assert [one.total_minor.item() for one in rated] == expected


@settings(max_examples=60)
@given(months=year_of_months, end=st.integers(0, 5), same=st.booleans(), price=st.integers(0, 3 * YUAN))
def test_money_credits_equal_a_purse(months, end, same, price):
    year = CreditYear(first_month=(end + 1) % 12 + 1, at_end=Ending.PAY, leaving=Ending.PAY)
    applied = Applied.SAME_MONTH if same else Applied.NEXT_MONTH
    plan = plan_of(ENERGY, money(applied, year, price_e6=price))
    batches = [month(one[0], one[2]) for one in months]
    rated = rate_months(plan=plan, months=batches, first_month=1)
    purse, expected = 0, []
    for place, one in enumerate(months):
        owed = one[0] * 100
        # Halves are rounded away from zero; what is given is never negative.
        earned = int(Fraction(one[2] * price, 10**6) + Fraction(1, 2))
        if same:
            purse += earned
        pays = min(max(owed, 0), purse)
        purse -= pays
        if not same:
            purse += earned
        out = purse if place == end else 0
        purse -= out
        expected.append(owed - pays - out)
    assert [one.total_minor.item() for one in rated] == expected


def slots_of(component):
    return {slot.key: (slot.price_e6, slot.in_total, slot.carries, slot.is_credit) for slot in component.slots()}


def test_what_is_given_has_prices_below_zero_and_unknown_ones_stay_unknown():
    sold = ExportCredit(code="sold", **HEAD, **PAIR, prices_e6=(YUAN, None))
    assert slots_of(sold) == {"sold/peak": (-YUAN, True, False, False), "sold/valley": (None, True, False, False)}
    stepped = TieredExport(code="sold", **HEAD, limits_wh=(4_000,), prices_e6=(YUAN, None))
    assert slots_of(stepped) == {"sold/1": (-YUAN, True, False, False), "sold/2": (None, True, False, False)}


def test_credits_are_those_of_the_customer_and_are_handed_on():
    in_kwh = kwh(((0,), (1,)), PAIR["periods"])
    found = slots_of(in_kwh)
    told = {key: flags[1:] for key, flags in found.items()}
    assert told == {
        "solar": (True, False, False),
        "solar-offset": (False, False, False),
        "solar-net": (False, True, False),
        "solar-credit/peak": (False, True, True),
        "solar-credit/valley": (False, True, True),
    }
    in_money = MoneyCredits(
        code="account", **HEAD, on=("energy",), applied=Applied.SAME_MONTH, year=JANUARY, **PAIR, prices_e6=(1, 2)
    )
    assert slots_of(in_money) == {
        "account": (10**6, True, False, False),
        "account-paid": (10**6, True, False, False),
        "account-balance": (10**6, False, True, True),
        "account-earned/peak": (1, False, False, False),
        "account-earned/valley": (2, False, False, False),
    }
