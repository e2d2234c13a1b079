"""The nightly ladder: cases open, demands go out once, proofs move them on, holds stop them, money ends them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail as outgoing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.domain.receipts import Outcome, Receipt
from accounts.models.notice import Notice
from accounts.operations import letters, notice_receipts
from arrears.domain.cut_facts import Hold, HoldKind
from arrears.models.collection import CollectionCase, CollectionMove, DisconnectionOrder
from arrears.models.dunning import DunningBatch, DunningTarget
from arrears.operations import demands, dunning, holds
from arrears.operations.demands import BadProof, CallResult
from arrears.operations.dunning import BatchDecided
from arrears.queries import cuts, hindrances, pursuits, rules
from arrears.queries import dunning as queries
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.operations import payments
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import jobs, outbox
from metering.models.place import Premises
from metering.models.work import WorkOrder
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
DUE = date(2026, 2, 21)
DAY = timedelta(days=1)
STATEMENTS = 57
"""Of a night with one chunk."""
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING}))
CHIEF = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


def overdue(*, kwh=100, ways=("mobile", "post")):
    """An account whose bill of January is due on 21 February."""
    made = contracts.world()
    for way in ways:
        accounts.contact_point(of=made.customer, kind=way)
    billing.issued(world=made, kwh=kwh)
    return made


@pytest.fixture
def world():
    return overdue()


def at(day, hour=8, minute=30):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def night(day):
    """The night of a day, at that time by all clocks."""
    with time_machine.travel(at(day), tick=False):
        dunning.night(at(day))


def case(world):
    return CollectionCase.objects.get(account=world.account)


def steps(world):
    rows = CollectionMove.objects.filter(case__account=world.account).order_by("id")
    return list(rows.values_list("step", flat=True))


def arrives(channel="sms"):
    """The gateway says that all that was sent by a way has arrived."""
    Notice.objects.filter(channel=channel, state="queued").update(state="sent", sent_at=at(DUE + DAY))
    ids = Notice.objects.filter(channel=channel, state="sent").values_list("id", flat=True)
    notice_receipts.take(found=[Receipt(outcome=Outcome.DELIVERED, notice_id=one) for one in ids])


def pay(world, amount_minor=6_170, on=DUE + 9 * DAY):
    with time_machine.travel(at(on), tick=False):
        payments.receive(
            account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=f"{on}",
            received_date=on, today=on, actor=SYSTEM,
        )  # fmt: skip


def test_an_account_climbs_the_ladder_step_by_step_as_its_proofs_come_in(world):
    night(DUE)
    assert not CollectionCase.objects.exists()
    night(DUE + DAY)
    found = case(world)
    assert (found.customer_class, found.overdue_minor, found.oldest_due_date) == ("residential", 6_170, DUE)
    assert (steps(world), found.last_step, found.next_step, found.awaits) == (["text"], "text", "call", "text")
    sms = Notice.objects.get(channel="sms")
    assert (sms.event, "61.70" in sms.body) == ("debt_reminder", True)
    # Without a receipt the ladder stands still.
    night(DUE + 20 * DAY)
    assert steps(world) == ["text"]
    with time_machine.travel(at(DUE + 20 * DAY), tick=False):
        arrives()
    night(DUE + 21 * DAY)
    assert steps(world) == ["text", "call"]
    text = CollectionMove.objects.get(step="text")
    assert (text.proven_at, text.notice_id) == (at(DUE + 20 * DAY), sms.id)
    (call,) = queries.to_make()
    assert (call.account_id, call.phone[:3]) == (world.account.id, "+86")
    demands.call(move_id=call.id, result=CallResult.NOBODY, note="", at=at(DUE + 21 * DAY, 10), actor=CLERK)
    with pytest.raises(BadProof):
        demands.call(move_id=call.id, result=CallResult.ANSWERED, note=" ", at=at(DUE + 22 * DAY, 10), actor=CLERK)
    demands.call(
        move_id=call.id, result=CallResult.ANSWERED, note="Mrs Zhang will pay", at=at(DUE + 22 * DAY, 10), actor=CLERK
    )
    assert (queries.to_make(), case(world).next_date) == ((), DUE + 29 * DAY)
    night(DUE + 29 * DAY)
    assert steps(world) == ["text", "call", "letter"]
    assert Notice.objects.get(channel="post").event == "debt_demand"


def test_a_letter_proves_a_demand_once_it_is_handed_to_the_post_and_no_more_when_it_comes_back():
    """Who has no mobile is told by post in its place."""
    world = overdue(ways=["post"])
    night(DUE + DAY)
    batch_id = letters.make_batch(actor=CHIEF)
    outbox.deliver_due()
    demands.prove(at(DUE + 3 * DAY))
    assert CollectionMove.objects.get().proven_at is None
    letters.hand_over(batch_id=batch_id, actor=CHIEF)
    assert demands.prove(at(DUE + 3 * DAY)) == 1
    assert CollectionMove.objects.get().proven_at is not None
    assert (demands.prove(at(DUE + 3 * DAY)), case(world).awaits) == (0, "")
    letters.came_back(notice_id=Notice.objects.get(channel="post").id, reason="moved", actor=CHIEF)
    assert demands.prove(at(DUE + 4 * DAY)) == 1
    assert (CollectionMove.objects.get().proven_at, case(world).awaits) == (None, "text")


def test_a_company_climbs_the_ladder_of_its_class(world):
    """Its call comes after three working days, not after a week."""
    type(world.customer).objects.filter(id=world.customer.id).update(kind="company")
    night(DUE + DAY)
    assert case(world).customer_class == "commercial"
    with time_machine.travel(at(DUE + DAY, 12), tick=False):
        arrives()
    night(date(2026, 2, 25))  # the holidays last until Monday, 23 February
    assert steps(world) == ["text"]
    night(date(2026, 2, 26))
    assert steps(world) == ["text", "call"]


@pytest.mark.parametrize(("outcome", "is_proven"), [(Outcome.DELIVERED, True), (Outcome.BOUNCED, False)])
def test_a_demand_by_mail_is_sent_and_proven_by_its_delivery_alone(settings, outcome, is_proven):
    settings.PACK, settings.EMAIL_BACKEND = "gb-example", "django.core.mail.backends.locmem.EmailBackend"
    world = overdue(ways=["email"])
    night(DUE + 3 * DAY)
    move = CollectionMove.objects.get()
    assert (move.step, move.channel, move.done_at is not None) == ("mail", "email", True)
    (found,) = pursuits.of_accounts(account_ids=[world.account.id], now=cuts.moment_of(at(DUE + 4 * DAY)))
    assert [one.is_proven for one in found.pursued.made] == [True], "nothing had to be proven of it"
    notice = Notice.objects.get(channel="email")
    assert (notice.event, notice.state) == ("debt_reminder", "queued")
    with time_machine.travel(at(DUE + 3 * DAY, 10), tick=False):
        outbox.deliver_due()
        (sent,) = outgoing.outbox
        assert (sent.to, "61.70" in sent.body) == ([notice.address], True)
        assert demands.prove(at(DUE + 3 * DAY, 10)) == 0, "that it was sent proves nothing"
        notice_receipts.take(found=[Receipt(outcome=outcome, notice_id=notice.id)])
        assert demands.prove(at(DUE + 3 * DAY, 11)) == is_proven
    move.refresh_from_db()
    assert (move.proven_at is not None, move.notice_id) == (is_proven, notice.id if is_proven else None)
    assert Notice.objects.filter(channel="post").exists() is not is_proven, "the next way"
    if is_proven:
        notice_receipts.take(found=[Receipt(outcome=Outcome.BOUNCED, notice_id=notice.id)])
        assert demands.prove(at(DUE + 4 * DAY)) == 1
        assert CollectionMove.objects.get().proven_at is None
    night(DUE + 7 * DAY)
    assert steps(world) == ["mail", "reminder"]


def test_who_has_no_postal_address_is_written_to_at_the_supply_address():
    """The letter of the ladder goes to the place that is supplied, and the case says so."""
    world = overdue(ways=[])
    night(DUE + DAY)
    letter = Notice.objects.get(channel="post")
    place = world.agreement.service_point.premises.address
    assert (letter.state, letter.address, letter.contact_point_id) == ("queued", place, None)
    (demand,) = queries.demands(account_id=world.account.id)
    assert [one[1:] for one in demand.told if one[1] == "post"] == [("post", "queued", "to_the_place")]
    assert queries.to_make(channel="hand") == ()


def test_a_demand_that_reaches_nobody_is_handed_over_by_a_person():
    world = overdue(ways=[])
    Premises.objects.update(address="")
    night(DUE + DAY)
    (demand,) = queries.to_make(channel="hand")
    assert (demand.account_id, demand.is_missing) == (world.account.id, True)
    demands.record_proof(
        move_id=demand.id, proof="signed", proven_at=at(DUE + 2 * DAY), at=at(DUE + 3 * DAY), actor=CLERK
    )
    assert (queries.to_make(channel="hand"), case(world).awaits) == ((), "")


def test_two_nights_at_once_one_that_comes_again_and_a_clock_set_back_demand_once(world):
    others = [overdue() for _ in range(4)]

    def go(_):
        try:
            dunning.night(at(DUE + DAY))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(go, range(6)))
    for day in (DUE + DAY, DUE, DUE - DAY):
        night(day)
    assert [steps(one) for one in [world, *others]] == [["text"]] * 5
    assert Notice.objects.filter(channel="sms").count() == 5
    assert DunningBatch.objects.get(day=DUE + DAY).count == 5


def test_a_night_that_broke_off_goes_on_where_it_was(world, monkeypatch):
    others = [overdue() for _ in range(3)]
    monkeypatch.setattr(dunning, "CHUNK", 1)
    plan, seen = dunning._plan, []

    def dies(*given):
        seen.append(given)
        if len(seen) == 3:
            raise RuntimeError("killed")
        plan(*given)

    monkeypatch.setattr(dunning, "_plan", dies)
    with pytest.raises(RuntimeError):
        night(DUE + DAY)
    assert (CollectionCase.objects.count(), CollectionMove.objects.count()) == (2, 0)
    night(DUE + DAY)
    assert [steps(one) for one in [world, *others]] == [["text"]] * 4
    assert DunningBatch.objects.get().count == 4


def test_above_the_bound_nothing_is_sent_before_a_second_person_lets_it_go(world, monkeypatch):
    other = overdue(kwh=200)
    monkeypatch.setattr(rules, "batch_bound", lambda **_: 2)
    night(DUE + DAY)
    batch = DunningBatch.objects.get()
    assert (batch.state, batch.count, batch.amount_minor, Notice.objects.count()) == ("waiting", 2, 18_510, 0)
    (part,) = queries.parts(batch_id=batch.id)
    assert (part.step, part.count, part.largest_minor) == ("text", 2, 12_340)
    with pytest.raises(NotAllowed):
        dunning.decide(batch_id=batch.id, is_approved=True, actor=CLERK)
    # Nobody decided: the next day plans them anew.
    night(DUE + 2 * DAY)
    batch.refresh_from_db()
    assert (batch.state, DunningBatch.objects.get(day=DUE + 2 * DAY).count) == ("replaced", 2)
    with pytest.raises(BatchDecided):
        dunning.decide(batch_id=batch.id, is_approved=True, actor=CHIEF)
    pay(other, 12_340, DUE + 2 * DAY)
    today = DunningBatch.objects.get(day=DUE + 2 * DAY)
    dunning.decide(batch_id=today.id, is_approved=True, actor=CHIEF)
    dunning.work(at(DUE + 2 * DAY, 11))
    assert (steps(world), steps(other)) == (["text"], [])
    assert sorted(DunningTarget.objects.filter(batch=today).values_list("state", flat=True)) == ["done", "left_out"]
    today.refresh_from_db()
    assert (today.state, today.decider_name) == ("sent", "Wang")
    night(DUE + 3 * DAY)
    assert steps(world) == ["text"]


def test_a_hold_of_the_account_stops_the_ladder_and_one_of_a_bill_takes_it_out(world):
    second = billing.issued(world=world, kwh=200, start_date=date(2026, 2, 1), end_date=date(2026, 2, 15))
    first = Bill.objects.exclude(id=second.id).get()
    given = {"account_id": world.account.id, "actor": CLERK, "evidence": "letter 5"}
    holds.place(**given, kind=HoldKind.DISPUTE, bill_id=first.id, at=at(DUE))
    night(DUE + DAY)
    assert (case(world).held_by, steps(world), case(world).overdue_minor) == ("dispute", [], 6_170)
    night(date(2026, 3, 8))  # the second bill was due on 7 March
    assert (steps(world), case(world).held_by, case(world).overdue_minor) == (["text"], "", 18_510)
    assert CollectionMove.objects.get().amount_minor == 12_340
    demands.record_proof(
        move_id=CollectionMove.objects.get().id, proof="she called back", proven_at=at(date(2026, 3, 9)),
        at=at(date(2026, 3, 9)), actor=CLERK,
    )  # fmt: skip
    assert case(world).next_date == date(2026, 3, 15)
    hold_id = holds.place(**given, kind=HoldKind.HARDSHIP, at=at(date(2026, 3, 10)))
    assert (case(world).held_by, case(world).next_date) == ("hardship", None)
    night(date(2026, 3, 20))
    assert steps(world) == ["text"]
    holds.lift(hold_id=hold_id, reason="refused", at=at(date(2026, 3, 20), 12), actor=CHIEF)
    assert (case(world).held_by, case(world).next_date) == ("", date(2026, 3, 25))


def test_what_another_room_knows_stops_the_ladder_and_a_disconnection(world, monkeypatch):
    """As a debit that is under way: it is asked for, nobody has to place a hold."""
    monkeypatch.setattr(hindrances, "_asked", {})
    debit = Hold(9, HoldKind.PENDING_PAYMENT, at(DUE), None, None, "debit 9")
    hindrances.ask("debits", answers=lambda *, account_ids, at: dict.fromkeys(account_ids, (debit,)))
    night(DUE + DAY)
    assert (case(world).held_by, steps(world)) == ("pending_payment", [])
    order = DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, customer_class="residential", way="remote",
        reason="unpaid", proposed_at=at(DUE), expires_at=at(DUE + 9 * DAY),
    )  # fmt: skip
    reasons = [one.code for one in cuts.one(order_id=order.id, at=at(DUE + DAY)).blockers]
    assert "pending_payment" in reasons
    hindrances.ask("debits", answers=lambda *, account_ids, at: {})
    night(DUE + 2 * DAY)
    assert (case(world).held_by, steps(world)) == ("", ["text"])


def test_money_ends_the_case_and_takes_back_the_visit(world):
    night(DUE + DAY)
    found = case(world)
    for step, channel in (("text", "sms"), ("call", "call"), ("letter", "letter")):
        row, _ = CollectionMove.objects.get_or_create(case=found, step=step, defaults={"channel": channel})
        when = at(DUE + DAY)
        CollectionMove.objects.filter(id=row.id).update(made_at=when, done_at=when, proven_at=when, proof="R")
    night(DUE + 30 * DAY)
    order = WorkOrder.objects.get()
    assert (order.kind, order.service_point_id, order.state) == ("debt_visit", world.service_point.id, "open")
    pay(world, 6_169, DUE + 31 * DAY)
    # 0.01 is less than anybody is pursued for.
    assert (case(world).closed_date, WorkOrder.objects.get().state) == (DUE + 31 * DAY, "cancelled")
    night(DUE + 32 * DAY)
    assert len(steps(world)) == 4


@pytest.mark.parametrize("count", [1, 6])
def test_a_chunk_takes_the_same_statements_for_one_account_and_for_many(count):
    for _ in range(count):
        overdue()
    night(DUE)
    with CaptureQueriesContext(connection) as seen:
        night(DUE + DAY)
    assert CollectionMove.objects.count() == count
    assert len(seen) == STATEMENTS
