"""Imports that come at the same time, and imports that are large."""

import io
import threading
import tracemalloc
from datetime import date

import pytest
from django.db import connection, transaction

from cis.kernel.actors import SYSTEM
from cis.platform import db
from metering.models.read import ReadFile
from metering.operations import partitions, reads
from tests import factories

DAY = "0.125," * 48
TODAY = date(2026, 7, 31)


def _file(*, meters, days=28):
    lines = ["100,NEM12,202604010000,MDP,RETAILER"]
    for number in range(meters):
        lines.append(f"200,NMI{number % 40},E1,1,E1,N1,,kWh,30,")
        year, first = divmod(number // 40, 12)
        month = f"{2001 + year}{first + 1:02d}"
        lines += [f"300,{month}{day:02d},{DAY}A,,,20260402000000," for day in range(1, days + 1)]
    return ("\n".join([*lines, "900"]) + "\n").encode()


def _world():
    factories.accounts.supplier()
    for number in range(40):
        point = factories.metering.service_point(external_id=f"NMI{number}")
        meter = factories.metering.meter(registers=("E1",), is_interval=True)
        factories.metering.installation(of=meter, at=point, start_date=date(2000, 1, 1))


def _at_once(work, *, times):
    """Run the same in several threads, each with its own connection; return results and errors."""
    barrier, found = threading.Barrier(times), []

    def run():
        try:
            barrier.wait(10)
            found.append(work())
        except Exception as error:  # noqa: BLE001
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.fixture
def _no_days_left():
    """Interval days are no model that Django's flush knows."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metering_intervalday")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_days_left")
def test_the_same_file_at_the_same_time_is_imported_once():
    _world()
    data = _file(meters=40)
    found = _at_once(lambda: reads.import_file(source=io.BytesIO(data), name="a", actor=SYSTEM, today=TODAY), times=3)
    assert sorted(done.is_known for done in found) == [False, True, True]
    assert {done.interval_days for done in found} == {40 * 28}
    assert ReadFile.objects.count() == 1
    assert db.fetch("SELECT count(*), max(version) FROM metering_intervalday") == [(40 * 28, 1)]


@pytest.mark.django_db(transaction=True)
def test_a_partition_that_several_need_at_once_is_made_once():
    @transaction.atomic
    def ensure():
        return partitions.ensure(months=[date(2037, 5, 1), date(2037, 6, 1)])

    assert sorted(_at_once(ensure, times=4)) == [0, 0, 0, 2]


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_file():
    _world()
    peaks, sizes = [], []
    for meters in (480, 1440):  # both are several pieces of a file, one of which is read ahead
        data = _file(meters=meters)
        tracemalloc.start()
        done = reads.import_file(source=io.BytesIO(data), name="a", actor=SYSTEM, today=TODAY)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(len(data))
        assert done.interval_days + done.unchanged == meters * 28
    # How much of the piece ahead is there when the other is largest is chance: some MB, however large the file is.
    assert peaks[1] - peaks[0] < (sizes[1] - sizes[0]) // 2
