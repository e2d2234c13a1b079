"""Months in sequence: what one hands to the next, and when it begins anew."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cis.kernel.fixed import Int64
from tariffs.domain import chain
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.charge_limits import Negative, YearlyMaximum
from tariffs.domain.components.demand import MeasuredDemand, Ratchet
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Cycle, TierCycle, TieredEnergy
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LedgerClass, LineSlot, Named, Scoped, Unit
from tariffs.domain.plan import UnknownBase, compile_plan
from tariffs.domain.rating import MissingInput, rate

HEAD = {"label": "x", "ledger": LedgerClass.ENERGY}
YUAN = 10**8


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Named):
    """Counts its kWh from bill to bill."""

    def slots(self) -> tuple[LineSlot, ...]:
        return (replace(self.slot(Unit.KWH, 0), carries=True, in_total=False),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        counted = batch.inputs[Input.CARRIED] + batch.total_wh[:, None]
        return Charge(np.zeros_like(counted), counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestPeak(Named):
    """1 yuan per kW of the largest peak of the twelve months before."""

    @property
    def needs(self) -> tuple[Input, ...]:
        return (Input.PAST_PEAKS_W,)

    def slots(self) -> tuple[LineSlot, ...]:
        return (self.slot(Unit.KW, YUAN),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        largest_w = batch.inputs[Input.PAST_PEAKS_W].max(axis=(1, 2))[:, None]
        return Charge(largest_w * YUAN, largest_w)


def month(*used_kwh, **inputs):
    columns = {Input(name): np.array(values, dtype=np.int64) for name, values in inputs.items()}
    return RatingBatch.of(used_wh=np.array(used_kwh)[:, None] * 1000, inputs=columns)


def totals(plan, months, first_month=1):
    return [
        rated.total_minor.tolist() for rated in chain.rate_months(plan=plan, months=months, first_month=first_month)
    ]


def test_each_slot_hands_on_its_own_quantity():
    # The middle component carries nothing; each counter sees only what it counted itself.
    parts = (Counter(code="one", **HEAD), Energy(code="energy", **HEAD, price_e6=YUAN), Counter(code="two", **HEAD))
    plan = compile_plan(components=parts)
    first = month(1, 10, carried=[[500_000, 0], [0, 7_000]])
    rated = chain.rate_months(plan=plan, months=[first, month(2, 20)], first_month=1)
    assert rated[0].quantity.tolist() == [[501_000, 1_000, 1_000], [10_000, 10_000, 17_000]]
    assert rated[1].quantity.tolist() == [[503_000, 2_000, 3_000], [30_000, 20_000, 37_000]]
    assert chain.carried_of(plan=plan, rated=rated[1]).tolist() == [[503_000, 3_000], [30_000, 37_000]]


def test_what_is_carried_waits_through_the_months_in_which_its_component_rests():
    plan = compile_plan(components=(Counter(code="one", **HEAD, scope=Scoped(months=frozenset({1, 3}))),))
    rated = chain.rate_months(plan=plan, months=[month(1), month(2), month(4)], first_month=1)
    assert [one.quantity.item() for one in rated] == [1_000, 1_000, 5_000]


@pytest.mark.parametrize(
    ("cycle", "expected"),
    [
        # Steps of 100 kWh at 1 and 2 yuan; 60 kWh a month, with 70 kWh before November.
        (TierCycle(Cycle.YEAR, start_month=1), [[9000], [12000], [6000], [8000]]),
        (TierCycle(Cycle.YEAR, start_month=12), [[9000], [6000], [8000], [12000]]),
        (TierCycle(Cycle.SEASON, seasons=((1, 1), (12, 1))), [[9000], [6000], [6000], [8000]]),
        (TierCycle(Cycle.MONTH), [[9000], [6000], [6000], [6000]]),
    ],
)
def test_energy_counts_in_the_tier_cycle_until_it_begins_anew(cycle, expected):
    tiered = TieredEnergy(code="energy", **HEAD, limits_wh=(100_000,), prices_e6=(YUAN, 2 * YUAN))
    plan = compile_plan(components=(tiered,), tier_cycle=cycle)
    first = replace(month(60), before_wh=np.array([70_000]))
    assert totals(plan, [first, month(60), month(60), month(60)], first_month=11) == expected


def test_a_season_that_begins_within_a_month_is_no_matter_of_whole_months():
    tiered = TieredEnergy(code="energy", **HEAD, limits_wh=(100_000,), prices_e6=(YUAN, 2 * YUAN))
    plan = compile_plan(components=(tiered,), tier_cycle=TierCycle(Cycle.SEASON, seasons=((1, 1), (5, 15))))
    with pytest.raises(ValueError, match="within a month"):
        chain.rate_months(plan=plan, months=[month(60)], first_month=1)


def test_without_steps_what_was_used_before_is_left_as_it_is():
    plan = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=YUAN),))
    handed = chain.Handed.of(plan=plan, batch=replace(month(60), before_wh=np.array([70_000])))
    rated = rate(plan=plan, batch=month(60))
    after = chain.handed_on(plan=plan, batch=month(60), rated=rated, handed=handed, month=1)
    assert after.before_wh.tolist() == [70_000]


def test_peaks_of_twelve_months_are_looked_back_at_the_latest_first():
    plan = compile_plan(components=(LargestPeak(code="demand", **HEAD),))
    months = [month(0, peak_w=[[peak]]) for peak in (9_000, 3_000, *[1_000] * 10, 2_000, 5_000)]
    assert totals(plan, months) == [[0], *[[900]] * 12, [300]]
    past = np.arange(12)[None, :, None]
    moved = chain.past_peaks_of(plan=plan, batch=months[0], before=past)
    assert moved[0, :, 0].tolist() == [9_000, *range(11)]


def test_a_ratchet_without_the_peak_of_a_month_is_refused():
    plan = compile_plan(components=(LargestPeak(code="demand", **HEAD),))
    with pytest.raises(MissingInput, match="looks back at peaks"):
        chain.rate_months(plan=plan, months=[month(0), month(0)], first_month=1)


def capped(first_month, negative=Negative.AS_IS, **changed):
    limits = {"limit_minor": 10_000, "first_month": first_month, "negative": negative, **changed}
    return (
        Energy(code="energy", **HEAD, price_e6=YUAN),
        YearlyMaximum(code="cap", **HEAD, on=("energy",), **limits),
    )


def test_the_amount_of_the_year_grows_by_the_base_alone_and_begins_anew_in_its_month():
    plan = compile_plan(components=capped(4))
    assert chain.year_start_of(plan=plan) == 4
    assert plan.season_starts == (4,)
    # 60, 60, 60 against a limit of 100: 60, 40, 0; from April anew.
    months = [month(60, 0)] * 5
    assert totals(plan, months, first_month=1) == [[6000, 0], [4000, 0], [0, 0], [6000, 0], [4000, 0]]
    rated = rate(plan=plan, batch=month(60, 90, year_minor=[9_000, 0]))
    assert chain.year_minor_of(plan=plan, rated=rated).tolist() == [6000, 9000]


def test_a_plan_without_yearly_limits_counts_nothing():
    plan = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=YUAN),))
    assert chain.year_start_of(plan=plan) is None
    assert chain.year_minor_of(plan=plan, rated=rate(plan=plan, batch=month(5))).tolist() == [0]


def test_two_yearly_limits_that_count_differently_are_refused():
    energy, cap = capped(4)
    other = replace(cap, code="other")
    compile_plan(components=(energy, cap, replace(other, limit_minor=5)))
    for changed in ({"first_month": 5}, {"negative": Negative.AS_ZERO}, {"on": ("*",)}):
        with pytest.raises(UnknownBase, match="yearly limits"):
            compile_plan(components=(energy, cap, replace(other, **changed)))


def test_given_months_and_ends_are_kept():
    plan = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=YUAN, scope=Scoped(months=frozenset({7}))),))
    assert totals(plan, [month(1, month=[7]), month(1)], first_month=1) == [[100], [0]]


def test_months_of_different_customers_are_a_mistake_of_the_caller():
    plan = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=YUAN),))
    assert chain.rate_months(plan=plan, months=[], first_month=1) == ()
    with pytest.raises(ValueError, match="same customers"):
        chain.rate_months(plan=plan, months=[month(1), month(1, 2)], first_month=1)


def demand(code="one", **changed):
    values = {
        "code": code, "label": "x", "ledger": LedgerClass.FIXED, "period": "", "place": 0, "limits_w": (),
        "prices_e6": (10**8,), "proration": Proration.WHOLE, "incremental": True,
    }  # fmt: skip
    return MeasuredDemand(**{**values, **changed})


JULY, AUGUST = (Scoped(months=frozenset({month})) for month in (7, 8))


@pytest.mark.parametrize(
    "other",
    [{"grain_w": 1000}, {"least_w": 5}, {"ratchets": (Ratchet(part_e6=500_000),)}, {"scope": JULY}],
)
def test_two_demands_that_leave_out_what_was_charged_of_one_period_must_charge_the_same(other):
    with pytest.raises(UnknownBase, match="one and two leave out what was charged before") as refusal:
        compile_plan(components=(demand(), demand("two", **other)))
    assert refusal.value.code == "demands_differ"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({}, {"prices_e6": (5,)}),
        ({"scope": JULY}, {"scope": AUGUST, "grain_w": 1000}),
        ({}, {"incremental": False, "grain_w": 1000}),
    ],
)
def test_demands_that_charge_the_same_or_never_meet_stand_together(one, two):
    assert compile_plan(components=(demand(**one), demand("two", **two)))


def test_the_grain_of_another_season_rounds_nothing():
    plan = compile_plan(components=(demand(scope=JULY), demand("two", scope=AUGUST, grain_w=1000)))
    inputs = {
        Input.MONTH: np.array([7, 8, 8]),
        Input.PEAK_W: np.array([[150_700], [150_700], [9]]),
        Input.BILLED_PEAK_W: np.array([[100_600], [100_600], [150_700]]),
    }
    batch = RatingBatch.of(used_wh=np.zeros((3, 1), dtype=np.int64), inputs=inputs)
    rated = rate(plan=plan, batch=batch)
    charged = chain.charged_w_of(plan=plan, batch=batch, rated=rated)
    # July as it is; August to the kW: 151 less 101; then nothing more, and what was charged stays.
    assert charged.tolist() == [[150_700], [151_000], [150_700]]
    assert rated.quantity[:, [0, 2]].tolist() == [[50_100, 0], [0, 50_000], [0, 0]]
