"""Nights of money that are killed after any commit and run again, or run by two workers at once: each counts once."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from billing.domain.channels import PaymentChannel
from billing.gateways import e_invoice
from billing.gateways.sandbox_invoices import SandboxInvoices
from billing.models.bill import Bill
from billing.models.budget import BudgetPlan
from billing.models.consolidated import ConsolidatedBill, ConsolidatedPayment, Consolidation
from billing.models.deposit import Deposit
from billing.models.e_invoice import EInvoice, SandboxInvoice
from billing.models.payment import Payment
from billing.models.prepay import PrepaidDay, PrepaidMove
from billing.models.write_off import WriteOff, WriteOffBatch, WriteOffCandidate, WriteOffReturn
from billing.operations import (
    budget_nights,
    consolidated_payments,
    consolidating,
    consolidations,
    deposit_nights,
    e_invoice_sending,
    e_invoices,
    issuing,
    payments,
    prepaid,
    prepaid_nights,
    proof,
    write_off_batches,
)
from billing.operations.consolidations import Terms
from billing.operations.payments import ReferenceReused
from billing.queries import consolidated
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period, add_months, month_of
from metering.operations import usage
from tests.db.billing import test_write_offs as given_up
from tests.db.billing.night import bill
from tests.factories import accounts, billing, contracts, mass, tariffs
from tests.factories.budgets import KWH, accept, pay
from tests.factories.deposits import demanded
from tests.factories.prepaid import CLERK, home, read_daily
from tests.factories.refunds import paid_in
from tests.killed import check_at_once, check_killed, do_at_once, while_waiting

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")


def _check(work, *, commits):
    """Killed anywhere, and by two at once."""
    assert check_killed(work) == commits
    check_at_once(work)
    assert proof.verify() == ()


def _issue(worlds, start, kwh, on):
    period = month_of(start)
    drafts = [billing.draft(world=one, kwh=kwh, start_date=period.start, end_date=period.end) for one in worlds]
    with transaction.atomic():
        issuing.issue(
            bill_ids=[one.id for one in drafts], account_ids=[one.account_id for one in drafts], issue_date=on,
            actor=SYSTEM,
        )  # fmt: skip
    return drafts


def test_budget_plans_are_settled_reviewed_and_ended_once():
    """The year of the first is over, the second is reviewed, the third has not paid since January."""
    accounts.supplier()
    settled, reviewed, late = worlds = [contracts.world() for _ in range(3)]
    for place, kwh in enumerate(KWH):
        _issue(worlds, add_months(date(2025, 1, 1), place), kwh, add_months(date(2025, 1, 1), place + 1))
    for world in worlds:
        pay(world, date(2026, 1, 1))
        accept(world, date(2026, 1, 5), actor=CLERK)
    for place in range(3):
        on = add_months(date(2026, 2, 1), place)
        _issue(worlds, add_months(on, -1), 400, on)
        pay(settled, on)
        pay(reviewed, on)
    BudgetPlan.objects.filter(account=settled.account).update(year_date=date(2025, 4, 1))
    _check(lambda: budget_nights.night(mass.noon(date(2026, 4, 4))), commits=3)
    plans_ = {one.account_id: one for one in BudgetPlan.objects.all()}
    assert [plans_[one.account.id].levels.count() for one in worlds] == [2, 2, 1]
    assert [plans_[one.account.id].settlements.count() for one in worlds] == [1, 0, 1]
    assert plans_[late.account.id].state == "ended"


ISSUED, NIGHT = date(2026, 2, 2), date(2026, 2, 3)


def _company(count):
    owner = accounts.customer(name="连锁商店有限公司", kind="company")
    made = []
    for _ in range(count):
        one = contracts.world()
        account = accounts.account(holder=owner)
        agreement = contracts.agreement(account=account, tariff=one.tariff)
        made.append(contracts.World(owner, account, one.service_point, one.tariff, one.version, agreement))
    terms = Terms(
        customer_id=owner.id, name="华东门店", lead_account_id=made[0].account.id,
        account_ids=tuple(one.account.id for one in made),
    )  # fmt: skip
    consolidations.agree(terms=terms, from_date=date(2026, 1, 20), today=date(2026, 1, 20), actor=CLERK)
    return made


def test_a_month_is_consolidated_once_and_its_number_paid_once_by_each():
    accounts.supplier()
    for world in (_company(2), _company(2)):
        _issue(world, date(2026, 1, 1), 100, ISSUED)
    _check(lambda: consolidating.work(datetime(2026, 2, 3, 3, 0, tzinfo=ZONE)), commits=2)
    first, second = ConsolidatedBill.objects.order_by("id")
    assert (first.bills, second.bills) == (2, 2)

    def paid(reference, amount):
        with transaction.atomic():
            consolidated_payments.book_step(
                consolidated_bill_id=first.id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
                received_date=NIGHT, today=NIGHT, actor=SYSTEM,
            )  # fmt: skip

    check_at_once(lambda: paid("R1", 12_340))
    do_at_once(lambda: paid("R2", 12_340), lambda: paid("R3", 100), lambda: paid("R1", 12_340))
    assert ConsolidatedPayment.objects.count() == 3
    assert sum(Payment.objects.values_list("amount_minor", flat=True)) == 2 * 12_340 + 100
    assert consolidated.one(consolidated_bill_id=first.id).open_minor == 0
    assert proof.verify() == ()


def test_a_payment_for_all_waits_for_what_is_paid_of_one_and_for_its_own_reference():
    """Without the locks the one pays a bill that is paid by then, or a reference is two payments."""
    accounts.supplier()
    worlds = _company(2)
    _issue(worlds, date(2026, 1, 1), 100, ISSUED)
    consolidating.work(datetime(2026, 2, 3, 3, 0, tzinfo=ZONE))
    bill_id, other = ConsolidatedBill.objects.get().id, contracts.world()

    def paid(reference):
        consolidated_payments.receive(
            consolidated_bill_id=bill_id, amount_minor=6_170, channel=PaymentChannel.BANK, reference=reference,
            received_date=NIGHT, today=NIGHT, actor=SYSTEM,
        )  # fmt: skip

    def alone(account_id, reference):
        payments.book(
            account_id=account_id, amount_minor=6_170, channel=PaymentChannel.BANK, reference=reference,
            received_date=NIGHT, today=NIGHT, actor=SYSTEM,
        )  # fmt: skip

    with transaction.atomic():
        alone(worlds[0].account.id, "R1")
        many = while_waiting(lambda: paid("R2"))
    many.end()
    assert consolidated.one(consolidated_bill_id=bill_id).open_minor == 0
    with transaction.atomic():
        alone(other.account.id, "R3")
        many = while_waiting(lambda: paid("R3"))
    with pytest.raises(ReferenceReused):
        many.end()
    assert proof.verify() == ()


def test_a_month_is_not_made_beside_somebody_who_changes_the_arrangement_or_makes_it():
    accounts.supplier()
    _issue(_company(2), date(2026, 1, 1), 100, ISSUED)
    arrangement = Consolidation.objects.get()
    with transaction.atomic():
        Consolidation.objects.select_for_update(no_key=True).get(id=arrangement.id)
        night = while_waiting(lambda: consolidating.make(consolidation_id=arrangement.id, today=NIGHT))
        assert not ConsolidatedBill.objects.exists()
    night.end()
    assert ConsolidatedBill.objects.get().bills == 2


def test_an_invoice_is_asked_for_once_wherever_its_worker_dies(monkeypatch):
    accounts.supplier()
    monkeypatch.setattr(e_invoice_sending, "CHUNK", 2)
    monkeypatch.setattr(e_invoices, "CHUNK", 2)
    before = e_invoice.current()
    e_invoice.use(SandboxInvoices())
    month = month_of(timezone.localdate() - timedelta(days=40))
    worlds = [contracts.world(start_date=month.start, source=tariffs.TAXED) for _ in range(2)]
    for world in worlds:
        billing.issued(world=world, start_date=month.start, end_date=month.end)
        pay(world, timezone.localdate())

    def nights():
        """The second looks up what nobody came back for."""
        for after in (timedelta(), timedelta(minutes=6)):
            e_invoice_sending.work(timezone.now() + after)

    try:
        _check(nights, commits=5)
    finally:
        e_invoice.use(before)
    numbers = set(EInvoice.objects.filter(state="issued").values_list("number", flat=True))
    assert numbers == set(SandboxInvoice.objects.values_list("number", flat=True))
    assert len(numbers) == 2


def test_interest_and_return_of_deposits_are_paid_once(monkeypatch, settings):
    settings.PACK = "us-example"
    monkeypatch.setattr(deposit_nights, "CHUNK", 1)
    accounts.supplier()
    for is_paid_out in (True, False):
        world = contracts.world()
        demanded(world.account.id, on=date(2024, 1, 10), is_paid_out=is_paid_out)
        paid_in(world.account.id, 15_000, on=date(2024, 1, 15))
    at = datetime(2025, 1, 15, 10, tzinfo=ZONE)
    _check(lambda: deposit_nights.night(at), commits=3)
    assert set(Deposit.objects.values_list("state", flat=True)) == {"returned"}
    # That interest is credited is written with it: else it would be due again of one that stays.
    assert set(Deposit.objects.values_list("interest_date", flat=True)) == {date(2026, 1, 10)}
    assert Deposit.objects.exclude(refund=None).count() == 1


def test_prepaid_accounts_are_rated_and_warned_once_a_night(monkeypatch):
    monkeypatch.setattr(prepaid_nights, "CHUNK", 1)
    accounts.supplier()
    january = Period(date(2026, 1, 1), date(2026, 2, 1))
    for paid in (6_000, 10_000):
        world, register = home()
        read_daily(register, since=january.start, values_kwh=[0])
        read_daily(register, since=january.end, values_kwh=[50, 100])
        paid_in(world.account.id, paid, on=january.start)
    usage.approve(start_date=january.start, end_date=january.end)
    bill(january)
    for account_id in Bill.objects.order_by("account_id").values_list("account_id", flat=True):
        prepaid.switch_on(
            account_id=account_id, since_date=january.end, agreement_reference="YF-1", today=january.end, actor=CLERK
        )
    at = datetime(2026, 2, 2, 2, 40, tzinfo=ZONE)
    with time_machine.travel(at, tick=False):
        _check(lambda: prepaid_nights.night(at), commits=2)
    kept = PrepaidDay.objects.order_by("prepayment__account_id").values_list("balance_minor", flat=True)
    assert list(kept) == [6_000 - 6_170, 10_000 - 6_170]
    assert sorted(PrepaidMove.objects.values_list("level", flat=True)) == ["low", "pending"]


def test_what_may_be_given_up_is_listed_made_and_taken_back_once(monkeypatch):
    """Of a batch that was let go two are made and a third was paid; one more is to be listed, of one money comes back."""
    monkeypatch.setattr(write_off_batches.jobs, "wake", lambda *_, **__: None)
    with time_machine.travel(datetime(2026, 3, 10, 2, 0, tzinfo=ZONE), tick=False):
        accounts.supplier()
        recovered, paid, *others = [contracts.world() for _ in range(4)]
        given_up.old_bill(recovered)
        given_up.written_off(recovered)
        given_up.old_bill(recovered, months=4, kwh=-10)
        for one in (paid, *others):
            given_up.old_bill(one)
        today = given_up.TODAY
        write_off_batches.find(today=today)
        batch_id = write_off_batches.propose(reason="", key="b", today=today, actor=given_up.BOSS)
        write_off_batches.decide(batch_id=batch_id, is_agreed=True, today=today, actor=given_up.BOSS_TOO)
        paid_in(paid.account.id, 6_170, on=today)
        given_up.old_bill(contracts.world())

        def nights():
            write_off_batches.night(timezone.now())
            write_off_batches.work(timezone.now())

        _check(nights, commits=6)
    assert WriteOffBatch.objects.get().state == "done"
    assert sorted(WriteOff.objects.values_list("state", flat=True)) == ["dropped", "made", "made", "made"]
    assert WriteOffCandidate.objects.count() == 1
    assert list(WriteOffReturn.objects.values_list("amount_minor", flat=True)) == [617]
