"""Numbers and dates on printed documents."""

from datetime import date

import pytest

from cis.platform.templatetags import paper


@pytest.mark.parametrize(
    ("minor", "text"),
    [(0, "0.00"), (5, "0.05"), (123_456, "1,234.56"), (-1, "−0.01"), (10**17, "1,000,000,000,000,000.00")],
)
def test_amounts_have_two_decimals_and_thousands_apart(minor, text):
    assert paper.amount(minor) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (312_000, 3, "312"),
        (1_234_567_891, 3, "1,234,567.891"),
        (-120_500, 3, "−120.5"),
        (419_354_839, 9, "0.419354839"),
        (31, 0, "31"),
        (0, 3, "0"),
    ],
)
def test_quantities_lose_only_zeros(value, places, text):
    assert paper.quantity(value, places) == text


@pytest.mark.parametrize(("wh", "text"), [(499, "0"), (500, "1"), (-499, "0"), (-1500, "−2"), (1_234_500, "1,235")])
def test_bars_show_whole_kwh(wh, text):
    assert paper.whole_kwh(wh) == text


def test_dates_are_iso_and_none_is_a_dash():
    assert paper.iso_date(date(2026, 10, 31)) == "2026-10-31"
    assert paper.iso_date(None) == "—"
    assert paper.day_before(date(2026, 3, 1)) == date(2026, 2, 28)
