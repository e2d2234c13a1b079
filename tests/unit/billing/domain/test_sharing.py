"""Parts of a meter: whoever takes them, and however spans lie, they sum to what was approved."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import sharing
from billing.domain.findings import Obstacles
from billing.domain.pieces import BilledPeriods, cut
from billing.domain.quantities import by_days
from billing.domain.streams import streams_of, union
from cis.kernel.periods import Period, month_of
from metering.domain.intervals import IntervalColumns
from metering.domain.usage_rules import HungRegister, Rule, RuleBook, RuleKind, agreed_wh
from tests.unit.billing.domain import books, plans

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
MAIN, SUB, FIRST_TAKER = 1, 2, 3
HANGS = (1, date(2030, 1, 1).toordinal())


def rule(kind, rule_id, point, **values):
    given = {"source": MAIN, "start_date": JANUARY.start, **values}
    if kind is RuleKind.QUANTITY:
        given = {"per": "month", "excess": "in_proportion", **given}
    return Rule(kind=kind, id=rule_id, service_point=point, **given)


def book(*rules):
    registers = tuple(
        HungRegister(point, 10 * point + n, 10 * point + n, False, True, *HANGS)
        for point in (MAIN, SUB)
        for n in range(4)
    )
    return RuleBook(rules=rules, registers=registers, names={n: f"P{n}" for n in range(1, 20)})


def dealt(rules, rows, points):
    """Energy that reaches each place, signs included, row by row of what was approved; and what was found."""
    terms = books.agreements(*((n, n, n, 1, 1, JANUARY.start, JANUARY.end) for n in points))
    versions = (books.version(plans.flat()),)
    pieces = cut(agreements=terms, versions=versions, billed=books.no_periods(), period=JANUARY)
    held = Obstacles()
    streams = streams_of(pieces=pieces, book=book(*rules), versions=versions, obstacles=held)
    drawn = sharing.deal(usage=books.usage(*rows), book=book(*rules), streams=streams, pieces=pieces, obstacles=held)
    by_number = {one.number: one for one in streams.streams}
    found = defaultdict(int)
    usage = drawn.usage
    for point, wh in zip(usage.service_point_id.tolist(), usage.energy_wh.tolist(), strict=True):
        stream = by_number.get(point)
        found[stream.service_point_id if stream else point] += wh * (stream.sign if stream else 1)
    return dict(found), drawn, held.of_account


def of(code, wh, register, start=JANUARY.start, end=JANUARY.end, point=MAIN):
    return (point, register, code, start, end, wh)


energies = st.integers(0, 10**9)


@st.composite
def cases(draw):
    """A main meter with registers of all hours or by period, one or two spans, and who takes what of it."""
    edges = [JANUARY.start, *([date(2025, 1, draw(st.integers(2, 30)))] if draw(st.booleans()) else []), JANUARY.end]
    codes = draw(st.sampled_from([("",), ("peak", "valley"), ("", "peak", "valley")]))
    rows = [
        of(code, draw(energies), 10 + n, start, end) for n, code in enumerate(codes) for start, end in pairwise(edges)
    ]
    rules, weights = [], draw(st.lists(st.integers(1, 10**6), max_size=4))
    for n, weight in enumerate(weights):
        share = max(weight * 10**6 // (sum(weights) + draw(st.integers(0, 10**6))), 1)
        rules.append(rule(RuleKind.SHARE, n + 1, FIRST_TAKER + n, share_e6=share))
    for n, quantity in enumerate(draw(st.lists(st.integers(1, 10**9), max_size=3))):
        rules.append(rule(RuleKind.QUANTITY, 20 + n, FIRST_TAKER + 5 + n, quantity_wh=quantity))
    return rows, rules, codes


@settings(max_examples=150, deadline=None)
@given(cases())
def test_parts_sum_to_what_the_meter_counted_and_are_those_of_fractions(case):
    rows, rules, codes = case
    points = sorted({MAIN, *(one.service_point for one in rules)})
    found, drawn, held = dealt(rules, rows, points)
    assert not held
    assert sum(found.values()) == sum(row[5] for row in rows)
    assert drawn.usage.energy_wh.min(initial=0) >= 0
    # Registers of all hours and by period are the same energy twice: each set is split by itself.
    for is_total in {code == "" for code in codes}:
        _check_set(is_total, rows, rules, drawn)


def _check_set(is_total, rows, rules, drawn):
    mine = [row for row in rows if (row[2] == "") == is_total]
    whole = sum(row[5] for row in mine)
    wanted = sum(one.quantity_wh or 0 for one in rules)
    cut_to = Fraction(min(wanted, whole), wanted) if wanted else Fraction(0)
    left = whole - min(wanted, whole)
    parts = defaultdict(int)
    usage = drawn.usage
    totals = np.array([code == "" for code in usage.period_codes])[usage.period_of_use]
    for point, wh in zip(usage.service_point_id[totals == is_total], usage.energy_wh[totals == is_total], strict=True):
        parts[int(point)] += int(wh)
    numbers = {one.id: -place for place, one in enumerate(rules, start=1)}
    for one in rules:
        exact = (one.quantity_wh * cut_to) if one.quantity_wh else Fraction(one.share_e6, 10**6) * left
        assert abs(parts[numbers[one.id]] - exact) <= len(mine) + len(rules)


def test_a_quantity_is_dealt_over_the_month_and_not_span_by_span():
    """The first days alone hold less than their part of the quantity."""
    middle = date(2025, 1, 16)
    rows = [of("", 1_000, 10, JANUARY.start, middle), of("", 9_000, 10, middle, JANUARY.end)]
    taker = rule(RuleKind.QUANTITY, 1, FIRST_TAKER, quantity_wh=5_000, excess="refuse")
    found, drawn, held = dealt([taker], rows, [MAIN, FIRST_TAKER])
    assert not held
    assert found == {MAIN: 5_000, FIRST_TAKER: 5_000}
    assert sorted(drawn.usage.energy_wh.tolist()) == [0, 1_000, 4_000, 5_000]


def given_by(rows, quantity_wh, excess="refuse"):
    """What each span gives of a quantity, in order of time, and why it cannot be said."""
    taker = rule(RuleKind.QUANTITY, 1, FIRST_TAKER, quantity_wh=quantity_wh, excess=excess)
    _, drawn, held = dealt([taker], rows, [MAIN, FIRST_TAKER])
    usage = drawn.usage
    mine = usage.service_point_id < 0
    found = sorted(zip(usage.start_day[mine].tolist(), usage.energy_wh[mine].tolist(), strict=True))
    return [wh for _, wh in found], {one.code for one in held.values()}


def test_the_part_of_a_month_that_is_billed_first_stays_when_the_rest_is_measured():
    middle = date(2025, 1, 11)
    first, rest = of("", 9_000, 10, JANUARY.start, middle), of("", 5_000, 10, middle, JANUARY.end)
    assert given_by([first], 6_200) == ([2_000], set())
    assert given_by([first, rest], 6_200) == ([2_000, 4_200], set())


def test_what_the_rest_of_the_month_cannot_give_the_first_days_do():
    middle = date(2025, 1, 11)
    rows = [of("", 9_000, 10, JANUARY.start, middle), of("", 1_000, 10, middle, JANUARY.end)]
    assert given_by(rows, 6_200) == ([5_200, 1_000], set())
    # More than the month has is refused, once the month is over; of its first days nobody can tell.
    assert given_by(rows, 10_001)[1] == {"quantities_do_not_fit"}
    assert given_by(rows[:1], 31_000) == ([9_000], set())
    assert given_by(rows, 20_000, "in_proportion") == ([9_000, 1_000], set())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=4),
    st.lists(st.integers(0, 9_000), min_size=1, max_size=3),
    st.data(),
)
def test_quantities_are_dealt_by_days_wherever_there_is_enough(rooms, wanted, data):
    """Whatever is short somewhere is given elsewhere: nothing is lost, no span gives more than it has."""
    parts = [[data.draw(st.integers(0, one)) for one in wanted] for _ in rooms]
    given = by_days(room_wh=np.array(rooms), wanted_wh=np.array(parts))
    assert (given >= 0).all()
    assert (given.sum(axis=1) <= rooms).all()
    asked = np.array(parts).sum(axis=0)
    assert (given.sum(axis=0) <= asked).all()
    assert given.sum() == min(sum(rooms), int(asked.sum()))
    if all(sum(row) <= room for row, room in zip(parts, rooms, strict=True)):
        assert given.tolist() == parts


def test_a_reading_over_two_months_gives_the_quantities_of_two_months():
    rows = [of("", 9_000, 10, date(2024, 12, 1), JANUARY.end)]
    taker = rule(RuleKind.QUANTITY, 1, FIRST_TAKER, quantity_wh=2_000, start_date=date(2024, 1, 1))
    assert dealt([taker], rows, [MAIN, FIRST_TAKER])[0] == {MAIN: 5_000, FIRST_TAKER: 4_000}


@pytest.mark.parametrize(("excess", "codes"), [("refuse", {"quantities_do_not_fit"}), ("in_proportion", set())])
def test_a_cycle_that_ends_in_the_middle_of_a_month_is_closed_too(excess, codes):
    """Read on the 15th: quantities of 62 kWh in all where 10 kWh were counted."""
    rows = [of("", 10_000, 10, date(2024, 12, 15), date(2025, 1, 15))]
    takers = [
        rule(RuleKind.QUANTITY, n, FIRST_TAKER + n, quantity_wh=31_000, excess=excess, start_date=date(2024, 1, 1))
        for n in (1, 2)
    ]
    found, _, held = dealt(takers, rows, [MAIN, FIRST_TAKER + 1, FIRST_TAKER + 2])
    assert {one.code for one in held.values()} == codes
    if not codes:
        assert (found[FIRST_TAKER + 1], found[FIRST_TAKER + 2]) == (5_000, 5_000)


def test_a_sub_meter_that_is_read_less_often_leaves_what_it_leaves_in_all():
    """The main meter counted 40 and 60 kWh, the sub-meter 50 over both spans: 50 are left, not 55."""
    middle = date(2025, 1, 16)
    rows = [
        of("", 40_000, 10, JANUARY.start, middle), of("", 60_000, 10, middle, JANUARY.end),
        of("", 50_000, 20, point=SUB),
    ]  # fmt: skip
    rules = [
        rule(RuleKind.SUBMETER, 1, SUB),
        rule(RuleKind.QUANTITY, 2, FIRST_TAKER, quantity_wh=55_000, excess="in_order"),
    ]
    found, _, held = dealt(rules, rows, [MAIN, SUB, FIRST_TAKER])
    assert not held
    assert found == {MAIN: 0, SUB: 50_000, FIRST_TAKER: 50_000}


def test_a_true_up_below_nothing_goes_to_those_with_shares_and_to_the_rest():
    rows = [of("", -1_000, 10)]
    rules = [
        rule(RuleKind.SHARE, 1, FIRST_TAKER, share_e6=250_000),
        rule(RuleKind.QUANTITY, 2, FIRST_TAKER + 1, quantity_wh=5_000),
    ]
    found, _, held = dealt(rules, rows, [MAIN, FIRST_TAKER, FIRST_TAKER + 1])
    assert not held
    assert found == {MAIN: -750, FIRST_TAKER: -250, FIRST_TAKER + 1: 0}


@pytest.mark.parametrize("per_wh", [1, 29, 30, 31, 1_000_003])
def test_the_days_of_a_month_sum_to_its_quantity_however_it_is_cut(per_wh):
    for first in (date(2024, 2, 1), date(2025, 2, 1), date(2025, 12, 1)):
        month = month_of(first)
        days = [agreed_wh(quantity_wh=per_wh, per="month", start_day=day, end_day=day + 1) for day in _days(month)]
        assert sum(days) == per_wh
        assert max(days) - min(days) <= 1
    whole = agreed_wh(
        quantity_wh=per_wh, per="month", start_day=date(2025, 1, 15).toordinal(), end_day=date(2026, 1, 15).toordinal()
    )
    assert whole == 12 * per_wh


def _days(month):
    return range(month.start.toordinal(), month.end.toordinal())


def test_a_day_of_a_profile_reaches_every_stream_that_is_dealt_by_it():
    days = IntervalColumns(
        60, 0, books.column([7, 7, 9]), books.column([1, 2, 1]), books.column([0, 1, 0]),
        np.ones((3, 24), dtype=np.int64), np.full((3, 1), ord("A"), dtype=np.uint8),
    )  # fmt: skip
    numbers = books.column(sorted([7, (1 << 40) | 7, (2 << 40) | 9]))
    spread = sharing.in_streams(block=days, numbers=numbers)
    assert sorted(zip(spread.register_id.tolist(), spread.day.tolist(), strict=True)) == [
        (7, 1), (7, 2), ((1 << 40) | 7, 1), ((1 << 40) | 7, 2), ((2 << 40) | 9, 1),
    ]  # fmt: skip
    assert sharing.in_streams(block=days, numbers=books.column([7, 9])) is days


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=8))
def test_spans_are_joined_to_the_days_that_they_have(spans):
    given = [(start, start + length) for start, length in spans]
    joined = union(given)
    assert {day for start, end in joined for day in range(start, end)} == {
        day for start, end in given for day in range(start, end)
    }
    assert all(one[1] < other[0] for one, other in pairwise(joined))


def test_a_chunk_without_rules_is_left_as_it_is():
    terms = books.agreements((1, 1, MAIN, 1, 1, JANUARY.start, JANUARY.end))
    versions = (books.version(plans.flat()),)
    pieces = cut(agreements=terms, versions=versions, billed=books.no_periods(), period=JANUARY)
    streams = streams_of(pieces=pieces, book=RuleBook(), versions=versions, obstacles=Obstacles())
    assert streams.pieces is pieces
    values = np.arange(len(pieces), dtype=np.int64)
    assert streams.fold(values) is values
    assert timedelta(days=int(pieces.end_day[0] - pieces.start_day[0])).days == JANUARY.days


def test_only_pieces_with_days_of_a_rule_are_billed_by_it():
    february = Period(date(2025, 2, 1), date(2025, 3, 1))
    terms = books.agreements(*((n, n, n, 1, 1, JANUARY.start, february.end) for n in (MAIN, FIRST_TAKER)))
    versions = (books.version(plans.flat()),)
    billed = BilledPeriods(
        agreement_id=books.column((MAIN, FIRST_TAKER)),
        start_day=np.full(2, JANUARY.start.toordinal()),
        end_day=np.full(2, JANUARY.end.toordinal()),
        frozen=np.zeros(2, dtype=np.bool_),
    )
    pieces = cut(agreements=terms, versions=versions, billed=billed, period=february)
    rules = book(rule(RuleKind.SHARE, 1, FIRST_TAKER, share_e6=300_000, end_date=JANUARY.end))
    registers = (*rules.registers, HungRegister(FIRST_TAKER, 30, 30, True, True, february.start.toordinal(), HANGS[1]))
    streams = streams_of(
        pieces=pieces, book=replace(rules, registers=registers), versions=versions, obstacles=Obstacles()
    )
    of = streams.target[streams.is_plain]
    plain = zip(pieces.service_point_id[of].tolist(), pieces.start_day[of].tolist(), strict=True)
    assert list(plain) == [(n, february.start.toordinal()) for n in (MAIN, FIRST_TAKER)]
