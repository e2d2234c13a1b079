"""
From a bill to its invoice, and back: January is billed, paid and invoiced; its usage turns out wrong; the bill of February
takes January back and bills it anew; so January's invoice is taken back by a red one, and the blue one of February says what
holds.
"""

from datetime import timedelta

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Sum
from django.test import Client
from django.utils import timezone

from accounts.models.account import AccountHolder
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.e_invoice import EInvoice
from billing.operations import bills, e_invoice_sending, payments
from billing.queries import e_invoice_vat
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from metering.models.usage import Usage
from tests.db.billing.night import FEBRUARY, JANUARY, bill, use
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, mass

pytestmark = pytest.mark.django_db


def _night():
    e_invoice_sending.work(timezone.now())
    e_invoice_sending.send(timezone.now() + timedelta(hours=1))


def _said(account):
    found = EInvoice.objects.filter(account_id=account, state="issued")
    return found.aggregate(all=Sum(F("net_minor") + F("tax_minor")), tax=Sum("tax_minor"))


def _billed(account):
    found = Bill.objects.filter(account_id=account, state__in=["issued", "cancelled"])
    return found.aggregate(all=Sum("amount_minor"), tax=Sum("tax_minor"))


def _pay(account, one):
    payments.receive(account_id=account, amount_minor=one.amount_minor, channel=PaymentChannel.CASH,
                     reference=f"p{one.id}", received_date=one.issue_date, today=one.issue_date, actor=SYSTEM)  # fmt: skip


def test_invoices_follow_the_bills_through_a_correction(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    with time_machine.travel("2025-02-10T02:00:00Z", tick=False) as clock:
        (account,) = mass.supply(count=1, months=[JANUARY, FEBRUARY])
        holder = AccountHolder(account_id=account, customer=accounts.customer(), period=DateRange(JANUARY.start, None))
        holder.save()

        # January is billed and paid: the same night its invoice is there.
        bill(JANUARY)
        first = Bill.objects.get(account_id=account)
        _night()
        assert not EInvoice.objects.exists()
        _pay(account, first)
        _night()
        assert [(row.state, row.fail_code, row.fail_text) for row in EInvoice.objects.all()] == [("issued", "", "")]
        assert _said(account) == _billed(account)

        # January's peak was read wrong: the bill of February takes January back and bills it anew.
        clock.move_to("2025-03-10T02:00:00Z")
        right = Usage.objects.filter(service_point_id=account, start_date=JANUARY.start, period_of_use="peak").get()
        use(account, JANUARY, right.energy_wh // 2)
        bill(FEBRUARY)
        second = Bill.objects.get(account_id=account, id__gt=first.id)
        assert second.segments.filter(cancels__bill=first).exists()

        # It corrects what was invoiced, so its invoices do not wait for the money.
        _night()
        red = EInvoice.objects.get(reverses__bill=first)
        assert (red.bill_id, red.state) == (second.id, "issued")
        assert red.net_minor == -EInvoice.objects.get(bill=first).net_minor
        assert EInvoice.objects.get(bill=second, reverses=None).state == "issued"
        assert _said(account) == _billed(account)

        # The whole bill cannot be cancelled, since it corrects; somebody of billing sees it all explained.
        with pytest.raises(bills.BillNotCancellable):
            bills.cancel(bill_id=second.id, reason="wrong", as_of_date=second.issue_date, actor=SYSTEM)
        biller = sign_in(Client(), Role.BILLING)
        page = biller.get(f"/desk/e-invoices/{red.id}/").content.decode()
        assert EInvoice.objects.get(bill=first).number in page
        for month in (JANUARY.end, FEBRUARY.end):
            assert e_invoice_vat.reconcile(month=month).unexplained_minor == 0
        _night()
        assert EInvoice.objects.count() == 3
