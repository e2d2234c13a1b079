"""By which ways a notice goes."""

from datetime import UTC, datetime, time

import pytest

from accounts.domain import notice_routes
from accounts.domain.notice_events import EVENTS, Channel, Event, NoticeClass
from accounts.domain.notice_routes import Address, Person, QuietHours
from cis.kernel.calendar import local_clock

SMS, EMAIL, POST, INBOX = Channel.SMS, Channel.EMAIL, Channel.POST, Channel.INBOX
BILL, OFFER = EVENTS["bill_issued"], EVENTS["offer"]
CUT = Event(code="cut", notice_class=NoticeClass.MONEY, facts={}, ladder=(SMS, POST), everywhere=True, is_required=True)
SHANGHAI = local_clock("Asia/Shanghai")
NIGHT = QuietHours(time(21), time(8), frozenset({SMS}))


def person(*channels, **values):
    return Person(
        name="x", language="en", addresses={c: Address(f"at {c}") for c in channels or (SMS, EMAIL, POST)}, **values
    )


def ways(event, who, **values):
    return [(route.channel, route.reason) for route in notice_routes.routes(who, event=event, **values)]


def test_the_first_way_that_works_is_taken_and_the_inbox_too():
    assert ways(BILL, person()) == [(EMAIL, ""), (INBOX, "")]
    assert ways(BILL, person(SMS)) == [(SMS, ""), (INBOX, "")]


def test_who_cannot_be_reached_is_noted_with_the_reason():
    assert ways(BILL, person(POST)) == [(EMAIL, "no_contact"), (INBOX, "")]
    assert ways(BILL, person(POST, bounced=frozenset({EMAIL}))) == [(EMAIL, "bounced_before"), (INBOX, "")]


def test_a_secret_goes_to_no_number_that_nobody_proved():
    code, mine = EVENTS["one_time_code"], {SMS: Address("proven")}
    assert ways(code, person(proven={})) == [(SMS, "not_proven")]
    assert ways(code, person(proven={EMAIL: Address("at email")})) == [(EMAIL, "")]
    [route] = notice_routes.routes(person(proven=mine), event=code)
    assert route.address == mine[SMS]
    assert ways(BILL, person(SMS, proven={})) == [(SMS, ""), (INBOX, "")]
    assert ways(code, person(SMS)) == [(SMS, "")], "who is no customer yet gets it where they said"


def test_a_refused_way_is_passed_over():
    no_mail = {(NoticeClass.MONEY, EMAIL): False}
    assert ways(BILL, person(choices=no_mail)) == [(SMS, ""), (INBOX, "")]
    assert ways(BILL, person(EMAIL, choices=no_mail)) == [(EMAIL, "no_consent"), (INBOX, "")]


def test_advertising_goes_only_where_it_was_asked_for():
    assert ways(OFFER, person()) == [(EMAIL, "no_consent")]
    asked = {(NoticeClass.MARKETING, SMS): True}
    assert ways(OFFER, person(choices=asked)) == [(SMS, "")]


def test_what_law_wants_to_arrive_goes_everywhere_whatever_was_refused():
    refused = {(NoticeClass.MONEY, SMS): False, (NoticeClass.MONEY, POST): False}
    assert ways(CUT, person(choices=refused)) == [(SMS, ""), (POST, ""), (INBOX, "")]


def test_after_a_failure_the_next_way_is_taken_and_the_inbox_not_again():
    assert ways(BILL, person(), after=EMAIL) == [(SMS, "")]
    assert ways(BILL, person(), after=SMS) == []


def test_what_is_long_past_lies_in_the_inbox_alone():
    assert ways(BILL, person(), only=frozenset({INBOX})) == [(INBOX, "")]


def test_somebody_who_only_applied_has_no_inbox():
    assert ways(BILL, person(EMAIL, has_inbox=False)) == [(EMAIL, "")]


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-28 20:59", None),
        ("2026-11-28 21:00", "2026-11-29 08:00"),
        ("2026-11-29 07:59", "2026-11-29 08:00"),
        ("2026-11-29 08:00", None),
    ],
)
def test_quiet_hours_hold_an_sms_up_until_the_morning(local, until):
    now = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI.zone)
    due = notice_routes.send_at(now, event=BILL, channel=SMS, quiet=NIGHT, clock=SHANGHAI)
    assert due == (until and datetime.fromisoformat(until).replace(tzinfo=SHANGHAI.zone).astimezone(UTC))
    assert notice_routes.send_at(now, event=BILL, channel=EMAIL, quiet=NIGHT, clock=SHANGHAI) is None
    urgent = EVENTS["one_time_code"]
    assert notice_routes.send_at(now, event=urgent, channel=SMS, quiet=NIGHT, clock=SHANGHAI) is None


def test_quiet_hours_within_a_day():
    noon = QuietHours(time(12), time(14), frozenset({SMS}))
    now = datetime(2026, 11, 28, 13, 0, tzinfo=SHANGHAI.zone)
    due = notice_routes.send_at(now, event=BILL, channel=SMS, quiet=noon, clock=SHANGHAI)
    assert due == datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
