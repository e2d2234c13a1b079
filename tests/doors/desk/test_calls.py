"""Calls at the desk: the screen pop shows nobody's data before the caller is known; the queue; the inbox; links."""

import re
from datetime import date

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain.loyalty import Earned
from accounts.models.care import PointsRedemption
from accounts.models.privacy import DataExport
from accounts.models.user import User
from accounts.operations import points, telephone_pins
from billing.models.settlement import Refund
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform import jobs
from complaints.domain.calls import CallSource
from complaints.models.call import CallRequest
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.operations import call_requests
from complaints.operations.call_requests import NewCall
from metering.models.alarm import MeterAlarm
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, billing, contracts, mails, metering, refunds, work
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"
THEFT = {"amount": "10.00", "way": "bank", "payee": "贼", "bank_account": "6222021234567890123", "request_key": "k"}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path, supplier):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(made.AT, tick=False):
        yield


@pytest.fixture
def clerk():
    return sign_in(Client(), Role.CLERK)


@pytest.fixture
def world():
    found = contracts.world()
    accounts.contact_point(of=found.customer, kind="mobile", value=PHONE)
    telephone_pins.set_pin(
        account_id=found.account.id, customer_id=found.customer.id, pin="480213", digits=6, actor=SYSTEM
    )
    return found


def text(answer):
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_a_screen_pop_shows_nobodys_data_before_the_caller_is_known(clerk, world):
    account, name = world.account, world.customer.name
    page = text(clerk.get("/desk/cases/new/?caller=13812345678"))
    assert name not in page
    assert account.number not in page
    assert name[:1] + "＊＊" in page
    assert f"/desk/calls/check/{account.id}/" in page
    assert f"…{account.number[-4:]}" in page
    assert "Nobody knows who it is" in text(clerk.get("/desk/cases/"))  # wherever the clerk looks
    shown = text(clerk.get(f"/desk/calls/check/{account.id}/"))
    assert name not in shown
    assert account.number not in shown
    wrong = text(clerk.post(f"/desk/calls/check/{account.id}/", {"pin": "111111"}))
    assert "not what the file says" in wrong
    assert name not in wrong
    known = text(clerk.post(f"/desk/calls/check/{account.id}/", {"pin": "480213"}, follow=True))
    assert name in known
    assert account.number in known
    assert name in text(clerk.get("/desk/cases/new/?caller=13812345678"))
    assert f"Known as {name}" in text(clerk.get("/desk/cases/"))


def test_nothing_is_changed_for_a_caller_who_is_not_known(clerk, world):
    url = reverse("desk:contacts", args=[world.account.id, world.customer.id])
    new = {"do": "add", "kind": "email", "value": "evil@example.com"}
    clerk.get("/desk/cases/new/?caller=13812345678")
    assert "has not shown who they are" in text(clerk.post(url, new))
    assert not world.customer.contact_points.filter(kind="email").exists()
    clerk.post(f"/desk/calls/check/{world.account.id}/", {"pin": "480213"})
    clerk.post(url, new)
    assert world.customer.contact_points.filter(kind="email").exists()
    other = contracts.world()
    clerk.post("/desk/calls/hang-up/")
    clerk.post(reverse("desk:contacts", args=[other.account.id, other.customer.id]), new)
    assert other.customer.contact_points.filter(kind="email").exists()  # nobody calls: as at the counter


def test_each_page_that_changes_what_is_a_customers_asks_who_calls(clerk, world):
    account_id, customer_id = world.account.id, world.customer.id
    refunds.paid_in(account_id, 10_000, on=made.AT.date())
    refund_id = refunds.asked(account_id, 5_000, today=made.AT.date())
    clerk.get("/desk/cases/new/?caller=13812345678")
    sent = {
        reverse("desk:portal_login", args=[account_id]): {"username": "thief", "email": "thief@example.com"},
        reverse("desk:ways", args=[account_id, customer_id]): {},
        reverse("desk:account_tax", args=[account_id]): {"name": "贼", "tax_number": "", "from_date": "2026-03-02"},
        reverse("desk:act_on_customer_data", args=[account_id]): {"action": "export"},
        reverse("desk:new_refund", args=[account_id]): THEFT,
        reverse("desk:act_on_case", args=[made.taken(account_id=account_id).id]): {**THEFT, "action": "refund"},
        reverse("desk:act_on_refund", args=[refund_id]): {**THEFT, "action": "payee"},
    }  # fmt: skip
    for url, given in sent.items():
        assert "has not shown who they are" in text(clerk.post(url, given, follow=True)), url
    assert not User.objects.filter(username="thief").exists()
    assert not DataExport.objects.exists()
    assert list(Refund.objects.values_list("payee", flat=True)) == [refunds.TO["payee"]]


def test_points_are_redeemed_for_nobody_who_is_not_known(clerk, world):
    billing.issued(world=world, kwh=100)
    day, url = made.AT.date(), reverse("desk:account_points", args=[world.account.id])
    with transaction.atomic():
        earned = [Earned(world.account.id, 202603, day, day)]
        points.earn_step(source="self_read", earned=earned, points=300, expires_date=date(2026, 4, 1))
    clerk.get("/desk/cases/new/?caller=13812345678")
    assert "has not shown who they are" in text(clerk.post(url, {"points": "100", "request_key": "k"}))
    assert not PointsRedemption.objects.exists()


def test_a_call_is_taken_made_and_noted(clerk, world):
    asked = {"phone": "13812345678", "about": "账单"}
    page = text(clerk.post("/desk/calls/new/", asked, follow=True))
    row = CallRequest.objects.get()
    assert row.phone in page
    assert world.customer.name not in page
    url = f"/desk/calls/{row.id}/act/"
    assert "Call again at" in text(clerk.post(url, {"action": "claim"}, follow=True))
    clerk.post(url, {"action": "note", "result": "no_answer", "text": "忙音", "key": "a"})
    row.refresh_from_db()
    assert (row.state, row.tries) == ("waiting", 1)
    assert clerk.post(url, {"action": "give_up"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "waiting"
    clerk.post(url, {"action": "claim"})
    assert "There is no case" in text(clerk.post(url, {"action": "note", "result": "reached", "case_number": "K1"}))
    clerk.post(url, {"action": "note", "result": "reached", "key": "b"})
    row.refresh_from_db()
    assert row.state == "done"
    assert PHONE in text(clerk.get("/desk/calls.csv?state=all"))
    assert clerk.post(url, {"action": "whim"}).status_code == 404


def test_the_queue_costs_the_same_however_long_it_is(clerk):
    def ask(n):
        new = NewCall(phone=f"1381234{n:04d}", source=CallSource.TELEPHONE)
        call_requests.ask(new=new, at=made.AT, actor=SYSTEM)

    def count():
        with CaptureQueriesContext(connection) as found:
            assert clerk.get("/desk/calls/").status_code == 200
        return len(found)

    ask(1)
    count()  # what a process keeps is read once
    first = count()
    for n in range(2, 6):
        ask(n)
    assert count() == first


def test_the_inbox_shows_what_waits_and_a_person_makes_a_case_of_it(clerk):
    mails.taken(mails.mail(message_id="<a@x>"))
    mails.taken(mails.mail(message_id="<a@x>", text="<script>alert(1)</script>", subject="<b>x</b>"), uid="2")
    listed = text(clerk.get("/desk/inbox/"))
    assert "&lt;b&gt;x&lt;/b&gt;" in listed
    assert "电费太高" not in listed
    row = CaseMail.objects.get(fate="task")
    assert "&lt;script&gt;" in text(clerk.get(f"/desk/inbox/{row.id}/"))
    page = text(clerk.post(f"/desk/inbox/{row.id}/act/", {"action": "case", "kind": "complaint"}, follow=True))
    assert Case.objects.latest("id").number in page
    assert "fang@example.com" in page
    assert "No mail waits" in text(clerk.get("/desk/inbox/"))
    assert "fang@example.com" in text(clerk.get("/desk/inbox.csv?fate=all"))
    reader = sign_in(Client(), Role.AUDITOR)
    assert reader.get("/desk/inbox/").status_code == 200
    assert reader.post(f"/desk/inbox/{row.id}/act/", {"action": "settle"}).status_code == 403


def test_a_case_is_linked_to_bills_reads_orders_and_alarms(clerk):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    (register,) = metering.metered(at=world.service_point)
    read = metering.read(of=register, on=made.AT.date(), kwh=120)
    order, elsewhere = work.order(service_point=world.service_point), metering.installation()
    alarm, other = (
        MeterAlarm.objects.create(
            meter_id=meter_id, service_point_id=point_id, kind="power_off", answer="brief", occurred_at=made.AT
        )
        for meter_id, point_id in (
            (register.meter_id, world.service_point.id), (elsewhere.meter_id, elsewhere.service_point_id)
        )
    )  # fmt: skip
    row = made.taken(account_id=world.account.id)
    url = f"/desk/cases/{row.id}/act/"
    page = text(clerk.get(f"/desk/cases/{row.id}/"))
    choices = set(re.findall(r'value="((?:bill|read|work_order|fault_report|meter_alarm):\d+)"', page))
    assert f"bill:{bill.id}" in choices
    assert {f"read:{read.id}", f"work_order:{order.id}", f"meter_alarm:{alarm.id}"} <= choices
    assert f"meter_alarm:{other.id}" not in choices
    for thing in (f"read:{read.id}", f"meter_alarm:{alarm.id}", f"meter_alarm:{alarm.id}", f"work_order:{order.id}"):
        clerk.post(url, {"action": "link", "thing": thing})
    clerk.post(url, {"action": "link", "number": bill.number})
    assert row.links.count() == 4
    page = text(clerk.get(f"/desk/cases/{row.id}/"))
    assert bill.number in page
    assert f"/desk/meters/{register.meter_id}/" in page
    assert f"{register.meter.serial} · 2026-03-02 10:00" in page
    assert "There is no such thing" in text(clerk.post(url, {"action": "link", "number": "#999999"}))
    clerk.post(url, {"action": "link", "thing": f"meter_alarm:{other.id}"})  # of another place: it was not offered
    assert row.links.count() == 4


def test_a_hold_is_a_sentence_in_the_history_of_the_account(clerk):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    made.taken(account_id=world.account.id, bill_id=bill.id)
    page = text(clerk.get(f"/desk/customers/{world.account.id}/"))
    assert "account: hold" not in page
    assert "Not pursued for now" in page
