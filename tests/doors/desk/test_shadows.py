"""Shadow runs on the desk: start, look through, accept, promote; and chunks that failed as a whole."""

from datetime import date

import pytest

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import BillRun, ChunkState, RunChunk
from billing.models.shadow import ShadowBill
from billing.operations import runs
from tests.doors.desk.conftest import make_billed
from tests.factories import metering

pytestmark = pytest.mark.django_db
FEBRUARY = {"cycle": "all", "month": "2026-02-01"}


def use(one, kwh):
    metering.usage(of=one.register, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1), kwh=kwh,
                   at=one.agreement.service_point)  # fmt: skip


@pytest.fixture
def shadowed(desk, supplier):
    """Two homes billed in January, of which one uses very much more in February, and one without a read."""
    good, odd, missing = (
        make_billed(months=1),
        make_billed(name="多用人", months=1),
        make_billed(name="无表人", months=1),
    )
    use(good, 110)
    use(odd, 4000)
    answer = desk.post("/desk/runs/new/", {**FEBRUARY, "kind": "shadow", "do": "start"})
    assert answer.status_code == 302
    run = BillRun.objects.get(is_shadow=True)
    while runs.rate_chunk(run_id=run.id):
        pass
    return run, odd, missing


def test_the_form_says_that_a_shadow_run_makes_no_bill(desk, supplier):
    make_billed(months=1)
    page = desk.get("/desk/runs/new/", {**FEBRUARY, "kind": "shadow"}).content.decode()
    assert "makes no bill" in page
    assert "Start the shadow run" in page
    assert "Start the shadow run" not in desk.get("/desk/runs/new/", FEBRUARY).content.decode()


def test_the_page_tells_outliers_and_who_cannot_be_billed(desk, shadowed):
    run, odd, missing = shadowed
    answer = desk.get(f"/desk/runs/{run.id}/")
    assert answer["Location"] == f"/desk/runs/{run.id}/shadow/"
    page = desk.get(answer["Location"]).content.decode()
    assert "多用人" in page
    assert "无表人" in page
    assert "% of the last bill" in page
    only = desk.get(answer["Location"], {"state": "blocked"}).content.decode()
    assert "无表人" in only
    assert "多用人" not in only
    file = b"".join(desk.get(f"/desk/runs/{run.id}/shadow.csv", {"state": "open"}).streaming_content).decode()
    assert odd.account.number in file
    assert missing.account.number not in file


def test_a_run_in_work_asks_again(desk, supplier):
    use(make_billed(months=1), 100)
    desk.post("/desk/runs/new/", {**FEBRUARY, "kind": "shadow", "do": "start"})
    run = BillRun.objects.get(is_shadow=True)
    url = f"/desk/runs/{run.id}/shadow/"
    assert 'hx-trigger="every 2s"' in desk.get(url).content.decode()
    piece = {"HX-Request": "true", "HX-Target": "run-progress"}
    assert "HX-Refresh" not in desk.get(url, headers=piece)
    while runs.rate_chunk(run_id=run.id):
        pass
    assert "HX-Refresh" in desk.get(url, headers=piece)


def test_an_outlier_is_accepted_and_the_run_promoted(desk, shadowed):
    run, odd, _ = shadowed
    url = f"/desk/runs/{run.id}/shadow"
    page = desk.post(f"{url}/accept/", {"accept_one": odd.account.id}, follow=True).content.decode()
    assert "1 outlier is accepted" in page
    assert "load" in desk.post(f"{url}/accept/", {"accept_one": "x"}, follow=True).content.decode().lower()
    assert ShadowBill.objects.get(account_id=odd.account.id).state == "accepted"
    page = desk.get(f"{url}/promote/").content.decode()
    assert "0 outliers that nobody accepted" in page
    assert not BillRun.objects.filter(promotes=run).exists()
    answer = desk.post(f"{url}/promote/")
    real = BillRun.objects.get(promotes=run)
    assert answer["Location"] == f"/desk/runs/{real.id}/"
    while runs.rate_chunk(run_id=real.id):
        pass
    assert Bill.objects.filter(run=real, state="draft").count() == 2
    page = desk.get(answer["Location"]).content.decode()
    assert f"bills shadow run {run.id}" in page
    assert "does not allow" in desk.post(f"{url}/promote/", follow=True).content.decode()


def test_a_dropped_shadow_run_keeps_nothing_and_says_so(desk, shadowed):
    run, *_ = shadowed
    assert "makes no bill" in desk.get(f"/desk/runs/{run.id}/drop/").content.decode()
    page = desk.post(f"/desk/runs/{run.id}/drop/", follow=True).content.decode()
    assert "was dropped" in page
    assert not ShadowBill.objects.exists()


def test_a_run_that_bills_is_no_shadow_run(desk, supplier):
    use(make_billed(months=1), 100)
    desk.post("/desk/runs/new/", {**FEBRUARY, "do": "start"})
    run = BillRun.objects.get(end_date=date(2026, 3, 1))
    for url in ("shadow/", "shadow.csv", "shadow/promote/", "shadow/accept/"):
        assert desk.get(f"/desk/runs/{run.id}/{url}").status_code == 404


def test_what_failed_as_a_whole_is_told_and_rated_again(desk, supplier):
    use(make_billed(months=1), 100)
    desk.post("/desk/runs/new/", {**FEBRUARY, "do": "start"})
    run = BillRun.objects.get(end_date=date(2026, 3, 1))
    while runs.rate_chunk(run_id=run.id):
        pass
    RunChunk.objects.filter(run=run).update(state=ChunkState.FAILED.value, error="RuntimeError: the disk is full")
    for model in (BillLine, BillSegment):
        model.objects.filter(bill__run=run).delete()
    Bill.objects.filter(run=run).delete()
    page = desk.get(f"/desk/runs/{run.id}/").content.decode()
    assert "the disk is full" in page
    assert "Rate these again" in page
    page = desk.post(f"/desk/runs/{run.id}/retry/", follow=True).content.decode()
    assert "are rated again" in page
    while runs.rate_chunk(run_id=run.id):
        pass
    assert Bill.objects.filter(run=run, state="draft").count() == 1
    assert "Failed as a whole" not in desk.get(f"/desk/runs/{run.id}/").content.decode()
