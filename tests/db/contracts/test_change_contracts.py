"""Contracts follow changes of use: amended, signed before the change holds where the rule asks it, ended, drawn up anew."""

from datetime import UTC, date, datetime

import pytest

from cis.kernel.workflow import IllegalMove
from contracts.domain.changes import ChangeState
from contracts.models.change import ChangeSet
from contracts.models.supply_contract import ContractPoint, SupplyContract
from contracts.operations import (
    change_nights,
    change_reversals,
    changes,
    contract_signing,
    supply_contracts,
)
from tests.db.billing.test_changes_of_use import CAPACITY, DEAR
from tests.factories import accounts, contracts, papers_signed, tariffs
from tests.factories.changes import BILLER, CLERK, CUSTOMER, done, drafted, wanted
from tests.factories.contracts import World

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 10)
LATER = date(2026, 8, 1)
NIGHT = datetime(2026, 7, 10, 18, 0, tzinfo=UTC)
SCAN = b"%PDF-1.4\n% signed\n%%EOF\n"


@pytest.fixture(autouse=True)
def _kept(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


@pytest.fixture
def world() -> World:
    """A supply of 100 kVA with its signed contract."""
    found = contracts.world(source=CAPACITY)
    found.agreement.terms.update(capacity_va=100_000)
    terms = papers_signed.terms(address=found.agreement.service_point.premises.address, capacity_va=100_000)
    row = papers_signed.issued(found, terms=terms, start_date=date(2026, 1, 1))
    sign(row.id)
    return found


def sign(contract_id):
    """Look at the paper and sign it at the counter; a few bytes stand for the paper that was rendered before."""
    row = SupplyContract.objects.get(id=contract_id)
    if row.document_id is None:
        supply_contracts.paper(contract_id=contract_id, actor=CLERK)
    contract_signing.sign_on_paper(
        contract_id=contract_id, scan=SCAN, name="s.pdf", signed_by="张三", today=TODAY, actor=CLERK
    )


def versions():
    """(version, state, kVA) of the versions of all contracts."""
    rows = SupplyContract.objects.order_by("number", "version").values_list("version", "state", "capacity_va")
    return [(version, state, va // 1_000) for version, state, va in rows]


def test_more_capacity_waits_until_its_amendment_is_signed(world):
    change_id = drafted(wanted("capacity_increase", world.agreement, TODAY, capacity_va=160_000), today=TODAY)
    assert changes.confirm(change_id=change_id, today=TODAY, actor=CLERK) == ChangeState.CONFIRMED
    assert versions() == [(1, "signed", 100), (2, "issued", 160)]
    assert world.agreement.terms.get().capacity_va == 100_000
    change_nights.work(NIGHT)
    change = ChangeSet.objects.get()
    assert (change.state, change.stuck_code) == ("confirmed", "contract_unsigned")
    sign(SupplyContract.objects.get(version=2).id)
    change_nights.work(NIGHT)
    change.refresh_from_db()
    assert (change.state, change.stuck_code) == ("done", "")
    assert versions() == [(1, "replaced", 100), (2, "signed", 160)]
    assert world.agreement.terms.get(period__contains=TODAY).capacity_va == 160_000
    paper = SupplyContract.objects.get(version=2)
    assert (paper.start_date, paper.subject, paper.subject_id) == (TODAY, "change", change_id)
    assert any("160 kVA" in one.body_en for one in paper.clauses.all())


@pytest.mark.parametrize("way", ["withdraw", "reject"])
def test_what_will_not_hold_leaves_the_contract_as_it_is(world, way):
    change_id = drafted(wanted("capacity_increase", world.agreement, LATER, capacity_va=160_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    if way == "withdraw":
        changes.withdraw(change_id=change_id, actor=CLERK)
    else:
        changes.reject(change_id=change_id, reason="no line", actor=CLERK)
    assert versions() == [(1, "signed", 100), (2, "withdrawn", 160)]


@pytest.mark.parametrize("way", ["withdraw", "reject"])
def test_what_was_signed_for_a_change_that_will_not_hold_is_taken_back(world, way):
    change_id = drafted(wanted("capacity_increase", world.agreement, LATER, capacity_va=160_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    sign(SupplyContract.objects.get(version=2).id)
    assert versions() == [(1, "replaced", 100), (2, "signed", 160)]
    if way == "withdraw":
        changes.withdraw(change_id=change_id, actor=CLERK)
    else:
        changes.reject(change_id=change_id, reason="no line", actor=CLERK)
    # The contract says what is billed.
    assert versions() == [(1, "signed", 100), (2, "ended", 160)]
    assert world.agreement.terms.get().capacity_va == 100_000
    assert SupplyContract.objects.get(version=2).end_reason


def test_a_change_whose_amendment_the_desk_withdraws_is_rejected(world):
    change_id = drafted(wanted("capacity_increase", world.agreement, LATER, capacity_va=160_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    contract_id = SupplyContract.objects.get(version=2).id
    supply_contracts.withdraw(contract_id=contract_id, reason="wrong capacity", actor=CLERK)
    change = ChangeSet.objects.get(id=change_id)
    assert (change.state, change.moves.latest("id").reason) == ("rejected", "wrong capacity")
    # Asked for anew, it gets an amendment of its own.
    again = drafted(wanted("capacity_increase", world.agreement, LATER, capacity_va=125_000), today=TODAY)
    changes.confirm(change_id=again, today=TODAY, actor=CLERK)
    assert versions() == [(1, "signed", 100), (2, "withdrawn", 160), (3, "issued", 125)]


def test_nobody_signs_an_amendment_of_a_supply_that_ended(world):
    change_id = drafted(wanted("capacity_increase", world.agreement, LATER, capacity_va=160_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    done("move_out", world.agreement, TODAY, today=TODAY)
    assert versions() == [(1, "ended", 100), (2, "withdrawn", 160)]
    assert ChangeSet.objects.get(id=change_id).state == "rejected"
    with pytest.raises(IllegalMove):
        sign(SupplyContract.objects.get(version=2).id)


def test_less_capacity_holds_at_once_and_is_signed_after_it(world):
    change_id = done(
        "capacity_reduction", world.agreement, TODAY, today=TODAY, asked_date=date(2026, 7, 1), capacity_va=63_000
    )
    assert versions() == [(1, "signed", 100), (2, "issued", 63)]
    sign(SupplyContract.objects.get(version=2).id)
    # Taken back, the contract says again what it said before.
    change_reversals.reverse(change_id=change_id, reason="misread", today=TODAY, actor=BILLER)
    assert versions() == [(1, "replaced", 100), (2, "signed", 63), (3, "issued", 100)]


def test_capacity_that_rests_changes_no_contract(world):
    given = {"asked_date": date(2026, 7, 1), "suspended_va": 50_000, "until_date": date(2026, 9, 1)}
    done("suspension", world.agreement, TODAY, today=TODAY, **given)
    assert versions() == [(1, "signed", 100)]


def test_another_tariff_is_named_by_the_amendment(world):
    dear = tariffs.version(source=DEAR).tariff
    change_id = drafted(wanted("class_change", world.agreement, LATER, tariff_id=dear.id), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    row = SupplyContract.objects.get(version=2)
    assert (row.tariff_id, row.start_date) == (dear.id, LATER)


def test_who_leaves_ends_the_contract_and_who_comes_gets_one_of_his_own(world):
    new = accounts.customer(name="李四")
    change_id = done("transfer", world.agreement, TODAY, today=TODAY, customer_id=new.id)
    change = ChangeSet.objects.get(id=change_id)
    old, drawn = SupplyContract.objects.order_by("id")
    assert (old.state, old.ended_date) == ("ended", TODAY)
    assert (drawn.state, drawn.customer_id, drawn.account_id) == ("issued", new.id, change.new_account_id)
    assert (drawn.number != old.number, drawn.version, drawn.address, drawn.capacity_va) == (
        True, 1, old.address, 100_000,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["move_out", "removal"])
def test_the_contract_ends_with_the_supply(world, kind):
    done(kind, world.agreement, TODAY, today=TODAY)
    assert list(SupplyContract.objects.values_list("state", "ended_date")) == [("ended", TODAY)]


def test_a_new_name_stands_in_the_next_version(world):
    done("rename", None, TODAY, today=TODAY, account_id=world.account.id, name="张三丰")
    row = SupplyContract.objects.get(version=2)
    assert any("张三丰" in one.body_zh for one in row.clauses.all())


def test_nothing_is_amended_where_there_is_no_contract():
    found = contracts.world(source=CAPACITY)
    found.agreement.terms.update(capacity_va=100_000)
    done("capacity_increase", found.agreement, TODAY, today=TODAY, capacity_va=160_000)
    assert ChangeSet.objects.get().state == "done"
    assert not SupplyContract.objects.exists()


def test_a_customer_moves_out_by_himself_and_his_contract_ends(world):
    change_id = changes.ask(
        wanted=wanted("move_out", world.agreement, TODAY), asked_date=TODAY, request_key="self", today=TODAY,
        actor=CUSTOMER,
    )  # fmt: skip
    assert ChangeSet.objects.get(id=change_id).state == "effective"
    assert SupplyContract.objects.get().state == "ended"


def second_supply(world):
    """Another shop of the same account at the same address, with a contract of its own."""
    place = contracts.service_point(voltage="380V")
    place.premises = world.agreement.service_point.premises
    place.save()
    other = contracts.agreement(
        account=world.account, service_point=place, tariff=world.tariff, start_date=date(2026, 1, 1)
    )
    other.terms.update(capacity_va=50_000)
    terms = papers_signed.terms(address=place.premises.address, capacity_va=50_000)
    row = papers_signed.issued(world, terms=terms, start_date=date(2026, 1, 1), service_point_ids=(place.id,))
    sign(row.id)
    return other, row


def points_of(contract_id):
    return list(ContractPoint.objects.filter(contract_id=contract_id).values_list("service_point_id", flat=True))


def test_of_two_supplies_at_one_address_each_has_its_own_contract(world):
    other, second = second_supply(world)
    first = SupplyContract.objects.exclude(id=second.id).get()
    assert (points_of(first.id), points_of(second.id)) == (
        [world.agreement.service_point_id], [other.service_point_id],
    )  # fmt: skip
    done("move_out", world.agreement, TODAY, today=TODAY)
    assert list(SupplyContract.objects.order_by("id").values_list("state", flat=True)) == ["ended", "signed"]
    change_id = drafted(wanted("capacity_increase", other, TODAY, capacity_va=80_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    drawn = SupplyContract.objects.get(subject="change", subject_id=change_id)
    assert (drawn.amends_id, points_of(drawn.id)) == (second.id, [other.service_point_id])


def test_a_contract_for_many_supplies_ends_with_the_last_of_them(world):
    other, second = second_supply(world)
    SupplyContract.objects.filter(id=second.id).update(state="ended", ended_date=TODAY, end_reason="one for both")
    first = SupplyContract.objects.exclude(id=second.id).get()
    ContractPoint.objects.create(contract=first, service_point=other.service_point)
    done("move_out", world.agreement, TODAY, today=TODAY)
    first.refresh_from_db()
    assert first.state == "signed"
    done("move_out", other, TODAY, today=TODAY)
    first.refresh_from_db()
    assert first.state == "ended"


@pytest.fixture
def common(world):
    """One contract of 150 kVA for two supplies, of 100 and 50; returns the second."""
    other, second = second_supply(world)
    SupplyContract.objects.filter(id=second.id).update(state="ended", ended_date=TODAY, end_reason="one for both")
    first = SupplyContract.objects.exclude(id=second.id).get()
    terms = papers_signed.terms(address=first.address, capacity_va=150_000)
    points = (world.agreement.service_point_id, other.service_point_id)
    row = papers_signed.issued(world, terms=terms, start_date=date(2026, 1, 1), service_point_ids=points)
    SupplyContract.objects.filter(id=first.id).update(state="ended", ended_date=TODAY, end_reason="one for both")
    sign(row.id)
    return other


def in_force():
    """(kVA, tariff, special terms) of the contract that is signed, or waits for it."""
    row = SupplyContract.objects.filter(state__in=("signed", "issued")).latest("version")
    return row.capacity_va // 1_000, row.tariff_id, row.special.splitlines()


def reduced(agreement, capacity_va):
    change_id = done(
        "capacity_reduction", agreement, TODAY, today=TODAY, asked_date=date(2026, 7, 1), capacity_va=capacity_va
    )
    sign(SupplyContract.objects.latest("id").id)
    return change_id


def test_the_capacity_of_one_supply_is_not_that_of_their_common_contract(world, common):
    reduced(world.agreement, 60_000)
    capacity, _tariff, special = in_force()
    place = world.agreement.service_point
    assert capacity == 110
    assert len(special) == 1
    assert special[0].startswith(f"{place.external_id} {place.premises.address} 约定容量 60 千伏安")
    # The other supply adds its own sentence and its own difference.
    reduced(common, 40_000)
    capacity, _tariff, special = in_force()
    assert (capacity, len(special)) == (100, 2)


def test_a_change_taken_back_leaves_what_was_said_of_another_supply(world, common):
    change_id = reduced(world.agreement, 60_000)
    reduced(common, 40_000)
    change_reversals.reverse(change_id=change_id, reason="misread", today=TODAY, actor=BILLER)
    capacity, _tariff, special = in_force()
    assert (capacity, len(special)) == (140, 1)
    assert "40 千伏安" in special[0]


def test_the_tariff_of_one_supply_is_not_that_of_their_common_contract(world, common):
    dear = tariffs.version(source=DEAR).tariff
    change_id = drafted(wanted("class_change", common, LATER, tariff_id=dear.id), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    capacity, tariff_id, special = in_force()
    assert (capacity, tariff_id) == (150, world.tariff.id)
    assert f"执行电价 {dear.code}" in special[0]
