"""Two who push at once, and one who closes meanwhile: nothing is missing, nothing is there twice."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from cis.kernel.actors import SYSTEM
from cis.platform import jobs
from metering.models.live import LiveDay
from metering.models.read import IntervalDay
from metering.operations import head_end_messages, live_closing
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime(2026, 11, 27, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
METERS = 6


@pytest.fixture(autouse=True)
def _no_days_left():
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metering_intervalday")


def test_pushes_at_once_and_out_of_order_end_in_the_days_that_were_written_last(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    factories.accounts.supplier()
    registers = []
    for number in range(METERS):
        meter = factories.metering.meter(registers=("E1",), is_interval=True, serial=f"R{number}")
        factories.metering.installation(of=meter, at=factories.metering.service_point(), start_date=date(2020, 1, 1))
        registers.append(meter.registers.get().id)
    said = [
        {
            "meter": f"R{number}", "start_at": (DAY + slot * HOUR).isoformat(), "minutes": "60",
            "values": [str(number + slot + turn)], "written_at": (DAY + (25 + turn) * HOUR).isoformat(),
        }
        for number in range(METERS) for slot in range(24) for turn in range(2)
    ]  # fmt: skip
    said *= 2
    random.Random(7).shuffle(said)
    at = DAY + 28 * HOUR

    def push(first):
        try:
            head_end_messages.take(messages=said[first : first + 24], actor=SYSTEM, at=at)
            if first % 96 == 0:
                live_closing.work(at)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(push, range(0, len(said), 24)))
    live_closing.work(at + 2 * HOUR)
    assert LiveDay.objects.filter(is_waiting=True).count() == 0
    held = {
        register: IntervalDay.objects.filter(register_id=register).order_by("-version")[0] for register in registers
    }
    for number, register in enumerate(registers):
        assert held[register].total_wh == sum(number + slot + 1 for slot in range(24)) * 1_000
        assert held[register].quality == "A"
    versions = IntervalDay.objects.filter(register_id__in=registers).count()
    assert versions <= METERS * 8
