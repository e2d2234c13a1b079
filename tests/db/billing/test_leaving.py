"""What a customer has agreed on ends with the account: plans are settled into the final account, mandates end with it."""

from datetime import date, datetime, time
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models.notice import Notice
from accounts.operations import holders
from arrears.domain.plan_workflow import PlanWay
from arrears.models.collection import Hold
from arrears.models.plan import InstalmentPlan
from arrears.operations import plans
from arrears.operations.plans import NewPlan
from arrears.queries.plan_previews import PlanWish
from billing.models.agreed_part import AgreedPart
from billing.models.budget import BudgetPlan
from billing.models.settlement import FinalAccount
from billing.operations import adjustments, final_accounts, proof
from billing.queries import balances
from cashiering.models.debit import Mandate
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import jobs
from tests.db.billing.test_changes_of_use import MIDDLE, NIGHT, TODAY, home
from tests.factories import accounts, budgets, contracts, debits
from tests.factories.changes import done
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
SUPERVISOR = Actor(ActorKind.STAFF, 6, "Zhou", frozenset({Role.SUPERVISOR}))
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


def at(day):
    return datetime.combine(day, time(9), tzinfo=ZONE)


def owes(account, minor, *, on):
    """A note of an amount, which falls due later."""
    new = adjustments.NewAdjustment(account_id=account.id, amount_minor=minor, reason="costs", text="a", key="a1")
    adjustments.propose(new=new, today=on, actor=SUPERVISOR)


def in_parts(account, *, on, is_agreed=True):
    wish = PlanWish(3, 5, is_first_now=True)
    new = NewPlan(account_id=account.id, wish=wish, way=PlanWay.DESK, is_agreed=is_agreed)
    return plans.offer(new=new, at=at(on), actor=SUPERVISOR)


def test_a_plan_is_settled_into_the_final_account_and_a_mandate_ends_when_that_is_paid():
    agreement = home()
    account = agreement.account
    accounts.contact_point(of=account.holders.get().customer)
    owes(account, 10_000, on=date(2025, 1, 3))
    with time_machine.travel(at(TODAY), tick=False):
        plan_id = in_parts(account, on=TODAY)
        holder = SimpleNamespace(account=account, customer=account.holders.get().customer)
        debits.signed(holder, on=TODAY)
        assert Hold.objects.filter(kind="plan", until_at__gt=at(TODAY)).exists()
        done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
        final_accounts.work(NIGHT)
        plan = InstalmentPlan.objects.get(id=plan_id)
        assert (plan.state, plan.end_reason, plan.ended_date) == ("cancelled", "left", TODAY)
        assert not AgreedPart.objects.filter(ended_at=None).exists()
        assert Notice.objects.filter(event="plan_left").exists()
        owed = balances.of_account(account_id=account.id, today=TODAY).balance_minor
        assert owed >= 10_000 + 6_170
        assert Mandate.objects.get().state == "active"  # its final bill may still be debited
        paid_in(account.id, owed, on=TODAY)
        final_accounts.work(NIGHT)
        mandate = Mandate.objects.get()
        assert (FinalAccount.objects.get().state, mandate.state, mandate.end_reason) == ("settled", "ended", "left")
    assert not proof.verify()


def test_who_gives_an_account_to_another_takes_nothing_of_his_own_along():
    world = contracts.world()
    budgets.year(world, date(2024, 1, 1))
    with time_machine.travel(at(date(2025, 1, 20)), tick=False):
        budget_id = budgets.accept(world, date(2025, 1, 20))
        debits.signed(world, on=date(2025, 1, 20))
        owes(world.account, 10_000, on=date(2025, 1, 20))
    later = date(2025, 3, 20)
    with time_machine.travel(at(later), tick=False):
        plan_id = in_parts(world.account, on=later, is_agreed=False)
        other = accounts.customer()
        holders.change(account_id=world.account.id, customer_id=other.id, from_date=later, actor=SYSTEM)
    plan = InstalmentPlan.objects.get(id=plan_id)
    assert (plan.state, plan.end_reason) == ("dropped", "left")
    assert (BudgetPlan.objects.get(id=budget_id).state, Mandate.objects.get().end_reason) == ("ended", "left")
