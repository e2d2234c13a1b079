"""Capacity in use: what is suspended, and for how long, against a count day by day and kVA by kVA."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from billing.domain import suspended
from billing.domain.findings import Obstacles
from billing.domain.pieces import cut
from billing.domain.suspended import Suspensions
from cis.kernel.periods import Period
from tariffs.domain.inputs import Input
from tests.unit.billing.domain import books, plans

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
LEAST = 15


def times(*spans, start=100):
    """Spans of days with so much suspended, one after the other; 0 = a gap."""
    found = []
    for days, va in spans:
        if va:
            found.append((start, start + days, va))
        start += days
    return found


def oracle(spans, day, least_days, start=100):
    """Each VA counts by itself: how many days without a gap is it suspended around the day."""
    by_day = [va for days, va in spans for _ in range(days)]
    at, counted = day - start, 0
    for level in range(1, max(by_day) + 1):
        low = high = at
        if by_day[at] < level:
            break
        while low > 0 and by_day[low - 1] >= level:
            low -= 1
        while high + 1 < len(by_day) and by_day[high + 1] >= level:
            high += 1
        counted += high - low + 1 >= least_days
    return counted


@pytest.mark.parametrize("seed", range(60))
def test_each_part_counts_by_its_own_days(seed):
    rng = np.random.default_rng(seed)
    spans = [(int(rng.integers(1, 20)), int(rng.integers(0, 6))) for _ in range(int(rng.integers(1, 7)))] + [(1, 1)]
    for day in range(100, 100 + sum(days for days, _ in spans)):
        found = suspended.counted_va(times=times(*spans), day=day, least_days=LEAST)
        assert found == oracle(spans, day, LEAST)


@pytest.mark.parametrize(("days", "counted"), [(14, 0), (15, 315), (400, 315)])
def test_fewer_days_than_the_tariff_names_are_paid_for(days, counted):
    assert suspended.counted_va(times=times((days, 315)), day=100 + days - 1, least_days=LEAST) == counted


def test_a_second_transformer_for_ten_days_does_not_count_and_the_first_does():
    spans = times((10, 315), (10, 630), (10, 315))
    assert [suspended.counted_va(times=spans, day=day, least_days=LEAST) for day in (105, 115, 125)] == [315, 315, 315]


def test_a_gap_begins_the_count_anew():
    spans = times((10, 315), (1, 0), (10, 315))
    assert suspended.counted_va(times=spans, day=105, least_days=LEAST) == 0


def in_use(plan, capacity, suspended_va, *, term_days=31, need=Input.CAPACITY_VA):
    """Capacity in use in January, of an agreement that has so much suspended from the 1st on for some days."""
    plan = replace(plan, needs=frozenset({need}))
    end = JANUARY.start + timedelta(days=term_days)
    terms = books.agreements((1, 1, 1, 1, 1, JANUARY.start, end), (1, 1, 1, 1, 1, end, books.NEVER))
    terms = replace(terms, capacity_va=books.column([capacity] * 2), suspended_va=books.column([suspended_va, 0]))
    versions = [books.version(plan)]
    pieces = cut(agreements=terms, versions=versions, billed=books.no_periods(), period=JANUARY)
    obstacles = Obstacles()
    rows = [(1, JANUARY.start.toordinal(), end.toordinal(), suspended_va)] if suspended_va else []
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    suspensions = Suspensions(
        agreement_id=columns[0], start_day=columns[1], end_day=columns[2], suspended_va=columns[3]
    )
    given = {"pieces": pieces, "versions": versions, "obstacles": obstacles}
    found = suspended.in_use_va(suspensions=suspensions, **given).tolist()
    minutes = suspended.energized_minutes(minutes=np.full(len(pieces), 60), **given).tolist()
    return found, minutes, {code.code for code in obstacles.of_account.values()}


RULED = replace(plans.flat(), suspended_least_days=LEAST)


@pytest.mark.parametrize(
    ("suspended_va", "days", "expected"),
    [
        (400, 20, [600, 1000]),
        (1000, 20, [0, 1000]),
        (400, 14, [1000, 1000]),
        (0, 20, [1000]),
    ],
)
def test_the_capacity_in_use_is_what_is_left(suspended_va, days, expected):
    found, _, held = in_use(RULED, 1000, suspended_va, term_days=days)
    assert (found, held) == (expected, set())


def test_a_tariff_that_says_nothing_of_suspensions_holds_who_has_one():
    assert in_use(plans.flat(), 1000, 400, term_days=20)[2] == {"suspension_undeclared"}
    assert in_use(plans.flat(), 1000, 0)[2] == set()
    # It is nobody's business where the tariff does not price capacity.
    assert in_use(plans.flat(), 1000, 400, need=Input.PEAK_W)[2] == set()


def test_transformers_lose_nothing_while_all_of_them_are_suspended_even_for_a_day():
    need = {"need": Input.ENERGIZED_MINUTES}
    assert in_use(RULED, 1000, 1000, term_days=1, **need)[1:] == ([0, 60], set())
    assert in_use(RULED, 1000, 400, term_days=20, **need)[1:] == ([60, 60], {"suspension_unclear"})
    assert in_use(RULED, -1, 0, term_days=20, **need)[1:] == ([60], set())
