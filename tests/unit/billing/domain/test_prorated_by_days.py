"""Spans of registers that cross the edge of a piece, where the tariff lets each day have an equal part."""

from datetime import date
from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import prorated
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Pieces
from billing.domain.sharing import as_approved
from tariffs.domain.components.basic import Energy
from tariffs.domain.plan import SplitBy, compile_plan
from tests.unit.billing.domain import books, plans
from tests.unit.billing.domain.books import column

BY_READ = plans.flat()
BY_DAYS = compile_plan(components=(Energy(**plans.ENERGY, price_e6=60_000_000),), usage_split=SplitBy.DAYS)
VERSIONS = [books.version(BY_READ), books.version(BY_DAYS, version_id=2, tariff_id=2)]
READ, DAYS = 0, 1
BASE = date(2025, 1, 1).toordinal()


def pieces(*rows):
    """Rows as (account, service point, version, first day, end day), days counted from the first of January."""
    ordered = sorted(rows, key=lambda row: (row[1], row[3]))
    columns = {name: [0] * len(rows) for name in Pieces.__dataclass_fields__}
    names = ("account_id", "service_point_id", "version", "start_day", "end_day")
    columns |= {name: [row[at] for row in ordered] for at, name in enumerate(names)}
    for name in ("start_day", "end_day"):
        columns[name] = [BASE + day for day in columns[name]]
    flags = ("is_billed", "is_rated", "is_own")
    made = {name: column(values, np.bool_ if name in flags else np.int64) for name, values in columns.items()}
    return Pieces(**made | {"feature_sets": ((),)})


def usage(*rows):
    """Rows as (service point, register, first day, end day, Wh), True after it for intervals."""
    days = [(date.fromordinal(BASE + row[2]), date.fromordinal(BASE + row[3])) for row in rows]
    return books.usage(*((row[0], row[1], "", *day, *row[4:]) for row, day in zip(rows, days, strict=True)))


def split(energy, cut):
    """Return the rows after the split as (service point, register, first day, end day, Wh, estimated), and who waits."""
    obstacles = Obstacles()
    drawn = prorated.split(drawn=as_approved(energy), pieces=cut, versions=VERSIONS, obstacles=obstacles)
    found = drawn.usage
    for values in (found.start_day, found.end_day, found.energy_wh, drawn.approved_wh):
        assert values.dtype == np.int64
    assert found.is_estimated.dtype == np.bool_
    rows = zip(
        found.service_point_id.tolist(),
        found.register_id.tolist(),
        (found.start_day - BASE).tolist(),
        (found.end_day - BASE).tolist(),
        found.energy_wh.tolist(),
        found.is_estimated.tolist(),
        strict=True,
    )
    return list(rows), drawn.approved_wh.tolist(), obstacles.of_account


def test_each_day_has_an_equal_part_and_the_parts_are_estimates_that_know_the_whole():
    rows, approved, waiting = split(usage((1, 9, 0, 30, 100)), pieces((5, 1, DAYS, 0, 10), (5, 1, DAYS, 10, 31)))
    assert rows == [(1, 9, 0, 10, 33, True), (1, 9, 10, 30, 67, True)]
    assert approved == [100, 100]
    assert waiting == {}


def test_a_span_inside_a_piece_stays_as_it_was_measured():
    rows, approved, _ = split(usage((1, 9, 0, 10, 100), (1, 9, 10, 31, 7)), pieces((5, 1, DAYS, 0, 31)))
    assert rows == [(1, 9, 0, 10, 100, False), (1, 9, 10, 31, 7, False)]
    assert approved == [100, 7]


def test_only_spans_that_cross_an_edge_are_cut_and_order_is_kept():
    energy = usage((1, 8, 0, 20, 200), (1, 9, 0, 5, 50), (1, 9, 5, 15, 100), (1, 9, 15, 20, 40))
    rows, approved, _ = split(energy, pieces((5, 1, DAYS, 0, 10), (5, 1, DAYS, 10, 20)))
    assert rows == [
        (1, 8, 0, 10, 100, True),
        (1, 8, 10, 20, 100, True),
        (1, 9, 0, 5, 50, False),
        (1, 9, 5, 10, 50, True),
        (1, 9, 10, 15, 50, True),
        (1, 9, 15, 20, 40, False),
    ]
    assert approved == [200, 200, 50, 100, 100, 40]


def test_a_tariff_that_asks_for_reads_splits_nothing():
    energy = usage((1, 9, 0, 20, 200))
    rows, _, waiting = split(energy, pieces((5, 1, READ, 0, 10), (5, 1, READ, 10, 20)))
    assert rows == [(1, 9, 0, 20, 200, False)]
    assert waiting == {}


def test_intervals_are_not_split_nor_places_that_have_no_piece():
    energy = usage((1, 9, 0, 20, 200, True), (2, 8, 0, 20, 300), (4, 7, 0, 20, 100))
    rows, _, _ = split(
        energy, pieces((5, 1, DAYS, 0, 10), (5, 1, DAYS, 10, 20), (6, 3, DAYS, 0, 9), (6, 4, DAYS, 0, 20))
    )
    assert rows == [(1, 9, 0, 20, 200, False), (2, 8, 0, 20, 300, False), (4, 7, 0, 20, 100, False)]


def test_days_that_nobody_bills_are_left_out():
    rows, _, _ = split(usage((1, 9, 0, 30, 300)), pieces((5, 1, DAYS, 5, 10), (5, 1, DAYS, 20, 25)))
    assert rows == [(1, 9, 5, 10, 50, True), (1, 9, 20, 25, 50, True)]


def test_where_the_next_tariff_asks_for_a_read_its_account_waits_for_one():
    rows, _, waiting = split(usage((1, 9, 0, 30, 300)), pieces((5, 1, DAYS, 0, 10), (6, 1, READ, 10, 31)))
    assert rows == [(1, 9, 0, 10, 100, True)]
    assert list(waiting) == [6]
    assert waiting[6].code == "missing_read"
    assert "Usage from 2025-01-01 to 2025-01-31 crosses 2025-01-11" in waiting[6].message
    rows, _, waiting = split(usage((1, 9, 0, 30, 300)), pieces((5, 1, READ, 0, 10), (6, 1, DAYS, 10, 31)))
    assert rows == [(1, 9, 10, 30, 200, True)]
    assert list(waiting) == [5]
    assert "crosses 2025-01-11" in waiting[5].message


def test_a_piece_that_nobody_prices_is_not_split_by_days():
    cut = pieces((5, 1, DAYS, 0, 10), (6, 1, NOWHERE, 10, 20))
    rows, _, waiting = split(usage((1, 9, 0, 20, 200)), cut)
    assert rows == [(1, 9, 0, 10, 100, True)]
    assert list(waiting) == [6]


def test_another_place_that_reaches_over_an_edge_keeps_nobody_waiting():
    cut = pieces((5, 1, READ, 0, 10), (5, 1, READ, 10, 20), (6, 2, DAYS, 0, 10), (6, 2, DAYS, 10, 20))
    rows, _, waiting = split(usage((1, 9, 0, 20, 200), (2, 8, 0, 20, 200)), cut)
    assert rows == [(1, 9, 0, 20, 200, False), (2, 8, 0, 10, 100, True), (2, 8, 10, 20, 100, True)]
    assert waiting == {}


def test_nothing_is_split_where_nothing_is_billed():
    rows, _, _ = split(usage((1, 9, 0, 20, 200)), pieces())
    assert rows == [(1, 9, 0, 20, 200, False)]


def half_away(value):
    size = floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


@given(
    st.integers(-(10**18), 10**18) | st.integers(-50, 50),
    st.integers(2, 40),
    st.lists(st.integers(1, 39), min_size=1, max_size=5),
)
def test_parts_sum_to_what_was_approved_and_end_where_fractions_say(wh, days, edges):
    inner = sorted({edge for edge in edges if edge < days} | {1})
    bounds = list(zip([0, *inner], [*inner, days], strict=True))
    rows, approved, waiting = split(usage((1, 9, 0, days, wh)), pieces(*((5, 1, DAYS, *bound) for bound in bounds)))
    assert [row[2:4] for row in rows] == bounds
    assert sum(row[4] for row in rows) == wh
    until = 0
    for (_, end), row in zip(bounds, rows, strict=True):
        until += row[4]
        assert until == half_away(Fraction(wh * end, days))
    assert approved == [wh] * len(bounds)
    assert waiting == {}


def test_the_largest_span_is_cut_to_the_wh():
    wh = 10**17 + 7
    rows, _, _ = split(usage((1, 9, 0, 31, wh)), pieces((5, 1, DAYS, 0, 10), (5, 1, DAYS, 10, 31)))
    first = half_away(Fraction(wh * 10, 31))
    assert [row[4] for row in rows] == [first, wh - first]
