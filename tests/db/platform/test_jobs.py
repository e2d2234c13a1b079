"""A schedule fires once, work that died goes on, and nobody minds a missing broker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from cis.platform import db, jobs, tasks
from cis.platform.models import Job, JobState
from cis.platform.schedules import Daily, Every
from tests.killed import lose_session

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 1, 10, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """Messages sent to workers; no work is registered."""
    found = []

    def send_task(task, args, **options):
        found.append((task, *args))

    monkeypatch.setattr(jobs, "REGISTRY", {})
    monkeypatch.setattr(current_app, "send_task", send_task)
    return found


def work(at):
    raise AssertionError("not to be called")


def known(name):
    """The installation has known the schedule since the day before."""
    assert jobs.scheduled(name, AT - timedelta(days=1), state=JobState.DONE)


def test_a_schedule_fires_once_however_often_and_by_whomever_it_is_asked():
    jobs.register("night", work, schedule=Every(timedelta(minutes=5)))
    known("night")

    def open_due(_):
        jobs.open_due(AT)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_due, range(12)))
    waiting = Job.objects.filter(state="waiting")
    assert list(waiting.values_list("name", "due_at")) == [("night", AT.replace(minute=0))]
    jobs.open_due(AT + timedelta(minutes=3))
    assert waiting.count() == 2


@pytest.mark.parametrize("hours", [-2, 2], ids=["back", "forward"])
@pytest.mark.parametrize("set_at", [2, 4], ids=["before", "after"])
def test_a_daily_job_fires_once_a_due_date_though_the_clock_is_set_back_or_forward(hours, set_at):
    """Two beats tick each half hour; at 02:00 or at 04:00 of the second day the clock of the machine is set."""
    jobs.register("night", work, schedule=Daily(time(3), "UTC"))
    first = AT.replace(hour=0, minute=0, second=0, microsecond=0)
    jobs.open_due(first)
    wrong = timedelta()
    for ticks in range(3 * 48):
        right = first + ticks * timedelta(minutes=30)
        if right == first + timedelta(days=1, hours=set_at):
            wrong = timedelta(hours=hours)
        for _beat in range(2):
            jobs.open_due(right + wrong)
    due = list(Job.objects.filter(state="waiting").order_by("due_at").values_list("due_at", flat=True))
    assert due == [first.replace(hour=3) + timedelta(days=day) for day in range(3)]


def test_what_fell_due_before_the_schedule_was_known_is_not_made_up_for():
    jobs.register("night", work, schedule=Daily(time(3), "UTC"))
    jobs.open_due(AT)
    jobs.run("night")
    assert list(Job.objects.values_list("state", "started_at")) == [("done", None)]
    jobs.open_due(AT + timedelta(days=1))
    assert Job.objects.filter(state="waiting").count() == 1


def test_scheduled_tells_whether_it_was_the_first():
    assert jobs.scheduled("night", AT) == Job.objects.get().id
    assert jobs.scheduled("night", AT) is None


def test_due_work_is_done_once_with_its_own_time():
    called = []
    jobs.register("night", called.append, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    for _ in range(2):
        jobs.run("night")
    assert called == [AT.replace(hour=3, minute=0)]
    job = Job.objects.latest("due_at")
    assert job.state == "done"
    assert job.started_at <= job.ended_at


def test_work_whose_worker_died_is_done_by_the_next():
    called = []
    jobs.register("night", called.append, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    Job.objects.filter(state="waiting").update(state="running")
    jobs.run("night")
    assert len(called) == 1


def test_work_that_is_under_way_is_left_alone():
    called = []

    def do(due_at):
        called.append(due_at)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: (jobs.run("night"), connection.close())).result()

    jobs.register("night", do, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    jobs.run("night")
    assert len(called) == 1


def test_work_that_fails_says_why_and_is_not_tried_for_ever():
    def fail(_):
        raise RuntimeError("no paper")

    jobs.register("night", fail, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    jobs.run("night")
    jobs.run("night")
    job = Job.objects.latest("due_at")
    assert (job.state, job.message) == ("failed", "RuntimeError: no paper")


@pytest.mark.parametrize(
    ("code", "times", "state"), [("40P01", 4, "done"), ("40001", 5, "failed"), ("22012", 1, "failed")]
)
def test_work_that_a_deadlock_ended_is_tried_again_some_times(code, times, state):
    called = []

    def fail(due_at):
        called.append(due_at)
        if len(called) <= times:
            db.execute(f"DO $$ BEGIN RAISE EXCEPTION 'ended' USING ERRCODE = '{code}'; END $$")

    jobs.register("night", fail, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    jobs.run("night")
    assert (Job.objects.latest("due_at").state, len(called)) == (state, 5 if code != "22012" else 1)


def test_work_whose_database_went_away_is_not_blamed_and_done_by_the_next():
    def lose(_):
        lose_session()
        with transaction.atomic():
            db.fetch("SELECT 1")

    jobs.register("night", lose, schedule=Daily(time(3), "UTC"))
    known("night")
    jobs.open_due(AT)
    with pytest.raises(OperationalError):
        jobs.run("night")
    done = []
    jobs.register("night", done.append, schedule=Daily(time(3), "UTC"))
    jobs.run("night")
    assert (len(done), Job.objects.latest("due_at").state) == (1, "done")


def test_work_without_a_schedule_is_done_whenever_it_is_woken():
    called = []
    jobs.register("bills", called.append)
    jobs.run("bills")
    jobs.run("bills")
    assert len(called) == 2
    assert called[0] <= called[1] <= timezone.now()


def test_unknown_work_is_an_error_of_the_worker_and_not_of_the_caller(woken):
    jobs.wake("nonsense")
    assert woken == []
    with pytest.raises(jobs.UnknownWork):
        tasks.work("nonsense")


def test_workers_are_woken_after_the_commit_and_once_a_transaction(woken):
    jobs.register("bills", work, workers=2)
    with transaction.atomic():
        jobs.wake("bills")
        jobs.wake("bills")
        assert woken == []
    assert woken == [("cis.platform.tasks.work", "bills")] * 2


def test_nobody_is_woken_for_what_was_rolled_back(woken):
    jobs.register("bills", work)
    with transaction.atomic():
        jobs.wake("bills")
        transaction.set_rollback(True)
    assert woken == []


def test_without_a_broker_the_caller_goes_on(monkeypatch):
    def send_task(*_, **__):
        raise ConnectionError("no redis")

    monkeypatch.setattr(current_app, "send_task", send_task)
    jobs.register("bills", work)
    with transaction.atomic():
        jobs.wake("bills")
        jobs.start(name="bills")
    assert Job.objects.count() == 1


def test_poke_wakes_what_fell_due_and_what_is_unfinished_and_nothing_else(woken):
    jobs.register("night", work, schedule=Every(timedelta(days=1)))
    known("night")
    jobs.register("bills", work, workers=2)
    jobs.register("idle", work)
    jobs.start(name="bills")
    jobs.start(name="command without a worker")
    jobs.finish(jobs.start(name="idle"))
    tasks.poke()
    assert woken == [
        *[("cis.platform.tasks.work", "bills")] * 2,
        ("cis.platform.tasks.work", "night"),
        ("cis.platform.tasks.deliver",),
    ]


def test_progress_is_counted_after_the_commit():
    job_id = jobs.start(name="bills", total=10, subject="March")
    with transaction.atomic():
        jobs.advance(job_id, done=3, failed=1)
        assert Job.objects.get().done == 0
    jobs.advance(job_id, done=2)
    job = Job.objects.latest("due_at")
    assert (job.state, job.done, job.failed, job.total) == ("running", 5, 1, 10)
    jobs.show(job_id, done=9, total=12)
    jobs.finish(job_id, message="good")
    jobs.advance(job_id, done=2)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed, job.total, job.message) == ("done", 9, 0, 12, "good")
