"""Surveys: from the phone to the application, all or nothing, with capacity that nobody else can take."""

import threading

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.platform import events
from contracts.domain.announcements import ApplicationMoved
from contracts.domain.applications import Item
from contracts.domain.survey import InvalidSurvey, NewReport, RoomMissing, SurveyReason
from contracts.models.application import ApplicationItem, ServiceApplication
from contracts.models.survey import SurveyPlacement, SurveyReport
from contracts.operations import surveys
from contracts.queries import surveys as queries
from metering.domain.announcements import CapacityEnding
from metering.domain.checklists import BadAnswers
from metering.domain.network import Asset
from metering.domain.work_orders import Outcome
from metering.models.network import CapacityReservation
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from metering.operations import capacity, work_answers, work_orders
from metering.queries import network
from tests.factories import accounts, metering, work
from tests.factories.applications import AT, STAFF, moved, step, walked

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = AT.date()
DESK = work.DESK
ANSWERS = {
    "identity_seen": "yes", "use_as_applied": "as_applied", "load_found": "6", "distance_to_supply": "25",
    "meter_place": "stairwell", "earthing_present": "yes",
}  # fmt: skip


@pytest.fixture(autouse=True)
def supplier(monkeypatch):
    monkeypatch.setattr(events, "LISTENERS", {ApplicationMoved: [surveys.free_capacity]})
    return accounts.supplier()


def _surveying(crew=None, **values):
    """An application with a survey that has begun; returns the application's id and the work order's."""
    application_id = walked(to="surveying", **values)
    order = WorkOrder.objects.get(subject="application", subject_id=application_id)
    work_orders.assign(work_order_ids=[order.id], crew_id=(crew or work.crew()).id, planned_date=TODAY, actor=DESK)
    work_orders.start(work_order_id=order.id, actor=DESK)
    work_answers.add_photo(work_order_id=order.id, item="photo_building", source=work.photo(), actor=DESK)
    return application_id, order.id


def _report(work_order_id, *assets, verdict=Outcome.FEASIBLE, answers=ANSWERS, key="k1", **values):
    chosen = tuple(
        (Asset.TRANSFORMER if one._meta.model_name == "transformer" else Asset.FEEDER, one.id) for one in assets
    )
    return surveys.report(
        work_order_id=work_order_id, new=NewReport(verdict=verdict, assets=chosen, **values), answers=answers, note="",
        request_key=key, at=AT, today=TODAY, actor=STAFF,
    )  # fmt: skip


def _state(application_id):
    return ServiceApplication.objects.get(id=application_id).state


def test_a_survey_makes_the_point_reserves_its_capacity_and_moves_the_application_once():
    bank = metering.transformer()
    application_id, order_id = _surveying()
    reports = {_report(order_id, bank) for _ in range(2)}
    assert len(reports) == SurveyReport.objects.count() == 1
    assert _state(application_id) == "surveyed"
    point = ApplicationItem.objects.get(application_id=application_id).service_point
    assert (point.state, point.transformer_id, point.capacity_w) == ("planned", bank.id, 8_000)
    card = network.transformer(transformer_id=bank.id, at=TODAY)
    assert (card.connected_va, card.reserved_va) == (0, 3_200)
    placed = queries.of_application(application_id=application_id)[0].placements[0]
    assert (placed.voltage, placed.phases, placed.mode, placed.asset_name) == ("220V", 1, "low_low", bank.name)
    assert WorkOrder.objects.get(id=order_id).outcome == "feasible"


def test_a_survey_that_is_refused_leaves_nothing():
    bank = metering.transformer(capacity_va=1_000)
    application_id, order_id = _surveying()
    for refusal, values in (
        (RoomMissing, {}),
        (InvalidSurvey, {"verdict": Outcome.WITH_WORKS}),
        (BadAnswers, {"answers": {}}),
    ):
        with pytest.raises(refusal):
            _report(order_id, bank, **values)
    assert (_state(application_id), WorkOrder.objects.get(id=order_id).state) == ("surveying", "started")
    assert not SurveyReport.objects.exists()
    assert not ServicePoint.objects.exists()
    assert not CapacityReservation.objects.exists()


def test_a_house_of_many_flats_is_spread_over_transformers_in_a_constant_number_of_statements():
    def report(flats):
        banks = metering.transformer(capacity_va=100_000), metering.transformer(capacity_va=400_000)
        application_id, order_id = _surveying(units=tuple(f"{n}" for n in range(flats)))
        with CaptureQueriesContext(connection) as taken:
            _report(order_id, *banks)
        loads = [network.transformer(transformer_id=bank.id, at=TODAY) for bank in banks]
        assert [card.reserved_va for card in loads] == [25 * 3_200, (flats - 25) * 3_200]
        placed = SurveyPlacement.objects.filter(report__application_id=application_id)
        assert placed.count() == flats
        return len(taken)

    assert report(30) == report(90)


def test_two_surveys_at_once_cannot_take_the_same_kva():
    bank = metering.transformer(capacity_va=5_000)
    orders = [_surveying()[1] for _ in range(4)]
    barrier, refused = threading.Barrier(4), []

    def run(order_id):
        try:
            barrier.wait(10)
            _report(order_id, bank, key=f"k{order_id}")
        except (capacity.CapacityTaken, RoomMissing) as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(order_id,)) for order_id in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    card = network.transformer(transformer_id=bank.id, at=TODAY)
    assert (len(refused), card.reserved_va, card.free_va) == (3, 3_200, 800)
    assert SurveyReport.objects.count() == 1
    assert sorted(ServiceApplication.objects.values_list("state", flat=True)) == ["surveyed", *["surveying"] * 3]


def test_a_place_that_cannot_be_supplied_goes_back_to_the_desk_and_may_be_surveyed_anew():
    bank = metering.transformer()
    application_id, order_id = _surveying()
    _report(order_id, verdict=Outcome.NOT_FEASIBLE, reasons=(SurveyReason.NO_CAPACITY,))
    assert _state(application_id) == "documented"
    step(application_id, "surveying")
    order = WorkOrder.objects.get(subject="application", subject_id=application_id, state="open")
    work_orders.assign(work_order_ids=[order.id], crew_id=work.crew().id, planned_date=TODAY, actor=DESK)
    work_orders.start(work_order_id=order.id, actor=DESK)
    work_answers.add_photo(work_order_id=order.id, item="photo_building", source=work.photo(), actor=DESK)
    _report(order.id, bank, verdict=Outcome.WITH_WORKS, reasons=(SurveyReason.LINE_NEEDED,), works="40 m line")
    assert _state(application_id) == "surveyed"
    assert [card.verdict for card in queries.of_application(application_id=application_id)] == [
        "with_works",
        "not_feasible",
    ]


def test_an_application_that_ends_gives_its_capacity_back_and_drops_what_was_planned():
    bank = metering.transformer()
    application_id, order_id = _surveying()
    _report(order_id, bank)
    moved(application_id, "withdraw", reason="too dear")
    assert network.transformer(transformer_id=bank.id, at=TODAY).reserved_va == 0
    assert ServicePoint.objects.get().state == "removed"


def test_one_sent_back_to_be_surveyed_anew_keeps_its_point_and_takes_its_new_place():
    first, second = metering.transformer(), metering.transformer()
    application_id, order_id = _surveying()
    _report(order_id, first)
    moved(application_id, "send_back", reason="wrong side of the road")
    assert network.transformer(transformer_id=first.id, at=TODAY).reserved_va == 0
    step(application_id, "surveying")
    order = WorkOrder.objects.get(subject="application", subject_id=application_id, state="open")
    work_orders.assign(work_order_ids=[order.id], crew_id=work.crew().id, planned_date=TODAY, actor=DESK)
    work_orders.start(work_order_id=order.id, actor=DESK)
    work_answers.add_photo(work_order_id=order.id, item="photo_building", source=work.photo(), actor=DESK)
    _report(order.id, second, voltage="380V", key="k2")
    point = ServicePoint.objects.get()
    assert (point.transformer_id, point.voltage, point.state) == (second.id, "380V", "planned")
    assert network.transformer(transformer_id=second.id, at=TODAY).reserved_va == 5_600


def test_a_works_hangs_on_a_feeder_with_its_own_transformer():
    line = metering.feeder()
    items = (Item(unit="", capacity_w=800_000, voltage="10kV", use_class="industrial"),)
    application_id, order_id = _surveying(items=items)
    _report(order_id, line, mode="high_low")
    placed = queries.of_application(application_id=application_id)[0].placements[0]
    assert (placed.asset, placed.phases, placed.mode) == ("feeder", 3, "high_low")
    assert network.feeder(feeder_id=line.id, at=TODAY).reserved_va == 800_000


def test_proposals_have_room_for_all_or_say_that_they_have_not():
    bank = metering.transformer(district="静安区")
    metering.transformer(capacity_va=1_000)
    _application, order_id = _surveying()
    wish = queries.wish_of_order(work_order_id=order_id)
    found = queries.proposal(wish=wish, voltage="", at=TODAY)
    assert ([card.id for card in found.assets], found.chosen, found.is_enough) == ([bank.id], 1, True)
    _application, order_id = _surveying(units=tuple(str(n) for n in range(120)))
    found = queries.proposal(wish=queries.wish_of_order(work_order_id=order_id), voltage="", at=TODAY)
    assert not found.is_enough


def _ending(application_id, day):
    row = CapacityReservation.objects.get(subject_id=application_id, state="held")
    CapacityReservation.objects.filter(id=row.id).update(until_date=day + capacity.WARNED_BEFORE)
    capacity.warn(today=day)
    return CapacityReservation.objects.get(id=row.id).until_date


def test_capacity_of_a_signed_application_is_renewed_and_who_decides_yet_is_told_once(monkeypatch):
    monkeypatch.setattr(
        events,
        "LISTENERS",
        {ApplicationMoved: [surveys.free_capacity], CapacityEnding: [surveys.capacity_ending]},
    )
    application_id, order_id = _surveying()
    _report(order_id, metering.transformer())
    step(application_id, "offered")
    for _ in range(2):
        assert _ending(application_id, TODAY) == TODAY + capacity.WARNED_BEFORE
    row = ServiceApplication.objects.get(id=application_id)
    assert str(TODAY + capacity.WARNED_BEFORE) in row.messages.get().text
    step(application_id, "contracted")
    assert _ending(application_id, TODAY) > TODAY + 10 * capacity.WARNED_BEFORE
    assert row.messages.count() == 1


@time_machine.travel(AT, tick=True)
def test_a_contract_that_is_signed_too_late_needs_room_again(monkeypatch):
    monkeypatch.setattr(events, "LISTENERS", {ApplicationMoved: [surveys.free_capacity, surveys.hold_signed]})
    bank = metering.transformer(capacity_va=5_000)
    late, order_id = _surveying()
    _report(order_id, bank)
    step(late, "offered")
    CapacityReservation.objects.update(until_date=TODAY - capacity.WARNED_BEFORE)
    _, other = _surveying()
    _report(other, bank, key="k2")
    with pytest.raises(capacity.CapacityTaken):
        step(late, "contracted")
    assert _state(late) == "offered"


def test_what_a_crew_reports_while_an_application_is_suspended_takes_effect_when_it_goes_on():
    bank = metering.transformer()
    application_id, order_id = _surveying()
    moved(application_id, "suspend", reason="the applicant is away")
    report_id = _report(order_id, bank)
    assert (_state(application_id), WorkOrder.objects.get(id=order_id).state) == ("surveying", "done")
    assert network.transformer(transformer_id=bank.id, at=TODAY).reserved_va == 3_200
    assert _report(order_id, bank) == report_id
    moved(application_id, "resume")
    assert _state(application_id) == "surveyed"
    assert ApplicationItem.objects.get().service_point.transformer_id == bank.id


def test_a_suspended_application_that_cannot_be_supplied_goes_back_when_it_goes_on():
    application_id, order_id = _surveying()
    moved(application_id, "suspend", reason="the applicant is away")
    _report(order_id, verdict=Outcome.NOT_FEASIBLE, reasons=(SurveyReason.NO_CAPACITY,))
    assert _state(application_id) == "surveying"
    moved(application_id, "resume")
    assert _state(application_id) == "documented"


def test_capacity_that_passed_while_an_application_was_suspended_is_taken_anew_or_surveyed_anew():
    bank = metering.transformer()
    first, order_id = _surveying()
    moved(first, "suspend", reason="the applicant is away")
    _report(order_id, bank)
    late = TODAY.replace(year=2027)
    with time_machine.travel(AT.replace(year=2027), tick=False):
        capacity.night(AT.replace(year=2027))
        free_va = network.transformer(transformer_id=bank.id, at=late).free_va
        CapacityReservation.objects.create(
            transformer=bank, capacity_w=1, counted_va=free_va, until_date=late, subject="change", subject_id=1
        )
        moved(first, "resume", at=AT.replace(year=2027))
        assert _state(first) == "documented"
        reason = ServiceApplication.objects.get(id=first).moves.latest("id").reason
        assert "0.000 kVA free" in reason or "kVA free" in reason
