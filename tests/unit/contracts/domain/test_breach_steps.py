"""Steps of a computation: what they show is what the terms come to, and amounts are those that are due."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.domain import breaches
from contracts.domain.breach_steps import Step, StepCode, StepUnit, Term
from contracts.domain.breaches import Misuse
from tariffs.domain.components.basic import TaxMode


def rounded(value):
    return int(value + Fraction(1, 2))


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (breaches.step_of_use(power_w=5_000, days=90, hours=12), "5 kW × 12 h × 90 d = 5,400 kWh"),
        (breaches.step_of_use(power_w=1_500, days=180, hours=6), "1.5 kW × 6 h × 180 d = 1,620 kWh"),
        (Step.one(StepCode.ENERGY_COUNTED, Term.energy(1_234_567)), "1,234.567 kWh"),
        (Step.one(StepCode.ROUNDED, Term.money(159_008_400_000_000, 9), Term.money(159_008)), "1,590.084 ≈ 1,590.08"),
        (Step.total(StepCode.STOLEN_COST, [Term.money(10_050), Term.money(-50)], Term.money(10_000)),
         "100.50 + −0.50 = 100.00"),
        (Step.difference(StepCode.EXCESS, Term.power(21_000), Term.power(8_000), Term.power(13_000)),
         "21 kW − 8 kW = 13 kW"),
        (Step.one(StepCode.PENALTY, Term(3_050, StepUnit.MONTHS, 3)), "3.05 mo"),
    ],
)  # fmt: skip
def test_a_step_reads_as_school_wrote_it(step, text):
    assert step.text(2) == text


def test_money_without_decimals_has_none():
    assert Term.money(1_500).text(0) == "1,500"
    assert Term.money(1_500_250, 3).text(0) == "1,500.25"


@given(
    uses=st.lists(
        st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**8)), min_size=1, max_size=4
    ),
    times=st.integers(1, 5),
)
def test_the_steps_of_a_difference_lead_to_it(uses, times):
    misuses = [Misuse(energy_wh=wh, paid_e6=low, right_e6=low + more) for wh, low, more in uses]
    assume(sum(wh * more for wh, _, more in uses) >= 10**9)
    for due in breaches.of_category(uses=misuses, times=times):
        for step in due.steps:
            if step.code in {StepCode.PENALTY, StepCode.ROUNDED}:
                assert rounded(step.exact()) == step.result.exact()
            else:
                assert step.exact() == step.result.exact()
        assert rounded(due.steps[-1].exact()) == due.amount_minor


@given(va=st.integers(1, 10**8), months=st.integers(1, 60_000), price=st.integers(1, 10**6), times=st.integers(1, 5))
def test_the_steps_of_fees_and_fixed_amounts_lead_to_them(va, months, price, times):
    fees = breaches.of_capacity_fee(capacity_va=va, months_e3=months, price_e6=price * 1_000, times=times)
    fixed = breaches.of_capacity(capacity_va=va, per_kw_e6=price, count=times)
    touched = breaches.of_tampering(amount_minor=price, count=times)
    stolen = breaches.theft_penalty(owed_minor=price, times=times)
    for due in (*fees, *fixed, *touched, *stolen):
        (step,) = due.steps
        assert rounded(step.exact()) == step.result.exact() == due.amount_minor


@given(amount=st.integers(1, 10**12), rate=st.integers(0, 10**6), mode=st.sampled_from(TaxMode))
def test_the_step_of_tax_leads_to_it(amount, rate, mode):
    tax = breaches.tax_of(amount_minor=amount, rate_e6=rate, mode=mode)
    step = breaches.step_of_tax(amount_minor=amount, rate_e6=rate, mode=mode, tax_minor=tax)
    assert rounded(step.exact()) == tax == step.result.exact()


@pytest.mark.parametrize("signs", [("+", "×"), ("+",), ("÷", "−")])
def test_a_step_that_would_read_otherwise_than_it_is_worked_out_is_refused(signs):
    with pytest.raises(ValueError, match="signs"):
        Step(StepCode.SUM, tuple(Term(one) for one in (2, 3, 4)), signs, Term(15))
