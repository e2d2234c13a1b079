"""Agents: their limit, what they hand over, and their lists against ours."""

from datetime import date, timedelta
from io import BytesIO
from itertools import count

import pytest

from accounts.models.notice import Notice
from billing.models.payment import Payment, PaymentReturn
from billing.operations import money_moves, proof
from billing.operations.money_moves import NewMove
from billing.operations.payments import ReferenceReused
from billing.queries import balances
from cashiering.domain.agents import AgentLimit, BadAgent, BadAgentList, Verdict
from cashiering.models.agent import Agent, AgentPayment, HandOver
from cashiering.models.bank import StatementLine
from cashiering.models.till import TillSession
from cashiering.operations import agent_days, agents, hand_overs, posting, statements, tills
from cashiering.operations.agent_days import DayDecided
from cashiering.operations.agents import CancelTooLate
from cashiering.queries import agents as queries
from cashiering.queries import tills as till_queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.platform import api, keys, outbox
from cis.platform.models import ApiKey
from tests.db.billing.test_adjustments import BILLER
from tests.db.cashiering.test_tills import _ledger
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
CLERK = Actor(kind=ActorKind.STAFF, id=11, name="Clerk")
_serial = count(1)


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    made = contracts.world()
    billing.issued(world=made)  # 61.70 are open
    return made


@pytest.fixture
def agent(world):
    name = f"shop {next(_serial)}"
    keys.create(name=name, scopes=[agents.SCOPE], known_scopes=api.known_scopes(), actor=SYSTEM)
    agent_id = agents.register(code="S1", name="Corner shop", client=name, limit_minor=10_000, actor=CLERK)
    return Agent.objects.get(id=agent_id)


def _take(world, agent, amount=6_170, reference="K-1", today=TODAY):
    return agents.take(
        client_id=agent.client_id, account_number=world.account.number, amount_minor=amount, reference=reference,
        today=today, actor=SYSTEM,
    )  # fmt: skip


def _held(agent):
    """What it holds by its row, by its payments, and by the ledger: the same."""
    agent.refresh_from_db()
    taken = sum(AgentPayment.objects.filter(agent=agent, cancelled_at=None).values_list("amount_minor", flat=True))
    handed = sum(HandOver.objects.filter(agent=agent).values_list("amount_minor", flat=True))
    assert agent.held_minor == taken - handed == _ledger("cash.agent")
    assert proof.verify() == ()
    return agent.held_minor


def _list(agent, rows, day=TODAY, header="reference,account,amount"):
    content = "\n".join([header, *rows, ""]).encode()
    return agent_days.take_list(agent_id=agent.id, day=day, content=content, today=TODAY, actor=SYSTEM)


def _decide(difference, verdict, reason="asked the shop"):
    agent_days.decide(difference_id=difference.id, verdict=verdict, reason=reason, today=TODAY, actor=CLERK)


def test_what_it_took_pays_and_counts_once_within_its_limit(world, agent):
    first, is_new = _take(world, agent)
    assert is_new
    assert _take(world, agent) == (first, False)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 0
    assert Payment.objects.get().channel == "agent"
    with pytest.raises(AgentLimit):
        _take(world, agent, 3_831, "K-2")
    with pytest.raises(ReferenceReused):
        _take(world, agent, 1)
    _take(world, agent, 3_830, "K-2")
    assert _held(agent) == 10_000


def test_the_customer_is_told_of_what_an_agent_took(world, agent):
    accounts.contact_point(of=world.customer)
    _take(world, agent)
    outbox.deliver_due()
    assert Notice.objects.filter(event="payment_received", account_id=world.account.id).exists()


def test_a_payment_is_cancelled_on_its_day_alone(world, agent):
    _take(world, agent)
    with pytest.raises(CancelTooLate):
        agents.cancel(
            client_id=agent.client_id, reference="K-1", reason="x", today=TODAY + timedelta(days=1), actor=SYSTEM
        )
    for _twice in (1, 2):
        agents.cancel(client_id=agent.client_id, reference="K-1", reason="typed wrong", today=TODAY, actor=SYSTEM)
    assert PaymentReturn.objects.count() == 1
    assert _held(agent) == 0
    with pytest.raises(ReferenceReused):
        _take(world, agent)


def test_a_payment_that_was_moved_to_another_account_is_cancelled_there(world, agent):
    _take(world, agent)
    other = contracts.world().account
    new = NewMove(
        reason="wrong number typed", key="k1", payment_id=AgentPayment.objects.get().payment_id, to_account_id=other.id
    )
    money_moves.propose(new=new, today=TODAY, actor=BILLER)
    agents.cancel(client_id=agent.client_id, reference="K-1", reason="given back", today=TODAY, actor=SYSTEM)
    assert _held(agent) == 0
    owed = [balances.of_account(account_id=one.id, today=TODAY).balance_minor for one in (world.account, other)]
    assert owed == [6_170, 0]


def test_cash_handed_over_at_a_till_clears_the_limit(world, agent):
    _take(world, agent, 10_000)
    till_id = tills.add(code="T1", name="Counter", place="", actor=CLERK)
    session_id = tills.open_session(till_id=till_id, pieces={}, today=TODAY, actor=CLERK)
    values = {"agent_id": agent.id, "session_id": session_id, "today": TODAY, "actor": CLERK}
    with pytest.raises(BadAgent):
        hand_overs.at_till(amount_minor=10_001, form="f", **values)
    for _twice in (1, 2):
        hand_overs.at_till(amount_minor=9_000, form="f", **values)
    assert _held(agent) == 1_000
    assert till_queries.flow(session_id=session_id).expected_minor == 9_000 == _ledger("cash.cash")
    with pytest.raises(CancelTooLate):
        agents.cancel(client_id=agent.client_id, reference="K-1", reason="x", today=TODAY, actor=SYSTEM)
    assert TillSession.objects.get().state == "open"


def test_money_by_the_bank_is_known_by_its_name_up_to_what_is_held(world, agent):
    _take(world, agent, 10_000)
    card = queries.one(agent_id=agent.id)
    for number, (amount, text) in enumerate([(4_000, card.transfer_name), (7_000, card.transfer_name), (6_000, "x")]):
        content = bank_files.camt(
            [Movement(amount_minor=amount, reference=f"R{number}", text=text, on=TODAY)], reference=f"S{number}"
        )
        statements.take(source=BytesIO(content), name="bank.xml", today=TODAY, actor=CLERK)
    posting.post_chunk(today=TODAY)
    lines = list(StatementLine.objects.order_by("id"))
    assert [(line.state, line.reason) for line in lines] == [
        ("settled", "hand_over"), ("suspense", "nothing_found"), ("suspense", "nothing_found"),
    ]  # fmt: skip
    assert _held(agent) == 6_000
    with pytest.raises(BadAgent):
        hand_overs.by_bank(agent_id=agent.id, line_id=lines[1].id, today=TODAY, actor=CLERK)
    hand_overs.by_bank(agent_id=agent.id, line_id=lines[2].id, today=TODAY, actor=CLERK)
    assert _held(agent) == 0
    assert (_ledger("cash.bank"), _ledger("liability.suspense")) == (17_000, -7_000)


def test_lists_that_agree_have_no_difference_and_the_same_file_counts_once(world, agent):
    _take(world, agent)
    rows = [f"K-1,{world.account.number},61.70"]
    assert _list(agent, rows).differences == 0
    assert _list(agent, rows).is_known


def test_differences_both_ways_are_decided_by_a_person(world, agent):
    for number, amount in enumerate((100, 200, 300), start=1):
        _take(world, agent, amount, f"K-{number}")
    account = world.account.number
    taken = _list(agent, [f"K-1,{account},1.00", f"K-2,{account},2.50", f"K-9,{account},9.00"])
    assert taken.differences == 3
    found = {one.reference: one for one in queries.differences(day_id=taken.day_id)}
    assert {name: one.kind for name, one in found.items()} == {
        "K-2": "differs", "K-3": "missing_there", "K-9": "missing_here",
    }  # fmt: skip
    _decide(found["K-9"], Verdict.THEIRS)
    assert _held(agent) == 1_500
    _decide(found["K-2"], Verdict.THEIRS)
    assert _held(agent) == 1_550
    _decide(found["K-3"], Verdict.OURS)
    assert _held(agent) == 1_550
    with pytest.raises(queries.UnknownDifference):
        _decide(found["K-3"], Verdict.THEIRS)
    with pytest.raises(DayDecided):
        _list(agent, [])
    assert queries.day(day_id=taken.day_id).open == 0
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 6_170 - 1_550


def test_a_message_that_comes_after_its_list_is_booked_once_whatever_is_decided(world, agent):
    account = world.account.number
    taken = _list(agent, [f"K-{number},{account},{number}.00" for number in (1, 2, 3)])
    early = {one.reference: one for one in queries.differences(day_id=taken.day_id)}
    assert {one.kind for one in early.values()} == {"missing_here"}
    _decide(early["K-1"], Verdict.THEIRS)
    for _twice in (1, 2):
        assert _take(world, agent, 100, "K-1")[1] is False
    _take(world, agent, 200, "K-2", TODAY + timedelta(days=1))
    paid = AgentPayment.objects.select_related("payment").get(reference="K-2")
    assert (paid.taken_date, paid.payment.received_date) == (TODAY, TODAY), "the payer paid on the day of the list"
    found = {one.reference: (one.verdict, one.reason) for one in queries.differences(day_id=taken.day_id)}
    assert (found["K-2"], found["K-3"]) == (("came", "its message came after the list"), ("", ""))
    with pytest.raises(queries.UnknownDifference):
        _decide(early["K-2"], Verdict.THEIRS)
    # A message that says something else than the list: a person decides, and one payment is left.
    _take(world, agent, 350, "K-3")
    _decide(early["K-3"], Verdict.THEIRS)
    assert _held(agent) == 100 + 200 + 300
    assert Payment.objects.filter(returned=None).count() == 3


def test_a_payment_around_midnight_is_no_difference_once_both_lists_are_here(world, agent):
    yesterday = TODAY - timedelta(days=1)
    _take(world, agent, 100, "K-1", yesterday)
    row = f"K-1,{world.account.number},1.00"
    first = _list(agent, [], yesterday)
    assert first.differences == 1
    assert _list(agent, [row]).differences == 0
    assert queries.day(day_id=first.day_id).open == 0
    assert _list(agent, ["K-8,1,1.00"], yesterday).differences == 1  # ours is on the other list by now


@pytest.mark.parametrize(
    "rows",
    [["K-1,1"], ["K-1,x,1.00"], ["K 1,1,1.00"], ["K-1,1,1.001"], ["K-1,1,0"], ["K-1,1,-1"], ["K-1,1,1"] * 2, ['"']],
)
def test_a_list_that_cannot_be_read_is_refused_whole(agent, rows):
    with pytest.raises(BadAgentList):
        _list(agent, rows)
    with pytest.raises(BadAgentList):
        _list(agent, [], header="a,b,c")


def test_an_agent_needs_a_program_with_the_right(world):
    keys.create(name="other", scopes=["bills:read"], known_scopes=api.known_scopes(), actor=SYSTEM)
    for client in ("other", "nobody"):
        with pytest.raises(keys.UnknownKey):
            agents.register(code="S1", name="Shop", client=client, limit_minor=0, actor=CLERK)
    assert ApiKey.objects.count() == 1
