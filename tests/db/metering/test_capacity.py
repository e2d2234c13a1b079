"""Capacity of the network: what is connected and reserved, and that no two cases ever take the same kVA."""

import threading
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from cis.kernel.actors import SYSTEM
from cis.platform.db import opens_transaction
from metering.domain.network import Asset
from metering.domain.places import NewPlace
from metering.models.network import CapacityReservation
from metering.models.place import ServicePoint
from metering.operations import capacity, network
from metering.queries import network as found
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
DESK = factories.work.DESK


def _reserve(transformer, *, case, kw=50, voltage="380V", **more):
    with transaction.atomic():
        return capacity.reserve_step(
            asset=Asset.TRANSFORMER, asset_id=transformer.id, capacity_w=kw * 1_000, voltage=voltage, subject="case",
            subject_id=case, today=TODAY, actor=DESK, **more,
        )  # fmt: skip


def _card(transformer, at=TODAY):
    return found.transformer(transformer_id=transformer.id, at=at)


def test_a_transformer_shows_what_counts_on_it_by_the_rule_of_the_pack():
    one = factories.metering.transformer()
    factories.metering.service_point(transformer=one, capacity_w=8_000)
    factories.metering.service_point(transformer=one, voltage="380V", capacity_w=60_001)
    factories.metering.service_point(transformer=one, capacity_w=8_000, state="planned")
    factories.metering.service_point(capacity_w=8_000)
    _reserve(one, case=1, kw=100)
    card = _card(one)
    assert (card.usable_va, card.points, card.connected_va, card.reserved_va) == (320_000, 2, 3_200 + 42_001, 70_000)
    assert card.free_va == 320_000 - 45_201 - 70_000
    above = found.feeder(feeder_id=one.feeder_id, at=TODAY)
    assert (above.points, above.connected_va, above.reserved_va) == (2, 45_201, 70_000)


def test_what_is_not_free_cannot_be_reserved_and_the_same_case_takes_it_once():
    one = factories.metering.transformer(capacity_va=100_000)
    _reserve(one, case=1, kw=100)
    with pytest.raises(capacity.CapacityTaken) as refusal:
        _reserve(one, case=2, kw=20)
    assert (refusal.value.detail["free_va"], refusal.value.detail["needed_va"]) == (10_000, 14_000)
    _reserve(one, case=1, kw=80)
    _reserve(one, case=2, kw=20)
    assert _card(one).free_va == 80_000 - 56_000 - 14_000
    assert list(CapacityReservation.objects.order_by("id").values_list("state", flat=True)) == [
        "released",
        "held",
        "held",
    ]


def test_a_case_that_asks_for_more_than_there_is_keeps_what_it_has():
    one = factories.metering.transformer(capacity_va=100_000)
    _reserve(one, case=1, kw=50)
    with pytest.raises(capacity.CapacityTaken):
        _reserve(one, case=1, kw=500)
    assert _card(one).reserved_va == 35_000


def test_twelve_cases_at_once_never_take_the_same_kva():
    one = factories.metering.transformer(capacity_va=100_000)
    barrier, refused = threading.Barrier(12), []

    @opens_transaction
    def reserve(case):
        capacity.reserve_step(
            asset=Asset.TRANSFORMER, asset_id=one.id, capacity_w=20_000, voltage="380V", subject="case",
            subject_id=case, today=TODAY, actor=DESK,
        )  # fmt: skip

    def run(case):
        try:
            barrier.wait(10)
            reserve(case)
        except capacity.CapacityTaken as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(case,)) for case in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    card = _card(one)
    assert (card.reserved_va, card.free_va, len(refused)) == (70_000, 10_000, 7)


def test_a_reservation_counts_until_its_last_day_and_is_marked_the_night_after():
    one = factories.metering.transformer()
    _reserve(one, case=1, until_date=TODAY)
    assert _card(one).reserved_va == 35_000
    tomorrow = TODAY + timedelta(days=1)
    assert _card(one, tomorrow).reserved_va == 0
    assert capacity.expire(today=TODAY) == 0
    assert capacity.expire(today=tomorrow) == 1
    assert CapacityReservation.objects.get().state == "expired"


def test_a_planned_point_is_counted_once_it_is_connected_in_the_place_of_its_reservation():
    one = factories.metering.transformer()
    place = NewPlace(
        service_point="S1", premises="P1", address="1 New Road", voltage="380V", capacity_w=100_000,
        transformer=one.external_id,
    )  # fmt: skip
    with transaction.atomic():
        point_id = network.plan_points_step(new=[place], actor=DESK)["S1"]
    _reserve(one, case=1, kw=100, service_point_id=point_id)
    before = _card(one)
    for _ in range(2):
        with transaction.atomic():
            capacity.connect_step(service_point_id=point_id, today=TODAY, actor=SYSTEM)
    after = _card(one)
    assert (before.connected_va, before.reserved_va) == (0, 70_000)
    assert (after.connected_va, after.reserved_va, after.free_va) == (70_000, 0, before.free_va)


def test_an_increase_uses_what_was_reserved_for_it_and_without_that_only_what_is_free():
    one = factories.metering.transformer(capacity_va=100_000)
    point = factories.metering.service_point(transformer=one, voltage="380V", capacity_w=50_000)
    _reserve(one, case=1, kw=60, service_point_id=point.id)
    with transaction.atomic():
        capacity.change_step(service_point_id=point.id, capacity_w=110_000, today=TODAY, actor=DESK)
    assert (_card(one).connected_va, _card(one).reserved_va) == (77_000, 0)
    with pytest.raises(capacity.CapacityTaken), transaction.atomic():
        capacity.change_step(service_point_id=point.id, capacity_w=120_000, today=TODAY, actor=DESK)
    assert ServicePoint.objects.get(id=point.id).capacity_w == 110_000


def test_places_to_hang_a_supply_on_have_room_and_those_near_come_first():
    far = factories.metering.transformer(district="黄浦区", capacity_va=1_000_000)
    near = factories.metering.transformer(district="徐汇区")
    factories.metering.transformer(district="徐汇区", capacity_va=10_000)
    factories.metering.transformer(district="徐汇区", is_active=False)
    cards = found.suggested(capacity_w=50_000, voltage="380V", district="徐汇区", at=TODAY)
    assert [card.id for card in cards] == [near.id, far.id]
    high = found.suggested(capacity_w=800_000, voltage="10kV", district="徐汇区", at=TODAY)
    assert {card.asset for card in high} == {Asset.FEEDER}


def test_a_transformer_does_not_supply_above_its_voltage():
    with pytest.raises(capacity.AssetUnfit):
        _reserve(factories.metering.transformer(), case=1, voltage="10kV")


def test_the_database_itself_refuses_a_second_reservation_of_a_case_and_a_point_on_two_assets():
    one = factories.metering.transformer()
    _reserve(one, case=1)
    with pytest.raises(IntegrityError):
        CapacityReservation.objects.create(
            transformer=one, subject="case", subject_id=1, capacity_w=1, counted_va=1, until_date=TODAY
        )
    with pytest.raises(IntegrityError):
        factories.metering.service_point(transformer=one, feeder=one.feeder)


def test_an_asset_in_use_stays_in_service():
    one = factories.metering.transformer()
    point = factories.metering.service_point(transformer=one)
    facts = {"asset": Asset.TRANSFORMER, "asset_id": one.id, "name": "T", "capacity_va": 400_000, "actor": DESK}
    with pytest.raises(network.AssetInUse):
        network.change(is_active=False, **facts)
    with transaction.atomic():
        capacity.remove_step(service_point_id=point.id, actor=DESK)
    network.change(is_active=False, **facts)
    assert not _card(one).is_active


def test_the_list_filters_by_feeder_district_text_and_room():
    one = factories.metering.transformer(district="徐汇区", name="湖南路1号变")
    two = factories.metering.transformer(name="100%_变", capacity_va=1_000)
    factories.metering.service_point(transformer=two, capacity_w=8_000)

    def ids(**wanted):
        cards = found.transformers(wanted=found.Wanted(**wanted), at=TODAY)
        assert found.count(wanted=found.Wanted(**wanted), at=TODAY) == len(cards)
        return [card.id for card in cards]

    assert ids() == [two.id, one.id]
    assert (
        ids(district="徐汇区") == ids(text="湖南") == ids(feeder_id=one.feeder_id) == ids(room_va=300_000) == [one.id]
    )
    assert ids(text="0%_") == ids(load="over") == [two.id]


def _planned(transformer, name, kw=50):
    place = NewPlace(
        service_point=name, premises=f"{name}-P", address="1 New Road", voltage="380V", capacity_w=kw * 1_000,
        transformer=transformer.external_id,
    )  # fmt: skip
    with transaction.atomic():
        return network.plan_points_step(new=[place], actor=DESK)[name]


def _connect(point_id, today):
    with transaction.atomic():
        capacity.connect_step(service_point_id=point_id, today=today, actor=SYSTEM)


def test_who_let_a_reservation_pass_takes_only_what_is_free():
    one = factories.metering.transformer(capacity_va=100_000)
    first, second = (_planned(one, name, kw=80) for name in ("S1", "S2"))
    _reserve(one, case=1, kw=80, service_point_id=first, until_date=TODAY)
    later = TODAY + timedelta(days=1)
    _connect_of = {"asset": Asset.TRANSFORMER, "asset_id": one.id, "capacity_w": 80_000, "voltage": "380V"}
    with transaction.atomic():
        capacity.reserve_step(
            **_connect_of, subject="case", subject_id=2, today=later, actor=DESK, service_point_id=second
        )
    with pytest.raises(capacity.CapacityTaken):
        _connect(first, later)
    with pytest.raises(capacity.CapacityTaken), transaction.atomic():
        capacity.renew_step(subject="case", subject_id=1, today=later, actor=DESK)
    _connect(second, later)
    assert (_card(one, later).free_va, ServicePoint.objects.get(id=first).state) == (24_000, "planned")


def test_a_case_renews_what_it_holds_and_takes_anew_what_has_passed():
    one = factories.metering.transformer(capacity_va=100_000)
    first = _planned(one, "S1")
    _reserve(one, case=1, kw=50, service_point_id=first, until_date=TODAY)
    for day, renewed in ((TODAY, 1), (TODAY, 0), (TODAY + timedelta(days=400), 1)):
        with transaction.atomic():
            assert capacity.renew_step(subject="case", subject_id=1, today=day, actor=DESK) == renewed
        assert _card(one, day + timedelta(days=100)).reserved_va == 35_000
