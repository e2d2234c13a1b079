"""Customers are asked after events: by lot, once in a while, by a link that serves once; who is unhappy is called."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.domain.surveys import PLAN, SurveyEvent
from accounts.domain.visits import Score
from accounts.models.care import FollowUpVisit
from accounts.models.notice import Notice
from accounts.models.survey import Survey
from accounts.operations import surveys
from accounts.operations.surveys import BadAnswer, Source, SurveyAnswered, SurveyOver, UnknownQuestion
from accounts.queries import surveys as queries
from billing.queries import first_bills
from cis import wiring_care
from cis.kernel.enums import Role
from cis.platform import jobs
from cis.platform.models import Deadline
from complaints.domain.kinds import Satisfaction
from complaints.operations import replies
from metering.domain.announcements import OutageEnded
from tests.factories import accounts, billing, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
NOON = "2026-03-10T12:00:00+08:00"


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(NOON, tick=False):
        accounts.supplier()
        place = contracts.world()
        accounts.contact_point(of=place.customer)
        yield place


def plan(event, *sources):
    with transaction.atomic():
        return surveys.plan_step(event=event, sources=sources, at=timezone.now())


def asked(world, source_id=1, event=SurveyEvent.CASE_CLOSED):
    plan(event, Source(source_id=source_id, account_id=world.account.id))
    surveys.work(timezone.now() + timedelta(days=8))
    return Survey.objects.get(source_id=source_id, event=event.value)


def test_a_question_waits_for_its_hour_and_is_asked_once(world):
    source = Source(source_id=1, account_id=world.account.id)
    assert [plan(SurveyEvent.CASE_CLOSED, source) for _ in range(2)] == [1, 1]
    row = Survey.objects.get()
    assert (row.state, row.customer_id, row.send_at - timezone.now()) == ("waiting", world.customer.id, timedelta(1))
    surveys.work(timezone.now() + timedelta(hours=23))
    with pytest.raises(UnknownQuestion):
        surveys.survey_of(surveys.token_of(row.id), at=timezone.now())
    for _ in range(2):
        surveys.work(timezone.now() + timedelta(hours=24))
    row.refresh_from_db()
    assert row.state == "asked"
    [text] = Notice.objects.filter(event="satisfaction_asked", channel="sms").values_list("body", flat=True)
    assert f"/survey/{surveys.token_of(row.id)}" in text


def test_who_was_asked_lately_is_spared_until_the_quiet_time_is_over(world):
    asked(world)
    assert asked(world, 2, SurveyEvent.VISIT_DONE).state == "skipped"
    later = timezone.now() + timedelta(days=8 + 90)
    with time_machine.travel(later, tick=False):
        assert asked(world, 3).state == "asked"
        found = queries.asked(start_date=date(2026, 1, 1), end_date=date(2027, 1, 1), actor=None)
    assert (found[SurveyEvent.CASE_CLOSED].asked, found[SurveyEvent.VISIT_DONE].skipped) == (2, 1)


def test_an_answer_counts_once_and_only_in_time(world):
    row = asked(world)
    token, now = surveys.token_of(row.id), row.asked_at
    with pytest.raises(BadAnswer):
        surveys.answer(token=token, score=11, text="", at=now)
    with pytest.raises(SurveyOver):
        surveys.answer(token=token, score=9, text="", at=now + timedelta(days=30))
    surveys.answer(token=token, score=9, text=" gut ", at=now + timedelta(days=29), wants_contact=True)
    with pytest.raises(SurveyAnswered):
        surveys.answer(token=token, score=0, text="", at=now)
    row.refresh_from_db()
    assert (row.state, row.score, row.text, row.follow_up_id) == ("answered", 9, "gut", None)


def test_who_would_not_recommend_us_and_wants_it_is_called_in_time(world):
    row = asked(world)
    surveys.answer(token=surveys.token_of(row.id), score=6, text="rude", at=row.asked_at, wants_contact=True)
    row.refresh_from_db()
    call = FollowUpVisit.objects.get(id=row.follow_up_id)
    assert (call.plan, call.way, call.reason, call.account_id) == (PLAN, "phone", "", world.account.id)
    assert call.due_date - call.start_date == timedelta(days=3)
    assert Deadline.objects.get(subject="visit", subject_id=call.id).state == "running"


def test_a_closed_case_an_outage_and_a_first_bill_are_followed_by_questions(world, monkeypatch):
    clerk = made.person(Role.CLERK)
    row = made.in_hand(clerk, team_id=made.team(clerk), at=timezone.now(), account_id=world.account.id)
    made.answered(row, clerk, at=timezone.now())
    assert not Survey.objects.exists()
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=timezone.now(), actor=clerk)
    assert Survey.objects.get().key == f"case_closed:{row.id}"
    monkeypatch.setattr(wiring_care.dark_times, "of_outage", lambda *, outage_id: [world.service_point.id])
    with transaction.atomic():
        for outage_id in range(1, 61):
            wiring_care._ask_of_outage(OutageEnded(outage_id=outage_id, at=timezone.now(), is_planned=False))
    drawn = Survey.objects.filter(event="outage_ended")
    assert 0 < drawn.count() < 20  # one in ten, by lot
    bill = billing.issued(world=world)
    day = bill.issue_date
    assert first_bills.issued_on(day=day) == ((bill.id, world.account.id),)
    assert first_bills.issued_on(day=day - timedelta(days=1)) == ()


def test_an_answer_on_a_case_is_kept_from_those_it_is_about(world):
    rude, other = made.person(name="Rude"), made.person(name="Other")
    made.team(rude)
    row = made.taken(account_id=world.account.id, about_user_id=rude.id)
    survey = asked(world, row.id)
    surveys.answer(token=surveys.token_of(survey.id), score=2, text="he shouted", at=survey.asked_at)
    span = {"start_date": date(2026, 3, 1), "end_date": date(2026, 5, 1)}
    assert queries.scores(**span, actor=rude) == queries.scores(**span, actor=None) == ()
    assert queries.answers(most=9, actor=rude) == ()
    assert queries.asked(**span, actor=rude) == {}
    [seen] = queries.answers(most=9, actor=other, worst=True)
    assert (seen.text, seen.event) == ("he shouted", "case_closed")
    assert [one.score for one in queries.scores(**span, actor=other)] == [Score(0, 0, 1)]


def test_planning_takes_the_same_number_of_statements_for_any_number(world):
    places = [world, *(contracts.world() for _ in range(3))]

    def counted(serial, some):
        sources = [Source(source_id=serial, account_id=one.account.id) for one in some]
        with CaptureQueriesContext(
            connection,
        ) as taken:
            plan(
                SurveyEvent.CASE_CLOSED,
                *[Source(source_id=serial * 100 + n, account_id=s.account_id) for n, s in enumerate(sources)],
            )
        return len(taken)

    assert counted(1, places[:1]) == counted(2, places)
    assert Survey.objects.count() == 5
