"""The catalogue: each event has its texts in each language and way, and takes only its own facts."""

from datetime import date, datetime

import pytest

from accounts.domain import notice_events, notice_facts, notice_texts
from accounts.domain.notice_events import COMMON, EVENTS, Channel, Money, UnknownEvent
from accounts.domain.notice_facts import BadFacts
from accounts.queries import notice_texts as stored

PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}


@pytest.mark.parametrize("code", sorted(EVENTS))
def test_every_event_has_good_texts_for_every_way_and_language(code):
    event = EVENTS[code]
    for (channel, _language), text in stored.delivered(code).items():
        if channel in stored.channels_of(event):
            notice_texts.compiled(text, event=event, channel=channel)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.code)
def test_no_event_hides_a_common_fact_and_the_inbox_is_no_rung(event):
    assert not event.facts.keys() & COMMON.keys()
    assert Channel.INBOX not in event.ladder
    assert event.ladder


def test_an_unknown_event_is_refused():
    with pytest.raises(UnknownEvent):
        notice_events.event("never")


def test_good_facts_pass():
    notice_facts.check(EVENTS["payment_received"], facts=PAID)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 500}, "wrong_fact"),
        ({"amount": "5.00"}, "wrong_fact"),
        ({"received": datetime(2026, 11, 28)}, "wrong_fact"),  # noqa: DTZ001
        ({"received": "2026-11-28"}, "wrong_fact"),
        ({"reference": "x" * 501}, "wrong_fact"),
        ({"extra": "x"}, "unknown_fact"),
    ],
)
def test_facts_of_another_kind_are_refused(change, code):
    with pytest.raises(BadFacts) as refused:
        notice_facts.check(EVENTS["payment_received"], facts={**PAID, **change})
    assert [finding.code for finding in refused.value.detail["findings"]] == [code]


def test_a_missing_fact_is_refused():
    with pytest.raises(BadFacts):
        notice_facts.check(EVENTS["payment_received"], facts={})


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/a b", "/a\n", "", "/'x"]
)
def test_a_link_leads_nowhere_else(path):
    assert not notice_facts.is_path(path)
