"""Where prices run out: as a day-by-day search finds it."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.coverage import Gap, gaps

DAY = date(2026, 1, 1)
FAR = 60


def at(offset):
    return DAY + timedelta(days=offset)


@given(
    st.lists(st.integers(0, 40), max_size=8, unique=True),
    st.booleans(),
    st.integers(0, 40),
    st.none() | st.integers(1, 20),
)
def test_gaps_are_the_days_of_use_without_a_price(edges, is_open, first, length):
    edges = sorted(edges)
    spans = [(at(a), at(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if is_open and spans:
        spans[-1] = (spans[-1][0], None)
    used = (at(first), None if length is None else at(first + length))
    days = [at(n) for n in range(FAR) if used[0] <= at(n) and (used[1] is None or at(n) < used[1])]
    bare = [day for day in days if not any(start <= day and (end is None or day < end) for start, end in spans)]
    found = gaps(prices=spans, used=used)
    assert [
        day for day in days if any(gap.start <= day and (gap.end is None or day < gap.end) for gap in found)
    ] == bare


def test_a_tariff_that_runs_out_for_good_has_an_open_gap():
    assert gaps(prices=[(DAY, at(10))], used=(at(5), None)) == (Gap(at(10), None),)
    assert gaps(prices=[], used=(DAY, None)) == (Gap(DAY, None),)
    assert gaps(prices=[(DAY, at(10)), (at(12), None)], used=(at(5), at(11))) == (Gap(at(10), at(11)),)
