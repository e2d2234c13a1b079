"""Expected minus existing, against school arithmetic in fractions."""

from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period
from tests.unit.billing.domain import books, plans

MONTHS = [Period(date(2025, m, 1), date(2025, m + 1, 1) if m < 12 else date(2026, 1, 1)) for m in range(1, 13)]
LIMITS, GROW = (3120, 4800), 1200
PRICES = (Fraction(617, 1000), Fraction(667, 1000), Fraction(917, 1000))


def rounded(yuan):
    """To fen, halves away from zero."""
    fen = floor(abs(yuan) * 100 + Fraction(1, 2))
    return fen if yuan >= 0 else -fen


def month_fen(before, used, household):
    """What a month costs, step by step: each line is rounded by itself."""
    tops = [limit + (GROW if household >= 5 else 0) for limit in LIMITS]
    total, low = 0, None
    for top, price in zip([*tops, None], PRICES, strict=True):

        def clip(x, low=low, top=top):
            x = x if low is None else max(x, low)
            return x if top is None else min(x, top)

        total += rounded((clip(before + used) - clip(before)) * price)
        low = top
    return total


def year_fen(wh_by_month, household_by_month):
    before, total = Fraction(0), 0
    for wh, household in zip(wh_by_month, household_by_month, strict=True):
        total += month_fen(before, Fraction(wh, 1000), household)
        before += Fraction(wh, 1000)
    return total


def monthly(point, wh_by_month):
    return [(point, point, "", m.start, m.end, wh) for m, wh in zip(MONTHS, wh_by_month, strict=False)]


def household_terms(account, households):
    return [
        (account, account, account, 1, size, month.start, month.end)
        for month, size in zip(MONTHS, households, strict=False)
    ]


def test_the_year_of_the_official_table_is_billed_to_the_fen():
    book = books.Book([books.version(plans.steps())])
    energy = books.usage(*monthly(1, [3_000_000, 400_000, 1_600_000] + [0] * 9))
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    totals = [int(book.run(m, terms, energy).bills.amount_minor[0]) for m in MONTHS[:3]]
    assert totals[1] == 26_080
    assert sum(totals) == 322_900


def test_a_second_run_adds_nothing():
    book = books.Book([books.version(plans.steps())])
    energy = books.usage(*monthly(1, [300_000] * 12))
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    assert len(book.run(MONTHS[0], terms, energy).bills) == 1
    again, obstacles = book.draft(MONTHS[0], terms, energy)
    assert (len(again.bills), len(again.segments), len(again.lines)) == (0, 0, 0)
    assert not obstacles.of_account


def test_a_corrected_month_rebills_itself_and_each_later_month_whose_money_changes():
    book = books.Book([books.version(plans.steps())])
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    before = [1_500_000, 1_500_000, 100_000, 200_000]
    for month in MONTHS[:3]:
        book.run(month, terms, books.usage(*monthly(1, before)))
    # 20 kWh less in January: February and March stay in the first step, so only January's money changes.
    after = [1_480_000, 1_500_000, 100_000, 200_000]
    made = book.run(MONTHS[3], terms, books.usage(*monthly(1, after)))
    assert made.segments.used_wh.tolist() == [-1_500_000, 1_480_000, 200_000]
    # 300 kWh more in January push parts of March and April into the second step.
    after = [1_780_000, 1_500_000, 100_000, 200_000, 0]
    made = book.run(MONTHS[4], terms, books.usage(*monthly(1, after)))
    assert made.segments.start_day.tolist() == [
        month.start.toordinal()
        for month in (MONTHS[0], MONTHS[0], MONTHS[1], MONTHS[1]) + (MONTHS[2],) * 2 + (MONTHS[3],) * 2 + (MONTHS[4],)
    ]
    assert book.total_minor == year_fen(after, [1] * 5)


def test_an_agreement_that_never_was_is_taken_back_whole():
    book = books.Book([books.version(plans.flat())])
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    book.run(MONTHS[0], terms, books.usage(*monthly(1, [100_000])))
    made = book.run(MONTHS[1], books.agreements(), books.usage())
    assert made.bills.amount_minor.tolist() == [-6_000]
    assert book.in_force == {}


def test_a_credit_bill_is_possible():
    book = books.Book([books.version(plans.flat())])
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    book.run(MONTHS[0], terms, books.usage(*monthly(1, [900_000])))
    made = book.run(MONTHS[1], terms, books.usage(*monthly(1, [100_000, 50_000])))
    assert made.bills.amount_minor.tolist() == [-54_000 + 6_000 + 3_000]
    assert made.bills.energy_wh.tolist() == [-900_000 + 100_000 + 50_000]


wh = st.integers(0, 2_000_000) | st.integers(-100_000, 8_000_000)
sizes = st.sampled_from([1, 4, 5, 7])


@given(
    first=st.lists(wh, min_size=12, max_size=12),
    changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), wh), max_size=6),
    households=st.lists(sizes, min_size=12, max_size=12),
    household_changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), sizes), max_size=3),
    limits=st.just(LIMITS),
)
def test_after_any_corrections_the_year_costs_what_it_costs_from_scratch(
    first, changes, households, household_changes, limits
):
    """A change (when, which, what) becomes known with the run of month ``when``."""
    book = books.Book([books.version(plans.steps(limits))])
    energy, sizes_now = list(first), list(households)
    for place, month in enumerate(MONTHS):
        for when, which, value in changes:
            if when == place:
                energy[which] = value
        for when, which, value in household_changes:
            if when == place:
                sizes_now[which] = value
        made = book.run(month, books.agreements(*household_terms(1, sizes_now)), books.usage(*monthly(1, energy)))
        sums = [0] * len(made.segments)
        for segment, amount in zip(made.lines.segment.tolist(), made.lines.amount_minor.tolist(), strict=True):
            sums[segment] += amount
        fresh = made.segments.cancels == 0
        assert [s for s, new in zip(sums, fresh, strict=True) if new] == made.segments.amount_minor[fresh].tolist()
        assert book.total_minor == year_fen(energy[: place + 1], sizes_now[: place + 1])
        assert sum(book.bills) == book.total_minor


@given(mine=st.lists(wh, min_size=3, max_size=3), theirs=st.lists(st.lists(wh, min_size=3, max_size=3), max_size=4))
def test_a_bill_does_not_depend_on_its_neighbours(mine, theirs):
    def billed(accounts):
        book = books.Book([books.version(plans.steps()), books.version(plans.flat(), version_id=2, tariff_id=2)])
        terms = books.agreements(
            *((n, n, n, 1 + n % 2, 1, books.YEAR, books.NEXT_YEAR) for n in range(1, len(accounts) + 1))
        )
        rows = [row for n, energy in enumerate(accounts, start=1) for row in monthly(n, energy)]
        for month in MONTHS[:3]:
            book.run(month, terms, books.usage(*rows))
        return [
            (s.start_day, s.used_wh, s.before_wh, s.amount_minor) for s in book.in_force.values() if s.account_id == 1
        ]

    assert billed([mine]) == billed([mine, *theirs])


@given(cuts=st.sets(st.integers(2, 28), max_size=3), energy=st.lists(st.integers(0, 4_000_000), min_size=4, max_size=4))
def test_versions_that_change_nothing_but_the_cut_change_the_total_by_rounding_only(cuts, energy):
    days = [date(2025, 1, day) for day in sorted(cuts)]
    edges = [books.YEAR, *days, books.NEXT_YEAR]
    versions = [
        books.version(plans.steps(), version_id=place + 1, start=start, end=end)
        for place, (start, end) in enumerate(pairwise(edges))
    ]
    spans = [books.YEAR, *days, date(2025, 2, 1)]
    rows = [(1, 1, "", start, end, value) for start, end, value in zip(spans, spans[1:], energy, strict=False)]
    book = books.Book(versions)
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    made = book.run(MONTHS[0], terms, books.usage(*rows))
    whole = month_fen(Fraction(0), Fraction(sum(energy[: len(rows)]), 1000), 1)
    assert len(made.segments) == len(rows)
    assert abs(made.bills.amount_minor[0] - whole) <= 3 * len(rows)


def test_tax_contained_in_lines_sums_to_the_printed_tax():
    book = books.Book([books.version(plans.steps(tax=True))])
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    made = book.run(MONTHS[0], terms, books.usage(*monthly(1, [5_000_000])))
    assert made.bills.amount_minor.tolist() == [322_900]
    assert made.bills.tax_minor.tolist() == [rounded(Fraction(3229) * 13 / 113)]
    assert made.lines.tax_minor.sum() == made.bills.tax_minor[0]
    assert len(made.lines) == 3


def test_a_segment_without_use_still_shows_what_was_priced():
    book = books.Book([books.version(plans.flat())])
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))
    made = book.run(MONTHS[0], terms, books.usage(*monthly(1, [0])))
    assert made.bills.amount_minor.tolist() == [0]
    assert (made.lines.quantity.tolist(), made.lines.seq.tolist()) == ([0], [1])
