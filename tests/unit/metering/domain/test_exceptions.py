"""What becomes of findings."""

from dataclasses import replace

import pytest

from metering.domain.exceptions import Key, Noted, Standing, compare, stops

HIGH = Noted(
    service_point_id=1,
    key=Key(7, "usage_high", 100),
    end_day=130,
    fact_day=100,
    severity="look",
    measure=900,
    bound=300,
)
MISSING = Noted(service_point_id=1, key=Key(7, "read_missing", 130), end_day=130, fact_day=130, severity="stop")


def _compared(found, standing=(), start=100, end=130):
    steps = compare(found=found, standing=standing, start_day=start, end_day=end)
    return steps.opened, steps.updated, steps.gone


def _open(noted, number=5):
    return Standing(id=number, is_accepted=False, noted=noted)


def _accepted(noted, number=5):
    return Standing(id=number, is_accepted=True, noted=noted)


def test_a_finding_is_opened_once():
    assert _compared([HIGH, HIGH]) == ([HIGH], [], [])
    assert _compared([HIGH], [_open(HIGH)]) == ([], [], [])


def test_other_numbers_bring_it_up_to_date():
    more = replace(HIGH, measure=1_000)
    assert _compared([more], [_open(HIGH)]) == ([], [(5, more)], [])


def test_what_is_not_found_again_is_gone():
    assert _compared([], [_open(HIGH), _open(MISSING, 6)]) == ([], [], [5, 6])
    assert _compared([], [_accepted(HIGH)]) == ([], [], [5])


@pytest.mark.parametrize(("start", "end"), [(101, 130), (100, 129), (130, 160)])
def test_what_was_not_looked_for_stays(start, end):
    assert _compared([], [_open(HIGH)], start, end) == ([], [], [])


@pytest.mark.parametrize(("start", "end", "gone"), [(100, 130, [5]), (130, 160, []), (100, 129, []), (129, 160, [5])])
def test_a_day_is_looked_for_by_the_approval_that_ends_with_it(start, end, gone):
    assert _compared([], [_open(MISSING)], start, end)[2] == gone


def test_what_was_accepted_stays_so_while_it_says_the_same():
    assert _compared([replace(HIGH, bound=299)], [_accepted(HIGH)]) == ([], [], [])
    more = replace(HIGH, measure=1_000)
    assert _compared([more], [_accepted(HIGH)]) == ([more], [], [5])


def test_only_what_stops_and_was_not_accepted_keeps_energy_back():
    stop = replace(HIGH, severity="stop")
    assert not stops(noted=HIGH, standing=[])
    assert stops(noted=stop, standing=[])
    assert stops(noted=stop, standing=[_open(stop)])
    assert stops(noted=stop, standing=[_accepted(replace(stop, measure=1))])
    assert not stops(noted=stop, standing=[_accepted(stop)])
