"""Billing runs on the desk: preview, start, held accounts, approve, drop."""

from datetime import date

import pytest

from billing.models.bill import Bill
from billing.models.run import BillRun, HeldBill
from billing.operations import proof, runs
from tests.doors.desk.conftest import make_billed
from tests.factories import metering

pytestmark = pytest.mark.django_db
FEBRUARY = {"cycle": "all", "month": "2026-02-01"}


@pytest.fixture
def usable(supplier):
    """One account with usage of February to be billed, one without: it will be held."""
    good, bad = make_billed(months=1), make_billed(name="无表人", months=1)
    metering.usage(of=good.register, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1), kwh=100,
                   at=good.agreement.service_point)  # fmt: skip
    return good, bad


@pytest.fixture
def rated(desk, usable):
    desk.post("/desk/runs/new/", {**FEBRUARY, "do": "start"})
    run = BillRun.objects.get()
    while runs.rate_chunk(run_id=run.id):
        pass
    return run


def test_what_would_be_billed_is_shown_before_anything_starts(desk, usable):
    page = desk.get("/desk/runs/new/", FEBRUARY).content.decode()
    assert "What would be billed" in page
    tiles = [part.split("<", 1)[0] for part in page.split('tile-value">')[1:]]
    assert tiles == ["2", "0", "1"]
    assert not BillRun.objects.exists()


def test_a_run_shows_drafts_and_why_an_account_is_held(desk, rated):
    page = desk.get(f"/desk/runs/{rated.id}/").content.decode()
    assert "Waits for approval" in page
    assert "1 drafts" in page
    assert "There is no approved usage" in page
    assert "无表人" in page


def test_a_run_in_work_asks_again_and_one_that_ended_does_not(desk, usable):
    desk.post("/desk/runs/new/", {**FEBRUARY, "do": "start"})
    run = BillRun.objects.get()
    url = f"/desk/runs/{run.id}/"
    assert 'hx-trigger="every 2s"' in desk.get(url).content.decode()
    piece = {"HX-Request": "true", "HX-Target": "run-progress"}
    assert "HX-Refresh" not in desk.get(url, headers=piece)
    while runs.rate_chunk(run_id=run.id):
        pass
    assert "HX-Refresh" in desk.get(url, headers=piece)
    assert "hx-trigger" not in desk.get(url).content.decode().split("run-progress")[1][:200]


def test_an_approved_run_is_issued_and_the_books_balance(desk, rated):
    assert "1 bills are issued" in desk.get(f"/desk/runs/{rated.id}/approve/").content.decode()
    assert BillRun.objects.get().state == "rated"
    desk.post(f"/desk/runs/{rated.id}/approve/")
    while runs.issue_chunk(run_id=rated.id):
        pass
    assert Bill.objects.filter(run_id=rated.id, state="issued").count() == 1
    assert proof.verify() == ()
    assert "does not allow" in desk.post(f"/desk/runs/{rated.id}/approve/", follow=True).content.decode()


def test_held_accounts_are_dealt_with_singly_and_together(desk, rated):
    held = HeldBill.objects.get(run=rated)
    url = f"/desk/runs/{rated.id}/held/"
    page = desk.post(url, {"do": "release", "held": [held.id]}, follow=True).content.decode()
    assert "no draft to release" in page
    desk.post(url, {"retry_one": held.id})
    assert HeldBill.objects.get(id=held.id).state == "retried"
    while runs.rate_chunk(run_id=rated.id):
        pass
    again = HeldBill.objects.get(run=rated, state="open")
    page = desk.post(url, {"do": "drop", "held": [again.id, "x", "999999"]}, follow=True).content.decode()
    assert "1 held account was dealt with" in page
    assert HeldBill.objects.get(id=again.id).state == "dropped"


def test_held_accounts_come_as_a_file(desk, rated):
    text = b"".join(desk.get(f"/desk/runs/{rated.id}/held.csv").streaming_content).decode("utf-8-sig")
    assert "missing_read" in text
    assert "无表人" in text


def test_a_dropped_run_leaves_nothing(desk, rated):
    desk.post(f"/desk/runs/{rated.id}/drop/")
    assert not Bill.objects.filter(run_id=rated.id).exists()
    assert "Dropped" in desk.get("/desk/runs/").content.decode()


def test_a_run_that_would_bill_nobody_is_refused_beside_its_field(desk, supplier):
    page = desk.post("/desk/runs/new/", {**FEBRUARY, "do": "start"}).content.decode()
    assert "No account here has" in page
