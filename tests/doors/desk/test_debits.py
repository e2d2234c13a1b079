"""Direct debits on the desk: a mandate from paper, debits that wait for two persons, a batch and its file."""

from datetime import date

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from cashiering.gateways import debit_bank
from cashiering.models.debit import Debit, DebitBatch, Mandate
from cashiering.operations import debit_batches, debits
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import ALL, sign_in
from tests.factories import debits as made
from tests.factories.debits import PDF, at

pytestmark = pytest.mark.django_db
NIGHT = date(2026, 2, 3)
TODAY = date(2026, 3, 10)


def _enter(desk, billed, **values):
    given = {
        "account": billed.account.number, "holder_name": "张三丰", "bank_account": "6222 0212 3456 7890 123",
        "bank_code": made.BANK, "limit": "1000.00", "signed_date": "2026-02-01", "signed_by": "张三丰",
        "scan": SimpleUploadedFile("m.pdf", PDF),
    }  # fmt: skip
    return desk.post("/desk/mandates/new/", {**given, **values})


def test_a_mandate_is_entered_from_paper_shown_masked_and_each_look_is_recorded(desk, billed):
    assert "check" not in _enter(desk, billed, bank_code="1").headers
    wrong = _enter(desk, billed, bank_code="1").content.decode()
    assert "12 digits" in wrong
    assert "张三丰" in desk.get(f"/desk/mandates/new/?account={billed.account.number}").content.decode()
    where = _enter(desk, billed)["Location"]
    page = desk.get(where).content.decode()
    assert "…0123" in page
    assert "6222021234567890123" not in page
    assert "6222021234567890123" in desk.post(f"{where}number/").content.decode()
    assert AuditEvent.objects.filter(action="look_at_bank_account").count() == 1
    assert desk.get(f"{where}scan/").status_code == 200
    assert AuditEvent.objects.filter(action="look_at_bank_account").count() == 2
    text = b"".join(desk.get("/desk/mandates.csv").streaming_content).decode("utf-8-sig")
    assert "…0123" in text
    assert "7890123" not in text
    assert desk.post(f"{where}revoke/").status_code == 302
    assert Mandate.objects.get().state == "ended"
    assert "revoked" in desk.get("/desk/mandates/?state=ended").content.decode()


def test_held_debits_and_batches_wait_for_two_persons(desk, client, billed, monkeypatch):
    with time_machine.travel(at(date(2026, 2, 1)), tick=False):
        _enter(desk, billed, limit="5.00")
    debits.plan(at(NIGHT))
    home = desk.get("/").content.decode()
    assert "/desk/debits/?only=waiting" in home
    assert "held for too long" not in home
    Debit.objects.update(created_at=at(NIGHT))
    assert "/desk/debits/?only=overlooked" in (home := desk.get("/").content.decode())
    assert "2 held for too long: their bills are demanded again" in home
    assert "above the limit of the mandate" in desk.get("/desk/debits/?only=overlooked").content.decode()
    page = desk.get("/desk/debits/?only=waiting").content.decode()
    assert "above the limit of the mandate" in page
    assert "Propose to let it go" not in page
    Debit.objects.update(held_reasons="above_usual", usual_minor=100)
    Mandate.objects.update(limit_minor=100_000)
    first = Debit.objects.first()
    desk.post(f"/desk/debits/{first.id}/propose/")
    assert "cannot agree" in desk.post(f"/desk/debits/{first.id}/release/", follow=True).content.decode()
    second = sign_in(client, *ALL)
    assert second.post(f"/desk/debits/{first.id}/release/").status_code == 302
    for other in Debit.objects.exclude(id=first.id):
        second.post(f"/desk/debits/{other.id}/drop/")
    debit_batches.work(at(date(2026, 3, 12)))  # told on the 10th, debited on the 13th
    batch = DebitBatch.objects.get()
    page = second.get(f"/desk/debits/batches/{batch.id}/").content.decode()
    assert batch.sha256 in page
    assert "61.70" in page
    content = second.get(f"/desk/debits/batches/{batch.id}/file.xml").content
    assert b"CstmrDrctDbtInitn" in content
    assert AuditEvent.objects.filter(action="download").count() == 1
    refused = second.post(f"/desk/debits/batches/{batch.id}/sent/", follow=True).content.decode()
    assert "The bank is connected" in refused
    assert "The bank has it" not in refused
    monkeypatch.setattr(debit_bank, "_bound", [])
    assert second.post(f"/desk/debits/batches/{batch.id}/sent/").status_code == 302
    assert Debit.objects.get(id=first.id).state == "sent"
    report = SimpleUploadedFile("r.xml", b"<x/>")
    assert "no pain.002" in second.post("/desk/debits/report/", {"file": report}).content.decode()
    for address in ("debits.csv", "debits/batches.csv", f"debits/batches/{batch.id}/debits.csv"):
        assert len(b"".join(second.get(f"/desk/{address}").streaming_content).splitlines()) == 2 + (address[6] == ".")
    assert second.get("/desk/debits/batches/?state=sent").status_code == 200


def test_lists_cost_a_constant_number_of_statements(desk, billed, django_assert_max_num_queries):
    with time_machine.travel(at(date(2026, 2, 1)), tick=False):
        _enter(desk, billed)
    debits.plan(at(NIGHT))
    debit_batches.work(at(TODAY))
    for address in ("debits/", "debits/batches/", "mandates/"):
        with django_assert_max_num_queries(12):
            desk.get(f"/desk/{address}")


def test_who_may_not_take_money_may_not_see_numbers_of_bank_accounts(client, billed):
    metering = sign_in(client, Role.METERING)
    assert metering.get("/desk/mandates/").status_code == 200
    assert metering.post("/desk/mandates/1/number/").status_code == 403
