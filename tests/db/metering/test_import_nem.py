"""Real NEM12 and NEM13 files, from the bytes to the tables."""

import io
from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from cis.kernel.actors import SYSTEM
from cis.platform import db
from metering.domain.formats.faults import FileRefused
from metering.models.read import IntervalDay, ReadFile, ReadRejection, RegisterRead
from metering.operations import reads
from tests import factories
from tests.db.metering import samples

pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not samples.is_there(), reason="sample files are not here")]
CASES = samples.expected() if samples.is_there() else []
TAKEN = [case for case in CASES if case.get("channels") and not case.get("must_refuse")]
# Lines that are wrong in the real file, and a file that has its days twice.
REJECTED = {
    "invalid/Example_NEM12_incomplete_interval.csv": {"day_without_values"},
    "nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip": {"day_without_values", "unknown_record"},
}
TIMES = {"invalid/Example_NEM12_powercor.csv.zip": 2}
WH = {"": 1, "K": 1_000, "M": 1_000_000}


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def _import(data, *, name="file", **kwargs):
    return reads.import_file(source=io.BytesIO(data), name=name, actor=SYSTEM, today=samples.TODAY, **kwargs)


def _sums(register__code, nmi):
    """Count and sum of all values that hold of a stream, as the view for outside readers shows them. [Wh or varh]"""
    return db.fetch(
        """SELECT count(*), coalesce(sum(v.value_wh), 0) FROM metering_interval_value v
           JOIN metering_register g ON g.id = v.register_id JOIN metering_installation i ON i.meter_id = g.meter_id
           JOIN metering_servicepoint s ON s.id = i.service_point_id WHERE g.code = %s AND s.external_id = %s""",
        [register__code, nmi],
    )[0]


@pytest.mark.parametrize("case", TAKEN, ids=[case["file"] for case in TAKEN])
def test_a_real_file_arrives_value_for_value(case):
    data = samples.data_of(case["file"])
    samples.build_world(data, name=case["file"])
    done = _import(data, name=case["file"])
    rejected = set(ReadRejection.objects.values_list("code", flat=True))
    if case["header"]["version_header"] == "NEM13":
        assert rejected == set()
        spans = sum(channel["intervals"] for channel in case["channels"])
        assert 0 < done.reads <= 2 * spans
        assert done.reads + done.unchanged == 2 * spans
        return
    assert rejected <= {"not_energy", *REJECTED.get(case["file"], ())}
    for channel in case["channels"]:
        unit = channel["uom"].upper()
        if not unit.endswith(("WH", "VARH")):
            continue
        factor = WH[unit[0] if unit[0] in "KM" else ""]
        count, total = (each * TIMES.get(case["file"], 1) for each in _sums(channel["channel"], channel["nmi"]))
        assert (count, float(total)) == (channel["intervals"], pytest.approx(channel["sum"] * factor, rel=1e-9))


@pytest.mark.parametrize("case", [c for c in CASES if c.get("must_refuse")], ids=lambda case: case["file"])
def test_a_file_that_must_be_refused_leaves_nothing_but_an_audit_event(case):
    data = samples.data_of(case["file"])
    samples.build_world(data, name=case["file"])
    with pytest.raises(FileRefused) as refusal:
        _import(data)
    assert not IntervalDay.objects.exists()
    assert not ReadFile.objects.exists()
    assert not RegisterRead.objects.exists()
    assert not ReadRejection.objects.exists()
    ((code,),) = db.fetch("SELECT detail ->> 'code' FROM platform_auditevent WHERE action = 'refuse'")
    assert code == refusal.value.code


def _days(nmi, suffix, days, *, serial="M1", minutes=30, uom="kWh", created="202603010000"):
    """A NEM12 file of one stream; days are (date text, values, quality, update instant)."""
    lines = [f"100,NEM12,{created},MDP,RETAILER", f"200,{nmi},{suffix},1,{suffix},N1,{serial},{uom},{minutes},"]
    for day, values, quality, updated in days:
        lines.append(f"300,{day},{','.join(map(str, values))},{quality},,,{updated},")
    return ("\n".join([*lines, "900"]) + "\n").encode()


@pytest.fixture
def register():
    point = factories.metering.service_point(external_id="NMI1")
    meter = factories.metering.meter(registers=("E1",), is_interval=True, serial="M1")
    factories.metering.installation(of=meter, at=point, start_date=date(2026, 2, 1))
    return meter.registers.get()


ONE, TWO = ["0.100"] * 48, ["0.2"] * 48


def test_the_same_file_twice_is_the_same_result_without_change(register, django_assert_max_num_queries):
    data = _days("NMI1", "E1", [("20260301", ONE, "A", "20260302000000")])
    first = _import(data, name="a.csv")
    with django_assert_max_num_queries(4):
        second = _import(data, name="b.csv")
    assert (first.is_known, first.interval_days, first.interval_values) == (False, 1, 48)
    assert second.is_known
    assert (second.read_file_id, second.name, second.interval_days) == (first.read_file_id, "a.csv", 1)
    assert (ReadFile.objects.count(), IntervalDay.objects.count()) == (1, 1)


def test_a_newer_delivery_is_a_new_version_an_equal_one_is_unchanged_an_older_one_is_rejected(register):
    _import(_days("NMI1", "E1", [("20260301", ONE, "A", "20260302000000")]))
    newer = _import(_days("NMI1", "E1", [("20260301", TWO, "A", "20260303000000")]))
    equal = _import(_days("NMI1", "E1", [("20260301", TWO, "A", "20260304000000")]))
    older = _import(_days("NMI1", "E1", [("20260301", ["0.3"] * 48, "A", "20260301120000")]))
    assert [(d.interval_days, d.unchanged, d.rejected) for d in (newer, equal, older)] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
    ]
    kept = IntervalDay.objects.order_by("version").values_list("version", "total_wh", "read_file_id")
    assert [row[:2] for row in kept] == [(1, 4_800), (2, 9_600)]
    assert kept[1][2] == newer.read_file_id
    assert ReadRejection.objects.get().code == "outdated_day"
    assert _sums("E1", "NMI1") == (48, 9_600)


def test_a_day_that_comes_twice_in_a_file_counts_as_its_later_version(register):
    days = [("20260301", TWO, "A", "20260305000000"), ("20260301", ONE, "E52", "20260303000000")]
    done = _import(_days("NMI1", "E1", days))
    assert done.interval_days == 2
    assert _sums("E1", "NMI1") == (48, 9_600)


def test_the_same_values_of_another_quality_are_a_new_version(register):
    _import(_days("NMI1", "E1", [("20260301", ONE, "E52", "20260302000000")]))
    assert _import(_days("NMI1", "E1", [("20260301", ONE, "A", "20260303000000")])).interval_days == 1
    assert IntervalDay.objects.get(version=2).quality == "A"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"nmi": "NMI9"}, "unknown_service_point"),
        ({"suffix": "E9"}, "unknown_register"),
        ({"uom": "kvarh"}, "wrong_unit"),
        ({"uom": "V"}, "not_energy"),
    ],
)
def test_a_stream_that_means_no_register_is_rejected_line_by_line(register, change, code):
    given = {"nmi": "NMI1", "suffix": "E1", **change}
    days = [("20260301", ONE, "A", ""), ("20260302", ONE, "A", "")]
    done = _import(_days(given.pop("nmi"), given.pop("suffix"), days, **given))
    assert (done.rejected, done.interval_days) == (2, 0)
    rows = ReadRejection.objects.order_by("line_no").values_list("line_no", "code", "read_file_id")
    assert list(rows) == [(3, code, done.read_file_id), (4, code, done.read_file_id)]
    assert all(ReadRejection.objects.values_list("advice", flat=True))


def test_days_before_the_meter_hung_there_or_in_the_future_are_rejected_the_rest_is_loaded(register):
    days = [
        ("20260131", ONE, "A", ""),
        ("20260201", ONE, "A", ""),
        ("20260801", ONE, "A", ""),
        ("20260202", ONE, "A", ""),
    ]
    done = _import(_days("NMI1", "E1", days))
    assert (done.rejected, done.interval_days) == (2, 2)
    assert list(ReadRejection.objects.order_by("line_no").values_list("line_no", "code")) == [
        (3, "not_installed"),
        (5, "date_in_future"),
    ]


def test_a_register_that_is_read_as_a_counter_takes_no_interval_days(register):
    factories.metering.register(of=register.meter, code="E2", is_interval=False)
    assert _import(_days("NMI1", "E2", [("20260301", ONE, "A", "")])).rejected == 1
    assert ReadRejection.objects.get().code == "not_interval_register"


def test_on_the_day_of_an_exchange_the_serial_number_decides(register):
    old = register.meter.installations.get()
    old.period = DateRange(date(2026, 2, 1), date(2026, 3, 1))
    old.save()
    new = factories.metering.meter(registers=("E1",), is_interval=True, serial="M2")
    factories.metering.installation(of=new, at=old.service_point, start_date=date(2026, 3, 1))
    # The metering day of 1 March begins at 22:00 of 28 February in Shanghai, so both meters have a part in it.
    for serial in ("M1", "M2", ""):
        _import(_days("NMI1", "E1", [("20260301", ONE, "A", "")], serial=serial, created=f"20260301000{len(serial)}"))
    owners = IntervalDay.objects.values_list("register__meter__serial", flat=True)
    assert sorted(owners) == ["M1", "M2"]


def test_two_meters_with_the_same_register_are_told_apart_by_serial_or_rejected(register):
    twin = factories.metering.meter(registers=("E1",), is_interval=True, serial="M2")
    factories.metering.installation(of=twin, at=register.meter.installations.get().service_point)
    assert _import(_days("NMI1", "E1", [("20260301", ONE, "A", "")], serial="M2")).interval_days == 1
    assert _import(_days("NMI1", "E1", [("20260301", ONE, "A", "")], serial="")).rejected == 1
    assert IntervalDay.objects.get().register.meter == twin
    assert ReadRejection.objects.get().code == "ambiguous_register"


def test_a_known_file_can_be_imported_again_when_its_meters_were_made(register):
    data = _days("NMI2", "E1", [("20260301", ONE, "A", "")], serial="M3")
    first = _import(data)
    meter = factories.metering.meter(registers=("E1",), is_interval=True, serial="M3")
    factories.metering.installation(of=meter, at=factories.metering.service_point(external_id="NMI2"))
    second = _import(data, again=True)
    third = _import(data, again=True)
    assert (first.rejected, first.interval_days) == (1, 0)
    assert (second.rejected, second.interval_days, second.unchanged) == (0, 1, 0)
    assert (third.interval_days, third.unchanged, third.read_file_id) == (1, 1, first.read_file_id)
    assert not ReadRejection.objects.exists()


def test_the_file_is_kept_with_its_counts(register):
    done = _import(
        _days("NMI1", "E1", [("20260301", ONE, "A", ""), ("20260302", ["x"] * 48, "A", "")]), name="三月.csv"
    )
    row = ReadFile.objects.get()
    assert (row.name, row.format, row.interval_days, row.interval_values, row.rejected) == (
        "三月.csv",
        "nem12",
        1,
        48,
        1,
    )
    assert row.document_id is not None
    assert ReadRejection.objects.get(read_file=done.read_file_id).line_no == 4


def test_a_batch_needs_a_constant_number_of_statements(register, django_assert_max_num_queries):
    days = [(f"202603{day:02d}", ONE, "A", "") for day in range(1, 31)]
    _import(_days("NMI1", "E1", days[:1]))
    with django_assert_max_num_queries(18):
        assert _import(_days("NMI1", "E1", days)).interval_days == 29
    assert IntervalDay.objects.aggregate(total=Sum("total_wh"))["total"] == 30 * 4_800
