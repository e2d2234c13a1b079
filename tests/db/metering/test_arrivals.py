"""What comes in becomes approved usage by itself: after a file, with a single read, and at night what was left."""

import io
from datetime import UTC, date, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent, Job
from metering.models.read import ReadFile
from metering.models.usage import Usage
from metering.operations import arrivals, reads, uploads, usage
from tests import factories

pytestmark = pytest.mark.django_db
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))
TODAY = date(2026, 3, 10)
NIGHT = datetime(2026, 3, 10, 17, tzinfo=UTC)
HEAD = "meter,register,read_at,reading,kind\n"


@pytest.fixture(autouse=True)
def _supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    factories.accounts.supplier()


@pytest.fixture
def register():
    (made,) = factories.metering.metered()
    return made


def _csv(*rows):
    lines = "".join(f"{of.meter.serial},{of.code},{on},{kwh},actual\n" for of, on, kwh in rows)
    return io.BytesIO((HEAD + lines).encode())


def _import(*rows, again=False):
    done = reads.import_file(source=_csv(*rows), name="a.csv", actor=SYSTEM, today=TODAY, again=again)
    return done.read_file_id


def _approve(file_id):
    return arrivals.approve_file(read_file_id=file_id, today=TODAY)


def _enter(register, on, kwh):
    return reads.enter(serial=register.meter.serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)


def _current(register):
    rows = Usage.objects.filter(register=register, is_current=True).order_by("start_date")
    return [(row.start_date, row.end_date, row.energy_wh, row.version) for row in rows]


def test_a_read_that_is_entered_approves_the_span_up_to_it(register):
    _enter(register, JAN, 100)
    assert _current(register) == []
    assert _enter(register, FEB, 110).findings == ()
    assert _current(register) == [(JAN, FEB, 10_000, 1)]
    _enter(register, date(2026, 2, 20), 114)
    _enter(register, MAR, 115)
    assert [energy for _, _, energy, _ in _current(register)] == [10_000, 4_000, 1_000]


def test_a_correction_and_a_late_read_change_both_spans_beside_them(register):
    for on, kwh in ((JAN, 100), (FEB, 110), (MAR, 130)):
        _enter(register, on, kwh)
    _enter(register, FEB, 115)
    assert _current(register) == [(JAN, FEB, 15_000, 2), (FEB, MAR, 15_000, 2)]
    middle = date(2026, 2, 11)
    _enter(register, middle, 120)
    assert _current(register)[1:] == [(FEB, middle, 5_000, 3), (middle, MAR, 10_000, 1)]


def test_the_same_read_again_heals_usage_that_was_never_approved(register):
    factories.metering.read(of=register, on=JAN, kwh=100)
    factories.metering.read(of=register, on=FEB, kwh=110)
    assert not _enter(register, FEB, 110).is_new
    assert _current(register) == [(JAN, FEB, 10_000, 1)]


def test_an_entry_tells_which_read_beside_it_is_missing_but_none_of_the_future(register):
    _enter(register, JAN, 100)
    (finding,) = _enter(register, MAR, 130).findings
    assert (finding.code, finding.day) == ("read_missing", FEB)
    assert _enter(register, FEB, 110).findings == ()
    assert _enter(register, date(2026, 3, 9), 131).findings == ()
    assert len(_current(register)) == 3


def test_a_read_that_is_refused_leaves_usage_alone(register):
    _enter(register, JAN, 100)
    _enter(register, FEB, 110)
    with pytest.raises(reads.ReadRefused):
        _enter(register, MAR, 105)
    assert _current(register) == [(JAN, FEB, 10_000, 1)]


def test_the_last_read_of_a_meter_belongs_to_the_place_that_it_leaves():
    (old,) = factories.metering.metered()
    hung = old.meter.installations.get()
    middle = date(2026, 1, 15)
    hung.period = DateRange(JAN, middle)
    hung.save()
    _enter(old, JAN, 100)
    reads.enter(serial=old.meter.serial, read_date=middle, reading_wh=104_000, kind="final", actor=SYSTEM, today=TODAY)
    assert _current(old) == [(JAN, middle, 4_000, 1)]


def test_a_file_approves_what_it_brought_and_nothing_else(register):
    (other,) = factories.metering.metered()
    for on, kwh in ((JAN, 0), (FEB, 5)):
        factories.metering.read(of=other, on=on, kwh=kwh)
        factories.metering.read(of=register, on=on, kwh=kwh)
    file_id = _import((register, "2026-03-01", 30))
    done = _approve(file_id)
    assert (done.approved, done.findings) == (1, [])
    assert _current(register) == [(FEB, MAR, 25_000, 1)]
    assert _current(other) == []
    assert ReadFile.objects.get().usage_approved_at is not None
    assert AuditEvent.objects.get(action="approve_usage").detail == {"approved": 1, "superseded": 0, "findings": 0}
    again = _approve(file_id)
    assert (again.approved, again.unchanged) == (0, 1)
    assert AuditEvent.objects.filter(action="approve_usage").count() == 1


def test_a_file_corrects_both_spans_beside_its_read(register):
    _approve(_import((register, "2026-01-01", 0), (register, "2026-02-01", 10), (register, "2026-03-01", 30)))
    _approve(_import((register, "2026-02-01", 15)))
    assert _current(register) == [(JAN, FEB, 15_000, 2), (FEB, MAR, 15_000, 2)]


def _days(register, start, end, file_id, **values):
    days = factories.metering.days(start, end)
    factories.metering.interval_days(of=register, values_wh=dict.fromkeys(days), read_file_id=file_id, **values)


def _file(**values):
    return ReadFile.objects.create(sha256=f"{ReadFile.objects.count():064d}", name="a", format="nem12", **values).id


def test_interval_days_approve_their_month_with_the_file_that_ends_it():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True, start_date=FEB)
    first, last = _file(), _file()
    _days(register, FEB, date(2026, 2, 20), first)
    (finding,) = _approve(first).findings
    assert (finding.code, finding.day) == ("days_missing", date(2026, 2, 19))
    # The metering day of 1 March begins at 22:00 of 28 February in Shanghai.
    _days(register, date(2026, 2, 20), date(2026, 3, 5), last)
    assert _approve(last).findings == []
    assert _current(register) == [(FEB, MAR, 28 * 4_800, 1)]
    third = _file()
    _days(register, date(2026, 3, 5), date(2026, 3, 9), third)
    done = _approve(third)
    assert (done.approved, done.unchanged, done.findings) == (0, 0, [])


def test_a_corrected_interval_day_corrects_the_usage_of_its_month():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True, start_date=FEB)
    first, second = _file(), _file()
    _days(register, FEB, date(2026, 3, 5), first)
    _approve(first)
    factories.metering.interval_day(
        of=register, on=date(2026, 2, 9), values_wh=[200] * 48, version=2, read_file_id=second
    )
    assert _approve(second).superseded == 1
    assert _current(register) == [(FEB, MAR, 29 * 4_800, 2)]


def test_the_end_of_an_interval_meter_is_approved_before_its_month_is_over():
    (register,) = factories.metering.metered(
        registers=("E1",), is_interval=True, start_date=MAR, end_date=date(2026, 3, 5)
    )
    file_id = _file()
    _days(register, MAR, date(2026, 3, 7), file_id)
    assert _approve(file_id).findings == []
    assert _current(register) == [(MAR, date(2026, 3, 5), 4 * 4_800, 1)]


def test_a_worker_that_died_after_the_import_is_made_up_for_by_the_same_file_or_the_night(register, monkeypatch):
    rows = ((register, "2026-01-01", 0), (register, "2026-02-01", 10))
    job_id = uploads.queue(source=_csv(*rows), name="a.csv", size=10, actor=SYSTEM)

    def die(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(usage, "approve", die)
        with pytest.raises(KeyboardInterrupt):
            uploads.work(NIGHT)
    assert (_current(register), Job.objects.get(id=job_id).state) == ([], "waiting")
    arrivals.night(NIGHT)
    assert _current(register) == [(JAN, FEB, 10_000, 1)]
    Usage.objects.all().delete()
    uploads.work(NIGHT)
    assert _current(register) == [(JAN, FEB, 10_000, 1)]
    assert Job.objects.get(id=job_id).state == "done"


def test_an_import_that_comes_between_keeps_the_file_waiting(register, monkeypatch):
    file_id = _import((register, "2026-01-01", 0), (register, "2026-02-01", 10))
    approve = usage.approve

    def meanwhile(**given):
        ReadFile.objects.update(reads=3)
        return approve(**given)

    with monkeypatch.context() as patched:
        patched.setattr(usage, "approve", meanwhile)
        _approve(file_id)
    assert ReadFile.objects.get().usage_approved_at is None
    arrivals.night(NIGHT)
    assert ReadFile.objects.get().usage_approved_at is not None


def test_a_second_import_lets_the_file_wait_again(register):
    rows = ((register, "2026-01-01", 0), (register, "2026-02-01", 10))
    file_id = _import(*rows)
    _approve(file_id)
    _import(*rows, again=True)
    assert ReadFile.objects.get().usage_approved_at is None


def test_the_night_finds_last_month_where_nothing_is_approved(register):
    factories.metering.read(of=register, on=FEB, kwh=100)
    factories.metering.read(of=register, on=MAR, kwh=110)
    arrivals.night(NIGHT)
    assert _current(register) == [(FEB, MAR, 10_000, 1)]


def test_a_file_needs_the_same_statements_however_many_places_it_names(django_assert_num_queries):
    def places(count):
        made = [factories.metering.metered()[0] for _ in range(count)]
        for one in made:
            factories.metering.read(of=one, on=JAN, kwh=0)
        return _import(*((one, "2026-02-01", 9) for one in made))

    few, many = places(2), places(30)
    with django_assert_num_queries(16):
        assert _approve(few).approved == 2
    with django_assert_num_queries(16):
        assert _approve(many).approved == 30
