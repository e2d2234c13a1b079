"""The kernel against the oracle, and what must hold for every tariff and every batch."""

import os
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel import fixed
from cis.kernel.fixed import Rounding
from tariffs.domain import rating
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, by_time, fraction_e9
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import TieredEnergy
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass, MissingPrice, Scoped, Unit
from tariffs.domain.plan import Scope, compile_plan
from tests.unit.tariffs import oracle
from tests.unit.tariffs.cases import KINDS, segments, tariffs

DIVISOR = {Unit.KWH: 1000, Unit.DAY: 1, Unit.MONTH: 10**9, Unit.MONEY: 100, Unit.BLOCK: 1}
AT_ONCE = 5
PROVEN = 100_000 // AT_ONCE if os.environ.get("WATTLINE_PROOF") == "1" else settings.default.max_examples


def energy(code="energy", price_e6=61_700_000, ledger=LedgerClass.ENERGY):
    return Energy(code=code, label=code, ledger=ledger, price_e6=price_e6)


def vat(on=("*",), mode=TaxMode.INSIDE, rate_e6=130_000):
    return Tax(code="vat", label="vat", ledger=LedgerClass.TAX, rate_e6=rate_e6, mode=mode, on=on)


def batch(*used_wh):
    return RatingBatch.of(used_wh=np.array([[wh] for wh in used_wh], dtype=np.int64))


def assert_equal_to_school_arithmetic(data, kinds, most, segments=segments):
    plan, parts, periods = data.draw(tariffs(kinds=kinds, most=most))
    columns, cases = data.draw(segments(plan))
    rated = rating.rate(plan=plan, batch=columns)
    for row, case in enumerate(cases):
        lines, total = oracle.bill(parts, case, periods, by_bill=plan.rounding_scope is Scope.BILL)
        assert [slot.key for slot in plan.slots] == [line.key for line in lines]
        assert [Fraction(int(a), 100) for a in rated.amount_minor[row]] == [line.amount for line in lines]
        quantities = [
            Fraction(int(q), DIVISOR[slot.unit]) for q, slot in zip(rated.quantity[row], plan.slots, strict=True)
        ]
        assert quantities == [line.quantity for line in lines]
        assert Fraction(int(rated.total_minor[row]), 100) == total


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tax"])
@given(data=st.data())
def test_each_component_alone_equals_school_arithmetic(kind, data):
    assert_equal_to_school_arithmetic(data, (kind,), most=1)


@pytest.mark.parametrize("kind", ["energy", "tiered_energy"])
@settings(max_examples=2 * settings.default.max_examples)
@given(data=st.data())
def test_taxes_on_some_components_equal_school_arithmetic(kind, data):
    assert_equal_to_school_arithmetic(data, (kind, "tax"), most=5)


@settings(max_examples=5 * settings.default.max_examples)
@given(st.data())
def test_every_line_and_total_equals_school_arithmetic(data):
    assert_equal_to_school_arithmetic(data, KINDS, most=5)


@settings(max_examples=PROVEN, deadline=None)
@given(st.data())
def test_a_hundred_thousand_cases_equal_school_arithmetic(data):
    """As many when the proof is run; a few of them at each change."""
    assert_equal_to_school_arithmetic(data, KINDS, most=5, segments=partial(segments, least=AT_ONCE, most=AT_ONCE))


@given(st.data())
def test_the_total_is_the_sum_of_the_printed_lines_and_of_the_ledger_classes(data):
    plan, _, _ = data.draw(tariffs())
    columns, _ = data.draw(segments(plan))
    rated = rating.rate(plan=plan, batch=columns)
    counted = [place for place, slot in enumerate(plan.slots) if slot.in_total]
    assert (rated.amount_minor[:, counted].sum(axis=1) == rated.total_minor).all()
    classes = rating.by_ledger_class(plan=plan, rated=rated)
    assert (sum(classes.values()) == rated.total_minor).all()


@given(st.data())
def test_a_bill_does_not_depend_on_its_neighbours(data):
    plan, _, _ = data.draw(tariffs())
    columns, _ = data.draw(segments(plan, most=9))
    together = rating.rate(plan=plan, batch=columns)
    rows = np.array(data.draw(st.permutations(range(len(columns)))), dtype=np.int64)
    rows = rows[: data.draw(st.integers(1, len(rows)))]
    apart = rating.rate(plan=plan, batch=columns.take(rows))
    assert (apart.amount_minor == together.amount_minor[rows]).all()
    assert (apart.quantity == together.quantity[rows]).all()
    assert (apart.total_minor == together.total_minor[rows]).all()


@given(st.data())
def test_results_do_not_depend_on_where_blocks_end(data):
    plan, _, _ = data.draw(tariffs())
    columns, _ = data.draw(segments(plan, most=9))
    whole = rating.rate(plan=plan, batch=columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rating, "BLOCK", data.draw(st.integers(1, 4)))
        pieces = rating.rate(plan=plan, batch=columns)
    assert (pieces.amount_minor == whole.amount_minor).all()
    assert (pieces.quantity == whole.quantity).all()
    assert (pieces.total_minor == whole.total_minor).all()


def test_by_bill_the_total_is_the_rounded_exact_sum():
    plan = compile_plan(components=(energy("a", 50), energy("b", 50), energy("c", 50)), rounding_scope=Scope.BILL)
    # Three times 0.5 fen: rounded one by one they would make 3 fen, their sum of 1.5 makes 2.
    rated = rating.rate(plan=plan, batch=batch(10_000_000))
    assert rated.amount_minor.tolist() == [[1, 0, 1]]
    assert rated.total_minor.tolist() == [2]


def test_by_line_each_line_is_rounded_half_away_from_zero():
    plan = compile_plan(components=(energy("a", 50), energy("b", -50)))
    rated = rating.rate(plan=plan, batch=batch(10_000_000, -10_000_000))
    assert rated.amount_minor.tolist() == [[1, -1], [-1, 1]]


def test_a_customer_of_a_terawatt_hour_is_billed_exactly():
    tiers = TieredEnergy(
        code="energy",
        label="energy",
        ledger=LedgerClass.ENERGY,
        limits_wh=(3_120_000, 4_800_000),
        prices_e6=(61_700_000, 66_700_000, 91_700_000),
    )
    plan = compile_plan(components=(tiers, vat()))
    rated = rating.rate(plan=plan, batch=batch(10**12, 400_000))
    assert rated.amount_minor[0, :3].tolist() == [192_504, 112_056, 91_699_559_840]
    assert rated.total_minor.tolist() == [91_699_559_840 + 304_560, 24_680]
    gross = 91_699_864_400
    assert rated.amount_minor[0, 3] == (gross * 13 * 2 + 113) // (2 * 113)


def test_amounts_beyond_64_bits_are_refused_and_never_wrap():
    plan = compile_plan(components=tuple(energy(f"e{place}", 10**12) for place in range(8)))
    with pytest.raises(rating.AmountOutOfRange):
        rating.rate(plan=plan, batch=batch(10**15))


def test_a_missing_price_is_refused_by_name():
    plan = compile_plan(components=(energy(), energy("fund", None)), code="agent-price")
    with pytest.raises(MissingPrice, match="agent-price has no price for fund") as refusal:
        rating.rate(plan=plan, batch=batch(1000))
    assert refusal.value.code == "missing_price"
    assert refusal.value.detail["missing"] == ("fund",)


def test_energy_by_other_periods_than_the_plans_is_refused():
    plan = compile_plan(components=(energy(),), periods=("peak", "valley"))
    with pytest.raises(rating.WrongPeriods):
        rating.rate(plan=plan, batch=batch(1000))


def test_an_empty_batch_gives_an_empty_result():
    plan = compile_plan(components=(energy(), vat()))
    rated = rating.rate(plan=plan, batch=batch(1000).take(slice(0, 0)))
    assert rated.amount_minor.shape == (0, 2)
    assert rated.total_minor.shape == (0,)


def test_a_mixed_batch_is_rated_by_plan_and_a_plan_that_cannot_rate_stops_no_other():
    good, broken = compile_plan(components=(energy(),)), compile_plan(components=(energy("x", None),))
    groups = rating.rate_many(
        plans=[broken, good], plan_of=np.array([1, 0, 1], dtype=np.int64), batch=batch(1000, 2000, 3000)
    )
    by_plan = {group.plan: group for group in groups}
    assert by_plan[good].rows.tolist() == [0, 2]
    assert by_plan[good].rated.total_minor.tolist() == [62, 185]
    assert by_plan[good].refusal is None
    assert by_plan[broken].rows.tolist() == [1]
    assert by_plan[broken].rated is None
    assert isinstance(by_plan[broken].refusal, MissingPrice)


def test_a_mixed_batch_with_energy_in_a_period_that_its_plan_lacks_is_refused():
    one = compile_plan(components=(energy(),))
    wide = RatingBatch.of(used_wh=np.array([[1000, 0], [1000, 5]], dtype=np.int64))
    (fits,) = rating.rate_many(plans=[one], plan_of=np.zeros(1, dtype=np.int64), batch=wide.take(slice(0, 1)))
    (lost,) = rating.rate_many(plans=[one], plan_of=np.zeros(2, dtype=np.int64), batch=wide)
    assert fits.rated.total_minor.tolist() == [62]
    assert isinstance(lost.refusal, rating.WrongPeriods)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_tax_inside_is_taken_from_the_classes_that_it_taxes(energy_wh, fund_e6):
    plan = compile_plan(components=(energy(), energy("fund", fund_e6, LedgerClass.FUND), vat()))
    rated = rating.rate(plan=plan, batch=batch(energy_wh))
    classes = rating.by_ledger_class(plan=plan, rated=rated)
    assert list(classes) == [LedgerClass.ENERGY, LedgerClass.FUND, LedgerClass.TAX]
    assert classes[LedgerClass.TAX] == rated.amount_minor[0, 2]
    for place, ledger in enumerate((LedgerClass.ENERGY, LedgerClass.FUND)):
        net = Fraction(int(rated.amount_minor[0, place]) * 100, 113)
        assert abs(Fraction(int(classes[ledger][0])) - net) <= 1


def test_a_tax_on_top_counts_and_a_later_fund_is_outside_its_base():
    plan = compile_plan(
        components=(energy(), vat(on=("energy",), mode=TaxMode.ON_TOP), energy("fund", 100_000, LedgerClass.FUND))
    )
    rated = rating.rate(plan=plan, batch=batch(1_000_000))
    assert rated.amount_minor.tolist() == [[61_700, 8_021, 100]]
    assert rated.total_minor.tolist() == [69_821]
    assert rated.quantity.tolist() == [[1_000_000, 61_700, 1_000_000]]


def test_what_is_charged_on_all_lines_is_not_charged_on_a_tax_that_they_contain():
    later = Tax(code="levy", label="x", ledger=LedgerClass.TAX, rate_e6=100_000, mode=TaxMode.ON_TOP, on=("*",))
    plan = compile_plan(components=(energy(), vat(), later))
    rated = rating.rate(plan=plan, batch=batch(1_000_000))
    assert rated.amount_minor.tolist() == [[61_700, 7_098, 6_170]]
    assert rated.total_minor.tolist() == [67_870]


def test_a_standing_charge_counts_days_or_months():
    fixed_by = {
        per: Fixed(code=per, label="x", ledger=LedgerClass.FIXED, per=per, price_e6=fixed.parse("8.1", places=8))
        for per in Per
    }
    plan = compile_plan(components=tuple(fixed_by.values()))
    columns = RatingBatch.of(
        used_wh=np.zeros((1, 1), dtype=np.int64),
        days=np.array([20], dtype=np.int64),
        month_share_e9=np.array([666_666_667], dtype=np.int64),
    )
    rated = rating.rate(plan=plan, batch=columns)
    assert rated.amount_minor.tolist() == [[16_200, 540]]
    assert rated.quantity.tolist() == [[20, 666_666_667]]


@pytest.mark.parametrize("price_e6", [1_500_001, -1_500_001, 10**12 + 7, -(10**12) - 7, 0])
def test_a_price_of_a_month_below_zero_is_cut_towards_zero_like_one_above(price_e6):
    given_batch = RatingBatch.of(used_wh=np.zeros((1, 1), dtype=np.int64), month_share_e9=np.array([666_666_667]))
    amounts_e9, spans = by_time(given_batch, per=Per.MONTH, price_e6=price_e6)
    assert amounts_e9.tolist() == [int(Fraction(666_666_667 * price_e6, 10**6))]
    assert spans.tolist() == [666_666_667]


def test_a_price_of_a_day_counts_days_however_parts_of_months_count():
    head = {"code": "fixed", "label": "x", "ledger": LedgerClass.FIXED, "price_e6": 10**8}
    plan = compile_plan(components=(Fixed(**head, per=Per.DAY, proration=Proration.WHOLE),))
    given_batch = RatingBatch.of(used_wh=np.zeros((1, 1), dtype=np.int64), days=np.array([20]))
    rated = rating.rate(plan=plan, batch=given_batch)
    assert rated.amount_minor.tolist() == [[2_000]]
    assert rated.quantity.tolist() == [[20]]


def test_a_tax_inside_the_largest_amounts_is_cut_towards_zero_exactly():
    base = np.array([0, 1, -1, 113, -113, 2**40, 2**61, -(2**61)], dtype=np.int64)
    found = fraction_e9(base, over=130_000, under=1_130_000)
    assert found.tolist() == [int(Fraction(minor * 13 * 10**9, 113)) for minor in base.tolist()]
    assert fraction_e9(base[:0], over=130_000, under=1_130_000).shape == (0,)


def test_by_bill_a_sum_that_needed_no_width_in_the_end_is_added_to_all_the_same():
    """Found by random whole bills: a huge price that holds in other months alone leaves exact integers behind."""
    huge = replace(energy("huge", 10**12), scope=Scoped(months=frozenset({1})))
    plan = compile_plan(components=(huge, energy()), rounding_scope=Scope.BILL)
    columns = RatingBatch.of(used_wh=np.array([[10**9], [10**9]]), inputs={Input.MONTH: np.array([2, 3])})
    large = RatingBatch.of(used_wh=np.array([[10**15], [10**9]]), inputs={Input.MONTH: np.array([2, 3])})
    assert rating.rate(plan=plan, batch=columns).total_minor.tolist() == [61_700_000, 61_700_000]
    assert rating.rate(plan=plan, batch=large).total_minor.tolist() == [61_700_000_000_000, 61_700_000]


@pytest.mark.parametrize(
    ("rounding", "minor"),
    [(Rounding.HALF_AWAY, [1, 2, -1]), (Rounding.HALF_EVEN, [0, 2, 0]), (Rounding.DOWN, [0, 1, 0])],
)
@pytest.mark.parametrize("scope", Scope)
def test_halves_are_rounded_as_the_tariff_says(rounding, minor, scope):
    # 0.5, 1.5 and -0.5 fen.
    plan = compile_plan(components=(energy(price_e6=50),), rounding=rounding, rounding_scope=scope)
    rated = rating.rate(plan=plan, batch=batch(10_000_000, 30_000_000, -10_000_000))
    assert rated.amount_minor[:, 0].tolist() == rated.total_minor.tolist() == minor
    assert rated.amount_minor.dtype == rated.quantity.dtype == rated.total_minor.dtype == np.int64


def test_a_tax_inside_is_moved_between_classes_as_it_is_printed():
    for rounding in Rounding:
        plan = compile_plan(components=(energy(price_e6=10**8), vat()), rounding=rounding)
        rated = rating.rate(plan=plan, batch=batch(*range(30, 600, 7)))
        classes = rating.by_ledger_class(plan=plan, rated=rated)
        assert {column.dtype for column in classes.values()} == {np.dtype(np.int64)}
        assert classes[LedgerClass.TAX].tolist() == rated.amount_minor[:, 1].tolist()
        assert (classes[LedgerClass.ENERGY] + classes[LedgerClass.TAX]).tolist() == rated.total_minor.tolist()


def test_more_plans_than_fit_16_bits_are_told_apart():
    cheap, dear = compile_plan(components=(energy("a", 10**8),)), compile_plan(components=(energy("b", 2 * 10**8),))
    plans = [cheap] * 32_769 + [dear]
    groups = rating.rate_many(plans=plans, plan_of=np.array([32_769, 0, 32_768]), batch=batch(1000, 1000, 1000))
    found = {group.plan.slots[0].code: group.rated.total_minor.tolist() for group in groups if 0 in group.rows}
    assert found == {"b": [200]}
    assert sorted(row for group in groups for row in group.rows.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("sign", [1, -1])
def test_by_bill_a_sum_beyond_64_bits_of_lines_that_fit_them_is_exact(sign):
    # Each line is 4 x 10^18 of 10^-9 fen, below 2^62; three of them are more than 2^63.
    lines = tuple(energy(f"e{place}", sign * 10**12) for place in range(3))
    plan = compile_plan(components=lines, rounding_scope=Scope.BILL)
    rated = rating.rate(plan=plan, batch=batch(4 * 10**6))
    assert rated.amount_minor.tolist() == [[sign * 4 * 10**9] * 3]
    assert rated.total_minor.tolist() == [sign * 12 * 10**9]
