"""Paying in parts in the portal: seen, asked for, confirmed by a code; a part paid by its card; nobody else's."""

import re
from datetime import date

import pytest
import time_machine

from accounts.models.notice import Notice
from arrears.models.plan import InstalmentPlan
from arrears.operations import plan_documents
from billing.queries import pay_links
from cashiering.models.checkout import Checkout
from tests.factories import accounts, billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/portal/instalments"


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    found = contracts.world()
    accounts.contact_point(of=found.customer, is_proven=True)
    return found


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def words(answer):
    return " ".join(answer.content.decode().split())


def _ask(visitor, **changes):
    return visitor.post(f"{URL}/ask", {"count": "3", "day": "15", "first": "now", "total": "6275", **changes})


def _code():
    return re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body).group()


def test_a_customer_pays_in_parts_by_a_code_and_ends_it(visitor, world, monkeypatch):
    assert "You owe nothing that is overdue." in words(visitor.get(URL))
    billing.issued(world=world)
    assert "Pay in parts" in words(visitor.get("/portal/overdue"))
    page = words(visitor.get(f"{URL}?count=2&day=15&first=later"))
    assert "31.75" in page
    assert "16 Mar 2026" in page
    assert _ask(visitor, total="1").url == URL
    assert not InstalmentPlan.objects.exists()
    own = _ask(visitor).url
    plan = InstalmentPlan.objects.get()
    assert (plan.state, plan.way) == ("offered", "portal")
    assert "I agree to pay these parts" in words(visitor.get(own))
    visitor.post(f"{own}/accept", {"code": "000000", "agree": "on"})
    visitor.post(f"{own}/accept", {"code": _code()})
    plan.refresh_from_db()
    assert plan.state == "offered"
    visitor.post(f"{own}/accept", {"code": _code(), "agree": "on"})
    plan.refresh_from_db()
    assert plan.state == "kept"
    page = words(visitor.get(own))
    assert "Next: ¥22.75 by 10 Mar 2026." in page
    assert "We do not pursue" not in words(visitor.get("/portal/overdue"))
    assert "You pay in parts" in words(visitor.get("/portal/overdue"))
    for paper in ("agreement", "cards"):
        monkeypatch.setattr(plan_documents, paper, lambda *, plan_id: b"%%PDF of %d" % plan_id)
        assert visitor.get(f"{own}/{paper}.pdf").content == b"%%PDF of %d" % plan.id
    visitor.post(f"{own}/end")
    plan.refresh_from_db()
    assert (plan.state, plan.end_reason) == ("cancelled", "by the customer, in the portal")


def test_too_much_is_agreed_on_with_a_person(visitor, world):
    billing.issued(world=world, kwh=10_000)
    assert "For a plan please call us" in words(visitor.get(URL))
    assert _ask(visitor, total="627490").url == URL
    assert not InstalmentPlan.objects.exists()


def test_a_card_pays_its_part_without_a_login_and_a_wrong_one_nothing(visitor, world, client, monkeypatch):
    billing.issued(world=world)
    own = _ask(visitor).url
    visitor.post(f"{own}/accept", {"code": _code(), "agree": "on"})
    code = InstalmentPlan.objects.get().parts.get(seq=1).code
    address = pay_links.part_address(code).split("//", 1)[1].split("/", 1)[1]
    client.logout()
    client.cookies["django_language"] = "en"
    page = words(client.get(f"/{address}"))
    assert "22.75" in page
    assert world.customer.name not in page
    begun = client.post(f"/{address}", {"provider": "sandbox"})
    assert begun.status_code == 302
    checkout = Checkout.objects.get()
    assert (checkout.amount_minor, checkout.origin) == (2_275, "link")
    # The bill is older than its late fee, so the first part lies in it.
    assert list(checkout.parts.values_list("amount_minor", flat=True)) == [2_275]
    assert client.get(f"/pay/part/{code}/aaaaaaaaaaaaaaaa/").status_code == 404
    # A card that is presented out of turn asks for the part that is due first, and says so.
    later = InstalmentPlan.objects.get().parts.get(seq=3).code
    address = pay_links.part_address(later).split("//", 1)[1].split("/", 1)[1]
    page = words(client.get(f"/{address}"))
    assert "22.75" in page
    assert "what you pay now pays that one first" in page
    paid_in(world.account.id, 2_275, on=date(2026, 3, 10))
    paid_in(world.account.id, 4_000, on=date(2026, 3, 10), reference="r2")
    page = words(client.get(f"/{address}"))
    assert "This part is paid" in page
    assert client.get(f"/pay/part/77000000990199/{pay_links.mark('77000000990199')}/").status_code == 404


def test_plans_of_others_do_not_exist(visitor, world):
    other = contracts.world()
    billing.issued(world=other)
    plan = InstalmentPlan.objects.create(
        account=other.account, customer=other.customer, serial=9, state="kept", way="desk", total_minor=100,
        grace_days=5, remind_days=3, new_bills=True, stops_late_fees=True, owes_late_fees=True,
        made_date="2026-03-10", accepted_date="2026-03-10", valid_until="2026-03-17",
    )  # fmt: skip
    for path in ("", "/agreement.pdf", "/cards.pdf"):
        assert visitor.get(f"{URL}/{plan.id}{path}").status_code == 404
    for verb in ("code", "accept", "end"):
        assert visitor.post(f"{URL}/{plan.id}/{verb}").status_code == 404
    plan.refresh_from_db()
    assert plan.state == "kept"
