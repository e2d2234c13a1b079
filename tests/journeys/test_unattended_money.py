"""
Nights nobody watches, of money: each morning the beat opens what fell due, and workers do it as the wiring binds it.

One home is billed, told, reminded, demanded and charged a late fee; one has its debit planned and sent to the bank; one
misses the first part of its plan. The beat is doubled and the workers too. No job is named here but by what it leaves:
who deletes a line of the wiring finds that nothing came of it.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from arrears.domain.plan_workflow import PlanWay
from arrears.models.collection import CollectionMove
from arrears.models.late_fee import LateFee
from arrears.models.plan import InstalmentPlan
from arrears.operations import plans
from arrears.operations.plans import NewPlan
from arrears.queries import late_fees as accruals
from arrears.queries.plan_previews import PlanWish
from billing.models.bill import Bill
from billing.models.run import BillCycle, CycleMember
from billing.operations import proof
from cashiering.models.debit import Debit
from cashiering.operations import mandates
from cashiering.operations.mandates import NewMandate
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import month_of
from cis.platform import jobs, outbox
from cis.platform.models import Job, OutboxMessage
from cis.platform.schedules import Daily
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.models.device import Installation
from tests.factories import accounts, mass
from tests.factories.debits import ACCOUNT, BANK, PDF

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
JANUARY = month_of(date(2026, 1, 1))
DAY = timedelta(days=1)
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING, Role.CASHIER}))


def at(day, hour=9, minute=5):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def morning(day):
    """The beat of a morning and the workers, each twice, in the order in which the work fell due."""
    with time_machine.travel(at(day), tick=False):
        for _ in range(2):
            jobs.open_due(at(day))
        due = Job.objects.filter(state="waiting", due_at__isnull=False).order_by("due_at", "id")
        names = [one for one in due.values_list("name", flat=True) if isinstance(jobs.REGISTRY[one].schedule, Daily)]
        for name in names:
            jobs.run(name)
            jobs.run(name)
        assert not Job.objects.filter(state="failed").exists()
        OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now().astimezone(UTC) - timedelta(hours=1))
        outbox.deliver_due()


@pytest.fixture
def homes(settings, tmp_path, monkeypatch):
    """Three homes in a cycle that runs unattended on the third of the month; the second pays by debit."""
    settings.VAR_DIR, settings.DOCUMENTS_DIR, settings.SMS_GATEWAY = tmp_path, tmp_path / "documents", "sandbox"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    ids = list(mass.supply(count=3, months=[JANUARY]))
    Installation.objects.bulk_create(
        Installation(service_point_id=one, meter_id=one, period=(JANUARY.start, None)) for one in ids
    )
    for model in (ServiceAgreement, AgreementTerm):
        model.objects.update(period=(JANUARY.start, None))
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One", run_day=3, is_unattended=True)
    CycleMember.objects.bulk_create(CycleMember(account_id=one, cycle=cycle) for one in ids)
    for account_id in ids:
        holder = accounts.customer()
        accounts.contact_point(of=holder, kind="mobile")
        AccountHolder.objects.filter(account_id=account_id).delete()
        AccountHolder.objects.create(account_id=account_id, customer=holder, period=(JANUARY.start, None))
    new = NewMandate(account_id=ids[1], holder_name="王芳", bank_account=ACCOUNT, bank_code=BANK, limit_minor=10**6)
    day = date(2026, 2, 2)
    with time_machine.travel(at(day), tick=False):
        mandates.enter_paper(new=new, signed_date=day, signed_by="", scan=PDF, name="m.pdf", today=day, actor=CLERK)
        jobs.open_due(at(day))  # the installation gets to know its schedules
    return ids


def told(account_id):
    """What was told by text, in its order."""
    rows = Notice.objects.filter(account_id=account_id, channel="sms").order_by("id")
    return list(rows.values_list("event", flat=True))


def test_what_is_billed_told_debited_demanded_and_charged_when_nobody_looks(homes):
    owing, debited, paying = homes
    morning(date(2026, 2, 3))
    bills = {one.account_id: one for one in Bill.objects.all()}
    assert {one.state for one in bills.values()} == {"issued"}
    due = bills[owing].due_date
    debit = Debit.objects.get()
    assert (debit.account_id, debit.state, debit.amount_minor) == (debited, "planned", bills[debited].amount_minor)
    assert (told(owing), told(debited)) == (["bill_issued"], ["mandate_active", "debit_announced", "bill_issued"])

    # Before the due day who owes is reminded, and who is debited is not; the file goes to the bank in time.
    for days in (3, 1):
        morning(due - days * DAY)
    assert told(owing) == ["bill_issued", "payment_due_soon"]
    assert "payment_due_soon" not in told(debited)
    debit.refresh_from_db()
    assert debit.state == "sent"
    assert CollectionMove.objects.count() == 0

    # The day after it a demand goes out and the late fee runs; the third customer is given time, and lets it pass.
    morning(due + DAY)
    demanded = CollectionMove.objects.values_list("case__account_id", "step")
    assert sorted(demanded) == [(owing, "text"), (paying, "text")]
    assert told(owing)[-1] == "debt_reminder"
    assert accruals.accrued_minor(account_id=owing, today=due + 3 * DAY) > 0
    with time_machine.travel(at(due + DAY, 11), tick=False):
        new = NewPlan(account_id=paying, wish=PlanWish(3, 5, is_first_now=True), way=PlanWay.DESK, is_agreed=True)
        plan_id = plans.offer(new=new, at=at(due + DAY, 11), actor=CLERK)
    morning(due + 6 * DAY)
    assert InstalmentPlan.objects.get(id=plan_id).state == "kept"
    morning(due + 7 * DAY)
    assert InstalmentPlan.objects.get(id=plan_id).state == "broken"
    assert told(paying)[-1] == "plan_broken"

    # At the end of the month the fee is charged, by a note of its own.
    assert not LateFee.objects.filter(account_id=owing).exists()
    morning(date(2026, 3, 1))
    fee = LateFee.objects.get(account_id=owing)
    assert (fee.state, fee.note.kind, fee.period.lower) == ("charged", "late_fee", due + DAY)
    # The text has arrived a week ago, so both are called, and the plan that was broken holds nothing back.
    assert sorted(CollectionMove.objects.values_list("case__account_id", "step")) == [
        (one, step) for one in (owing, paying) for step in ("call", "text")
    ]
    assert proof.verify() == ()
