"""Anybody applies for a supply, follows it with a link that opens once, and sees nobody else's."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models.contact import ContactPoint
from accounts.models.notice import Notice
from contracts.models.application import ServiceApplication
from contracts.operations import application_cases
from tests.factories import accounts, applications

TYPED = {
    "kind": "new_point", "applicant_kind": "resident", "name": "王芳", "id_number": "11010519491231002X",
    "phone": "13812345678", "address": "愚园路1号", "use_class_0": "residential", "voltage_0": "220V",
    "load_0": "空调", "kw_0": "3", "count_0": "3",
}  # fmt: skip


@pytest.fixture(autouse=True)
def supplier(db, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield accounts.supplier()


@pytest.fixture
def visitor():
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def text(answer):
    return answer.content.decode()


def only():
    return ServiceApplication.objects.get()


def test_anybody_applies_and_hands_papers_in(visitor):
    answer = visitor.post("/apply/", TYPED, follow=True)
    found = only()
    assert found.number in text(answer)
    assert (found.channel, found.items.get().capacity_w) == ("portal", 8_000)
    assert "We wait for papers" in text(answer)
    page = f"/apply/mine/{found.id}/"
    for kind in ("identity", "premises_right"):
        file = SimpleUploadedFile("a.pdf", b"%PDF-1.7 " + kind.encode() + b" %%EOF")
        visitor.post(f"{page}change/", {"what": "paper", "kind": kind, "file": file})
    visitor.post(f"{page}change/", {"what": "message", "text": "When do you come?"})
    shown = text(visitor.get(page))
    assert "It is our turn" in shown
    assert "When do you come?" in shown
    visitor.post(f"{page}change/", {"what": "withdraw", "reason": "moved"})
    assert only().state == "withdrawn"


def test_nobody_else_sees_it(visitor):
    visitor.post("/apply/", TYPED)
    page = f"/apply/mine/{only().id}/"
    assert visitor.get(page).status_code == 200
    assert Client().get(page).status_code == 404
    assert Client().post(f"{page}change/", {"what": "withdraw", "reason": "x"}).status_code == 404


def test_the_link_opens_once_and_a_look_does_not_use_it_up(visitor):
    made = applications.filed()
    assert visitor.get(made.link).status_code == 200
    other = Client()
    assert other.post(made.link, follow=True).status_code == 200
    assert other.get(f"/apply/mine/{made.id}/").status_code == 200
    visitor.post(made.link)
    assert visitor.get(f"/apply/mine/{made.id}/").status_code == 404


def test_a_new_link_comes_to_the_applicant_and_strangers_learn_nothing(visitor):
    made = applications.filed(at=applications.AT.replace(month=1))
    before = only().link_sha256
    for number, contact in ((made.number, "13800000000"), ("A260000000", "13812345678"), (made.number, "13812345678")):
        assert only().link_sha256 == before
        assert "on the way" in text(visitor.post("/apply/status/", {"number": number, "contact": contact}))
    assert only().link_sha256 != before
    told = Notice.objects.get(event="application_link")
    assert (told.channel, told.address) == ("sms", "+8613812345678")
    assert f"/apply/{made.number}/" in told.body
    assert told.secret in told.body
    assert told.secret, "what is kept does not open it once it is sent"


@pytest.mark.parametrize("is_proven", [True, False])
def test_the_link_of_a_kept_customer_goes_to_no_number_that_nobody_proved(visitor, is_proven):
    kept = accounts.customer(id_number=TYPED["id_number"], name=TYPED["name"])
    ways = [accounts.contact_point(of=kept, kind="mobile", value="+8613800138009")]
    ways.append(accounts.contact_point(of=kept, kind="email", value="fang@example.com"))
    if is_proven:
        ContactPoint.objects.filter(id=ways[0].id).update(verified_at=timezone.now())
    made = applications.filed(at=applications.AT.replace(month=1))
    ServiceApplication.objects.update(customer=kept, kept_customer_since=timezone.now())
    visitor.post("/apply/status/", {"number": made.number, "contact": "13812345678"})
    told = Notice.objects.get(event="application_link")
    assert (told.channel, told.address) == (("sms", ways[0].value) if is_proven else ("email", ways[1].value))
    ContactPoint.objects.filter(customer=kept).update(verified_at=None, bounced_at=timezone.now())
    with time_machine.travel("2026-03-11T02:00:00Z", tick=False):
        visitor.post("/apply/status/", {"number": made.number, "contact": "13812345678"})
    assert Notice.objects.filter(event="application_link").latest("id").state != "queued"
    ServiceApplication.objects.update(kept_customer_since=None)
    with time_machine.travel("2026-03-12T02:00:00Z", tick=False):
        visitor.post("/apply/status/", {"number": made.number, "contact": "13812345678"})
    last = Notice.objects.filter(event="application_link").latest("id")
    assert last.address == "+8613812345678", "a customer whom the application made is reached as it says"


def test_programs_that_fill_in_hidden_fields_and_storms_are_stopped(visitor):
    visitor.post("/apply/", {**TYPED, "website": "http://spam.example"})
    assert not ServiceApplication.objects.exists()
    answers = [visitor.post("/apply/", {**TYPED, "address": f"愚园路{number}号"}) for number in range(12)]
    assert [answer.status_code for answer in answers] == [302] * 10 + [200] * 2
    assert "Too many requests" in text(answers[-1])


def test_what_is_wrong_is_said_beside_its_field(visitor):
    shown = text(visitor.post("/apply/", {**TYPED, "id_number": "110105194912310021", "load_0": "", "kw_0": ""}))
    assert "Give the capacity" in shown
    shown = text(visitor.post("/apply/", {**TYPED, "id_number": "110105194912310021"}))
    assert "does not fit" in shown


def test_a_stranger_is_not_told_which_application_is_open(visitor):
    made = applications.filed(address=TYPED["address"], units=("3-301",))
    ServiceApplication.objects.get().items.update(conflict_key=_key(visitor))
    shown = text(visitor.post("/apply/", TYPED))
    assert ServiceApplication.objects.count() == 1
    assert made.number not in shown
    assert "3-301" not in shown


def _key(visitor):
    """The key of what the form asks for."""
    from contracts.domain import applications as rules
    from contracts.domain.applications import Item

    item = Item(capacity_w=8_000)
    return rules.conflict_key(kind="new_point", place=rules.plain_address(TYPED["address"]), item=item)


def _confirmed(application_id):
    application_cases.confirm_documents(
        application_id=application_id, actor=applications.STAFF, at=timezone.now(), today=timezone.localdate()
    )


def test_who_typed_a_kept_customers_number_sees_nothing_of_him(visitor):
    kept = accounts.customer(id_number=TYPED["id_number"], name=TYPED["name"])
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False) as clock:
        visitor.post("/apply/", TYPED)
        made, page = only(), f"/apply/mine/{only().id}/"
        for kind in applications.PAPERS:
            made.papers.create(kind=kind, document_id=applications.paper())
        assert visitor.get(page).status_code == 200
        clock.shift(60)
        _confirmed(made.id)
        assert only().customer_id == kept.id
        for path in (page, f"{page}offer/", f"{page}contract/", f"{page}contract.pdf"):
            assert visitor.get(path).status_code == 404


def test_a_customer_who_is_signed_in_applies_as_himself_and_finds_it_in_the_portal(client):
    kept = accounts.customer(id_number=TYPED["id_number"], name=TYPED["name"])
    client.force_login(accounts.portal_user(of=kept))
    client.cookies["django_language"] = "en"
    assert "/apply/" in text(client.get("/portal/applications"))
    accounts.contact_point(of=kept, kind="mobile", value="+8613800138009")
    client.post("/apply/", TYPED)
    assert only().customer_id == kept.id
    told = Notice.objects.filter(event="application_received", channel="sms").get().body
    assert f"/portal/applications/{only().id}" in told
    assert "/apply/" not in told, "the link would open it to whoever has the number by now"
    assert only().number in text(client.get("/portal/applications"))
    other = applications.filed()
    assert client.get(f"/portal/applications/{other.id}").status_code == 404
    found = ServiceApplication.objects.get(customer=kept)
    session = client.session
    session["applications"] = {}
    session.save()
    assert client.get(f"/apply/mine/{found.id}/").status_code == 404
    assert client.get(f"/portal/applications/{found.id}", follow=True).status_code == 200


def test_the_page_of_signing_in_leads_to_applying(visitor):
    assert "/apply/" in text(visitor.get("/accounts/login/"))


MANY = {
    **TYPED, "supplies": "3", "load_0": "", "kw_0": "", "count_0": "",
    **{f"unit_{place}": f"3-{place + 1}01" for place in range(3)},
    **{f"use_class_{place}": "residential" for place in range(3)},
    **{f"voltage_{place}": "220V" for place in range(3)},
    **{f"capacity_{place}": "8" for place in range(3)},
    "agent_name": "李强", "agent_id_number": "110105194912310038", "agent_phone": "13912345678", "agent_scope": "sign",
}  # fmt: skip


def pdf(name, text=""):
    return SimpleUploadedFile(f"{name}.pdf", b"%PDF-1.7 " + (text or name).encode() + b" %%EOF")


def kept_files(settings):
    return (
        [one for one in settings.DOCUMENTS_DIR.rglob("*") if one.is_file()] if settings.DOCUMENTS_DIR.exists() else []
    )


def test_three_supplies_an_agent_and_the_papers_are_filed_at_once(visitor):
    files = {
        "paper_identity": [pdf("front"), pdf("back")], "paper_premises_right": [pdf("deed")],
        "paper_agent_identity": [pdf("agent")], "paper_power_of_attorney": [pdf("power")],
    }  # fmt: skip
    answer = visitor.post("/apply/", {**MANY, **files}, follow=True)
    found = only()
    assert [(one.unit, one.capacity_w) for one in found.items.order_by("seq")] == [
        ("3-101", 8_000), ("3-201", 8_000), ("3-301", 8_000),
    ]  # fmt: skip
    assert (found.agent_name, found.agent_scope, found.waits_for) == ("李强", "sign", "desk")
    assert sorted(found.papers.values_list("kind", "name")) == [
        ("agent_identity", "agent.pdf"), ("identity", "back.pdf"), ("identity", "front.pdf"),
        ("power_of_attorney", "power.pdf"), ("premises_right", "deed.pdf"),
    ]  # fmt: skip
    assert "It is our turn" in text(answer)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (SimpleUploadedFile("worm.pdf", b"MZ\x90"), "worm.pdf is no PDF, JPEG or PNG"),
        (SimpleUploadedFile("broken.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40), "broken.png"),
        (SimpleUploadedFile("runs.pdf", b"%PDF-1.7 /JavaScript (x) %%EOF"), "runs.pdf"),
    ],
)
def test_a_bad_file_is_named_and_nothing_of_the_filing_is_stored(visitor, settings, bad, words):
    bad.seek(0)
    files = {"paper_identity": [pdf("front"), bad], "paper_premises_right": [pdf("deed")]}
    shown = text(visitor.post("/apply/", {**MANY, **files}))
    assert words in shown
    assert "3-201" in shown
    assert "choose them again" in shown
    assert not ServiceApplication.objects.exists()
    assert kept_files(settings) == []
    # Where a script sends the form the browser keeps the files that are not at fault.
    bad.seek(0)
    files = {"paper_identity": [pdf("front"), bad], "paper_premises_right": [pdf("deed")]}
    shown = text(visitor.post("/apply/", {**MANY, **files}, headers={"HX-Request": "true"}))
    kept = [line for line in shown.splitlines() if 'type="file"' in line]
    assert [("hx-preserve" in line) for line in kept if "paper_identity" in line] == [False]
    assert [("hx-preserve" in line) for line in kept if "paper_premises_right" in line] == [True]


def test_files_of_an_application_that_is_refused_are_not_kept(visitor, settings):
    visitor.post("/apply/", MANY)
    shown = text(visitor.post("/apply/", {**MANY, "paper_identity": [pdf("front")]}))
    assert "for the same supply is open" in shown
    assert kept_files(settings) == []


def test_supplies_are_added_and_removed_without_a_script_and_each_fault_stands_at_its_supply(visitor):
    shown = text(visitor.post("/apply/", {**TYPED, "unit_0": "3-101", "capacity_0": "8", "more": "supply"}))
    assert 'name="unit_1"' in shown
    assert 'value="3-101"' in shown
    shown = text(visitor.post("/apply/", {**MANY, "less": "1"}))
    assert "3-301" in shown
    assert "3-201" not in shown
    assert 'name="unit_2"' not in shown
    assert not ServiceApplication.objects.exists()
    shown = text(visitor.post("/apply/", {**MANY, "capacity_1": "", "unit_2": "3-101"}))
    assert "Give the capacity" in shown
    shown = text(visitor.post("/apply/", {**MANY, "unit_2": "3-101"}))
    assert 'id="id_unit_2_error"' in shown


def test_an_agent_without_a_name_is_asked_for_it(visitor):
    shown = text(visitor.post("/apply/", {**MANY, "agent_name": ""}))
    assert "Say who acts" in shown
    assert '<details class="apply-agent" id="agent" open>' in shown
    assert "Give the ID number of the agent" in text(visitor.post("/apply/", {**MANY, "agent_id_number": ""}))
