"""Pieces of time, against an oracle that goes from day to day."""

from datetime import date
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.pieces import NOWHERE
from cis.kernel.periods import Period
from tariffs.domain.components.tiers import Cycle
from tests.unit.billing.domain import books
from tests.unit.billing.domain.windows import (
    FLAT,
    MONTHLY,
    SEASONS,
    WINTER,
    YEARLY,
    made,
    terms,
)

FIRST = date(2024, 10, 20).toordinal()
DAYS = 150
KNOWN = (FLAT, YEARLY, MONTHLY, SEASONS, WINTER)
days = st.integers(0, DAYS)
spans_of_days = st.tuples(days, days).filter(lambda pair: pair[0] != pair[1]).map(sorted)


@st.composite
def worlds(draw):
    """Terms of up to three agreements, versions of two tariffs, billed periods, and the period of a run."""
    rows = []
    for agreement in range(1, draw(st.integers(1, 3)) + 1):
        bounds = sorted(draw(st.sets(days, min_size=2, max_size=5)))
        for low, high in pairwise(bounds):
            if draw(st.integers(0, 4)):
                facts = {"household": draw(st.integers(1, 2))}
                rows.append((agreement, agreement, 9 - agreement, agreement % 2 + 1, low, high, facts))
    versions = []
    for tariff in (1, 2):
        bounds = [-300, *sorted(draw(st.sets(days, max_size=2))), 900]
        for low, high in pairwise(bounds):
            if draw(st.integers(0, 5)):
                versions.append((draw(st.sampled_from(KNOWN)), tariff, low, high))
    was = [(draw(st.integers(1, 3)), *draw(spans_of_days), draw(st.booleans())) for _ in range(draw(st.integers(0, 4)))]
    return rows, versions, was, tuple(draw(spans_of_days))


def expected(rows, versions, was, own):
    """Return the pieces of each day as (agreement, start, end, version, period, is billed, is own, cycle day)."""
    pieces = []
    for agreement in {row[1] for row in rows}:
        mine = [row for row in rows if row[1] == agreement]
        starts = {
            start
            for plan, tariff, _, _ in versions
            if tariff in {row[3] for row in mine}
            for start in {*plan.tier_cycle.starts, *((month, 1) for month in plan.season_starts)}
        }
        labels = {}
        for row in mine:
            for day in range(row[4], row[5]):
                on = date.fromordinal(FIRST + day)
                version = next((at for at, v in enumerate(versions) if v[1] == row[3] and v[2] <= day < v[3]), NOWHERE)
                old = next((one for one in was if one[0] == agreement and one[1] <= day < one[2]), None)
                period = old[1:3] if old else own if own[0] <= day < own[1] else None
                is_billed = period is not None and not (old and old[3])
                labels[day] = [
                    row[2:4],
                    row[6],
                    version,
                    period,
                    is_billed,
                    period == own,
                    (on.month, on.day) in starts,
                ]
        number = 0
        for day in sorted(labels):
            before = labels.get(day - 1)
            number += before is None or before[:6] != labels[day][:6] or labels[day][6]
            labels[day].append(number)
        for _, group in groupby(sorted(labels), key=lambda day: labels[day][7]):
            inside = list(group)
            _, _, version, period, is_billed, is_own, *_ = labels[inside[0]]
            cycle = inside[0]
            if version != NOWHERE:
                kind = versions[version][0].tier_cycle
                if kind.kind is Cycle.MONTH:
                    cycle = period[0] if period else inside[0]
                elif kind.kind is not Cycle.NONE:
                    cycle = kind.start_of(on=date.fromordinal(FIRST + inside[0])).toordinal() - FIRST
            pieces.append((agreement, inside[0], inside[-1] + 1, version, period, is_billed, is_own, cycle))
    return pieces


def kept(pieces, versions):
    """Return those that are billed, or lie in the cycle before a billed one of their agreement."""

    def counts(one):
        return one[5] and one[3] != NOWHERE and versions[one[3]][0].tier_cycle.kind is not Cycle.NONE

    for piece in pieces:
        later = [one for one in pieces if one[0] == piece[0] and counts(one)]
        before = later and min(one[7] for one in later) <= piece[1] < max(one[1] for one in later)
        if piece[5] or before:
            yield piece


@given(worlds())
def test_any_window_is_cut_as_from_day_to_day(world):
    rows, versions, was, own = world
    day = {at: date.fromordinal(FIRST + at) for at in range(-300, 901)}
    # Cycles that change inside an agreement begin its count anew; here each tariff has one cycle.
    cycle = {tariff: next((v[0] for v in versions if v[1] == tariff), FLAT) for tariff in (1, 2)}
    versions = [(cycle[tariff], tariff, low, high) for _, tariff, low, high in versions]
    found = made(
        terms(*((*row[:4], day[row[4]], day[row[5]], row[6]) for row in rows)),
        [
            books.version(plan, version_id=at, tariff_id=tariff, start=day[low], end=day[high])
            for at, (plan, tariff, low, high) in enumerate(versions)
        ],
        *((one[0], Period(day[one[1]], day[one[2]]), *[True] * one[3]) for one in was),
        period=Period(day[own[0]], day[own[1]]),
    )
    told = []
    for at in range(len(found)):
        period = (int(found.period_start_day[at]) - FIRST, int(found.period_end_day[at]) - FIRST)
        told.append(
            (
                int(found.agreement_id[at]),
                int(found.start_day[at]) - FIRST,
                int(found.end_day[at]) - FIRST,
                int(found.version[at]),
                period if found.period_end_day[at] else None,
                bool(found.is_billed[at]),
                bool(found.is_own[at]),
                int(found.cycle_day[at]) - FIRST,
            )
        )
    assert sorted(told) == sorted(kept(expected(rows, versions, was, own), versions))
    assert found.is_rated.tolist() == found.is_billed.tolist()
    order = list(zip(found.service_point_id.tolist(), found.start_day.tolist(), strict=True))
    assert order == sorted(order)
