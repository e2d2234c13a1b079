"""When customers are asked how likely they recommend us, and how sure the score is."""

from datetime import UTC, datetime, timedelta
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.domain import survey_tokens
from accounts.domain.surveys import EventRule, SurveyEvent, SurveyRules, interval, is_drawn, wants_follow_up
from accounts.domain.visits import Score

AT = datetime(2026, 3, 2, tzinfo=UTC)


@settings(max_examples=200)
@given(promoters=st.integers(0, 300), passives=st.integers(0, 300), detractors=st.integers(0, 300))
def test_the_interval_is_that_of_the_normal_approximation_rounded_outwards(promoters, passives, detractors):
    score = Score(promoters, passives, detractors)
    span, count = interval(score), score.answers
    if count < 2:
        assert span is None
        return
    mean = (promoters - detractors) / count
    half = 1.96 * sqrt(((promoters + detractors) / count - mean**2) / count)
    low, high = 100 * (mean - half), 100 * (mean + half)
    assert max(low, -100) - 1.02 <= span[0] <= max(low, -100) + 1e-6
    assert min(high, 100) - 1e-6 <= span[1] <= min(high, 100) + 1.02


@pytest.mark.parametrize(
    ("score", "span"), [(Score(10, 0, 0), (100, 100)), (Score(1, 0, 1), (-100, 100)), (Score(50, 25, 25), (8, 42))]
)
def test_intervals_by_hand(score, span):
    assert interval(score) == span


def test_the_share_is_drawn_by_the_key_alone():
    drawn = [is_drawn(key=f"case_closed:{one}", percent=30) for one in range(2_000)]
    assert 520 < sum(drawn) < 680
    assert drawn == [is_drawn(key=f"case_closed:{one}", percent=30) for one in range(2_000)]
    assert not any(is_drawn(key=str(one), percent=0) for one in range(100))
    assert all(is_drawn(key=str(one), percent=100) for one in range(100))


def test_an_event_that_the_rule_does_not_name_asks_nobody():
    rules = SurveyRules(
        events={SurveyEvent.CASE_CLOSED: EventRule(24, 100)}, quiet_days=90, valid_days=30, contact_days=3
    )
    assert rules.send_at(event=SurveyEvent.CASE_CLOSED, key="k", at=AT) == AT + timedelta(days=1)
    assert rules.send_at(event=SurveyEvent.FIRST_BILL, key="k", at=AT) is None


@pytest.mark.parametrize(("score", "wants", "called"), [(6, True, True), (6, False, False), (7, True, False)])
def test_who_would_not_recommend_us_and_wishes_it_is_called(score, wants, called):
    assert wants_follow_up(score=score, wants_contact=wants) is called


def test_links_that_were_sent_before_lead_to_the_same_question():
    key = b"secret"
    assert survey_tokens.found(survey_tokens.token(17, key=key), key=key) == 17
    assert survey_tokens.token(17, key=key).startswith("17.")
    assert survey_tokens.found(survey_tokens.token(17, key=b"other"), key=key) is None
