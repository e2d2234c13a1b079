"""Money reported by other programs: once, whatever happens on the way."""

import threading
from datetime import date

import pytest
import time_machine
from django.db import connection, transaction

from billing.domain.channels import ReturnKind
from billing.models.ledger import Transfer
from billing.models.payment import Payment
from billing.operations import payments, proof
from cis.kernel.actors import SYSTEM
from cis.platform.models import IdempotencyKey
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, contracts

WRITE = "payments:write"


def _body(world, **values):
    given = {
        "account": world.account.number, "amount_minor": 6170, "currency": "CNY", "channel": "bank",
        "reference": "BOC-1", "received_date": "2026-03-01",
    }  # fmt: skip
    return {**given, **values}


@pytest.mark.django_db
class TestOnce:
    """One after the other."""

    def test_a_payment_is_booked_and_pays_the_oldest_bill(self, world, bills):
        caller = Caller(WRITE, "payments:read")
        reply = caller.post("payments", _body(world), idempotency_key="a")
        assert reply.status_code == 201
        body = reply.json()
        assert body["amount"] == {"amount_minor": 6170, "currency": "CNY", "text": "61.70"}
        assert body["pays"] == [{"bill": "0000000001", "amount": body["amount"]}]
        assert reply["Location"] == f"/api/v1/payments/{body['id']}"
        assert caller.get(f"payments/{body['id']}").json() == body
        assert proof.verify() == ()

    def test_the_same_key_gives_the_same_reply_and_books_nothing(self, world, bills):
        caller = Caller(WRITE)
        first = caller.post("payments", _body(world), idempotency_key="a")
        again = caller.post("payments", _body(world), idempotency_key="a")
        assert (again.status_code, again.json()) == (201, first.json())
        assert again["Idempotency-Replayed"] == "true"
        assert again["Location"] == first["Location"]
        assert Payment.objects.count() == 1

    def test_one_that_went_back_says_when_and_how(self, world, bills):
        caller = Caller(WRITE, "payments:read")
        kept = caller.post("payments", _body(world), idempotency_key="a").json()
        assert kept["returned"] is None
        with transaction.atomic():
            payments.take_back_step(
                payment_id=kept["id"], kind=ReturnKind.BOUNCED, returned_date=date(2026, 3, 9), reason="AC04",
                actor=SYSTEM,
            )  # fmt: skip
        told = caller.get(f"payments/{kept['id']}").json()
        assert (told["pays"], told["returned"]) == ([], {"date": "2026-03-09", "kind": "bounced", "reason": "AC04"})

    def test_problems_are_english_unless_another_language_is_asked_for(self, world, bills):
        body = _body(world, amount_minor=0)
        told = assert_problem(Caller(WRITE).post("payments", body, idempotency_key="a"), 422, "invalid_request")
        assert told["errors"][0]["message"] == "Ensure this value is greater than or equal to 1."
        denied = Caller("payments:read")
        assert denied.post("payments", body).json()["detail"].startswith("You do not have permission")
        denied.headers["Accept-Language"] = "zh-hans"
        assert "权限" in denied.post("payments", body).json()["detail"]

    def test_the_same_key_with_another_body_is_refused(self, world, bills):
        caller = Caller(WRITE)
        caller.post("payments", _body(world), idempotency_key="a")
        reply = caller.post("payments", _body(world, amount_minor=1), idempotency_key="a")
        assert_problem(reply, 422, "idempotency_key_reused")
        assert Payment.objects.get().amount_minor == 6170

    def test_the_keys_of_two_clients_are_apart(self, world, bills):
        Caller(WRITE).post("payments", _body(world), idempotency_key="a")
        reply = Caller(WRITE).post("payments", _body(world, reference="BOC-2"), idempotency_key="a")
        assert reply.status_code == 201
        assert Payment.objects.count() == 2

    def test_the_same_reference_under_a_new_key_is_the_same_payment(self, world, bills):
        caller = Caller(WRITE)
        first = caller.post("payments", _body(world), idempotency_key="a").json()
        again = caller.post("payments", _body(world), idempotency_key="b")
        assert (again.status_code, again.json()) == (200, first)
        assert Transfer.objects.filter(kind="payment").count() == 1

    def test_a_reference_of_another_payment_is_refused(self, world, bills):
        caller = Caller(WRITE)
        caller.post("payments", _body(world), idempotency_key="a")
        reply = caller.post("payments", _body(world, amount_minor=5), idempotency_key="b")
        assert_problem(reply, 422, "reference_reused")

    def test_a_refused_request_keeps_no_key_and_may_be_mended(self, world, bills):
        caller = Caller(WRITE)
        reply = caller.post("payments", _body(world, received_date="2999-01-01"), idempotency_key="a")
        assert assert_problem(reply, 422, "bad_payment")["advice"]
        assert not IdempotencyKey.objects.exists()
        assert caller.post("payments", _body(world), idempotency_key="a").status_code == 201

    @pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
    def test_a_key_is_asked_for(self, world, key):
        reply = Caller(WRITE).post("payments", _body(world), idempotency_key=key)
        assert_problem(reply, 422, "idempotency_key_missing")
        assert not Payment.objects.exists()

    def test_the_key_is_kept_with_the_effect_or_not_at_all(self, world, bills, monkeypatch):
        monkeypatch.setattr("billing.operations.allocation.allocate", _fail)
        reply = Caller(WRITE).post("payments", _body(world), idempotency_key="a")
        assert_problem(reply, 500, "internal_error")
        assert not Payment.objects.exists()
        assert not IdempotencyKey.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("amount_minor", 0), ("amount_minor", -1), ("amount_minor", 10**13 + 1), ("amount_minor", 2**70),
            ("amount_minor", "6170"), ("amount_minor", 61.7), ("amount_minor", 6170.0), ("amount_minor", True),
            ("amount_minor", None), ("amount_minor", [1]), ("currency", "EUR"), ("currency", "cny"),
            ("channel", "cash"), ("channel", "x"), ("reference", ""), ("reference", "   "), ("reference", "x" * 101),
            ("reference", "a\u0000b"), ("reference", "\ud800"), ("received_date", "2026-02-30"),
            ("received_date", 20260301), ("account", ""), ("account", "９０"), ("account", {"a": 1}),
        ],
    )  # fmt: skip
    def test_what_cannot_be_meant_is_refused_field_by_field(self, world, field, value):
        reply = Caller(WRITE).post("payments", _body(world, **{field: value}), idempotency_key="a")
        body = assert_problem(reply, 422, "invalid_request")
        assert [fault["where"] for fault in body["errors"]] == [field]

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
    def test_numbers_that_json_does_not_know_are_refused(self, world, word):
        raw = b'{"account": "1", "amount_minor": %s}' % word.encode()
        reply = Caller(WRITE).post("payments", {}, raw=raw, idempotency_key="a")
        assert reply.status_code in {400, 422}
        assert reply["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 5000])
    def test_a_body_that_is_no_object_is_refused(self, world, raw):
        reply = Caller(WRITE).post("payments", {}, raw=raw, idempotency_key="a")
        assert reply.status_code in {400, 422}, reply.content
        assert reply["Content-Type"] == "application/problem+json"

    def test_an_unknown_field_is_refused(self, world):
        reply = Caller(WRITE).post("payments", _body(world, ammount=3), idempotency_key="a")
        [fault] = assert_problem(reply, 422, "invalid_request")["errors"]
        assert (fault["where"], fault["code"]) == ("ammount", "unknown_field")
        assert "Known are: account, amount_minor" in fault["message"]

    def test_the_largest_amount_fits(self, world):
        reply = Caller(WRITE).post("payments", _body(world, amount_minor=10**13), idempotency_key="a")
        assert reply.json()["amount"]["text"] == "100000000000.00"

    def test_an_account_that_is_not_there_is_404(self, world):
        reply = Caller(WRITE).post("payments", _body(world, account="1"), idempotency_key="a")
        assert_problem(reply, 404, "unknown_account")

    def test_no_key_and_no_scope_are_refused_before_the_body_is_read(self, world):
        assert_problem(Caller().post("payments", {}, idempotency_key="a"), 401, "not_authenticated")
        assert_problem(Caller("payments:read").post("payments", {}, idempotency_key="a"), 403, "permission_denied")

    def test_a_payment_that_is_not_there_is_404(self, world):
        assert_problem(Caller("payments:read").get("payments/999999"), 404, "unknown_payment")
        assert Caller("payments:read").get(f"payments/{10**30}").status_code == 404

    def test_a_form_is_not_taken_for_json(self, world):
        caller = Caller(WRITE)
        reply = caller._client.post("/api/v1/payments", {"a": 1}, headers={**caller.headers, "Idempotency-Key": "a"})
        assert_problem(reply, 415, "unsupported_media_type")

    def test_money_of_today_is_taken_and_of_tomorrow_not(self, world):
        with time_machine.travel("2026-03-01T10:00:00+08:00"):
            caller = Caller(WRITE)
            assert caller.post("payments", _body(world), idempotency_key="a").status_code == 201
            reply = caller.post("payments", _body(world, received_date="2026-03-02"), idempotency_key="b")
            assert_problem(reply, 422, "bad_payment")


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_time_books_once():
    """Eight callers at one barrier."""
    accounts.supplier()
    world = contracts.world()
    caller = Caller(WRITE)
    barrier, replies = threading.Barrier(8), []

    def call():
        try:
            barrier.wait(timeout=20)
            one = Caller()
            one.headers = caller.headers
            replies.append(one.post("payments", _body(world), idempotency_key="same"))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [reply.status_code for reply in replies] == [201] * 8
    assert len({reply.content for reply in replies}) == 1
    assert sum("Idempotency-Replayed" in reply for reply in replies) == 7
    assert Payment.objects.count() == Transfer.objects.filter(kind="payment").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_reference_under_many_keys_at_the_same_time_books_once():
    accounts.supplier()
    world = contracts.world()
    caller = Caller(WRITE)
    barrier, statuses = threading.Barrier(6), []

    def call(number):
        try:
            barrier.wait(timeout=20)
            one = Caller()
            one.headers = caller.headers
            statuses.append(one.post("payments", _body(world), idempotency_key=f"k{number}").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(statuses) == [200] * 5 + [201]
    assert Transfer.objects.filter(kind="payment").count() == 1


def _fail(**_):
    raise RuntimeError("the disk is full")
