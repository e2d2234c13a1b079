"""Usage of registers split at the edges of pieces by days and by load profiles, against fractions."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from billing.domain import prorated
from billing.domain.findings import Obstacles
from billing.domain.pieces import cut
from billing.domain.prorated import Profile
from billing.domain.sharing import as_approved
from cis.kernel.periods import Period
from tariffs.domain.plan import SplitBy
from tests.unit.billing.domain import books, plans

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
MIDDLE = date(2025, 1, 11)
FIRST = JANUARY.start.toordinal()


def plan(split=SplitBy.PROFILE, profile="HOMES"):
    return replace(plans.flat(), usage_split=split, usage_profile=profile if split is SplitBy.PROFILE else "")


def pieces_of(*by_tariff, on=(MIDDLE,)):
    """Pieces of one agreement whose tariff changes on some days."""
    versions = [books.version(one, version_id=place, tariff_id=place) for place, one in enumerate(by_tariff, start=1)]
    edges = [date(2024, 1, 1), *on, books.NEVER]
    terms = [(1, 1, 1, place, 1, start, end) for place, (start, end) in enumerate(pairwise(edges), start=1)]
    pieces = cut(agreements=books.agreements(*terms), versions=versions, billed=books.no_periods(), period=JANUARY)
    return pieces, versions


def profile(values, start=JANUARY.start, unknown=()):
    known = np.array([place not in unknown for place in range(len(values))], dtype=np.bool_)
    return Profile(first_day=start.toordinal(), energy=np.array(values, dtype=np.int64), is_known=known)


def split(pieces, versions, *rows, profiles=None):
    obstacles = Obstacles()
    drawn = prorated.split(
        drawn=as_approved(books.usage(*rows)), pieces=pieces, versions=versions, obstacles=obstacles,
        profiles=profiles,
    )  # fmt: skip
    usage = drawn.usage
    found = list(zip(usage.start_day.tolist(), usage.end_day.tolist(), usage.energy_wh.tolist(), strict=True))
    return found, obstacles.of_account, usage


def rounded(value):
    """Half away from zero."""
    size = abs(value)
    return (1 if value > 0 else -1) * ((2 * size.numerator + size.denominator) // (2 * size.denominator))


def oracle(energy, weights, edges):
    """Parts of a span whose days weigh so much, cut at some of its days, from 0 to their number."""
    whole = sum(weights)
    until = [rounded(Fraction(energy) * Fraction(sum(weights[:edge]), whole)) for edge in edges]
    return [high - low for low, high in pairwise(until)]


@pytest.mark.parametrize("seed", range(40))
def test_any_span_is_dealt_as_its_profile_lies(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 4))
    edges = sorted({int(one) for one in rng.integers(1, 31, count)})
    tariffs = [plan() for _ in range(len(edges) + 1)]
    pieces, versions = pieces_of(*tariffs, on=[JANUARY.start + timedelta(days=edge) for edge in edges])
    weights = rng.integers(0, 10 ** int(rng.integers(1, 12)), 31) + (np.arange(31) == 0)
    energy = int(rng.integers(-(10**9), 10**12))
    found, held, usage = split(
        pieces, versions, (1, 9, "", JANUARY.start, JANUARY.end, energy), profiles={"HOMES": profile(weights)}
    )
    assert [row[2] for row in found] == oracle(energy, weights.tolist(), [0, *edges, 31])
    assert sum(row[2] for row in found) == energy
    assert usage.is_estimated.all()
    assert not held


def test_a_flat_profile_is_a_split_by_days():
    pieces, versions = pieces_of(plan(), plan())
    by_days, days = pieces_of(plan(SplitBy.DAYS), plan(SplitBy.DAYS))
    row = (1, 9, "", JANUARY.start, JANUARY.end, 310_001)
    assert split(pieces, versions, row, profiles={"HOMES": profile([7] * 31)})[0] == split(by_days, days, row)[0]


def test_a_span_from_before_the_period_is_dealt_over_all_its_days():
    pieces, versions = pieces_of(plan(), plan(), on=(date(2025, 1, 21),))
    start = date(2024, 12, 22)
    weights = [1] * 10 + [3] * 20 + [2] * 11
    found, _, _ = split(
        pieces, versions, (1, 9, "", start, date(2025, 2, 1), 92_000), profiles={"HOMES": profile(weights, start)}
    )
    # The ten days of December belong to nobody here.
    assert [(row[0] - FIRST, row[2]) for row in found] == [(0, 60_000), (20, 22_000)]


@pytest.mark.parametrize(
    "profiles",
    [
        {},
        {"HOMES": profile([1] * 31, unknown=(20,))},
        {"HOMES": profile([1] * 30)},
        {"HOMES": profile([1] * 31, start=date(2025, 1, 2))},
        {"HOMES": profile([0] * 31)},
        {"HOMES": profile([5, -1, *[1] * 29])},
    ],
)
def test_a_profile_that_does_not_tell_each_day_holds_the_account(profiles):
    pieces, versions = pieces_of(plan(), plan())
    _, held, _ = split(pieces, versions, (1, 9, "", JANUARY.start, JANUARY.end, 310_000), profiles=profiles)
    assert held[1].code == "missing_profile"
    assert "HOMES" in held[1].message


@pytest.mark.parametrize("other", [plan(SplitBy.DAYS), plan(profile="SHOPS"), plan(SplitBy.READ)])
def test_tariffs_that_split_one_span_in_different_ways_need_a_read(other):
    pieces, versions = pieces_of(plan(), other)
    _, held, _ = split(
        pieces, versions, (1, 9, "", JANUARY.start, JANUARY.end, 310_000), profiles={"HOMES": profile([1] * 31)}
    )
    assert held[1].code == "missing_read"
    assert "2025-01-11" in held[1].message


def test_only_what_is_split_asks_for_a_profile():
    pieces, versions = pieces_of(plan(), plan(profile="SHOPS"))
    whole = as_approved(books.usage((1, 9, "", JANUARY.start, MIDDLE, 5), (1, 9, "", MIDDLE, JANUARY.end, 5)))
    assert prorated.asked(drawn=whole, pieces=pieces, versions=versions) == {}
    over = as_approved(books.usage((1, 9, "", MIDDLE, date(2025, 2, 9), 5)))
    assert prorated.asked(drawn=over, pieces=pieces, versions=versions) == {
        "SHOPS": (MIDDLE.toordinal(), date(2025, 2, 9).toordinal())
    }


def test_intervals_are_never_split_by_a_profile():
    pieces, versions = pieces_of(plan(), plan())
    row = (1, 9, "", JANUARY.start, JANUARY.end, 310_000, True)
    found, held, _ = split(pieces, versions, row, profiles={"HOMES": profile([1] * 31)})
    assert (found, held) == ([(FIRST, FIRST + 31, 310_000)], {})
