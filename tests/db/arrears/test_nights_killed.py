"""Nights about debts that are killed after any commit and run again, or run by two workers at once: each counts once."""

from datetime import date, datetime

import pytest
import time_machine

from arrears.models.collection import CollectionMove, DisconnectionOrder
from arrears.models.dunning import DunningBatch
from arrears.models.late_fee import LateFee
from arrears.models.plan import InstalmentPlan
from arrears.operations import demands, dunning, late_fees, plan_looks, prepaid_cuts
from billing.domain.channels import PaymentChannel
from billing.operations import bills, payments, proof
from cis.kernel.actors import SYSTEM
from cis.platform import jobs
from metering.models.command import DeviceCommand
from tests.db.arrears import test_dunning as ladder
from tests.db.arrears import test_plans as instalments
from tests.db.arrears import test_prepaid_cuts as prepaid
from tests.factories import accounts, billing, contracts
from tests.killed import check_at_once, check_killed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR, settings.SMS_GATEWAY = tmp_path, "sandbox"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


def check(work, *, commits):
    """Killed anywhere, and by two at once."""
    assert check_killed(work) == commits
    check_at_once(work)
    assert proof.verify() == ()


def test_late_fees_are_charged_and_taken_back_once(monkeypatch):
    """
    One is open at the end of the month, one was paid late, and the bill of the third is cancelled.

    Four commits, and three of the night that is done again: it looks at two of them, and notes that it did.
    """
    monkeypatch.setattr(late_fees, "CHUNK", 1)
    still_open, paid, cancelled = worlds = [contracts.world() for _ in range(3)]
    made = [billing.issued(world=one, kwh=1_000) for one in worlds]
    late_fees.charge(account_ids=[cancelled.account.id], today=date(2026, 3, 1), actor=SYSTEM)
    bills.cancel(bill_id=made[2].id, reason="wrong read", as_of_date=date(2026, 3, 2), actor=SYSTEM)
    payments.receive(
        account_id=paid.account.id, amount_minor=61_700, channel=PaymentChannel.BANK, reference="r",
        received_date=date(2026, 2, 25), today=date(2026, 2, 25), actor=SYSTEM,
    )  # fmt: skip
    check(lambda: late_fees.night(datetime(2026, 3, 3, 2, 45, tzinfo=ladder.ZONE)), commits=7)
    kept = LateFee.objects.order_by("account_id").values_list("account_id", "amount_minor", "state")
    assert list(kept) == [
        (still_open.account.id, 432, "charged"), (paid.account.id, 247, "charged"),
        (cancelled.account.id, 432, "taken_back"),
    ]  # fmt: skip


def test_plans_lapse_are_broken_and_reminded_of_once(monkeypatch):
    monkeypatch.setattr(plan_looks, "CHUNK", 1)
    with time_machine.travel(instalments.at(instalments.TODAY), tick=False):
        offered, late, _kept = worlds = [instalments.overdue() for _ in range(3)]
        ids = [instalments.plan(one, is_agreed=one is not offered) for one in worlds]
        instalments.pay(worlds[2], 2_275)
    at = instalments.at(date(2026, 4, 4))
    with time_machine.travel(at, tick=False):
        check(lambda: plan_looks.night(at), commits=3)
    states = dict(InstalmentPlan.objects.values_list("id", "state"))
    assert [states[one] for one in ids] == ["dropped", "broken", "kept"]
    assert InstalmentPlan.objects.get(state="broken").account_id == late.account.id


def test_demands_are_planned_and_made_once(monkeypatch):
    monkeypatch.setattr(dunning, "CHUNK", 1)
    monkeypatch.setattr(demands, "CHUNK", 1)
    worlds = [ladder.overdue() for _ in range(2)]
    day = ladder.DUE + ladder.DAY
    with time_machine.travel(ladder.at(day), tick=False):
        check(lambda: dunning.night(ladder.at(day)), commits=7)
    assert CollectionMove.objects.count() == len(worlds)
    batch = DunningBatch.objects.get()
    assert (batch.state, batch.count, batch.opened) == ("sent", 2, 2)


def test_prepaid_supplies_are_ordered_and_cut_off_once():
    with time_machine.travel(prepaid.AT, tick=True):
        for _ in range(2):
            prepaid.darkened()
        check(lambda: prepaid_cuts.work(prepaid.AT), commits=4)
    assert list(DisconnectionOrder.objects.values_list("state", flat=True)) == ["dispatched"] * 2
    assert DeviceCommand.objects.count() == 2
