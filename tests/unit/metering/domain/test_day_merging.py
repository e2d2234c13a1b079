"""Days out of parts and of any clock: however a day is cut into deliveries, it is the same day."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.day_merging import DAY_US, DayValues, is_on_clock, merge_day, onto_clock, without_repeated
from metering.domain.formats.day_values import pack_one, pack_scaled
from metering.domain.formats.faults import LineFault

EXAMPLES = 5_000 if os.environ.get("WATTLINE_PROOF") else 40
HOUR_US = 3_600_000_000
BERLIN = 60
SLOTS = 24


def day(values, quality="A", *, exponent=0, minutes=60):
    return DayValues(minutes, exponent, np.array(values, dtype="<i4").tobytes(), quality)


def laid(runs, *, offset=0, minutes=60):
    """Lay runs of (register, start in us, values, letters)."""
    return onto_clock(
        register_id=np.array([run[0] for run in runs], dtype=np.int64),
        start_us=np.array([run[1] for run in runs], dtype=np.int64),
        count=np.array([len(run[2]) for run in runs], dtype=np.int64),
        minutes=minutes,
        values=np.array([value for run in runs for value in run[2]], dtype=np.int64),
        quality=np.frombuffer("".join(run[3] for run in runs).encode(), dtype=np.uint8),
        utc_offset_minutes=np.full(len(runs), offset, dtype=np.int64),
    )


def test_values_are_laid_on_the_days_of_the_clock():
    # From 22:00 UTC on: on the clock of Berlin that is 23:00, the last hour of a day.
    days = laid([(7, 22 * HOUR_US, [5, 6, 7], "AEN")], offset=BERLIN)
    assert (days.register_id.tolist(), days.day.tolist(), days.given.tolist()) == ([7, 7], [0, 1], [1, 1])
    assert days.start_us.tolist() == [-HOUR_US, DAY_US - HOUR_US]
    assert (days.values[0, 23], days.values[1, 0]) == (5, 6)
    letters = days.quality.tobytes().decode()
    assert letters == "N" * 23 + "A" + "E" + "N" * 23


def test_of_two_values_of_a_slot_the_later_holds_and_registers_are_kept_apart():
    days = laid([(2, 0, [1], "A"), (9, 0, [2], "A"), (2, 0, [3], "S"), (2, 0, [0], "N")])
    assert (days.register_id.tolist(), days.values[:, 0].tolist(), days.run.tolist()) == ([2, 9], [3, 2], [0, 1])
    assert days.quality[0, 0] == ord("S")


def test_days_of_23_and_25_local_hours_are_whole_days_of_a_fixed_clock():
    # 29 March and 25 October 2026 in Berlin, from local midnight on, an hour each.
    spring = int(np.datetime64("2026-03-28T23:00:00", "us").astype(np.int64))
    autumn = int(np.datetime64("2026-10-24T22:00:00", "us").astype(np.int64))
    days = laid([(1, spring, list(range(1, 24)), "A" * 23), (1, autumn, list(range(1, 26)), "A" * 25)], offset=BERLIN)
    assert days.given.tolist() == [23, 1, 24]
    assert days.values.sum() == sum(range(1, 24)) + sum(range(1, 26))


@pytest.mark.parametrize(("offset", "minutes", "expected"), [(60, 60, True), (330, 60, False), (330, 30, True)])
def test_an_hour_begins_on_the_clock_or_not(offset, minutes, expected):
    found = is_on_clock(
        start_us=np.array([HOUR_US], dtype=np.int64),
        minutes=minutes,
        utc_offset_minutes=np.array([offset], dtype=np.int64),
    )
    assert found.tolist() == [expected]


def test_a_part_keeps_what_is_held_and_a_whole_day_takes_its_place():
    held = day([1] * 12 + [0] * 12, "A" * 12 + "N" * 12)
    part = day([0] * 12 + [25] * 12, "N" * 12 + "E" * 12, exponent=-1)
    assert merge_day(held=held, given=part) == day([10] * 12 + [25] * 12, "A" * 12 + "E" * 12, exponent=-1)
    assert merge_day(held=part, given=held) == merge_day(held=held, given=part)
    assert merge_day(held=held, given=day([9] * 24)) == day([9] * 24)
    assert merge_day(held=held, given=day([9] * 48, minutes=30)).minutes == 30


def test_what_says_nothing_new_is_nothing_new():
    held = day([1] * 24)
    assert merge_day(held=held, given=held) is None
    assert merge_day(held=held, given=day([1] * 12 + [0] * 12, "A" * 12 + "N" * 12)) is None
    assert merge_day(held=held, given=day([0] * 24, "N")) is None
    assert merge_day(held=held, given=day([1] * 12 + [0] * 12, "E" * 12 + "N" * 12)) is not None


def test_what_is_said_again_stays_as_a_person_set_it_beside_what_is_new():
    delivered, given = day([1] * 23 + [9]), day([1] * 22 + [5, 9])
    kept = without_repeated(delivered=delivered, given=given)
    assert kept == given._replace(quality="N" * 22 + "AN")
    held = day([1] * 23 + [2], "A" * 23 + "E")
    assert merge_day(held=held, given=kept) == day([1] * 22 + [5, 2], "A" * 23 + "E")
    assert without_repeated(delivered=delivered, given=day([7] * 24)) == day([7] * 24)
    assert without_repeated(delivered=delivered, given=day([1] * 48, minutes=30)).quality == "A"
    again = without_repeated(delivered=delivered, given=day([10] * 23 + [90], exponent=-1))
    assert set(again.quality) == {"N"}


def test_values_that_fit_no_common_exponent_are_refused():
    held = day([2**31 - 1] + [0] * 23, "A" + "N" * 23, exponent=3)
    with pytest.raises(LineFault) as fault:
        merge_day(held=held, given=day([0, 1] + [0] * 22, "NA" + "N" * 22, exponent=-6))
    assert str(fault.value.fault) == "value_too_large"


VALUES = st.lists(st.integers(-(10**6), 10**6), min_size=SLOTS, max_size=SLOTS)


@settings(max_examples=EXAMPLES)
@given(VALUES, st.lists(st.integers(0, 3), min_size=SLOTS, max_size=SLOTS), st.permutations(range(4)))
def test_any_cutting_of_a_day_into_deliveries_gives_the_same_day(values, owner, order):
    whole = day(values, "A")
    held = None
    for number in order:
        mine = [each == number for each in owner]
        if not any(mine):
            continue
        letters = "".join("A" if own else "N" for own in mine)
        part = day(
            [value if own else 0 for value, own in zip(values, mine, strict=True)],
            letters if "N" in letters else "A",
        )
        held = part if held is None else merge_day(held=held, given=part) or held
    assert merge_day(held=held, given=whole) is None
    assert held.quality == "A"


MICRO = st.one_of(st.integers(0, 10**4).map(lambda value: value * 10**6), st.integers(-(10**10), 10**17))


@settings(max_examples=EXAMPLES)
@given(st.lists(st.lists(MICRO, min_size=4, max_size=4), min_size=1, max_size=6))
def test_days_are_packed_at_once_as_one_by_one(days):
    packed = pack_scaled(np.array(days, dtype=np.int64))
    for at, values in enumerate(days):
        try:
            expected = pack_one(values)
        except LineFault:
            assert not packed.exact[at]
            continue
        assert (packed.values[at].tolist(), int(packed.exponent[at]), bool(packed.exact[at])) == (*expected, True)
