"""Commission of agents: reckoned for each day from what stands, taken back with it, and kept of money that is held."""

from datetime import date, timedelta

import pytest

from billing.domain.channels import ReturnKind
from billing.operations import money_moves, payments, proof
from billing.operations.money_moves import NewMove
from billing.queries import moved_payments
from cashiering.domain.agents import BadAgent, Terms
from cashiering.models.agent import AgentCommission, AgentPayment
from cashiering.operations import agents, commissions
from cashiering.operations.commissions import NothingToKeep
from cashiering.queries import commissions as queries
from cashiering.queries.commissions import Day
from cis.desk import agent_papers
from cis.kernel.actors import SYSTEM
from tests.db.billing.test_adjustments import BILLER
from tests.db.cashiering import test_agents as shop
from tests.db.cashiering.test_agents import CLERK, agent, world  # noqa: F401 (fixtures)
from tests.db.cashiering.test_tills import _ledger
from tests.factories import contracts

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)
NEXT = DAY + timedelta(days=1)
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def _agree(agent, mille_e3=2_500, each=10, on=DAY, today=DAY):  # noqa: F811
    terms = Terms(mille_e3, each)
    commissions.agree(agent_id=agent.id, terms=terms, from_date=on, today=today, actor=CLERK)


def _owed():
    return -_ledger("liability.agents")


def test_a_day_is_reckoned_once_when_it_is_over_and_what_is_reversed_takes_its_part_back(world, agent):  # noqa: F811
    _agree(agent)
    shop._take(world, agent, 1_234, "K-1")
    shop._take(world, agent, 3_000, "K-2")
    agents.cancel(client_id=agent.client_id, reference="K-2", reason="typed wrong", today=DAY, actor=SYSTEM)
    shop._take(world, agent, 2_000, "K-3")
    assert commissions.accrue(today=DAY) == 0, "the day is not over"
    assert (commissions.accrue(today=NEXT), commissions.accrue(today=NEXT)) == (1, 0)
    # 12.34 and 20.00 at 2.5 per mille come to 8.085 fen, and 10 fen for each of two receipts.
    assert queries.days(agent_id=agent.id, most=9) == (Day(DAY, 2, 3_234, 28),)
    assert (_owed(), _ledger("expense.agent_commission")) == (28, 28)
    paid = AgentPayment.objects.get(reference="K-1").payment_id
    payments.take_back_step(
        payment_id=paid, kind=ReturnKind.CORRECTED, returned_date=NEXT, reason="false money", actor=CLERK
    )
    assert commissions.accrue(today=NEXT) == 1
    assert queries.days(agent_id=agent.id, most=9) == (Day(DAY, 1, 2_000, 15),)
    assert _owed() == 15
    assert proof.verify() == ()


def test_a_payment_that_is_moved_keeps_its_commission_until_its_money_goes_back(world, agent):  # noqa: F811
    _agree(agent)
    shop._take(world, agent, 2_000, "K-1")
    commissions.accrue(today=NEXT)
    paid = AgentPayment.objects.get(reference="K-1").payment_id
    for number in range(2):  # there, back, and elsewhere
        move_id = money_moves.propose(
            new=NewMove(
                reason="wrong number typed", key=f"k{number}", payment_id=moved_payments.standing(payment_id=paid),
                to_account_id=contracts.world().account.id,
            ),
            today=NEXT, actor=BILLER,
        )  # fmt: skip
        if number == 0:
            money_moves.reverse(move_id=move_id, reason="it was right", today=NEXT, actor=BILLER)
        assert commissions.accrue(today=NEXT) == 0
    payments.take_back_step(
        payment_id=moved_payments.standing(payment_id=paid), kind=ReturnKind.CORRECTED, returned_date=NEXT,
        reason="false money", actor=CLERK,
    )  # fmt: skip
    assert commissions.accrue(today=NEXT) == 1
    assert (queries.days(agent_id=agent.id, most=9), _owed()) == ((Day(DAY, 0, 0, 0),), 0)


def test_terms_hold_from_their_day_and_stay_in_the_bounds_of_the_place(world, agent):  # noqa: F811
    shop._take(world, agent, 1_000, "K-0")
    _agree(agent, mille_e3=5_000, each=0, on=NEXT)
    shop._take(world, agent, 1_000, "K-1", NEXT)
    assert commissions.accrue(today=NEXT + timedelta(days=1)) == 1
    assert queries.days(agent_id=agent.id, most=9) == (Day(NEXT, 1, 1_000, 5),)
    for wrong in ({"mille_e3": 5_001}, {"each": 101}, {"each": -1}, {"on": DAY - timedelta(days=1)}):
        with pytest.raises(BadAgent):
            _agree(agent, **wrong)


def test_it_is_kept_of_money_held_once_a_month_and_what_is_left_is_kept_with_the_next(world, agent):  # noqa: F811
    _agree(agent, mille_e3=5_000, each=100)
    for number in range(3):
        shop._take(world, agent, 50, f"K-{number}")
    commissions.accrue(today=NEXT)
    with pytest.raises(NothingToKeep):
        commissions.keep(agent_id=agent.id, month=MARCH, today=NEXT, actor=CLERK)
    assert commissions.keep(agent_id=agent.id, month=MARCH, today=APRIL, actor=CLERK) == 150  # of 301, it held no more
    with pytest.raises(NothingToKeep):
        commissions.keep(agent_id=agent.id, month=MARCH, today=APRIL, actor=CLERK)
    agent.refresh_from_db()
    assert (agent.held_minor, _ledger("cash.agent"), _owed()) == (0, 0, 151)
    shop._take(world, agent, 1_000, "K-9", APRIL)
    assert commissions.accrue(today=date(2026, 4, 2)) == 1
    april, march = queries.months(agent_id=agent.id)
    assert (march.earned_minor, march.kept_minor, march.owed_minor) == (301, 150, 151)
    assert (april.before_minor, april.earned_minor, april.owed_minor) == (151, 105, 256)
    assert commissions.keep(agent_id=agent.id, month=APRIL, today=date(2026, 5, 1), actor=CLERK) == 256
    assert (_owed(), _ledger("cash.agent")) == (0, 744)
    assert sum(AgentCommission.objects.values_list("amount_minor", flat=True)) == 406
    assert agent_papers.statement(agent_id=agent.id, month=MARCH).startswith(b"%PDF")
    assert proof.verify() == ()
