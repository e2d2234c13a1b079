"""Deposits that supply waits for: nothing is switched on before they are paid, waived, or let off."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.energizing import Energizing
from billing.models.payment import Payment
from billing.models.run import BillCycle
from billing.operations import adjustments, cycles, energizing, energizing_waits, ledger, payments
from billing.operations.unpaid_deposits import DepositUnpaid
from billing.queries import energizing as queries
from billing.queries import supply_deposits
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import jobs, outbox
from cis.platform.db import door_transaction
from cis.platform.models import AuditEvent, OutboxMessage
from contracts.models.application import ServiceApplication
from metering.models.command import DeviceCommand, SandboxMeter
from metering.models.device import Installation, Meter
from metering.models.place import ServicePoint
from metering.operations import device_commands
from tests.factories import accounts, deposits, metering, tariffs, work

pytestmark = pytest.mark.django_db(transaction=True)
METERER = Actor(ActorKind.STAFF, 5, "Wu", frozenset({Role.METERING}))
SUPERVISOR = Actor(ActorKind.STAFF, 6, "Zhou", frozenset({Role.SUPERVISOR}))
CASE = {"subject": "case", "subject_id": 17}
PAID = 15_000


@pytest.fixture(autouse=True)
def _world(monkeypatch, settings):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    settings.PACK = "us-example"
    accounts.supplier()
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One", run_day=2)
    cycles.set_rule(district="", use_class="", cycle_code="C1", actor=SYSTEM)


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def account(today):
    return accounts.account(opened_date=today - timedelta(days=5))


@pytest.fixture
def order(account, today):
    """Order that the supply of the account is switched on."""
    tariff = tariffs.version(source=tariffs.FLAT).tariff

    def go(*, of=account, **values):
        point = metering.service_point()
        metering.metered(at=point, start_date=today)
        case = {**CASE, **{name: values.pop(name) for name in ("subject", "subject_id") if name in values}}
        work.order(kind="inspection", **case, state="done", outcome="passed", done_at=timezone.now())
        return energizing.order(
            **case, service_point_id=point.id, account_id=of.id, tariff_id=tariff.id, household=1, today=today,
            actor=METERER, **values,
        )  # fmt: skip

    return go


def state(energizing_id):
    card = queries.one(energizing_id=energizing_id)
    return card.state, card.code


def pay(account, amount_minor, today, reference="d1"):
    return payments.receive(
        account_id=account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=reference,
        received_date=today, today=today, actor=SYSTEM,
    )  # fmt: skip


def test_the_payment_of_the_deposit_switches_the_supply_on_in_its_transaction(account, order, today):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    assert (state(energizing_id), DeviceCommand.objects.count()) == (("waiting", "deposit_unpaid"), 0)
    pay(account, PAID - 1, today)
    assert state(energizing_id)[0] == "waiting"
    with door_transaction():
        pay(account, 1, today, "d2")
        transaction.set_rollback(True)
    assert (state(energizing_id)[0], DeviceCommand.objects.count()) == ("waiting", 0)
    pay(account, 1, today, "d2")
    assert (state(energizing_id), DeviceCommand.objects.get().command) == (("switching", ""), "switch_on")


def test_money_that_goes_back_before_the_meter_obeys_stops_the_next_try(account, order, today):
    deposits.demanded(account.id, on=today)
    payment = pay(account, PAID, today)
    energizing_id = order()
    SandboxMeter.objects.update_or_create(serial=Meter.objects.get().serial, defaults={"behaviour": "refuses"})
    OutboxMessage.objects.filter(kind__startswith="device").update(due_at=timezone.now() - timedelta(seconds=1))
    outbox.deliver_due()
    assert state(energizing_id)[0] == "failed"
    with transaction.atomic():
        payments.take_back_step(
            payment_id=payment.payment_id, returned_date=today, kind=ReturnKind.BOUNCED, reason="no cover", actor=SYSTEM
        )
    with pytest.raises(DepositUnpaid):
        energizing.switch_again(energizing_id=energizing_id, actor=METERER)


def test_a_meter_that_another_case_is_switching_keeps_no_payment_out_and_is_told_later(account, order, today):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    with transaction.atomic():
        other = device_commands.order_step(
            meter_id=Meter.objects.get().id, command="switch_on", subject="other", subject_id=1, actor=SYSTEM
        )
    pay(account, PAID, today)
    assert Payment.objects.count() == 1
    assert state(energizing_id) == ("waiting", "command_under_way")
    device_commands.cancel(command_id=other, reason="for a test", actor=SYSTEM)
    energizing_waits.work(timezone.now())
    assert state(energizing_id) == ("switching", "")


def test_a_case_that_stands_still_by_now_is_not_switched_on_before_it_goes_on(account, order, today, monkeypatch):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    Energizing.objects.update(subject="application")
    monkeypatch.setattr(energizing.queries, "is_inspected", lambda **_: True)
    pay(account, PAID, today)
    assert (state(energizing_id), DeviceCommand.objects.count()) == (("waiting", "case_not_ready"), 0)


@pytest.mark.parametrize("hung", [0, 1])
def test_the_meter_that_hangs_there_by_now_is_told_and_never_one_that_was_taken_away(account, order, today, hung):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    point = ServicePoint.objects.get()
    Installation.objects.update(service_point=metering.service_point())
    meters = [metering.metered(at=point, start_date=today)[0].meter_id for _ in range(hung)]
    pay(account, PAID, today)
    assert state(energizing_id) == (("switching", "") if hung else ("waiting", "no_meter_there"))
    assert list(DeviceCommand.objects.values_list("meter_id", flat=True)) == meters
    assert not hung or Energizing.objects.get().meter_id == meters[0]


def test_one_account_that_cannot_be_looked_at_keeps_no_other_waiting(order, today, monkeypatch):
    waiting = {}
    for number in (1, 2):
        of = accounts.account(opened_date=today - timedelta(days=5))
        deposit_id = deposits.demanded(of.id, on=today, key=f"k{number}")
        waiting[of.id] = order(of=of, subject_id=number)
        with monkeypatch.context() as silent:
            silent.setattr(energizing_waits, "look_step", lambda **_: 0)
            deposits.agreed(deposit_id, "waive", on=today)
    (first, _), (_, second) = sorted(waiting.items())
    lock = ledger.lock_customers

    def broken(*, account_ids):
        if first in account_ids:
            raise RuntimeError("for a test")
        lock(account_ids=account_ids)

    monkeypatch.setattr(energizing_waits.ledger, "lock_customers", broken)
    with pytest.raises(RuntimeError):
        energizing_waits.work(timezone.now())
    assert [state(one)[0] for one in (waiting[first], second)] == ["waiting", "switching"]


def test_those_that_wait_for_their_deposits_cost_two_statements_a_minute(order, today, django_assert_num_queries):
    for number in (1, 2):
        of = accounts.account(opened_date=today - timedelta(days=5))
        deposits.demanded(of.id, on=today, key=f"k{number}")
        order(of=of, subject_id=number)
    now = timezone.now()
    energizing_waits.work(now)
    with django_assert_num_queries(2):
        energizing_waits.work(now)


@pytest.mark.parametrize("kind", ["waive", "supply"])
def test_who_may_waive_lets_the_supply_begin_with_a_reason(account, order, today, kind):
    deposit_id = deposits.demanded(account.id, on=today)
    energizing_id = order()
    deposits.asked(deposit_id, kind, on=today)  # 150.00 is above the 50.00 of a clerk: it waits for a second person
    assert state(energizing_id)[0] == "waiting"
    request = deposits.shown(deposit_id, on=today).waiting
    deposits.deposit_requests.decide(request_id=request.id, is_agreed=True, today=today, actor=deposits.BILLER)
    assert state(energizing_id)[0] == "switching"
    left = deposits.shown(deposit_id, on=today).card
    assert (left.standing, left.open_minor) == {"waive": ("waived", 0), "supply": ("demanded", PAID)}[kind]
    if kind == "supply":
        kept = AuditEvent.objects.get(action="let_supply")
        assert (kept.subject_id, kept.detail["reason"]) == (account.id, "for a test")


def test_a_credit_that_pays_it_is_found_within_a_minute(account, order, today):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    adjustments.propose(
        new=adjustments.NewAdjustment(
            account_id=account.id, amount_minor=-PAID, reason="goodwill", text="for a test", key="a1"
        ),
        today=today, actor=SUPERVISOR,
    )  # fmt: skip
    energizing_waits.work(timezone.now())
    assert state(energizing_id)[0] == "switching"


def test_a_temporary_supply_waits_until_its_deposit_was_demanded_and_paid(account, order, today):
    row = ServiceApplication.objects.create(
        number="A1", kind="temporary", channel="desk", standard_class="low_residential", applicant_kind="resident",
        name="Li", id_number="1", address="somewhere", account=account,
    )  # fmt: skip
    case = {"subject": "application", "subject_id": row.id, "account_id": account.id, "today": today}
    assert supply_deposits.is_missing(**case)
    deposit_id = deposits.demanded(account.id, on=today, cause="temporary_supply")
    assert not supply_deposits.is_missing(**case)
    deposits.agreed(deposit_id, "cancel", on=today)
    assert supply_deposits.is_missing(**case)
    again = deposits.demanded(account.id, on=today, cause="temporary_supply", key="d2")
    deposits.agreed(again, "waive", on=today)
    assert not supply_deposits.is_missing(**case)


def test_a_temporary_supply_whose_deposit_is_cancelled_waits_for_the_one_that_is_demanded_then(
    account, order, today, monkeypatch
):
    row = ServiceApplication.objects.create(
        number="A1", kind="temporary", channel="desk", standard_class="low_residential", applicant_kind="resident",
        name="Li", id_number="1", address="somewhere", account=account,
    )  # fmt: skip
    monkeypatch.setattr(energizing.queries, "is_inspected", lambda **_: True)
    monkeypatch.setattr(energizing, "_ready_meter", lambda *_: Meter.objects.get().id)
    wrong = deposits.demanded(account.id, on=today, cause="temporary_supply")
    energizing_id = order()
    Energizing.objects.update(subject="application", subject_id=row.id)
    deposits.agreed(wrong, "cancel", on=today)
    energizing_waits.work(timezone.now())
    assert (state(energizing_id), DeviceCommand.objects.count()) == (("waiting", "deposit_missing"), 0)
    deposits.demanded(account.id, on=today, cause="temporary_supply", key="d2")
    pay(account, PAID, today)
    assert state(energizing_id) == ("switching", "")


def test_what_the_place_does_not_ask_for_before_keeps_nobody(account, order, today):
    deposits.demanded(account.id, on=today, cause="credit_score")
    assert state(order())[0] == "switching"


def test_current_that_flows_already_is_billed_and_its_deposit_named(account, order, today):
    deposit_id = deposits.demanded(account.id, on=today)
    assert state(order(by_hand="crew 3"))[0] == "started"
    assert AuditEvent.objects.get(action="energize").detail["unpaid_deposit"] == deposit_id


def test_one_that_waits_is_given_up(account, order, today):
    deposits.demanded(account.id, on=today)
    energizing_id = order()
    energizing.drop(energizing_id=energizing_id, actor=METERER)
    pay(account, PAID, today)
    assert (state(energizing_id)[0], DeviceCommand.objects.count()) == ("dropped", 0)
    assert Energizing.objects.count() == 1
