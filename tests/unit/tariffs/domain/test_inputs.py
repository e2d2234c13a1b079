"""Inputs, scopes and adjustments: what a component may ask for, when it holds, and what it adds before pricing."""

from dataclasses import dataclass

import numpy as np
import pytest

from cis.kernel.fixed import Int64
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, Charge, LedgerClass, LineSlot, Scoped, Unit
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import MissingInput, rate, rate_many

HEAD = {"label": "energy", "ledger": LedgerClass.ENERGY}
SUMMER = Energy(code="summer", **HEAD, price_e6=60_000_000, scope=Scoped(months=frozenset({7, 8})))
RELIEF = Energy(code="fund", **HEAD, price_e6=1_000_000, scope=Scoped(not_for=("relief",)))
WIND = Energy(code="wind", **HEAD, price_e6=2_000_000, scope=Scoped(only_for=("green", "relief")))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMoreKwh(Adjusting):
    """A kWh is lost whatever is used."""

    def slots(self) -> tuple[LineSlot, ...]:
        return (self.slot(Unit.KWH, 0),)

    def added_wh(self, batch: RatingBatch) -> Int64:
        return np.full_like(batch.used_wh, 1000)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        return Charge(np.zeros((len(batch), 1), dtype=np.int64), np.full((len(batch), 1), 1000))


def batch(**inputs):
    count = len(next(iter(inputs.values()), [0]))
    columns = {Input(name): np.array(values, dtype=np.int64) for name, values in inputs.items()}
    return RatingBatch.of(used_wh=np.full((count, 1), 100_000), inputs=columns)


def totals(plan, given):
    return rate(plan=plan, batch=given).total_minor.tolist()


def test_a_component_of_some_months_is_left_out_of_the_others():
    plan = compile_plan(components=(SUMMER,))
    assert plan.season_starts == (7, 9)
    assert totals(plan, batch(month=[6, 7, 8, 9])) == [0, 6000, 6000, 0]


def test_a_component_holds_for_agreements_with_or_without_a_feature():
    plan = compile_plan(components=(RELIEF, WIND))
    assert plan.features == ("green", "relief")
    assert totals(plan, batch(features=[[0, 0], [1, 0], [0, 1], [1, 1]])) == [100, 300, 200, 200]


def test_a_need_that_is_not_given_is_refused_and_never_taken_as_nothing():
    plan = compile_plan(components=(SUMMER, WIND))
    with pytest.raises(MissingInput, match="features, month"):
        rate(plan=plan, batch=batch())


def test_an_input_of_the_wrong_width_is_a_mistake_of_the_caller():
    plan = compile_plan(components=(WIND,))
    with pytest.raises(ValueError, match="features"):
        rate(plan=plan, batch=batch(features=[[1]]))


def test_what_is_added_is_priced_by_all_components_and_only_where_it_holds():
    lost = OneMoreKwh(code="loss", **HEAD, scope=Scoped(months=frozenset({7})))
    plan = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=100_000_000), lost))
    assert totals(plan, batch(month=[6, 7])) == [10_000, 10_100]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenPercent(OneMoreKwh):
    """A tenth of what is used is lost."""

    def added_wh(self, batch: RatingBatch) -> Int64:
        return batch.used_wh // 10

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        return Charge(np.zeros((len(batch), 1), dtype=np.int64), self.added_wh(batch))


def test_what_adds_energy_tells_what_it_added_to_what_it_saw():
    twice = (TenPercent(code="low", **HEAD), TenPercent(code="high", **HEAD))
    rated = rate(plan=compile_plan(components=twice), batch=RatingBatch.of(used_wh=np.array([[100_000]])))
    assert rated.quantity.tolist() == [[10_000, 11_000]]


def test_plans_of_a_mixed_batch_get_inputs_of_their_own_rows():
    plain, summer = compile_plan(components=(RELIEF,)), compile_plan(components=(SUMMER,))
    given = RatingBatch.of(used_wh=np.full((4, 1), 100_000))
    inputs = {
        0: {Input.FEATURES: np.array([[0], [1]])},
        1: {Input.MONTH: np.array([7, 1])},
    }
    groups = rate_many(plans=[plain, summer], plan_of=np.array([0, 1, 0, 1]), batch=given, inputs_of=inputs)
    assert [group.rated.total_minor.tolist() for group in groups] == [[100, 0], [6000, 0]]


def test_a_batch_takes_its_inputs_along():
    part = batch(month=[1, 2, 3]).take(np.array([2, 0]))
    assert part.inputs[Input.MONTH].tolist() == [3, 1]


def test_an_input_of_another_length_is_no_input_of_the_batch():
    with pytest.raises(ValueError, match="month"):
        RatingBatch.of(used_wh=np.zeros((2, 1), dtype=np.int64), inputs={Input.MONTH: np.array([1])})


SEASONAL = """
schema = 1
code = "seasonal"
name_zh = "季节电价"
name_en = "Seasonal"
legal_source = "test"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
[labels.summer]
zh = "夏季"
en = "Summer"
[[component]]
kind = "energy"
code = "summer"
unit = "yuan/kWh"
price = "0.60"
months = [7, 8]
not_for = ["relief"]
[[vector]]
name = "July"
used_kwh = "100"
inputs = { month = 7 }
total = "60"
[[vector]]
name = "July with relief"
used_kwh = "100"
inputs = { month = 7, features = ["relief"] }
total = "0"
[[vector]]
name = "June"
used_kwh = "100"
inputs = { month = 6 }
total = "0"
"""


def test_months_features_and_inputs_are_read_from_the_document():
    read = document.parse(text=SEASONAL)
    assert not document.check(document=read)
    assert read.plan.needs == {Input.MONTH, Input.FEATURES}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("months = [7, 8]", "months = [13]", "bad_month"),
        ("months = [7, 8]", "months = [7, 7]", "bad_month"),
        ('not_for = ["relief"]', 'not_for = ["Relief!"]', "bad_code"),
        ("inputs = { month = 6 }", "", "missing_key"),
        ("inputs = { month = 6 }", "inputs = { month = 6, moon = 1 }", "unknown_key"),
    ],
)
def test_what_is_wrong_with_them_is_found(old, new, code):
    _, findings = document.examine(text=SEASONAL.replace(old, new))
    assert code in {finding.code for finding in findings}
