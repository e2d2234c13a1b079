"""Usage of a month is approved from the desk, so that a run has something to bill."""

from datetime import UTC, datetime

import pytest

from cis.platform.models import Job
from metering.models.usage import Usage
from metering.operations import approvals
from tests.doors.desk.conftest import make_billed

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)


def test_a_month_is_approved_by_a_worker_and_told(desk, billed):
    Usage.objects.all().delete()
    where = desk.post("/desk/usage/", {"month": "2026-02-01"})["Location"]
    assert 'hx-trigger="every 1s"' in desk.get(where).content.decode()
    approvals.work(NOW)
    page = desk.get(where).content.decode()
    assert [part.split("<", 1)[0] for part in page.split('tile-value">')[1:]] == ["1", "0", "0", "0"]
    (usage,) = Usage.objects.all()
    assert usage.energy_wh == 100_000


def test_a_second_press_while_it_waits_makes_no_second_job(desk, supplier):
    make_billed()
    for _ in range(2):
        desk.post("/desk/usage/", {"month": "2026-02-01"})
    assert Job.objects.filter(name=approvals.WORK).count() == 1


def test_a_run_says_that_usage_is_missing_and_leads_there(desk, billed):
    Usage.objects.all().delete()
    page = desk.get("/desk/runs/new/?cycle=all&month=2026-02-01").content.decode()
    assert 'href="/desk/usage/?month=2026-02-01"' in page
