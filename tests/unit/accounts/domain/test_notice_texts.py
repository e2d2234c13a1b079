"""The closed language of notices: what it puts in, and what hostile texts and facts cannot do."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain import notice_texts
from accounts.domain.notice_events import COMMON, EVENTS, Channel, FactKind, Money
from accounts.domain.notice_texts import BadText, Text, Values
from cis.kernel.periods import Period

DUE = EVENTS["payment_due_soon"]
FACTS = {
    "name": "王芳", "account": "1000000017", "supplier": "示范供电", "supplier_phone": "95598", "today": date(2026, 11, 28),
    "portal": "/portal/", "bill": "2026000001", "open": Money(123456), "due": date(2026, 12, 1), "link": "/portal/bills/1",
}  # fmt: skip


def fill(body, *, subject="s", language="en", channel=Channel.EMAIL, **facts):
    template = notice_texts.compiled(Text(subject, body), event=DUE, channel=channel)
    kinds = {**COMMON, **DUE.facts}
    return notice_texts.filled(
        template, values=Values(facts={**FACTS, **facts}, kinds=kinds, language=language, site="https://power.example")
    )


def codes(body, *, subject="s", channel=Channel.EMAIL):
    with pytest.raises(BadText) as refused:
        notice_texts.compiled(Text(subject, body), event=DUE, channel=channel)
    return [finding.code for finding in refused.value.detail["findings"]]


@pytest.mark.parametrize(
    ("body", "language", "written"),
    [
        ("{{ open }} by {{due|weekday}}, {{ due }}", "en", "¥1,234.56 by Tuesday, 1 December 2026"),
        ("{{ open }}，{{ due|weekday }}，{{ due|short }}", "zh-hans", "¥1,234.56，星期二，12月1日"),
        ("{{ account|masked }} {{ link }}", "en", "…0017 https://power.example/portal/bills/1"),
        ("{ one brace } stays", "en", "{ one brace } stays"),
    ],
)
def test_each_language_writes_facts_its_own_way(body, language, written):
    assert fill(body, language=language).body == written


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ unknown }}", "unknown_fact"),
        ("{{ open|weekday }}", "unknown_filter"),
        ("{{ due|attr }}", "unknown_filter"),
        ("{{ name.__class__ }}", "bad_slot"),
        ("{{ name() }}", "bad_slot"),
        ("{{ name", "open_slot"),
        ("name }}", "open_slot"),
        ("{% include 'secrets' %}", "no_tags"),
        ("{# note #}", "no_tags"),
        ("  ", "empty_text"),
        ("x" * 8_001, "long_text"),
    ],
)
def test_what_is_no_plain_slot_is_refused(body, code):
    assert code in codes(body)


def test_all_faults_are_told_at_once():
    assert codes("{{ a_fact }} {{ b_fact }}", subject=" ") == ["empty_text", "unknown_fact", "unknown_fact"]


def test_an_sms_has_no_subject():
    assert codes("x", channel=Channel.SMS) == ["sms_subject"]


def test_a_fact_is_put_in_once_and_never_read_as_a_template():
    assert fill("{{ name }}", name="{{ open }}").body == "{{ open }}"


@given(st.text(max_size=60))
def test_no_name_breaks_a_subject_or_a_line(name):
    """A header that a name could break would let a customer write mail to others in our name."""
    made = fill("To {{ name }}.\nBye", subject="For {{ name }}", name=name)
    assert not any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in made.subject)
    assert len(made.body.splitlines()) == 2


def test_marks_that_turn_the_direction_of_writing_are_taken_out():
    assert fill("{{ name }}", name="a\u202eb\u2066c\u200bd").body == "a b c d"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("€" * 80, 1), ("€" * 81, 2),
        ("电" * 70, 1), ("电" * 71, 2), ("电" * 134, 2), ("电" * 135, 3),
        ("😀" * 35, 1), ("😀" * 36, 2), ("", 1),
    ],
)  # fmt: skip
def test_segments_of_an_sms(text, parts):
    assert notice_texts.segments(text) == parts


def test_an_empty_fact_is_shown_as_a_dash():
    assert notice_texts.shown("", kind=FactKind.TEXT, language="en") == "–"


def test_days_that_follow_one_another_are_one_span_and_others_are_named_apart():
    months = [Period(date(2025, n, 1), date(2025, n + 1, 1)) for n in (4, 1, 2, 2)]
    assert notice_texts.spans_written(months, is_chinese=True) == "2025年1月1日至2025年2月28日、2025年4月"
    assert notice_texts.spans_written(months[:1], is_chinese=False) == "April 2025"


def test_many_spans_are_told_as_some_days_between_the_outermost():
    months = [Period(date(2025, n, 1), date(2025, n + 1, 1)) for n in range(1, 11, 2)]
    assert notice_texts.spans_written(months, is_chinese=False) == "some days from 1 January 2025 to 30 September 2025"
