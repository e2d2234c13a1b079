"""Offers and contracts live no longer than their application, and an application never waits for nobody."""

from datetime import date, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove
from cis.platform import deadlines, documents
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.contract_workflow import SigningWay
from contracts.domain.estimates import Use
from contracts.domain.new_offers import NewFee, NewOffer
from contracts.domain.offer_workflow import OfferAction
from contracts.models.application import ApplicationItem, ServiceApplication
from contracts.models.charge import OneOffCharge
from contracts.models.inspection import SafetyInspection
from contracts.models.offer import Offer
from contracts.models.supply_contract import SupplyContract
from contracts.operations import application_inspections, offer_ends, offers, supply_contracts
from metering.models.device import Installation
from metering.models.work import WorkOrder
from tests.factories import accounts, applications, contracts, metering, papers_signed
from tests.factories.applications import AT, moved, walked

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
HEAD = Actor(ActorKind.STAFF, 4, "head", frozenset({Role.SUPERVISOR}))
APPLICANT = Actor(ActorKind.CUSTOMER, None, "applicant")
TODAY = date(2026, 3, 2)
FEE = NewFee(kind=ChargeKind.CONNECTION, amount_minor=11_300, reason="8 kVA")


@pytest.fixture(autouse=True)
def _kept(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


@pytest.fixture
def world():
    return contracts.world()


def row(application_id):
    return ServiceApplication.objects.get(id=application_id)


def offered(world, application_id):
    """Send the next plan reply to an application; its id."""
    case = row(application_id)
    return sent(
        world, subject="application", subject_id=case.id, customer_id=case.customer_id, account_id=case.account_id
    )


def sent(world, **values):
    """Send an offer of the world's tariff with one fee; its id."""
    new = NewOffer(
        terms=papers_signed.terms(), use=Use(month_wh=200_000), tariff_ids=(world.tariff.id,), fees=(FEE,), **values
    )
    offer_id = offers.draft(new=new, today=TODAY, actor=CLERK)
    offers.send(offer_id=offer_id, today=TODAY, actor=CLERK)
    return offer_id


def accepted(world, offer_id):
    return offers.accept(offer_id=offer_id, tariff_id=world.tariff.id, today=TODAY, actor=CLERK)


def sign(contract_id):
    SupplyContract.objects.filter(id=contract_id).update(
        document=documents.keep(f"%PDF- {contract_id}".encode(), name="c.pdf", media_type="application/pdf")
    )
    supply_contracts.sign_step(
        contract_id=contract_id, way=SigningWay.PORTAL, signed_by="王芳", today=TODAY, actor=APPLICANT
    )


def signed(world):
    """An application whose contract is signed, with its contract."""
    application_id = walked(to="surveyed")
    contract_id = accepted(world, offered(world, application_id))
    sign(contract_id)
    assert row(application_id).state == "contracted"
    return application_id, contract_id


def states():
    """States of all offers, and of all contracts, in their order."""
    return (
        list(Offer.objects.order_by("id").values_list("state", flat=True)),
        list(SupplyContract.objects.order_by("id").values_list("state", flat=True)),
    )


def fees():
    return list(OneOffCharge.objects.order_by("id").values_list("state", flat=True))


def test_an_account_gets_another_offer_after_one_that_it_signed(world):
    about = {
        "subject": "account", "subject_id": world.account.id, "customer_id": world.customer.id,
        "account_id": world.account.id,
    }  # fmt: skip
    sign(accepted(world, sent(world, **about)))
    sign(accepted(world, sent(world, **about)))
    assert states() == (["accepted", "accepted"], ["signed", "signed"])


def test_a_later_offer_takes_the_place_of_one_that_was_accepted_and_not_signed(world):
    application_id = walked(to="surveyed")
    first = accepted(world, offered(world, application_id))
    second = offered(world, application_id)
    assert states() == (["replaced", "sent"], ["withdrawn"])
    assert row(application_id).state == "offered"
    with pytest.raises(IllegalMove):
        sign(first)
    sign(accepted(world, second))
    assert (row(application_id).state, fees()) == ("contracted", ["agreed"])


def test_an_application_sent_back_after_acceptance_gets_another_offer(world):
    application_id = walked(to="surveyed")
    accepted(world, offered(world, application_id))
    moved(application_id, "send_back", reason="another line")
    assert (row(application_id).state, states()) == ("surveyed", (["withdrawn"], ["withdrawn"]))
    sign(accepted(world, offered(world, application_id)))
    assert row(application_id).state == "contracted"


@pytest.mark.parametrize(
    ("action", "after"), [("withdraw", "withdrawn"), ("reject", "rejected"), ("send_back", "surveyed")]
)
@pytest.mark.parametrize("is_accepted", [False, True])
def test_nobody_accepts_or_signs_what_belongs_to_no_application_any_more(world, action, after, is_accepted):
    application_id = walked(to="surveyed")
    offer_id = offered(world, application_id)
    contract_id = accepted(world, offer_id) if is_accepted else None
    moved(application_id, action, reason="not now")
    assert row(application_id).state == after
    assert states() == (["withdrawn"], ["withdrawn"] if is_accepted else [])
    with pytest.raises(IllegalMove):
        sign(contract_id) if contract_id else accepted(world, offer_id)
    assert not fees()


def test_an_application_that_is_over_is_sent_no_offer(world):
    application_id = walked(to="surveyed")
    moved(application_id, "reject", reason="no line")
    with pytest.raises(IllegalMove):
        offered(world, application_id)


def test_a_contract_of_an_application_that_is_over_is_not_signed(world):
    application_id = walked(to="surveyed")
    moved(application_id, "reject", reason="no line")
    case = row(application_id)
    made = papers_signed.issued(
        world, subject="application", subject_id=case.id, customer_id=case.customer_id, account_id=case.account_id
    )
    with pytest.raises(IllegalMove):
        sign(made.id)


@pytest.mark.parametrize("way", ["decline", "expire", "withdraw"])
def test_an_offer_that_stands_no_more_gives_its_application_back_to_the_desk(world, way):
    application_id = walked(to="surveyed")
    offer_id = offered(world, application_id)
    assert (row(application_id).state, row(application_id).waits_for) == ("offered", "customer")
    if way == "expire":
        assert offer_ends.expire(today=Offer.objects.get().valid_until + timedelta(days=1)) == 1
    else:
        actor = APPLICANT if way == "decline" else CLERK
        offers.close(offer_id=offer_id, action=OfferAction(way), actor=actor)
    assert (row(application_id).state, row(application_id).waits_for) == ("surveyed", "desk")
    running = [
        card.standard
        for card in deadlines.of_subject(subject="application", subject_ids=[application_id])
        if card.ended_at is None and card.due_at is not None
    ]
    assert any(one.startswith("connection_offer") for one in running), running
    sign(accepted(world, offered(world, application_id)))
    assert row(application_id).state == "contracted"


def test_a_suspended_application_is_given_back_once_it_goes_on(world):
    first, second = walked(to="surveyed"), walked(to="surveyed")
    for application_id in (first, second):
        offered(world, application_id)
    moved(first, "suspend", reason="asked for")
    assert offer_ends.expire(today=Offer.objects.first().valid_until + timedelta(days=1)) == 2
    assert (row(first).state, row(second).state) == ("offered", "surveyed")
    moved(first, "resume")
    assert (row(first).state, row(first).waits_for) == ("surveyed", "desk")


def test_an_application_waits_on_as_long_as_a_later_offer_is_sent(world):
    application_id = walked(to="surveyed")
    offered(world, application_id)
    offered(world, application_id)
    assert (row(application_id).state, states()[0]) == ("offered", ["replaced", "sent"])


def test_a_contract_that_the_desk_withdraws_takes_its_offer_along(world):
    application_id = walked(to="surveyed")
    contract_id = accepted(world, offered(world, application_id))
    supply_contracts.withdraw(contract_id=contract_id, reason="wrong address", actor=CLERK)
    assert (row(application_id).state, states()) == ("surveyed", (["withdrawn"], ["withdrawn"]))


@pytest.mark.parametrize("action", ["withdraw", "reject"])
def test_a_signed_application_ends_with_its_contract_its_fees_and_its_work(world, action):
    application_id, _contract = signed(world)
    assert (fees(), WorkOrder.objects.filter(kind="meter_install", state="open").count()) == (["agreed"], 1)
    moved(application_id, action, reason="moved abroad", actor=applications.STAFF)
    case = row(application_id)
    assert (case.state, case.waits_for) == ("withdrawn" if action == "withdraw" else "rejected", "nobody")
    assert (states()[1], fees()) == (["ended"], ["cancelled"])
    assert not WorkOrder.objects.exclude(state__in=("cancelled", "done")).exists()
    cards = deadlines.of_subject(subject="application", subject_ids=[application_id])
    assert all(card.ended_at is not None for card in cards)


def test_a_meter_that_was_hung_up_is_fetched_and_nothing_is_inspected(world):
    application_id, _contract = signed(world)
    point = ApplicationItem.objects.get().service_point
    metering.installation(at=point, start_date=timezone.localdate(AT))
    applications.step(application_id, "metered")
    application_inspections.order_step(application_id=application_id, today=TODAY, actor=SYSTEM)
    moved(application_id, "withdraw", reason="moved abroad", actor=APPLICANT)
    assert row(application_id).state == "withdrawn"
    under_way = WorkOrder.objects.exclude(state__in=("cancelled", "done"))
    assert list(under_way.values_list("kind", "subject", "subject_id", "service_point_id")) == [
        ("meter_remove", "application", application_id, point.id)
    ]
    assert set(SafetyInspection.objects.values_list("state", flat=True)) <= {"dropped"}


def test_a_meter_that_hung_before_the_application_stays(world):
    application_id, _contract = signed(world)
    metering.installation(at=ApplicationItem.objects.get().service_point, start_date=date(2020, 1, 1))
    applications.step(application_id, "metered")
    moved(application_id, "withdraw", reason="moved abroad")
    assert Installation.objects.filter(period=DateRange(date(2020, 1, 1), None)).exists()
    assert not WorkOrder.objects.filter(kind="meter_remove").exists()


@pytest.mark.parametrize("action", ["withdraw", "reject"])
def test_nothing_ends_once_current_flows_at_a_supply(world, action):
    application_id = walked(to="metered", units=("1", "2"))
    first = ApplicationItem.objects.order_by("seq").first()
    applications.applications.energize_step(
        application_id=application_id, inspection_passed=True, service_point_ids=[first.service_point_id],
        actor=applications.STAFF, at=AT,
    )  # fmt: skip
    with pytest.raises(IllegalMove):
        moved(application_id, action, reason="not now")
    assert row(application_id).state == "metered"


def test_a_contract_that_is_terminated_before_current_flows_ends_its_application(world):
    application_id, contract_id = signed(world)
    supply_contracts.terminate(contract_id=contract_id, ended_date=TODAY, reason="not paid", actor=HEAD)
    assert (row(application_id).state, fees()) == ("withdrawn", ["cancelled"])


def test_fees_of_a_supply_that_flows_stay_owed(world):
    application_id, contract_id = signed(world)
    applications.step(application_id, "metered")
    applications.step(application_id, "energized")
    supply_contracts.terminate(contract_id=contract_id, ended_date=TODAY, reason="moved", actor=HEAD)
    assert (row(application_id).state, fees()) == ("energized", ["agreed"])


def test_a_signed_contract_that_is_wrong_is_taken_back_with_its_fees_and_its_work_and_offered_anew(world):
    application_id, first = signed(world)
    point_id = ApplicationItem.objects.get().service_point_id
    moved(application_id, "send_back", reason="the voltage is wrong")
    case = row(application_id)
    assert (case.state, case.waits_for, case.contract_number) == ("surveyed", "desk", "")
    assert (states(), fees()) == ((["withdrawn"], ["ended"]), ["cancelled"])
    assert list(WorkOrder.objects.filter(kind="meter_install").values_list("state", flat=True)) == ["cancelled"]
    assert ApplicationItem.objects.get().service_point_id == point_id
    assert "does not hold" in case.messages.get().text or "不再有效" in case.messages.get().text
    running = [card.standard for card in deadlines.of_subject(subject="application", subject_ids=[application_id])
               if card.ended_at is None]  # fmt: skip
    assert any(one.startswith("connection_offer") for one in running)
    # Another offer that nobody takes leaves the application with the desk: the one before does not stand any more.
    second = offered(world, application_id)
    offers.close(offer_id=second, action=OfferAction.DECLINE, actor=CLERK)
    assert row(application_id).state == "surveyed"
    sign(accepted(world, offered(world, application_id)))
    assert (row(application_id).state, fees()) == ("contracted", ["cancelled", "agreed"])
    assert WorkOrder.objects.filter(kind="meter_install", state="open").count() == 1
    assert SupplyContract.objects.get(id=first).state == "ended"


@pytest.mark.parametrize("is_noted", [True, False])
def test_nobody_goes_back_behind_a_contract_by_which_a_meter_hangs(world, is_noted):
    application_id, _contract = signed(world)
    item = ApplicationItem.objects.get()
    if is_noted:
        ApplicationItem.objects.update(metered_at=AT)
    else:
        metering.installation(at=item.service_point, start_date=timezone.localdate(AT))
    with pytest.raises(IllegalMove):
        moved(application_id, "send_back", reason="the voltage is wrong")
    assert (row(application_id).state, states()[1]) == ("contracted", ["signed"])
