"""Accruals of revenue on the desk: begin one, look at it, post it, who is not in it, files, and what a month says."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.domain.adjustments import Limits
from billing.models.accrual import AccrualAccount, AccrualLine, RevenueAccrual
from billing.models.ledger import Transfer
from billing.queries import accrual_rules
from cis.kernel.enums import Role
from cis.platform.models import Job
from tariffs.models.tariff import TariffVersion
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts

pytestmark = pytest.mark.django_db
LIST = "/desk/books/accruals/"


@pytest.fixture
def month():
    return (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)


def text(answer):
    return b"".join(answer.streaming_content).decode()


@pytest.fixture
def rated(desk, billed, month):
    """An accrual of last month that was rated: one account of 54.60 and 7.10 tax, and two that are not in it."""
    desk.post(f"{LIST}new/", {"month": f"{month:%Y-%m-%d}"})
    row = RevenueAccrual.objects.get()
    values = {"accrual": row, "billed_until": month}
    AccrualAccount.objects.create(
        account=billed.account, told_until=month + timedelta(days=20), outcome="partly", used_wh=100_000, **values
    )
    for reason, said in (("no_usage", "Since the last bill no usage is known."), ("missing_price", "No price <b>.")):
        AccrualAccount.objects.create(
            account=accounts.account(), outcome="not_rated", reason=reason, text=said, **values
        )  # fmt: skip
    AccrualLine.objects.create(
        accrual=row, account=billed.account, tariff_version=TariffVersion.objects.get(tariff=billed.tariff), ledger_class="energy", amount_minor=6170,
        tax_minor=710,
    )  # fmt: skip
    row.state = "rated"
    row.save()
    return row


def test_a_month_is_rated_looked_at_and_posted(desk, month, rated):
    page = desk.get(f"{LIST}{rated.id}/").content.decode()
    for told in ("54.60", "7.10", "Since the last bill no usage is known.", "Billed for them", 'value="post"'):
        assert told in page
    assert "is not accrued" in desk.get(f"/desk/books/{month:%Y-%m}/").content.decode()
    desk.post(f"{LIST}{rated.id}/act/", {"action": "post"})
    rated.refresh_from_db()
    assert (rated.state, rated.net_minor) == ("posted", 5460)
    assert Transfer.objects.filter(kind="accrual").count() == 2
    page = desk.get(f"/desk/books/{month:%Y-%m}/").content.decode()
    assert "54.60 accrued" in page
    first = Transfer.objects.filter(kind="accrual").first()
    assert f'href="{LIST}{rated.id}/"' in desk.get(f"/desk/books/transfers/{first.id}/").content.decode()
    listed = desk.get(LIST).content.decode()
    assert "54.60" in listed
    assert "Posted" in text(desk.get("/desk/books/accruals.csv"))
    assert "54.60" in text(desk.get(f"{LIST}{rated.id}/totals.csv"))


def test_above_the_limit_somebody_else_agrees_on_the_same_page(desk, rated, monkeypatch):
    """Of 54.60 somebody of billing posts 54.59 alone."""
    low = Limits(alone_minor={Role.BILLING: 5459}, day_minor={Role.BILLING: 2**62})
    monkeypatch.setattr(accrual_rules, "limits", lambda *, at: low)
    biller, page = sign_in(Client(), Role.BILLING), f"{LIST}{rated.id}/"
    answer = biller.post(f"{page}act/", {"action": "post"}, follow=True).content.decode()
    assert "a second person decides" in answer
    assert 'value="agree"' not in answer
    assert "waits for a second person" in biller.get(LIST).content.decode()
    biller.post(f"{page}act/", {"action": "agree"})
    assert not Transfer.objects.filter(kind="accrual").exists()
    assert "proposed to post it" in desk.get(page).content.decode()
    desk.post(f"{page}act/", {"action": "refuse"})
    assert 'value="post"' in biller.get(page).content.decode()
    biller.post(f"{page}act/", {"action": "post"})
    desk.post(f"{page}act/", {"action": "agree"})
    rated.refresh_from_db()
    assert (rated.state, rated.net_minor) == ("posted", 5460)


def test_who_is_not_in_it_is_named_with_the_reason(desk, rated):
    page = desk.get(f"{LIST}{rated.id}/accounts/?outcome=not_rated&reason=missing_price").content.decode()
    assert "No price &lt;b&gt;." in page
    assert "no usage is known" not in page
    told = text(desk.get(f"{LIST}{rated.id}/accounts.csv"))
    assert "No price <b>." in told
    assert "54.60" in told
    for address in (LIST, f"{LIST}{rated.id}/accounts/"):
        with CaptureQueriesContext(connection) as few:
            desk.get(address)
        for _ in range(3):
            AccrualAccount.objects.create(
                accrual=rated, account=accounts.account(), billed_until=date(2026, 1, 1), outcome="accrued",
                told_until=date(2026, 2, 1),
            )  # fmt: skip
            RevenueAccrual.objects.create(month=rated.month, state="dropped")
        with CaptureQueriesContext(connection) as many:
            desk.get(address)
        assert len(many) == len(few)


def test_the_page_follows_the_work_and_a_wrong_month_is_refused(desk, month):
    assert "No month was accrued yet" in desk.get(LIST).content.decode()
    this = timezone.localdate().replace(day=1)
    desk.post(f"{LIST}new/", {"month": f"{this:%Y-%m-%d}"})
    assert not RevenueAccrual.objects.exists()
    desk.post(f"{LIST}new/", {"month": f"{month:%Y-%m-%d}"})
    row = RevenueAccrual.objects.get()
    Job.objects.filter(id=row.job_id).update(total=10, done=4)
    asked = {"HX-Request": "true", "HX-Target": "accrual-progress"}
    piece = desk.get(f"{LIST}{row.id}/", headers=asked)
    assert "4 of 10 accounts" in piece.content.decode()
    assert "HX-Refresh" not in piece.headers
    desk.post(f"{LIST}{row.id}/act/", {"action": "drop"})
    assert desk.get(f"{LIST}{row.id}/", headers=asked).headers["HX-Refresh"] == "true"
    assert desk.get(f"{LIST}999/").status_code == 404
    assert desk.post(f"{LIST}{row.id}/act/", {"action": "eat"}).status_code == 404


def test_only_billing_makes_them(rated):
    clerk = sign_in(Client(), Role.CLERK)
    page = clerk.get(f"{LIST}{rated.id}/").content.decode()
    assert 'value="post"' not in page
    assert clerk.post(f"{LIST}{rated.id}/act/", {"action": "post"}).status_code in {403, 404}
