"""What a counter showed when nobody looked: by the first method that has enough to go by."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.counter_estimates import COUNTER_METHODS, CounterFacts, Shown, Spent, guess
from metering.domain.estimation import Method

TURN = 100_000_000


def _facts(**values):
    return CounterFacts(**{"on_day": 131, "digits": 5, "multiplier": 1, "before": (Shown(100, 1_000_000),), **values})


@pytest.mark.parametrize(
    ("values", "found"),
    [
        # 590 kWh in 59 days: 310 in 31.
        ({"after": Shown(159, 1_590_000)}, (Method.PRORATION, 1_310_000)),
        # a year ago 620 kWh in the same days, behind a transformer of 20 : 1
        ({"last_year": Spent(620_000, 31), "multiplier": 20}, (Method.LAST_YEAR, 1_031_000)),
        ({"usual": Spent(900_000, 90)}, (Method.AVERAGE, 1_310_000)),
        ({"usual": Spent(590_000, 59)}, None),
        ({"before": (Shown(100, 1_000_000), Shown(69, 690_000))}, (Method.STRAIGHT_LINE, 1_310_000)),
        ({"before": (Shown(100, 1_000_000), Shown(70, 690_000))}, None),
        ({}, None),
        ({"before": ()}, None),
        # over the end of the dial
        ({"before": (Shown(100, 99_900_000),), "after": Shown(159, 490_000)}, (Method.PRORATION, 210_000)),
        ({"before": (Shown(100, 50_000), Shown(69, 99_740_000))}, (Method.STRAIGHT_LINE, 360_000)),
        # an export dial that fell, truly
        ({"after": Shown(159, 410_000), "may_run_backward": True}, (Method.PRORATION, 690_000)),
        # what the year before says would be above the next reading
        ({"after": Shown(159, 1_100_000), "last_year": Spent(620_000, 31)}, (Method.PRORATION, 1_052_542)),
    ],
)
def test_the_first_method_that_can_tells(values, found):
    made = guess(facts=_facts(**values), methods=COUNTER_METHODS)
    assert (made and tuple(made)) == found


def test_a_method_that_contradicts_its_neighbours_is_passed_over():
    facts = _facts(after=Shown(159, 1_100_000), last_year=Spent(620_000, 31))
    assert guess(facts=facts, methods=[Method.LAST_YEAR]) is None


@settings(max_examples=80)
@given(st.integers(0, TURN - 1), st.integers(0, TURN // 2), st.integers(1, 60), st.integers(0, 60))
def test_what_lies_between_two_readings_is_never_outside_of_them(first, used, before, after):
    end = (first + used) % TURN
    facts = _facts(before=(Shown(131 - before, first),), after=Shown(131 + after, end))
    made = guess(facts=facts, methods=[Method.PRORATION])
    counted = (made.reading_wh - first) % TURN
    assert 0 <= counted <= used
