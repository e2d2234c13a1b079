"""Staff is told of deadlines by mail: whoever acts or has taken it, the supervisors of what is late, once a day."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outgoing
from django.db import transaction

from accounts.operations import deadline_mails
from cis.desk.task_queues import ROLES_OF
from cis.kernel.enums import Role
from cis.platform import deadlines, outbox
from cis.platform.models import Deadline, OutboxMessage, OutboxState
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
MORNING = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # Wednesday 11 March, 07:30 in Shanghai
SURVEY, WHOLE = "connection_survey_home", "connection_home"


@pytest.fixture(autouse=True)
def _here(settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setitem(outbox.SENDERS, deadline_mails.SEND, deadline_mails.send)
    factories.accounts.supplier()


@pytest.fixture
def people():
    """A clerk, a second one who reads English, a supervisor, somebody of billing, and one without a mailbox."""
    make = factories.accounts.staff
    return {
        "clerk": make(Role.CLERK, email="clerk@power.example"),
        "second": make(Role.CLERK, email="second@power.example", language="en"),
        "boss": make(Role.SUPERVISOR, email="boss@power.example", language="en"),
        "billing": make(Role.BILLING, email="billing@power.example"),
        "bare": make(Role.CLERK),
    }


def clock(standard, *, day, key=1, hour=2, taken_by=None, month=3):
    at = datetime(2026, month, day, hour, tzinfo=UTC)
    with transaction.atomic():
        deadlines.start(subject="application", subject_id=key, standard=standard, at=at)
    if taken_by:
        Deadline.objects.filter(subject_id=key, standard=standard).update(taken_by_id=taken_by.id, taken_by="x")


def told(at=MORNING):
    """Of each address subject and body of what the morning's work sends."""
    outgoing.outbox.clear()
    with time_machine.travel(at, tick=False):
        deadline_mails.tell(at, roles_of=ROLES_OF)
        OutboxMessage.objects.filter(state="waiting").update(due_at=datetime(2026, 1, 1, tzinfo=UTC))
        outbox.deliver_due()
    return {letter.to[0].partition("@")[0]: letter for letter in outgoing.outbox}


def test_what_comes_near_is_told_to_those_who_act_and_what_is_late_to_the_supervisors_too(people):
    clock(SURVEY, day=9)  # until Wednesday's end: near
    assert set(told()) == {"clerk", "second"}
    clock(SURVEY, day=3, key=2)  # late
    found = told(MORNING + timedelta(days=1))
    assert set(found) == {"clerk", "second", "boss"}
    assert found["second"].subject == "Deadlines: 2 late, 0 soon due"
    assert found["clerk"].subject == "时限：2 项已超期，0 项即将到期"
    assert (
        "Survey (Homes, low voltage): 2, the first since 6 Mar 2026 00:00, with the supervisors" in found["boss"].body
    )
    assert "with the supervisors" not in found["second"].body
    assert "/desk/deadlines/" in found["second"].body


def test_what_somebody_has_taken_is_told_to_that_one_alone_until_it_is_late(people):
    clock(SURVEY, day=9, taken_by=people["second"])
    assert set(told()) == {"second"}
    assert set(told(MORNING + timedelta(days=1))) == {"second", "boss"}


def test_one_mail_a_person_and_day_however_often_the_work_is_done(people):
    clock(SURVEY, day=9)
    assert len(told()) == 2
    clock(SURVEY, day=9, key=2)
    assert told(MORNING + timedelta(hours=3)) == {}
    assert OutboxMessage.objects.filter(kind=deadline_mails.SEND).count() == 2


def test_nothing_near_or_late_is_no_mail(people):
    clock("connection_low", day=10)
    assert told() == {}


def test_a_day_off_brings_only_what_is_counted_in_hours(people):
    clock(SURVEY, day=3)
    saturday = datetime(2026, 3, 13, 23, 30, tzinfo=UTC)
    assert told(saturday) == {}
    fitter = factories.accounts.staff(Role.FIELD, email="fitter@power.example", language="en")
    clock("reconnection", day=13, hour=20, key=3)  # 24 hours: ends before the next morning's mail
    found = told(saturday)
    assert set(found) == {fitter.email.partition("@")[0]}
    assert found["fitter"].subject == "Deadlines: 0 late, 1 soon due"


def test_who_left_meanwhile_gets_none(people):
    clock(SURVEY, day=9)
    with time_machine.travel(MORNING, tick=False):
        assert deadline_mails.tell(MORNING, roles_of=ROLES_OF) == 2
    type(people["clerk"]).objects.filter(id=people["clerk"].id).update(is_active=False)
    assert set(told()) == {"second"}
    assert {row.state for row in OutboxMessage.objects.filter(kind=deadline_mails.SEND)} == {OutboxState.SENT}


def test_a_mail_has_the_name_of_its_message_so_that_a_repeated_one_is_known(people):
    clock(SURVEY, day=9)
    letter = told()["second"]
    assert letter.extra_headers["Message-ID"].startswith("<outbox.")


def test_the_statements_are_the_same_however_many(people, django_assert_num_queries):
    for key in range(12):
        clock(SURVEY, day=3 + key % 2, key=key + 1)
    with time_machine.travel(MORNING, tick=False):
        deadline_mails._text(*_one_line(people))  # templates are read once
        with django_assert_num_queries(6):  # BEGIN, four, COMMIT
            deadline_mails.tell(MORNING, roles_of=ROLES_OF)


def _one_line(people):
    (person,) = (one for one in deadline_mails.users.with_mailbox() if one.id == people["clerk"].id)
    line = deadline_mails.Line(standard=SURVEY, count=1, first_due_at=MORNING, is_escalated=False)
    return person, [line], [line]
