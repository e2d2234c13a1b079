"""The largest mean power of spans, by registers that begin anew each month, with each read, or never."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.demand import RESETS, DemandDoubt, between_resets, fits_dial
from metering.domain.places import Reset
from metering.domain.reads import OVERLOAD
from metering.domain.usage import NO_READ, Cuts, Hangings, Reads

JAN, FEB, MAR = (date(2025, month, 1).toordinal() for month in (1, 2, 3))
CAPACITY_W = 100_000
DIGITS = 5


def _ints(values):
    return np.array(list(values), dtype=np.int64)


def _told(reset, *reads, multiplier=1, boundaries=(JAN, FEB, MAR)):
    """Spans as (start, end, W) and doubts as (day, code) of a register that hung from January to March; reads: (day, W)."""
    hung = Hangings(*(_ints([one]) for one in (1, 11, JAN, MAR, multiplier, DIGITS, CAPACITY_W, 0)))
    days, watts = zip(*sorted(reads), strict=True) if reads else ((), ())
    spans, doubts = between_resets(
        hangings=hung,
        resets=_ints([RESETS.index(reset)]),
        reads=Reads(_ints([11] * len(days)), _ints(days), _ints(watts), np.zeros(len(days), dtype=np.bool_)),
        cuts=Cuts(_ints(boundaries), _ints([]), _ints([]), every_read=False),
    )
    made = list(zip(spans.start_day.tolist(), spans.end_day.tolist(), spans.energy_wh.tolist(), strict=True))
    return made, list(zip(doubts.day.tolist(), doubts.code.tolist(), strict=True))


def test_a_month_shows_its_own_peak_where_the_register_begins_anew_by_itself():
    assert _told(Reset.MONTH, (JAN, 70_000), (FEB, 50_000), (MAR, 60_000), multiplier=2) == (
        [(JAN, FEB, 100_000), (FEB, MAR, 120_000)],
        [],
    )


def test_what_is_read_amid_a_month_counts_for_it_and_is_not_forgotten():
    made, doubts = _told(Reset.READ, (JAN, 9), (JAN + 10, 50_000), (FEB, 20_000), (MAR, 1_000))
    assert made == [(JAN, JAN + 10, 50_000), (JAN + 10, FEB, 20_000), (FEB, MAR, 1_000)]
    assert doubts == []
    assert _told(Reset.MONTH, (JAN, 0), (JAN + 10, 50_000), (FEB, 50_000), (MAR, 1))[0][0] == (JAN, FEB, 50_000)


def test_a_register_that_never_begins_anew_tells_a_month_only_where_it_moved():
    made, doubts = _told(Reset.NEVER, (JAN, 40_000), (FEB, 50_000), (MAR, 50_000))
    assert (made, doubts) == ([(JAN, FEB, 50_000)], [(MAR, DemandDoubt.UNMOVED)])
    # It hung at 0: what it shows is of its time here.
    assert _told(Reset.NEVER, (JAN, 0), (FEB, 0), (MAR, 5))[0] == [(JAN, FEB, 0), (FEB, MAR, 5)]


def test_what_cannot_be_told_is_named_and_nothing_is_guessed():
    assert _told(Reset.NEVER, (JAN, 50_000), (FEB, 40_000), (MAR, 60_000)) == (
        [(FEB, MAR, 60_000)],
        [(FEB, DemandDoubt.FELL)],
    )
    assert _told(Reset.MONTH, (JAN, 0), (JAN + 40, 9), (MAR, 9), boundaries=(JAN, MAR)) == (
        [],
        [(JAN + 40, DemandDoubt.MONTH_CUT)],
    )
    assert _told(Reset.READ, (JAN, 0), (FEB, OVERLOAD * CAPACITY_W + 1), (MAR, OVERLOAD * CAPACITY_W)) == (
        [(FEB, MAR, OVERLOAD * CAPACITY_W)],
        [(FEB, DemandDoubt.TOO_HIGH)],
    )
    assert _told(Reset.READ, (JAN, 0), (FEB, 10**DIGITS * 1_000), (MAR, 7)) == (
        [(FEB, MAR, 7)],
        [(FEB, DemandDoubt.OFF_DIAL)],
    )


@pytest.mark.parametrize("reset", list(Reset))
def test_a_boundary_that_nobody_read_is_missing_and_no_span_goes_over_it(reset):
    made, doubts = _told(reset, (JAN, 0), (MAR, 5))
    assert made == []
    assert (FEB, NO_READ) in doubts
    assert _told(reset) == ([], [(JAN, NO_READ), (FEB, NO_READ), (MAR, NO_READ)])


def test_a_dial_of_so_many_digits_shows_so_many_kilowatts():
    shown = fits_dial(reading_w=_ints([0, 99_999_999, 100_000_000, -1]), digits=_ints([5, 5, 5, 5]))
    assert shown.tolist() == [True, True, False, False]


readings = st.dictionaries(
    st.sampled_from([JAN, JAN + 7, JAN + 20, FEB, FEB + 3, FEB + 14, MAR]), st.integers(0, 250_000), max_size=7
)


@given(reads=readings, reset=st.sampled_from(list(Reset)), multiplier=st.integers(1, 3))
def test_spans_are_those_of_a_walk_from_read_to_read(reads, reset, multiplier):
    made, doubts = _told(reset, *reads.items(), multiplier=multiplier)
    days = sorted(reads)
    cut = [day for day in days if day in {JAN, FEB, MAR} or reset is Reset.READ]
    faulty = {}
    for before, day in pairwise(days):
        fault = _fault(reset, before, day, reads, before in cut, multiplier)
        if fault:
            faulty[day] = fault
    wanted = []
    for start, end in pairwise(cut):
        inside = [day for day in days if start < day <= end]
        if not any(start < day < end for day in (JAN, FEB, MAR)) and not faulty.keys() & set(inside):
            wanted.append((start, end, max(reads[day] for day in inside) * multiplier))
    assert made == wanted
    assert {(day, code) for day, code in doubts if code != NO_READ} == set(faulty.items())
    assert {day for day, code in doubts if code == NO_READ} == {JAN, FEB, MAR} - set(days)


def _fault(reset, before, day, reads, begins_span, multiplier):
    """What is wrong with the step from one read to the next, in the order in which it is told."""
    shown, last = reads[day], reads[before]
    first_of_month = date.fromordinal(before).day == 1
    begun_anew = reset is Reset.READ or (reset is Reset.MONTH and first_of_month)
    if reset is Reset.MONTH and date.fromordinal(before).month != date.fromordinal(day - 1).month:
        return DemandDoubt.MONTH_CUT
    if not begun_anew and shown < last:
        return DemandDoubt.FELL
    if not begun_anew and shown == last != 0 and begins_span:
        return DemandDoubt.UNMOVED
    return DemandDoubt.TOO_HIGH if shown * multiplier > OVERLOAD * CAPACITY_W else None
