"""Mails that come back: reports of many servers, and mails that are written to break or to lie."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain import bounce_codes, bounce_mails, mail_tokens
from accounts.domain.mail_tokens import Sending
from accounts.domain.receipts import Outcome

FOLDER = Path(__file__).parents[3] / "data" / "bounces"
KEY = b"k" * 32
SENDING = Sending(1_234_567, 2)
NAME = mail_tokens.token(SENDING, key=KEY)
B, R, F = Outcome.BOUNCED, Outcome.RETURNED, Outcome.FAILED


def sample(name):
    return (FOLDER / f"{name}.eml").read_bytes().replace(b"{token}", NAME.encode())


@pytest.mark.parametrize(
    ("name", "outcome", "said"),
    [
        ("postfix-unknown-user", B, "550 5.1.1"),
        ("postfix-expired", R, "4.4.1"),
        ("exim-mailbox-full", R, "552 5.2.2"),
        ("sendmail-host-unknown", B, "5.1.2"),
        ("exchange-denied", B, "5.4.1"),
        ("gmail-disabled", B, "5.2.1"),
        ("spam-filter", F, "5.7.1"),
        ("qmail-no-mailbox", B, "#5.1.1"),
        ("qq-gb18030", B, "550 收件人邮箱不存在"),
        ("delivered", Outcome.DELIVERED, ""),
        ("complaint", Outcome.COMPLAINED, "abuse"),
    ],
)
def test_reports_of_many_servers_say_which_sending_and_what_became_of_it(name, outcome, said):
    found = bounce_mails.read(sample(name), key=KEY)
    assert (found.outcome, found.notice_id, found.resent) == (outcome, 1_234_567, 2)
    assert said in found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize("name", ["postfix-delayed", "vacation"])
def test_a_delay_and_an_answering_machine_say_nothing(name):
    assert bounce_mails.read(sample(name), key=KEY) is None


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.eml")), ids=lambda path: path.stem)
def test_a_report_with_a_name_that_we_did_not_sign_is_not_believed(path):
    forged = mail_tokens.token(SENDING, key=b"x" * 32)
    assert bounce_mails.read(path.read_bytes().replace(b"{token}", forged.encode()), key=KEY) is None
    other = NAME.replace("n1234567.2", "n1234568.2")
    assert bounce_mails.read(path.read_bytes().replace(b"{token}", other.encode()), key=KEY) is None


def test_a_wrong_charset_and_bytes_that_are_none_do_no_harm():
    text = sample("qmail-no-mailbox").replace(
        b"Subject: failure", b"Content-Type: text/plain; charset=klingon-8\nSubject: failure"
    )
    assert bounce_mails.read(text, key=KEY).outcome is B
    assert bounce_mails.read(text.replace(b"Sorry, no", b"\xff\xfe\x80 no"), key=KEY).outcome is B
    for charset in (b"utf-16", b"idna", b"\xff\xff", b"rot13", b"=?x?q??="):
        assert bounce_mails.read(text.replace(b"klingon-8", charset), key=KEY).notice_id == 1_234_567


def nested(levels):
    head = b"From: MAILER-DAEMON@x.example\nTo: " + NAME.encode() + b"@power.example\nMIME-Version: 1.0\n"
    body = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels)
    )
    return head + body + b"Content-Type: text/plain\n\n550 5.1.1 no\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00" * 5_000, nested(4_000), b"Content-Type: multipart/report; boundary=\n\n--\n--\n",
        b"Content-Type: message/delivery-status\nTo: " + NAME.encode() + b"@x\n\n",
        b"To: " + NAME.encode() + b"@x\nFrom: postmaster\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 40_000,
        b"From: postmaster@x\n" + b"To: n1.1.00000000000000000000@x\n" * 8_000,
        b"From: postmaster@x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"A" * 5_000_000,
        b"From: =?utf-8?b?////?=\nContent-Type: =?x?=\nTo: \xff\xff\xff\n\n5.1.1",
    ],
    ids=["empty", "zeros", "deep", "no boundary", "no blocks", "many parts", "many names", "huge", "bad headers"],
)  # fmt: skip
def test_a_mail_that_is_written_to_break_is_read_fast_and_says_nothing_or_what_it_may(raw):
    start = time.process_time()  # of this process alone: what else the machine does is not the reader's fault
    found = bounce_mails.read(raw, key=KEY)
    assert time.process_time() - start < 5
    assert found is None or found.notice_id == SENDING.notice_id


@given(st.binary(max_size=600), st.integers(0, 1_500))
def test_no_bytes_raise(noise, place):
    raw = sample("postfix-unknown-user")
    bounce_mails.read(raw[:place] + noise + raw[place:], key=KEY)
    bounce_mails.read(noise, key=KEY)


def test_a_large_mail_that_comes_back_is_read_by_its_beginning():
    raw = sample("exim-mailbox-full")
    end = raw.index(b"Dear Fang")
    large = raw[:end] + b"x" * 3_000_000 + raw[end:]
    assert bounce_mails.read(large[: bounce_mails.BYTES_MOST], key=KEY).outcome is R


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        ("5.1.1", "", B), ("5.1.10", "", B), ("5.1.6", "", B), ("5.1.8", "550 bad sender", F), ("5.2.2", "", R),
        ("5.2.3", "", F), ("5.4.4", "", B), ("5.4.6", "loop", F), ("5.4.7", "", R), ("5.7.1", "550 5.7.1", F),
        ("4.2.2", "452", R), ("4.0.0", "", R), ("5.0.0", "550 5.1.1 x", B), ("5.0.0", "550 unknown user", B),
        ("5.0.0", "554 no", F), ("", "552 full", R), ("", "553 no", B), ("", "451 later", R), ("", "", F),
        ("", "connect to mx [192.0.2.55]:25 failed", F), ("", "host 10.5.1.1 said no", F),
    ],
)  # fmt: skip
def test_codes_say_whose_fault_it_is_and_whether_it_passes(status, said, outcome):
    assert bounce_codes.judged(status=status, said=said) is outcome


@given(st.integers(1, 10**17), st.integers(0, 9_999), st.binary(min_size=16, max_size=32))
def test_a_name_reads_back_also_in_capitals_and_only_with_its_key(notice_id, resent, key):
    sending = Sending(notice_id, resent)
    name = mail_tokens.token(sending, key=key)
    address = mail_tokens.envelope("bounces@power.example", name=name)
    assert len(address.partition("@")[0]) <= 64
    assert mail_tokens.found(f"To: <{address.upper()}>", key=key) == sending
    assert mail_tokens.found(address, key=key + b"x") is None
