"""Consolidated bills on the pages of desk, portal and till, by code, at the bank, and by API."""

from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.operations import consolidating
from billing.queries import consolidated, pay_links
from cis.kernel.enums import Role
from tests.db.billing.test_consolidated import agreed, issue, worlds
from tests.doors.api.calls import Caller
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts

pytestmark = pytest.mark.django_db
NIGHT = date(2026, 2, 3)
WHOLE = 3 * 6_170


@pytest.fixture
def three():
    with time_machine.travel("2026-02-03T04:00:00Z", tick=False):
        yield worlds(3)


@pytest.fixture
def made(three):
    consolidation_id = agreed(three)
    issue(three)
    return consolidated.one(
        consolidated_bill_id=consolidating.make(consolidation_id=consolidation_id, today=NIGHT) or 0
    )  # fmt: skip


def test_it_is_set_up_listed_shown_and_given_as_paper_and_file(three, client):
    sign_in(client, Role.BILLING)
    page = f"/desk/customers/{three[0].account.id}/consolidated/"
    assert three[2].account.number in client.get(page).content.decode()
    form = {
        "name": "华东门店", "from_date": "2026-02-03", "lead_account": three[0].account.id,
        "accounts": [world.account.id for world in three],
    }  # fmt: skip
    assert "error" in client.post(page, {**form, "accounts": [three[0].account.id]}).content.decode()
    assert client.post(page, form).status_code == 302
    issue(three, on=NIGHT)
    consolidating.make(consolidation_id=_arranged(), today=NIGHT)
    assert ">Unpaid</span>" in client.get(page).content.decode()
    with CaptureQueriesContext(connection) as listing:
        listed = client.get("/desk/bills/consolidated/").content.decode()
    (card,) = consolidated.listed(wanted=consolidated.Wanted(), today=NIGHT)
    assert card.number in listed
    assert len(listing) <= 8
    assert card.number not in client.get("/desk/bills/consolidated/?state=paid").content.decode()
    assert card.number in b"".join(client.get("/desk/bills/consolidated.csv?state=open").streaming_content).decode()
    shown = client.get(f"/desk/bills/consolidated/{card.id}/").content.decode()
    assert all(world.account.number in shown for world in three)
    file = b"".join(client.get(f"/desk/bills/consolidated/{card.id}/bills.csv").streaming_content).decode()
    assert len(file.splitlines()) == 4
    paper = client.get(f"/desk/bills/consolidated/{card.id}/bill.pdf")
    assert paper.content.startswith(b"%PDF")
    assert client.post(page, {"action": "end"}).status_code == 302


def _arranged():
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM billing_consolidation")
        return cursor.fetchone()[0]


def test_its_customer_sees_and_pays_it_and_nobody_else_sees_it(made, three, settings):
    settings.PAYMENT_PROVIDERS = ["sandbox"]
    own, other = Client(), Client()
    own.force_login(accounts.portal_user(of=three[0].customer))
    other.force_login(accounts.portal_user())
    assert made.number in own.get("/portal/consolidated").content.decode()
    page = own.get(f"/portal/consolidated/{made.number}").content.decode()
    assert all(world.account.number in page for world in three)
    assert own.get(f"/portal/consolidated/{made.number}/pdf").content.startswith(b"%PDF")
    assert len(b"".join(own.get(f"/portal/consolidated/{made.number}/bills.csv").streaming_content).splitlines()) == 4
    for path in ("", "/pdf", "/bills.csv"):
        assert other.get(f"/portal/consolidated/{made.number}{path}").status_code == 404
    assert made.number not in other.get("/portal/consolidated").content.decode()
    code = f"/pay/{made.number}/{pay_links.mark(made.number)}/"
    assert Client().get(f"/pay/{made.number}/{'a' * 16}/").status_code == 404
    assert "185.10" in Client().get(code).content.decode()


def test_programs_read_it_and_say_which_accounts_are_on_it(made, three):
    caller = Caller("consolidated:read", "consolidated:write")
    (listed,) = caller.get(f"consolidated-bills?account={three[1].account.number}&month=2026-01").json()["results"]
    assert (listed["number"], listed["open"]["amount_minor"]) == (made.number, WHOLE)
    whole = caller.get(f"consolidated-bills/{made.number}").json()
    assert [one["account"] for one in whole["items"]] == sorted(world.account.number for world in three)
    assert whole["taxes"][0]["percent"] == 13
    (arranged,) = caller.get(f"consolidations?account={three[0].account.number}").json()["results"]
    numbers = [world.account.number for world in three[:2]]
    given = {"name": "B", "accounts": numbers, "credit_account": numbers[0], "from_date": "2026-02-03"}
    path = f"consolidations/{arranged['consolidation']}"
    changed = caller.post(path, given, idempotency_key="k1").json()
    assert [one["account"] for one in changed["accounts"] if one["end_date"] is None] == sorted(numbers)
    assert caller.post("consolidations", given, idempotency_key="k2").json()["code"] == "bad_consolidation"
