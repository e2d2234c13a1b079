"""Numbers that come as text."""

import pytest

from cis.platform import typed


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text, number):
    assert typed.number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.0", " 1", "１", "²", "9" * 19, "9" * 5_000])
def test_all_else_is_none(text):
    assert typed.number(text) is None
