"""Vectors say what differs: total, amount, quantity, a line too many, a line unknown, a plan that cannot rate."""

import pytest

from tariffs.domain import document
from tariffs.domain.vectors import check_vectors

TIERS = """
schema = 1
code = "tiers"
name_zh = "阶梯"
name_en = "Tiers"
legal_source = "made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
tier_cycle = { every = "month" }
labels.energy = { zh = "电费", en = "Energy" }
labels.standing = { zh = "基本", en = "Standing" }

[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["100"]
prices = ["0.5", "0.6"]
household = { from_persons = 5, grow_kwh = ["50"] }

[[component]]
kind = "fixed"
code = "standing"
unit = "yuan/day"
price = "0.1"

[[vector]]
name = "150 kWh"
days = 10
household = 4
before_kwh = "20"
used_kwh = "150"
total = "84.00"
lines = [
  { line = "energy/1", quantity = "80", amount = "40" },
  { line = "energy/2", quantity = "70.000", amount = "42.00" },
  { line = "standing", quantity = "10", amount = "2.00" },
]
"""
RIGHT = TIERS.replace('amount = "2.00"', 'amount = "1.00"').replace('"84.00"', '"83.00"')


def messages(text):
    read = document.parse(text=text)
    return [finding.message for finding in check_vectors(plan=read.plan, vectors=read.vectors)]


def test_right_vectors_pass():
    assert messages(RIGHT) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"83.00"', '"83.01"', "the total is 83.00, expected 83.01"),
        ('amount = "40"', 'amount = "40.01"', "the amount of energy/1 is 40.00, expected 40.01"),
        ('quantity = "80"', 'quantity = "80.001"', "the quantity of energy/1 is 80.000, expected 80.001"),
        (
            '  { line = "standing", quantity = "10", amount = "1.00" },\n',
            "",
            "the amount of standing is 1.00, expected 0",
        ),
        ('line = "standing"', 'line = "energy/3"', "the plan has no line energy/3"),
        ('total = "83.00"', 'total = "many"', "'many' is not a number"),
        ('prices = ["0.5", "0.6"]', 'prices = ["0.5", "unset"]', "has no price for energy/2"),
    ],
)
def test_each_difference_is_named(old, new, message):
    assert old in RIGHT
    assert any(message in found for found in messages(RIGHT.replace(old, new)))


def test_lines_may_be_left_out_and_then_the_total_alone_is_checked():
    bare = RIGHT[: RIGHT.index("lines = [")]
    assert messages(bare) == []
    assert len(messages(bare.replace("83.00", "83.01"))) == 1


def test_household_and_energy_before_reach_the_plan():
    text = RIGHT[: RIGHT.index("lines = [")]
    assert messages(text.replace("household = 4", "household = 5").replace("83.00", "78.00")) == []
    assert messages(text.replace('before_kwh = "20"', "").replace("83.00", "81.00")) == []
