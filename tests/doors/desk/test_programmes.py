"""Programmes on the desk: published, offered, signed, settled with a look at the money, listed and exported."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cis.kernel.enums import Role
from contracts.models.program import Enrollment, Program
from contracts.operations import program_nights
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories.programs import LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db
FIELDS = {
    "kind": "instalment_sale", "code": "charger", "name_zh": "充电桩", "name_en": "Charger", "device_zh": "充电桩",
    "device_en": "Charger", "text_zh": "条款", "text_en": "Terms", "valid_from": "2026-01-01", "months": "12",
    "price": "1500", "down": "300", "rate": "4.35", "method": "annuity", "count": "calendar_days",
}  # fmt: skip


def text(desk, name, *args, **query):
    return desk.get(reverse(f"desk:{name}", args=args), query).content.decode()


def act(desk, enrollment_id, **data):
    return desk.post(reverse("desk:act_enrolment", args=[enrollment_id]), data, follow=True).content.decode()


def test_a_programme_is_published_looked_at_and_withdrawn(desk):
    page = desk.post(reverse("desk:new_programme"), FIELDS, follow=True).content.decode()
    card = Program.objects.get()
    assert (card.price_minor, card.down_minor, card.rate_e6, card.months) == (150_000, 30_000, 43_500, 12)
    assert "The programme is published." in page
    assert card.sha256 in page
    assert "¥1,500.00" in page
    assert "4.35" in page
    assert "Charger" in text(desk, "programmes")
    assert "No programme fits" in text(desk, "programmes", kind="green")
    desk.post(reverse("desk:withdraw_programme", args=[card.id]))
    assert "Offered no more" in text(desk, "programme", card.id)
    again = desk.post(reverse("desk:withdraw_programme", args=[card.id]), follow=True).content.decode()
    assert "does not allow" in again


def test_faults_stand_beside_their_fields(desk):
    page = desk.post(
        reverse("desk:new_programme"), FIELDS | {"months": "300", "price": "2", "down": ""}
    ).content.decode()
    assert "An instalment would pay nothing of the price" in page
    page = desk.post(reverse("desk:new_programme"), FIELDS | {"rate": "1E5", "text_en": ""}).content.decode()
    assert "is not a number" in page
    assert not Program.objects.exists()


def test_an_offer_is_signed_at_the_counter_and_its_schedule_shown(desk, billed):
    published(SALE, name_en="Charger")
    card = Program.objects.get()
    assert "Offer one" in text(desk, "account", billed.account.id)
    page = text(desk, "offer_programme", billed.account.id)
    assert "Charger" in page
    key = page.split('name="request_key" value="')[1].split('"')[0]
    given = {"program": card.id, "start_date": "2026-03-10", "request_key": key}
    for _ in range(2):
        desk.post(reverse("desk:offer_programme", args=[billed.account.id]), given)
    made = Enrollment.objects.get()
    assert "Waits for a signature" in text(desk, "enrolment", made.id)
    scan = SimpleUploadedFile("signed.pdf", b"%PDF-1.7 x %%EOF")
    answer = act(desk, made.id, action="sign", signed_name="x", scan=scan)
    assert "This is not the text of the programme." in answer
    given = {"action": "sign", "signed_name": "张三丰", "accepted": "on"}
    assert "scan" in act(desk, made.id, **given)
    worm = SimpleUploadedFile("signed.pdf", b"MZ")
    assert "PDF, JPEG or PNG" in act(desk, made.id, **given, scan=worm)
    assert Enrollment.objects.get().state == "offered"
    signed = SimpleUploadedFile("signed.pdf", b"%PDF-1.7 signed %%EOF")
    assert "The programme is signed." in act(desk, made.id, **given, scan=signed)
    kept = desk.get(reverse("desk:enrolment_scan", args=[made.id]))
    assert b"".join(kept.streaming_content) == b"%PDF-1.7 signed %%EOF"
    program_nights.day(today=TODAY)
    page = text(desk, "enrolment", made.id)
    assert page.count("<tr") >= 13
    assert "¥400.00" in page
    assert card.sha256 in page
    assert "Charger" in text(desk, "account", billed.account.id)
    file = b"".join(desk.get(reverse("desk:schedule_file", args=[made.id])).streaming_content)
    assert len(file.splitlines()) == 14
    assert "The device is noted." in act(desk, made.id, action="hand_over", serial="C-1", on="2026-03-10")
    assert "cancelled" in act(desk, made.id, action="cancel", reason="no more")
    assert Enrollment.objects.get().state == "cancelled"


def test_settling_early_shows_the_money_first(desk, billed):
    card = published(SALE)
    made = joined(card, account_id=billed.account.id, start=TODAY)
    program_nights.day(today=TODAY)
    page = text(desk, "settle_enrolment", made, on="2026-03-25")
    assert "Rest of the price" in page
    assert "¥2,000.00" in page
    assert Enrollment.objects.get().state == "running"
    page = desk.post(reverse("desk:settle_enrolment", args=[made]), {"on": "2026-03-10"}, follow=True).content.decode()
    assert "It is ended" in page
    assert "Settled" in page
    assert desk.get(reverse("desk:settle_enrolment", args=[made])).status_code == 404


def test_a_day_that_cannot_be_is_refused_with_a_reason(desk, billed):
    made = joined(published(LEASE), account_id=billed.account.id, start=TODAY)
    page = desk.post(reverse("desk:settle_enrolment", args=[made]), {"on": "2026-05-10"}, follow=True).content.decode()
    assert "up to today" in page
    assert Enrollment.objects.get().state == "running"


def test_lists_are_filtered_paged_and_exported(desk, billed):
    lease = published(LEASE, name_en="Pump")
    made = joined(lease, account_id=billed.account.id, start=TODAY)
    page = text(desk, "enrolments", text=billed.account.number, state="running", program=lease.id)
    assert reverse("desk:enrolment", args=[made]) in page
    assert "No enrolment fits" in text(desk, "enrolments", kind="green")
    for name, word in (("enrolments_file", billed.account.number), ("programmes_file", "Pump")):
        body = b"".join(desk.get(reverse(f"desk:{name}")).streaming_content).decode()
        assert word in body
        assert len(body.splitlines()) == 2


def test_what_does_not_exist_is_not_found(desk, billed):
    for name in ("programme", "enrolment", "settle_enrolment", "schedule_file"):
        assert desk.get(reverse(f"desk:{name}", args=[999])).status_code == 404
    made = joined(published(LEASE), account_id=billed.account.id, start=TODAY)
    assert desk.post(reverse("desk:act_enrolment", args=[made]), {"action": "steal"}).status_code == 404


def test_who_only_looks_changes_nothing(client, supplier, billed):
    made = joined(published(LEASE), account_id=billed.account.id, start=TODAY)
    auditor = sign_in(client, Role.AUDITOR)
    page = text(auditor, "enrolment", made)
    assert "Next step" not in page
    assert auditor.post(reverse("desk:act_enrolment", args=[made]), {"action": "cancel"}).status_code == 403
    assert auditor.get(reverse("desk:new_programme")).status_code == 403
