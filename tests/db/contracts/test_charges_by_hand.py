"""Charges by hand: within the bounds of the place, by two persons above its limit, and never in slices around it."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import ChargeAction
from contracts.models.charge import OneOffCharge
from contracts.operations import charges as operations
from contracts.operations import charges_by_hand
from contracts.operations.charges_by_hand import HandCharge, NotByHand, OwnCharge
from contracts.queries import charge_rules
from contracts.queries import charges as queries
from contracts.queries.charges import UnknownCharge, WantedCharges
from tests.factories import accounts, contracts

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 7, 10)
CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 2, "biller", frozenset({Role.BILLING}))
METERER = Actor(ActorKind.STAFF, 3, "meterer", frozenset({Role.METERING}))
PROGRAM = Actor(ActorKind.CLIENT, 1, "program")


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def agree(world, *, minor=20_000, key="1", actor=CLERK, today=TODAY, **values):
    new = HandCharge(
        **{"account_id": world.account.id, "kind": ChargeKind.METER_WORK, "reason": "meter tested", **values},
        amount_minor=minor, key=key,
    )  # fmt: skip
    return queries.one(charge_id=charges_by_hand.agree(new=new, today=today, actor=actor))


def test_up_to_the_limit_one_person_agrees(world, monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ChargeAgreed: [heard.append]})
    found = agree(world, minor=200_000)
    assert (found.state, found.is_for_two, found.agreed_date, found.subject) == ("agreed", False, TODAY, "by_hand")
    assert found.tax_minor == 23_009  # 13 % in it
    assert [one.charge_id for one in heard] == [found.id]


def test_above_it_a_second_person_decides_who_is_another_one(world, monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ChargeAgreed: [heard.append]})
    found = agree(world, minor=200_001, actor=BILLER)
    assert (found.state, found.agreed_date, heard) == ("proposed", None, [])
    later = TODAY + timedelta(days=1)
    for actor, refusal in ((BILLER, OwnCharge), (CLERK, NotAllowed)):
        with pytest.raises(refusal):
            charges_by_hand.decide(charge_id=found.id, action=ChargeAction.AGREE, today=later, actor=actor)
    with pytest.raises(operations.NotReversible):
        operations.reverse(charge_id=found.id, reason="x", actor=BILLER)
    other = Actor(ActorKind.STAFF, 9, "other", frozenset({Role.SUPERVISOR}))
    charges_by_hand.decide(charge_id=found.id, action=ChargeAction.AGREE, today=later, actor=other)
    found = queries.one(charge_id=found.id)
    assert (found.state, found.agreed_date, len(heard)) == ("agreed", later, 1)
    with pytest.raises(IllegalMove):
        charges_by_hand.decide(charge_id=found.id, action=ChargeAction.DROP, today=later, actor=other)
    operations.reverse(charge_id=found.id, reason="was not done", actor=BILLER)
    assert queries.one(charge_id=found.id).state == "cancelled"


def test_it_is_dropped_and_then_never_owed(world):
    found = agree(world, minor=300_000)
    charges_by_hand.decide(charge_id=found.id, action=ChargeAction.DROP, today=TODAY, actor=CLERK)
    assert (queries.one(charge_id=found.id).state, queries.one(charge_id=found.id).agreed_date) == ("dropped", None)


def test_slices_count_together_and_what_was_reversed_or_is_long_ago_does_not(world):
    first = agree(world, minor=150_000, key="1")
    assert agree(world, minor=60_000, key="2").state == "proposed"
    assert agree(world, minor=50_000, key="3").state == "agreed"
    assert agree(contracts.world(), minor=150_000, key="4").state == "agreed"
    operations.reverse(charge_id=first.id, reason="wrong", actor=BILLER)
    assert agree(world, minor=150_000, key="5").state == "agreed"
    assert agree(world, minor=200_000, key="6", today=TODAY + timedelta(days=30)).state == "agreed"


def test_the_same_key_is_the_same_charge_even_where_the_limit_is_reached_meanwhile(world):
    first = agree(world, minor=200_000)
    assert agree(world, minor=200_000) == first
    assert OneOffCharge.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"kind": ChargeKind.PENALTY}, NotByHand),
        ({"kind": ChargeKind.LEASE_RENT}, NotByHand),
        ({"minor": 20_000_001}, NotByHand),
        ({"actor": METERER}, NotAllowed),
        ({"minor": 0}, operations.BadCharge),
        ({"reason": " "}, operations.BadCharge),
    ],
)
def test_what_the_place_does_not_let_staff_charge_is_refused(world, wrong, refusal):
    with pytest.raises(refusal):
        agree(world, **wrong)
    assert not OneOffCharge.objects.exists()


def test_a_program_may_charge_up_to_the_limit_and_anybody_of_billing_decides_above(world):
    assert agree(world, actor=PROGRAM).state == "agreed"
    found = agree(world, minor=300_000, key="2", actor=PROGRAM)
    assert found.proposer_id is None
    first = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.BILLING}))  # the number of a member of staff, by chance
    with pytest.raises(NotAllowed):
        charges_by_hand.decide(charge_id=found.id, action=ChargeAction.AGREE, today=TODAY, actor=PROGRAM)
    charges_by_hand.decide(charge_id=found.id, action=ChargeAction.AGREE, today=TODAY, actor=first)


def test_what_waits_for_nobody_is_not_decided(world):
    found = agree(world)
    for one in (found.id, 10**9):
        with pytest.raises(UnknownCharge):
            charges_by_hand.decide(charge_id=one, action=ChargeAction.AGREE, today=TODAY, actor=BILLER)


@pytest.mark.parametrize("pack", ["cn-shanghai", "au-example", "gb-example", "us-example"])
def test_every_place_says_what_may_be_charged_by_hand_and_taxes_it(settings, pack):
    settings.PACK = pack
    rule = charge_rules.by_hand(at=TODAY)
    assert 0 < rule.alone_most_minor <= rule.most_minor
    assert all(charge_rules.taxed(kind=kind, amount_minor=100, at=TODAY).source for kind in rule.kinds)


@pytest.mark.parametrize("damage", ["state = 'agreed'", "state = 'agreed', decider_id = proposer_id"])
def test_the_database_knows_that_two_persons_agree(world, damage):
    found = agree(world, minor=300_000)
    with pytest.raises(IntegrityError, match="charge_above_the_limit_is_agreed_by_two"), transaction.atomic():
        connection.cursor().execute(
            f"UPDATE contracts_oneoffcharge SET {damage}, agreed_date = '2026-07-10' WHERE id = {found.id}"
        )


def test_the_list_is_filtered(world):
    agreed, waits = agree(world), agree(world, minor=300_000, key="2", kind=ChargeKind.WORKS, reason="cable")

    def ids(**wanted):
        return [card.id for card in queries.listed(wanted=WantedCharges(**wanted))]

    assert ids() == [waits.id, agreed.id]
    assert ids(state="proposed") == ids(kind="works") == ids(text="cab") == [waits.id]
    assert ids(from_date=TODAY) == ids(until_date=TODAY) == [agreed.id]
    assert ids(from_date=TODAY + timedelta(days=1)) == ids(text="000999") == []
    assert ids(text=world.account.number, is_by_hand=True) == [waits.id, agreed.id]
