"""One-off charges of any kind: agreed once under a key, taxed by the pack, reversed with a reason."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.queries.accounts import UnknownAccount
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import events
from cis.platform.packs import MissingRule
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.charge_kinds import BY_NOTE, LEDGER, OF_BREACH, WORDS, ChargeKind
from contracts.models.charge import OneOffCharge
from contracts.operations import charges
from contracts.queries import charge_rules
from contracts.queries import charges as queries
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.charges import UnknownCharge
from tests.factories import accounts, contracts

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 10)
BILLER = Actor(ActorKind.STAFF, 1, "biller", frozenset({Role.BILLING}))
CLERK = Actor(ActorKind.STAFF, 2, "clerk", frozenset({Role.CLERK}))


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def agree(world, **values):
    wanted = {
        "account_id": world.account.id, "kind": ChargeKind.CONNECTION, "amount_minor": 11_300, "reason": "40 kVA",
        "subject": "offer", "subject_id": 7, "key": "offer-7-1", "today": TODAY, "actor": SYSTEM,
    }  # fmt: skip
    return charges.agree_step(**wanted | values)


def test_a_charge_is_agreed_with_tax_class_and_source_and_announced(world, monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ChargeAgreed: [heard.append]})
    found = queries.one(charge_id=agree(world))
    assert (found.amount_minor, found.tax_minor, found.state, found.agreed_date) == (11_300, 1_300, "agreed", TODAY)
    assert (found.account_id, found.agreement_id, found.case_id) == (world.account.id, None, None)
    assert "国办函" in found.legal_source
    assert OneOffCharge.objects.get().ledger_class == "service"
    assert [(one.account_id, one.agreement_id) for one in heard] == [(world.account.id, None)]
    assert queries.of_account(account_id=world.account.id) == (found,)
    assert queries.of_subject(subject="offer", subject_id=7) == (found,)


def test_a_contract_may_be_its_source_and_an_agreement_its_place(world):
    found = queries.one(charge_id=agree(world, agreement_id=world.agreement.id, legal_source="Contract 000001"))
    assert (found.agreement_id, found.legal_source) == (world.agreement.id, "Contract 000001")


def test_the_same_key_is_the_same_charge_and_serves_no_other(world):
    assert agree(world) == agree(world)
    assert OneOffCharge.objects.count() == 1
    for other in ({"amount_minor": 1}, {"kind": ChargeKind.WORKS, "amount_minor": 11_300}, {"subject_id": 8}):
        with pytest.raises(charges.ChargeKeyTaken):
            agree(world, **other)


@pytest.mark.parametrize(
    "wrong",
    [{"amount_minor": 0}, {"amount_minor": -5}, {"reason": " "}, {"subject": ""}, {"key": ""}, {"key": "x" * 101}]
    + [{"kind": kind} for kind in OF_BREACH],
)
def test_what_is_no_charge_is_refused(world, wrong):
    with pytest.raises(charges.BadCharge):
        agree(world, **wrong)
    assert not OneOffCharge.objects.exists()


def test_unknown_accounts_and_foreign_agreements_are_refused(world):
    with pytest.raises(UnknownAccount):
        agree(world, account_id=10**9)
    other = contracts.world()
    with pytest.raises(UnknownAgreement):
        agree(world, agreement_id=other.agreement.id)


def test_a_place_without_a_rule_for_a_kind_refuses_it_by_name(world):
    with pytest.raises(MissingRule, match="charge_connection"):
        agree(world, today=date(1990, 1, 1))


@pytest.mark.parametrize("pack", ["cn-shanghai", "au-example", "gb-example", "us-example"])
def test_every_kind_has_words_a_class_and_a_tax_in_every_pack(settings, pack):
    settings.PACK = pack
    for kind in set(ChargeKind) - {*OF_BREACH, *BY_NOTE}:
        found = charge_rules.taxed(kind=kind, amount_minor=10_000, at=TODAY)
        assert found.source
        assert LEDGER[kind]
        assert set(WORDS[kind]) == {"zh", "en"}
        net = found.amount_minor - found.tax_minor
        assert (net == 10_000) is (pack != "cn-shanghai")


def test_it_is_reversed_once_with_a_reason(world):
    one = agree(world)
    with pytest.raises(charges.BadCharge):
        charges.reverse_step(charge_id=one, reason=" ", actor=BILLER)
    charges.reverse_step(charge_id=one, reason="waived", actor=BILLER)
    charges.reverse_step(charge_id=one, reason="again", actor=BILLER)
    found = queries.one(charge_id=one)
    assert (found.state, found.cancel_reason, found.is_reversible) == ("cancelled", "waived", False)
    assert agree(world) == one
    assert queries.one(charge_id=one).state == "cancelled"
    with pytest.raises(UnknownCharge):
        charges.reverse_step(charge_id=10**9, reason="x", actor=BILLER)


@pytest.mark.django_db(transaction=True)
def test_who_neither_bills_nor_supervises_reverses_nothing(world):
    with transaction.atomic():
        one = agree(world)
    with pytest.raises(NotAllowed):
        charges.reverse(charge_id=one, reason="x", actor=CLERK)
    charges.reverse(charge_id=one, reason="x", actor=BILLER)
    assert queries.one(charge_id=one).state == "cancelled"


@pytest.mark.parametrize(
    ("damage", "law"),
    [
        ("key = NULL", "charge_comes_from_a_case_or_has_a_key"),
        ("kind = 'penalty'", "charge_comes_from_a_case_or_has_a_key"),
        ("state = 'proposed'", "charge_comes_from_a_case_or_has_a_key"),
        ("state = 'cancelled'", "charge_without_a_case_is_cancelled_for_a_reason"),
        ("amount_minor = 0", "charge_is_an_amount"),
    ],
)
def test_the_database_knows_it_too(world, damage, law):
    agree(world)
    with pytest.raises(IntegrityError, match=law), transaction.atomic():
        connection.cursor().execute(f"UPDATE contracts_oneoffcharge SET {damage}")
