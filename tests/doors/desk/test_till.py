"""Pages of the cash desk and of agents: lists, filters, files, and what is refused beside its field."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models.payment import Payment
from cashiering.domain.tills import Means
from cashiering.models.agent import Agent
from cashiering.models.till import TillSession
from cashiering.operations import agents, commissions, receipts, tills
from cashiering.operations.receipts import Part
from cashiering.queries import tills as till_queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import api, keys
from tests.doors.desk.conftest import TODAY, sign_in, twice

pytestmark = pytest.mark.django_db


def _session(number, *, actor, account_id=None, close=True):
    till_id = tills.add(code=f"T{number}", name="Counter", place="", actor=SYSTEM)
    session_id = tills.open_session(till_id=till_id, pieces={}, today=TODAY, actor=actor)
    if account_id:
        receipts.take(
            session_id=session_id, parts=[Part(account_id, 100)], means=Means.CASH, tendered_minor=None, reference="",
            form=f"f{number}", today=TODAY, actor=actor,
        )  # fmt: skip
    if close:
        tills.count(
            session_id=session_id, pieces={100: 2 if account_id else 0}, deposit_minor=0, reason="found one",
            today=TODAY, actor=actor,
        )  # fmt: skip
    return session_id


def _cashier(number):
    return Actor(kind=ActorKind.STAFF, id=1_000 + number, name="x")


def _statements(desk, url):
    with CaptureQueriesContext(connection) as caught:
        assert desk.get(url).status_code == 200
    return len(caught)


def test_lists_are_filtered_and_cost_the_same_however_long(desk, billed):
    _session(1, actor=_cashier(1), account_id=billed.account.id)
    urls = ["/desk/till/sessions/", "/desk/till/sessions.csv", f"/desk/till/sessions/{TillSession.objects.get().id}/"]
    desk.get(urls[0])  # what is kept in memory is asked once
    before = [_statements(desk, url) for url in urls]
    for number in (2, 3, 4):
        _session(number, actor=_cashier(number), account_id=billed.account.id, close=number != 4)
    assert [_statements(desk, url) for url in urls] == before
    assert before[0] <= 12
    page = desk.get("/desk/till/sessions/?only=open").content.decode()
    assert ">T4<" in page
    assert ">T1<" not in page.split("<tbody>")[1]
    found = b"".join(desk.get("/desk/till/sessions.csv?only=difference")).decode()
    assert found.count("found one") == 3
    assert "T4" not in found


def test_a_mistake_is_answered_beside_its_field(desk, billed):
    assert desk.get("/desk/till/")["Location"] == "/desk/till/open/"
    assert "No till yet" in desk.get("/desk/till/open/").content.decode()
    desk.post("/desk/till/new/", {"code": "T1", "name": "Hall"})
    assert "Another till has this code" in desk.post("/desk/till/new/", {"code": "T1", "name": "Hall"}).content.decode()
    till_id = _till_id()
    assert "is-invalid" in desk.post("/desk/till/open/", {"till": till_id, "face_100": "x"}).content.decode()
    desk.post("/desk/till/open/", {"till": till_id, "face_10000": "1"})
    take, amount = f"/desk/till/take/?account={billed.account.id}", f"amount_{billed.account.id}"
    for wrong, text in (
        ({amount: ""}, "Enter an amount"),
        ({amount: "1e3"}, "is not a number"),
        ({"tendered": "1"}, "gave less than the amount"),
        ({"means": "card"}, "number of the slip is missing"),
        ({f"bill_{billed.bills[0].id}": "100"}, "So much is not open"),
    ):
        page = desk.post(take, {amount: "50", "means": "cash", "form": "f", **wrong}).content.decode()
        assert text in page
    assert Payment.objects.count() == 0
    assert "does not hold so much" in desk.post(
        "/desk/till/move/", {"kind": "to_safe", "amount": "101", "reason": "x", "form": "m"}
    ).content.decode()  # fmt: skip
    # A name that several have is chosen from a list; nonsense is told so.
    assert billed.account.number in desk.get("/desk/till/", {"q": billed.customer.name}, follow=True).content.decode()
    assert "Nothing fits" in desk.get("/desk/till/", {"q": "nobody at all"}).content.decode()


def _till_id():
    return till_queries.all_tills()[0].id


@pytest.fixture
def agent(billed):
    keys.create(name="shop", scopes=[agents.SCOPE], known_scopes=api.known_scopes(), actor=SYSTEM)
    agent_id = agents.register(code="S1", name="Corner shop", client="shop", limit_minor=10_000, actor=SYSTEM)
    made = Agent.objects.get(id=agent_id)
    agents.take(
        client_id=made.client_id, account_number=billed.account.number, amount_minor=5_000, reference="K-1",
        today=TODAY, actor=SYSTEM,
    )  # fmt: skip
    return made


def test_an_agent_hands_cash_over_and_its_list_is_compared(desk, billed, agent):
    assert "¥50.00" in desk.get("/desk/agents/").content.decode()
    for asked, is_there in (("text=corner&state=active", True), ("text=s1&state=full", False), ("text=S2", False)):
        assert ("Corner shop" in desk.get(f"/desk/agents/?{asked}").content.decode()) is is_there, asked
        assert (b"S1" in b"".join(desk.get(f"/desk/agents.csv?{asked}").streaming_content)) is is_there, asked
    url = f"/desk/agents/{agent.id}/"
    assert (
        "Open a till first" in desk.post(f"{url}hand-over/", {"amount": "1", "form": "h"}, follow=True).content.decode()
    )
    tills.add(code="T1", name="Hall", place="", actor=SYSTEM)
    desk.post("/desk/till/open/", {"till": _till_id()})
    assert twice(desk.get(url).content.decode()) == []
    assert "does not hold so much" in desk.post(f"{url}hand-over/", {"amount": "51", "form": "h"}).content.decode()
    desk.post(f"{url}hand-over/", {"amount": "20", "form": "h"})
    agent.refresh_from_db()
    assert agent.held_minor == 3_000
    page = desk.post(f"{url}list/", {"day": TODAY, "file": _file("a,b\n")}).content.decode()
    assert "reference,account,amount" in page
    listed = _file(f"reference,account,amount\nK-2,{billed.account.number},7.00\n")
    page = desk.post(f"{url}list/", {"day": TODAY, "file": listed}, follow=True).content.decode()
    assert "list alone" in page
    (day,) = agent.days.all()
    for difference in day.differences.all():
        verdict = "theirs" if difference.kind == "missing_here" else "ours"
        desk.post(f"/desk/agents/days/{day.id}/{difference.id}/", {"verdict": verdict, "reason": "asked the shop"})
    assert "Lists agree" not in page
    page = desk.get(url).content.decode()
    assert "All decided" in page
    assert "asked the shop" in desk.get(f"/desk/agents/days/{day.id}/").content.decode()
    for name, text in (
        ("agents.csv", b"S1"),
        (f"agents/{agent.id}/payments.csv?reference=K-2", b"K-2"),
        (f"agents/days/{day.id}.csv", b"K-1"),
    ):
        assert text in b"".join(desk.get(f"/desk/{name}"))
    with CaptureQueriesContext(connection) as caught:
        desk.get(url)
    assert len(caught) <= 19


def test_a_supervisor_agrees_commission_and_lets_the_agent_keep_it(desk, agent):
    url = f"/desk/agents/{agent.id}/commission/"
    assert "At most 5.000 ‰ and ¥1.00 a receipt" in desk.get(url).content.decode()
    form = {"per_mille": "2.5", "per_receipt": "0.10", "from_date": TODAY}
    assert "may not be agreed" in desk.post(f"{url}agree/", {**form, "per_mille": "6"}).content.decode()
    assert "Enter a number" in desk.post(f"{url}agree/", {**form, "per_mille": "x"}).content.decode()
    assert desk.post(f"{url}agree/", form).status_code == 302
    month = f"{TODAY:%Y-%m}"
    later = TODAY + timedelta(days=40)
    assert desk.get(f"{url}{month}.pdf").status_code == 404
    commissions.accrue(today=later)
    page = desk.get(url).content.decode()
    assert "¥0.23" in page  # 12.5 fen of 50.00, and 10 fen
    assert "¥0.23" in desk.get(f"/desk/agents/{agent.id}/").content.decode()
    assert b"0.23" in b"".join(desk.get(f"/desk/agents/{agent.id}/commission.csv").streaming_content)
    assert desk.get(f"{url}{month}.pdf").content.startswith(b"%PDF")
    assert "month must be over" in desk.post(f"{url}{month}/keep/", follow=True).content.decode()
    with time_machine.travel(f"{later}T04:00:00Z", tick=False):
        sign_in(desk, Role.SUPERVISOR)
        desk.post(f"{url}{month}/keep/")
    agent.refresh_from_db()
    assert agent.held_minor == 4_977


def _file(text):
    made = BytesIO(text.encode())
    made.name = "list.csv"
    return made


def test_a_supervisor_registers_an_agent_and_stops_it(desk, supplier):
    keys.create(name="shop", scopes=[agents.SCOPE], known_scopes=api.known_scopes(), actor=SYSTEM)
    form = {"code": "S1", "name": "Shop", "client": "shop", "limit": "100"}
    assert "valid key" in desk.post("/desk/agents/new/", {**form, "client": "nobody"}).content.decode()
    desk.post("/desk/agents/new/", form)
    agent = Agent.objects.get()
    desk.post(f"/desk/agents/{agent.id}/edit/", {"name": "Shop", "limit": "50"})
    agent.refresh_from_db()
    assert (agent.limit_minor, agent.is_active) == (5_000, False)
    assert "Takes no money" in desk.get("/desk/agents/").content.decode()
