"""What rating refuses, with the facts that the doors pass on."""

import numpy as np
import pytest

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.dynamic import DynamicEnergy, NegativePrice, NegativePrices
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass, MissingPrice, Scoped
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import AmountOutOfRange, MissingInput, WrongPeriods, batch_of, rate

HEAD = {"label": "energy", "ledger": LedgerClass.ENERGY}
SUMMER = Energy(code="summer", **HEAD, price_e6=60_000_000, scope=Scoped(months=frozenset({7, 8})))
WIND = Energy(code="wind", **HEAD, price_e6=2_000_000, scope=Scoped(only_for=("green",)))


def refused(kind, *components, used=((1000,),), periods=("total",), inputs=None):
    plan = compile_plan(components=components, code="agent", periods=periods)
    given = RatingBatch.of(used_wh=np.array(used), inputs=inputs or {})
    with pytest.raises(kind) as refusal:
        rate(plan=plan, batch=given)
    return refusal.value


def test_an_input_that_is_not_known_is_named_with_the_tariff_and_what_to_do():
    found = refused(MissingInput, WIND, SUMMER)
    assert found.code == "missing_input"
    assert found.detail == {"plan": "agent", "missing": ["features", "month"]}
    assert found.message == "Tariff agent needs features, month, which is not known."
    assert found.advice


def test_a_price_that_is_not_known_is_named_with_the_tariff_and_what_to_do():
    found = refused(MissingPrice, Energy(code="b", **HEAD, price_e6=None), Energy(code="a", **HEAD, price_e6=None))
    assert found.detail == {"plan": "agent", "missing": ("b", "a")}
    assert found.message == "Tariff agent has no price for b, a."
    assert found.advice


def test_energy_by_other_periods_names_the_tariff_and_its_own():
    found = refused(WrongPeriods, Energy(code="a", **HEAD, price_e6=1), periods=("peak", "valley"))
    assert found.detail == {"plan": "agent"}
    assert found.message == "Tariff agent takes energy by peak, valley."
    plan = compile_plan(components=(SUMMER,), code="agent")
    with pytest.raises(WrongPeriods) as refusal:
        batch_of(plan=plan, batch=RatingBatch.of(used_wh=np.array([[1, 2]])), rows=np.array([0]), inputs={})
    assert refusal.value.detail == {"plan": "agent"}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_total_beyond_64_bits_names_the_tariff(sign):
    many = (Energy(code=f"e{place}", **HEAD, price_e6=sign * 10**12) for place in range(8))
    found = refused(AmountOutOfRange, *many, used=((10**15,),))
    assert found.detail == {"plan": "agent"}


@pytest.mark.parametrize(
    "values",
    [[[1]], [[1, 0, 0]], [1], [[[1], [0]]]],
    ids=["narrow", "wide", "no axis", "an axis more"],
)
def test_an_input_of_another_shape_is_a_mistake_of_the_caller(values):
    plan = compile_plan(components=(WIND, Energy(code="x", **HEAD, price_e6=1, scope=Scoped(not_for=("relief",)))))
    given = RatingBatch.of(used_wh=np.array([[1000]]), inputs={Input.FEATURES: np.array(values)})
    with pytest.raises(ValueError, match=r"features of .* has axes"):
        rate(plan=plan, batch=given)


def test_a_price_below_zero_that_a_tariff_refuses_names_the_series():
    spot = DynamicEnergy(code="x", **HEAD, series="spot", margin_e6=0, negative=NegativePrices.REFUSE)
    with pytest.raises(NegativePrice) as refusal:
        spot.bounded(prices_e6=np.array([5, -1]))
    assert refusal.value.detail == {"series": "spot"}
    assert spot.bounded(prices_e6=np.array([0, 5])).tolist() == [0, 5]
