"""
Money that banks bring in many lines at once, and debits that they collect, do what any payment does.

Who is cut off gets current back, the part of a plan counts, and the payer has a receipt by the channel that is theirs.
"""

from datetime import date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models.notice import Notice
from arrears.domain.disconnection import Way
from arrears.domain.plan_workflow import PlanWay
from arrears.models.collection import DisconnectionOrder, Hold
from arrears.operations import plans
from arrears.operations.plans import NewPlan
from arrears.queries import plans as queries
from arrears.queries.plan_previews import PlanWish
from cashiering.domain.debits import name_of
from cashiering.models.debit import Debit
from cashiering.operations import posting, statements
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from metering.models.command import DeviceCommand
from tests.factories import accounts, bank_files, billing, contracts, metering
from tests.factories.bank_files import Movement
from tests.factories.debits import signed

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
AT = datetime(2026, 3, 10, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
BILL, FIRST_PART = 6_170, 2_275
WAYS = ("file", "debit")


@pytest.fixture(autouse=True)
def _here(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setitem(outbox.SENDERS, "notice.send", lambda message: None)
    with time_machine.travel(AT, tick=False):
        accounts.supplier()
        yield


def overdue(contact):
    made = contracts.world()
    accounts.contact_point(of=made.customer, kind=contact)
    billing.issued(world=made)
    return made


def line(world, way, amount_minor):
    """A line of a statement: a payment in the payer's own words, or a debit that the bank collected."""
    if way == "file":
        text = f"{world.account.number} {world.customer.name}"
        return Movement(
            amount_minor=amount_minor, reference=f"R{world.account.id}", text=text, name=world.customer.name
        )
    debit = Debit.objects.create(
        mandate_id=signed(world, on=TODAY), account=world.account, bill=world.account.bills.earliest("id"),
        amount_minor=amount_minor, collection_date=TODAY, state="sent",
    )  # fmt: skip
    return Movement(amount_minor=amount_minor, reference=f"R{world.account.id}", end_to_end=name_of(debit.id))


def bring(*lines):
    content = bank_files.camt(list(lines))
    statements.take(source=BytesIO(content), name="b.xml", today=TODAY, actor=SYSTEM)
    posting.work(AT)


@pytest.mark.parametrize("way", WAYS)
def test_who_is_cut_off_gets_current_back_and_each_payer_a_receipt(way):
    worlds = {"sms": overdue("mobile"), "email": overdue("email")}
    dark = worlds["sms"]
    meter = metering.meter(switch="on")
    metering.installation(of=meter, at=dark.service_point)
    order = DisconnectionOrder.objects.create(
        account=dark.account, service_point=dark.service_point, way=Way.REMOTE.value, reason="unpaid",
        customer_class="residential", state="cut", proposed_at=AT, expires_at=AT, meter_id=meter.id,
    )  # fmt: skip
    bring(*(line(one, way, BILL) for one in worlds.values()))
    order.refresh_from_db()
    assert order.state == "restoring"
    assert list(DeviceCommand.objects.values_list("command", flat=True)) == ["switch_on"]
    outbox.deliver_due()
    told = Notice.objects.filter(event="payment_received").exclude(channel="inbox").order_by("id")
    assert [(one.account_id, one.channel) for one in told] == [
        (one.account.id, channel) for channel, one in worlds.items()
    ]
    assert all("61.70" in one.body for one in told)


@pytest.mark.parametrize("way", WAYS)
def test_the_part_of_a_plan_counts_at_once(way):
    world = overdue("mobile")
    new = NewPlan(account_id=world.account.id, wish=PlanWish(3, 5, is_first_now=True), way=PlanWay.DESK, is_agreed=True)
    plan_id = plans.offer(new=new, at=AT, actor=CLERK)
    before = Hold.objects.first().until_at
    bring(line(world, way, FIRST_PART))
    parts = queries.one(plan_id=plan_id, today=TODAY).standing.parts
    assert [one.paid_minor for one in parts] == [FIRST_PART, 0, 0]
    # The plan was looked at when the money came, not in the night after it: its debts are held until the next part.
    assert Hold.objects.count() > 0
    assert all(one.until_at > before for one in Hold.objects.all())
