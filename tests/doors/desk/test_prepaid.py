"""Prepaid accounts on the desk: switched with a confirmation, listed by what they need, looked at, switched back."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from arrears.models.collection import DisconnectionOrder, PrepaidCutBatch
from billing.models.prepay import PrepaidDay, Prepayment
from cis.kernel.enums import Role
from tests.doors.desk.conftest import make_billed, sign_in

pytestmark = pytest.mark.django_db
DAYS = [(date(2026, 3, 8), 12_340), (date(2026, 3, 9), 12_940), (date(2026, 3, 10), 13_640)]


def prepaid(billed, *, level="ok", review="", **values):
    """Two bills of 61.70 are open; 6.00 and 7.00 were used on two days, and 13.00 are on no bill."""
    row = Prepayment.objects.create(
        account=billed.account, customer=billed.customer, agreement_reference="YF-7", since_date=date(2026, 3, 1),
        level=level, **values,
    )  # fmt: skip
    for day, cost in DAYS:
        PrepaidDay.objects.create(
            prepayment=row, day=day, billed_until=date(2026, 3, 1), rated_until=day, cost_minor=cost,
            unbilled_minor=cost - 12_340, balance_minor=-cost, review=review if day == DAYS[-1][0] else "",
        )  # fmt: skip
    return row


def test_the_account_page_leads_to_the_switch_which_says_what_it_means(desk, billed):
    assert (
        f"/desk/customers/{billed.account.id}/prepay/"
        in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    )
    url = f"/desk/customers/{billed.account.id}/prepay/"
    words = desk.get(url).content.decode()
    assert "123.40 is owed" in words
    assert "50.00" in words
    refused = desk.post(url, {"since_date": "2026-03-09", "agreement_reference": "YF-7"}).content.decode()
    assert "The day has passed" in refused
    assert not Prepayment.objects.exists()
    desk.post(url, {"since_date": "2026-03-10", "agreement_reference": "YF-7"})
    row = Prepayment.objects.get()
    assert (row.since_date, row.agreement_reference, row.customer_id) == (
        date(2026, 3, 10), "YF-7", billed.customer.id,
    )  # fmt: skip
    assert "before it uses" in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()


def test_the_list_filters_and_exports_in_a_constant_number_of_statements(desk, billed, django_assert_max_num_queries):
    prepaid(billed, level="pending", cut_date=date(2026, 3, 12))
    other = make_billed(name="李四")
    prepaid(other, review="jump")
    for state, seen in [("", 2), ("pending", 1), ("review", 1), ("low", 0), ("cut", 0)]:
        page = desk.get(f"/desk/prepaid/?state={state}").content.decode()
        assert page.count("/desk/prepaid/") >= seen
        found = [one.account.number for one in (billed, other) if f"/desk/prepaid/{one.account.id}/" in page]
        assert len(found) == seen, state
    assert "−¥136.40" in desk.get("/desk/prepaid/").content.decode()
    rows = desk.get("/desk/prepaid.csv?state=pending").getvalue().decode()
    assert billed.account.number in rows
    assert other.account.number not in rows
    with django_assert_max_num_queries(10):
        desk.get("/desk/prepaid/")


def test_the_page_of_an_account_shows_its_days_and_what_stands_against_a_cut(desk, billed):
    prepaid(billed, level="pending", cut_date=date(2026, 3, 12))
    page = desk.get(f"/desk/prepaid/{billed.account.id}/").content.decode()
    for text in ("−¥136.40", "6.00", "7.00", "YF-7", "It is not proven that the customer knows"):
        assert text in page, text
    refused = desk.post(f"/desk/prepaid/{billed.account.id}/end/", {"until_date": "2026-03-10", "reason": "asked"})
    assert "below the line of the cut" in refused.content.decode()
    assert Prepayment.objects.get().until_date is None


def test_numbers_that_wait_are_accepted_by_billing_alone(desk, billed, client):
    prepaid(billed, review="jump")
    page = desk.get(f"/desk/prepaid/{billed.account.id}/").content.decode()
    assert "The last night waits for a person" in page
    assert "−¥129.40" in page
    url = f"/desk/prepaid/{billed.account.id}/accept/"
    assert sign_in(client, Role.CLERK).post(url, {"reason": "read again"}).status_code == 403
    sign_in(client, Role.BILLING).post(url, {"reason": "read again"})
    row = Prepayment.objects.get()
    assert (row.level, row.moves.get().balance_minor) == ("pending", -13_640)


def test_an_order_for_a_balance_says_so_with_its_evidence_and_many_wait_for_a_supervisor(desk, client, billed):
    row = prepaid(billed, level="pending", cut_date=date(2026, 3, 2))
    given = {"account": billed.account, "service_point": billed.agreement.service_point, "reason": "x", "way": "remote"}
    at = {"proposed_at": timezone.now(), "expires_at": timezone.now() + timedelta(days=5)}
    order = DisconnectionOrder.objects.create(**given, **at, prepayment_id=row.id)
    words = desk.get(f"/desk/overdue/disconnections/{order.id}/").content.decode()
    for text in ("not for overdue bills", "The balance is −¥136.40 now", "Monday", "08:00–17:00", 'data-chart="sums"'):
        assert text in words, text
    assert "It is for overdue bills" not in words
    assert 'value="announce"' not in words
    batch = PrepaidCutBatch.objects.create(day=date(2026, 3, 10), count=25, bound=20, order_ids=[order.id])
    listed = "/desk/overdue/disconnections/"
    assert "Today 25 prepaid supplies would be cut off" in desk.get(f"{listed}?cause=balance").content.decode()
    assert "One order waits, and only this one is let go" in desk.get("/desk/prepaid/").content.decode()
    assert f"{listed}{order.id}/" not in desk.get(f"{listed}?cause=bills").content.decode()
    assert f"{listed}{order.id}/" in desk.get(f"{listed}?batch={batch.id}").content.decode()
    assert f"{listed}{order.id}/" not in desk.get(f"{listed}?batch={batch.id + 1}").content.decode()
    biller, url = sign_in(type(client)(), Role.BILLING), f"{listed}batches/{batch.id}/"
    assert "Let them go" not in biller.get("/desk/prepaid/").content.decode()
    biller.post(url, {"action": "approve"})
    assert PrepaidCutBatch.objects.get().state == "waiting"
    desk.post(url, {"action": "approve"})
    assert PrepaidCutBatch.objects.get().state == "approved"
    assert "would be cut off" not in desk.get("/desk/prepaid/").content.decode()
