"""Amounts in capitals, by the examples of the published rules and by reading them back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.capitals import yuan


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (1_00, "壹元整"),
        (10_00, "壹拾元整"),
        (1_409_50, "壹仟肆佰零玖元伍角整"),
        (6_007_14, "陆仟零柒元壹角肆分"),
        (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (100_000_00, "壹拾万元整"),
        (107_000_53, "壹拾万零柒仟元伍角叁分"),
        (1_680_32, "壹仟陆佰捌拾元叁角贰分"),
        (10_001_000_00, "壹仟万零壹仟元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (1_234_500_000_000_00, "壹万贰仟叁佰肆拾伍亿元整"),
        (1_000_000_000_000_00, "壹万亿元整"),
        (-182_018_73, "负壹拾捌万贰仟零壹拾捌元柒角叁分"),
    ],
)
def test_the_published_cases(fen, text):
    assert yuan(fen) == text


@given(st.integers(0, 10**14))
def test_capitals_are_read_back(fen):
    assert _read(yuan(fen)) == fen
    assert "零零" not in yuan(fen)


def test_what_is_too_large_is_refused():
    with pytest.raises(ValueError, match="no capitals"):
        yuan(10**18)


def _read(text: str) -> int:
    """Read capitals by an own rule: a unit multiplies what stands before it."""
    whole, _, rest = text.partition("元") if "元" in text else ("", "", text)
    fen = 0
    for digit, unit in pairwise(rest):
        if unit in "角分":
            fen += "零壹贰叁肆伍陆柒捌玖".index(digit) * (10 if unit == "角" else 1)
    return _count(whole) * 100 + fen


def _count(text: str) -> int:
    for unit, times in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        if unit in text:
            before, _, after = text.rpartition(unit)
            return _count(before) * times + _count(after)
    digits = [sign for sign in text if sign != "零"]
    return "零壹贰叁肆伍陆柒捌玖".index(digits[0]) if digits else 0
