"""Surveys: what a report must say, and on which assets supplies hang."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.domain import survey
from contracts.domain.survey import InvalidSurvey, NewReport, Room, RoomMissing, Supply, SurveyReason
from metering.domain.network import Asset, LoadRule
from metering.domain.work_orders import Outcome

RULE = LoadRule(usable_percent=80, percent={"220V": 40, "380V": 70, "10kV": 100, "35kV": 100}, reserved_days=180)
ONE = ((Asset.TRANSFORMER, 1),)


def _codes(report, voltages=("220V",)):
    with pytest.raises(InvalidSurvey) as refusal:
        survey.check(report, voltages=voltages)
    return [finding.code for finding in refusal.value.detail["findings"]]


def test_a_report_says_what_its_verdict_needs():
    survey.check(NewReport(verdict=Outcome.FEASIBLE, assets=ONE), voltages=["220V"])
    survey.check(NewReport(verdict=Outcome.NOT_FEASIBLE, reasons=(SurveyReason.NO_WAY,)), voltages=["220V"])
    works = NewReport(verdict=Outcome.WITH_WORKS, reasons=(SurveyReason.LINE_NEEDED,), works="40 m line", assets=ONE)
    survey.check(works, voltages=["220V"])
    assert _codes(NewReport(verdict=Outcome.DONE)) == ["wrong_outcome"]
    assert _codes(NewReport(verdict=Outcome.FEASIBLE)) == ["assets_missing"]
    assert _codes(NewReport(verdict=Outcome.WITH_WORKS)) == ["reasons_missing", "works_missing", "assets_missing"]
    assert _codes(NewReport(verdict=Outcome.NOT_FEASIBLE)) == ["reasons_missing"]


@pytest.mark.parametrize(
    ("voltage", "mode", "code"),
    [("220V", "high_high", "wrong_mode"), ("10kV", "low_low", "wrong_mode"), ("7kV", "", "unknown_voltage")],
)
def test_a_supply_mode_goes_with_its_voltage(voltage, mode, code):
    assert _codes(NewReport(verdict=Outcome.FEASIBLE, assets=ONE, voltage=voltage, mode=mode)) == [code]


def test_phases_and_mode_follow_from_the_voltage():
    assert [survey.phases_of(voltage) for voltage in ("220V", "380V", "10kV")] == [1, 3, 3]
    assert survey.mode_of(voltage="10kV", chosen="") == "high_high"
    assert survey.mode_of(voltage="10kV", chosen="high_low") == "high_low"


def _room(key, free_va, asset=Asset.TRANSFORMER):
    return Room(asset=asset, asset_id=key, external_id=f"T{key}", voltage="380V", free_va=free_va)


supplies = st.lists(st.integers(1, 200_000), min_size=1, max_size=30).map(
    lambda found: [
        Supply(item_id=n, seq=n, unit="", voltage="380V", capacity_w=capacity) for n, capacity in enumerate(found)
    ]
)
rooms = st.lists(st.integers(0, 300_000), min_size=1, max_size=6).map(
    lambda found: [_room(n, free) for n, free in enumerate(found)]
)


@given(supplies, rooms)
def test_no_asset_gets_more_than_it_has_and_no_supply_is_forgotten(wanted, offered):
    counted = {one.item_id: RULE.counted_va(capacity_w=one.capacity_w, voltage="380V") for one in wanted}
    if max(counted.values()) > max(room.free_va for room in offered):
        with pytest.raises(RoomMissing):
            survey.spread(supplies=wanted, rooms=offered, rule=RULE)
        return
    with suppress(RoomMissing):
        found = survey.spread(supplies=wanted, rooms=offered, rule=RULE)
        assert found.keys() == counted.keys()
        for room in offered:
            taken = sum(va for item, va in counted.items() if found[item].asset_id == room.asset_id)
            assert taken <= room.free_va


@given(supplies)
def test_what_fits_on_one_asset_hangs_there_whole(wanted):
    total = sum(RULE.counted_va(capacity_w=one.capacity_w, voltage="380V") for one in wanted)
    found = survey.spread(supplies=wanted, rooms=[_room(1, total), _room(2, total)], rule=RULE)
    assert {room.asset_id for room in found.values()} == {1}


def test_what_a_point_has_takes_no_room_and_high_voltage_hangs_on_feeders():
    kept = Supply(item_id=1, seq=0, unit="", voltage="220V", capacity_w=8_000, service_point_id=9, present_w=8_000)
    assert survey.spread(supplies=[kept], rooms=[_room(1, 0)], rule=RULE)[1].asset_id == 1
    works = Supply(item_id=2, seq=1, unit="", voltage="10kV", capacity_w=500_000)
    with pytest.raises(RoomMissing):
        survey.spread(supplies=[works], rooms=[_room(1, 10**9)], rule=RULE)
    found = survey.spread(supplies=[works], rooms=[_room(1, 10**9), _room(5, 10**9, Asset.FEEDER)], rule=RULE)
    assert found[2].asset_id == 5
