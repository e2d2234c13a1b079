"""Late fees on the desk: seen before they are charged, explained, waived, listed."""

from datetime import date

import pytest

from arrears.models.late_fee import LateFee, LateFeeWaiver
from arrears.operations import late_fees
from billing.models.bill import Bill
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from tests.doors.desk.conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(billed):
    """The first bill is due 20 days after its end; today is the 10th of March."""
    bill = Bill.objects.filter(account=billed.account).order_by("due_date").first()
    Bill.objects.filter(id=bill.id).update(due_date=date(2026, 2, 21))
    bill.refresh_from_db()
    return bill


def charged(billed):
    late_fees.charge(account_ids=[billed.account.id], today=date(2026, 3, 10), actor=SYSTEM)
    return LateFee.objects.get()


def test_the_account_and_the_bill_tell_the_fee_before_it_is_charged(desk, billed, late):
    """Of 17 days until 10 March, 1 per mille a day."""
    fee = (late.amount_minor * 17 + 500) // 1000
    shown = [f"{fee / 100:,.2f}", f"{(late.amount_minor + fee) / 100:,.2f}"]
    for url in (f"/desk/customers/{billed.account.id}/", f"/desk/bills/{late.id}/"):
        page = desk.get(url).content.decode()
        for text in shown:
            assert text in page, (url, text)
    assert ">1 ‰" in page


def test_a_fee_is_listed_explained_and_waived(desk, billed, late):
    fee = charged(billed)
    url = f"/desk/late-fees/{fee.id}/"
    assert url in desk.get("/desk/late-fees/").content.decode()
    assert url in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    assert late.number in desk.get("/desk/late-fees.csv").getvalue().decode()
    assert ">1 ‰" in desk.get(url).content.decode()
    desk.post(url + "act/", {"action": "waive", "reason": "goodwill", "remark": "first time"})
    assert LateFee.objects.get().state == "waived"
    assert "Goodwill" in desk.get(url).content.decode()
    assert url not in desk.get("/desk/late-fees/?state=charged").content.decode()


def test_above_the_limit_another_person_decides(supplier, client, billed, late):
    fee = charged(billed)
    clerk = sign_in(client, Role.CLERK)
    url = f"/desk/late-fees/{fee.id}/"
    clerk.post(url + "act/", {"action": "waive", "reason": "hardship", "remark": ""})
    assert LateFeeWaiver.objects.get().state == "proposed"
    assert url in clerk.get("/desk/late-fees/?state=waiting").content.decode()
    assert 'value="agree"' not in clerk.get(url).content.decode()
    boss = sign_in(type(client)(), Role.SUPERVISOR)
    assert 'value="agree"' in boss.get(url).content.decode()
    boss.post(url + "act/", {"action": "agree"})
    assert LateFee.objects.get().state == "waived"


def test_who_may_not_waive_sees_no_form(supplier, client, billed, late):
    fee = charged(billed)
    reader = sign_in(client, Role.AUDITOR)
    url = f"/desk/late-fees/{fee.id}/"
    assert 'value="waive"' not in reader.get(url).content.decode()
    assert reader.post(url + "act/", {"action": "waive", "reason": "goodwill"}).status_code == 403
    assert reader.get("/desk/late-fees/999999/").status_code == 404
