"""
A read is missing: the month is imported without it, the run holds the account and says why, the read is entered, the
account is rated again, approved and issued. Nobody approves usage by hand.
"""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from billing.models.bill import Bill
from billing.models.run import HeldBill
from billing.operations import held, proof, runs
from billing.queries import runs as run_queries
from cis.demo import building, files, readings, world
from cis.demo.world import Scale
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.loading import supplier
from metering.models.read import ReadFile
from metering.models.usage import Usage
from metering.operations import arrivals, reads

pytestmark = pytest.mark.django_db(transaction=True)
JANUARY = Period(start=date(2026, 1, 1), end=date(2026, 2, 1))
TODAY = date(2026, 2, 10)
ACCOUNTS = 20


@pytest.fixture
def scale():
    return Scale(accounts=ACCOUNTS, months=(JANUARY,), seed=5)


@pytest.fixture
def late(scale):
    """The last value of a household that the files lack."""
    home = next(
        home
        for home in world.households(scale)
        if home.metering == world.FLAT and home.exchange_date is None and not home.skips_last_read
    )
    return next(value for value in readings.counter_values(home, scale=scale) if value.read_date == JANUARY.end)


@pytest.fixture
def run_id(scale, late, tmp_path, settings, time_machine):
    """A run of January, rated, over what the files brought."""
    time_machine.move_to("2026-02-10T02:00:00Z", tick=False)
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    written = files.write(tmp_path, scale)
    supplier.load(folder=written.supplier, actor=SYSTEM)
    for path in written.read_files:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"{late.serial},total,{JANUARY.end}")]
        path.write_text("".join(kept), encoding="utf-8")
        call_command("import_reads", str(path))
    opened = runs.open(period=JANUARY, as_of_date=TODAY, actor=SYSTEM)
    _rate(opened)
    return opened


def _rate(run_id):
    while runs.rate_chunk(run_id=run_id):
        pass


def test_an_account_held_for_a_missing_read_is_billed_once_the_read_is_entered(run_id, late):
    held_before = {one.code: one for one in HeldBill.objects.filter(state="open", bill=None)}
    missing = held_before["missing_read"]
    assert "no approved usage from 2026-01-01" in missing.message
    assert "2026-02-01" in missing.advice
    assert "approved with" in missing.advice
    assert run_queries.totals(run_id=run_id).bills == ACCOUNTS - 1

    entered = reads.enter(
        serial=late.serial, register="total", read_date=late.read_date, reading_wh=late.reading_wh,
        actor=SYSTEM, today=TODAY,
    )  # fmt: skip
    assert entered.findings == ()
    held.retry(held_id=missing.id, actor=SYSTEM)
    _rate(run_id)
    assert run_queries.totals(run_id=run_id).bills == ACCOUNTS
    for one in HeldBill.objects.filter(state="open"):
        held.release(held_id=one.id, today=TODAY, actor=SYSTEM)
    runs.approve(run_id=run_id, actor=SYSTEM)
    while runs.issue_chunk(run_id=run_id):
        pass

    mine = Bill.objects.get(account_id=missing.account_id)
    assert (mine.state, HeldBill.objects.get(id=missing.id).state) == ("issued", "retried")
    assert mine.energy_wh == Usage.objects.get(register_id=entered.register_id, is_current=True).energy_wh > 0
    assert Bill.objects.filter(state="issued").count() == ACCOUNTS
    assert proof.verify() == ()


def test_usage_that_files_bring_is_that_of_approving_month_by_month(tmp_path, settings):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    months = (Period(start=date(2025, 12, 1), end=JANUARY.start), JANUARY, Period(JANUARY.end, date(2026, 3, 1)))
    building.seed(
        scale=Scale(accounts=113, months=months, seed=5),
        folder=tmp_path,
        today=date(2026, 3, 10),
        say=_quiet,
        bar=_quiet,
    )
    by_month = _spans()
    assert date(2026, 1, 15) in {end for _, _, _, end, _ in by_month}  # an exchange of a meter
    arrivals.night(datetime(2026, 3, 10, tzinfo=UTC))
    assert _spans() == by_month
    Usage.objects.all().delete()
    ReadFile.objects.update(usage_approved_at=None)
    arrivals.night(datetime(2026, 3, 10, tzinfo=UTC))
    assert _spans() == by_month


def _quiet(*_args):
    """Say nothing."""


def _spans():
    fields = ("service_point_id", "register_id", "start_date", "end_date", "energy_wh")
    return sorted(Usage.objects.filter(is_current=True).values_list(*fields))
