"""Adjustments: a note each way, tax as the place says, limits by role and day, two persons above them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.models.adjustment import Adjustment
from billing.models.bill import Bill
from billing.models.ledger import Transfer
from billing.operations import adjustments, documents, proof
from billing.operations.adjustments import BadAdjustment, NewAdjustment, OwnAdjustment
from billing.queries import adjustments as queries
from billing.queries import balances
from billing.queries.adjustments import UnknownAdjustment
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from contracts.models.charge import OneOffCharge
from contracts.operations import charges
from contracts.operations.charges import NotReversible
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
CLERK = Actor(ActorKind.STAFF, 801, "clerk", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 802, "biller", frozenset({Role.BILLING}))
BOSS = Actor(ActorKind.STAFF, 803, "boss", frozenset({Role.SUPERVISOR}))


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def _adjust(world, amount_minor, reason="goodwill", key="k1", actor=CLERK, today=TODAY):
    new = NewAdjustment(
        account_id=world.account.id, amount_minor=amount_minor, reason=reason, text="outage of 3 March", key=key
    )
    return adjustments.propose(new=new, today=today, actor=actor)


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def _moves(note_id):
    return {
        (t.debit.account_id is not None, t.debit.code, t.credit.code, t.amount_minor)
        for t in Transfer.objects.filter(kind="bill", source_id=note_id)
    }


def test_goodwill_is_credited_by_a_note_that_pays_the_bill(world):
    bill = billing.issued(world=world)
    card = queries.one(adjustment_id=_adjust(world, -5_000))
    assert card.state == "made"
    customer = f"customer.{world.account.id}"
    assert _moves(card.note_id) == {(False, "expense.goodwill", customer, 5_000)}
    assert _owed(world) == 1_170
    assert sum(bill.allocations.values_list("amount_minor", flat=True)) == 5_000
    assert proof.verify() == ()


def test_a_correction_has_its_tax_and_a_credit_mirrors_a_debit(world):
    """1.00 with 13 % in it: 0.11504... of tax, 0.12 rounded; the same the other way."""
    made = [
        queries.one(adjustment_id=_adjust(world, amount, "correction", key=f"k{amount}", actor=BILLER))
        for amount in (100, -100)
    ]
    assert [card.tax_minor for card in made] == [12, -12]
    customer = f"customer.{world.account.id}"
    assert _moves(made[0].note_id) == {(True, customer, "revenue.energy", 88), (True, customer, "liability.vat", 12)}
    assert _moves(made[1].note_id) == {(False, "revenue.energy", customer, 88), (False, "liability.vat", customer, 12)}
    assert _owed(world) == 0
    assert proof.verify() == ()


def test_it_is_taken_back_by_a_counter_note_once(world):
    billing.issued(world=world)
    adjustment_id = _adjust(world, -5_000)
    with pytest.raises(NotAllowed):
        adjustments.reverse(adjustment_id=adjustment_id, reason="wrong account", today=TODAY, actor=CLERK)
    given = {"adjustment_id": adjustment_id, "today": TODAY, "actor": BILLER}
    with pytest.raises(BadAdjustment):
        adjustments.reverse(**given, reason=" ")
    adjustments.reverse(**given, reason="wrong account")
    with pytest.raises(UnknownAdjustment):
        adjustments.reverse(**given, reason="wrong account")
    assert _owed(world) == 6_170
    assert Bill.objects.get(id=queries.one(adjustment_id=adjustment_id).credit_note_id).amount_minor == 5_000
    assert proof.verify() == ()


def test_a_note_without_a_supply_is_a_paper_though_nobody_gave_an_address(world, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    note_id = queries.one(adjustment_id=_adjust(world, -5_000)).note_id
    assert documents.pdf(bill_id=note_id).startswith(b"%PDF")


def test_only_there_where_it_was_decided_is_it_taken_back(world):
    _adjust(world, -5_000)
    with pytest.raises(NotReversible):
        charges.reverse(charge_id=OneOffCharge.objects.get().id, reason="x", actor=BILLER)


def test_above_the_limit_of_the_role_a_second_person_decides(world):
    """A clerk does 50.00 at once and 200.00 on a day."""
    adjustment_id = _adjust(world, -5_001)
    assert (queries.one(adjustment_id=adjustment_id).state, _owed(world)) == ("proposed", 0)
    given = {"adjustment_id": adjustment_id, "is_agreed": True, "today": TODAY}
    with pytest.raises(NotAllowed):
        adjustments.decide(**given, actor=CLERK)
    adjustments.decide(**given, actor=BILLER)
    assert _owed(world) == -5_001
    large = _adjust(world, -2_000_001, key="k2", actor=BOSS)
    with pytest.raises(OwnAdjustment):
        adjustments.decide(adjustment_id=large, is_agreed=True, today=TODAY, actor=BOSS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(id=adjustment_id).update(decider_id=CLERK.id)
    adjustments.decide(adjustment_id=large, is_agreed=False, today=TODAY, actor=BOSS)
    assert queries.one(adjustment_id=large).state == "dropped"
    assert proof.verify() == ()


def test_slices_of_one_day_add_up_over_all_accounts(world):
    other = contracts.world()
    for number in range(4):
        assert queries.one(adjustment_id=_adjust(world, -5_000, key=f"k{number}")).state == "made"
    assert queries.one(adjustment_id=_adjust(other, -1, key="k4")).state == "proposed"
    later = _adjust(other, -1, key="k5", today=TODAY + timedelta(days=1))
    assert queries.one(adjustment_id=later).state == "made"
    assert _adjust(world, -5_000, key="k0") == _adjust(world, -5_000, key="k0")
    assert _owed(world) == -20_000


@pytest.mark.parametrize(
    ("amount", "reason"), [(0, "goodwill"), (100, "goodwill"), (-100, "costs"), (-100, "nonsense"), (10**13, "costs")]
)
def test_what_the_reason_is_not_for_is_refused(world, amount, reason):
    with pytest.raises(BadAdjustment):
        _adjust(world, amount, reason, actor=BOSS)
    assert not Adjustment.objects.exists()


def test_who_may_not_adjust_does_not(world):
    for role in (Role.CASHIER, Role.AUDITOR, Role.METERING):
        with pytest.raises(NotAllowed):
            _adjust(world, -1, actor=Actor(ActorKind.STAFF, 9, "x", frozenset({role})))
