"""Pieces of time, against an oracle that goes from day to day."""

from datetime import date
from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.chained import FAR, Chained
from billing.domain.pieces import FACTS, NOWHERE, BilledPeriods, Pieces, cut, join_terms, key_of
from billing.domain.restarts import KINDS, NO_RESTARTS, Restarts
from cis.kernel.periods import Period
from contracts.domain.agreements import AgreementColumns
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.losses import AgreedLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Cycle, Restart, TierCycle, TieredEnergy
from tariffs.domain.lines import LedgerClass, Scoped
from tariffs.domain.plan import compile_plan
from tests.unit.billing.domain import books, plans
from tests.unit.billing.domain.books import column

ENERGY = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
TIERS = TieredEnergy(**ENERGY, limits_wh=(1000,), prices_e6=(1, 2))
FLAT = plans.flat()
YEARLY = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.YEAR, 1))
MONTHLY = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.MONTH))
SEASONS = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.SEASON, seasons=((5, 1), (11, 16))))
WINTER = compile_plan(components=(Energy(**ENERGY, price_e6=1, scope=Scoped(months=frozenset({1, 2, 12}))),))
LOSS = AgreedLoss(
    code="loss", label="loss", ledger=LedgerClass.ENERGY, wh=7_000, varh=0, proration=Proration.CALENDAR_DAYS
)
WITH_LOSS = compile_plan(components=(LOSS, TIERS), tier_cycle=TierCycle(Cycle.YEAR, 1))
NOVEMBER = Period(date(2024, 11, 1), date(2024, 12, 1))
DECEMBER = Period(date(2024, 12, 1), date(2025, 1, 1))
JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
FEBRUARY = Period(date(2025, 2, 1), date(2025, 3, 1))


def terms(*rows):
    """Rows as (account, agreement, service point, tariff, start, end), and facts by name after them."""
    made = books.agreements(*((*row[:4], 1, *row[4:6]) for row in rows))
    changed = {name: getattr(made, name).copy() for name in ("household", *FACTS)}
    order = sorted(range(len(rows)), key=lambda at: (rows[at][0], rows[at][1], rows[at][4]))
    for place, at in enumerate(order):
        for name, value in (rows[at][6] if len(rows[at]) > 6 else {}).items():
            changed[name][place] = value
    columns = {name: getattr(made, name) for name in AgreementColumns.__dataclass_fields__}
    return AgreementColumns(**columns | changed | {"feature_sets": ((), ("relief",))})


def billed(*rows):
    """Rows as (agreement, period), True after it if it stays as it is."""
    return BilledPeriods(
        agreement_id=column(row[0] for row in rows),
        start_day=column(row[1].start.toordinal() for row in rows),
        end_day=column(row[1].end.toordinal() for row in rows),
        frozen=column((len(row) > 2 for row in rows), np.bool_),
    )


def made(agreements, versions, *was_billed, period=JANUARY, **more):
    found = cut(agreements=agreements, versions=versions, billed=billed(*was_billed), period=period, **more)
    for name in Pieces.__dataclass_fields__:
        if name != "feature_sets":
            values = getattr(found, name)
            assert values.dtype == (np.bool_ if name.startswith("is_") else np.int64), name
            assert len(values) == len(found)
    assert found.feature_sets == agreements.feature_sets
    return found


def spans(found):
    """Return (first day, end day) of each piece as texts without the year's hundreds."""
    days = zip(found.start_day.tolist(), found.end_day.tolist(), strict=True)
    return [tuple(date.fromordinal(day).isoformat()[2:] for day in pair) for pair in days]


def day_texts(days):
    return [date.fromordinal(day).isoformat()[2:] if day else None for day in days.tolist()]


WHOLE = (1, 7, 3, 1, date(2024, 11, 1), date(2025, 3, 1))


def test_a_run_bills_its_period_and_nothing_else_of_the_window():
    found = made(terms(WHOLE), [books.version(FLAT)])
    assert spans(found) == [("25-01-01", "25-02-01")]
    assert (found.account_id[0], found.agreement_id[0], found.service_point_id[0], found.tariff_id[0]) == (1, 7, 3, 1)
    assert found.count_of.tolist() == [7]
    assert found.cycle_day.tolist() == found.start_day.tolist()
    assert found.period_start_day.tolist() == [JANUARY.start.toordinal()]
    assert found.period_end_day.tolist() == [JANUARY.end.toordinal()]
    assert [found.is_billed[0], found.is_rated[0], found.is_own[0]] == [True] * 3


def test_a_new_price_cuts_the_month_in_two_and_the_last_day_of_the_old_one_belongs_to_it():
    old = books.version(FLAT, end=date(2025, 1, 11))
    new = books.version(FLAT, version_id=2, start=date(2025, 1, 11))
    found = made(terms(WHOLE), [new, old])
    assert spans(found) == [("25-01-01", "25-01-11"), ("25-01-11", "25-02-01")]
    assert found.version.tolist() == [1, 0]


def test_a_price_of_another_tariff_cuts_nothing_and_days_without_a_price_are_nowhere():
    other = books.version(FLAT, version_id=2, tariff_id=2, start=date(2025, 1, 5), end=date(2025, 1, 9))
    found = made(terms(WHOLE), [books.version(FLAT, start=date(2025, 1, 11)), other])
    assert spans(found) == [("25-01-01", "25-01-11"), ("25-01-11", "25-02-01")]
    assert found.version.tolist() == [NOWHERE, 0]


def test_each_agreed_fact_that_changes_cuts_and_terms_that_are_alike_are_one():
    middle = date(2025, 1, 16)
    first, second = (*WHOLE[:5], middle), (*WHOLE[:4], middle, WHOLE[5])
    alike = terms(first, second)
    assert spans(made(alike, [books.version(FLAT)])) == [("25-01-01", "25-02-01")]
    assert len(join_terms(alike)) == 1
    for name, value in {"household": 5, "capacity_va": 9, "contract_w": 8, "green_blocks": 3, "features": 1}.items():
        found = made(terms(first, (*second, {name: value})), [books.version(FLAT)])
        assert spans(found) == [("25-01-01", "25-01-16"), ("25-01-16", "25-02-01")], name
        assert getattr(found, name)[1] == value
        assert getattr(found, name)[0] != value


def test_days_without_an_agreement_are_in_no_piece():
    first, second = (*WHOLE[:5], date(2025, 1, 11)), (*WHOLE[:4], date(2025, 1, 21), WHOLE[5])
    found = made(terms(first, second), [books.version(FLAT)])
    assert spans(found) == [("25-01-01", "25-01-11"), ("25-01-21", "25-02-01")]


def test_terms_of_several_agreements_are_joined_each_by_itself():
    joined = join_terms(
        terms(
            (1, 1, 1, 1, date(2025, 1, 1), date(2025, 1, 5)),
            (1, 1, 1, 1, date(2025, 1, 5), date(2025, 1, 9)),
            (1, 1, 1, 1, date(2025, 1, 9), date(2025, 1, 20)),
            (2, 2, 2, 1, date(2025, 1, 20), date(2025, 1, 25)),
            (3, 3, 3, 1, date(2025, 1, 1), date(2025, 1, 5)),
            (3, 3, 3, 2, date(2025, 1, 5), date(2025, 1, 9)),
        )
    )
    days = zip(joined.agreement_id.tolist(), joined.start_day.tolist(), joined.end_day.tolist(), strict=True)
    first = date(2025, 1, 1).toordinal() - 1
    assert [(one, start - first, end - first) for one, start, end in days] == [
        (1, 1, 20),
        (2, 20, 25),
        (3, 1, 5),
        (3, 5, 9),
    ]


def test_what_cuts_one_agreement_cuts_no_other():
    mine = (1, 1, 1, 1, date(2025, 1, 1), date(2025, 2, 1))
    other = (2, 2, 2, 2, date(2025, 1, 8), date(2025, 1, 20))
    versions = [books.version(FLAT), books.version(WINTER, version_id=2, tariff_id=2, start=date(2025, 1, 10))]
    found = made(terms(mine, other), versions, (2, Period(date(2025, 1, 12), date(2025, 1, 14))))
    rows = zip(found.agreement_id.tolist(), spans(found), strict=True)
    assert [span for agreement, span in rows if agreement == 1] == [("25-01-01", "25-02-01")]


def test_pieces_stand_by_place_and_start():
    found = made(
        terms(
            (1, 1, 9, 1, date(2025, 1, 16), date(2025, 2, 1)),
            (2, 2, 9, 1, date(2025, 1, 1), date(2025, 1, 16)),
            (3, 3, 4, 1, date(2025, 1, 1), date(2025, 2, 1)),
        ),
        [books.version(FLAT)],
    )
    assert found.agreement_id.tolist() == [3, 2, 1]


def test_what_was_billed_is_billed_again_in_its_own_period_and_what_is_frozen_is_not():
    part = Period(date(2024, 12, 10), date(2024, 12, 20))
    found = made(terms(WHOLE), [books.version(FLAT)], (7, NOVEMBER, True), (7, part), (7, DECEMBER))
    assert spans(found) == [
        ("24-12-01", "24-12-10"),
        ("24-12-10", "24-12-20"),
        ("24-12-20", "25-01-01"),
        ("25-01-01", "25-02-01"),
    ]
    assert day_texts(found.period_start_day) == ["24-12-01", "24-12-10", "24-12-01", "25-01-01"]
    assert day_texts(found.period_end_day) == ["25-01-01", "24-12-20", "25-01-01", "25-02-01"]
    assert found.is_own.tolist() == [False, False, False, True]
    assert found.is_billed.all()


def test_a_period_that_begins_or_ends_with_that_of_the_run_is_not_its_own():
    for period in (Period(JANUARY.start, date(2025, 1, 11)), Period(date(2025, 1, 11), JANUARY.end)):
        found = made(terms(WHOLE), [books.version(FLAT)], (7, period))
        own = dict(zip(spans(found), found.is_own.tolist(), strict=True))
        assert sorted(own.values()) == [False, True]


def test_the_year_counts_from_its_first_day_and_months_before_the_billed_one_count_only():
    found = made(terms((1, 7, 3, 1, date(2024, 12, 1), date(2025, 3, 1))), [books.version(YEARLY)], period=FEBRUARY)
    assert spans(found) == [("25-01-01", "25-02-01"), ("25-02-01", "25-03-01")]
    assert found.is_billed.tolist() == found.is_rated.tolist() == [False, True]
    assert day_texts(found.cycle_day) == ["25-01-01", "25-01-01"]
    assert day_texts(found.period_start_day) == [None, "25-02-01"]
    assert day_texts(found.period_end_day) == [None, "25-03-01"]


def test_a_year_that_begins_inside_the_period_cuts_it():
    over = Period(date(2024, 12, 16), date(2025, 1, 16))
    found = made(terms(WHOLE), [books.version(YEARLY)], period=over)
    assert spans(found)[-2:] == [("24-12-16", "25-01-01"), ("25-01-01", "25-01-16")]
    assert day_texts(found.cycle_day)[-2:] == ["24-01-01", "25-01-01"]


def test_seasons_of_steps_and_of_components_cut_where_they_begin():
    over = Period(date(2024, 11, 10), date(2024, 12, 10))
    assert spans(made(terms(WHOLE), [books.version(SEASONS)], period=over))[-2:] == [
        ("24-11-10", "24-11-16"),
        ("24-11-16", "24-12-10"),
    ]
    assert spans(made(terms(WHOLE), [books.version(WINTER)], period=over)) == [
        ("24-11-10", "24-12-01"),
        ("24-12-01", "24-12-10"),
    ]


def test_monthly_steps_belong_to_the_billed_period_whatever_cuts_it():
    old = books.version(MONTHLY, end=date(2025, 1, 11))
    new = books.version(MONTHLY, version_id=2, start=date(2025, 1, 11))
    found = made(terms(WHOLE), [old, new])
    assert spans(found) == [("25-01-01", "25-01-11"), ("25-01-11", "25-02-01")]
    assert day_texts(found.cycle_day) == ["25-01-01", "25-01-01"]


def test_an_event_at_which_steps_begin_anew_cuts_and_counts_from_there():
    exchange = Restarts(
        agreement_id=column([7]),
        day=column([date(2025, 1, 20).toordinal()]),
        kind=column([KINDS.index(Restart.METER_EXCHANGE)]),
    )
    restarting = TierCycle(Cycle.YEAR, 1, restarts_at=frozenset({Restart.METER_EXCHANGE}))
    plan = compile_plan(components=(TIERS,), tier_cycle=restarting)
    found = made(terms(WHOLE), [books.version(plan)], events=exchange)
    assert spans(found) == [("25-01-01", "25-01-20"), ("25-01-20", "25-02-01")]
    assert day_texts(found.cycle_day) == ["25-01-01", "25-01-20"]
    # A tariff that does not name the event goes on counting, uncut; an event outside the window changes nothing.
    assert spans(made(terms(WHOLE), [books.version(YEARLY)], events=exchange)) == [("25-01-01", "25-02-01")]


def test_a_household_that_grows_begins_anew_where_the_tariff_says_so():
    restarting = TierCycle(Cycle.YEAR, 1, restarts_at=frozenset({Restart.HOUSEHOLD_CHANGE}))
    plan = compile_plan(components=(TIERS,), tier_cycle=restarting)
    middle = date(2025, 1, 16)
    agreed = terms((*WHOLE[:5], middle), (*WHOLE[:4], middle, WHOLE[5], {"household": 5}))
    assert day_texts(made(agreed, [books.version(plan)]).cycle_day) == ["25-01-01", "25-01-16"]
    assert day_texts(made(agreed, [books.version(YEARLY)]).cycle_day) == ["25-01-01", "25-01-01"]


def chained(*agreements, since=None, window=date(2024, 11, 1)):
    count = len(agreements)
    return Chained(
        agreement_id=column(agreements),
        since_day=column([since.toordinal() if since else FAR] * count),
        window_day=column([window.toordinal()] * count),
        end_day=column([FAR] * count),
    )


def test_days_that_wait_for_their_bill_are_rated_in_the_rhythm_of_the_run():
    handing = chained(7, since=date(2024, 11, 1))
    found = made(terms(WHOLE, (2, 8, 4, 1, *WHOLE[4:6])), [books.version(FLAT)], chained=handing)
    mine = found.take(found.agreement_id == 7)
    assert spans(mine) == [("24-11-01", "24-12-01"), ("24-12-01", "25-01-01"), ("25-01-01", "25-02-01")]
    assert day_texts(mine.period_start_day) == ["24-11-01", "24-12-01", "25-01-01"]
    assert day_texts(mine.period_end_day) == ["24-12-01", "25-01-01", "25-02-01"]
    assert mine.is_billed.tolist() == [False, False, True]
    assert mine.is_rated.all()
    # Whose bills hand nothing on waits for nobody.
    assert spans(found.take(found.agreement_id == 8)) == [("25-01-01", "25-02-01")]


def test_days_that_were_billed_keep_their_period_where_others_wait():
    part = Period(date(2024, 12, 1), date(2024, 12, 11))
    handing = chained(7, since=date(2024, 11, 1))
    found = made(terms(WHOLE), [books.version(FLAT)], (7, part), chained=handing)
    assert spans(found) == [
        ("24-11-01", "24-12-01"),
        ("24-12-01", "24-12-11"),
        ("24-12-11", "25-01-01"),
        ("25-01-01", "25-02-01"),
    ]
    assert day_texts(found.period_end_day) == ["24-12-01", "24-12-11", "25-01-01", "25-02-01"]
    assert found.is_billed.tolist() == [False, True, False, True]


def test_days_before_the_first_billed_one_hand_on_nothing_unless_their_energy_counts_with_losses():
    """A count of energy with losses needs each month of the year rated, a count of energy as read does not."""
    handing = chained(7, since=None)
    for plan, rated in ((YEARLY, [False, True]), (WITH_LOSS, [True, True])):
        given = terms((1, 7, 3, 1, date(2025, 1, 1), date(2025, 3, 1)))
        found = made(given, [books.version(plan)], chained=handing, period=FEBRUARY)
        assert spans(found) == [("25-01-01", "25-02-01"), ("25-02-01", "25-03-01")]
        assert found.is_rated.tolist() == rated
        assert found.is_billed.tolist() == [False, True]


def test_nobody_whose_bills_hand_on_changes_nothing():
    plain, none = (made(terms(WHOLE), [books.version(YEARLY)], chained=one) for one in (None, chained()))
    assert spans(plain) == spans(none)
    assert plain.is_rated.tolist() == none.is_rated.tolist()


def test_no_agreement_has_no_piece():
    for one in (None, chained(7)):
        assert len(made(terms(), [books.version(YEARLY)], (7, DECEMBER), chained=one)) == 0
    assert len(made(terms(WHOLE), [books.version(FLAT)], period=Period(date(2026, 1, 1), date(2026, 2, 1)))) == 0


def test_keys_sort_by_place_then_day():
    places, days = column([0, 1, 1, 2]), column([date.max.toordinal(), 1, 2, 0])
    keys = key_of(place=places, day=days)
    assert keys.tolist() == [places[at] * 2**22 + days[at] for at in range(4)]
    assert (np.diff(keys) > 0).all()


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
        for low, high in zip(bounds, bounds[1:], strict=False):
            if draw(st.integers(0, 4)):
                facts = {"household": draw(st.integers(1, 2))}
                rows.append((agreement, agreement, 9 - agreement, agreement % 2 + 1, low, high, facts))
    versions = []
    for tariff in (1, 2):
        bounds = [-300, *sorted(draw(st.sets(days, max_size=2))), 900]
        for low, high in zip(bounds, bounds[1:], strict=False):
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
