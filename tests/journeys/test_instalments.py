"""
Paying in parts, all the way: overdue and reminded, a plan by telephone, two parts paid, one missed, the plan broken and
the debt pursued from where it stood; and a plan that is kept until the last part.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.domain.receipts import Outcome, Receipt
from accounts.models.notice import Notice
from accounts.operations import notice_receipts
from arrears.domain.plan_workflow import PlanWay
from arrears.models.collection import CollectionCase, CollectionMove
from arrears.models.plan import InstalmentPlan
from arrears.operations import disconnections, dunning, late_fees, plan_looks, plans
from arrears.operations.disconnections import NotToBeCut
from arrears.operations.plans import NewPlan
from arrears.queries import late_fees as accruals
from arrears.queries import plans as queries
from arrears.queries.plan_previews import PlanWish
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.operations import payments
from billing.queries import balances
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from cis.platform.models import OutboxMessage
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING}))


def local(month, day, hour=8, minute=30):
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def deliver():
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now().astimezone(UTC) - timedelta(minutes=1))
    outbox.deliver_due()


def morning(month, day):
    """The beat of a morning: late fees, plans, then the ladder, and what goes out by them."""
    with time_machine.travel(local(month, day), tick=False):
        late_fees.night(local(month, day, 2))
        plan_looks.night(local(month, day, 8, 0))
        dunning.night(local(month, day))
        deliver()


def pay(home, amount_minor, month, day):
    with time_machine.travel(local(month, day, 15), tick=False):
        payments.receive(
            account_id=home.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
            reference=f"R{month}-{day}", received_date=date(2026, month, day), today=date(2026, month, day),
            actor=SYSTEM,
        )  # fmt: skip


def told():
    return list(Notice.objects.filter(channel="sms").order_by("id").values_list("event", flat=True))


def owed(home, month, day):
    return balances.of_account(account_id=home.account.id, today=date(2026, month, day))


@pytest.fixture
def home(settings, tmp_path):
    """One home whose bill of January, 61.70, is due on 21 February; the text after it has arrived."""
    settings.VAR_DIR, settings.DOCUMENTS_DIR, settings.SMS_GATEWAY = tmp_path, tmp_path / "documents", "sandbox"
    accounts.supplier()
    made = contracts.world()
    for kind in ("mobile", "post"):
        accounts.contact_point(of=made.customer, kind=kind)
    metering.installation(of=metering.meter(switch="on"), at=made.service_point)
    billing.issued(world=made)
    morning(2, 22)
    with time_machine.travel(local(2, 22, 10), tick=False):
        sms = Notice.objects.get(event="debt_reminder", channel="sms")
        notice_receipts.take(found=[Receipt(Outcome.DELIVERED, notice_id=sms.id, proof="s1")])
    return made


def plan_by_telephone(home):
    """On 27 February the customer calls: 61.70 and 0.37 late fee of six days in three parts, the first at once."""
    with time_machine.travel(local(2, 27, 10), tick=False):
        plan_id = plans.offer(
            new=NewPlan(
                account_id=home.account.id, wish=PlanWish(3, 5, is_first_now=True), way=PlanWay.DESK, is_agreed=True
            ),
            at=local(2, 27, 10), actor=CLERK,
        )  # fmt: skip
    found = queries.one(plan_id=plan_id, today=date(2026, 2, 27))
    assert [(part.due_date, part.amount_minor) for part in found.standing.parts] == [
        (date(2026, 2, 27), 2_207), (date(2026, 3, 5), 2_000), (date(2026, 4, 7), 2_000),
    ]  # fmt: skip
    # The books say what they said: the bill is overdue since its own day, and the fee is a note.
    assert owed(home, 2, 28).balance_minor == 6_207
    assert Bill.objects.order_by("id").first().due_date == date(2026, 2, 21)
    return plan_id


def test_a_part_that_is_missed_breaks_the_plan_and_the_debt_is_pursued_from_where_it_stood(home):
    plan_id = plan_by_telephone(home)
    pay(home, 2_207, 2, 27)
    # The ladder stands still, and the supply stays on.
    for day in (1, 2, 3):
        morning(3, day)
    assert list(CollectionMove.objects.values_list("step", flat=True)) == ["text"]
    assert told().count("plan_reminder") == 1
    pay(home, 2_000, 3, 5)
    assert CollectionCase.objects.get().held_by == "plan"
    with time_machine.travel(local(3, 30, 10), tick=False), pytest.raises(NotToBeCut) as refused:
        disconnections.propose(
            account_id=home.account.id, service_point_id=home.service_point.id, reason="unpaid",
            at=local(3, 30, 10), actor=CLERK,
        )  # fmt: skip
    assert "plan" in [one["code"] for one in refused.value.detail["blockers"]]
    # The third part, of 7 April, does not come; five days of grace pass.
    morning(4, 4)
    assert told().count("plan_reminder") == 2
    morning(4, 12)
    assert InstalmentPlan.objects.get(id=plan_id).state == "kept"
    morning(4, 13)
    assert InstalmentPlan.objects.get(id=plan_id).state == "broken"
    assert told()[-1] == "plan_broken"
    # On the same morning the step comes that was next before the plan, and the fee of the time is owed after all.
    assert list(CollectionMove.objects.order_by("id").values_list("step", flat=True)) == ["text", "call"]
    assert owed(home, 4, 13).balance_minor == 2_000
    assert accruals.accrued_minor(account_id=home.account.id, today=date(2026, 4, 13)) > 0
    # What is paid now pays the debt as any other.
    pay(home, 2_500, 4, 14)
    assert CollectionCase.objects.get().closed_date == date(2026, 4, 14)


def test_a_plan_that_is_kept_is_completed_and_nothing_more_is_owed(home):
    plan_id = plan_by_telephone(home)
    pay(home, 2_207, 2, 27)
    morning(3, 2)
    pay(home, 2_000, 3, 4)
    morning(4, 4)
    pay(home, 2_000, 4, 6)
    assert InstalmentPlan.objects.get(id=plan_id).state == "completed"
    assert (told().count("plan_completed"), told().count("plan_broken")) == (1, 0)
    for month, day in ((4, 7), (5, 2)):
        morning(month, day)
    assert owed(home, 5, 2).balance_minor == 0
    assert accruals.accrued_minor(account_id=home.account.id, today=date(2026, 5, 2)) == 0
    case = CollectionCase.objects.get()
    assert (case.closed_date, CollectionMove.objects.count()) == (date(2026, 4, 6), 1)
