"""Direct debits: planned once, held when unusual, sent in a file, booked when the bank says so, and taken back."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from lxml import etree

from accounts.models.notice import Notice
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.payment import Payment, PaymentReturn
from billing.operations import payments, proof, telling
from billing.queries import bills
from cashiering.domain.debit_batches import BankConnected, NoCreditor
from cashiering.domain.debits import AboveLimit, SamePerson, name_of
from cashiering.domain.formats import pain002
from cashiering.gateways import debit_bank
from cashiering.models.bank import StatementLine
from cashiering.models.debit import Debit, DebitBatch, Mandate, SandboxDebitAnswer
from cashiering.operations import (
    debit_batches,
    debit_follow_ups,
    debit_reports,
    debits,
    mandates,
    posting,
    statements,
)
from cashiering.queries import bank, debit_rules
from cashiering.queries import debits as queries
from cashiering.queries.debits import DebitsWanted
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import NotAllowed
from cis.platform import outbox
from cis.platform.models import AuditEvent
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement
from tests.factories.debits import CLERK, SECOND, at, listen, night, signed

pytestmark = pytest.mark.django_db(transaction=True)
SIGNED, NIGHT = date(2026, 2, 2), date(2026, 2, 3)
DUE = date(2026, 2, 21)  # a Saturday in the holidays of the Spring Festival
COLLECTED = date(2026, 2, 24)
SENT = date(2026, 2, 14)  # a working Saturday, the last before the holidays
PLAIN, BOUNCING, REJECTED = 100, 60, 342  # kWh of bills of 61.70, 37.02 and 211.01


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def _bill(world, kwh=PLAIN):
    with time_machine.travel(at(SIGNED, 1), tick=False):
        return billing.issued(world=world, kwh=kwh)


def _states():
    return list(Debit.objects.order_by("id").values_list("state", flat=True))


def _sound():
    for file in {line.statement_id for line in StatementLine.objects.all()}:
        assert bank.reconcile(statement_id=file).difference_minor == 0
    assert proof.verify() == ()


def _told(event):
    return Notice.objects.filter(event=event, channel="inbox").count()


def test_the_day_of_a_debit_is_a_bank_working_day_after_the_due_date(world):
    bill = _bill(world)
    signed(world, on=SIGNED)
    debits.plan(at(NIGHT))
    debit = Debit.objects.get()
    assert (bill.due_date, debit.collection_date, debit.amount_minor) == (DUE, COLLECTED, 6_170)
    assert _told("debit_announced") == 1


def test_a_night_that_is_run_twice_plans_once_and_sends_once(world):
    _bill(world)
    signed(world, on=SIGNED)
    for day in (NIGHT, NIGHT, COLLECTED - timedelta(days=11), SENT, SENT):
        night(day)
    assert (_states(), DebitBatch.objects.count()) == (["sent"], 1)
    assert _told("debit_announced") == 1


def test_a_debit_becomes_money_when_the_bank_says_so_and_not_before(world):
    bill = _bill(world)
    signed(world, on=SIGNED)
    night(NIGHT)
    assert queries.under_way(account_ids=[world.account.id])[bill.id].collection_date == COLLECTED
    night(SENT)
    assert (_states(), Payment.objects.count()) == (["sent"], 0)
    listen(COLLECTED + timedelta(days=1))
    assert _states() == ["collected"]
    assert Payment.objects.get().received_date == COLLECTED
    assert bills.of_account(account_id=world.account.id)[0].open_minor == 0
    assert queries.under_way(account_ids=[world.account.id]) == {}
    _sound()


def test_a_bill_that_is_debited_is_not_reminded_of(world):
    other = contracts.world()
    for one in (world, other):
        _bill(one)
    signed(world, on=SIGNED)
    night(NIGHT)
    telling.remind(at(DUE - timedelta(days=3), 9))
    told = Notice.objects.filter(event="payment_due_soon").values_list("account_id", flat=True)
    assert set(told) == {other.account.id}


def test_a_collected_debit_pays_its_own_bill_though_an_older_one_is_open(world):
    old = billing.issued(world=world, kwh=PLAIN, start_date=date(2025, 12, 1), end_date=date(2026, 1, 1))
    bill = _bill(world)
    signed(world, on=date(2026, 2, 1))  # the old bill was due before
    Bill.objects.filter(id=old.id).update(due_date=date(2026, 1, 21))
    night(NIGHT)
    night(SENT)
    listen(COLLECTED + timedelta(days=1))
    open_of = {card.id: card.open_minor for card in bills.of_account(account_id=world.account.id)}
    assert open_of == {old.id: 6_170, bill.id: 0}


def test_a_bill_paid_meanwhile_is_left_out_and_one_paid_in_part_is_debited_for_the_rest(world):
    other = contracts.world()
    _bill(world)
    _bill(other)
    for one in (world, other):
        signed(one, on=SIGNED)
    night(NIGHT)
    for one, amount in ((world, 6_170), (other, 1_000)):
        payments.receive(
            account_id=one.account.id, amount_minor=amount, channel=PaymentChannel.CASH, reference=str(one.account.id),
            received_date=NIGHT, today=NIGHT, actor=CLERK,
        )  # fmt: skip
    night(SENT)
    assert list(Debit.objects.order_by("id").values_list("state", "drop_reason", "amount_minor")) == [
        ("dropped", "paid", 6_170), ("sent", "", 5_170),
    ]  # fmt: skip
    batch = DebitBatch.objects.get()
    assert (batch.debit_count, batch.amount_minor) == (1, 5_170)


def test_an_unusual_debit_waits_for_two_persons(world):
    _bill(world, kwh=4_000)  # 2468.00: above what a first debit may be
    signed(world, on=SIGNED, limit_minor=1_000_000)
    night(NIGHT)
    debit = Debit.objects.get()
    assert (debit.state, debit.held_reasons) == ("held", "above_first")
    assert _told("debit_announced") == 0
    with pytest.raises(NotAllowed):
        debits.propose(debit_id=debit.id, actor=replace(CLERK, roles=frozenset()))
    debits.propose(debit_id=debit.id, actor=CLERK)
    with pytest.raises(SamePerson):
        debits.release(debit_id=debit.id, at=at(NIGHT), actor=CLERK)
    debits.release(debit_id=debit.id, at=at(date(2026, 2, 23)), actor=SECOND)
    debit.refresh_from_db()
    assert (debit.state, debit.collection_date) == ("planned", date(2026, 2, 26))  # told three days before
    assert _told("debit_announced") == 1


def test_a_held_debit_spares_its_bill_for_some_working_days_and_no_longer(world):
    _bill(world, kwh=4_000)
    signed(world, on=SIGNED, limit_minor=1_000_000)
    night(NIGHT)  # a Tuesday: persons have until Friday
    debit = Debit.objects.get()
    for state in ("held", "proposed"):
        Debit.objects.update(state=state)
        for day, overlooked in ((date(2026, 2, 6), 0), (date(2026, 2, 7), 1)):
            morning = at(day, 9)
            assert queries.waiting(at=morning) == (1, overlooked)
            assert len(queries.expected(account_ids=[world.account.id], at=morning)) == 1 - overlooked
            with time_machine.travel(morning, tick=False):
                assert queries.sums(wanted=DebitsWanted(only="overlooked"))[0] == overlooked
    telling.remind(at(DUE - timedelta(days=3), 9))
    assert _told("payment_due_soon") == 1
    # Once it is let go, money is expected again.
    debits.release(debit_id=debit.id, at=at(DUE), actor=SECOND)
    debit.refresh_from_db()
    assert (debit.decided_at, queries.waiting(at=at(DUE))) == (at(DUE), (0, 0))
    assert len(queries.expected(account_ids=[world.account.id], at=at(DUE))) == 1


def test_held_debits_of_bills_that_were_paid_wait_for_nobody(world, django_assert_max_num_queries, monkeypatch):
    more = [contracts.world() for _ in range(4)]
    paid, other = [world, *more[:3]], more[3]
    for one in (*paid, other):
        _bill(one, kwh=4_000)
        signed(one, on=SIGNED, limit_minor=1_000_000)
    night(NIGHT)
    with time_machine.travel(at(NIGHT, 12), tick=False):
        for one in paid:
            payments.receive(
                account_id=one.account.id, amount_minor=246_800, channel=PaymentChannel.CASH, received_date=NIGHT,
                reference=str(one.account.id), today=NIGHT, actor=SYSTEM,
            )  # fmt: skip
    Debit.objects.filter(account_id=world.account.id).update(state="proposed")
    monkeypatch.setattr(debits, "CHUNK", 3)
    with django_assert_max_num_queries(6):  # four, and the two ends of the transaction
        assert debits.drop_paid_chunk(at=at(NIGHT, 20)) == 3
    night(NIGHT + timedelta(days=1))
    found = Debit.objects.order_by("account_id").values_list("account_id", "state", "drop_reason")
    assert list(found) == [*((one.account.id, "dropped", "paid") for one in paid), (other.account.id, "held", "")]
    dropped = AuditEvent.objects.filter(action="drop", subject="debit").values_list("subject_id", flat=True)
    assert sorted(dropped) == sorted(Debit.objects.filter(state="dropped").values_list("id", flat=True))
    assert _told("debit_returned") == 0


def test_mandates_that_end_together_lock_what_they_drop_at_once_and_in_order(world):
    """Nights lock the same debits by their ids: mandate by mandate two of them wait for each other for ever."""
    more = [contracts.world() for _ in range(3)]
    for one in (*more, world):  # the mandate that was used longest ago has the latest debit
        _bill(one)
        signed(one, on=SIGNED)
    night(NIGHT)
    Mandate.objects.update(last_used_date=date(2020, 1, 1))
    Mandate.objects.filter(account_id=world.account.id).update(last_used_date=date(2019, 1, 1))
    with CaptureQueriesContext(connection) as asked:
        assert mandates._lapse_some(today=NIGHT) == 4
    assert len(asked) < 16, "and none for each mandate"
    assert list(Debit.objects.values_list("state", "drop_reason")) == [("dropped", "mandate")] * 4
    assert _told("mandate_ended") == AuditEvent.objects.filter(action="end", subject="mandate").count() == 4
    said = [one["sql"] for one in asked]
    (lock,) = [sql for sql in said if "FOR UPDATE" in sql and 'FROM "cashiering_mandate"' in sql]
    assert 'ORDER BY "cashiering_mandate"."id" ASC' in lock
    (first,) = [place for place, sql in enumerate(said) if 'UPDATE "cashiering_debit"' in sql]
    assert 'SELECT "cashiering_debit"."id"' in said[first - 1]
    assert said[first - 1].endswith("ORDER BY 1 ASC FOR UPDATE")


def test_a_debit_above_the_limit_is_never_let_go_and_a_dropped_one_is_not_planned_again(world):
    _bill(world)
    signed(world, on=SIGNED, limit_minor=6_169)
    night(NIGHT)
    debit = Debit.objects.get()
    with pytest.raises(AboveLimit):
        debits.propose(debit_id=debit.id, actor=CLERK)
    debits.drop(debit_id=debit.id, actor=CLERK)
    night(NIGHT + timedelta(days=1))
    assert _states() == ["dropped"]
    assert _told("debit_returned") == 1  # told to pay himself


def test_a_mandate_taken_back_takes_its_debits_along_and_a_new_one_debits_again(world):
    _bill(world)
    first = signed(world, on=SIGNED)
    night(NIGHT)
    mandates.revoke(mandate_id=first, today=NIGHT, actor=CLERK)
    assert Debit.objects.get().drop_reason == "mandate"
    signed(world, on=NIGHT, bank_account="6222029999999999999")
    night(NIGHT + timedelta(days=1))
    assert _states() == ["dropped", "planned"]
    assert Mandate.objects.filter(state="active").count() == 1


def test_a_batch_above_the_bound_waits_for_two_persons(world, monkeypatch):
    _bound(monkeypatch, batch_alone_most_minor=6_169)
    _bill(world)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    batch = DebitBatch.objects.get()
    assert (batch.state, _states(), batch.document_id) == ("made", ["batched"], None)
    with pytest.raises(NotAllowed):
        debit_batches.release(batch_id=batch.id, at=at(SENT), actor=SECOND)
    debit_batches.propose(batch_id=batch.id, actor=CLERK)
    with pytest.raises(SamePerson):
        debit_batches.release(batch_id=batch.id, at=at(SENT), actor=CLERK)
    with time_machine.travel(at(date(2026, 2, 25)), tick=False):
        debit_batches.release(batch_id=batch.id, at=at(date(2026, 2, 25)), actor=SECOND)
        outbox.deliver_due()
    assert _states() == ["sent"]
    assert Debit.objects.get().collection_date == date(2026, 2, 26)  # the bank could not have it before


def test_a_file_that_was_sent_before_the_state_was_written_is_sent_again_with_the_same_bytes(world, monkeypatch):
    sent = []

    class Dying(debit_bank.DebitBank):
        def send(self, *, reference, content):
            sent.append((reference, content))

        def files(self, *, most):
            return ()

        def confirm(self, answer_ids):
            """Nothing."""

    monkeypatch.setattr(debit_bank, "_bound", [Dying()])
    _bill(world)
    signed(world, on=SIGNED)
    night(NIGHT)
    debit_batches.work(at(SENT))
    with pytest.raises(BankConnected):
        debit_batches.mark_sent(batch_id=DebitBatch.objects.get().id, actor=CLERK)
    message = outbox.Message(1, debit_batches.SEND, "", {"batch_id": DebitBatch.objects.get().id}, 1)
    with monkeypatch.context() as dead:
        dead.setattr(debit_batches, "sent_step", _dies)
        with pytest.raises(OSError, match="killed"):
            debit_batches.send(message)
    assert (_states(), DebitBatch.objects.get().state) == (["batched"], "released")
    debit_batches.send(message)
    debit_batches.send(message)
    assert _states() == ["sent"]
    assert len(sent) == 2
    assert sent[0] == sent[1]


def _dies(**_values):
    raise OSError("the worker is killed here")


def test_a_first_debit_and_those_after_it_say_so(world):
    _bill(world)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    with time_machine.travel(at(date(2026, 3, 2)), tick=False):
        billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    night(date(2026, 3, 2))
    night(date(2026, 3, 20))
    assert list(Debit.objects.order_by("id").values_list("sequence", flat=True)) == ["FRST", "RCUR"]


def test_without_a_creditor_nothing_goes_and_without_a_bank_people_carry_the_file(world, settings, monkeypatch):
    monkeypatch.setattr(debit_bank, "_bound", [])
    _bill(world)
    signed(world, on=SIGNED)
    settings.DEBIT_CREDITOR_ID, told = "", settings.DEBIT_CREDITOR_ID
    debits.plan(at(NIGHT))
    with pytest.raises(NoCreditor):
        debit_batches.make(at=at(SENT))
    assert _states() == ["planned"]
    settings.DEBIT_CREDITOR_ID = told
    debit_batches.work(at(SENT))
    batch = DebitBatch.objects.get()
    assert (batch.state, _states()) == ("released", ["batched"])
    name, content = debit_batches.file_of(batch_id=batch.id, actor=CLERK)
    assert name == f"{batch.reference}.xml"
    assert etree.fromstring(content) is not None
    assert AuditEvent.objects.filter(action="download", subject="debit_batch").count() == 1
    debit_batches.mark_sent(batch_id=batch.id, actor=CLERK)
    assert _states() == ["sent"]


def test_a_rejected_debit_costs_no_money_and_suspends_the_mandate(world):
    _bill(world, kwh=REJECTED)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    debit = Debit.objects.get()
    assert (debit.state, debit.return_code, debit.handled_at is None) == ("rejected", "AC04", False)
    assert Mandate.objects.get().state == "suspended"
    assert (Payment.objects.count(), _told("debit_returned")) == (0, 1)
    night(COLLECTED)
    assert _states() == ["rejected"]


def test_the_same_report_again_changes_nothing_and_one_of_no_batch_is_refused(world):
    _bill(world, kwh=REJECTED)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    content = bytes(SandboxDebitAnswer.objects.get().content)
    assert debit_reports.take(content=content, name="again.xml", actor=CLERK) == 0
    with pytest.raises(queries.UnknownBatch):
        debit_reports.take(content=content.replace(b"WLDD", b"XXDD"), name="other.xml", actor=CLERK)
    with pytest.raises(pain002.BadReport):
        debit_reports.take(content=b"<Document/>", name="none.xml", actor=CLERK)


def test_money_that_names_a_debit_and_is_not_its_amount_waits_for_a_person(world):
    _bill(world)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    line = Movement(amount_minor=6_171, reference="R1", end_to_end=name_of(Debit.objects.get().id), on=COLLECTED)
    _take([line])
    assert (StatementLine.objects.get().state, StatementLine.objects.get().reason) == ("suspense", "debit_differs")
    assert _states() == ["sent"]


def test_a_sum_of_a_part_of_a_batch_books_each_debit_of_it(world):
    other = contracts.world()
    for one in (world, other):
        _bill(one)
        signed(one, on=SIGNED)
    night(NIGHT)
    night(SENT)
    block = f"{DebitBatch.objects.get().reference}-FRST-{COLLECTED:%Y%m%d}"
    _take([Movement(amount_minor=12_340, reference="R1", text=block, on=COLLECTED)])
    assert _states() == ["collected", "collected"]
    assert StatementLine.objects.get().parts.count() == 2
    _sound()


def test_a_debit_that_comes_back_opens_its_bill_and_charges_the_banks_fee_on(world, monkeypatch):
    _bound(monkeypatch, fee="bank")
    bill = _bill(world, kwh=BOUNCING)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    listen(COLLECTED + timedelta(days=1))
    assert _states() == ["collected"]
    listen(COLLECTED + timedelta(days=3))
    assert _states() == ["returned", "planned"]
    first, again = Debit.objects.order_by("id")
    assert (first.return_code, first.bank_fee_minor, PaymentReturn.objects.get().kind) == ("AM04", 300, "bounced")
    assert (again.attempt, again.amount_minor, again.collection_date) == (2, 3_702, date(2026, 3, 4))
    note = Bill.objects.get(kind="note")
    assert (note.amount_minor, first.note_id) == (300, note.id)
    assert set(queries.under_way(account_ids=[world.account.id])) == {bill.id}
    assert _told("debit_returned") == 1
    _sound()


def test_after_the_last_try_the_bill_stays_open(world):
    _bill(world, kwh=BOUNCING)
    signed(world, on=SIGNED)
    for day in (NIGHT, SENT, COLLECTED, date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 9)):
        night(day)
    assert _states() == ["returned", "returned"]
    assert Bill.objects.filter(kind="note").count() == 0  # the pack charges nothing on
    _sound()


def test_what_cannot_follow_for_want_of_a_rule_stays_with_its_problem(world, monkeypatch):
    _bill(world, kwh=BOUNCING)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    listen(COLLECTED + timedelta(days=1))
    real = debit_rules.rule
    monkeypatch.setattr(debit_rules, "rule", _missing)
    debit_reports.take_files(at(COLLECTED + timedelta(days=3)))
    with time_machine.travel(at(COLLECTED + timedelta(days=3), 12), tick=False):
        debit_reports.take_files(at(COLLECTED + timedelta(days=3), 12))
        posting.work(at(COLLECTED + timedelta(days=3), 12))
    monkeypatch.setattr(debit_rules, "moment", lambda _at, _of=None: (COLLECTED + timedelta(days=3), False))
    debit_follow_ups.work(at(COLLECTED + timedelta(days=3), 12))
    debit = Debit.objects.get()
    assert (debit.state, debit.handled_at) == ("returned", None)
    assert "no rule" in debit.problem
    assert [one.id for one in queries.listed(wanted=DebitsWanted(only="problem"), most=5)] == [debit.id]
    monkeypatch.setattr(debit_rules, "rule", real)
    debit_follow_ups.work(at(COLLECTED + timedelta(days=3), 12))
    assert _states() == ["returned", "planned"]


def _missing(**_values):
    from cis.platform.packs import MissingRule

    raise MissingRule("The pack has no rule direct_debit.", key="direct_debit")


def test_debits_cost_a_constant_number_of_statements(world, django_assert_max_num_queries):
    worlds = [world, *(contracts.world() for _n in range(3))]
    for one in worlds:
        _bill(one)
        signed(one, on=SIGNED)
    with django_assert_max_num_queries(24):
        assert debits.plan_chunk(at=at(NIGHT)) == 4
    with time_machine.travel(at(SENT), tick=False), django_assert_max_num_queries(32):
        debit_batches.work(at(SENT))
    outbox.deliver_due()
    with time_machine.travel(at(COLLECTED + timedelta(days=1), 12), tick=False):
        debit_reports.take_files(at(COLLECTED + timedelta(days=1), 12))
        with django_assert_max_num_queries(40):
            assert posting.post_chunk(today=COLLECTED + timedelta(days=1)) == 4
    assert _states() == ["collected"] * 4


def _take(movements):
    with time_machine.travel(at(COLLECTED + timedelta(days=1), 12), tick=False):
        from io import BytesIO

        content = bank_files.camt(movements)
        statements.take(source=BytesIO(content), name="bank.xml", today=COLLECTED + timedelta(days=1), actor=SYSTEM)
        posting.work(at(COLLECTED + timedelta(days=1), 12))


def _bound(monkeypatch, **values):
    """The rule of the pack with other values."""
    real = debit_rules.rule
    monkeypatch.setattr(debit_rules, "rule", lambda *, at: replace(real(at=at), **values))
