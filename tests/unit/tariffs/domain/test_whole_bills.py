"""Whole bills of random tariffs made of all kinds of components, line by line against school arithmetic."""

import os
from fractions import Fraction

import pytest

from tariffs.domain.parts.readers import READERS
from tariffs.domain.plan import Scope
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_whole
from tests.unit.tariffs.whole import tariffs as whole

TOGETHER = 20
CASES = 100_000 if os.environ.get("WATTLINE_PROOF") == "1" else 1_000
SHARDS = 10
FEW = 60
PROVEN_ELSEWHERE = {"dynamic"}
"""Beside other random tariffs, in ``test_rating``: prices by the hour, and steps in order of time."""


def assert_equal_to_school_arithmetic(seed, kinds, count):
    plan, rules = whole.tariff(seed, kinds)
    batch, facts = whole.segments(plan, seed, count)
    rated = rate(plan=plan, batch=batch)
    for row, one in enumerate(facts):
        lines, total = oracle_whole.bill(rules, one, by_bill=plan.rounding_scope is Scope.BILL)
        found = [
            (slot.key, Fraction(quantity, whole.DIVISORS[slot.unit]), Fraction(amount, 100))
            for slot, quantity, amount in zip(
                plan.slots, rated.quantity[row].tolist(), rated.amount_minor[row].tolist(), strict=True
            )
        ]
        assert found == [(line.key, line.quantity, line.amount) for line in lines], (seed, row)
        assert Fraction(int(rated.total_minor[row]), 100) == total, (seed, row)


@pytest.mark.parametrize("kind", whole.KINDS)
def test_each_kind_beside_energy_equals_school_arithmetic(kind):
    for seed in range(3):
        assert_equal_to_school_arithmetic(f"{kind} {seed}", ("energy", kind), FEW // 3)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_whole_bills_equal_school_arithmetic(shard):
    """A hundred thousand when the proof is run; a few of them at each change."""
    for place in range(CASES // SHARDS // TOGETHER):
        assert_equal_to_school_arithmetic(f"{shard} {place}", whole.KINDS, TOGETHER)


def test_every_kind_of_component_is_proven():
    named = {"power_factor_percent": "power_factor"}
    assert {named.get(kind, kind) for kind in READERS} - set(whole.KINDS) == PROVEN_ELSEWHERE
