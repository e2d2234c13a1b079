"""Estimates: what a year of assumed use costs by the rating kernel, against fractions worked out apart."""

import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.domain import estimates
from contracts.domain.estimates import NotEstimable, Use
from tariffs.domain import cases, document

PACKS = Path(__file__).parents[4] / "cis" / "packs"
TIERED = "cn-shanghai/tariffs/residential-tiered.toml"
TIERED_TOU = "cn-shanghai/tariffs/residential-tiered-tou.toml"
LIMITS = (Fraction(3120), Fraction(4800))
PRICES = (Fraction("0.617"), Fraction("0.667"), Fraction("0.917"))


def compiled(path):
    return document.parse(text=(PACKS / path).read_text(encoding="utf-8"))


def rated(path, use, start):
    found = compiled(path)
    return [
        cases.rated(document=found, values=one).total_minor
        for one in estimates.cases(plan=found.plan, use=use, start=start)
    ]


def in_steps(kwh):
    """Cost of the first so many kWh of a year, exact."""
    bounds = (Fraction(0), *LIMITS, max(kwh, LIMITS[-1]))
    return sum(
        price * (min(kwh, high) - low)
        for price, low, high in zip(PRICES, bounds, bounds[1:], strict=False)
        if kwh > low
    )


def half_up(amount):
    return int(amount * 100 + Fraction(1, 2))


@settings(max_examples=40, deadline=None)
@given(month_wh=st.integers(1, 2_000_000), start=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_year_in_steps_costs_what_fractions_say(month_wh, start):
    """The steps of a year begin anew in January, and count from the first month of the estimate on."""
    first = start.month if start.day == 1 else start.month % 12 + 1
    month = Fraction(month_wh, 1000)
    expected, counted = [], Fraction(0)
    for place in range(12):
        if (first + place - 1) % 12 == 0:
            counted = Fraction(0)
        expected.append(half_up(in_steps(counted + month) - in_steps(counted)))
        counted += month
    assert rated(TIERED, Use(month_wh=month_wh), start) == expected


@given(
    month_wh=st.integers(0, 10**9),
    shares=st.tuples(*[st.integers(0, 100)] * 3).filter(lambda one: sum(one) <= 100),
)
def test_shares_are_all_of_the_use_to_the_last_watt_hour(month_wh, shares):
    sharp, peak, valley = shares
    use = Use(month_wh=month_wh, sharp_percent=sharp, peak_percent=peak, valley_percent=valley)
    found = use.shares()
    assert sum(found.values()) == month_wh
    assert min(found.values()) >= 0
    for code, percent in (("sharp", sharp), ("peak", peak), ("valley", valley)):
        assert 0 <= Fraction(month_wh * percent, 100) - found[code] < 1


def test_what_is_not_valley_is_peak_where_a_tariff_knows_only_both():
    plan = compiled(TIERED_TOU).plan
    use = Use(month_wh=200_000, sharp_percent=10, peak_percent=20, valley_percent=40)
    first = estimates.cases(plan=plan, use=use, start=date(2026, 3, 1))[0]
    assert first["used_kwh"] == {"peak": "120.000", "valley": "80.000"}
    assert rated(TIERED_TOU, use, date(2026, 3, 1))[0] == 9_860  # 120 x 0.617 + 80 x 0.307


def test_a_part_of_a_month_is_left_out():
    months = estimates.months_of(start=date(2026, 3, 10))
    assert (months[0].start, months[-1].end) == (date(2026, 4, 1), date(2027, 4, 1))
    assert estimates.months_of(start=date(2026, 3, 1))[0].start == date(2026, 3, 1)


def test_hours_that_a_tariff_does_not_know_are_named():
    plan = compiled(TIERED_TOU).plan
    odd = type(
        "Plan", (), {**{name: getattr(plan, name) for name in ("tier_cycle", "needs", "demand")}, "periods": ("night",)}
    )
    with pytest.raises(NotEstimable, match=r"no period for the \w+ hours"):
        estimates.cases(plan=odd, use=Use(month_wh=1_000), start=date(2026, 3, 1))


@pytest.mark.parametrize("path", sorted(str(one.relative_to(PACKS)) for one in PACKS.glob("*/tariffs/*.toml")))
def test_every_shipped_tariff_is_estimated(path):
    use = Use(
        month_wh=100_000_000, peak_percent=30, valley_percent=30, peak_w=400_000, capacity_va=800_000,
        contract_w=600_000,
    )  # fmt: skip
    months = rated(path, use, date(2026, 3, 1))
    assert len(months) == 12
    assert all(amount > 0 for amount in months)


def test_a_demand_that_nobody_knows_is_named_and_never_nothing():
    path = "cn-commercial/tariffs/commercial-measured-demand.toml"
    with pytest.raises(cases.InvalidCase) as caught:
        rated(path, Use(month_wh=1_000_000, capacity_va=800_000), date(2026, 3, 1))
    assert any("peak_kw" in finding.where for finding in caught.value.detail["findings"])
    assert tomllib.loads((PACKS / path).read_text(encoding="utf-8"))["schema"] == 1
