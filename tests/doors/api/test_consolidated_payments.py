"""A consolidated bill is paid by its number: reported by a program, begun online, and taken by a kiosk."""

from datetime import date

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from billing.models.payment import Payment
from billing.operations import consolidating, proof
from billing.queries import balances, consolidated
from cashiering.domain.checkouts import Said, Word
from cashiering.operations import agents, checkout_events
from cashiering.queries import payment_receipts
from cis.kernel.actors import SYSTEM
from cis.platform.models import ApiKey
from tests.db.billing.test_consolidated import agreed, issue, worlds
from tests.doors.api.calls import Caller, assert_problem
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
    found = consolidating.make(consolidation_id=consolidation_id, today=NIGHT)
    return consolidated.one(consolidated_bill_id=found or 0)


def _open(card):
    return consolidated.one(consolidated_bill_id=card.id).open_minor


def _given(**values):
    given = {"amount_minor": WHOLE + 30, "currency": "CNY", "channel": "bank", "reference": "BOC-1",
             "received_date": "2026-02-03"}  # fmt: skip
    return {**given, **values}


def test_a_program_reports_a_payment_for_the_whole_once(made, three):
    caller, path = Caller("payments:write", "payments:read"), f"consolidated-bills/{made.number}/payments"
    reply = caller.post(path, _given(), idempotency_key="a")
    assert reply.status_code == 201, reply.content
    body = reply.json()
    assert [one["amount"]["amount_minor"] for one in body["parts"]] == [6_170, 6_170, 6_170, 30]
    assert (len(body["pays"]), body["returned_date"], _open(made)) == (3, None, 0)
    again = caller.post(path, _given(), idempotency_key="b")
    assert (again.status_code, again.json()) == (200, body)
    assert caller.get(path).json()["results"] == [body]
    assert balances.total_owed_minor() == -30
    single = {**_given(), "account": three[0].account.number}
    assert_problem(caller.post("payments", single, idempotency_key="c"), 422, "reference_reused")
    assert caller.post("payments", {**single, "reference": "X"}, idempotency_key="d").status_code == 201
    for wrong in ({"amount_minor": 5}, {"reference": "X"}):
        assert_problem(caller.post(path, _given(**wrong), idempotency_key=next(iter(wrong))), 422, "reference_reused")
    assert_problem(caller.post("consolidated-bills/12/payments", _given(), idempotency_key="e"), 404,
                   "unknown_consolidated_bill")  # fmt: skip
    assert_problem(caller.post(path, _given(amount_minor=0), idempotency_key="f"), 422, "invalid_request")
    assert Payment.objects.count() == 5
    assert proof.verify() == ()


def test_it_is_paid_online_and_its_payer_gets_one_receipt(made, three):
    caller = Caller("checkouts:write", "checkouts:read")
    body = {"consolidated_bill": made.number, "provider": "sandbox"}
    begun = caller.post("checkouts", body, idempotency_key="a").json()
    assert (begun["consolidated_bill"], begun["amount"]["amount_minor"], len(begun["bills"])) == (made.number, WHOLE, 3)
    for wrong in ({"account": three[0].account.number}, {"amount_minor": 5}):
        assert_problem(caller.post("checkouts", {**body, **wrong}, idempotency_key="b"), 422, "invalid_request")
    assert_problem(caller.post("checkouts", {"provider": "sandbox"}, idempotency_key="c"), 422, "invalid_request")
    said = Said(event_id="e1", reference=begun["reference"], word=Word.PAID, amount_minor=WHOLE, currency="CNY",
                occurred_at=timezone.now(), payment="P1")  # fmt: skip
    checkout_events._keep(provider="sandbox", said=[said], body="")
    checkout_events.record(provider="sandbox", event_id="e1")
    assert (_open(made), caller.get(f"checkouts/{begun['reference']}").json()["state"]) == (0, "paid")
    own, other = Client(), Client()
    own.force_login(accounts.portal_user(of=three[0].customer))
    other.force_login(accounts.portal_user())
    assert other.get(f"/pay/status/{begun['reference']}/receipt.pdf").content.startswith(b"%PDF")
    (paid,) = consolidated.payments_of(consolidated_bill_id=made.id)
    masked = payment_receipts.of_whole(consolidated_payment_id=paid.id, is_masked=True)
    assert (masked.paid, "*" in masked.holder, masked.credit_minor) == (((made.number, WHOLE),), True, 0)
    receipt = f"/portal/consolidated/{made.number}/payments/{paid.id}/receipt"
    assert receipt in own.get(f"/portal/consolidated/{made.number}").content.decode()
    assert own.get(receipt.replace(f"/{paid.id}/", "/9999/")).status_code == 404
    assert other.get(receipt).status_code == 404


def test_a_kiosk_asks_for_it_takes_it_and_cancels_it_whole(made):
    kiosk = Caller(agents.SCOPE)
    client = ApiKey.objects.latest("id").name
    agents.register(code="K7", name="Kiosk", client=client, limit_minor=100_000, actor=SYSTEM)
    asked = kiosk.get(f"agent/accounts/{made.number}").json()
    assert (asked["account"], asked["owed"]["amount_minor"], "*" in asked["name"]) == (made.number, WHOLE, True)
    body = {"account": made.number, "amount_minor": 10_000, "currency": "CNY", "reference": "K7-1"}
    reply = kiosk.post("agent/payments", body, idempotency_key="a")
    assert (reply.status_code, reply.json()["account"]) == (201, made.number)
    assert kiosk.post("agent/payments", body, idempotency_key="b").status_code == 200
    assert _open(made) == WHOLE - 10_000
    headers = {**kiosk.headers, "Idempotency-Key": "c"}
    lines = f"reference,account,amount\nK7-1,{made.number},100.00\n"
    taken = kiosk._client.post("/api/v1/agent/days/2026-02-03", lines, content_type="text/csv", headers=headers)
    assert taken.json()["differences"] == []
    kiosk.post("agent/payments/K7-1/cancel", {"reason": "typed wrong"}, idempotency_key="d")
    assert (_open(made), kiosk.get("agent").json()["held"]["amount_minor"]) == (WHOLE, 0)
    assert proof.verify() == ()
