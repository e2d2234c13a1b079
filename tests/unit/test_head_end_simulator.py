"""The simulator of a head end: what its meters count, what goes wrong of it, and what they obey."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cis.demo.head_end import faults, meters
from cis.demo.head_end.clock import Clock
from cis.demo.head_end.faults import FaultKind, of_reply, parsed, planted
from cis.demo.head_end.meters import SLOTS, Bound, bounded_wh, day_of, energies_wh, midnight, start_of
from cis.demo.head_end.orders import FOREVER, Book, Told, bounds_of
from cis.demo.head_end.saying import Speaker, wrong_wh
from metering.domain import head_end_messages
from metering.domain.device_commands import Command
from metering.domain.head_end_messages import frozen_day, read
from metering.domain.meter_alarms import AlarmKind

DATE = date(2026, 11, 20)
DAY = (DATE - date(1970, 1, 1)).days
BEGIN = midnight(DAY)
FLEET = meters.made_up(40, seed=3, read_date=DATE)
MANY = parsed("gap=120,duplicate=120,late=120,corrected=120,garbled=80,clock_drift=150,alarm=600,stranger=2")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def speaker(streams=FLEET, *, rates=faults.NONE, bounds_of=lambda _serial: (), report=1):
    return Speaker(streams, seed=3, rates=rates, report_slots=report, first=BEGIN, bounds_of=bounds_of)


def told(command, *, slot, serial="SIM000001", reference="r1", **more):
    return Told(reference=reference, serial=serial, command=command, slot=slot, at=NOW, **more)


def refused_of(said):
    return read(as_sent({"messages": said}), now=NOW, today=NOW.date()).refused


def as_sent(body):
    return head_end_messages.parsed(json.dumps(body).encode())["messages"]


def all_of(source, *, until, most=97):
    found, cursor = [], ""
    while True:
        page, after = source.page(cursor, most=most, until=until)
        found += page
        if not page:
            return found
        cursor = after


def test_some_meters_say_voltages_that_fall_with_their_load_and_count_nothing():
    source = Speaker(
        FLEET, seed=3, rates=faults.NONE, report_slots=4, first=BEGIN, bounds_of=lambda _serial: (), volts_every=8
    )  # fmt: skip
    said = all_of(source, until=BEGIN + 8)
    volted = [one for one in said if "voltage" in one]
    assert len(volted) == 2 * len({one["meter"] for one in volted}) == 2 * 3
    assert [one for one in said if "voltage" not in one] == all_of(speaker(report=4), until=BEGIN + 8)
    found = read(as_sent({"messages": volted}), now=NOW, today=NOW.date())
    assert len(found.voltages) == len(volted)
    assert not len(found.runs) + len(found.counters) + len(found.events) + len(found.refused)
    assert all(150_000 < mv <= 236_000 for one in found.voltages for mv in one.values_mv)


def test_values_depend_on_seed_register_and_instant_alone():
    whole = energies_wh(FLEET, seed=3, since=BEGIN, until=BEGIN + SLOTS)
    assert whole.shape == (40, 96)
    for place in (0, 7, 39):
        for slot in (0, 50, 95):
            one = energies_wh([FLEET[place]], seed=3, since=BEGIN + slot, until=BEGIN + slot + 1)
            assert one.tolist() == [[whole[place, slot]]]
    assert (energies_wh(FLEET, seed=4, since=BEGIN, until=BEGIN + SLOTS) != whole).any()
    assert (whole >= 0).all()
    assert len(np.unique(whole[:2], axis=0)) == 2


def test_a_year_of_values_is_about_the_energy_of_a_year():
    [home] = meters.made_up(1, seed=9, read_date=DATE)
    year = energies_wh([home], seed=9, since=midnight(DAY), until=midnight(DAY + 364)).sum()
    assert home.year_wh * 0.9 < year < home.year_wh * 1.25


def test_slots_begin_at_midnight_of_shanghai():
    assert start_of(BEGIN).isoformat() == "2026-11-20T00:00:00+08:00"
    assert (day_of(BEGIN - 1), day_of(BEGIN), day_of(BEGIN + SLOTS - 1)) == (DAY - 1, DAY, DAY)


def test_a_counter_goes_on_from_its_last_reading_behind_its_transformers():
    stream = meters.Stream(
        serial="C", register="total", is_interval=False, profile=FLEET[0].profile, year_wh=50_000_000, multiplier=20, reading_wh=999_999_990, read_date=DATE,
    )  # fmt: skip
    flowed = int(energies_wh([stream], seed=3, since=BEGIN, until=BEGIN + SLOTS).sum())
    said = speaker([stream])
    assert said.counted("C", slot=BEGIN) == {"total": 999_999_990}
    assert said.counted("C", slot=BEGIN + SLOTS) == {"total": (999_999_990 + flowed // 20) % 10**9}


def test_a_fleet_is_the_same_out_of_its_file(tmp_path):
    meters.write(FLEET, tmp_path / "fleet.csv")
    assert meters.read(tmp_path / "fleet.csv") == FLEET


def test_faults_are_the_same_whoever_asks_and_as_many_as_the_table_says():
    first = [planted(one, seed=3, day=DAY, rates=MANY) for one in FLEET]
    assert first == [planted(one, seed=3, day=DAY, rates=MANY) for one in FLEET]
    assert planted(FLEET[0], seed=3, day=DAY, rates=faults.NONE) == ()
    many = [fault for day in range(200) for one in FLEET for fault in planted(one, seed=3, day=day, rates=MANY)]
    count = {kind: sum(fault.kind is kind for fault in many) for kind in FaultKind}
    assert count[FaultKind.GAP] == pytest.approx(0.12 * 0.6 * 8_000, rel=0.2)
    assert count[FaultKind.CLOCK_DRIFT] == pytest.approx(0.15 * 8_000, rel=0.2)
    alarms = {fault.alarm for fault in many if fault.alarm}
    assert alarms | {AlarmKind.POWER_ON, AlarmKind.CLOCK_DRIFT} == set(AlarmKind)
    assert all(fault.until - fault.since >= 1 for fault in many)


def test_rates_are_read_and_wrong_ones_refused():
    assert parsed("usual") is faults.USUAL
    assert parsed("gap=1000") == {FaultKind.GAP: 1000}
    for wrong in ("gap", "gap=1001", "gap=-1", "flood=1", ""):
        with pytest.raises(ValueError, match=r"rate|flood"):
            parsed(wrong)


def test_whatever_is_said_without_faults_is_taken_and_whole():
    said = all_of(speaker(), until=BEGIN + SLOTS)
    assert refused_of(said) == []
    values = [one for one in said if "values" in one]
    assert len(values) == 24 * 96
    assert len({one["id"] for one in said}) == len(said)
    counters = [one for one in said if "reading" in one]
    assert len(counters) == 16
    assert {one["read_at"] for one in counters} == {"2026-11-20T00:00:00+08:00"}


@pytest.mark.parametrize("report", [1, 4, 24])
def test_reports_of_any_length_say_the_same_values(report):
    said = all_of(speaker(report=report), until=BEGIN + SLOTS)
    own = [text for one in said if one["meter"] == "SIM000001" and "values" in one for text in one["values"]]
    flowed = energies_wh([FLEET[0]], seed=3, since=BEGIN, until=BEGIN + SLOTS)[0]
    assert [round(float(text) * 1_000) for text in own] == flowed.tolist()


def test_the_same_cursor_gives_the_same_again_also_of_another_process():
    one, other = speaker(rates=MANY), speaker(rates=MANY)
    cursor = ""
    for _ in range(20):
        page, after = one.page(cursor, most=50, until=BEGIN + 40)
        assert other.page(cursor, most=50, until=BEGIN + 90)[0][: len(page)] == page
        cursor = after
    assert one.page(f"{BEGIN + 40}:999", most=5, until=BEGIN + 40) == ([], f"{BEGIN + 41}:0")
    with pytest.raises(ValueError, match="cursor"):
        one.page("3:-1", most=1, until=BEGIN)


def test_nothing_is_said_before_the_clock_shows_it():
    assert speaker().page("", most=9, until=BEGIN) == ([], "")
    assert {one["start_at"] for one in speaker().page("", most=9, until=BEGIN + 1)[0]} == {"2026-11-20T00:00:00+08:00"}


def test_every_fault_is_said_as_the_table_tells():
    source = speaker(rates=MANY)
    said = all_of(source, until=BEGIN + 2 * SLOTS)
    refused = {one.line for one in refused_of(said)}
    seen = set()
    for stream in FLEET:
        own = [one for one in said if one["meter"] == stream.serial]
        for fault in planted(stream, seed=3, day=DAY, rates=MANY):
            seen.add(fault.kind)
            told_of = _told(own, start_of(fault.since), fault.until - fault.since)
            right = source.flowed(stream, since=fault.since, until=fault.until).tolist()
            if fault.kind is FaultKind.GAP:
                assert set().union(*told_of) == set()
            elif fault.kind is FaultKind.LATE:
                assert told_of == [{_kwh(value)} for value in right]
            elif fault.kind is FaultKind.CORRECTED:
                assert told_of == [{_kwh(value), _kwh(wrong_wh(value))} for value in right]
            elif fault.kind is FaultKind.GARBLED:
                assert told_of == [{"0.1?"}]
                assert any(said[line]["meter"] == stream.serial for line in refused)
            elif fault.kind is FaultKind.DUPLICATE:
                assert len([one for one in own if one.get("start_at") == start_of(fault.since).isoformat()]) == 3
            elif fault.kind is FaultKind.CLOCK_DRIFT:
                assert [one["seconds"] for one in own if one.get("event") == "clock_drift"][:1] == [fault.seconds]
                _check_drift(own, stream)
            else:
                assert fault.alarm in {one.get("event") for one in own}
    assert seen == set(faults.OF_VALUES) | {FaultKind.ALARM}
    assert len([one for one in said if one["meter"].startswith("UNKNOWN")]) == 4


def _check_drift(own, stream):
    if not stream.is_interval:
        [first] = [one for one in own if "reading" in one][:1]
        assert frozen_day(datetime.fromisoformat(first["read_at"]).replace(tzinfo=None)) is None


def _told(own, since, count):
    """Return all that was told of each of some intervals."""
    found = [set() for _ in range(count)]
    for one in own:
        if "values" in one:
            first = (datetime.fromisoformat(one["start_at"]) - since) // timedelta(minutes=15)
            for place, text in enumerate(one["values"], start=first):
                if 0 <= place < count and text is not None:
                    found[place].add(text)
    return found


def _kwh(value):
    return f"{value / 1_000:.3f}"


def test_power_that_goes_comes_back_in_the_same_report():
    only = parsed("alarm=1000")
    said = all_of(speaker(rates=only), until=BEGIN + SLOTS)
    gone = [one["meter"] for one in said if one.get("event") == "power_off"]
    assert gone
    assert gone == [one["meter"] for one in said if one.get("event") == "power_on"]


def test_switches_and_limits_bound_what_flows():
    off = told(Command.SWITCH_OFF, slot=BEGIN + 9)
    on = told(Command.SWITCH_ON, slot=BEGIN + 19, reference="r2")
    limit = told(Command.DEMAND_LIMIT, slot=BEGIN + 29, limit_w=40, reference="r3", limit_until=start_of(BEGIN + 50))
    lifted = told(Command.DEMAND_LIMIT, slot=BEGIN + 39, reference="r4")
    assert list(bounds_of([off])) == [Bound(BEGIN + 10, FOREVER, 0)]
    assert list(bounds_of([limit])) == [Bound(BEGIN + 30, BEGIN + 50, 40)]
    bounds = tuple(bounds_of([off, on, limit, lifted, told(Command.READ_NOW, slot=BEGIN)]))
    assert bounds == (Bound(BEGIN + 10, BEGIN + 20, 0), Bound(BEGIN + 30, BEGIN + 40, 40))
    flowed = np.full(60, 100, dtype=np.int64)
    expected = [100] * 10 + [0] * 10 + [100] * 10 + [10] * 10 + [100] * 20
    assert bounded_wh(flowed, bounds, since=BEGIN).tolist() == expected
    assert bounded_wh(flowed, bounds, since=BEGIN + 5).tolist() == expected[5:] + [100] * 5


def test_the_journal_survives_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "journal"
    book = Book(path)
    book.note({"began": NOW.isoformat(), "start": NOW.isoformat()})
    book.tell(told(Command.READ_NOW, slot=BEGIN, shown={"total": 5}))
    book.tell(told(Command.SWITCH_OFF, slot=BEGIN + 2, reference="r2", serial="SIM000002"))
    book.note({"confirmed": ["r1.has"]})
    book.note({"pushed": "7:3"})
    with path.open("ab") as file:
        file.write(b'{"reference": "r3"')
    again = Book(path)
    assert (again.began, again.start, again.pushed, set(again.told)) == (NOW, NOW, "7:3", {"r1", "r2"})
    assert again.bounds("SIM000002") == (Bound(BEGIN + 3, FOREVER, 0),)
    ids = [one["id"] for one in again.answers(seed=3, rates=faults.NONE, most=9)]
    assert ids == ["r1.did1", "r2.has", "r2.did1"]
    again.note({"confirmed": ids})
    assert Book(path).answers(seed=3, rates=faults.NONE, most=9) == []


def test_results_are_lost_and_doubled_by_the_table(tmp_path):
    names = {of_reply(f"r{n}", seed=3, rates=parsed("reply_lost=300,reply_doubled=300")): f"r{n}" for n in range(30)}
    for kind, count in ((None, 1), (FaultKind.REPLY_LOST, 0), (FaultKind.REPLY_DOUBLED, 2)):
        book = Book(tmp_path / names[kind])
        book.tell(told(Command.SYNC_TIME, slot=BEGIN, reference=names[kind]))
        found = book.answers(seed=3, rates=parsed("reply_lost=300,reply_doubled=300"), most=9)
        assert [one["kind"] for one in found] == ["acknowledged"] + ["succeeded"] * count
        assert len({one["id"] for one in found}) == count + 1


def test_the_clock_catches_up_and_then_is_ours():
    now = [NOW]
    clock = Clock(start=NOW - timedelta(hours=6), began=NOW, speed=60, now=lambda: now[0])
    assert clock.at() == NOW - timedelta(hours=6)
    now[0] = NOW + timedelta(minutes=1)
    assert clock.at() == NOW - timedelta(hours=5)
    now[0] = NOW + timedelta(minutes=30)
    assert clock.at() == now[0]
    stopped = Clock(start=NOW - timedelta(hours=6), began=NOW, speed=60, now=lambda: now[0], until=NOW)
    assert stopped.at() == NOW
