"""
A new flat: somebody without an account applies on the public page, and is billed a month later for what he used and for
his connection. Nothing between is done by anybody but those whose turn it is, each at his own door.
"""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models.notice import Notice
from billing.models.bill import Bill
from billing.models.energizing import Energizing
from billing.models.run import HeldBill
from billing.operations import nights
from cis.platform import jobs, outbox
from contracts.models.agreement import ServiceAgreement
from contracts.models.application import ServiceApplication
from contracts.models.inspection import SafetyInspection
from contracts.models.offer import Offer
from contracts.models.supply_contract import SupplyContract
from metering.models.network import CapacityReservation
from metering.models.place import ServicePoint
from metering.models.store import Seal
from metering.models.work import WorkOrder
from metering.operations import arrivals, uploads
from tests.db.billing.night import prove
from tests.factories import accounts, connection, metering, tariffs
from tests.factories.connection import HOME_INSPECTION, SURVEY

pytestmark = pytest.mark.django_db(transaction=True)
APPLIED = {
    "kind": "new_point", "applicant_kind": "resident", "name": "王芳", "id_number": "11010519491231002X",
    "phone": "13812345678", "address": "上海市静安区愚园路1号", "unit_0": "3-1201", "district": "静安区",
    "use_class_0": "residential", "voltage_0": "220V", "load_0": "空调", "kw_0": "3", "count_0": "3",
}  # fmt: skip


@pytest.fixture
def clock(monkeypatch, settings, tmp_path):
    """Monday 9 March 2026, ten in the morning in Shanghai."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel("2026-03-09T02:00:00Z", tick=False) as traveller:
        accounts.supplier()
        yield traveller


@pytest.fixture
def house(clock):
    return connection.house()


@pytest.fixture
def applicant():
    visitor = Client()
    visitor.cookies["django_language"] = "en"
    return visitor


def words(answer):
    assert answer.status_code == 200, answer
    return " ".join(unescape(answer.content.decode()).split())


def paper(kind):
    return {"what": "paper", "kind": kind, "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 " + kind.encode() + b"%%EOF")}


def state():
    return ServiceApplication.objects.get().state


def test_a_new_flat_comes_from_the_public_page_to_its_first_bill(house, applicant, clock):
    files_and_is_surveyed(house, applicant)
    clock.move_to("2026-03-10T02:00:00Z")
    is_offered_and_signs(house, applicant)
    hung = gets_a_meter_and_is_inspected(house)
    clock.move_to("2026-03-12T02:00:00Z")
    is_switched_on(house, hung)
    clock.move_to("2026-04-01T06:00:00Z")
    reads_arrive(house)
    clock.move_to("2026-04-01T18:00:00Z")
    is_billed()
    clock.move_to("2026-04-02T03:00:00Z")
    was_told()


def files_and_is_surveyed(house, applicant):
    bank = metering.transformer(name="Bank 7", district="静安区")
    desk = house.desk
    # Monday. 王芳 applies; what is missing is named at once, and her own papers start the supplier's clock.
    assert "Proof of identity, Right to the premises" in words(applicant.post("/apply/", APPLIED, follow=True))
    application = ServiceApplication.objects.get()
    mine, page = f"/apply/mine/{application.id}/", f"/desk/applications/{application.id}/"
    decide = lambda action: words(desk.post(f"{page}decide/", {"action": action}, follow=True))  # noqa: E731
    assert application.items.get().capacity_w == 8_000  # 9.0 kW of load x 60 %, the next size
    applicant.post(f"{mine}change/", paper("identity"))
    assert "Papers are lacking: premises_right" in decide("confirm_documents")
    applicant.post(f"{mine}change/", paper("premises_right"))
    assert "It is our turn" in words(applicant.get(mine))
    decide("confirm_documents")
    decide("assign_survey")
    application.refresh_from_db()
    assert (state(), application.customer.name, ServicePoint.objects.count()) == ("surveying", "王芳", 0)

    # The crew looks at the place. Its one report makes the service point, holds the capacity and moves the application.
    survey = house.send("survey")
    house.picture(survey, "photo_building")
    report = {**SURVEY, "assets": [f"transformer-{bank.id}"], "request_key": "survey"}
    assert house.phone.post(f"/desk/field/{survey.id}/survey/", report).status_code == 302
    held = CapacityReservation.objects.get()
    assert (state(), held.transformer_id, ServicePoint.objects.get().state) == ("surveyed", bank.id, "planned")


def is_offered_and_signs(house, applicant):
    # Tuesday. The offer: one tariff, and 113.00 yuan once for the connection.
    desk, tariff = house.desk, tariffs.from_pack().tariff
    application_id = ServiceApplication.objects.get().id
    mine, page = f"/apply/mine/{application_id}/", f"/desk/applications/{application_id}/"
    form = desk.get(f"{page}offer/").context["form"]
    offered = {name: value for name, value in form.initial.items() if value is not None} | {
        "month_kwh": "150", "household": "3", "tariffs": [str(tariff.id)], "kind_0": "connection",
        "amount_0": "113.00", "reason_0": "8 kVA",
    }  # fmt: skip
    answer = desk.post(f"{page}offer/", offered)
    assert answer.status_code == 302, re.findall(r'class="error".*?</div>', answer.content.decode(), re.DOTALL)
    desk.post(f"/desk/offers/{Offer.objects.get().id}/act/", {"action": "send"})
    assert state() == "offered"

    # She has no login: the page of her application leads to the offer, the contract, and the code to sign it.
    assert f"{mine}offer/" in words(applicant.get(mine))
    shown = words(applicant.get(f"{mine}offer/"))
    assert "¥113.00" in shown
    assert "¥1,110.60 a year" in shown  # 150 kWh x 12 months x 0.617
    assert applicant.get(f"{mine}offer.pdf").content.startswith(b"%PDF")
    applicant.post(f"{mine}offer/", {"action": "accept", "tariff": str(tariff.id)})
    assert "Read and sign the contract" in words(applicant.get(mine))
    assert applicant.get(f"{mine}contract.pdf").content.startswith(b"%PDF")
    applicant.post(f"{mine}contract/", {"what": "code"})
    code = re.search(r"\d{6}", Notice.objects.get(event="one_time_code").body)[0]
    sign = {"what": "sign", "signed_by": "王芳", "code": code, "read": "on"}
    wrong = words(applicant.post(f"{mine}contract/", {**sign, "code": f"{int(code) ^ 1:06d}"}, follow=True))
    assert "This code does not serve" in wrong
    assert SupplyContract.objects.get().state == "issued"
    assert "the contract is signed" in words(applicant.post(f"{mine}contract/", sign, follow=True))
    for address in ("offer/", "offer.pdf", "contract/", "contract.pdf"):
        assert Client().get(f"{mine}{address}").status_code == 404


def gets_a_meter_and_is_inspected(house):
    # The signature ordered the meter. The store gives one to the crew, with two seals; it shows 3.2 kWh.
    assert (state(), WorkOrder.objects.get(kind="meter_install").state) == ("contracted", "open")
    house.stock(serial="DD0042", kind="total", seals=("F001", "F002"))
    hung = house.hang(serial="DD0042", seals="F001 F002", shown={"total": "3.2"})
    assert (state(), set(Seal.objects.values_list("state", flat=True))) == ("metered", {"set"})

    # The meter ordered the inspection. Current does not flow before it has passed.
    inspection = SafetyInspection.objects.get()
    assert (inspection.kind, inspection.state, inspection.work_order.state) == ("acceptance", "ordered", "open")
    assert "has not passed" in words(house.energize(hung))
    look = house.send("inspection")
    house.picture(look, "photo_room")
    assert house.phone.post(f"/desk/field/{look.id}/", {**HOME_INSPECTION, "request_key": "look"}).status_code == 302
    inspection.refresh_from_db()
    assert inspection.state == "passed"
    return hung


def is_switched_on(house, hung):
    # Thursday the 12th. The desk presses one button; the page knows account, tariff and household. The meter obeys.
    assert house.energize(hung).status_code == 302
    assert Energizing.objects.get().state == "switching"
    connection.obey()
    assert (state(), Energizing.objects.get().state) == ("energized", "started")
    agreement = ServiceAgreement.objects.get()
    assert (agreement.period.lower, agreement.service_point.state) == (date(2026, 3, 12), "connected")
    assert not CapacityReservation.objects.filter(state="held").exists()


def reads_arrive(house):
    # April. The counter shows 153.2 kWh at the end of March.
    house.sign_in()
    file = SimpleUploadedFile(
        "april.csv", b"meter,register,read_at,reading,kind\nDD0042,total,2026-04-01,153.2,actual\n"
    )
    assert house.desk.post("/desk/files/upload/", {"file": file})["Location"].startswith("/desk/files/")
    uploads.work(timezone.now())


def is_billed():
    # The night bills what was used and what was agreed.
    arrivals.night(timezone.now())
    nights.night(datetime(2026, 4, 1, 18, tzinfo=UTC))
    assert list(HeldBill.objects.values_list("code", "message")) == []
    bill = Bill.objects.get()
    # 150 kWh of the first step at 0.617 yuan are 92.55; with 113.00 for the connection 205.55. Both prices hold 13 %
    # of tax: 92.55 x 13 / 113 = 10.65, and 13.00.
    assert (bill.state, bill.energy_wh) == ("issued", 150_000)
    assert {line.code: line.amount_minor for line in bill.lines.exclude(amount_minor=0)}["energy"] == 9_255
    assert [charge.charge.amount_minor for charge in bill.charges.all()] == [11_300]
    assert (bill.amount_minor, bill.tax_minor) == (20_555, 1_065 + 1_300)
    prove()


def was_told():
    # She was told of each step once, the last of them the bill.
    outbox.deliver_due()
    told = Notice.objects.order_by("id").values_list("event", "key")
    assert [event for event, _key in dict.fromkeys(told)] == [
        "application_received", "application_accepted", "application_surveyed", "supply_offer", "contract_issued",
        "one_time_code", "application_contracted", "application_metered", "welcome", "bill_issued",
    ]  # fmt: skip
    assert "205.55" in Notice.objects.filter(event="bill_issued").first().body
