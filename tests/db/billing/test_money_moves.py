"""Money on the wrong account: moved, moved back, looked for."""

from datetime import date, timedelta

import pytest

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from billing.domain.channels import ReturnKind
from billing.models.payment import Payment
from billing.operations import money_moves, payments, proof, telling
from billing.operations.money_moves import BadMove, NewMove, OwnMove
from billing.queries import adjustments as queries
from billing.queries import balances, bills, moved_payments, unclaimed
from billing.queries.unclaimed import WantedCredit
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import NotAllowed
from tests.db.billing.test_adjustments import BILLER, BOSS, CLERK
from tests.factories import accounts, billing, contracts
from tests.factories.refunds import asked, paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
EARLIER = date(2026, 2, 20)


@pytest.fixture
def two():
    accounts.supplier()
    return contracts.world(), contracts.world()


def _move(**given):
    actor = given.pop("actor", CLERK)
    return money_moves.propose(
        new=NewMove(reason="wrong number typed", **{"key": "k1", **given}), today=TODAY, actor=actor
    )


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def _open(world):
    return [card.open_minor for card in bills.of_account(account_id=world.account.id) if card.kind == "regular"]


def test_a_payment_is_moved_with_its_day_and_back(two):
    wrong, right = two
    billing.issued(world=wrong)
    billing.issued(world=right)
    payment_id = paid_in(wrong.account.id, 6_170, on=EARLIER)
    move_id = _move(payment_id=payment_id, to_account_id=right.account.id)
    assert (_open(wrong), _open(right)) == ([6_170], [0])
    moved = Payment.objects.get(id=moved_payments.standing(payment_id=payment_id))
    assert (moved.account_id, moved.received_date, moved.channel) == (right.account.id, EARLIER, "cash")
    assert proof.verify() == ()
    with pytest.raises(BadMove):
        _move(payment_id=payment_id, to_account_id=right.account.id, key="k2")
    money_moves.reverse(move_id=move_id, reason="it was right", today=TODAY, actor=BILLER)
    assert (_open(wrong), _open(right)) == ([0], [6_170])
    last = moved_payments.standing(payment_id=payment_id)
    assert Payment.objects.get(id=last).account_id == wrong.account.id
    assert proof.verify() == ()


def test_both_are_told(two):
    wrong, right = two
    payment_id = paid_in(wrong.account.id, 6_170, on=TODAY)
    _move(payment_id=payment_id, to_account_id=right.account.id)
    telling.tell_moved(payment_ids=[payment_id])
    telling.tell_payments(payment_ids=[moved_payments.standing(payment_id=payment_id)])
    assert set(Notice.objects.values_list("event", "account_id")) == {
        ("payment_moved", wrong.account.id), ("payment_received", right.account.id)
    }  # fmt: skip


def test_credit_is_moved_by_a_note_on_each_side_and_back(two):
    rich, poor = two
    billing.issued(world=poor)
    paid_in(rich.account.id, 10_000, on=TODAY)
    given = {"from_account_id": rich.account.id, "to_account_id": poor.account.id}
    for amount in (10_001, 0, -1):
        with pytest.raises(BadMove):
            _move(**given, amount_minor=amount)
    asked(rich.account.id, 5_000, today=TODAY, key="r")
    with pytest.raises(BadMove):
        _move(**given, amount_minor=6_170)
    move_id = _move(**given, amount_minor=5_000)
    assert (_owed(rich), _owed(poor), _open(poor)) == (-5_000, 1_170, [1_170])
    assert proof.verify() == ()
    money_moves.reverse(move_id=move_id, reason="not wanted", today=TODAY, actor=BILLER)
    assert (_owed(rich), _open(poor)) == (-10_000, [6_170])
    assert proof.verify() == ()


def test_above_the_limit_a_second_person_decides_and_looks_anew(two):
    rich, poor = two
    payment_id = paid_in(rich.account.id, 200_000, on=TODAY)
    move_id = _move(payment_id=payment_id, to_account_id=poor.account.id)
    assert queries.move(move_id=move_id).state == "proposed"
    with pytest.raises(NotAllowed):
        money_moves.decide(move_id=move_id, is_agreed=True, today=TODAY, actor=CLERK)
    payments.take_back_step(
        payment_id=payment_id, kind=ReturnKind.BOUNCED, returned_date=TODAY, reason="cheque", actor=SYSTEM
    )
    with pytest.raises(BadMove, match="went back"):
        money_moves.decide(move_id=move_id, is_agreed=True, today=TODAY, actor=BILLER)
    money_moves.decide(move_id=move_id, is_agreed=False, today=TODAY, actor=BILLER)
    second = paid_in(rich.account.id, 10_000_001, on=TODAY)
    own = _move(payment_id=second, to_account_id=poor.account.id, key="k2", actor=BOSS)
    with pytest.raises(OwnMove):
        money_moves.decide(move_id=own, is_agreed=True, today=TODAY, actor=BOSS)
    money_moves.decide(move_id=own, is_agreed=True, today=TODAY, actor=BILLER)
    with pytest.raises(OwnMove):
        money_moves.reverse(move_id=own, reason="x", today=TODAY, actor=BOSS)
    assert _owed(poor) == -10_000_001
    assert proof.verify() == ()


def test_to_where_it_is_already_nothing_is_moved(two):
    with pytest.raises(BadMove, match="already"):
        _move(from_account_id=two[0].account.id, to_account_id=two[0].account.id, amount_minor=1)


def test_credit_that_lies_is_found(two):
    """One whose owner owes elsewhere, an old one; not one of last week whose owner owes nothing."""
    rich, poor = two
    AccountHolder.objects.filter(account=poor.account).update(customer=rich.customer)
    billing.issued(world=poor)
    paid_in(rich.account.id, 10_000, on=TODAY)
    old, fresh = contracts.world(), contracts.world()
    paid_in(old.account.id, 700, on=TODAY - timedelta(days=200))
    paid_in(fresh.account.id, 900, on=TODAY)
    found = unclaimed.listed(wanted=WantedCredit(), today=TODAY)
    assert [(one.account_id, one.credit_minor, one.owed_minor) for one in found] == [
        (rich.account.id, 10_000, 6_170), (old.account.id, 700, 0)
    ]  # fmt: skip
    assert (found[0].owing, found[1].since) == ((poor.account.number,), TODAY - timedelta(days=200))
    assert [one.account_id for one in unclaimed.listed(wanted=WantedCredit(why="old"), today=TODAY)] == [old.account.id]
    assert not unclaimed.listed(wanted=WantedCredit(text="nobody"), today=TODAY)
