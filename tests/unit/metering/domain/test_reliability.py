"""Indices of reliability, on numbers that are reckoned by hand."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.reliability import Interruption, indices, text


def minutes(supplies, count):
    return Interruption(supplies=supplies, seconds=round(count * 60))


def test_indices_of_a_year_on_a_feeder_of_two_thousand_customers():
    """200 x 8.17, 600 x 71.3, 25 x 30.3, 90 x 267.2 and 700 x 10 minutes; half a minute of 400 is momentary."""
    year = [minutes(200, 8.17), minutes(600, 71.3), minutes(25, 30.3), minutes(90, 267.2), minutes(700, 10)]
    found = indices([*year, minutes(400, 0.5)], served=2_000, momentary_minutes=5)
    assert (found.interruptions, found.momentary) == (1_615, 400)
    assert text(found.saifi, places=4) == "0.8075"
    assert found.seconds == 200 * 490 + 600 * 4_278 + 25 * 1_818 + 90 * 16_032 + 700 * 600
    assert text(found.saidi, places=2) == "38.11"
    assert text(found.caidi, places=2) == "47.19"
    assert found.caidi == found.saidi / found.saifi


def test_what_is_said_of_3000_customer_minutes_of_150_interruptions_among_2500():
    found = indices([minutes(150, 20)], served=2_500, momentary_minutes=5)
    assert (found.saidi, found.saifi, found.caidi) == (Fraction(6, 5), Fraction(3, 50), 20)


def test_five_minutes_are_momentary_and_a_second_more_is_not():
    assert indices([Interruption(supplies=7, seconds=300)], served=10, momentary_minutes=5).interruptions == 0
    assert indices([Interruption(supplies=7, seconds=301)], served=10, momentary_minutes=5).interruptions == 7


def test_where_nobody_is_served_or_dark_there_is_no_quotient():
    found = indices([], served=0, momentary_minutes=5)
    assert (found.saifi, found.saidi, found.caidi, text(found.saidi, places=2)) == (None, None, None, "")
    with pytest.raises(ValueError, match="interruption"):
        indices([Interruption(supplies=-1, seconds=1)], served=1, momentary_minutes=5)


@settings(max_examples=50, deadline=None)
@given(st.fractions(), st.integers(0, 4))
def test_an_index_is_written_as_the_nearest_decimal(value, places):
    written = Fraction(text(value, places=places))
    assert abs(written - value) <= Fraction(1, 2 * 10**places)
