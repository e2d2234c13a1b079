"""Messages are queued with their cause, sent once, tried again later, and dead with a reason in the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cis.platform import db, jobs, outbox
from cis.platform.db import NoTransaction
from cis.platform.models import OutboxMessage
from tests.killed import lose_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Messages sent, by a sender for the kind "mail"; nobody is woken."""
    found = []
    monkeypatch.setattr(outbox, "SENDERS", {"mail": found.append})
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    return found


def queue(key="a", **values):
    with transaction.atomic():
        return outbox.queue(kind="mail", key=key, payload={"to": "李雷"}, **values)


def make_due():
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_message_is_sent_once_with_its_payload_and_a_name_that_stays(sent):
    assert queue()
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    [message] = sent
    assert (message.key, message.payload, message.attempt) == ("a", {"to": "李雷"}, 1)
    row = OutboxMessage.objects.get()
    assert message.message_id == f"<outbox.{row.id}@wattline.example>"
    assert row.state == "sent"
    assert row.sent_at is not None


def test_the_same_key_is_queued_once(sent):
    assert queue("a")
    assert not queue("a")
    with transaction.atomic():
        made = outbox.queue_many(kind="mail", payloads={key: {"n": 1} for key in "abc"})
    assert made == 2
    assert outbox.deliver_due() == 3
    assert sorted(message.key for message in sent) == ["a", "b", "c"]


def test_what_is_rolled_back_is_not_sent():
    with transaction.atomic():
        outbox.queue(kind="mail", key="a", payload={})
        transaction.set_rollback(True)
    assert outbox.deliver_due() == 0


def test_nothing_is_queued_outside_a_use_case():
    with pytest.raises(NoTransaction):
        outbox.queue(kind="mail", key="a", payload={})


def test_a_message_waits_until_it_is_due(sent):
    queue(due_at=timezone.now() + timedelta(hours=1))
    assert outbox.deliver_due() == 0
    make_due()
    assert outbox.deliver_due() == 1


def test_what_waits_of_a_kind_is_put_off_and_brought_back(sent):
    queue()
    assert outbox.put_off(kind="paper", until=timezone.now() + timedelta(days=1)) == 0
    assert outbox.put_off(kind="mail", until=timezone.now() + timedelta(days=1)) == 1
    assert outbox.deliver_due() == 0
    outbox.put_off(kind="mail", until=timezone.now())
    assert outbox.deliver_due() == 1
    assert outbox.put_off(kind="mail", until=timezone.now()) == 0, "what was sent does not wait"


def test_what_a_worker_is_sending_is_not_put_off(monkeypatch):
    told = []

    def send(message):
        told.append((outbox.put_off(kind="mail", until=timezone.now()), outbox.deliver_due()))

    monkeypatch.setitem(outbox.SENDERS, "mail", send)
    queue()
    assert outbox.deliver_due() == 1
    assert told == [(0, 0)], "it is nobody else's meanwhile"
    assert OutboxMessage.objects.get().attempts == 1


def test_a_failed_message_is_tried_later_and_later_and_the_others_are_sent(monkeypatch, sent):
    def send(message):
        if message.key == "bad":
            db.execute("SELECT 1/0")
        sent.append(message)

    monkeypatch.setitem(outbox.SENDERS, "mail", send)
    queue("bad")
    queue("good")
    assert outbox.deliver_due() == 2
    assert [message.key for message in sent] == ["good"]
    row = OutboxMessage.objects.get(key="bad")
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "division by zero" in row.last_error
    assert timedelta(seconds=50) < row.due_at - timezone.now() < timedelta(seconds=61)
    make_due()
    outbox.deliver_due()
    row.refresh_from_db()
    assert timedelta(seconds=110) < row.due_at - timezone.now() < timedelta(seconds=121)


def test_waits_double_up_to_six_hours():
    minutes = [outbox.wait_after(attempt) // timedelta(minutes=1) for attempt in (1, 2, 3, 9, 10, 50)]
    assert minutes == [1, 2, 4, 256, 360, 360]


def test_after_the_last_attempt_a_message_is_dead_with_its_reason_until_it_is_revived(sent):
    with transaction.atomic():
        outbox.queue(kind="carrier pigeon", key="a", payload={})
    for _ in range(outbox.ATTEMPTS_MOST):
        make_due()
        outbox.deliver_due()
    row = OutboxMessage.objects.get()
    assert (row.state, row.attempts) == ("dead", outbox.ATTEMPTS_MOST)
    assert row.last_error == "NoSender: nobody sends messages of the kind 'carrier pigeon'"
    assert outbox.revive(row.id)
    assert not outbox.revive(row.id)
    outbox.SENDERS["carrier pigeon"] = sent.append
    assert outbox.deliver_due() == 1
    assert len(sent) == 1


def test_a_message_that_kills_its_worker_is_dead_in_the_end(monkeypatch):
    class Killed(BaseException):
        pass

    def die(_message):
        raise Killed

    monkeypatch.setitem(outbox.SENDERS, "mail", die)
    queue()
    for _ in range(outbox.ATTEMPTS_MOST):
        make_due()
        with pytest.raises(Killed):
            outbox.deliver_due()
    make_due()
    assert outbox.deliver_due() == 1
    row = OutboxMessage.objects.get()
    assert row.state == "dead"
    assert "worker died" in row.last_error


def test_when_the_database_goes_away_the_message_is_not_blamed(monkeypatch):
    """Also where the sender was in a transaction, after which Django opens another session by itself."""

    def lose(*_messages):
        lose_session()
        with transaction.atomic():
            db.fetch("SELECT 1")

    monkeypatch.setitem(outbox.SENDERS, "mail", lose)
    monkeypatch.setattr(outbox, "MANY", {"mail": lose})
    for keys in ("a", "bc"):
        for key in keys:
            queue(key)
        with pytest.raises(OperationalError):
            outbox.deliver_due()
    assert set(OutboxMessage.objects.values_list("state", "last_error", "attempts")) == {("waiting", "", 1)}


def test_several_workers_send_each_message_once(monkeypatch, sent):
    lock = Lock()

    def send(message):
        with lock:
            sent.append(message.key)

    monkeypatch.setitem(outbox.SENDERS, "mail", send)
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={str(n): {} for n in range(60)})

    def work(_):
        count = outbox.deliver_due()
        connection.close()
        return count

    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(work, range(3)))
    assert sorted(sent, key=int) == [str(n) for n in range(60)]
    assert sum(counts) == 60


def test_a_batch_ends_so_that_other_work_gets_its_turn():
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={str(n): {} for n in range(5)})
    assert outbox.deliver_due(most=3) == 3
    assert outbox.deliver_due(most=3) == 2


def test_a_sender_is_a_door_that_may_call_use_cases(monkeypatch):
    @db.opens_transaction
    def use_case():
        db.execute("SELECT 1")
        transaction.on_commit(lambda: called.append("committed"))

    called = []
    monkeypatch.setitem(outbox.SENDERS, "mail", lambda _message: use_case())
    queue()
    outbox.deliver_due()
    assert called == ["committed"]
    assert OutboxMessage.objects.get().state == "sent"


def test_a_message_that_takes_long_is_not_sent_by_another_worker_meanwhile(monkeypatch):
    calls = []

    def other():
        make_due()
        outbox.deliver_due(most=1)
        connection.close()

    def send(message):
        calls.append(message.attempt)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(other).result()

    monkeypatch.setitem(outbox.SENDERS, "mail", send)
    queue()
    outbox.deliver_due(most=1)
    assert calls == [1]
    assert OutboxMessage.objects.get().state == "sent"


@pytest.fixture
def together(monkeypatch, sent):
    """Lists of keys that went together, by a sender of many that fails those that begin with "x"."""
    found = []

    def send(messages):
        found.append([message.key for message in messages])
        return {message.id: OSError("down") for message in messages if message.key.startswith("x")}

    monkeypatch.setattr(outbox, "MANY", {"mail": send})
    return found


def state_of(key):
    return OutboxMessage.objects.values_list("state", "attempts").get(key=key)


def test_many_of_a_kind_go_together_and_what_failed_goes_alone(monkeypatch, together, sent):
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={key: {} for key in ("a", "x", "b")})
        outbox.queue_many(kind="paper", payloads={"p": {}, "q": {}})
    outbox.SENDERS["paper"] = sent.append
    assert outbox.deliver_due() == 5
    assert sorted(together[0]) == ["a", "b", "x"]
    assert [message.key for message in sent] == ["p", "q"]
    assert (state_of("a"), state_of("x")) == (("sent", 1), ("waiting", 1))
    make_due()
    outbox.deliver_due()
    assert (len(together), sent[-1].key, state_of("x")) == (1, "x", ("sent", 2))


def test_what_a_receiver_that_is_down_did_not_take_goes_together_again_until_its_last_attempt(monkeypatch, sent):
    found = []

    def send(messages):
        found.append([message.key for message in messages])
        return {one.id: (ValueError if one.key == "x" else ConnectionError)("no") for one in messages}

    def die(_messages):
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "DOWN", {})
    monkeypatch.setattr(outbox, "MANY", {})
    outbox.send_many_by("mail", send, down=ConnectionError)
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={key: {} for key in ("a", "b", "c", "x")})
    for _ in range(2):
        make_due()
        outbox.deliver_due()
    assert [sorted(one) for one in found] == [["a", "b", "c", "x"], ["a", "b", "c"]]
    assert ([message.key for message in sent], state_of("a")) == (["x"], ("waiting", 2))
    OutboxMessage.objects.filter(key="c").update(attempts=outbox.ATTEMPTS_MOST - 1)
    monkeypatch.setitem(outbox.MANY, "mail", die)
    make_due()
    OutboxMessage.objects.filter(key="c").update(due_at=timezone.now() - timedelta(days=1))
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver_due()
    assert ([message.key for message in sent], state_of("c")) == (["x", "c"], ("sent", outbox.ATTEMPTS_MOST))
    make_due()
    assert outbox.deliver_due() == 2
    assert sorted(message.key for message in sent) == ["a", "b", "c", "x"], "alone after their worker died"


def test_those_that_were_with_a_worker_that_died_go_alone(monkeypatch, together, sent):
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={"a": {}, "b": {}})

    def die(_messages):
        raise KeyboardInterrupt

    monkeypatch.setitem(outbox.MANY, "mail", die)
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver_due()
    make_due()
    assert outbox.deliver_due() == 2
    assert sorted(message.key for message in sent) == ["a", "b"]
    assert not together


def test_a_sender_of_many_that_fails_as_a_whole_fails_each(monkeypatch, together):
    with transaction.atomic():
        outbox.queue_many(kind="mail", payloads={"a": {}, "b": {}})

    def fail(_messages):
        raise OSError("nobody there")

    monkeypatch.setitem(outbox.MANY, "mail", fail)
    outbox.deliver_due()
    assert set(OutboxMessage.objects.values_list("state", "last_error")) == {("waiting", "OSError: nobody there")}


def test_many_take_as_many_statements_as_few(together):
    counts = []
    for count in (2, 40):
        with transaction.atomic():
            outbox.queue_many(kind="mail", payloads={f"{count}.{number}": {} for number in range(count)})
        with CaptureQueriesContext(connection) as asked:
            assert outbox.deliver_due(most=count) == count
        counts.append(len(asked))
    assert counts[0] == counts[1]
