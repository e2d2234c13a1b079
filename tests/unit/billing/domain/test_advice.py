"""Order of the options, savings, and which months are looked at."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.advice import MONTHS, Option, advise, months_known
from billing.domain.findings import Obstacle
from cis.kernel.periods import Period, add_months

YEAR = Period(date(2025, 11, 1), date(2026, 11, 1))
NOT = Obstacle(code="no_such_hours", message="The meter does not tell the hours apart.")


def option(code, cost, *, is_current=False):
    return Option(
        tariff_id=1, version_id=1, code=code, name_zh=code, name_en=code, is_current=is_current, cost_minor=cost,
        used_wh=5, obstacle=None if cost is not None else NOT,
    )  # fmt: skip


def test_the_cheapest_comes_first_and_what_is_not_known_last():
    found = advise(
        period=YEAR, options=[option("a", None), option("b", 900), option("c", 700), option("d", 800, is_current=True)]
    )
    assert [(row.option.code, row.saving_minor, row.percent) for row in found.rows] == [
        ("c", 100, 77), ("d", None, 88), ("b", -100, 100), ("a", None, 0),
    ]  # fmt: skip
    assert (found.best_saving_minor, found.cheapest.code, found.current.code) == (100, "c", "d")
    assert (found.months, found.is_year, found.used_wh, found.is_whole) == (12, True, 5, False)


def test_who_has_the_cheapest_tariff_saves_nothing():
    found = advise(period=YEAR, options=[option("a", 700), option("b", 700, is_current=True)])
    assert [row.option.code for row in found.rows] == ["b", "a"]
    assert found.best_saving_minor == 0
    assert found.cheapest.is_current
    assert found.is_whole


def test_without_the_present_cost_there_is_no_saving():
    found = advise(period=YEAR, options=[option("a", 700), option("b", None, is_current=True)])
    assert (found.best_saving_minor, found.rows[0].saving_minor) == (0, None)
    nothing = advise(period=YEAR, options=[option("b", None, is_current=True)])
    assert (nothing.cheapest, nothing.best_saving_minor) == (None, 0)


def test_costs_below_nothing_have_no_bar():
    found = advise(period=YEAR, options=[option("a", -50), option("b", 0, is_current=True)])
    assert [row.percent for row in found.rows] == [0, 0]
    assert found.best_saving_minor == 50


@pytest.mark.parametrize(
    ("since", "until", "today", "period", "months", "ready"),
    [
        (date(2024, 1, 1), date(2026, 11, 1), date(2026, 11, 27), YEAR, 12, None),
        (date(2024, 1, 1), date(2026, 10, 20), date(2026, 11, 27), Period(date(2025, 10, 1), date(2026, 10, 1)), 12, None),
        (date(2026, 3, 5), date(2026, 11, 1), date(2026, 11, 27), Period(date(2026, 4, 1), date(2026, 11, 1)), 7, date(2027, 4, 1)),
        (date(2026, 10, 2), date(2026, 11, 1), date(2026, 11, 27), None, 0, date(2027, 11, 1)),
        (date(2024, 1, 1), date(2026, 12, 1), date(2026, 11, 27), YEAR, 12, None),
    ],
)  # fmt: skip
def test_the_last_whole_months_of_the_customer_are_looked_at(since, until, today, period, months, ready):
    found = months_known(since=since, until=until, today=today, least=12)
    assert (found.period, found.months, found.ready_on) == (period, months, ready)


@given(
    st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    st.integers(1, 12),
)
def test_months_are_whole_known_and_past(since, until, today, least):
    found = months_known(since=since, until=until, today=today, least=least)
    if found.period is None:
        assert found.months == 0
        return
    assert found.period.start.day == found.period.end.day == 1
    assert since <= found.period.start
    assert found.period.end <= min(until, today)
    assert 1 <= found.months <= MONTHS
    assert add_months(found.period.start, found.months) == found.period.end
    assert (found.ready_on is None) == (found.months >= least)
