"""Mailings and letters on the desk."""

import pytest
from django.utils import timezone

from accounts.models.customer import Customer
from accounts.models.notice import Mailing, Notice
from accounts.operations import mailings
from cis.kernel.enums import Role
from cis.platform import outbox
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = {
    "title": "Outage", "event": "announcement", "subject_zh-hans": "停电", "body_zh-hans": "{{ name }}", "sms_zh-hans": "",
    "subject_en": "Outage", "body_en": "<b>Dear</b> {{ name }}", "sms_en": "",
}  # fmt: skip


def text_of(answer):
    return answer.content.decode()


def test_count_sample_and_text_come_before_anything_is_kept(desk, billed):
    page = text_of(desk.get("/desk/notices/mailings/new/"))
    assert "Count and sample come first" in page
    assert "Keep it for" not in page
    page = text_of(desk.post("/desk/notices/mailings/new/", {**TEXT, "do": "try"}))
    assert "Keep it for one customer" in page
    assert billed.account.number in page
    assert "&lt;b&gt;Dear&lt;/b&gt;" in page
    assert not Mailing.objects.exists()


def test_a_mailing_is_kept_let_go_and_reported_on(desk, billed):
    answer = desk.post("/desk/notices/mailings/new/", {**TEXT, "do": "propose"})
    mailing = Mailing.objects.get()
    assert answer["Location"] == f"/desk/notices/mailings/{mailing.id}/"
    assert "Let it go" in text_of(desk.get(answer["Location"]))
    desk.post(answer["Location"], {"do": "approve"})
    mailings.work(None)
    page = text_of(desk.get(answer["Location"]))
    assert "Let it go<" not in page
    assert "What became of it" in page
    piece = desk.get(answer["Location"], headers={"HX-Request": "true", "HX-Target": "mailing-progress"})
    assert piece["HX-Refresh"] == "true"
    assert "Outage" in text_of(desk.get("/desk/notices/mailings/"))
    assert "No notice fits" not in text_of(desk.get(f"/desk/notices/?mailing={mailing.id}"))


def test_a_mailing_passes_over_who_was_erased_since_it_was_written(desk, billed):
    answer = desk.post("/desk/notices/mailings/new/", {**TEXT, "do": "propose"})
    desk.post(answer["Location"], {"do": "approve"})
    Customer.objects.filter(id=billed.customer.id).update(erased_at=timezone.now())
    mailings.work(None)
    assert not Notice.objects.filter(mailing__isnull=False).exists()
    assert Mailing.objects.get().state == "sent"


def test_a_mailing_with_faults_or_without_anybody_is_not_kept(desk, billed):
    page = text_of(desk.post("/desk/notices/mailings/new/", {**TEXT, "body_en": "{{ no }}", "do": "propose"}))
    assert "There is no fact no" in page
    page = text_of(desk.post("/desk/notices/mailings/new/", {**TEXT, "event": "offer", "do": "try"}))
    assert "Nobody is chosen" in page
    assert not Mailing.objects.exists()


def test_who_may_not_write_mailings_does_not(client, billed):
    biller = sign_in(client, Role.BILLING)
    assert biller.get("/desk/notices/mailings/new/").status_code == 403
    assert "New mailing" not in text_of(biller.get("/desk/notices/mailings/"))
    assert biller.get("/desk/notices/mailings/99/").status_code == 404


def test_letters_are_printed_handed_over_and_come_back(desk, billed):
    billed.customer.contact_points.all().delete()
    accounts.contact_point(of=billed.customer, kind="post")
    desk.post("/desk/notices/mailings/new/", {**TEXT, "do": "propose"})
    desk.post(f"/desk/notices/mailings/{Mailing.objects.get().id}/", {"do": "approve"})
    mailings.work(None)
    assert "One letter waits." in text_of(desk.get("/desk/notices/letters/"))
    desk.post("/desk/notices/letters/new/")
    batch = Notice.objects.get(channel="post").batch_id
    assert desk.get(f"/desk/notices/letters/{batch}/letters.pdf").status_code == 404
    outbox.deliver_due()
    assert b"".join(desk.get(f"/desk/notices/letters/{batch}/letters.pdf").streaming_content).startswith(b"%PDF")
    desk.post(f"/desk/notices/letters/{batch}/posted/")
    notice = Notice.objects.get(channel="post")
    assert notice.state == "sent"
    assert "The letter came back" in text_of(desk.get(f"/desk/notices/{notice.id}/"))
    desk.post(f"/desk/notices/{notice.id}/came-back/", {"reason": "moved"})
    notice.refresh_from_db()
    assert notice.state == "bounced"
    assert "moved" in text_of(desk.get("/desk/notices/mend/"))


def test_who_reads_only_prints_nothing(client, billed):
    auditor = sign_in(client, Role.AUDITOR)
    assert auditor.get("/desk/notices/letters/").status_code == 200
    assert auditor.post("/desk/notices/letters/new/").status_code == 403
    assert auditor.post("/desk/notices/letters/1/posted/").status_code == 403


def test_mailings_and_batches_are_narrowed_ordered_and_given_as_files(desk, billed):
    for title in ("Storms", "Autumn"):
        desk.post("/desk/notices/mailings/new/", {**TEXT, "title": title, "do": "propose"})
    lines = b"".join(desk.get("/desk/notices/mailings.csv?order=title").streaming_content).decode().splitlines()
    assert ["Autumn" in lines[1], "Storms" in lines[2], len(lines)] == [True, True, 3]
    page = text_of(desk.get("/desk/notices/mailings/?text=autu&state=waiting"))
    assert "Autumn" in page
    assert "Storms" not in page
    assert "No mailing fits" in text_of(desk.get("/desk/notices/mailings/?state=sent"))
    assert len(b"".join(desk.get("/desk/notices/letters.csv?state=open").streaming_content).splitlines()) == 1
    assert "No batch fits" in text_of(desk.get("/desk/notices/letters/?state=posted"))


def test_a_price_change_begins_with_its_text_and_asks_for_tariff_and_day(desk, billed):
    page = text_of(desk.get("/desk/notices/mailings/new/?event=price_change"))
    assert "changes on {{ start }}" in page
    typed = {**TEXT, "event": "price_change", "body_en": "{{ tariff_en }} from {{ start }}", "do": "try"}
    url = "/desk/notices/mailings/new/?event=price_change"
    refused = text_of(desk.post(url, {**typed, "start": "2020-01-01"}))
    assert "only who is on it is told" in refused
    assert "today or later" in refused
    chosen = {**typed, "start": "2099-08-01", "tariff": billed.tariff.code}
    page = text_of(desk.post(url, chosen))
    assert "from 2099-08-01" in page
    assert "Keep it for one customer" in page
    answer = desk.post(url, {**chosen, "do": "propose"})
    assert "2099-08-01" in text_of(desk.get(answer["Location"]))


def test_a_safety_campaign_says_why_and_whom_nothing_reached_is_a_task(desk, billed):
    url = "/desk/notices/mailings/new/?event=safety_campaign"
    assert "Whom it is about" in text_of(desk.get(url))
    typed = {**TEXT, "event": "safety_campaign", "body_en": "because: {{ why_en }}", "do": "try"}
    assert "Nobody is chosen" in text_of(desk.post(url, {**typed, "affected": "protected"}))
    answer = desk.post(url, {**typed, "do": "propose"})
    page = text_of(desk.get(answer["Location"]))
    assert "it concerns everybody who uses electricity" in page
    desk.post(answer["Location"], {"do": "approve"})
    mailings.work(None)
    assert "Nothing reached one customer" in text_of(desk.get(answer["Location"]))
    tasks = text_of(desk.get("/desk/deadlines/?queue=care"))
    assert "No way to the customer" in tasks
    assert billed.customer.name in tasks
