"""
A deposit from its demand to its return, in prose: a new customer of a supplier in Idaho pays a deposit, pays twelve months
of bills, once too late, is credited interest, and gets the deposit back; it pays the open bill, the rest is paid out.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models.notice import Notice
from billing.models.deposit import Deposit
from billing.models.settlement import Refund
from billing.operations import deposit_nights, proof
from billing.queries import balances
from cis.kernel.enums import Role
from cis.kernel.periods import add_months
from cis.platform import outbox
from tests.doors.desk.conftest import sign_in
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
BEGIN, PAID = date(2025, 1, 6), date(2025, 1, 20)


@pytest.fixture
def traveller(settings):
    settings.PACK, settings.LANGUAGE_CODE = "us-example", "en"
    with time_machine.travel(datetime.combine(BEGIN, time(2, 0), UTC), tick=False) as clock:
        accounts.supplier()
        yield lambda day: clock.move_to(datetime.combine(day, time(2, 0), UTC))


def test_a_deposit_is_held_twelve_good_months_and_comes_back(traveller):
    world = contracts.world()
    account_id = world.account.id
    clerk, customer = sign_in(Client(), Role.CLERK), Client()
    user = accounts.portal_user(of=world.customer)
    customer.force_login(user)
    customer.cookies["django_language"] = "en"
    page = f"/portal/deposit?account={world.account.number}"

    # The clerk demands it: a home without bills, so the fixed amount of its class. It is a debt as any other.
    typed = {"cause": "new_customer", "amount": "", "expected": "", "reason": "", "request_key": "d"}
    clerk.post(f"/desk/customers/{account_id}/deposit/", {**typed, "is_paid_out": "on"})
    deposit = Deposit.objects.get()
    assert "Please pay <strong>¥150.00</strong> by 21 Jan 2025" in _words(customer.get(page))
    traveller(PAID)
    paid_in(account_id, 15_000, on=PAID)
    _deliver()

    # Eleven bills, each paid in time but one; each night the job looks, and does nothing before its day.
    for month in range(11):
        start = add_months(date(2025, 1, 1), month)
        traveller(add_months(start, 1))
        bill = billing.issued(world=world, start_date=start, end_date=add_months(start, 1))
        day = bill.due_date + timedelta(days=8 if month == 3 else -1)
        traveller(day)
        paid_in(account_id, bill.amount_minor, on=day)
        _night(day)
    assert not deposit.moves.filter(kind="interest").exists()
    # Interest is due on the day of the demand; the nights before and on it were lost.
    traveller(date(2026, 1, 8))
    _night(date(2026, 1, 8))
    interest = deposit.moves.get(kind="interest")
    earned = round((346 * 425 + 5 * 375) * 15_000 / 365 / 10_000)
    assert (interest.due_date, interest.amount_minor) == (date(2026, 1, 6), earned)

    # On 20 January 2026 twelve months are over: the desk shows each of them, and the night gives it back.
    back = date(2026, 1, 20)
    traveller(back)
    clerk = sign_in(Client(), Role.CLERK)
    customer.force_login(user)
    shown = clerk.get(f"/desk/refunds/deposits/{deposit.id}/").content.decode()
    assert shown.count('<td class="num text-bad">1</td>') == 1
    open_bill = billing.issued(world=world, start_date=date(2026, 1, 1), end_date=date(2026, 1, 20))
    _night(back)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.returned_minor) == ("returned", 15_000)
    assert sum(open_bill.allocations.values_list("amount_minor", flat=True)) == open_bill.amount_minor
    refund = Refund.objects.get()
    owed = balances.of_account(account_id=account_id, today=back).balance_minor
    assert (refund.amount_minor, deposit.refund_id) == (min(15_000, -owed), refund.id)
    assert "went back to your account" in _words(customer.get(page))
    assert proof.verify() == ()

    # Each step was told once, and the night after does nothing more.
    _deliver()
    _night(back + timedelta(days=1))
    told = sorted(Notice.objects.filter(event__startswith="deposit_").values_list("event", flat=True).distinct())
    assert told == ["deposit_demanded", "deposit_interest", "deposit_received", "deposit_returned"]
    assert Deposit.objects.get().moves.filter(kind="return").count() == 1


def _night(day):
    deposit_nights.night(datetime.combine(day, time(10, 0), UTC))


def _deliver():
    while outbox.deliver_due():
        pass
