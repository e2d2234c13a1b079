"""Anybody applies for a supply, follows it with a link that opens once, and sees nobody else's."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models.notice import Notice
from contracts.models.application import ServiceApplication
from tests.factories import accounts, applications

TYPED = {
    "kind": "new_point", "applicant_kind": "resident", "name": "王芳", "id_number": "11010519491231002X",
    "phone": "13812345678", "address": "愚园路1号", "use_class": "residential", "voltage": "220V",
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
    known = text(visitor.post("/apply/status/", {"number": made.number}))
    unknown = text(visitor.post("/apply/status/", {"number": "A260000000"}))
    assert "on the way" in known
    assert "on the way" in unknown
    assert Notice.objects.filter(event="application_link").count() == 1


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
