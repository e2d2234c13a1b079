"""Commands to meters: sent once, answered in any order, never sent after they were cancelled."""

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove
from cis.platform import events, jobs, outbox
from cis.platform.models import OutboxMessage
from cis.platform.schedules import Every
from metering.domain.announcements import DeviceCommandDone
from metering.domain.device_commands import Command, CommandState, Reading, WrongValue
from metering.gateways import head_end
from metering.gateways.sandbox import Sandbox
from metering.models.command import DeviceCommand, SandboxAnswer, SandboxMeter
from metering.models.read import RegisterRead
from metering.operations import command_answers, device_commands
from metering.operations.device_commands import CommandUnderWay, NotASwitcher
from metering.queries import device_commands as queries
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db(transaction=True)
METERER = Actor(ActorKind.STAFF, 7, "Wu", frozenset({Role.METERING}))


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """What was announced; nobody is woken."""
    found = []
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(events, "LISTENERS", {DeviceCommandDone: [found.append]})
    accounts.supplier()
    return found


@pytest.fixture
def meter():
    return metering.meter()


def behave(meter, behaviour="obeys", **values):
    SandboxMeter.objects.update_or_create(serial=meter.serial, defaults={"behaviour": behaviour, **values})


def order(meter, command="switch_on", subject="case", subject_id=1, actor=SYSTEM):
    with transaction.atomic():
        return device_commands.order_step(
            meter_id=meter.id, command=command, subject=subject, subject_id=subject_id, actor=actor
        )


def work():
    """Deliver all that waits, as if its time had come."""
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))
    return outbox.deliver_due()


def later(**by):
    """Let time go by for what waits at the sandbox and for the time-outs."""
    step = timedelta(**by)
    for row in SandboxAnswer.objects.filter(is_confirmed=False):
        SandboxAnswer.objects.filter(id=row.id).update(due_at=row.due_at - step)
    for row in DeviceCommand.objects.all():
        DeviceCommand.objects.filter(id=row.id).update(until=row.until - step)


def state_of(command_id):
    return DeviceCommand.objects.get(id=command_id).state


def test_a_meter_obeys_and_the_case_is_told(meter, told):
    command_id = order(meter)
    assert (state_of(command_id), told) == ("queued", [])
    work()
    (done,) = told
    assert (done.command_id, done.outcome, done.subject, done.subject_id) == (command_id, "succeeded", "case", 1)
    meter.refresh_from_db()
    assert meter.switch == "on"
    card = queries.one(command_id=command_id)
    assert card.sent_at <= card.acknowledged_at <= card.ended_at
    work()
    assert len(told) == 1


def test_a_meter_delays_acknowledged_first_then_the_result(meter, told):
    behave(meter, delay_seconds=600)
    command_id = order(meter)
    work()
    assert (state_of(command_id), told) == ("acknowledged", [])
    work()
    assert state_of(command_id) == "acknowledged"
    later(minutes=10)
    work()
    assert (state_of(command_id), len(told)) == ("succeeded", 1)
    assert work() == 0 or state_of(command_id) == "succeeded"


def test_a_meter_refuses_with_its_reason(meter, told):
    behave(meter, "refuses")
    command_id = order(meter)
    work()
    assert (state_of(command_id), told[0].outcome) == ("refused", "refused")
    assert told[0].reason == queries.one(command_id=command_id).reason == "load above the limit at the terminals"
    meter.refresh_from_db()
    assert meter.switch == "unknown"


def test_a_meter_answers_twice_and_it_counts_once(meter, told):
    behave(meter, "answers_twice")
    command_id = order(meter)
    work()
    card = queries.one(command_id=command_id)
    assert (card.state, card.repeats, len(told)) == ("succeeded", 2, 1)


@pytest.mark.parametrize("behaviour", ["silent", "loses_answer", "unreachable"])
def test_no_result_in_time_is_a_time_out(meter, told, behaviour):
    behave(meter, behaviour)
    command_id = order(meter)
    work()
    assert told == []
    later(minutes=31)
    work()
    assert (state_of(command_id), told[0].outcome) == ("timed_out", "timed_out")


def test_a_result_after_the_time_out_counts_and_is_told_as_late(meter, told):
    behave(meter, delay_seconds=3_600)
    command_id = order(meter)
    work()
    later(minutes=31)
    work()
    later(minutes=31)
    device_commands.take_answers()
    assert [(one.outcome, one.is_late) for one in told] == [("timed_out", False), ("succeeded", True)]
    assert state_of(command_id) == "succeeded"


def test_a_late_answer_does_not_overrule_what_was_switched_since(meter):
    behave(meter, delay_seconds=3_600)
    order(meter, "switch_off")
    work()
    later(minutes=31)
    work()
    behave(meter, delay_seconds=0)
    order(meter, "switch_on", subject_id=2)
    work()
    SandboxAnswer.objects.filter(is_confirmed=False).update(due_at=timezone.now() - timedelta(minutes=5))
    device_commands.take_answers()
    meter.refresh_from_db()
    assert meter.switch == "on"


def test_what_was_cancelled_is_never_sent(meter, told):
    command_id = order(meter)
    device_commands.cancel(command_id=command_id, reason="paid", actor=METERER)
    work()
    assert (state_of(command_id), SandboxAnswer.objects.count()) == ("cancelled", 0)
    assert (told[0].outcome, told[0].reason) == ("cancelled", "paid")
    sent = order(meter, subject_id=2)
    work()
    with pytest.raises(IllegalMove):
        device_commands.cancel(command_id=sent, reason="", actor=METERER)


def test_what_the_head_end_did_not_take_may_be_cancelled_and_is_not_sent_again(meter):
    behave(meter, "unreachable")
    command_id = order(meter)
    work()
    assert (state_of(command_id), queries.one(command_id=command_id).attempts) == ("queued", 1)
    device_commands.cancel(command_id=command_id, reason="", actor=METERER)
    behave(meter, "obeys")
    work()
    assert (state_of(command_id), SandboxAnswer.objects.count()) == ("cancelled", 0)


class Fragile(Sandbox):
    """A head end whose line breaks after it took the command."""

    def send(self, order):
        super().send(order)
        raise TimeoutError("line broke")


def test_a_line_that_breaks_sends_again_under_the_same_name(meter, told):
    head_end.use(Fragile())
    try:
        command_id = order(meter, "switch_off")
        work()
        assert (state_of(command_id), told) == ("sent", [])
        with pytest.raises(IllegalMove):
            device_commands.cancel(command_id=command_id, reason="", actor=METERER)
    finally:
        head_end.use(Sandbox())
    work()
    assert (state_of(command_id), len(told)) == ("succeeded", 1)
    assert SandboxAnswer.objects.count() == 2


class Torn(Sandbox):
    """A head end that takes a command with a line that breaks, and then is not reached."""

    times = 0

    def send(self, order):
        self.times += 1
        if self.times > 1:
            raise head_end.Unreachable("nobody there")
        super().send(order)
        raise head_end.BadAnswer("line broke")


def test_what_may_be_there_already_is_not_put_back_by_an_attempt_that_does_not_reach(meter, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [Torn()])
    command_id = order(meter, "switch_off")
    work()
    work()
    assert (state_of(command_id), queries.one(command_id=command_id).attempts) == ("sent", 2)
    with pytest.raises(IllegalMove):
        device_commands.cancel(command_id=command_id, reason="", actor=METERER)


class Mute(Sandbox):
    """A head end that takes commands and does not say what became of them."""

    def answers(self, *, most):
        raise head_end.BadAnswer("500")


def test_a_command_that_was_taken_is_not_sent_again_since_answers_cannot_be_had(meter, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [Mute()])
    command_id = order(meter)
    for _ in range(outbox.ATTEMPTS_MOST + 2):
        work()
    assert (state_of(command_id), queries.one(command_id=command_id).attempts) == ("sent", 1)
    monkeypatch.setattr(head_end, "_bound", [Sandbox()])
    work()
    assert state_of(command_id) == "succeeded"


def test_commands_run_out_of_time_while_the_head_end_answers_nonsense(meter, told, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [Mute()])
    command_id = order(meter)
    work()
    command_answers.expire(timezone.now())
    assert (state_of(command_id), told) == ("sent", [])
    OutboxMessage.objects.update(state="dead")
    later(minutes=31)
    command_answers.expire(timezone.now())
    assert (state_of(command_id), told[0].outcome) == ("timed_out", "timed_out")
    assert jobs.REGISTRY[command_answers.EXPIRY].schedule == Every(timedelta(minutes=1))


def test_a_listener_that_fails_keeps_no_other_command_from_running_out_of_time(meter, told, monkeypatch):
    def fail_once(done):
        if done.command_id == first:
            raise RuntimeError("listener")

    first, second = order(meter), order(metering.meter())
    monkeypatch.setattr(events, "LISTENERS", {DeviceCommandDone: [fail_once]})
    later(minutes=31)
    command_answers.expire(timezone.now())
    assert (state_of(first), state_of(second)) == ("queued", "timed_out")


def test_the_same_order_is_one_command_while_it_is_under_way(meter):
    first = order(meter)
    assert order(meter) == first
    work()
    assert order(meter) != first


def test_an_opposite_order_takes_the_place_of_one_that_was_not_sent(meter, told):
    off = order(meter, "switch_off", subject="arrears", subject_id=3)
    on = order(meter, "switch_on", subject="payment", subject_id=4)
    work()
    assert (state_of(off), state_of(on)) == ("cancelled", "succeeded")
    assert [(one.subject, one.outcome) for one in told] == [("arrears", "cancelled"), ("payment", "succeeded")]


def test_a_meter_that_is_being_switched_takes_no_other_case(meter):
    order(meter)
    with pytest.raises(CommandUnderWay):
        order(meter, subject_id=2)
    behave(meter, delay_seconds=60)
    work()
    with pytest.raises(CommandUnderWay):
        order(meter, "switch_off")
    assert order(meter, "read_now")


def test_registers_are_read(meter, told):
    (register,) = metering.metered(at=metering.service_point())
    day = timezone.localdate() - timedelta(days=2)
    metering.read(of=register, on=day, kwh=500)
    behave(register.meter, load_w=1_000)
    command_id = order(register.meter, "read_now")
    work()
    ((code, value),) = queries.one(command_id=command_id).readings
    assert code == "total"
    assert 548_000 <= value <= 572_000
    assert told[0].readings[0].reading_wh == value


def limit(meter, value_w, subject_id=1, **values):
    with transaction.atomic():
        return device_commands.order_step(
            meter_id=meter.id, command="demand_limit", subject="event", subject_id=subject_id, actor=SYSTEM,
            value_w=value_w, **values,
        )  # fmt: skip


def limits_of(meter):
    meter.refresh_from_db()
    kept = SandboxMeter.objects.get(serial=meter.serial)
    assert (meter.demand_limit_w, meter.demand_limit_until) == (kept.limit_w, kept.limit_until)
    return kept.limit_w


def test_a_meter_keeps_to_a_limit_until_it_is_lifted(meter, told):
    until = timezone.now() + timedelta(hours=2)
    first = limit(meter, 3_000, value_until=until)
    assert limit(meter, 3_000, value_until=until) == first
    work()
    assert (limits_of(meter), meter.demand_limit_until) == (3_000, until)
    limit(meter, None)
    work()
    assert limits_of(meter) is None
    assert [one.outcome for one in told] == ["succeeded", "succeeded"]
    assert queries.one(command_id=first).value_w == 3_000


def test_the_limit_that_was_ordered_last_holds(meter):
    waiting = limit(meter, 3_000)
    behave(meter, delay_seconds=600)
    limit(meter, 2_000)
    assert state_of(waiting) == "cancelled"
    work()
    lifting = limit(meter, None)
    again = limit(meter, 2_000)
    assert state_of(lifting) == "cancelled"
    work()
    later(minutes=10)
    device_commands.take_answers()
    assert (limits_of(meter), state_of(again)) == (2_000, "succeeded")


def test_a_limit_whose_line_broke_does_not_undo_a_later_one(meter):
    head_end.use(Fragile())
    try:
        limit(meter, 3_000)
        work()
    finally:
        head_end.use(Sandbox())
    SandboxAnswer.objects.all().delete()
    lifting = limit(meter, None)
    work()
    assert (limits_of(meter), state_of(lifting)) == (None, "succeeded")


def test_a_limit_has_its_own_deadline(meter):
    behave(meter, "silent")
    now = timezone.now()
    quick = limit(meter, 3_000, within=timedelta(seconds=90))
    ending = limit(meter, 3_000, subject_id=2, value_until=now + timedelta(minutes=1))
    usual = limit(meter, 3_000, subject_id=3)
    waits = [round((queries.one(command_id=one).until - now) / timedelta(seconds=10)) for one in (quick, ending, usual)]
    assert waits == [9, 6, 60]


@pytest.mark.parametrize(
    "values",
    [
        {"value_w": 0}, {"value_w": -1}, {"value_w": 10**10}, {"value_w": 5, "within": timedelta(0)},
        {"value_w": 5, "within": timedelta(days=8)}, {"value_w": 5, "value_until": timezone.now()},
        {"value_w": None, "value_until": timezone.now() + timedelta(days=1)},
    ],
)  # fmt: skip
def test_a_limit_that_makes_no_sense_is_refused(meter, values):
    with pytest.raises(WrongValue):
        limit(meter, **values)
    with pytest.raises(WrongValue):
        device_commands.order(meter_id=meter.id, command="switch_on", value_w=5, actor=METERER)
    assert DeviceCommand.objects.count() == 0


def test_a_meter_sets_its_clock(meter, told):
    meter.clock_drift_s = -42
    meter.save()
    order(meter, "sync_time")
    work()
    assert told[0].outcome == "succeeded"
    meter.refresh_from_db()
    assert (meter.clock_drift_s, meter.clock_drift_at is None) == (0, False)
    assert SandboxMeter.objects.get(serial=meter.serial).synced_at is not None


@pytest.mark.parametrize(("time", "is_kept"), [("00:05", True), ("12:00", False)])
def test_a_reading_of_midnight_becomes_a_read(meter, monkeypatch, time, is_kept):
    (register,) = metering.metered(at=metering.service_point())
    day = timezone.localdate()
    metering.read(of=register, on=day - timedelta(days=2), kwh=500)
    command_id = order(register.meter, "read_now")
    at = timezone.make_aware(datetime.combine(day, datetime.strptime(time, "%H:%M").time()))  # noqa: DTZ007
    reading = Reading(register="total", reading_wh=505_000)

    class Reads(Sandbox):
        def answers(self, *, most):
            found = [one for one in super().answers(most=most) if one.kind == "succeeded"]
            return [replace(one, at=at, readings=(reading,)) for one in found]

    monkeypatch.setattr(head_end, "_bound", [Reads()])
    work()
    assert queries.one(command_id=command_id).readings == (("total", 505_000),)
    assert RegisterRead.objects.filter(register=register, read_date=day, reading_wh=505_000).exists() == is_kept


def test_what_the_head_end_will_never_do_is_refused_at_once(meter, told, monkeypatch):
    class No(Sandbox):
        def send(self, order):
            raise head_end.Declined("no such meter")

    monkeypatch.setattr(head_end, "_bound", [No()])
    command_id = order(meter)
    work()
    assert (state_of(command_id), told[0].reason) == ("refused", "no such meter")


def test_only_metering_orders_by_hand(meter):
    with pytest.raises(NotASwitcher):
        device_commands.order(
            meter_id=meter.id, command="switch_off", actor=Actor(ActorKind.STAFF, 1, "C", frozenset({Role.CLERK}))
        )
    assert state_of(device_commands.order(meter_id=meter.id, command="read_now", actor=METERER)) == "queued"


def test_a_listener_that_fails_loses_no_answer(meter, told, monkeypatch):
    def fail(_done):
        raise RuntimeError("listener")

    command_id = order(meter)
    monkeypatch.setattr(events, "LISTENERS", {DeviceCommandDone: [fail]})
    work()
    assert state_of(command_id) == "acknowledged"
    monkeypatch.setattr(events, "LISTENERS", {DeviceCommandDone: [told.append]})
    work()
    assert (state_of(command_id), len(told)) == ("succeeded", 1)


def test_an_answer_to_no_command_of_ours_is_put_away(meter):
    SandboxAnswer.objects.create(
        reference="other-1", serial=meter.serial, command="switch_on", kind="succeeded", place=0, due_at=timezone.now()
    )
    device_commands.take_answers()
    assert SandboxAnswer.objects.get().is_confirmed


def test_two_orders_for_one_meter_at_once(meter):
    start, made, refused = Barrier(2), [], []

    def one(command, subject_id):
        start.wait()
        try:
            made.append(order(meter, command, subject_id=subject_id))
        except CommandUnderWay as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [Thread(target=one, args=("switch_on", number)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 1)
    assert DeviceCommand.objects.count() == 1


def test_cancelling_and_sending_at_once_leaves_one_of_both():
    for _ in range(5):
        meter = metering.meter()
        command_id = order(meter)
        start, results = Barrier(2), []

        def cancel(command_id=command_id, start=start, results=results):
            start.wait()
            try:
                device_commands.cancel(command_id=command_id, reason="", actor=METERER)
                results.append("cancelled")
            except IllegalMove:
                results.append("sent")
            finally:
                connection.close()

        thread = Thread(target=cancel)
        thread.start()
        start.wait()
        work()
        thread.join()
        was_sent = SandboxAnswer.objects.filter(serial=meter.serial).exists()
        assert (results == ["sent"]) == was_sent
        assert state_of(command_id) == ("succeeded" if was_sent else "cancelled")


def test_the_database_knows_the_laws(meter):
    command_id = order(meter)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceCommand.objects.filter(id=command_id).update(state="cancelled", sent_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceCommand.objects.create(
            meter=meter, command=Command.SWITCH_OFF, subject="x", subject_id=1, until=timezone.now()
        )


def test_lists_take_the_same_number_of_statements(django_assert_num_queries):
    for _ in range(4):
        order(metering.meter(), "read_now")
    work()
    with django_assert_num_queries(2):
        assert len(queries.listed()) == 4
    assert queries.count(state=CommandState.SUCCEEDED) == 4
    assert queries.listed(state=queries.WAITING) == ()


def test_without_a_head_end_a_command_is_refused_by_name(meter, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [])
    with pytest.raises(head_end.NoHeadEnd) as refused:
        order(meter)
    assert "HEAD_END_GATEWAY" in refused.value.advice
    assert (DeviceCommand.objects.count(), device_commands.take_answers()) == (0, 0)


def test_a_command_waits_and_runs_out_of_time_when_the_head_end_is_taken_away(meter, monkeypatch):
    command_id = order(meter)
    monkeypatch.setattr(head_end, "_bound", [])
    outbox.deliver_due()
    assert state_of(command_id) == "queued"
    DeviceCommand.objects.update(until=timezone.now())
    device_commands.take_answers()
    assert state_of(command_id) == "timed_out"
