"""Follow-up visits and their answers; signed questions; segments."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain import survey_tokens
from accounts.domain.segments import Facts, SegmentRule, segment_of
from accounts.domain.visits import VisitPlan, Way, plan_for, score_of

ALL = {"kinds": frozenset(), "classes": frozenset(), "flags": frozenset(), "least_kwh": 0, "least_late": 0,
       "most_late": 1_000}  # fmt: skip


def plan(code, *segments, event="supply_began"):
    return VisitPlan(
        code=code, event=event, segments=frozenset(segments), way=Way.PHONE, after_days=7, within_days=14, tries=3
    )


@pytest.mark.parametrize(
    ("event", "segment", "found"),
    [("supply_began", "key", "b"), ("supply_began", "home", "a"), ("supply_restored", "home", None)],
)
def test_a_plan_that_names_the_segment_comes_before_one_for_all(event, segment, found):
    chosen = plan_for(event=event, segment=segment, plans=[plan("a"), plan("b", "key"), plan("c")])
    assert (chosen and chosen.code) == found


def test_a_plan_says_its_days():
    assert plan("a").days(date(2026, 2, 25)) == (date(2026, 3, 4), date(2026, 3, 18))


@given(st.lists(st.integers(0, 10), max_size=40))
def test_the_score_is_the_share_of_9_and_10_less_that_of_0_to_6(given_scores):
    score = score_of(given_scores)
    assert score.answers == len(given_scores)
    if not given_scores:
        assert score.nps is None
        return
    exact = Fraction(100 * (sum(s >= 9 for s in given_scores) - sum(s <= 6 for s in given_scores)), len(given_scores))
    assert score.nps == int(exact)  # int of a fraction rounds to zero


def test_a_question_is_known_by_its_signed_name_alone():
    name = survey_tokens.token(17, key=b"k")
    assert survey_tokens.found(name, key=b"k") == 17
    for wrong in (name.replace("17", "18", 1), name[:-1], name + "0", "17", "", name.upper() + "x"):
        assert survey_tokens.found(wrong, key=b"k") is None
    assert survey_tokens.found(name, key=b"other") is None


@pytest.mark.parametrize(
    ("facts", "segment"),
    [
        (Facts(kind="company", flags=frozenset({"key_account"}), late=9), "key"),
        (Facts(kind="resident", late=3), "at_risk"),
        (Facts(kind="company", classes=frozenset({"commercial"}), energy_wh=100_000_000), "large"),
        (Facts(kind="company", classes=frozenset({"commercial"}), energy_wh=99_999_999), "rest"),
        (Facts(kind="resident"), "rest"),
    ],
)
def test_the_first_segment_that_takes_a_customer_is_theirs(facts, segment):
    rules = [
        SegmentRule(code="key", **ALL | {"flags": frozenset({"key_account"})}),
        SegmentRule(code="at_risk", **ALL | {"least_late": 3}),
        SegmentRule(code="large", **ALL | {"classes": frozenset({"commercial"}), "least_kwh": 100_000}),
        SegmentRule(code="rest", **ALL),
    ]
    assert segment_of(facts, rules=rules) == segment
    assert segment_of(facts, rules=rules[:0]) == ""
