"""Values of a day as they come in: in whatever order and however often they are heard, the day ends the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.intervals import NO_VALUE
from metering.domain.live_days import NEVER, LiveValues, merged, nothing

SLOTS = 4
SAID = st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 3), st.integers(0, 3), st.sampled_from([ord("A"), ord("E")]))


def day(*said):
    """Return what one message says: slots, values, when it was written, quality."""
    found = nothing(days=1, slots=SLOTS)
    for slot, value, written, letter in said:
        found.values[0, slot], found.written[0, slot], found.quality[0, slot] = value, written, letter
    return found


def heard(messages):
    held = nothing(days=1, slots=SLOTS)
    for message in messages:
        held, _ = merged(held=held, given=day(message))
    return held


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("values", "quality", "written"))


@given(st.lists(SAID, max_size=12), st.randoms())
def test_any_order_and_any_doubling_gives_the_same_day(messages, random):
    again = [*messages, *messages[::2]]
    random.shuffle(again)
    assert same(heard(messages), heard(again))


def test_what_was_written_later_holds_and_what_says_nothing_new_is_told_apart():
    held = day((0, 5, 100, ord("A")))
    known, is_new = merged(held=held, given=day((0, 9, 99, ord("A"))))
    assert (is_new.tolist(), known.values[0, 0]) == ([False], 5)
    known, is_new = merged(held=held, given=day((0, 4, 101, ord("E")), (2, 0, 50, ord("A"))))
    assert (is_new.tolist(), known.values[0].tolist()) == ([True], [4, 0, 0, 0])
    assert known.quality[0].tolist() == [ord("E"), NO_VALUE, ord("A"), NO_VALUE]
    assert merged(held=known, given=known)[1].tolist() == [False]
    nobody = LiveValues(values=held.values, quality=nothing(days=1, slots=SLOTS).quality, written=held.written)
    assert merged(held=nothing(days=1, slots=SLOTS), given=nobody)[1].tolist() == [False]
    assert nobody.written[0, 1] == NEVER
