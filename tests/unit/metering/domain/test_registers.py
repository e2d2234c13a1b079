"""Energy between two readings: rollover, multiplier, dials that run backward, exchange."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.registers import SpanCode, SpanUsage, usage_between, usage_over_exchange

KWH = 1_000


def column(*values):
    return np.array(values, dtype=np.int64)


def one(start_kwh, end_kwh, *, digits=5, max_kwh=10_000, **kwargs):
    found = usage_between(
        start_wh=column(start_kwh * KWH), end_wh=column(end_kwh * KWH), digits=digits, max_wh=max_kwh * KWH, **kwargs
    )
    return int(found.usage_wh[0]) // KWH, SpanCode(int(found.code[0]))


@pytest.mark.parametrize(
    ("start", "end", "usage", "code"),
    [
        (100, 250, 150, SpanCode.FORWARD),
        (100, 100, 0, SpanCode.FORWARD),
        (99_950, 120, 170, SpanCode.ROLLED_OVER),
        (99_999, 0, 1, SpanCode.ROLLED_OVER),
        (500, 400, 0, SpanCode.DECREASED),
        (0, 10_000, 10_000, SpanCode.FORWARD),
        (0, 10_001, 10_001, SpanCode.ABOVE_MAXIMUM),
        (10, 99_990, 99_980, SpanCode.ABOVE_MAXIMUM),
        (100_000, 5, 0, SpanCode.OFF_DIAL),
        (5, 100_000, 0, SpanCode.OFF_DIAL),
        (-1, 5, 0, SpanCode.OFF_DIAL),
    ],
)
def test_a_span_of_a_five_digit_dial(start, end, usage, code):
    assert one(start, end) == (usage, code)


@pytest.mark.parametrize(
    ("start", "end", "usage", "code"),
    [
        (100, 250, 150, SpanCode.FORWARD),
        (500, 400, -100, SpanCode.RAN_BACKWARD),
        (10, 99_990, -20, SpanCode.RAN_BACKWARD),
        (99_950, 120, 170, SpanCode.ROLLED_OVER),
        (50_000, 20_000, 0, SpanCode.DECREASED),
        (20_000, 50_000, 30_000, SpanCode.ABOVE_MAXIMUM),
    ],
)
def test_a_span_of_a_dial_that_may_run_backward(start, end, usage, code):
    assert one(start, end, may_run_backward=True) == (usage, code)


def test_two_plausible_answers_are_flagged_and_none_is_guessed():
    assert one(60_000, 20_000, max_kwh=70_000, may_run_backward=True) == (0, SpanCode.AMBIGUOUS)
    assert one(60_000, 20_000, max_kwh=70_000) == (60_000, SpanCode.ROLLED_OVER)


def test_the_multiplier_holds_for_the_energy_and_for_the_maximum():
    assert one(99_950, 120, multiplier=80, max_kwh=13_600) == (13_600, SpanCode.ROLLED_OVER)
    assert one(99_950, 120, multiplier=80, max_kwh=13_599) == (0, SpanCode.DECREASED)
    assert one(100, 225, multiplier=80, max_kwh=10_000) == (10_000, SpanCode.FORWARD)
    assert one(100, 226, multiplier=80, max_kwh=10_000) == (10_080, SpanCode.ABOVE_MAXIMUM)


def test_real_spans_of_providers():
    """Reads and quantities as providers stated them (tests/data/nem12/nem13)."""
    found = usage_between(
        start_wh=column(96_393_000, 9_999_941_000, 6_342_800),
        end_wh=column(40_000, 106_000, 7_654_900),
        digits=column(5, 7, 6),
        max_wh=10_000 * KWH,
    )
    assert found.usage_wh.tolist() == [3_647_000, 165_000, 1_312_100]
    assert found.code.tolist() == [SpanCode.ROLLED_OVER, SpanCode.ROLLED_OVER, SpanCode.FORWARD]
    assert not found.is_doubtful().any()


def test_energy_beyond_64_bits_is_flagged_and_does_not_wrap():
    found = usage_between(start_wh=column(0), end_wh=column(10**14), digits=12, max_wh=10**12, multiplier=1_000_000)
    assert found.code.tolist() == [SpanCode.ABOVE_MAXIMUM]
    assert found.usage_wh[0] > 10**18
    assert found.is_doubtful().all()


@pytest.mark.parametrize("wrong", [{"digits": 0}, {"digits": 13}, {"max_wh": -1}, {"multiplier": 0}])
def test_numbers_out_of_range_are_an_error_of_the_caller(wrong):
    given_numbers = {"digits": 5, "max_wh": 1, "multiplier": 1} | wrong
    with pytest.raises(ValueError, match=r"digits|maximum|multiplier"):
        usage_between(start_wh=column(0), end_wh=column(0), **given_numbers)


def test_no_spans_give_no_usage():
    assert len(usage_between(start_wh=column(), end_wh=column(), digits=5, max_wh=1)) == 0


def test_an_exchange_is_the_old_meters_span_plus_the_new_ones():
    old = usage_between(start_wh=column(99_900_000, 5_000), end_wh=column(40_000, 4_000), digits=5, max_wh=1_000 * KWH)
    new = usage_between(
        start_wh=column(10_000, 0), end_wh=column(35_000, 9_000), digits=6, max_wh=1_000 * KWH, multiplier=2
    )
    found = usage_over_exchange(before=old, after=new)
    assert found.usage_wh.tolist() == [140_000 + 50_000, 18_000]
    assert found.code.tolist() == [SpanCode.ROLLED_OVER, SpanCode.DECREASED]
    assert found.is_doubtful().tolist() == [False, True]


READING = st.integers(0, 10**8 - 1)


@given(st.lists(st.tuples(READING, st.integers(0, 9 * 10**7), st.integers(1, 8_000)), min_size=1, max_size=20))
def test_a_dial_that_counted_less_than_its_turn_gives_back_what_it_counted(spans):
    start, counted, ratio = (column(*part) for part in zip(*spans, strict=True))
    found = usage_between(
        start_wh=start, end_wh=(start + counted) % 10**8, digits=5, max_wh=9 * 10**7 * ratio, multiplier=ratio
    )
    assert found.usage_wh.tolist() == (counted * ratio).tolist()
    rolled = (start + counted >= 10**8).tolist()
    assert found.code.tolist() == [SpanCode.ROLLED_OVER if over else SpanCode.FORWARD for over in rolled]


@given(READING, st.integers(-4 * 10**7, 4 * 10**7))
def test_a_net_dial_gives_back_what_it_counted_either_way(start, counted):
    found = usage_between(
        start_wh=column(start),
        end_wh=column((start + counted) % 10**8),
        digits=5,
        max_wh=4 * 10**7,
        may_run_backward=True,
    )
    assert found.usage_wh.tolist() == [counted]


@given(st.lists(st.tuples(READING, READING), min_size=1, max_size=20), st.integers(0, 10**8))
def test_a_span_does_not_depend_on_its_neighbours_and_accepted_energy_is_plausible(pairs, most):
    start, end = (column(*part) for part in zip(*pairs, strict=True))
    together = usage_between(start_wh=start, end_wh=end, digits=5, max_wh=most)
    alone = [usage_between(start_wh=column(a), end_wh=column(b), digits=5, max_wh=most) for a, b in pairs]
    assert together.usage_wh.tolist() == SpanUsage.concat(alone).usage_wh.tolist()
    assert together.code.tolist() == SpanUsage.concat(alone).code.tolist()
    accepted = together.usage_wh[~together.is_doubtful()]
    assert ((accepted >= 0) & (accepted <= most)).all()
