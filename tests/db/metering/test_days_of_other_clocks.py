"""Interval values of any clock and in parts, from the bytes to the days of a register."""

import io
import json
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from cis.kernel.actors import SYSTEM
from cis.platform import db
from metering.domain.formats import lines
from metering.domain.formats.files import read_file
from metering.models.read import IntervalDay, ReadRejection
from metering.operations import reads
from tests import factories
from tests.db.metering import samples

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 30)
HOUR = timedelta(hours=1)


@pytest.fixture
def register():
    factories.accounts.supplier()
    return _hang("M1")


def _hang(serial, *, at=None):
    meter = factories.metering.meter(registers=("E1",), is_interval=True, serial=serial)
    point = factories.metering.service_point(external_id=at or f"P{serial}")
    factories.metering.installation(of=meter, at=point, start_date=date(2020, 1, 1))
    return meter.registers.get()


def _import(data, **kwargs):
    return reads.import_file(source=io.BytesIO(data), name="file", actor=SYSTEM, today=TODAY, **kwargs)


def _lines(*runs, meter="M1", minutes=60):
    """NDJSON of runs of (start, values, quality)."""
    rows = [
        {"meter": meter, "register": "E1", "start_at": start, "minutes": minutes, "values": values, "quality": quality}
        for start, values, quality in runs
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _long(values, *, offset_of, meter="M1", minutes=60):
    """CSV with a line for each (instant, kWh)."""
    rows = [
        f"{meter},E1,{at.astimezone(timezone(offset_of(at))).isoformat()},{minutes},{value}" for at, value in values
    ]
    return ("\n".join(["meter,register,start_at,minutes,value", *rows]) + "\n").encode()


def _held(register):
    """Return what holds of a register: Wh by instant, as the view for outside readers shows it."""
    rows = db.fetch(
        "SELECT start_at, value_wh FROM metering_interval_value WHERE register_id = %s AND quality <> 'N'",
        [register.id],
    )
    return {at: int(value) for at, value in rows}


def _versions(register):
    rows = IntervalDay.objects.filter(register=register).order_by("day_date", "version")
    return [(row.day_date.isoformat()[5:], row.version, row.total_wh) for row in rows]


def test_the_first_delivery_sets_the_clock_of_a_register_to_the_suppliers_standard_time(register):
    done = _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A")))
    assert (done.format, done.interval_days, done.interval_values, done.rejected) == ("ndjson", 1, 24, 0)
    day = IntervalDay.objects.get()
    assert (day.day_date, day.start_at, day.quality) == (date(2026, 7, 1), datetime(2026, 6, 30, 16, tzinfo=UTC), "A")
    register.refresh_from_db()
    assert register.utc_offset_minutes == 480


def test_hours_with_their_offset_through_both_changes_of_summer_time():
    factories.accounts.supplier(time_zone="Europe/Brussels")
    register = _hang("M1")
    values = {}
    for first in (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)):
        values |= {first + HOUR * at: at + 1 for at in range(23 if first.month == 3 else 25)}
    summer = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
    data = _long(list(values.items()), offset_of=lambda at: HOUR * (2 if summer[0] <= at < summer[1] else 1))
    done = _import(data)
    assert (done.format, done.interval_values, done.rejected) == ("interval_csv", 48, 0)
    assert _held(register) == {at: value * 1000 for at, value in values.items()}
    register.refresh_from_db()
    assert register.utc_offset_minutes == 60
    # The 25 hours of 25 October begin at 23:00 of the day before on the clock of winter.
    assert [day for day, _, _ in _versions(register)] == ["03-29", "10-24", "10-25"]


def test_half_hours_off_the_hour_are_a_clock_of_their_own():
    factories.accounts.supplier(time_zone="Asia/Kolkata")
    register = _hang("M1")
    assert _import(_lines(("2026-07-01T00:00:00+05:30", [2] * 24, "A"))).interval_days == 1
    done = _import(_lines(("2026-07-02T00:00:00+08:00", [2] * 24, "A")))
    assert (done.interval_days, done.rejected) == (0, 1)
    assert ReadRejection.objects.get().code == "off_clock"
    assert min(_held(register)) == datetime(2026, 6, 30, 18, 30, tzinfo=UTC)


def test_a_register_of_market_time_stays_on_it(register):
    market = "100,NEM12,202607020000,M,R\n200,PM1,E1,1,E1,N1,M1,kWh,60,\n"
    day = f"300,20260701,{','.join(['1'] * 24)},A,,,,\n900\n"
    _import((market + day).encode())
    again = _import(_lines(("2026-06-30T22:00:00+08:00", [1] * 24, "A")))
    later = _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 22 + [5] * 2, "A")))
    register.refresh_from_db()
    assert (register.utc_offset_minutes, again.unchanged, later.interval_days) == (None, 1, 1)
    assert _versions(register) == [("07-01", 1, 24_000), ("07-02", 1, 10_000)]


def test_a_register_on_another_clock_takes_days_of_market_time_value_for_value(register):
    _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A")))
    market = "100,NEM12,202607040000,M,R\n200,PM1,E1,1,E1,N1,M1,kWh,60,\n"
    values = ",".join(str(at) for at in range(24))
    done = _import(f"{market}300,20260702,{values},A,,,,\n300,20260703,{values},E52,,,,\n900\n".encode())
    first = datetime(2026, 7, 1, 14, tzinfo=UTC)
    expected = {datetime(2026, 6, 30, 16, tzinfo=UTC) + HOUR * at: 1_000 for at in range(22)}
    expected |= {first + HOUR * at: at % 24 * 1_000 for at in range(48)}
    assert (done.rejected, _held(register)) == (0, expected)
    assert [version for _, version, _ in _versions(register)] == [1, 2, 1, 1]


def test_parts_of_a_day_make_one_day(register):
    morning = _lines(("2026-07-01T00:00:00+08:00", [1] * 12, "A"))
    afternoon = _lines(("2026-07-01T12:00:00+08:00", [2] * 12, "A"))
    mended = _lines(("2026-07-01T05:00:00+08:00", [3], "E"))
    for data in (morning, afternoon, mended):
        assert _import(data).interval_days == 1
    assert _versions(register) == [("07-01", 1, 12_000), ("07-01", 2, 36_000), ("07-01", 3, 38_000)]
    held = IntervalDay.objects.get(version=3)
    assert held.quality == "A" * 5 + "E" + "A" * 18
    same = _import(_lines(("2026-07-01T05:00:00+08:00", [3.0], "E")))
    assert (same.interval_days, same.unchanged) == (0, 1)


def test_a_delivery_makes_one_version_of_a_day_however_it_is_cut_into_batches(register, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 300)
    runs = [(f"2026-07-01T{hour:02d}:00:00+08:00", [hour], "A") for hour in range(24)]
    data = _lines(*runs)
    done = _import(data)
    assert (done.interval_days, done.interval_values) == (1, 24)
    assert _versions(register) == [("07-01", 1, sum(range(24)) * 1_000)]
    again = _import(data, again=True)
    assert again.unchanged > 1
    assert _versions(register) == [("07-01", 1, 276_000)]


def test_a_corrected_day_is_not_undone_by_a_part(register):
    _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A")))
    day = IntervalDay.objects.get()
    db.execute(
        "INSERT INTO metering_intervalday SELECT register_id, day_date, 2, start_at, interval_minutes, exponent,"
        " values, total_wh, 'S', updated_at, NULL, 1 FROM metering_intervalday WHERE register_id = %s",
        [day.register_id],
    )
    same = _import(_lines(("2026-07-01T03:00:00+08:00", [1], "A")))
    other = _import(_lines(("2026-07-01T03:00:00+08:00", [9], "A")))
    assert (same.unchanged, same.rejected, other.rejected) == (1, 0, 1)
    assert ReadRejection.objects.get().code == "corrected_day"


def test_lines_that_mean_no_register_are_rejected_each(register):
    known = _lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A"))
    point = known.replace(b'"meter": "M1"', b'"service_point": "PM1"')
    point = point.replace(b"07-01T", b"07-02T")
    early = known.replace(b"2026-07", b"2019-07")
    done = _import(
        known.replace(b"M1", b"M9") + point.replace(b"PM1", b"P9") + known.replace(b"E1", b"E9")
        + early + known.replace(b'"register"', b'"unit": "kvarh", "register"') + known + point
    )  # fmt: skip
    assert (done.interval_days, done.rejected) == (2, 5)
    rows = ReadRejection.objects.order_by("line_no").values_list("line_no", "code")
    assert list(rows) == [
        (1, "unknown_meter"),
        (2, "unknown_service_point"),
        (3, "unknown_register"),
        (4, "not_installed"),
        (5, "wrong_unit"),
    ]


def test_a_part_in_another_length_takes_nothing_away_and_a_whole_day_takes_its_place(register):
    _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A")))
    part = _import(_lines(("2026-07-01T00:00:00+08:00", [1] * 4, "A"), minutes=30))
    assert (part.rejected, ReadRejection.objects.get().code) == (1, "other_interval_length")
    whole = _import(_lines(("2026-07-01T00:00:00+08:00", [2] * 48, "A"), minutes=30))
    assert (whole.interval_days, _versions(register)) == (1, [("07-01", 1, 24_000), ("07-01", 2, 96_000)])


def test_values_from_after_the_removal_of_a_meter_are_not_taken(register):
    hung = register.meter.installations.get()
    hung.period = (date(2020, 1, 1), date(2026, 7, 2))
    hung.save()
    done = _import(
        _lines(
            ("2026-07-01T00:00:00+08:00", [1] * 24, "A"),
            ("2026-07-02T00:00:00+08:00", [1] * 24, "A"),
        )
    )
    assert (done.interval_days, done.rejected) == (1, 1)
    assert ReadRejection.objects.get().code == "not_installed"


def test_a_batch_of_runs_needs_a_constant_number_of_statements(django_assert_max_num_queries):
    factories.accounts.supplier()
    for number in range(30):
        _hang(f"N{number}")
    data = b"".join(_lines(("2026-07-01T00:00:00+08:00", [1] * 24, "A"), meter=f"N{number}") for number in range(30))
    _import(data[: data.index(b"\n") + 1])
    with django_assert_max_num_queries(19):
        assert _import(data).interval_days == 29


NEM12 = "nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip"


@pytest.mark.skipif(not samples.is_there(), reason="sample files are not here")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_real_nem12_file_rewritten_gives_the_same_values(form):
    factories.accounts.supplier()
    data = samples.data_of(NEM12)
    samples.build_world(data, name=NEM12)
    _import(data)
    expected = _table()
    db.execute("TRUNCATE metering_intervalday", [])
    rewritten = _rewritten(data, form)
    done = _import(rewritten)
    assert done.format == ("ndjson" if form == "ndjson" else "interval_csv")
    assert _table() == expected
    assert len(expected) > 300


def _table():
    return dict(
        db.fetch(
            "SELECT register_id || ' ' || start_at, (round(value_wh, 6), quality) FROM metering_interval_value"
            " WHERE quality <> 'N'"
        )
    )


def _rewritten(data, form):
    rows = ["service_point,register,start_at,minutes,unit,value,quality"] if form == "csv" else []
    for batch in read_file(io.BytesIO(data), name=NEM12, today=TODAY):
        days, offsets = batch.days, batch.days.offsets()
        for at in range(len(days)):
            channel = days.channels[days.channel[at]]
            first, end = offsets[at : at + 2]
            letters = days.quality[at] if len(days.quality[at]) > 1 else days.quality[at] * int(days.slots[at])
            letters = letters.replace("V", "A")
            texts = [
                np.format_float_positional(v * 10.0 ** int(days.exponent[at] - channel.unit_places), trim="0")
                for v in days.values[first:end].tolist()
            ]
            start = datetime.fromisoformat(f"{days.day_date[at]}T00:00:00+10:00")
            head = {"service_point": channel.nmi, "register": channel.suffix, "minutes": channel.interval_minutes}
            if form == "ndjson":
                values = [None if letter == "N" else text for letter, text in zip(letters, texts, strict=True)]
                row = {**head, "start_at": start.isoformat(), "unit": channel.uom, "values": values, "quality": letters}
                rows.append(json.dumps(row))
                continue
            for slot, (letter, text) in enumerate(zip(letters, texts, strict=True)):
                moment = (start + timedelta(minutes=slot * channel.interval_minutes)).isoformat()
                given = (channel.nmi, channel.suffix, moment, channel.interval_minutes, channel.uom, text, letter)
                rows.append(",".join(map(str, given)))
    return ("\n".join(rows) + "\n").encode()
