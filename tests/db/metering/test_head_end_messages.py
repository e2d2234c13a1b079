"""What head ends say of their own: kept as it comes, in order by when it was written, and closed once a day."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.actors import SYSTEM
from cis.platform import db, jobs
from metering.domain.head_end_messages import parsed
from metering.gateways import head_end
from metering.gateways.head_end import Pulled, Unreachable
from metering.models.alarm import MeterAlarm
from metering.models.live import HeadEndCursor, LiveDay
from metering.models.read import IntervalDay, ReadFile, ReadRejection, RegisterRead
from metering.models.usage import Usage
from metering.operations import head_end_messages, head_end_pulls, live_closing
from tests import factories

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 27, 16, tzinfo=UTC)  # 2026-11-28 00:00 in Shanghai
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def register(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    factories.accounts.supplier()
    return hang("M1")


def hang(serial, *, is_interval=True, code="E1"):
    meter = factories.metering.meter(registers=(code,), is_interval=is_interval, serial=serial)
    factories.metering.installation(
        of=meter, at=factories.metering.service_point(external_id=f"P{serial}"), start_date=date(2020, 1, 1)
    )
    return meter.registers.get()


def value(slot, kwh, *, meter="M1", written=None, minutes=60, **more):
    start = DAY + slot * minutes * MINUTE
    given = {"meter": meter, "register": "E1", "start_at": start.isoformat(), "minutes": minutes, "values": [kwh]}
    return {**given, **({"written_at": written.isoformat()} if written else {}), **more}


def take(*messages, at=DAY + 30 * HOUR):
    body = json.dumps({"messages": list(messages)}).encode()
    return head_end_messages.take(messages=parsed(body)["messages"], actor=SYSTEM, at=at)


def live(register):
    row = LiveDay.objects.get(register=register)
    return (np.frombuffer(row.values, "<i8") / 1e9).tolist(), row.quality


def held(register):
    rows = IntervalDay.objects.filter(register=register).order_by("-version")
    return [(row.version, row.total_wh, row.quality) for row in rows]


def test_values_come_one_by_one_and_the_day_is_one_version(register):
    for slot in range(24):
        taken = take(value(slot, slot / 10, id=f"v{slot}"), at=DAY + (slot + 1) * HOUR)
        assert (taken.days, taken.results[0].message_id) == (1, f"v{slot}")
        live_closing.work(DAY + (slot + 1) * HOUR - MINUTE)
    assert (LiveDay.objects.count(), held(register)) == (1, [])
    live_closing.work(DAY + 24 * HOUR)
    assert held(register) == [(1, 27_600, "A")]
    assert IntervalDay.objects.get().start_at == DAY
    live_closing.work(DAY + 25 * HOUR)
    file = ReadFile.objects.get()
    assert (file.format, file.interval_days, file.interval_values) == ("head_end", 1, 24)
    assert file.usage_approved_at is not None
    hang("C1", is_interval=False, code="total")
    take({"meter": "C1", "read_at": (DAY + 24 * HOUR).isoformat(), "reading": 7}, at=DAY + 24 * HOUR + 30 * MINUTE)
    file.refresh_from_db()
    assert file.imported_at == DAY + 24 * HOUR, "a bill made between the two rests on this day"
    live_closing.work(DAY + 5 * 24 * HOUR)
    assert (LiveDay.objects.count(), ReadFile.objects.filter(interval_days__gt=0).count()) == (0, 1)


def test_doubled_and_overtaken_messages_change_nothing(register):
    first, second = value(3, 1, written=DAY + 5 * HOUR), value(3, 2, written=DAY + 6 * HOUR)
    assert take(second).days == 1
    assert take(second, first, second).days == 0
    values, quality = live(register)
    assert (values[3], quality) == (2, "NNN" + "A" + "N" * 20)
    assert take(first, value(3, 3, written=DAY + 7 * HOUR)).days == 1
    assert live(register)[0][3] == 3


def test_a_day_with_a_gap_is_closed_when_it_is_quiet_and_what_comes_late_is_another_version(register):
    at = DAY + 24 * HOUR
    take(*[value(slot, 1) for slot in range(24) if slot != 7], at=at)
    live_closing.work(at + 59 * MINUTE)
    assert held(register) == []
    live_closing.work(at + 60 * MINUTE)
    assert held(register) == [(1, 23_000, "AAAAAAAN" + "A" * 16)]
    take(value(7, 2, quality="E", written=at), at=at + 2 * HOUR)
    live_closing.work(at + 3 * HOUR)
    assert held(register)[0] == (2, 25_000, "AAAAAAAE" + "A" * 16)
    take(value(8, 5, written=DAY + 9 * HOUR), at=at + 4 * HOUR)
    live_closing.work(at + 6 * HOUR)
    assert held(register)[0][0] == 2, "an older value that comes late changes nothing"


def test_a_late_change_of_one_value_leaves_what_a_file_brought_since_for_the_others(register):
    at = DAY + 24 * HOUR
    take(*[value(slot, 1, written=at) for slot in range(24)], at=at)
    live_closing.work(at)
    factories.metering.interval_day(
        of=register, on=date(2026, 11, 28), values_wh=[3_000] * 24, version=2, start_at=DAY, updated_at=at + HOUR
    )
    late = value(7, 2, quality="E", written=at + 2 * HOUR)
    take(late, late, at=at + 2 * HOUR)
    live_closing.work(at + 3 * HOUR)
    assert held(register)[0] == (3, 71_000, "AAAAAAAE" + "A" * 16)
    take(value(9, 4, written=at + 3 * HOUR), at=at + 4 * HOUR)
    live_closing.work(at + 5 * HOUR)
    assert held(register)[0] == (4, 72_000, "AAAAAAAE" + "A" * 16)


def test_a_day_that_was_not_taken_is_handed_over_whole_when_it_is_set_right(register):
    at = DAY + 24 * HOUR
    odd = [value(0, "0.000000001", written=at), value(1, "9000", written=at)]
    take(*odd, *[value(slot, 1, written=at) for slot in range(2, 24)], at=at)
    live_closing.work(at)
    assert (held(register), ReadRejection.objects.get().code) == ([], "value_too_large")
    take(value(0, 1, written=at + HOUR), value(1, 1, written=at + HOUR), at=at + 2 * HOUR)
    live_closing.work(at + 2 * HOUR)
    assert held(register) == [(1, 24_000, "A")]


def test_usage_of_a_month_follows_when_its_last_day_is_closed(register):
    start = datetime(2026, 10, 31, 16, tzinfo=UTC)
    for day in range(30):
        at = start + day * 24 * HOUR
        run = {"meter": "M1", "start_at": at.isoformat(), "minutes": 60, "values": [1] * 24}
        take(run, at=at + 24 * HOUR)
        live_closing.work(at + 24 * HOUR)
    assert [row.energy_wh for row in Usage.objects.filter(register=register)] == [720_000]


def test_another_interval_length_takes_the_place_of_the_day_if_it_was_written_later(register):
    take(value(0, 1, written=DAY + HOUR), value(0, 5, minutes=30, written=DAY + 2 * HOUR))
    assert LiveDay.objects.get().interval_minutes == 30
    assert take(value(1, 1, written=DAY + HOUR)).days == 0


def test_a_message_that_is_wrong_is_told_and_listed_once(register):
    hang("C1", is_interval=False)
    wrong = (value(0, 1, meter="NONE"), value(0, 1, meter="C1"), value(0, -1), {"meter": "M1", "event": "smoke"})
    for _ in range(2):
        taken = take(value(0, 1), *wrong)
        assert [one.code for one in taken.results] == [
            "", "unknown_meter", "not_interval_register", "negative_value", "unknown_kind",
        ]  # fmt: skip
    file = ReadFile.objects.get()
    assert (ReadRejection.objects.count(), file.rejected, file.usage_approved_at is None) == (4, 4, False)


def test_a_counter_value_of_midnight_is_a_read_and_one_of_noon_is_not(register):
    counter = hang("C1", is_interval=False, code="total")
    factories.metering.read(of=counter, on=date(2026, 11, 1), kwh=100)
    said = {"meter": "C1", "register": "total", "reading": 250.5}
    at = DAY + 24 * HOUR + 2 * MINUTE
    frozen = {**said, "read_at": (DAY + 24 * HOUR - MINUTE).isoformat()}
    noon = {**said, "read_at": (DAY + 12 * HOUR).isoformat()}
    taken = take(frozen, noon, at=at)
    assert (taken.reads, [one.code for one in taken.results]) == (1, ["", "not_frozen"])
    kept = RegisterRead.objects.get(register=counter, read_date=date(2026, 11, 29))
    assert (kept.reading_wh, kept.kind) == (250_500, "actual")
    assert take(frozen, at=at).reads == 0
    back = take({**frozen, "reading": 90, "read_at": (DAY + 48 * HOUR).isoformat()}, at=at + 24 * HOUR)
    assert back.results[0].code in {"off_dial", "out_of_order"}
    live_closing.work(at)
    assert ReadFile.objects.order_by("id")[0].usage_approved_at is not None


def test_events_are_alarms_and_a_wrong_clock_is_noted(register):
    at = (DAY + HOUR).isoformat()
    said = [{"meter": "M1", "event": kind, "at": at} for kind in ("cover_open", "power_on")]
    drift = {"meter": "M1", "event": "clock_drift", "at": at, "seconds": -90}
    with time_machine.travel(DAY + 2 * HOUR, tick=False):
        taken = take(*said, drift, {"meter": "NONE", "event": "breaker", "at": at})
    assert (taken.alarms, taken.results[-1].code) == (3, "unknown_meter")
    assert sorted(MeterAlarm.objects.values_list("answer", flat=True)) == ["nothing", "suspicion", "work"]
    register.meter.refresh_from_db()
    assert register.meter.clock_drift_s == -90
    assert take(*said, drift).alarms == 0


def test_a_wrong_clock_is_as_the_latest_event_says_however_late_an_older_one_comes(register):
    def drift(seconds, hour):
        return {"meter": "M1", "event": "clock_drift", "at": (DAY + hour * HOUR).isoformat(), "seconds": seconds}

    def known():
        register.meter.refresh_from_db()
        return register.meter.clock_drift_s, register.meter.clock_drift_at

    take(drift(-90, 5))
    take(drift(-30, 3), drift(-60, 4))
    assert known() == (-90, DAY + 5 * HOUR)
    register.meter.clock_drift_s, register.meter.clock_drift_at = 0, DAY + 6 * HOUR
    register.meter.save()
    take(drift(-90, 5))
    assert known() == (0, DAY + 6 * HOUR), "it set its clock since then"
    take(drift(20, 7), drift(10, 6.5))
    assert known() == (20, DAY + 7 * HOUR)


def test_statements_do_not_grow_with_the_messages(register):
    for number in range(40):
        hang(f"X{number}")
    take(*[value(0, 1, meter=f"X{number}") for number in range(40)])
    counts = []
    for some in (2, 40):
        with CaptureQueriesContext(connection) as seen:
            assert take(*[value(some % 7, 2, meter=f"X{number}") for number in range(some)]).days == some
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12
    with CaptureQueriesContext(connection) as seen:
        live_closing.work(DAY + 40 * HOUR)
    assert LiveDay.objects.filter(is_waiting=True).count() == 0
    assert len(seen) < 120


def test_many_pushes_are_one_row_a_register_and_day(register):
    serials = [f"N{number}" for number in range(20)]
    for serial in serials:
        hang(serial)
    for slot in range(96):
        take(*[value(slot, 0.25, meter=serial, minutes=15) for serial in serials], at=DAY + (slot + 1) * 15 * MINUTE)
    assert (LiveDay.objects.count(), set(LiveDay.objects.values_list("filled", flat=True))) == (20, {96})
    live_closing.work(DAY + 24 * HOUR)
    assert set(IntervalDay.objects.values_list("version", "total_wh")) == {(1, 24_000)}
    assert IntervalDay.objects.count() == 20


class Told:
    """A head end with messages by cursor; a page may be torn away."""

    def __init__(self, messages, page):
        self.messages, self.page, self.is_down, self.asked = messages, page, False, []

    def pull(self, *, cursor, most):
        if self.is_down:
            raise Unreachable("down")
        self.asked.append(cursor)
        start = int(cursor or 0)
        some = tuple(self.messages[start : start + min(most, self.page)])
        return Pulled(messages=some, cursor=str(start + len(some)))


def test_messages_are_pulled_from_where_the_last_pull_ended(register, monkeypatch):
    told = Told([value(slot, 1, written=DAY + 24 * HOUR) for slot in range(5)], page=2)
    told.messages = parsed(json.dumps({"m": told.messages}).encode())["m"]
    monkeypatch.setattr(head_end, "_bound", [told])
    monkeypatch.setattr(head_end_messages.timezone, "now", lambda: DAY + 30 * HOUR)
    assert head_end_pulls.pull() == 5
    assert (live(register)[1], HeadEndCursor.objects.get().cursor) == ("AAAAA" + "N" * 19, "5")
    assert head_end_pulls.pull() == 0
    with pytest.MonkeyPatch.context() as torn:
        torn.setattr(head_end_pulls, "_move", lambda _cursor: (_ for _ in ()).throw(RuntimeError("killed")))
        told.messages += parsed(json.dumps({"m": [value(5, 2)]}).encode())["m"]
        with pytest.raises(RuntimeError):
            head_end_pulls.pull()
    assert head_end_pulls.pull() == 1
    assert (live(register)[0][5], told.asked[-3:]) == (2, ["5", "5", "6"])
    told.is_down = True
    head_end_pulls.work(DAY)
    monkeypatch.setattr(head_end, "_bound", [])
    head_end_pulls.work(DAY)
    assert db.fetch("SELECT count(*) FROM metering_headendcursor") == [(1,)]
