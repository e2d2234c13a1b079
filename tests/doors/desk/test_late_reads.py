"""Pages of reads that came after their days were billed: the list, what one costs, the decision."""

import pytest
from django.db import transaction

from billing.models.rebill import Rebill
from billing.operations import late_reads
from cis.kernel.enums import Role
from contracts.models.agreement import ServiceAgreement
from metering.domain.announcements import UsageCorrected
from metering.models.usage import Usage
from tests.doors.desk.conftest import sign_in, twice

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(billed):
    """January was 100 kWh and is 150 now; the supply has ended."""
    ServiceAgreement.objects.filter(id=billed.agreement.id).update(period=("2026-01-01", "2026-03-01"))
    Usage.objects.filter(start_date="2026-01-01").update(energy_wh=150_000)
    told = UsageCorrected(service_point_ids=(billed.agreement.service_point_id,), from_date=billed.bills[0].start_date)
    with transaction.atomic():
        late_reads.propose(told)
    return Rebill.objects.get()


def test_the_list_and_its_file_name_what_waits(late, desk, billed):
    for url in (
        "/desk/late-reads/",
        "/desk/late-reads/?state=proposed",
        f"/desk/late-reads/?text={billed.account.number}",
    ):
        page = desk.get(url).content.decode()
        assert f"/desk/late-reads/{late.id}/" in page
        assert billed.account.number in page
    assert f"/desk/late-reads/{late.id}/" not in desk.get("/desk/late-reads/?state=left").content.decode()
    told = b"".join(desk.get("/desk/late-reads.csv?state=proposed")).decode()
    assert billed.account.number in told
    assert "To be decided" in told
    assert "/desk/late-reads/?state=proposed" in desk.get("/").content.decode()


def test_who_decides_sees_what_it_costs_and_says_why(late, desk, billed):
    url = f"/desk/late-reads/{late.id}/"
    page = desk.get(url).content.decode()
    assert twice(page) == []
    assert '<td class="num">100' in page  # kWh before
    assert '<td class="num">150' in page
    assert "Bill anew" in page
    refused = desk.post(f"{url}decide/", {"action": "bill", "reason": ""})
    assert refused.status_code == 200
    assert Rebill.objects.get().state == "proposed"
    answer = desk.post(f"{url}decide/", {"action": "bill", "reason": "exchange"}, follow=True).content.decode()
    assert "The next run bills it anew." in answer
    assert Rebill.objects.get().state == "open"
    assert f"/desk/customers/{billed.account.id}/rebill/" in answer
    again = desk.post(f"{url}decide/", {"action": "leave", "reason": "no"}, follow=True).content.decode()
    assert 'role="alert"' in again
    assert Rebill.objects.get().state == "open"


def test_bills_are_left_and_what_is_not_there_is_not_found(late, desk):
    url = f"/desk/late-reads/{late.id}/"
    answer = desk.post(f"{url}decide/", {"action": "leave", "reason": "tested"}, follow=True).content.decode()
    assert "The bills stay as they are." in answer
    assert "tested" in answer
    assert desk.get("/desk/late-reads/999999/").status_code == 404
    assert desk.post("/desk/late-reads/999999/decide/", {"action": "leave", "reason": "x"}).status_code == 404
    assert desk.post(f"{url}decide/", {"action": "nonsense", "reason": "x"}).status_code == 404


def test_who_only_reads_is_told_who_decides(late, client):
    sign_in(client, Role.AUDITOR)
    page = client.get(f"/desk/late-reads/{late.id}/").content.decode()
    assert "Somebody of billing, or a supervisor, decides on this." in page
    assert "/decide/" not in page
    assert client.post(f"/desk/late-reads/{late.id}/decide/", {"action": "leave"}).status_code == 403


def test_both_languages_have_its_words(late, desk):
    desk.cookies["django_language"] = "zh-hans"
    page = desk.get(f"/desk/late-reads/{late.id}/").content.decode()
    for word in ("迟到示数", "重新计费", "维持原账单"):
        assert word in page
