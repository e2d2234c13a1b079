"""What changes of use take of the network: after each of them a transformer counts what is agreed, no more, no less."""

from datetime import date, timedelta

import pytest

from accounts.models.notice import Notice
from cis.kernel.actors import SYSTEM
from contracts.domain.announcements import ContractSigned
from contracts.domain.changes import ChangeKind, Part
from contracts.models.agreement import AgreementTerm
from contracts.models.change import ChangeSet
from contracts.operations import change_nights, change_reversals, change_work, changes
from metering.models.network import CapacityReservation
from metering.models.place import ServicePoint
from metering.operations import capacity
from metering.queries import network
from tests.db.billing.test_changes_of_use import CAPACITY
from tests.factories import accounts, contracts, metering, papers_signed, tariffs
from tests.factories.changes import BILLER, CLERK, done, drafted, wanted

pytestmark = pytest.mark.django_db
TODAY = date(2025, 2, 3)
SINCE = date(2025, 1, 1)
LATER = date(2025, 3, 1)


@pytest.fixture(autouse=True)
def _supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


@pytest.fixture
def transformer():
    return metering.transformer(capacity_va=1_000_000)


def point_on(transformer, *, kva=100, **values):
    point = metering.service_point(transformer=transformer, voltage="380V", capacity_w=kva * 1_000, **values)
    metering.metered(at=point)
    return point


def supply(transformer, *, kva=100, holder=None, tariff=None):
    holder = holder or accounts.customer()
    agreement = contracts.agreement(
        account=accounts.account(holder=holder, opened_date=SINCE), service_point=point_on(transformer, kva=kva),
        tariff=tariff or tariffs.version(source=CAPACITY).tariff, start_date=SINCE,
    )  # fmt: skip
    agreement.terms.update(capacity_va=kva * 1_000)
    return agreement


def load(transformer, today=TODAY):
    """What the transformer counts and what it holds for cases, in kVA; 380 V counts 70 % by the pack."""
    card = network.transformer(transformer_id=transformer.id, at=today)
    return card.connected_va // 700, card.reserved_va // 700


def agreed(transformer, today=TODAY):
    """The same from the other side: the capacity that is agreed by all supplies that have not ended."""
    terms = AgreementTerm.objects.filter(
        agreement__service_point__transformer=transformer, period__contains=today, agreement__period__contains=today
    )
    return sum(terms.values_list("capacity_va", flat=True)) // 1_000


STEPS = (
    ("capacity_increase", {"capacity_va": 160_000}, 160),
    ("capacity_reduction", {"capacity_va": 63_000}, 63),
    # Suspended or reduced for a time it stays the customer's, and is counted on.
    ("capacity_reduction", {"capacity_va": 63_000, "until_date": date(2025, 9, 1)}, 100),
    ("suspension", {"suspended_va": 100_000, "until_date": date(2025, 5, 1)}, 100),
    ("class_change", {"capacity_va": 80_000}, 80),
)


@pytest.mark.parametrize(("kind", "given", "kva"), STEPS)
def test_the_transformer_counts_what_is_agreed(transformer, kind, given, kva):
    agreement = supply(transformer)
    others = supply(transformer, kva=200)
    if kind == "class_change":
        given = given | {"tariff_id": tariffs.version(source=CAPACITY.replace('"capacity"', '"other"', 1)).tariff.id}
    change_id = done(kind, agreement, TODAY, today=TODAY, asked_date=date(2025, 1, 20), **given)
    assert load(transformer) == (200 + kva, 0)
    assert load(transformer)[0] == agreed(transformer)
    change_reversals.reverse(change_id=change_id, reason="misread", today=TODAY, actor=BILLER)
    assert load(transformer) == (300, 0)
    assert load(transformer)[0] == agreed(transformer)
    assert others.service_point.capacity_w == 200_000


def test_resumed_capacity_was_counted_all_the_time(transformer):
    agreement = supply(transformer)
    given = {"today": TODAY, "asked_date": date(2025, 1, 2)}
    done("suspension", agreement, date(2025, 1, 10), suspended_va=60_000, until_date=date(2025, 5, 1), **given)
    done("resumption", agreement, TODAY, **given)
    assert load(transformer) == (100, 0)
    assert load(transformer)[0] == agreed(transformer)


def test_an_increase_to_come_is_held_and_then_counted(transformer, monkeypatch):
    agreement = supply(transformer, kva=300)
    change_id = drafted(wanted("capacity_increase", agreement, LATER, capacity_va=900_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert load(transformer) == (300, 600)
    # 1,000 kVA may be loaded to 80 %: at 70 % of what is agreed that is 1,142 kVA, of which 242 are left.
    second = supply(transformer, kva=10)
    with pytest.raises(capacity.CapacityTaken):
        done("capacity_increase", second, TODAY, today=TODAY, capacity_va=260_000)
    changes.carry_out(change_id=change_id, today=LATER, actor=SYSTEM)
    assert load(transformer, LATER) == (910, 0)
    assert load(transformer, LATER)[0] == agreed(transformer, LATER)


@pytest.mark.parametrize("way", ["withdraw", "reject"])
def test_what_will_not_hold_gives_back_what_it_held(transformer, way):
    agreement = supply(transformer)
    change_id = drafted(wanted("capacity_increase", agreement, LATER, capacity_va=500_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert load(transformer) == (100, 400)
    if way == "withdraw":
        changes.withdraw(change_id=change_id, actor=CLERK)
    else:
        changes.reject(change_id=change_id, reason="no line", actor=CLERK)
    assert load(transformer) == (100, 0)


def test_an_increase_without_room_is_refused_when_it_is_agreed_to(transformer):
    agreement = supply(transformer)
    for on in (TODAY, LATER):
        change_id = drafted(wanted("capacity_increase", agreement, on, capacity_va=1_200_000), today=TODAY)
        with pytest.raises(capacity.CapacityTaken):
            changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
        assert ChangeSet.objects.get(id=change_id).state == "drafted"
    assert load(transformer) == (100, 0)


def test_split_merge_and_removal_count_every_kva_once(transformer):
    owner = accounts.customer()
    agreement = supply(transformer, kva=1_000, holder=owner)
    new = point_on(transformer, kva=1, state="planned")
    part = Part(service_point_id=new.id, customer_id=owner.id, capacity_va=400_000)
    change_id = done("split", agreement, date(2025, 1, 11), today=TODAY, capacity_va=600_000, parts=(part,))
    assert load(transformer) == (1_000, 0)
    assert load(transformer)[0] == agreed(transformer)
    other = ChangeSet.objects.get(id=change_id).new_agreement
    done("merge", agreement, date(2025, 1, 21), today=TODAY, parts=(Part(agreement_id=other.id),))
    assert load(transformer) == (1_000, 0)
    assert load(transformer)[0] == agreed(transformer)
    assert ServicePoint.objects.get(id=new.id).state == "removed"
    done("removal", agreement, date(2025, 1, 31), today=TODAY)
    assert (load(transformer), agreed(transformer)) == ((0, 0), 0)


def test_supply_for_a_time_is_counted_only_as_long(transformer):
    owner = supply(transformer)
    point = point_on(transformer, kva=1, state="planned")
    one = wanted(
        "temporary", None, TODAY, account_id=owner.account_id, service_point_id=point.id, capacity_va=50_000,
        tariff_id=owner.terms.get().tariff_id, until_date=LATER,
    )  # fmt: skip
    change_id = drafted(one, today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert load(transformer) == (150, 0)
    change_nights._finish(change_id=change_id)
    assert ChangeSet.objects.get().state == "done"
    assert load(transformer, LATER) == (100, 0)
    assert load(transformer, LATER)[0] == agreed(transformer, LATER)


def test_moving_in_at_a_place_takes_what_is_agreed_there(transformer):
    other = supply(transformer)
    point = point_on(transformer, kva=20)
    one = wanted(
        "move_in", None, LATER, customer_id=accounts.customer().id, service_point_id=point.id, capacity_va=50_000,
        tariff_id=other.terms.get().tariff_id,
    )  # fmt: skip
    change_id = drafted(one, today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert load(transformer) == (120, 30)
    changes.carry_out(change_id=change_id, today=LATER, actor=SYSTEM)
    assert load(transformer, LATER) == (150, 0)
    assert ChangeKind(ChangeSet.objects.get().kind) is ChangeKind.MOVE_IN


def warned(day):
    """Let the night come in which what is held is about to pass; until when it is held then."""
    CapacityReservation.objects.filter(state="held").update(until_date=day + timedelta(days=3))
    capacity.warn(today=day)
    return CapacityReservation.objects.get(state="held").until_date


def test_what_a_change_holds_is_renewed_while_it_is_under_way(transformer):
    agreement = supply(transformer)
    change_id = drafted(wanted("capacity_increase", agreement, LATER, capacity_va=500_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    # Stuck since its day, as with a bill that is to be paid first.
    day = LATER + timedelta(days=5)
    assert warned(day) > day + timedelta(days=30)
    changes.withdraw(change_id=change_id, actor=CLERK)
    assert load(transformer, day) == (100, 0)


def test_who_has_not_signed_is_told_once_and_takes_what_is_free_when_he_signs(transformer):
    agreement = supply(transformer)
    change_id = drafted(wanted("capacity_increase", agreement, LATER, capacity_va=500_000), today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    world = contracts.World(
        agreement.account.holders.get().customer, agreement.account, agreement.service_point,
        agreement.terms.get().tariff, None, agreement,
    )  # fmt: skip
    row = papers_signed.issued(world, subject="change", subject_id=change_id)
    for _ in range(2):
        assert warned(TODAY) == TODAY + timedelta(days=3)
    assert Notice.objects.filter(event="change_capacity_ending", channel="inbox").count() == 1
    CapacityReservation.objects.filter(state="held").update(until_date=TODAY - timedelta(days=1))
    assert load(transformer) == (100, 0)
    told = ContractSigned(
        contract_id=row.id, number="1", customer_id=world.customer.id, account_id=world.account.id,
        tariff_id=world.tariff.id, subject="change", subject_id=change_id, replaced_id=None, actor=CLERK,
    )  # fmt: skip
    change_work.hold_signed(told)
    assert load(transformer) == (100, 400)
