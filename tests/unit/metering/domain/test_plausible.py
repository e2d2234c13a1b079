"""Counter values that are possible, but unlikely."""

import pytest

from metering.domain.plausible import Unlikely, doubt_of, usual_wh

MONTHS = (100_000, 100_000, 100_000)


def doubt(reading_kwh, *, last_kwh=1_000, days=30, months=MONTHS, digits=5, multiplier=1, capacity_w=8_000):
    return doubt_of(
        last_wh=last_kwh * 1_000, reading_wh=reading_kwh * 1_000, days=days, digits=digits, multiplier=multiplier,
        capacity_w=capacity_w, months_wh=months,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reading", "options", "code"),
    [
        (1_100, {}, None),
        (1_300, {}, Unlikely.FAR_ABOVE_USUAL),
        (1_020, {}, Unlikely.FAR_BELOW_USUAL),
        (1_020, {"days": 6}, None),
        (1_300, {"months": MONTHS[:2]}, None),
        (50, {"last_kwh": 99_950}, Unlikely.ROLLED_OVER),
        (7_000, {}, Unlikely.ABOVE_CAPACITY),
        (1_700, {"multiplier": 10, "months": (1_000_000,) * 3}, Unlikely.ABOVE_CAPACITY),
        (1_100, {"days": 0}, None),
    ],
)
def test_what_is_asked_about(reading, options, code):
    found = doubt(reading, **options)
    assert (found.code if found else None) == code


def test_the_energy_and_what_is_usual_are_told():
    found = doubt(1_900)
    assert (found.energy_wh, found.usual_wh) == (900_000, 98_630)
    assert found.message.startswith("That is far above")
    assert usual_wh(months_wh=MONTHS, days=365) == 1_200_000
    assert usual_wh(months_wh=MONTHS[:2], days=365) is None
