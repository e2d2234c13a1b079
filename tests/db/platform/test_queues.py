"""Deadlines as work queues: what runs or is late is there, once, and one person at a time looks after it."""

from datetime import timedelta

import pytest
from django.db import transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import deadlines, events, queues
from cis.platform.models import AuditEvent, Deadline
from cis.platform.queues import TaskTaken, UnknownTask, Urgency, Wanted
from tests.db.platform.test_deadlines import local

pytestmark = pytest.mark.django_db(transaction=True)
STANDARD = "connection_low"  # 6 working days, warned 1 before: due on the 11th, warned from the 10th
HERE = Wanted(standards=(STANDARD,))
ANNA, BO = (Actor(ActorKind.STAFF, key, name, frozenset({Role.CLERK})) for key, name in ((1, "Anna"), (2, "Bo")))


@pytest.fixture
def one():
    with transaction.atomic():
        deadlines.start(subject="case", subject_id=7, standard=STANDARD, at=local(2))
    return Deadline.objects.get().id


def urgencies(day, wanted=HERE):
    return [task.urgency for task in queues.listed(wanted=wanted, at=local(day))]


def ended(call, day, **given):
    with transaction.atomic():
        call(subject="case", subject_id=7, at=local(day), **given)


def take(deadline_id, actor, **given):
    queues.take(deadline_id=deadline_id, **{"standards": (STANDARD,), **given}, actor=actor, at=local(3))


def test_the_colour_follows_the_time_that_is_left(one):
    assert [urgencies(day) for day in (3, 10, 11)] == [[Urgency.IN_TIME], [Urgency.NEAR], [Urgency.LATE]]
    assert queues.counts(wanted=HERE, at=local(10)) == {Urgency.LATE: 0, Urgency.NEAR: 1, Urgency.IN_TIME: 0}
    assert urgencies(3, Wanted(standards=("other",))) == []


def test_what_is_late_is_escalated_whatever_its_standard(one):
    over_all = Wanted(standards=(), escalated=True)
    assert (urgencies(10, over_all), urgencies(11, over_all)) == ([], [Urgency.LATE])


def test_what_waits_for_the_customer_is_in_no_queue_and_comes_back_with_its_time(one):
    ended(deadlines.stop, 3, reason="customer")
    assert urgencies(20) == []
    ended(deadlines.go_on, 13)
    assert urgencies(13) == [Urgency.IN_TIME]


@pytest.mark.parametrize("end", [deadlines.meet, deadlines.drop])
def test_what_is_done_or_not_wanted_any_more_is_gone(one, end):
    ended(end, 3)
    assert urgencies(11) == []
    with pytest.raises(UnknownTask):
        take(one, ANNA)


def test_one_person_at_a_time_looks_after_it(one):
    take(one, ANNA)
    take(one, ANNA)
    with pytest.raises(TaskTaken, match="Anna"):
        take(one, BO)
    with pytest.raises(TaskTaken):
        queues.give_back(deadline_id=one, actor=BO)
    assert [task.taken_by for task in queues.listed(wanted=HERE, at=local(3))] == ["Anna"]
    theirs = [Wanted(standards=(STANDARD,), takers=(0, key)) for key in (1, 2)]
    assert [len(queues.listed(wanted=wanted, at=local(3))) for wanted in theirs] == [1, 0]
    queues.give_back(deadline_id=one, actor=ANNA)
    take(one, BO)
    take(one, ANNA, from_others=True)
    assert list(AuditEvent.objects.filter(subject="case").order_by("id").values_list("action", "actor_name")) == [
        ("take", "Anna"), ("give_back", "Anna"), ("take", "Bo"), ("take", "Anna"),
    ]  # fmt: skip


def test_only_those_of_the_queue_take_it(one):
    with pytest.raises(NotAllowed):
        take(one, ANNA, standards=("connection_home",))


def test_each_deadline_warns_once_and_escalates_once(one, monkeypatch):
    monkeypatch.setattr(events, "LISTENERS", {})
    events.listen(DeadlineNear, queues.note_near)
    events.listen(DeadlinePassed, queues.note_passed)
    for hours in range(0, 24 * 12, 12):
        deadlines.sweep(local(2) + timedelta(hours=hours))
        deadlines.sweep(local(2) + timedelta(hours=hours))
    noted = AuditEvent.objects.filter(subject="case", subject_id=7).order_by("id").values_list("action", "detail")
    assert list(noted) == [("warn", {"standard": STANDARD}), ("escalate", {"standard": STANDARD})]
