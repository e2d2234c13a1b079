"""Mails are read however they were written, and what is written to break the reader takes no time."""

import time
from email.message import EmailMessage

import pytest

from complaints.domain import mail_reading, mail_text


def read(raw):
    return mail_reading.read(raw, ours=())


def test_letters_are_read_whatever_a_mail_says_of_them():
    raw = (
        b"From: =?gb2312?B?zfW3vA==?= <Wang@Example.COM>\r\nSubject: =?utf-8?B?55S16LS55aSq6auY?= =?x-none?Q?K1?=\r\n"
        b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "电费，镕".encode("gb18030")
    )
    found = read(raw)
    assert (found.name, found.address, found.subject) == ("王芳", "Wang@example.com", "电费太高K1")
    assert found.text == "电费，镕"
    plain = read("From: a@b.cn\nSubject: 电费\n\n没有说明编码".encode("gbk"))
    assert (plain.subject, plain.text) == ("电费", "没有说明编码")
    assert read(b"From: a@b.cn\nContent-Type: text/plain; charset=utf-8\n\n\xff\x00\xc3(").text


def test_html_alone_is_read_as_what_it_shows():
    page = "<html><head><title>x</title><style>p{}</style></head><body><!-- <p>no --><p>Hello&nbsp;&amp; <b>you</b><br>two</p><script>bad()</script></body>"
    assert mail_text.of_html(page).split("\n") == [
        "",
        "Hello & you",
        "two",
        "",
    ] or "Hello & you\ntwo" in mail_text.of_html(page)
    assert "bad" not in mail_text.of_html(page)
    made = EmailMessage()
    made["From"] = "a@b.cn"
    made.set_content("plain")
    made.add_alternative(page, subtype="html")
    assert read(made.as_bytes()).text == "plain"


@pytest.mark.parametrize(
    "quoted",
    ["> old", "-----Original Message-----", "On Mon, 2 Mar 2026, care wrote:", "在 2026-03-02 写道：", "发件人: care"],
)
def test_what_is_quoted_is_told_from_what_is_written(quoted):
    assert mail_text.own_words(f"yes\n\n{quoted}\nno") == "yes"
    assert mail_text.own_words(f"{quoted}\nno") == f"{quoted}\nno"


def test_numbers_of_cases_are_found_in_the_subject():
    found = read("From: a@b.cn\nSubject: 回复：ｋ20260000017 K2026 xK20260000018\n\nhi".encode()).numbers
    assert found == ("K20260000017",)


def test_a_mail_without_an_id_is_known_by_what_it_says():
    one, other = (read(b"Received: %b\nFrom: a@b.cn\nSubject: x\n\nhi" % way) for way in (b"here", b"there"))
    assert one.key == other.key
    assert one.key.startswith("sha256:")


HTML = b"From: a@b.cn\nContent-Type: text/html\n\n"


@pytest.mark.parametrize(
    "raw",
    [
        HTML + b"<" * 250_000, HTML + b"<!--" * 60_000, HTML + b"<script>" * 40_000, HTML + b"<a b='" * 40_000,
        HTML + b"&#x" * 80_000, b"From: a@b.cn\nContent-Type: text/plain; " + b"a=b;" * 20_000 + b"\n\nhi",
        b"From: " + b"=?utf-8?q?" * 3_000 + b"a@b.cn\n\nhi", b"From: " + b"(" * 30_000 + b"a@b.cn\n\nhi",
        b"From: a@b.cn\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
        b"From: a@b.cn\n" + b"X: y\n" * 100_000 + b"\nhi", b"", b"\x00" * 1_000,
        b"From: a@b.cn\n" + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(150)),
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_written_to_break_the_reader_takes_no_time(raw):
    begun = time.process_time()
    read(raw)
    assert time.process_time() - begun < 2
