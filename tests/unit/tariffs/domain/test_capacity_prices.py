"""What a tariff asks for a kVA or kW and month."""

import pytest

from tariffs.domain import document
from tariffs.domain.capacity_prices import capacity_price
from tests.factories.tariffs import FLAT

HEAD = FLAT.split("[[vector]]", maxsplit=1)[0] + '\n[labels.capacity]\nzh = "基本电费"\nen = "Capacity"\n'
CAPACITY = """
[[component]]
kind = "capacity"
code = "capacity"
unit = "yuan/kVA"
price = "25"
proration = "%s"
"""


def plan(text):
    return document.parse(text=HEAD + text).plan


def found(text, *, month=3, features=()):
    one = capacity_price(plan=plan(text), month=month, features=features)
    return None if one is None else (one.label, one.unit.value, one.price_e6)


def test_the_price_of_a_month_is_that_of_the_capacity():
    assert found(CAPACITY % "thirtieths") == ("capacity", "kVA", 2_500_000_000)


def test_a_tariff_without_capacity_has_none():
    assert capacity_price(plan=document.parse(text=FLAT).plan, month=3, features=()) is None


def test_a_price_by_day_is_none_of_a_month():
    assert found(CAPACITY % "days") == ("capacity", "kVA", None)


@pytest.mark.parametrize(("features", "is_found"), [((), False), (("winter",), True)])
def test_only_the_part_that_holds_for_the_agreement_counts(features, is_found):
    text = CAPACITY % "thirtieths" + 'only_for = ["winter"]\n'
    assert (found(text, features=features) is not None) is is_found


def test_only_the_part_that_holds_in_the_month_counts():
    text = CAPACITY % "thirtieths" + "months = [7, 8]\n"
    assert found(text) is None
    assert found(text, month=7) == ("capacity", "kVA", 2_500_000_000)
