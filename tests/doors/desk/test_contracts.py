"""Pages of contracts and offers: drafted from an account, issued, signed on paper, offered, accepted, verified."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models.notice import Notice
from cis.kernel.enums import Role
from cis.portal.apply import APPLICANT
from contracts.domain.offer_workflow import OfferAction
from contracts.domain.signing import CodeRefused
from contracts.models.application import ServiceApplication
from contracts.models.charge import OneOffCharge
from contracts.models.offer import Offer
from contracts.models.supply_contract import SupplyContract
from contracts.operations import contract_signing, offers
from contracts.operations.application_agents import BeyondScope
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, applications, papers_signed, tariffs
from tests.factories.changes import drafted as drafted_change
from tests.factories.changes import wanted

pytestmark = pytest.mark.django_db(transaction=True)
TERMS = {
    "address": "上海市黄浦区南京东路88号", "use_class": "residential", "voltage": "220V",
    "supply_mode": "low_single_phase", "metering_side": "low_low", "boundary_zh": "电能表出线端",
    "boundary_en": "the meter",
}  # fmt: skip


def drafted(desk, billed, **values):
    wanted = {**TERMS, "tariff": billed.tariff.id, "start_date": "2026-03-10", **values}
    reply = desk.post(f"/desk/customers/{billed.account.id}/contracts/new/", wanted)
    assert reply.status_code == 302, re.findall(r'class="error".*?</div>', reply.content.decode(), re.DOTALL)
    return SupplyContract.objects.order_by("-id")[0]


def offered(desk, billed, **values):
    wanted = {
        **TERMS, "month_kwh": "260", "household": "3", "valley_percent": "40", "tariffs": [billed.tariff.id],
        "kind_0": "connection", "amount_0": "113.00", "reason_0": "8 kVA", **values,
    }  # fmt: skip
    reply = desk.post(f"/desk/customers/{billed.account.id}/offers/new/", wanted)
    assert reply.status_code == 302, re.findall(r'class="error".*?</div>', reply.content.decode(), re.DOTALL)
    return Offer.objects.order_by("-id")[0]


def test_a_contract_is_drafted_issued_and_signed_on_paper(desk, billed):
    assert "南京东路88号" in desk.get(f"/desk/customers/{billed.account.id}/contracts/new/").content.decode()
    row = drafted(desk, billed, end_date="2029-03-10", renew_months="12")
    page = f"/desk/contracts/{row.id}/"
    assert desk.get(f"{page}contract.pdf").content.startswith(b"%PDF-")
    desk.post(f"{page}act/", {"action": "issue"})
    row.refresh_from_db()
    assert (row.state, row.number) == ("issued", "0000000001")
    assert "Property boundary and maintenance" in desk.get(page).content.decode()
    scan = SimpleUploadedFile("scan.pdf", b"%PDF-1.4 scan %%EOF")
    assert "no PDF" in desk.post(f"{page}sign/", {
        "signed_by": "张三丰", "scan": SimpleUploadedFile("scan.pdf", b"MZ")
    }).content.decode()  # fmt: skip
    desk.post(f"{page}sign/", {"signed_by": "张三丰", "scan": scan})
    row.refresh_from_db()
    assert (row.state, row.signed_by) == ("signed", "张三丰")
    assert b"".join(desk.get(f"{page}scan/").streaming_content) == b"%PDF-1.4 scan %%EOF"
    assert "0000000001" in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    assert "0000000001" in desk.get("/desk/contracts/?text=产权分界点").content.decode()
    assert "0000000001" in b"".join(desk.get("/desk/contracts.csv?state=signed").streaming_content).decode()
    assert "No contract fits" in desk.get("/desk/contracts/?text=桩充电").content.decode()


def test_what_is_missing_is_named_and_nothing_is_issued(desk, billed):
    row = drafted(desk, billed, boundary_zh="", boundary_en="")
    reply = desk.post(f"/desk/contracts/{row.id}/act/", {"action": "issue"}, follow=True)
    assert "boundary is not known" in reply.content.decode()
    row.refresh_from_db()
    assert row.state == "draft"
    reply = desk.post(
        f"/desk/customers/{billed.account.id}/contracts/new/",
        {**TERMS, "tariff": billed.tariff.id, "start_date": "2026-03-10", "voltage": "10kV"},
    )
    assert "do not fit" in reply.content.decode()


def test_a_signed_contract_gets_its_next_version_or_an_end(desk, billed):
    world = type("W", (), {"customer": billed.customer, "account": billed.account, "tariff": billed.tariff})
    row = papers_signed.signed(world, start_date=date(2026, 3, 10))
    page = f"/desk/contracts/{row.id}/"
    assert "南京东路1号" in desk.get(f"{page}amend/").content.decode()
    desk.post(f"{page}amend/", {**TERMS, "tariff": billed.tariff.id, "start_date": "2026-03-10", "capacity_kva": "12"})
    assert SupplyContract.objects.get(version=2).capacity_va == 12_000
    desk.post(f"{page}end/", {"ended_date": "2026-04-01", "reason": ""})
    assert SupplyContract.objects.get(id=row.id).state == "signed"
    desk.post(f"{page}end/", {"ended_date": "2026-04-01", "reason": "moved out"})
    assert SupplyContract.objects.get(id=row.id).state == "ended"


def test_an_offer_is_estimated_sent_and_accepted_in_the_customers_name(desk, billed):
    row = offered(desk, billed)
    page = f"/desk/offers/{row.id}/"
    shown = desk.get(page).content.decode()
    assert "160.42" in shown  # 260 kWh at 0.617
    assert "1,925.04" in shown
    assert desk.get(f"{page}offer.pdf").content.startswith(b"%PDF-")
    desk.post(f"{page}act/", {"action": "send"})
    assert Notice.objects.filter(event="supply_offer").exists()
    reply = desk.post(f"{page}act/", {"action": "accept", "tariff": billed.tariff.id})
    contract = SupplyContract.objects.get()
    assert reply["Location"] == f"/desk/contracts/{contract.id}/"
    assert (contract.state, contract.offer_id, contract.tariff_id) == ("issued", row.id, billed.tariff.id)
    assert OneOffCharge.objects.count() == 0
    desk.post(f"/desk/contracts/{contract.id}/sign/", {
        "signed_by": "张三丰", "scan": SimpleUploadedFile("scan.pdf", b"%PDF-1.4 scan %%EOF")
    })  # fmt: skip
    fee = OneOffCharge.objects.get()
    assert (fee.amount_minor, fee.tax_minor, fee.state, fee.account_id) == (11_300, 1_300, "agreed", billed.account.id)
    assert f"A{row.id:06d}-1" in b"".join(desk.get("/desk/offers.csv").streaming_content).decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind_0": ""}, "A fee has a kind"),
        ({"amount_0": "1e5"}, "number"),
        ({"amount_0": "-3"}, "A fee has a kind"),
        ({"peak_percent": "70"}, "more than 100"),
        ({"valid_until": "2026-03-09"}, "passed"),
        ({"month_kwh": "0"}, "some use"),
    ],
)
def test_an_offer_that_cannot_be_is_refused_in_place(desk, billed, values, words):
    wanted = {
        **TERMS, "month_kwh": "260", "household": "3", "valley_percent": "40", "tariffs": [billed.tariff.id],
        "kind_0": "connection", "amount_0": "113.00", "reason_0": "8 kVA", **values,
    }  # fmt: skip
    reply = desk.post(f"/desk/customers/{billed.account.id}/offers/new/", wanted)
    assert reply.status_code == 200
    assert words in reply.content.decode()
    assert not Offer.objects.exists()


def test_a_later_offer_replaces_the_one_before_and_one_is_declined(desk, billed):
    first, second = offered(desk, billed), offered(desk, billed)
    assert (first.version, second.version) == (1, 2)
    for row in (first, second):
        desk.post(f"/desk/offers/{row.id}/act/", {"action": "send"})
    desk.post(f"/desk/offers/{second.id}/act/", {"action": "decline"})
    assert list(Offer.objects.order_by("id").values_list("state", flat=True)) == ["replaced", "declined"]


def test_who_may_not_write_contracts_reads_them(supplier, billed, client):
    world = type("W", (), {"customer": billed.customer, "account": billed.account, "tariff": billed.tariff})
    row = papers_signed.issued(world, start_date=date(2026, 3, 10))
    reader = sign_in(Client(), Role.AUDITOR)
    assert "Enter the signature" not in reader.get(f"/desk/contracts/{row.id}/").content.decode()
    for url in (f"/desk/contracts/{row.id}/act/", f"/desk/contracts/{row.id}/sign/", f"/desk/contracts/{row.id}/end/"):
        assert reader.post(url, {"action": "withdraw", "reason": "x"}).status_code == 403
    for url in (
        f"/desk/customers/{billed.account.id}/contracts/new/",
        f"/desk/customers/{billed.account.id}/offers/new/",
    ):
        assert reader.get(url).status_code == 403
    assert reader.get("/desk/contracts/999999/").status_code == 404
    assert reader.get("/desk/offers/999999/").status_code == 404
    assert Client().get("/desk/contracts/").status_code == 302


def test_anybody_verifies_a_paper_and_sees_nothing_personal(billed, client):
    world = type("W", (), {"customer": billed.customer, "account": billed.account, "tariff": billed.tariff})
    row = papers_signed.signed(world, start_date=date(2026, 3, 10))
    page = f"/verify/{row.verify_token}"
    client.cookies["django_language"] = "en"
    fits = client.get(f"{page}?h={row.content_sha256}").content.decode()
    assert "The hash fits." in fits
    for private in (billed.customer.name, row.address, billed.account.number):
        assert private not in fits
    assert "does not fit" in client.get(f"{page}?h={'0' * 64}").content.decode()
    plain = client.get(page).content.decode()
    assert "The hash" not in plain
    same = SimpleUploadedFile("a.pdf", f"%PDF- {row.id}".encode())
    assert "byte by byte" in client.post(page, {"paper": same}).content.decode()
    assert "not the one" in client.post(page, {"paper": SimpleUploadedFile("a.pdf", b"%PDF- x")}).content.decode()
    for wrong in ("x", "a" * 43, "..%2f..%2fetc"):
        unknown = client.get(f"/verify/{wrong}")
        assert unknown.status_code == 404
    assert "We keep no contract with this code." in client.get(f"/verify/{'a' * 43}").content.decode()


@pytest.fixture
def visitor(billed):
    browser = Client()
    browser.force_login(accounts.portal_user(of=billed.customer))
    browser.cookies["django_language"] = "en"
    return browser


def test_a_customer_accepts_an_offer_and_signs_in_the_portal(desk, billed, visitor):
    billed.customer.contact_points.update(verified_at=timezone.now())
    row = offered(desk, billed)
    assert visitor.get(f"/portal/offers/{row.id}").status_code == 404
    desk.post(f"/desk/offers/{row.id}/act/", {"action": "send"})
    assert "1,925.04" in visitor.get(f"/portal/offers/{row.id}").content.decode()
    assert visitor.get(f"/portal/offers/{row.id}/pdf").content.startswith(b"%PDF-")
    for wrong in ("999", "9" * 4_400):
        assert visitor.post(f"/portal/offers/{row.id}/answer", {"tariff": wrong}).status_code == 404
    visitor.post(f"/portal/offers/{row.id}/answer", {"action": "accept", "tariff": billed.tariff.id})
    contract = SupplyContract.objects.get()
    page = f"/portal/contracts/{contract.id}"
    assert contract.number in visitor.get("/portal/contracts").content.decode()
    assert "Send me a code" in visitor.get(page).content.decode()
    assert visitor.get(f"{page}/pdf").content.startswith(b"%PDF-")
    visitor.post(f"{page}/code")
    code = re.search(r"\d{6}", Notice.objects.get(event="one_time_code").body)[0]
    signing = {"code": code, "signed_by": "张三丰"}
    visitor.post(f"{page}/sign", signing)
    assert SupplyContract.objects.get().state == "issued"
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert (
        "does not serve"
        in visitor.post(f"{page}/sign", {**signing, "read": "on", "code": wrong}, follow=True).content.decode()
    )
    visitor.post(f"{page}/sign", {**signing, "read": "on"})
    contract.refresh_from_db()
    assert (contract.state, contract.signed_way, contract.signed_by) == ("signed", "portal", "张三丰")
    assert OneOffCharge.objects.get().account_id == billed.account.id


def test_what_is_somebody_elses_is_not_there(desk, billed, visitor):
    world = type("W", (), {"customer": accounts.customer(), "account": accounts.account(), "tariff": billed.tariff})
    other = papers_signed.issued(world, start_date=date(2026, 3, 10))
    foreign = Offer.objects.create(
        subject="account", subject_id=1, recipient="x", customer=world.customer, month_wh=1, state="sent",
        valid_until=date(2026, 4, 1), **papers_signed.terms().columns(),
    )  # fmt: skip
    for url in (f"/portal/contracts/{other.id}", f"/portal/contracts/{other.id}/pdf", f"/portal/offers/{foreign.id}"):
        assert visitor.get(url).status_code == 404
    for url in (f"contracts/{other.id}/code", f"contracts/{other.id}/sign", f"offers/{foreign.id}/answer"):
        assert visitor.post(f"/portal/{url}", {"action": "decline", "read": "on"}).status_code == 404
    assert Offer.objects.get().state == "sent"


def test_an_offer_without_tariffs_names_those_that_are_open(desk, billed):
    tariffs.version(source=tariffs.FLAT.replace("单一电价", "可选").replace("One price", "Open").replace(
        "[labels.energy]", '[choice]\nkinds = ["resident"]\n\n[labels.energy]', 1
    ))  # fmt: skip
    row = offered(desk, billed, tariffs=[])
    assert row.tariffs.count() == 1


def test_the_plan_reply_to_an_application_leads_to_its_signed_contract(desk, billed):
    """From surveyed to contracted: each step of the offer moves the application, and its fees are on the account."""
    application_id = applications.walked(to="surveyed")
    page = f"/desk/applications/{application_id}/offer/"
    asked = desk.get(page).content.decode()
    row = ServiceApplication.objects.get(id=application_id)
    assert row.address in asked
    assert 'value="8"' in asked
    wanted = {
        **TERMS, "address": row.address, "month_kwh": "260", "household": "3", "tariffs": [billed.tariff.id],
        "capacity_kva": "8", "kind_0": "connection", "amount_0": "113.00", "reason_0": "8 kVA",
    }  # fmt: skip
    reply = desk.post(page, wanted)
    offer = Offer.objects.get()
    assert reply["Location"] == f"/desk/offers/{offer.id}/"
    assert (offer.subject, offer.subject_id, offer.customer_id) == ("application", application_id, row.customer_id)
    desk.post(f"/desk/offers/{offer.id}/act/", {"action": "send"})
    row.refresh_from_db()
    assert row.state == "offered"
    # An agent who may only file neither decides nor signs by the link.
    ServiceApplication.objects.filter(id=row.id).update(agent_name="李四", agent_scope="file")
    link = {"actor": APPLICANT}
    with pytest.raises(BeyondScope):
        offers.accept(offer_id=offer.id, tariff_id=billed.tariff.id, today=timezone.localdate(), **link)
    with pytest.raises(BeyondScope):
        offers.close(offer_id=offer.id, action=OfferAction.DECLINE, **link)
    desk.post(f"/desk/offers/{offer.id}/act/", {"action": "accept", "tariff": billed.tariff.id})
    contract = SupplyContract.objects.get()
    mine = {"contract_id": contract.id, "customer_id": row.customer_id, **link}
    with pytest.raises(BeyondScope):
        contract_signing.send_code(**mine)
    with pytest.raises(BeyondScope):
        contract_signing.sign_by_code(**mine, code="1", signed_by="李四", today=timezone.localdate())
    ServiceApplication.objects.filter(id=row.id).update(agent_scope="sign")
    with pytest.raises(CodeRefused):
        contract_signing.sign_by_code(**mine, code="1", signed_by="李四", today=timezone.localdate())
    assert (contract.subject, contract.subject_id, contract.capacity_va) == ("application", application_id, 8_000)
    scan = SimpleUploadedFile("scan.pdf", b"%PDF-1.4 scan %%EOF")
    desk.post(f"/desk/contracts/{contract.id}/sign/", {"signed_by": "王芳", "scan": scan})
    row.refresh_from_db()
    assert (row.state, row.contract_number) == ("contracted", contract.number)
    fee = OneOffCharge.objects.get()
    assert (fee.account_id, fee.amount_minor) == (row.account_id, 11_300)
    assert desk.get("/desk/applications/999999/offer/").status_code == 404


def test_a_contract_says_which_supply_it_is_about_and_from_what_it_follows(desk, billed):
    row = drafted(desk, billed)
    page = f"/desk/contracts/{row.id}/"
    point = billed.agreement.service_point.external_id
    assert point in desk.get(page).content.decode()
    row.points.all().delete()
    shown = desk.get(page).content.decode()
    assert "linked to no supply" in shown
    named = {"action": "supplies", "service_points": "S-NOT-THERE"}
    assert "There is no service point" in desk.post(f"{page}act/", named, follow=True).content.decode()
    desk.post(f"{page}act/", named | {"service_points": point})
    assert row.points.get().service_point_id == billed.agreement.service_point_id
    asked = wanted("rename", None, date(2026, 3, 10), account_id=billed.account.id, name="张三丰二")
    change_id = drafted_change(asked, today=date(2026, 3, 10))
    SupplyContract.objects.filter(id=row.id).update(subject="change", subject_id=change_id)
    assert f"/desk/changes/{change_id}/" in desk.get(page).content.decode()
    assert page in desk.get(f"/desk/changes/{change_id}/").content.decode()
