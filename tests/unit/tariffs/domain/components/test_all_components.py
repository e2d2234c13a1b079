"""What holds for components of every kind: integers in the shape of their lines, also of nothing; lines that only inform."""

from functools import cache

import numpy as np
import pytest

from tariffs.domain.components.basic import Energy
from tariffs.domain.lines import Adjusting
from tariffs.domain.rating import rate
from tests.unit.tariffs.whole import tariffs as whole

PRICED = ("balance", "earned")
"""They tell money that is owed to the customer, in no total."""


@cache
def charged(kind):
    """What the components of a few tariffs with a kind charged: (lines, ``Charged``)."""
    seen = []
    for seed in range(4):
        plan, _ = whole.tariff(f"{kind} {seed}", ("energy", kind))
        batch, _ = whole.segments(plan, seed, 8)
        found = []
        rate(plan=plan, batch=batch, watch=found.append)
        seen += found
    return seen


@pytest.mark.parametrize("kind", whole.KINDS)
def test_amounts_and_quantities_are_integers_in_the_shape_of_the_lines(kind):
    for one in charged(kind):
        charge = one.component.charge(one.seen, one.base_minor)
        shape = (len(one.seen), len(one.component.slots()))
        assert charge.amounts_e9.shape == charge.quantities.shape == shape
        assert charge.quantities.dtype == np.int64
        assert charge.amounts_e9.dtype in (np.int64, np.object_)
        if charge.amounts_e9.dtype == np.object_:
            assert {type(amount) for amount in charge.amounts_e9.flat} <= {int}


@pytest.mark.parametrize("kind", whole.KINDS)
def test_nothing_is_charged_on_nothing(kind):
    for one in charged(kind):
        nothing = one.seen.take(slice(0, 0))
        charge = one.component.charge(nothing, one.base_minor[:0])
        assert charge.amounts_e9.shape == charge.quantities.shape == (0, len(one.component.slots()))
        if isinstance(one.component, Adjusting):
            assert one.component.added_wh(nothing).shape == nothing.used_wh.shape


@pytest.mark.parametrize("kind", whole.KINDS)
def test_what_adjusting_components_add_is_of_integers_in_the_shape_of_the_energy(kind):
    for one in charged(kind):
        if isinstance(one.component, Adjusting):
            added = one.component.added_wh(one.seen)
            assert added.shape == one.seen.used_wh.shape
            assert added.dtype == np.int64


@pytest.mark.parametrize(
    ("kind", "informing"),
    {
        "measured_demand": ["measured", "ratchet"],
        "contracted_demand": ["measured", "contract"],
        "power_factor_demand": ["factor", "measured"],
        "billed_demand": [""],
        "transformer_loss": ["", "reactive"],
        "agreed_loss": ["", "reactive"],
        "unmetered": [""],
        "netting": [""],
        "kwh_credits": ["offset", "net", "credit"],
        "money_credits": ["balance", "earned"],
    }.items(),
)
def test_lines_that_only_inform_cost_nothing_and_are_in_no_total(kind, informing):
    found = set()
    for one in charged(kind):
        charge = one.component.charge(one.seen, one.base_minor)
        for place, slot in enumerate(one.component.slots()):
            name = slot.key.removeprefix(one.component.code).strip("-/").partition("/")[0]
            if type(one.component) is not Energy and name in informing:
                found.add(name)
                assert slot.in_total is False
                assert name in PRICED or not (slot.price_e6 or charge.amounts_e9[:, place].any())
    assert found == set(informing)
