"""What counts on the network."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.errors import Findings
from metering.domain import network
from metering.domain.network import LoadRule, NewFeeder, NewTransformer

watts = st.integers(1, 10**12)
percents = st.integers(1, 100)


@given(watts, percents, percents)
def test_what_counts_is_rounded_against_whoever_asks(capacity, percent, usable):
    rule = LoadRule(usable_percent=usable, percent={"220V": percent}, reserved_days=1)
    assert rule.counted_va(capacity_w=capacity, voltage="220V") == ceil(Fraction(capacity * percent, 100))
    assert rule.usable_va(capacity) == floor(Fraction(capacity * usable, 100))


@pytest.mark.parametrize(
    ("transformer", "point", "serves"),
    [("380V", "220V", True), ("380V", "380V", True), ("220V", "380V", False), ("380V", "10kV", False)],
)
def test_a_transformer_serves_its_voltage_and_what_is_a_part_of_it(transformer, point, serves):
    assert network.serves(transformer_voltage=transformer, voltage=point) is serves
    assert (transformer in network.voltages_serving(point)) is serves


def test_all_that_is_wrong_with_an_asset_is_told():
    findings = Findings()
    network.check_feeder(NewFeeder(feeder=" ", name="", voltage="7V", capacity_va=0), findings=findings)
    wrong = NewTransformer(transformer="T", name="n", feeder="F", voltage="10kV", capacity_va=1, district="x" * 101)
    network.check_transformer(wrong, findings=findings)
    assert [(one.where, one.code) for one in findings] == [
        ("feeder", "bad_asset"),
        ("name", "bad_name"),
        ("capacity_kva", "bad_capacity"),
        ("voltage", "unknown_voltage"),
        ("voltage", "unknown_voltage"),
        ("district", "bad_district"),
    ]
