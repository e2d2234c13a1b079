"""The portal's one guard: one's own, and nothing of anybody else."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

import cis.portal
from accounts.models.account import AccountHolder
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
PAGES = ("bills", "payments", "profile")


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    return contracts.world()


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    return client


def _bill_urls(number):
    return reverse("portal:bill", args=[number]), reverse("portal:bill_pdf", args=[number])


def _plain(reply, number):
    """The page without the number that was asked for and without the token against forged forms."""
    return re.sub(rb'"[A-Za-z0-9]{64}"', b"", reply.content.replace(number.encode(), b""))


def test_ones_own_bill_is_shown_with_its_pdf(world, visitor):
    bill = billing.issued(world=world)
    page, paper = _bill_urls(bill.number)
    assert "¥61.70" in visitor.get(page).content.decode()
    reply = visitor.get(paper)
    assert (reply["Content-Type"], reply.content[:4]) == ("application/pdf", b"%PDF")
    assert reply["Cache-Control"] == "private, no-store"


def test_a_foreign_bill_answers_like_one_that_does_not_exist(world, visitor):
    foreign = billing.issued(world=contracts.world())
    for known, unknown in zip(_bill_urls(foreign.number), _bill_urls("9999999999"), strict=True):
        first, second = visitor.get(known), visitor.get(unknown)
        assert first.status_code == second.status_code == 404
        assert _plain(first, foreign.number) == _plain(second, "9999999999")


@pytest.mark.parametrize("number", ["x", "%00", "1%2f2", "１", "9" * 60, "-1", "None"])
def test_numbers_that_are_none_are_404(visitor, number):
    assert visitor.get(f"/portal/bills/{number}").status_code == 404
    assert visitor.get(f"/portal/bills/{number}/pdf").status_code == 404


def test_a_draft_is_not_there_for_the_customer(world, visitor):
    draft = billing.draft(world=world)
    assert "61.70" not in visitor.get(reverse("portal:bills")).content.decode()
    assert visitor.get(f"/portal/bills/{draft.id}").status_code == 404


@pytest.mark.parametrize("page", ["bills", "payments", "profile"])
def test_a_foreign_account_cannot_be_chosen(world, visitor, page):
    foreign = contracts.world()
    for number in (foreign.account.number, "0", "", "x" * 500, "\x00"):
        assert visitor.get(reverse(f"portal:{page}"), {"account": number}).status_code == 404


def test_an_account_that_is_remembered_but_no_longer_ones_own_is_forgotten(world, visitor):
    session = visitor.session
    session["portal_account"] = contracts.world().account.number
    session.save()
    reply = visitor.get(reverse("portal:bills"))
    assert reply.context["visit"].chosen.number == world.account.number


def test_several_accounts_are_switched_between_and_remembered(world, visitor):
    second = accounts.account(holder=world.customer)
    assert second.number in visitor.get(reverse("portal:bills")).content.decode()
    visitor.get(reverse("portal:bills"), {"account": second.number})
    assert visitor.get(reverse("portal:payments")).context["visit"].chosen.number == second.number


def test_a_bill_of_another_of_ones_accounts_chooses_that_account(world, visitor):
    second = contracts.world()
    AccountHolder.objects.filter(account=second.account).update(customer=world.customer)
    bill = billing.issued(world=second)
    page = visitor.get(reverse("portal:bill", args=[bill.number]))
    assert page.context["visit"].chosen.number == second.account.number


class TestHolderChange:
    """A new holder sees nothing of the former one, and the other way round."""

    CHANGE = date(2026, 2, 1)

    @pytest.fixture
    def bills(self, world):
        early = billing.issued(world=world)
        late = billing.issued(world=world, kwh=500, start_date=self.CHANGE, end_date=date(2026, 3, 1))
        return early, late

    @pytest.fixture
    def newcomer(self, world):
        AccountHolder.objects.filter(account=world.account).update(period=DateRange(date(2023, 1, 1), self.CHANGE))
        newcomer = accounts.customer(name="李四")
        AccountHolder.objects.create(account=world.account, customer=newcomer, period=DateRange(self.CHANGE, None))
        return newcomer

    def _statuses(self, client, customer, bills):
        client.force_login(accounts.portal_user(of=customer))
        return [client.get(reverse("portal:bill", args=[bill.number])).status_code for bill in bills]

    def test_each_sees_their_own_time(self, world, bills, newcomer, client):
        assert self._statuses(client, world.customer, bills) == [200, 404]
        assert self._statuses(client, newcomer, bills) == [404, 200]

    def test_use_of_the_former_holder_is_not_in_the_chart(self, world, bills, newcomer, client):
        client.force_login(accounts.portal_user(of=newcomer))
        page = client.get(reverse("portal:bills"))
        assert page.context["home"].chart.data["energy_wh"] == [500_000]
        assert page.context["home"].explanation.previous is None

    def test_a_former_holder_sees_no_balance_of_the_new_one(self, world, bills, newcomer, client):
        client.force_login(accounts.portal_user(of=world.customer))
        page = client.get(reverse("portal:bills"))
        assert page.context["home"].balance is None
        assert [card.number for card in page.context["home"].bills] == [bills[0].number]

    def test_who_moved_out_without_a_successor_keeps_all(self, world, bills, client):
        AccountHolder.objects.filter(account=world.account).update(
            period=DateRange(date(2023, 1, 1), date(2026, 2, 15))
        )
        assert self._statuses(client, world.customer, bills) == [200, 200]
        assert client.get(reverse("portal:bills")).context["home"].balance is not None


class TestWhoMayComeIn:
    """Customers into the portal, staff onto the desk, nobody else anywhere."""

    @pytest.mark.parametrize("page", PAGES)
    def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(self, world, client, page):
        url = reverse(f"portal:{page}")
        assert client.get(url).url == f"{reverse('account_login')}?next={url}"

    @pytest.mark.parametrize("page", PAGES)
    def test_staff_do_not_enter_the_portal(self, world, client, page):
        client.force_login(accounts.staff())
        assert client.get(reverse(f"portal:{page}")).status_code == 403

    @pytest.mark.parametrize("url", ["/desk/customers/", "/desk/runs/", "/desk/files/", "/desk/search/?q=a", "/admin/"])
    def test_customers_do_not_enter_the_desk(self, world, visitor, url):
        assert visitor.get(url).status_code in {302, 403, 404}
        assert visitor.get(url).status_code != 302 or "login" in visitor.get(url).url

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_pages_are_for_reading_only(self, world, visitor, page, method):
        assert getattr(visitor, method)(reverse(f"portal:{page}")).status_code == 405

    def test_a_user_who_was_shut_out_is_out_at_once(self, world, client):
        user = accounts.portal_user(of=world.customer)
        client.force_login(user)
        user.is_active = False
        user.save()
        assert client.get(reverse("portal:bills")).status_code == 302


def test_no_module_of_the_portal_but_the_guard_obtains_accounts():
    folder = Path(cis.portal.__file__).parent
    found = [
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and ((node.module or "").startswith("accounts.queries.accounts") or ".models" in (node.module or "")
             or (node.module == "accounts.queries" and any(alias.name == "accounts" for alias in node.names)))
    ]  # fmt: skip
    assert found == ["access.py"]
