"""Please call me: asked for, shown, changed and taken back; nothing of what others asked for."""

import pytest
import time_machine

from cis.platform import jobs
from complaints.models.call import CallRequest
from tests.doors.portal.test_cases import browser, text
from tests.factories import accounts, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    with time_machine.travel(made.AT, tick=False):
        yield


def test_a_customer_asks_to_be_called_and_takes_it_back():
    world = contracts.world()
    client = browser(world.customer)
    assert "/portal/call-me" in text(client.get("/portal/cases/"))
    assert "is-invalid" in text(client.post("/portal/call-me", {"phone": "12"}))
    page = text(client.post("/portal/call-me", {"phone": "13812345678", "about": "bill", "when": "1"}, follow=True))
    row = CallRequest.objects.get()
    assert (row.phone, row.customer_id, row.account_id) == ("+8613812345678", world.customer.id, world.account.id)
    assert "We call you between" in page
    other = browser(accounts.customer())
    assert "13812345678" not in text(other.get("/portal/call-me"))
    other.post("/portal/call-me", {"do": "withdraw"})
    client.post("/portal/call-me", {"phone": "13812345678", "when": ""})
    row.refresh_from_db()
    assert (row.state, row.times) == ("waiting", 2)
    client.post("/portal/call-me", {"do": "withdraw"})
    row.refresh_from_db()
    assert row.state == "withdrawn"
