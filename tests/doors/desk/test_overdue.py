"""Overdue accounts on the desk: the queue, a case, calls, batches, holds by two persons, disconnections, weather."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.models.notice import Notice
from arrears.models.collection import CollectionCase, CollectionMove, DisconnectionOrder, Forecast, Hold
from arrears.models.dunning import DunningBatch
from arrears.operations import dunning
from arrears.queries import rules
from billing.models.bill import Bill
from cis.kernel.enums import Role
from metering.models.device import Meter
from tests.doors.desk.conftest import sign_in, twice

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
"""Ten in the morning in Shanghai, a Tuesday."""
DAY = timedelta(days=1)


@pytest.fixture
def case(billed):
    """The first bill was due on 20 January, the second is due later; the first text went out this morning."""
    bill = Bill.objects.filter(account=billed.account).order_by("due_date").first()
    Bill.objects.filter(id=bill.id).update(due_date=date(2026, 1, 20))
    dunning.night(NOW)
    return CollectionCase.objects.get()


def page(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def proven(case, *steps):
    """Say that these steps were made and received eleven days ago."""
    for step in steps:
        at = NOW - 11 * DAY
        row, _ = CollectionMove.objects.get_or_create(case=case, step=step, defaults={"channel": "letter"})
        CollectionMove.objects.filter(id=row.id).update(made_at=at, done_at=at, proven_at=at, proof="R1")


def test_the_queue_lists_filters_and_exports(desk, case, django_assert_num_queries):
    url = f"/desk/overdue/{case.id}/"
    assert url in page(desk, "/desk/overdue/")
    for narrow, is_there in [
        ("customer_class=residential&step=text&days=30&least=1.00", True), ("days=60", False), ("held=held", False),
        ("least=1000000", False), ("held=proof", True), ("step=none", False), ("closed=yes", False),
    ]:  # fmt: skip
        assert (url in page(desk, f"/desk/overdue/?{narrow}")) == is_there, narrow
    told = desk.get("/desk/overdue.csv").getvalue().decode()
    assert case.account.number in told
    assert "Text message" in told


def test_a_call_is_recorded_from_the_list_and_a_proof_on_the_page(desk, case):
    text = CollectionMove.objects.get()
    call = CollectionMove.objects.create(case=case, step="call", channel="call", made_at=NOW)
    assert str(call.id) in page(desk, "/desk/overdue/calls/")
    assert case.account.number in desk.get("/desk/overdue/calls.csv").getvalue().decode()
    url = f"/desk/overdue/{case.id}/demands/{call.id}/act/"
    desk.post(url, {"action": "call", "result": "answered", "note": "will pay", "back": "calls"})
    assert "No call is to be made" in page(desk, "/desk/overdue/calls/")
    assert "will pay" in page(desk, f"/desk/overdue/{case.id}/")
    url = f"/desk/overdue/{case.id}/demands/{text.id}/act/"
    wrong = desk.post(url, {"action": "proof", "proof": "", "day": "2026-03-10", "time": "09:00"})
    assert "This field is required" in wrong.content.decode()
    desk.post(url, {"action": "proof", "proof": "read receipt", "day": "2026-03-09", "time": "09:00"})
    assert CollectionMove.objects.get(id=text.id).proven_at is None
    desk.post(url, {"action": "proof", "proof": "read receipt", "day": "2026-03-10", "time": "10:00"})
    assert CollectionMove.objects.get(id=text.id).proof == "read receipt"


def test_each_field_of_a_case_has_an_id_of_its_own(supplier, client, case):
    biller = sign_in(client, Role.BILLING)
    url = f"/desk/overdue/{case.id}/"
    for kind in ("dispute", "life_support"):
        biller.post(url + "hold/", {"kind": kind, "evidence": "letter 7"})
    CollectionMove.objects.create(case=case, step="call", channel="call", made_at=NOW)
    CollectionMove.objects.create(case=case, step="call", channel="call", made_at=NOW)
    assert twice(page(biller, url)) == []
    assert "of_hold_evidence_error" in biller.post(url + "hold/", {"kind": "dispute", "evidence": " "}).content.decode()


def test_a_batch_shows_its_counts_and_a_supervisor_lets_it_go(supplier, client, billed, monkeypatch):
    Bill.objects.filter(account=billed.account).update(due_date=date(2026, 1, 20))
    monkeypatch.setattr(rules, "batch_bound", lambda **_: 1)
    dunning.night(NOW)
    batch = DunningBatch.objects.get()
    clerk = sign_in(client, Role.BILLING)
    url = f"/desk/overdue/demands/{batch.id}/"
    assert "wait for a second person" in page(clerk, "/desk/overdue/")
    shown = page(clerk, url)
    assert "123.40" in shown
    assert 'value="approve"' not in shown
    clerk.post(url + "decide/", {"action": "approve"})
    assert DunningBatch.objects.get().state == "waiting"
    boss = sign_in(type(client)(), Role.SUPERVISOR)
    assert 'value="approve"' in page(boss, url)
    boss.post(url + "decide/", {"action": "approve"})
    assert DunningBatch.objects.get().state == "sending"
    dunning.work(NOW)
    assert "Sent" in page(boss, "/desk/overdue/demands/")
    assert billed.account.number in boss.get(url + "demands.csv").getvalue().decode()
    assert "123.40" in boss.get("/desk/overdue/demands.csv").getvalue().decode()


def test_a_hold_that_protects_is_lifted_by_two(supplier, client, case):
    clerk = sign_in(client, Role.BILLING)
    url = f"/desk/overdue/{case.id}/"
    wrong = clerk.post(url + "hold/", {"kind": "life_support", "evidence": " "})
    assert wrong.status_code == 200
    clerk.post(url + "hold/", {"kind": "life_support", "evidence": "certificate 7", "until": "2026-12-31"})
    hold = Hold.objects.get()
    assert hold.until_at == datetime(2026, 12, 31, 16, tzinfo=UTC)
    for where in (url, "/desk/overdue/holds/", "/desk/overdue/holds/?state=all"):
        assert "certificate 7" in page(clerk, where)
    lift = f"/desk/overdue/holds/{hold.id}/lift/"
    clerk.post(lift, {"action": "lift", "reason": "device returned"})
    clerk.post(lift, {"action": "lift", "reason": "device returned"})
    assert Hold.objects.get().until_at == hold.until_at
    boss = sign_in(type(client)(), Role.SUPERVISOR)
    assert "device returned" in page(boss, "/desk/overdue/holds/?state=asked")
    boss.post(lift, {"action": "lift", "reason": "seen at the place"})
    assert Hold.objects.get().until_at == NOW
    assert "seen at the place" in boss.get("/desk/overdue/holds.csv?state=all").getvalue().decode()
    assert boss.post("/desk/overdue/holds/999999/lift/", {"action": "lift", "reason": "x"}).status_code == 404


def test_a_disconnection_goes_from_its_reasons_over_two_persons_to_the_meter(supplier, client, case, billed):
    clerk = sign_in(client, Role.BILLING)
    url, point = f"/desk/overdue/{case.id}/", billed.agreement.service_point_id
    refused = clerk.post(url + "propose/", {"service_point": point, "reason": "unpaid"}).content.decode()
    assert "It is not proven that the customer received: Text message." in refused
    assert not DisconnectionOrder.objects.exists()
    proven(case, "text", "letter")
    clerk.post(url + "propose/", {"service_point": point, "reason": "unpaid"})
    order = DisconnectionOrder.objects.get()
    at = f"/desk/overdue/disconnections/{order.id}/"
    assert at in page(clerk, "/desk/overdue/disconnections/")
    assert at in page(clerk, url)
    assert "0 of 1 persons have agreed" in page(clerk, at)
    clerk.post(at + "act/", {"action": "approve"})
    assert DisconnectionOrder.objects.get().state == "proposed"
    boss = sign_in(type(client)(), Role.SUPERVISOR)
    boss.post(at + "act/", {"action": "approve"})
    clerk.post(at + "act/", {"action": "announce", "day": "2026-03-16", "start": "09:00", "end": "11:00"})
    paper = clerk.get(at + "notice.pdf")
    assert (paper.status_code, paper["Content-Type"], paper.content[:4]) == (200, "application/pdf", b"%PDF")
    clerk.post(at + "act/", {"action": "notice", "proof": "EMS 12", "day": "2026-03-10", "time": "10:00"})
    assert DisconnectionOrder.objects.get().state == "noticed"
    assert "The notice was received on" in page(clerk, at)
    with time_machine.travel("2026-03-16T01:10:00Z", tick=False):
        clerk.post(at + "act/", {"action": "remind", "note": "call 8"})
        early = clerk.post(at + "act/", {"action": "dispatch"}).content.decode()
        assert "too short a time ago" in early
    Meter.objects.update(switch="on")
    with time_machine.travel("2026-03-16T01:41:00Z", tick=False):
        assert "It may be sent out now" in page(clerk, at)
        clerk.post(at + "act/", {"action": "dispatch"})
        assert DisconnectionOrder.objects.get().state == "dispatched"
        clerk.post(at + "act/", {"action": "cancel", "note": "mistake"})
        assert DisconnectionOrder.objects.get().state == "recalled"
    assert case.account.number in clerk.get("/desk/overdue/disconnections.csv?state=all").getvalue().decode()


def test_a_forecast_is_entered(desk):
    given = {
        "source": "weather office", "made_day": "2026-03-10", "made_time": "08:00", "until": "2026-03-14",
        "coldest": "-1.5", "hottest": "12",
    }  # fmt: skip
    assert "source" in desk.post("/desk/overdue/weather/", given | {"until": "2026-03-09"}).content.decode()
    desk.post("/desk/overdue/weather/", given)
    row = Forecast.objects.get()
    assert (row.coldest_tenths, row.hottest_tenths, row.until_at) == (-15, 120, datetime(2026, 3, 14, 16, tzinfo=UTC))
    assert "weather office" in page(desk, "/desk/overdue/weather/")


def test_the_demand_is_a_paper_and_strangers_are_not_found(desk, case):
    paper = desk.get(f"/desk/overdue/{case.id}/demand.pdf")
    assert (paper.status_code, paper.content[:4]) == (200, b"%PDF")
    for url in ("/desk/overdue/999999/", "/desk/overdue/disconnections/999999/", "/desk/overdue/demands/999999/"):
        assert desk.get(url).status_code == 404


def test_lists_take_the_same_statements_for_any_number(desk, case, django_assert_max_num_queries):
    for url, most in [("/desk/overdue/", 8), ("/desk/overdue/calls/", 6), ("/desk/overdue/holds/", 6)]:
        with django_assert_max_num_queries(most):
            desk.get(url)


def test_a_hold_is_placed_on_the_page_of_an_account_that_is_not_overdue(desk, billed):
    url = f"/desk/customers/{billed.account.id}/hold/"
    assert url in page(desk, f"/desk/customers/{billed.account.id}/")
    assert "Place the hold" in page(desk, url)
    assert "This field is required" in desk.post(url, {"kind": "dispute", "evidence": ""}).content.decode()
    answer = desk.post(url, {"kind": "dispute", "evidence": "complaint 2026-118"})
    assert (answer.status_code, Hold.objects.get().account_id) == (302, billed.account.id)
    assert "complaint 2026-118" in page(desk, f"/desk/customers/{billed.account.id}/")
    assert desk.get("/desk/customers/999999/hold/").status_code == 404


def test_demands_that_reached_nobody_have_a_list(desk, case):
    Notice.objects.filter(key__startswith="dunning:").exclude(channel="inbox").update(state="bounced", reason="bounced")
    shown = page(desk, "/desk/overdue/calls/?channel=hand")
    assert (case.account.number in shown, "Hand it over" in shown) == (True, True)
    assert case.account.number in desk.get("/desk/overdue/calls.csv?channel=hand").getvalue().decode()
