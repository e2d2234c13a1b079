"""Receipts are believed only if they are signed, fresh and whole."""

import json

import pytest

from accounts.domain import receipts
from accounts.domain.receipts import BadReceipt, BadSignature, Outcome, Signed

KEY, NOW = b"a key of this house", 1_800_000_000


def opened(told, *, key=KEY, now=NOW):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return receipts.opened(receipts.sign(body=body, message_id="m1", at_seconds=NOW, key=KEY), key=key, now_seconds=now)


def test_the_signature_is_that_of_the_standard():
    """The example of the standard's own libraries: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw."""
    import base64

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = receipts.sign(
        body=b'{"test": 2432232314}', message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_seconds=1614265330, key=key
    )
    assert signed.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_receipts_name_their_message_by_reference_or_id():
    first, second = opened(
        {"receipts": [{"reference": "notice:17", "id": "g", "outcome": "delivered"}, {"id": "h", "outcome": "bounced"}]}
    )
    assert (first.notice_id, first.proof, first.outcome) == (17, "g", Outcome.DELIVERED)
    assert (second.notice_id, second.proof, second.outcome) == (None, "h", Outcome.BOUNCED)


@pytest.mark.parametrize(("key", "now"), [(b"other", NOW), (KEY, NOW + 301), (KEY, NOW - 301)])
def test_a_wrong_key_or_time_is_refused(key, now):
    with pytest.raises(BadSignature):
        opened({"receipts": []}, key=key, now=now)


def test_a_changed_body_or_a_missing_header_is_refused():
    signed = receipts.sign(body=b"{}", message_id="m", at_seconds=NOW, key=KEY)
    for broken in (
        Signed(signed.headers, b"{ }"),
        Signed({}, b"{}"),
        Signed({**signed.headers, "webhook-id": ""}, b"{}"),
    ):
        with pytest.raises(BadSignature):
            receipts.opened(broken, key=KEY, now_seconds=NOW)


@pytest.mark.parametrize(
    "told",
    [
        b"no json", b"[" * 100_000, [], {}, {"receipts": 1}, {"receipts": [1]}, {"receipts": [{}]},
        {"receipts": [{"outcome": "delivered"}]},
        {"receipts": [{"outcome": "eaten", "id": "x"}]},
        {"receipts": [{"outcome": "delivered", "reference": "notice:01"}]},
        {"receipts": [{"outcome": "delivered", "id": 5}]},
        {"receipts": [{"outcome": "delivered", "id": "x"}] * 501},
        b'"' + b"x" * 300_000 + b'"',
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused(told):
    with pytest.raises(BadReceipt):
        opened(told)
