"""One-off charges on the desk: agreed by hand, decided by a second person, listed, reversed, shown with their bills."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models.charge import BillCharge
from cis.kernel.enums import Role
from contracts.models.charge import OneOffCharge
from tests.doors.desk.conftest import sign_in

pytestmark = pytest.mark.django_db


def url(billed):
    return f"/desk/customers/{billed.account.id}/charges/new/"


def form(desk, billed, **values):
    page = desk.get(url(billed)).content.decode()
    key = page.split('name="request_key" value="')[1].split('"')[0]
    given = {"kind": "meter_work", "amount": "113", "supply": "", "reason": "Meter tested", "request_key": key}
    return given | values


def test_a_charge_is_agreed_shown_on_the_account_and_waits_for_the_bill(desk, billed):
    given = form(desk, billed, supply=str(billed.agreement.id))
    answer = desk.post(url(billed), given)
    assert desk.post(url(billed), given).url == answer.url  # sent twice, charged once
    charge = OneOffCharge.objects.get()
    assert (charge.amount_minor, charge.tax_minor, charge.agreement_id) == (11_300, 1_300, billed.agreement.id)
    page = desk.get(answer.url).content.decode()
    for text in (
        "Work at the meter",
        "¥113.00",
        "¥13.00",
        "Meter tested",
        "The next bill carries it.",
        "王敏",
        "南京东路",
    ):
        assert text in page, text
    account = desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    assert answer.url in account
    assert url(billed) in account


def test_above_the_limit_another_person_decides(desk, billed):
    place = desk.post(url(billed), form(desk, billed, amount="2000.01")).url
    page = desk.get(place).content.decode()
    assert 'value="agree"' not in page
    assert "A second person decides on this" in page
    desk.post(f"{place}act/", {"action": "agree"})
    assert OneOffCharge.objects.get().state == "proposed"
    other = sign_in(Client(), Role.BILLING)
    assert "wait for a second person" in other.get("/").content.decode()
    other.post(f"{place}act/", {"action": "agree"})
    assert OneOffCharge.objects.get().state == "agreed"


def test_it_is_reversed_with_a_reason_only(desk, billed):
    place = desk.post(url(billed), form(desk, billed)).url
    page = desk.post(f"{place}act/", {"action": "reverse", "reason": " "}).content.decode()
    assert "is-invalid" in page
    desk.post(f"{place}act/", {"action": "reverse", "reason": "The meter was wrong"})
    assert OneOffCharge.objects.get().state == "cancelled"
    page = desk.get(place).content.decode()
    assert "The meter was wrong" in page
    assert 'value="reverse"' not in page


@pytest.mark.parametrize(
    "wrong", [{"amount": "0"}, {"amount": "200000.01"}, {"reason": ""}, {"kind": "penalty"}, {"supply": "999999"}]
)
def test_what_cannot_be_charged_is_told_on_the_form(desk, billed, wrong):
    page = desk.post(url(billed), form(desk, billed, **wrong))
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()
    assert not OneOffCharge.objects.exists()


def test_the_list_shows_the_bills_and_comes_as_a_file(desk, billed):
    place = desk.post(url(billed), form(desk, billed)).url
    charge, bill = OneOffCharge.objects.get(), billed.bills[0]
    BillCharge.objects.create(bill=bill, charge=charge, amount_minor=11_300, tax_minor=1_300)
    page = desk.get("/desk/charges/").content.decode()
    assert place in page
    assert bill.number in page
    assert place not in desk.get("/desk/charges/?state=proposed").content.decode()
    assert "No charge fits these filters" in desk.get("/desk/charges/?text=nobody").content.decode()
    text = b"".join(desk.get("/desk/charges.csv?kind=meter_work").streaming_content).decode("utf-8-sig")
    assert (
        f"{billed.account.number},Work at the meter,Meter tested,Agreed by hand,,113.00,13.00,Agreed,{bill.number}"
        in text
    )
    assert bill.number in desk.get(place).content.decode()


def test_who_may_not_charge_sees_no_button_and_gets_no_form(supplier, billed, client):
    reader = sign_in(client, Role.METERING)
    assert url(billed) not in reader.get(f"/desk/customers/{billed.account.id}/").content.decode()
    assert reader.get(url(billed)).status_code == 403
    assert reader.get("/desk/charges/").status_code == 200
    assert reader.get("/desk/charges/999999/").status_code == 404


def test_many_charges_cost_as_many_statements_as_one(desk, billed):
    def statements(rows):
        for one in range(rows):
            OneOffCharge.objects.create(
                account=billed.account, kind="works", state="agreed", amount_minor=100, ledger_class="service",
                reason="cable", agreed_date="2026-03-01", key=f"{OneOffCharge.objects.count()}-{one}", subject="by_hand",
                subject_id=billed.account.id, proposer_id=one,
            )  # fmt: skip
        desk.get("/desk/charges/")
        with CaptureQueriesContext(connection) as taken:
            desk.get("/desk/charges/")
        return len(taken)

    assert statements(1) == statements(12) <= 12
