"""What everybody may read of a month: nothing that is about somebody, also not by subtraction."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.domain.publishing import Answered, Month, class_rows, covered, figures, percent


@settings(max_examples=80)
@given(counts=st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 30)), least=st.integers(2, 8))
def test_no_small_count_is_shown_or_follows_from_the_sum(counts, least):
    shown = covered(counts=counts, least=least)
    assert set(shown) == set(counts)
    hidden = [code for code, count in shown.items() if count is None]
    assert all(count == counts[code] and not 0 < count < least for code, count in shown.items() if count is not None)
    small = [code for code, count in counts.items() if 0 < count < least]
    assert set(small) <= set(hidden)
    if small and len(hidden) < sum(count > 0 for count in counts.values()):  # something is shown: no sum tells the rest
        assert len(hidden) > 1
        assert sum(counts[code] for code in hidden) >= least


def test_what_is_left_out_is_none_and_shares_are_whole_percent():
    found = figures(
        month=Month(
            kinds={"complaint": 40, "praise": 2, "fault": 9}, classes={"a/b/c": 30, "a/b/d": 3, "a/b/e": 4, "a/b/f": 12},
            answers={"complaint": Answered(answered=30, in_time=29), "praise": Answered(answered=2, in_time=1)},
            called=20, content=17, nps=(4, 50, (1, 99)), saidi="1.25", saifi="0.0312",
        ),
        least=5,
    )  # fmt: skip
    assert found["kinds"] == [
        {"kind": "complaint", "taken": 40, "in_time_percent": 97},
        {"kind": "praise", "taken": None, "in_time_percent": None},
        {"kind": "fault", "taken": None, "in_time_percent": None},
    ]
    assert [one["taken"] for one in found["classes"]] == [30, None, None, 12]
    assert found["satisfaction"] == {"asked": 20, "content_percent": 85}
    assert found["nps"] is None
    assert found["reliability"] == {"saidi_minutes": "1.25", "saifi": "0.0312"}
    assert [one["name"] for one in class_rows(figures=found, names={"a/b/c": "Most"})][:2] == ["Most", "a/b/f"]


def test_a_month_of_which_nothing_is_known_shows_nothing():
    found = figures(month=Month(kinds={}, classes={}, called=4, content=4), least=5)
    assert found == {
        "least": 5, "kinds": [], "classes": [], "satisfaction": None, "nps": None, "reliability": None,
    }  # fmt: skip
    with_score = figures(month=Month(kinds={}, classes={}, nps=(5, -20, (-71, 31))), least=5)
    assert with_score["nps"] == {"answers": 5, "score": -20, "low": -71, "high": 31}


@pytest.mark.parametrize(("part", "whole", "share"), [(0, 0, None), (1, 8, 13), (1, 3, 33), (2, 3, 67), (7, 7, 100)])
def test_half_a_percent_goes_up(part, whole, share):
    assert percent(part=part, whole=whole) == share
