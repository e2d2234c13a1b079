"""Energy of spans between reads."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.registers import SpanCode
from metering.domain.usage import NO_READ, Cuts, Hangings, Reads, between_reads, required_days

JAN, FEB, MAR = 100, 131, 159


def _ints(values):
    return np.array(list(values), dtype=np.int64)


def _hangings(*rows, digits=5):
    """Rows of (service point, register, start, end, multiplier)."""
    table = _ints(rows).reshape(-1, 5)
    size = len(table)
    columns = [table[:, at].copy() for at in range(5)]
    return Hangings(*columns, np.full(size, digits), np.full(size, 8_000), np.zeros(size, dtype=np.int64))


def _reads(*rows):
    """Rows of (register, day, kwh), estimated when there is a fourth."""
    rows = sorted(rows)
    return Reads(
        _ints(row[0] for row in rows),
        _ints(row[1] for row in rows),
        _ints(row[2] * 1_000 for row in rows),
        np.array([len(row) > 3 for row in rows], dtype=np.bool_),
    )


def _cuts(*boundaries, own=(), every_read=True):
    own = _ints(own).reshape(-1, 2)
    return Cuts(_ints(boundaries), own[:, 0].copy(), own[:, 1].copy(), every_read)


def _approve(hangings, reads, cuts):
    spans, doubts = between_reads(hangings=hangings, reads=reads, cuts=cuts)
    made = list(
        zip(
            spans.hanging.tolist(),
            spans.start_day.tolist(),
            spans.end_day.tolist(),
            spans.energy_wh.tolist(),
            strict=True,
        )
    )
    return made, list(zip(doubts.hanging.tolist(), doubts.day.tolist(), doubts.code.tolist(), strict=True))


def test_a_span_lies_between_each_two_reads_and_counts_with_the_multiplier():
    made, doubts = _approve(
        _hangings((1, 11, JAN, MAR, 20), (2, 12, JAN, MAR, 1)),
        _reads(
            (11, JAN, 100), (11, 115, 110), (11, FEB, 130), (11, MAR, 131), (12, JAN, 0), (12, FEB, 7), (12, MAR, 7)
        ),
        _cuts(JAN, FEB, MAR),
    )
    assert made == [
        (0, JAN, 115, 200_000),
        (0, 115, FEB, 400_000),
        (0, FEB, MAR, 20_000),
        (1, JAN, FEB, 7_000),
        (1, FEB, MAR, 0),
    ]
    assert doubts == []


def test_where_meters_are_read_daily_only_the_days_that_matter_end_a_span():
    reads = _reads(*((11, day, (99_900 + 10 * (day - JAN)) % 100_000) for day in range(JAN, MAR + 1)))
    made, _ = _approve(
        _hangings((1, 11, JAN, MAR, 1)), reads, _cuts(JAN, FEB, MAR, own=[(1, 110), (2, 112)], every_read=False)
    )
    assert made == [(0, JAN, 110, 100_000), (0, 110, FEB, 210_000), (0, FEB, MAR, 280_000)]


def test_a_boundary_without_a_read_is_found_and_no_span_passes_over_it():
    made, doubts = _approve(
        _hangings((1, 11, JAN, MAR, 1), (1, 12, JAN, MAR, 1)),
        _reads((11, JAN, 1), (11, MAR, 9), (12, JAN, 1), (12, 140, 5)),
        _cuts(JAN, FEB, MAR),
    )
    assert made == []
    assert doubts == [(0, FEB, NO_READ), (1, FEB, NO_READ), (1, MAR, NO_READ)]


def test_an_exchange_gives_two_spans_each_with_its_own_dial():
    made, doubts = _approve(
        _hangings((1, 11, JAN, 115, 1), (1, 12, 115, FEB, 2)),
        _reads((11, JAN, 99_990), (11, 115, 20), (12, 115, 0), (12, FEB, 8)),
        _cuts(JAN, FEB),
    )
    assert made == [(0, JAN, 115, 30_000), (1, 115, FEB, 16_000)]
    assert doubts == []


def test_reads_of_a_meter_elsewhere_do_not_count_here():
    made, doubts = _approve(
        _hangings((1, 11, JAN, 115, 1), (2, 11, 115, FEB, 1)),
        _reads((11, JAN, 0), (11, 115, 20), (11, 120, 25), (11, FEB, 40)),
        _cuts(JAN, FEB),
    )
    assert made == [(0, JAN, 115, 20_000), (1, 115, 120, 5_000), (1, 120, FEB, 15_000)]
    assert doubts == []


def test_a_doubtful_step_gives_a_finding_and_no_energy_over_it():
    made, doubts = _approve(
        _hangings((1, 11, JAN, MAR, 1)),
        _reads((11, JAN, 100), (11, FEB, 90), (11, 140, 95), (11, MAR, 60_000)),
        _cuts(JAN, FEB, MAR),
    )
    assert made == [(0, FEB, 140, 5_000)]
    assert doubts == [(0, FEB, SpanCode.DECREASED), (0, MAR, SpanCode.ABOVE_MAXIMUM)]


def test_a_span_is_estimated_when_one_of_its_reads_is():
    spans, _ = between_reads(
        hangings=_hangings((1, 11, JAN, MAR, 1)),
        reads=_reads((11, JAN, 1), (11, FEB, 2, "estimated"), (11, 140, 3), (11, MAR, 4)),
        cuts=_cuts(JAN, FEB, MAR),
    )
    assert spans.is_estimated.tolist() == [True, True, False]


def test_no_hanging_or_no_read_is_no_fault_of_the_arithmetic():
    assert _approve(_hangings(), _reads(), _cuts(JAN, FEB)) == ([], [])
    assert _approve(_hangings((1, 11, JAN, FEB, 1)), _reads((12, JAN, 1)), _cuts(JAN, FEB)) == (
        [],
        [(0, JAN, NO_READ), (0, FEB, NO_READ)],
    )


@given(
    st.lists(st.integers(0, 150), min_size=59, max_size=59),
    st.integers(0, 99_999),
    st.sets(st.integers(JAN + 1, MAR - 1), max_size=6),
    st.booleans(),
)
def test_wherever_spans_are_cut_their_energy_adds_up(used, first, own, every_read):
    counts = np.cumsum([first, *used]) % 100_000
    reads = _reads(*((11, JAN + at, int(count)) for at, count in enumerate(counts)))
    cuts = _cuts(JAN, FEB, MAR, own=[(1, day) for day in own], every_read=every_read)
    made, doubts = _approve(_hangings((1, 11, JAN, MAR, 1)), reads, cuts)
    assert doubts == []
    assert sum(energy for *_, energy in made) == sum(used) * 1_000
    assert made[0][1] == JAN
    assert made[-1][2] == MAR
    assert all(earlier[2] == later[1] for earlier, later in pairwise(made))


def test_spans_end_at_boundaries_own_cuts_and_ends_of_a_hanging():
    hanging, day = required_days(
        hangings=_hangings((1, 11, 110, MAR, 1), (2, 12, JAN, 110, 1)),
        cuts=_cuts(JAN, FEB, MAR, own=[(1, 120), (1, 105), (1, FEB), (2, 120), (3, 125)]),
    )
    assert list(zip(hanging.tolist(), day.tolist(), strict=True)) == [
        (0, 110), (0, 120), (0, FEB), (0, MAR), (1, JAN), (1, 110),
    ]  # fmt: skip
