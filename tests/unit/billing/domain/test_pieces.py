"""What cuts time into pieces, and what puts them together."""

from datetime import date

import numpy as np

from billing.domain.chained import FAR, Chained
from billing.domain.pieces import NOWHERE, join_terms, key_of
from billing.domain.restarts import KINDS, Restarts
from cis.kernel.periods import Period
from tariffs.domain.components.losses import AgreedLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Cycle, Restart, TierCycle
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tests.unit.billing.domain import books
from tests.unit.billing.domain.books import column
from tests.unit.billing.domain.windows import (
    FLAT,
    JANUARY,
    MONTHLY,
    SEASONS,
    TIERS,
    WINTER,
    YEARLY,
    made,
    terms,
)

LOSS = AgreedLoss(
    code="loss", label="loss", ledger=LedgerClass.ENERGY, wh=7_000, varh=0, proration=Proration.CALENDAR_DAYS
)
WITH_LOSS = compile_plan(components=(LOSS, TIERS), tier_cycle=TierCycle(Cycle.YEAR, 1))
NOVEMBER = Period(date(2024, 11, 1), date(2024, 12, 1))
DECEMBER = Period(date(2024, 12, 1), date(2025, 1, 1))
FEBRUARY = Period(date(2025, 2, 1), date(2025, 3, 1))


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


def test_two_parts_that_nothing_of_their_own_keeps_apart_are_one():
    other = books.version(FLAT, version_id=2, tariff_id=2, start=date(2025, 1, 11))
    found = made(terms((1, 7, 3, 1, JANUARY.start, JANUARY.end)), [books.version(FLAT), other])
    assert spans(found) == [("25-01-01", "25-02-01")]


def test_an_agreement_of_which_nothing_was_billed_stands_beside_one_of_which_something_was():
    for agreement in (6, 8):
        found = made(terms((1, agreement, 3, 1, *WHOLE[4:])), [books.version(FLAT)], (7, DECEMBER))
        assert spans(found) == [("25-01-01", "25-02-01")]


def test_cycles_of_two_tariffs_cut_each_its_own_agreements():
    over = Period(date(2024, 11, 10), date(2025, 1, 10))
    versions = [books.version(YEARLY), books.version(SEASONS, version_id=2, tariff_id=2)]
    found = made(terms(WHOLE, (2, 8, 4, 2, *WHOLE[4:])), versions, period=over)
    billed_ones = found.take(found.is_billed)
    rows = list(zip(billed_ones.agreement_id.tolist(), spans(billed_ones), strict=True))
    assert rows == [
        (7, ("24-11-10", "25-01-01")),
        (7, ("25-01-01", "25-01-10")),
        (8, ("24-11-10", "24-11-16")),
        (8, ("24-11-16", "25-01-10")),
    ]


def test_the_count_of_a_customer_who_moves_goes_along_where_the_tariff_does_not_restart_it():
    moved = date(2025, 1, 16)
    agreed = terms((1, 7, 3, 1, WHOLE[4], moved), (1, 8, 4, 1, moved, WHOLE[5]))
    along = TierCycle(Cycle.YEAR, 1, restarts_at=frozenset({Restart.HOLDER_CHANGE}))
    found = made(agreed, [books.version(compile_plan(components=(TIERS,), tier_cycle=along))])
    assert found.count_of.tolist() == [7, 7]
    assert day_texts(found.cycle_day) == ["25-01-01", "25-01-01"]
    # Both tariffs of a new place: the one that restarts counts from the move, whatever the other does.
    anew = TierCycle(Cycle.YEAR, 1, restarts_at=frozenset({Restart.HOLDER_CHANGE, Restart.MOVE}))
    versions = [
        books.version(compile_plan(components=(TIERS,), tier_cycle=along), end=date(2025, 1, 21)),
        books.version(compile_plan(components=(TIERS,), tier_cycle=anew), version_id=2, start=date(2025, 1, 21)),
    ]
    found = made(agreed, versions)
    assert spans(found)[-2:] == [("25-01-16", "25-01-21"), ("25-01-21", "25-02-01")]
    assert day_texts(found.cycle_day) == ["25-01-01", "25-01-01", "25-01-16"]


def test_days_long_after_the_run_wait_and_are_in_no_piece():
    handing = chained(7, since=date(2024, 11, 1))
    found = made(terms((*WHOLE[:5], date(2025, 9, 1))), [books.version(FLAT)], chained=handing)
    assert spans(found) == [("24-11-01", "24-12-01"), ("24-12-01", "25-01-01"), ("25-01-01", "25-02-01")]


def test_days_without_a_price_hand_on_nothing():
    given = terms((1, 7, 3, 1, date(2025, 1, 1), date(2025, 3, 1)))
    priced = books.version(WITH_LOSS, start=date(2025, 1, 11))
    found = made(given, [priced], chained=chained(7), period=FEBRUARY)
    rated = dict(zip(spans(found), found.is_rated.tolist(), strict=True))
    assert rated == {
        ("25-01-01", "25-01-11"): False,
        ("25-01-11", "25-02-01"): True,
        ("25-02-01", "25-03-01"): True,
    }


def test_days_without_a_price_have_no_steps_into_which_others_count():
    frozen = Period(date(2024, 12, 10), date(2024, 12, 20))
    later = books.version(YEARLY, start=date(2025, 6, 1))
    found = made(terms(WHOLE), [later], (7, frozen, True), (7, DECEMBER))
    assert spans(found) == [("24-12-01", "24-12-10"), ("24-12-20", "25-01-01"), ("25-01-01", "25-02-01")]
