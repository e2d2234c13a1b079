"""Accruals of revenue by the API: a month is rated, looked at by component, posted by two, set against its bills."""

import pytest
import time_machine
from django.utils import timezone

from billing.models.ledger import Transfer
from billing.operations import accruing
from cis.kernel.periods import Period
from cis.platform import jobs
from metering.operations import usage
from tests.db.billing.night import bill
from tests.db.billing.test_accruals import FEBRUARY, JANUARY, MARCH, home, net_of
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering, tariffs

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ("accruals:read", "accruals:write", "accruals:decide")


@pytest.fixture
def supplier(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    return tariffs.version(source=tariffs.TAXED)


def test_a_month_is_rated_posted_by_two_and_set_against_its_bills(supplier):
    _, register = home(supplier, {JANUARY: 0, FEBRUARY: 100})
    home(supplier, {})
    usage.approve(start_date=JANUARY, end_date=FEBRUARY)
    bill(Period(JANUARY, FEBRUARY))
    metering.read(of=register, on=MARCH, kwh=233)
    first, second = Caller(*SCOPES), Caller(*SCOPES)
    with time_machine.travel("2026-03-04T02:00:00Z", tick=False):
        assert_problem(first.post("accruals", {"month": "2026-03"}, idempotency_key="a"), 422, "bad_accrual")
        assert_problem(first.post("accruals", {"month": "0000-01"}, idempotency_key="b"), 404, "unknown_period")
        assert_problem(first.post("accruals", {"month": "2026-2"}, idempotency_key="c"), 422, "invalid_request")
        reply = first.post("accruals", {"month": "2026-02"}, idempotency_key="d")
        assert reply.status_code == 201, reply.content
        begun = reply.json()
        where = f"accruals/{begun['accrual']}"
        assert reply["Location"] == f"/api/v1/{where}"
        assert (begun["state"], begun["back_test"], begun["progress"]["percent"]) == ("rating", None, 0)
        assert_problem(first.post(f"{where}/post", {}, idempotency_key="e"), 404, "unknown_accrual")
        accruing.work(timezone.now())
        rated = second.get(where).json()
        assert (rated["state"], rated["net"]["amount_minor"], rated["posted"]) == ("rated", net_of(133), None)
        assert rated["progress"] == {"done": 2, "failed": 1, "total": 2, "percent": 100}
        (part,) = rated["components"]
        assert (part["ledger_account"], part["accounts"], part["net"]) == ("revenue.energy", 1, rated["net"])
        assert {(one["outcome"], one["reason"], one["energy_wh"]) for one in rated["coverage"]} == {
            ("accrued", "", 133_000), ("not_rated", "no_usage", 0),
        }  # fmt: skip
        waits = first.post(f"{where}/post", {}, idempotency_key="f").json()
        assert (waits["state"], waits["waits_for_second"]) == ("rated", True)
        assert not Transfer.objects.filter(kind="accrual").exists()
        assert_problem(first.post(f"{where}/decide", {"decision": "agree"}, idempotency_key="g"), 422, "own_accrual")
        posted = second.post(f"{where}/decide", {"decision": "agree"}, idempotency_key="h").json()
        assert (posted["state"], posted["posted"], posted["waits_for_second"]) == ("posted", rated["net"], False)
        assert posted["posted_by"] not in {"", posted["opened_by"]}
        again = first.post("accruals", {"month": "2026-02"}, idempotency_key="i").json()["accrual"]
        assert first.post(f"accruals/{again}/drop", {}, idempotency_key="j").json()["state"] == "dropped"
    usage.approve(start_date=FEBRUARY, end_date=MARCH)
    bill(Period(FEBRUARY, MARCH))
    told = second.get(where).json()["back_test"]
    assert (told["accounts"], told["billed_accounts"], told["too_much"]["text"], told["too_much_percent"]) == (
        1, 1, "0.00", "0.00",
    )  # fmt: skip
    assert [one["state"] for one in first.get("accruals?month=2026-02").json()["results"]] == ["dropped", "posted"]
    assert first.get("accruals?month=2026-01").json()["results"] == []
    page = first.get(f"{where}/accounts?page_size=1").json()
    rest = first.get(page["next"].split("/api/v1/")[1]).json()
    rows = page["results"] + rest["results"]
    assert (rest["next"], len({one["account"] for one in rows})) == (None, 2)
    by = {one["outcome"]: one for one in rows}
    assert by["accrued"]["billed"] == by["accrued"]["accrued"] == rated["net"]
    assert (by["not_rated"]["accrued"], by["not_rated"]["accrued_until"]) == (None, None)
    assert first.get(f"{where}/accounts?outcome=not_rated").json()["results"] == [by["not_rated"]]
    assert_problem(first.get("accruals/999/accounts"), 404, "unknown_accrual")
    assert_problem(Caller("books:read").get("accruals"), 403, "permission_denied")
