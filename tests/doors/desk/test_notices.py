"""Notices on the desk: list, file, one with its text, addresses to mend, texts with preview and versions."""

import csv
from datetime import date
from itertools import product

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.domain.notice_events import EVENTS, Money
from accounts.models.notice import Consent, Notice, NoticeTemplate
from accounts.operations import notices
from accounts.queries import notice_texts
from billing.operations import telling
from cis.desk import notice_texts as pages
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform import outbox
from cis.platform.models import AuditEvent, OutboxMessage
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)
PAID = {"amount": Money(5_00), "received": date(2026, 3, 9), "reference": "<script>alert(1)</script>"}


@pytest.fixture
def told(billed):
    with transaction.atomic():
        notices.queue_step(
            event="payment_received", facts=PAID, key="k:1", actor=SYSTEM, customer_id=billed.customer.id,
            account_id=billed.account.id,
        )  # fmt: skip
    return billed


def text_of(answer):
    return answer.content.decode()


def test_notices_are_listed_filtered_and_given_as_a_file(desk, told):
    page = text_of(desk.get("/desk/notices/"))
    assert "Payment received" in page
    assert told.account.number in page
    assert "Inbox of the portal" in page
    narrowed = text_of(desk.get(f"/desk/notices/?channel=sms&text={told.account.number}"))
    assert narrowed.count('href="/desk/notices/1') <= 1
    assert "No notice fits" in text_of(desk.get("/desk/notices/?state=bounced"))
    assert "No notice fits" in text_of(desk.get("/desk/notices/?text=nobody-of-this-name"))
    assert told.account.number in text_of(desk.get(f"/desk/notices/?text={told.customer.name[:2]}"))
    lines = b"".join(desk.get("/desk/notices.csv").streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "Payment received" in lines[1]


def test_a_notice_is_shown_with_its_text_and_the_look_is_recorded(desk, told):
    notice = Notice.objects.get(channel="inbox")
    page = text_of(desk.get(f"/desk/notices/{notice.id}/"))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert AuditEvent.objects.filter(action="look", subject_id=told.customer.id).exists()
    assert desk.get(f"/desk/notices/{notice.id + 999}/").status_code == 404


def test_the_account_page_shows_the_contact_history(desk, told):
    page = text_of(desk.get(f"/desk/customers/{told.account.id}/"))
    assert "Contact history" in page
    assert "Payment received" in page


def test_an_address_that_bounced_waits_until_a_clerk_says_that_it_works(desk, told):
    point = told.customer.contact_points.first()
    point.bounced_at, point.bounce_reason = timezone.now(), "unknown_number"
    point.save()
    assert "does not work" in text_of(desk.get("/desk/notices/"))
    assert point.value in text_of(desk.get("/desk/notices/mend/"))
    assert "does not work" in text_of(desk.get(reverse("desk:contacts", args=[told.account.id, told.customer.id])))
    assert point.value in b"".join(desk.get("/desk/notices/mend.csv").streaming_content).decode()
    desk.post("/desk/notices/mend/", {"contact": f"{told.customer.id}.{point.id}"})
    point.refresh_from_db()
    assert point.bounced_at is None
    assert "All numbers and addresses work" in text_of(desk.get("/desk/notices/mend/"))


def test_an_auditor_mends_nothing(client, told):
    point = told.customer.contact_points.first()
    point.bounced_at = timezone.now()
    point.save()
    sign_in(client, Role.AUDITOR).post("/desk/notices/mend/", {"contact": f"{told.customer.id}.{point.id}"})
    point.refresh_from_db()
    assert point.bounced_at is not None


def test_every_text_is_previewed_in_every_way_and_language(desk, told):
    """Each text is filled; of each event one is looked at as a page, all ways and languages by turns."""
    assert desk.get("/desk/notices/texts/").status_code == 200
    for at, (code, event) in enumerate(sorted(EVENTS.items())):
        sample = pages._sample(event, "")
        places = list(product(notice_texts.channels_of(event), ("zh-hans", "en")))
        for channel, language in places:
            text = notice_texts.versions(code=code, channel=channel, language=language)[0].text
            made = notice_texts.preview(
                event=event, channel=channel, language=language, text=text, facts=sample.facts, name=sample.name,
                account=sample.account_number,
            )  # fmt: skip
            assert made.body, (code, channel, language)
        channel, language = places[at % len(places)]
        page = text_of(desk.get(f"/desk/notices/texts/{code}/{channel}/{language}/"))
        assert '<div class="letter"' in page, code
        assert "text-bad" not in page, code


def test_a_preview_shows_the_facts_of_the_account_that_is_asked_for(desk, told):
    bill = told.bills[-1]
    page = text_of(desk.get(f"/desk/notices/texts/bill_issued/email/en/?account={told.account.number}"))
    assert bill.number in page
    assert f"With the facts of account {told.account.number}" in page


def test_a_supervisor_writes_a_version_that_holds_from_the_next_notice_on(desk, told):
    place = "/desk/notices/texts/bill_issued/inbox/zh-hans/"
    new = {"subject": "S", "body": "{{ name }}，{{ to_pay }}", "version": "0", "do": "save"}
    assert desk.post(place, new).status_code == 302
    telling.tell_bills(bill_ids=[told.bills[-1].id])
    notice = Notice.objects.get(event="bill_issued", channel="inbox")
    assert (notice.template_version, notice.body) == (
        1,
        f"{told.customer.name}，¥{told.bills[-1].amount_minor / 100:.2f}",
    )
    page = text_of(desk.get(place))
    assert "in force" in page
    assert "as delivered" in page
    assert "账期：{{ period }}" in text_of(desk.get(f"{place}?version=0"))


def test_a_text_with_faults_is_not_saved_and_each_fault_is_told(desk, told):
    place = "/desk/notices/texts/bill_issued/email/en/"
    page = text_of(desk.post(place, {"subject": "{{ what }}", "body": "{% now %}", "version": "0", "do": "save"}))
    assert "There is no fact what" in page
    assert "A notice has no tags" in page
    assert not NoticeTemplate.objects.exists()


def test_two_who_write_at_once_do_not_overwrite_each_other(desk, told):
    place = "/desk/notices/texts/bill_issued/sms/en/"
    desk.post(place, {"body": "first {{ name }}", "version": "0", "do": "save"})
    page = text_of(desk.post(place, {"body": "second {{ name }}", "version": "0", "do": "save"}))
    assert "meanwhile" in page
    assert NoticeTemplate.objects.get().body == "first {{ name }}"


def test_who_is_no_supervisor_looks_but_does_not_write(client, told):
    clerk = sign_in(client, Role.CLERK)
    place = "/desk/notices/texts/bill_issued/sms/en/"
    assert "A supervisor changes texts" in text_of(clerk.get(place))
    assert clerk.post(place, {"body": "x", "version": "0", "do": "save"}).status_code == 404


@pytest.mark.parametrize(
    "place",
    ["never/sms/en", "bill_issued/fax/en", "bill_issued/sms/fr", "bill_issued/post/en", "one_time_code/inbox/en"],
)
def test_texts_that_are_not_there_answer_404(desk, told, place):
    assert desk.get(f"/desk/notices/texts/{place}/").status_code == 404


def test_the_list_takes_the_same_number_of_statements_whatever_its_length(desk, told, django_assert_max_num_queries):
    with django_assert_max_num_queries(30) as few:
        desk.get("/desk/notices/")
    for n in range(8):
        who = accounts.customer()
        with transaction.atomic():
            notices.queue_step(event="payment_received", facts=PAID, key=f"n:{n}", actor=SYSTEM, customer_id=who.id)
    with django_assert_max_num_queries(len(few)):
        desk.get("/desk/notices/")


def test_a_clerk_writes_down_how_a_customer_wants_to_be_told(desk, client, told):
    place = reverse("desk:ways", args=[told.account.id, told.customer.id])
    assert "not said yet" in text_of(desk.get(place))
    ticks = {f"{kind}_{way}": "on" for kind in ("money", "service") for way in ("email", "post")}
    assert desk.post(place, {**ticks, "service_sms": "on"}).status_code == 302
    assert Consent.objects.values_list("notice_class", "channel", "is_given").get() == ("money", "sms", False)
    assert AuditEvent.objects.filter(action="change_consent").count() == 1
    assert sign_in(client, Role.AUDITOR).get(place).status_code == 403


def test_the_first_page_counts_addresses_that_do_not_work(desk, told):
    told.customer.contact_points.update(bounced_at=timezone.now())
    assert "a message came back" in text_of(desk.get("/"))


def lines_of(answer):
    return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()


@pytest.fixture
def _by_day(monkeypatch):
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: None)


def waiting(told):
    told.customer.contact_points.filter(kind="mobile").update(value="+8613800138002")
    with transaction.atomic():
        notices.queue_step(
            event="payment_received", facts=PAID, key="k:2", actor=SYSTEM, customer_id=told.customer.id,
            account_id=told.account.id,
        )  # fmt: skip
    return Notice.objects.get(channel="sms", key="k:2")


@pytest.mark.usefixtures("_by_day")
def test_a_notice_that_waits_is_withdrawn_with_a_reason_and_never_sent(desk, told, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    notice = waiting(told)
    assert "Withdraw it" in text_of(desk.get(f"/desk/notices/{notice.id}/"))
    desk.post(f"/desk/notices/{notice.id}/withdraw/", {"reason": "  "})
    notice.refresh_from_db()
    assert notice.state == "queued"
    desk.post(f"/desk/notices/{notice.id}/withdraw/", {"reason": "paid by mistake"})
    OutboxMessage.objects.update(due_at=timezone.now())
    outbox.deliver_due()
    notice.refresh_from_db()
    assert (notice.state, notice.reason, notice.detail, notice.spares) == (
        "withdrawn",
        "withdrawn",
        "paid by mistake",
        [],
    )
    assert f"notice:{notice.id}" not in (tmp_path / "sms" / "sent.jsonl").read_text()
    event = AuditEvent.objects.get(action="withdraw", subject_id=notice.id)
    assert event.detail["reason"] == "paid by mistake"
    page = text_of(desk.get(f"/desk/notices/{notice.id}/"))
    assert "paid by mistake" in page
    assert "Withdraw it" not in page
    desk.post(f"/desk/notices/{notice.id}/withdraw/", {"reason": "again"})
    assert AuditEvent.objects.filter(action="withdraw").count() == 1


@pytest.mark.usefixtures("_by_day")
def test_what_did_not_arrive_is_sent_again_to_the_address_of_today(desk, told, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    notice = waiting(told)
    Notice.objects.filter(id=notice.id).update(state="failed", reason="gateway_down", address="+8613800130000")
    assert "Send it again" in text_of(desk.get(f"/desk/notices/{notice.id}/"))
    desk.post(f"/desk/notices/{notice.id}/again/")
    desk.post(f"/desk/notices/{notice.id}/again/")
    OutboxMessage.objects.update(due_at=timezone.now())
    outbox.deliver_due()
    notice.refresh_from_db()
    assert (notice.state, notice.resent, notice.address) == ("delivered", 1, "+8613800138002")
    assert (tmp_path / "sms" / "sent.jsonl").read_text().count(f'"notice:{notice.id}') == 1
    assert AuditEvent.objects.filter(action="resend", subject_id=notice.id).count() == 1
    assert "Send it again" not in text_of(desk.get(f"/desk/notices/{notice.id}/"))


def test_what_nobody_would_get_is_not_sent_again_and_who_may_not_does_not(desk, client, told):
    notice = waiting(told)
    told.customer.contact_points.filter(kind="mobile").update(bounced_at=timezone.now())
    Notice.objects.filter(id=notice.id).update(state="failed")
    assert "No number or address works" in text_of(desk.post(f"/desk/notices/{notice.id}/again/", follow=True))
    notice.refresh_from_db()
    assert notice.state == "failed"
    assert desk.post("/desk/notices/999999/again/").status_code == 404
    auditor = sign_in(client, Role.AUDITOR)
    assert auditor.post(f"/desk/notices/{notice.id}/again/").status_code == 403
    assert auditor.post(f"/desk/notices/{notice.id}/withdraw/", {"reason": "x"}).status_code == 403
    assert "Send it again" not in text_of(auditor.get(f"/desk/notices/{notice.id}/"))


def test_each_list_is_ordered_narrowed_and_given_as_a_file_as_it_is_shown(desk, told):
    waiting(told)
    latest = lines_of(desk.get("/desk/notices.csv"))[1:]
    assert lines_of(desk.get("/desk/notices.csv?order=oldest"))[1:] == latest[::-1]
    for place in ("notices/mend", "notices/letters", "notices/mailings", "notices/texts"):
        assert desk.get(f"/desk/{place}/?order=oldest&state=nonsense").status_code == 200
        assert "Show all" in text_of(desk.get(f"/desk/{place}/?since=2099-01-01&text=zzz")), place
    texts = list(csv.reader(lines_of(desk.get("/desk/notices/texts.csv?text=payment+received"))))
    assert {tuple(row[2:4]) for row in texts if row[0] == "Payment received"} >= {("SMS", "English"), ("Mail", "中文")}
    page = text_of(desk.get("/desk/notices/texts/?state=changed"))
    assert "No text fits these filters" in page
    told.customer.contact_points.filter(kind="mobile").update(bounced_at=timezone.now())
    assert "13800138002" in lines_of(desk.get("/desk/notices/mend.csv?kind=mobile"))[1]
    assert len(lines_of(desk.get("/desk/notices/mend.csv?kind=email"))) == 1
