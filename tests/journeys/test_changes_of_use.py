"""
Three changes of use as people live through them: a flat goes over and its arrears must be paid first; a factory stops
its transformers for a time and pays by days; somebody moves out, gets the last bill, and the money that is over.
"""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models.bill import Bill
from billing.models.settlement import Refund
from billing.operations import final_accounts
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from contracts.models.agreement import ServiceAgreement
from contracts.models.change import ChangeSet
from contracts.operations import change_nights
from metering.operations import reads
from tests.db.billing.night import bill, prove
from tests.db.billing.test_changes_of_use import CAPACITY
from tests.doors.desk.conftest import hang, sign_in
from tests.doors.desk.test_changes import picture
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
FEBRUARY, MARCH = Period(date(2026, 2, 1), date(2026, 3, 1)), Period(date(2026, 3, 1), date(2026, 4, 1))


@pytest.fixture
def home(settings, tmp_path):
    """A home whose counter stood at 1,000 kWh on 1 February and used 100 kWh until March, which is billed."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False) as traveller:
        accounts.supplier()
        world = contracts.world(start_date=FEBRUARY.start)
        (register,) = hang(world.service_point)
        shown(register, date(2026, 2, 1), 1_000)
        shown(register, date(2026, 3, 1), 1_100)
        bill(FEBRUARY)
        yield world, register, traveller


def shown(register, on, kwh):
    reads.enter(serial=register.meter.serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=on)


def night(day):
    at = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    change_nights.work(at)
    final_accounts.work(at)


def words(answer):
    return " ".join(answer.content.decode().split())


def test_a_flat_goes_over_once_its_arrears_are_paid(home):
    world, register, _ = home
    clerk, cashier = sign_in(Client(), Role.CLERK), sign_in(Client(), Role.CASHIER)
    form = f"/desk/customers/{world.account.id}/changes/transfer/?supply={world.agreement.id}"
    typed = {
        "request_key": "t", "asked_date": "2026-03-10", "effective_date": "2026-03-10", "new_kind": "resident",
        "new_name": "孙七", f"read_{register.meter_id}_total": "1130",
    }  # fmt: skip
    page = words(clerk.post(form, {**typed, "preview": "1"}))
    assert "¥61.70 is owed for bills that were issued" in page
    # 30 kWh since the first of the month: what the last bill would be.
    assert "¥18.51" in page

    clerk.post(form, {**typed, "enter": "1"})
    change = ChangeSet.objects.get()
    for kind in ("identity", "right_to_premises"):
        clerk.post(f"/desk/changes/{change.id}/papers/", {"kind": kind, "file": picture()})
    decide = f"/desk/changes/{change.id}/decide/"
    assert "paid first" in words(clerk.post(decide, {"action": "confirm"}, follow=True))
    assert ServiceAgreement.objects.count() == 1

    cashier.post(
        f"/desk/customers/{world.account.id}/payment/",
        {"amount": "61.70", "channel": "bank", "reference": "till-1", "received_date": "2026-03-10"},
    )
    clerk.post(decide, {"action": "confirm"})
    change.refresh_from_db()
    assert change.state == "effective"
    assert change.new_account.holders.get().customer.name == "孙七"
    night(date(2026, 3, 10))
    final = Bill.objects.get(account=world.account, start_date=MARCH.start)
    assert final.amount_minor == 1_851
    # The next month the newcomer pays from his day on: 70 kWh.
    shown(register, date(2026, 4, 1), 1_200)
    bill(MARCH, account_ids=[change.new_account_id])
    assert Bill.objects.get(account=change.new_account).amount_minor == 4_319
    prove()


def test_a_factory_stops_a_part_of_its_transformers_and_pays_by_days(home):
    _, _, traveller = home
    version = tariffs.version(source=CAPACITY)
    point = metering.service_point()
    (register,) = hang(point)
    works = contracts.agreement(service_point=point, tariff=version.tariff, start_date=FEBRUARY.start)
    works.terms.update(capacity_va=1_000_000)
    clerk = sign_in(Client(), Role.CLERK)
    form = f"/desk/customers/{works.account_id}/changes/suspension/?supply={works.id}"
    typed = {"request_key": "s", "asked_date": "2026-03-10", "suspended_kva": "400", "until_date": "2026-04-06"}
    # Five working days of notice: the 17th at the earliest.
    assert "it can hold from 2026-03-17 on" in words(clerk.post(form, {**typed, "effective_date": "2026-03-12"}))
    page = words(clerk.post(form, {**typed, "effective_date": "2026-03-17", "preview": "1"}))
    assert "With the change" in page
    clerk.post(form, {**typed, "effective_date": "2026-03-17", "enter": "1"})
    change = ChangeSet.objects.get()
    clerk.post(f"/desk/changes/{change.id}/decide/", {"action": "confirm"})
    change.refresh_from_db()
    assert change.state == "confirmed"
    night(date(2026, 3, 16))
    change.refresh_from_db()
    assert change.state == "effective"
    for on, kwh in ((date(2026, 2, 1), 0), (date(2026, 3, 1), 100), (date(2026, 4, 1), 200)):
        shown(register, on, kwh)
    traveller.move_to("2026-04-02T02:00:00Z")
    bill(MARCH, account_ids=[works.account_id])
    lines = [
        (line.quantity // 1_000, line.amount_minor)
        for one in Bill.objects.filter(account=works.account, start_date=MARCH.start)
        for line in one.lines.filter(code="capacity", segment__start_date__gte=MARCH.start).order_by("seq")
    ]
    # Twenty days of 1,000 kVA until 6 April; 16 thirtieths whole, 15 with 600 kVA.
    assert lines == [(1_000, 1_600_000), (600, 900_000)]
    night(date(2026, 4, 6))
    change.refresh_from_db()
    assert change.state == "done"
    prove()


def test_somebody_moves_out_and_gets_the_last_bill_and_the_money_that_is_over(home):
    world, register, traveller = home
    customer, cashier = Client(), sign_in(Client(), Role.CASHIER)
    customer.force_login(accounts.portal_user(of=world.customer))
    customer.cookies["django_language"] = "en"
    cashier.post(
        f"/desk/customers/{world.account.id}/payment/",
        {"amount": "200", "channel": "bank", "reference": "till-2", "received_date": "2026-03-10"},
    )
    form = f"{reverse('portal:new_change', args=['move_out'])}?supply={world.agreement.id}"
    typed = {"request_key": "m", "effective_date": "2026-03-21"}
    assert "We would pay" in _words(customer.post(form, {**typed, "look": "1"}))
    customer.post(form, {**typed, "send": "1"})
    night(date(2026, 3, 19))
    world.agreement.refresh_from_db()
    assert world.agreement.period.upper is None

    traveller.move_to("2026-03-21T02:00:00Z")
    night(date(2026, 3, 20))
    assert "You get your final bill by" in _words(customer.get(reverse("portal:changes")))
    shown(register, date(2026, 3, 21), 1_150)
    night(date(2026, 3, 21))
    final = Bill.objects.get(account=world.account, start_date=MARCH.start)
    assert final.amount_minor == 3_085  # 50 kWh
    refund = Refund.objects.get()
    assert refund.amount_minor == 20_000 - 6_170 - 3_085
    assert "We pay ¥107.45 back by" in _words(customer.get(reverse("portal:changes")))
    act = f"/desk/refunds/{refund.id}/act/"
    cashier.post(act, {"action": "payee", "payee": "张三", "bank_account": "6222021234567890123", "bank_code": ""})
    sign_in(Client(), Role.BILLING).post(act, {"action": "approve"})
    cashier.post(act, {"action": "send", "reference": "B-7", "paid_date": "2026-03-21"})
    world.account.refresh_from_db()
    assert world.account.state == "closed"
    assert ChangeSet.objects.get().state == "done"
    assert "¥107.45 were paid back" in _words(customer.get(reverse("portal:changes")))
    prove()
