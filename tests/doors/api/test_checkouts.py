"""Online payments for other programs, and the door through which providers speak."""

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cashiering.domain.checkouts import Said, Word
from cashiering.gateways import online
from cashiering.models.checkout import Checkout, CheckoutEvent
from cashiering.operations import checkout_events
from tests.doors.api.calls import Caller, assert_problem

pytestmark = pytest.mark.django_db
WHEN = "2026-03-10T02:00:00Z"


@time_machine.travel(WHEN, tick=False)
def test_a_program_begins_a_payment_once_and_asks_what_became_of_it(world, bills):
    caller = Caller("checkouts:write", "checkouts:read")
    body = {"account": world.account.number, "provider": "sandbox", "bills": [bills[0].number]}
    reply = caller.post("checkouts", body, idempotency_key="a")
    assert reply.status_code == 201, reply.content
    told = reply.json()
    assert (told["state"], told["amount"]["amount_minor"], told["bills"]) == ("created", 6_170, [bills[0].number])
    assert told["page_url"].startswith("http://127.0.0.1:8000/sandbox-provider/")
    assert caller.post("checkouts", body, idempotency_key="a").json() == told
    assert caller.get(f"checkouts/{told['reference']}").json() == told
    assert_problem(caller.get("checkouts/CNOTOURS"), 404, "unknown_checkout")
    both = {**body, "amount_minor": 5}
    assert_problem(caller.post("checkouts", both, idempotency_key="b"), 422, "invalid_request")
    other = {**body, "provider": "nobody"}
    assert_problem(caller.post("checkouts", other, idempotency_key="c"), 422, "no_payment_provider")
    down = {"account": world.account.number, "provider": "sandbox", "amount_minor": 1_008}
    for _ in range(2):
        assert_problem(caller.post("checkouts", down, idempotency_key="d"), 422, "payment_provider_down")
    assert Checkout.objects.count() == 2, "what was fixed stays, and is gone on with under the same key"
    assert_problem(Caller("bills:read").post("checkouts", body, idempotency_key="e"), 403, "permission_denied")


@time_machine.travel(WHEN, tick=False)
@pytest.mark.parametrize(
    ("provider", "status", "thanks"),
    [("sandbox", 204, b""), ("sandbox_alipay", 200, b"success"), ("sandbox_wechat", 200, b"<xml><return_code>SUCCESS")],
)
def test_a_provider_is_heard_answered_as_it_wants_and_refused_unsigned(world, provider, status, thanks):
    caller = Caller("checkouts:write")
    wish = {"account": world.account.number, "provider": provider, "amount_minor": 1_000}
    reference = caller.post("checkouts", wish, idempotency_key="a").json()["reference"]
    said = Said(
        event_id="e1", reference=reference, word=Word.PAID, amount_minor=1_000, currency="CNY",
        occurred_at=timezone.now(), payment="P1",
    )  # fmt: skip
    gateway = online.of(provider)
    good = gateway.written(said, at=timezone.now())
    client = Client()

    def send(message, where=provider):
        kind = message.headers.get("content-type", "application/json")
        headers = {name: value for name, value in message.headers.items() if name.startswith("webhook")}
        return client.post(f"/api/v1/payment-events/{where}", message.body, content_type=kind, headers=headers)

    assert send(gateway.spoiled(good)).status_code == 401
    assert send(good, "nobody").status_code == 404
    for _ in range(2):
        reply = send(good)
        assert reply.status_code == status
        assert reply.content.startswith(thanks)
    assert CheckoutEvent.objects.get().done_at is None  # answered fast; a worker does it
    assert client.get(f"/api/v1/payment-events/{provider}").status_code == 405


@time_machine.travel(WHEN, tick=False)
def test_what_is_signed_and_cannot_be_read_is_a_bad_request(world):
    from accounts.domain import receipts
    from cashiering.gateways.sandbox import key_of

    now = int(timezone.now().timestamp())
    for body in (b"{}", b"[]", b"x", b'{"reference": 1}'):
        signed = receipts.sign(body=body, message_id="m", at_seconds=now, key=key_of("sandbox"))
        reply = Client().post(
            "/api/v1/payment-events/sandbox", body, content_type="application/json", headers=dict(signed.headers)
        )
        assert reply.status_code == 400
    assert checkout_events.CheckoutEvent.objects.count() == 0
