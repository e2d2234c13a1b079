"""Plans of instalments: made within limits, held, paid part by part, broken or completed; and what money pays."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from arrears.domain.plan_workflow import PlanWay
from arrears.models.collection import CollectionCase, CollectionMove, DisconnectionOrder, Hold
from arrears.models.late_fee import LateFee
from arrears.models.plan import InstalmentPlan, PlanMove
from arrears.operations import dunning, holds, late_fees, plan_looks, plans
from arrears.operations.plans import NewPlan, PlanBeyondLimit, PlanChanged, PlanLapsed, PlanNeedsAnother, PlanStands
from arrears.queries import cuts, hindrances, plan_previews
from arrears.queries import late_fees as accruals
from arrears.queries import plans as queries
from arrears.queries.plan_previews import PlanWish
from arrears.queries.plans import WantedPlans
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.payment import Allocation, Payment
from billing.operations import bills, payments
from billing.queries import agreed_parts, debtors
from cashiering.models.agent import Agent
from cashiering.operations import agents
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import jobs
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
TODAY = date(2026, 3, 10)
"""17 days after the due date of a bill of January: 61.70, and 1.05 late fee at 1 per mille a day."""
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
CHIEF = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))
WISH = PlanWish(3, 5, is_first_now=True)
STATEMENTS = 30
"""Of a night in which two plans are broken."""


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(at(TODAY), tick=False) as traveller:
        yield traveller


def at(day, hour=8):
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


def overdue(*, kwh=100):
    made = contracts.world()
    accounts.contact_point(of=made.customer)
    billing.issued(world=made, kwh=kwh)
    return made


@pytest.fixture
def world():
    return overdue()


def plan(world, *, wish=WISH, actor=CLERK, **changes):
    given = {"account_id": world.account.id, "wish": wish, "way": PlanWay.DESK, "is_agreed": True, **changes}
    return plans.offer(new=NewPlan(**given), at=at(TODAY), actor=actor)


def pay(world, amount_minor, *, on=TODAY, **values):
    with time_machine.travel(at(on), tick=False):
        return payments.receive(
            account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
            reference=f"{on}-{amount_minor}-{world.account.id}", received_date=on, today=on, actor=SYSTEM, **values,
        ).payment_id  # fmt: skip


def card(plan_id, today=TODAY):
    return queries.one(plan_id=plan_id, today=today)


def paid_of(bill):
    return sum(Allocation.objects.filter(bill=bill).values_list("amount_minor", flat=True))


def test_a_plan_takes_the_late_fee_in_holds_its_debts_and_stops_the_fee(world):
    plan_id = plan(world)
    row = InstalmentPlan.objects.get(id=plan_id)
    found = card(plan_id)
    assert (row.state, row.total_minor, row.late_fee_minor) == ("kept", 6_275, 105)
    assert [part.amount_minor for part in found.standing.parts] == [2_275, 2_000, 2_000]
    # The books: one bill as it was, with its own due date, and a note for the fee of 17 days.
    bill, note = Bill.objects.order_by("id")
    assert (bill.due_date, bill.amount_minor, note.kind, note.amount_minor) == (
        date(2026, 2, 21), 6_170, "late_fee", 105,
    )  # fmt: skip
    assert {hold.bill_id for hold in Hold.objects.filter(kind="plan")} == {bill.id, note.id}
    assert {hold.until_at for hold in Hold.objects.all()} == {at(TODAY + 7 * DAY, 0)}
    assert accruals.accrued_minor(account_id=world.account.id, today=TODAY + 60 * DAY) == 0
    late_fees.charge(account_ids=[world.account.id], today=date(2026, 5, 1), actor=SYSTEM)
    assert LateFee.objects.count() == 1
    assert Notice.objects.filter(event="plan_accepted", channel="sms").count() == 1


def test_money_pays_the_part_that_is_due_then_bills_by_their_days(world):
    pay_first = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))  # due 21 March
    plan_id = plan(world, total_minor=6_275)
    january = Bill.objects.order_by("id").first()
    pay(world, 2_275)
    assert (paid_of(january), paid_of(pay_first)) == (2_275, 0)
    # Next comes the bill of 21 March, before the part of 7 April (the 6th is a holiday); of the rest the part.
    pay(world, 6_270, on=date(2026, 3, 20))
    assert (paid_of(january), paid_of(pay_first)) == (2_375, 6_170)
    standing = card(plan_id).standing
    assert [(one.paid_minor, one.paid_date) for one in standing.parts] == [(2_275, TODAY), (100, None), (0, None)]
    # The hold has moved on with the part.
    assert {hold.until_at for hold in Hold.objects.all()} == {at(date(2026, 4, 14), 0)}
    # Three days before its day the part comes before a bill that is due earlier.
    billing.issued(world=world, start_date=date(2026, 2, 20), end_date=date(2026, 3, 12), kwh=10)
    pay(world, 50, on=date(2026, 4, 4))
    assert card(plan_id).standing.parts[1].paid_minor == 150
    # Whoever says what he pays is heard.
    pay(world, 10, on=date(2026, 4, 4), for_bills={Bill.objects.order_by("-id").first().id: 10})
    assert card(plan_id).standing.parts[1].paid_minor == 150


def test_a_part_that_is_not_paid_breaks_the_plan_and_the_debt_is_pursued_where_it_stood(world):
    dunning.night(at(TODAY))
    case = CollectionCase.objects.get()
    assert case.last_step == "text"
    plan_id = plan(world)
    case.refresh_from_db()
    assert (case.held_by, case.closed_date) == ("plan", None)
    pay(world, 2_275)
    late = date(2026, 4, 7) + 5 * DAY
    plan_looks.night(at(late))
    assert card(plan_id).state == "kept"
    for _ in range(2):  # once, however often the night runs
        plan_looks.night(at(late + DAY))
    found = card(plan_id)
    assert (found.state, found.end_reason) == ("broken", "late")
    assert list(PlanMove.objects.values_list("action", flat=True)) == ["offer", "accept", "break"]
    assert not Hold.objects.filter(until_at__gt=at(late + DAY)).exists()
    assert Notice.objects.filter(event="plan_broken", channel="sms").count() == 1
    case.refresh_from_db()
    assert (case.held_by, case.last_step, case.overdue_minor) == ("", "text", 4_000)
    # The pack says: broken, so the late fee of that time is owed after all (17 days are charged, 32 to come).
    assert accruals.accrued_minor(account_id=world.account.id, today=late + DAY) > 100
    assert CollectionMove.objects.count() == 1
    # And by himself the customer makes no other.
    me = Actor(ActorKind.CUSTOMER, 5, "me")
    with pytest.raises(PlanBeyondLimit) as refused:
        plans.offer(
            new=NewPlan(account_id=world.account.id, wish=PlanWish(2, 5, is_first_now=True), way=PlanWay.PORTAL),
            at=at(late + DAY), actor=me, customer_id=world.customer.id,
        )  # fmt: skip
    assert refused.value.detail["excess"] == ["broken"]


def test_parts_are_reminded_of_once_and_the_last_completes_the_plan(world):
    plan_id = plan(world)
    pay(world, 2_275)
    for day in (date(2026, 4, 3), date(2026, 4, 4), date(2026, 4, 4), date(2026, 4, 3), date(2026, 4, 5)):
        plan_looks.night(at(day))
    (sms,) = Notice.objects.filter(event="plan_reminder", channel="sms")
    assert "20.00" in sms.body
    pay(world, 4_000, on=date(2026, 4, 5))
    found = card(plan_id)
    assert (found.state, found.ended_date is not None, found.standing.open_minor) == ("completed", True, 0)
    assert Notice.objects.filter(event="plan_completed", channel="sms").count() == 1
    assert not Hold.objects.filter(until_at__gt=at(date(2026, 4, 5), 9)).exists()
    # Late fees of the time of a plan that was kept are not owed, now or later.
    late_fees.charge(account_ids=[world.account.id], today=date(2026, 6, 1), actor=SYSTEM)
    assert LateFee.objects.filter(state="charged").count() == 1


def test_a_cancelled_bill_and_a_credit_shorten_the_plan(world):
    second = billing.issued(world=world, start_date=date(2026, 1, 2), end_date=date(2026, 1, 31))
    plan_id = plan(world)
    total = card(plan_id).total_minor
    bills.cancel(bill_id=second.id, reason="wrong read", as_of_date=TODAY, actor=CHIEF)
    plan_looks.night(at(TODAY))
    found = card(plan_id)
    assert found.state == "kept"
    assert (found.standing.lowered_minor, found.standing.open_minor) == (6_170, total - 6_170)
    assert [one.amount_minor == 0 for one in found.standing.parts] == [False, False, True]
    # The card of the first part still pays exactly the first part.
    code = card(plan_id).codes[1]
    assert agreed_parts.of_code(code=code).open_minor == found.standing.parts[0].open_minor
    pay(world, found.standing.open_minor)
    assert card(plan_id).state == "completed"


def test_a_card_out_of_turn_pays_the_part_that_is_due_first_and_the_plan_is_kept(world):
    plan_id = plan(world)
    codes = card(plan_id).codes
    agent = Agent.objects.create(code="S1", name="Shop", client_id=7, limit_minor=100_000)
    given = {"client_id": agent.client_id, "today": TODAY, "actor": Actor(ActorKind.CLIENT, 7, "shop", frozenset())}
    third = agreed_parts.of_code(code=codes[3])
    turn = agreed_parts.turn_of(third)
    assert (turn.code, turn.open_minor) == (codes[1], 2_275)
    agents.take(account_number=codes[3], amount_minor=2_275, reference="A1", **given)
    found = card(plan_id)
    assert [one.paid_minor for one in found.standing.parts] == [2_275, 0, 0]
    (paid,) = agreed_parts.paid_by(payment_id=Payment.objects.get().id)
    assert (paid.code, paid.amount_minor) == (codes[1], 2_275)
    # The card that was not used pays the next part.
    agents.take(account_number=codes[1], amount_minor=2_000, reference="A2", **given)
    assert [one.paid_minor for one in card(plan_id).standing.parts] == [2_275, 2_000, 0]
    assert agreed_parts.turn_of(agreed_parts.of_code(code=codes[2])).code == codes[3]


def test_a_new_bill_that_is_not_paid_breaks_the_plan_unless_it_is_disputed(world):
    plan_id = plan(world)
    pay(world, 4_275)
    new = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    hold_id = holds.place(
        account_id=world.account.id,
        kind=holds.HoldKind.DISPUTE,
        evidence="c",
        bill_id=new.id,
        at=at(TODAY),
        actor=CLERK,
    )
    plan_looks.night(at(date(2026, 3, 27)))
    assert card(plan_id).state == "kept"
    holds.lift(hold_id=hold_id, reason="settled", at=at(TODAY, 9), actor=CHIEF)
    with time_machine.travel(at(date(2026, 3, 27)), tick=False):
        plan_looks.night(at(date(2026, 3, 27)))
    assert (card(plan_id).state, card(plan_id).end_reason) == ("broken", "new_bill")


def test_money_under_way_keeps_a_plan_that_is_late(world, monkeypatch):
    plan_id = plan(world)
    late = TODAY + 9 * DAY
    told = {world.account.id: (cuts.Hold(1, holds.HoldKind.PENDING_PAYMENT, at(TODAY)),)}
    monkeypatch.setitem(hindrances._asked, "checkouts", lambda **_: told)
    plan_looks.night(at(late))
    assert card(plan_id).state == "kept"
    told.clear()
    plan_looks.night(at(late))
    assert card(plan_id).state == "broken"


def test_above_the_limit_of_a_clerk_another_person_decides(world):
    with pytest.raises(NotAllowed):
        plan(world, actor=Actor(ActorKind.STAFF, 9, "Zhao", frozenset({Role.FIELD})))
    big = overdue(kwh=20_000)  # 12,340.00, and the late fee
    plan_id = plan(big)
    assert card(plan_id).state == "proposed"
    assert not Hold.objects.exists()
    with pytest.raises(NotAllowed):
        plans.agree(plan_id=plan_id, at=at(TODAY), actor=CLERK)
    with pytest.raises(PlanNeedsAnother):
        plans.agree(plan_id=plan_id, at=at(TODAY), actor=Actor(ActorKind.STAFF, 11, "Li", CHIEF.roles))
    plans.agree(plan_id=plan_id, at=at(TODAY), actor=CHIEF)
    assert card(plan_id).state == "kept"
    with pytest.raises(PlanStands):
        plan(big)
    huge = overdue(kwh=1_000_000)
    plan_id = plan(huge)
    with pytest.raises(PlanBeyondLimit):
        plans.agree(plan_id=plan_id, at=at(TODAY), actor=CHIEF)


def test_an_offer_is_accepted_as_it_was_made_or_not_at_all(world, clock):
    plan_id = plan(world, is_agreed=False)
    assert Notice.objects.filter(event="plan_offered", channel="sms").count() == 1
    clock.move_to(at(TODAY + 2 * DAY))
    plans.accept(plan_id=plan_id, at=at(TODAY + 2 * DAY), actor=CLERK)
    found = card(plan_id)
    # The fee is that of the day of the offer, and the part that was due at once is due now.
    assert (found.total_minor, found.standing.parts[0].due_date) == (6_275, TODAY + 2 * DAY)
    assert accruals.accrued_minor(account_id=world.account.id, today=TODAY + 30 * DAY) == 0
    plans.cancel(plan_id=plan_id, reason="moved in with family", at=at(TODAY + 2 * DAY), actor=CLERK)
    assert Notice.objects.filter(event="plan_cancelled", channel="sms").count() == 1
    other = overdue()
    plan_id = plan(other, is_agreed=False)
    pay(other, 100)
    with pytest.raises(PlanChanged):
        plans.accept(plan_id=plan_id, at=at(TODAY), actor=CLERK)
    with pytest.raises(PlanLapsed):
        plans.accept(plan_id=plan_id, at=at(TODAY + 8 * DAY), actor=CLERK)
    plan_looks.night(at(TODAY + 8 * DAY))
    assert (card(plan_id).state, card(plan_id).end_reason) == ("dropped", "lapsed")
    with pytest.raises(PlanChanged):
        plan(other, total_minor=6_275)


def test_the_hold_of_a_plan_is_not_lifted_by_hand_and_keeps_the_supply_on(world):
    plan(world)
    hold = Hold.objects.first()
    with pytest.raises(holds.HoldOfPlan):
        holds.lift(hold_id=hold.id, reason="x", at=at(TODAY), actor=CHIEF)
    assert hold.until_at == at(TODAY + 7 * DAY, 0)


def test_the_code_of_a_card_names_the_account_and_what_is_open_of_the_part(world):
    plan_id = plan(world)
    codes = card(plan_id).codes
    part = agreed_parts.of_code(code=codes[1])
    assert (part.account_id, part.open_minor, part.is_on) == (world.account.id, 2_275, True)
    (named,) = debtors.by_numbers(numbers=[codes[1]], today=TODAY)
    assert (named.is_bill, named.account_id, named.open_minor) == (True, world.account.id, 2_275)
    pay(world, 3_000, for_bills={})
    assert agreed_parts.of_code(code=codes[1]).open_minor == 0
    assert agreed_parts.of_code(code=codes[2]).open_minor == 1_275
    plans.cancel(plan_id=plan_id, reason="x", at=at(TODAY), actor=CLERK)
    assert not agreed_parts.of_code(code=codes[2]).is_on
    with pytest.raises(agreed_parts.UnknownPartCode):
        agreed_parts.of_code(code="77000000010199")


def test_people_whom_a_register_protects_have_longer_plans(world):
    found = plan_previews.counts(account_id=world.account.id, total_minor=100_000, actor=CLERK, at=at(TODAY))
    assert found[-1] == 12
    holds.place(
        account_id=world.account.id, kind=holds.HoldKind.LIFE_SUPPORT, evidence="certificate", at=at(TODAY), actor=CLERK
    )
    found = plan_previews.counts(account_id=world.account.id, total_minor=100_000, actor=CLERK, at=at(TODAY))
    assert found[-1] == 24


def test_the_list_finds_what_is_late_and_a_night_takes_as_many_statements_for_many(world):
    ids = [plan(one) for one in (world, overdue())]
    today = TODAY + 3 * DAY
    assert [one.id for one in queries.listed(wanted=WantedPlans(state="late"), today=today)] == ids[::-1]
    pay(world, 2_275)
    assert [one.id for one in queries.listed(wanted=WantedPlans(state="late"), today=today)] == ids[1:]
    assert len(queries.listed(wanted=WantedPlans(text=f"p{1:06d}"), today=today)) == 1
    late = date(2026, 4, 20)
    with CaptureQueriesContext(connection) as asked:
        plan_looks.night(at(late))
    assert {card(one).state for one in ids} == {"broken"}
    assert len(asked) == STATEMENTS


def test_bills_of_a_former_holder_and_bills_that_are_debited_are_not_covered(world, monkeypatch):
    bill = Bill.objects.get()
    given = {"account_id": world.account.id, "today": TODAY, "at": at(TODAY)}
    assert [one.bill_id for one in plan_previews.debts(**given)] == [bill.id]
    told = {world.account.id: (cuts.Hold(1, holds.HoldKind.PENDING_PAYMENT, at(TODAY), None, bill.id),)}
    monkeypatch.setitem(hindrances._asked, "debits", lambda **_: told)
    assert not plan_previews.debts(**given)
    told.clear()
    AccountHolder.objects.filter(account=world.account).update(period=DateRange(date(2026, 2, 1), None))
    assert not plan_previews.debts(**given)


def test_a_supply_that_is_cut_off_is_restored_by_a_plan_that_a_person_agreed_on(world):
    order = DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, way="crew", reason="unpaid", state="cut",
        proposed_at=at(TODAY), expires_at=at(TODAY + 9 * DAY),
    )  # fmt: skip
    me = Actor(ActorKind.CUSTOMER, 5, "me")
    seen = plan_previews.preview(account_id=world.account.id, wish=WISH, actor=me, at=at(TODAY))
    assert [one.value for one in seen.excess] == ["cut"]
    assert plan_previews.counts(account_id=world.account.id, total_minor=6_275, actor=me, at=at(TODAY)) == ()
    plan(world)
    order.refresh_from_db()
    assert order.state == "restoring"
