"""Notices and consent by the API; receipts of gateways."""

import json
import time
from datetime import date

import pytest
from django.db import transaction

from accounts.domain import receipts
from accounts.domain.notice_events import Money
from accounts.gateways import sms
from accounts.models.notice import Consent, Notice
from accounts.operations import notices
from cis.kernel.actors import SYSTEM
from tests.doors.api import calls
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)
PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}


@pytest.fixture
def caller(client):
    key = calls.key("notices:read", "consent:read", "consent:write")

    def call(method, path, body=None):
        given = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, **given)

    return call


@pytest.fixture
def account():
    accounts.supplier()
    who = accounts.customer(language="en")
    accounts.contact_point(of=who)
    return accounts.account(holder=who)


def tell(account, key="k:1"):
    with transaction.atomic():
        notices.queue_step(
            event="payment_received", facts=PAID, key=key, actor=SYSTEM, account_id=account.id,
            customer_id=account.holders.get().customer_id,
        )  # fmt: skip


def test_notices_of_an_account_are_listed_with_their_texts(caller, account):
    tell(account)
    tell(accounts.account(), key="k:other")
    answer = caller("get", f"accounts/{account.number}/notices").json()
    assert [(one["channel"], one["state"]) for one in answer["results"]] == [("inbox", "sent"), ("sms", "queued")]
    assert "we received ¥5.00" in answer["results"][1]["body"]
    assert answer["results"][0]["class"] == "money"
    narrowed = caller("get", f"accounts/{account.number}/notices?channel=sms").json()
    assert len(narrowed["results"]) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("9999999999/notices", 404), ("x/notices", 404), ("9999999999/consent", 404)],
)
def test_accounts_that_are_not_there_answer_404(caller, account, path, status):
    assert caller("get", f"accounts/{path}").status_code == status


def test_wrong_filters_answer_422(caller, account):
    assert caller("get", f"accounts/{account.number}/notices?channel=fax").status_code == 422
    assert caller("get", f"accounts/{account.number}/notices?colour=red").status_code == 422


def test_consent_is_read_and_written_and_the_same_again_changes_nothing(caller, account):
    place = f"accounts/{account.number}/consent"
    before = {(one["class"], one["channel"]): one["is_on"] for one in caller("get", place).json()["choices"]}
    assert before["money", "sms"]
    assert not before["marketing", "email"]
    body = {"choices": [{"class": "money", "channel": "sms", "is_on": False}]}
    for _ in range(2):
        assert caller("put", place, body).status_code == 200
    after = {(one["class"], one["channel"]): one["is_on"] for one in caller("get", place).json()["choices"]}
    assert after == {**before, ("money", "sms"): False}
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"choices": []}, [],
        {"choices": [{"class": "money", "channel": "inbox", "is_on": False}]},
        {"choices": [{"class": "money", "channel": "sms", "is_on": False, "x": 1}]},
        {"choices": [{"class": "spam", "channel": "sms", "is_on": False}]},
        {"choices": [{"class": "money", "channel": "sms", "is_on": False}] * 99},
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused(caller, account, body):
    assert caller("put", f"accounts/{account.number}/consent", body).status_code in {400, 422}
    assert not Consent.objects.exists()


def test_a_key_without_the_scope_is_refused(client, account):
    key = calls.key("notices:read")
    place = f"/api/v1/accounts/{account.number}/consent"
    assert client.get(place, headers={"Authorization": f"Bearer {key}"}).status_code == 403


def signed(told, *, key=None):
    made = receipts.sign(
        body=json.dumps(told).encode(), message_id="m", at_seconds=int(time.time()), key=key or sms.receipt_key()
    )
    return made.body, dict(made.headers)


def post(client, body, headers):
    return client.post("/api/v1/receipts", data=body, content_type="application/json", headers=headers)


def test_a_signed_receipt_moves_its_notice_and_counts_once(client, account):
    tell(account)
    notice = Notice.objects.get(channel="sms")
    told = {"receipts": [{"reference": f"notice:{notice.id}", "id": "g1", "outcome": "delivered"}]}
    for _ in range(2):
        assert post(client, *signed(told)).status_code == 204
    notice.refresh_from_db()
    assert (notice.state, notice.proof) == ("delivered", "g1")


def test_a_receipt_that_is_not_signed_or_cannot_be_read_is_refused(client, account):
    body, headers = signed({"receipts": []}, key=b"somebody else")
    assert post(client, body, headers).status_code == 401
    assert post(client, body, {}).status_code == 401
    assert post(client, *signed({"receipts": 5})).status_code == 400
    assert post(client, b"x" * 300_000, headers).status_code == 413
    assert client.get("/api/v1/receipts").status_code == 405
