"""Notices are written with the use case, once for a key, with their text as it will be sent."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction

from accounts.domain import notice_texts
from accounts.domain.notice_events import Channel, Money
from accounts.domain.notice_facts import BadFacts
from accounts.models.notice import Consent, Notice
from accounts.operations import notices
from accounts.operations.notices import BadRecipient, NewNotice, Recipient
from accounts.queries import notices as queries
from accounts.queries.customers import UnknownCustomer
from cis.kernel.actors import SYSTEM
from cis.platform.db import NoTransaction
from cis.platform.models import OutboxMessage
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NOON, NIGHT = datetime(2026, 11, 28, 4, tzinfo=UTC), datetime(2026, 11, 28, 15, tzinfo=UTC)
PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}


@pytest.fixture
def customer():
    factories.accounts.supplier()
    return factories.accounts.customer(name="王芳")


def tell(*, key="payment:1", facts=PAID, event="payment_received", **values):
    with transaction.atomic():
        return notices.queue_step(event=event, facts=facts, key=key, actor=SYSTEM, **values)


def test_a_customer_is_told_by_the_first_way_and_in_the_inbox(customer):
    mobile = factories.accounts.contact_point(of=customer)
    factories.accounts.contact_point(of=customer, kind="email")
    account = factories.accounts.account(holder=customer)

    with time_machine.travel(NOON, tick=False):
        assert tell(customer_id=customer.id, account_id=account.id) == 2

    sms, inbox = Notice.objects.order_by("id")
    assert (sms.channel, sms.state, sms.address, sms.contact_point_id) == ("sms", "queued", mobile.value, mobile.id)
    assert sms.body == f"【示范供电公司】户号{account.number}，11月28日收到缴费¥5.00，谢谢！"
    assert sms.spares[0] == "email"
    assert (inbox.channel, inbox.state, inbox.subject) == ("inbox", "sent", "已收到缴费 ¥5.00")
    message = OutboxMessage.objects.get()
    assert (message.kind, message.payload) == ("notice.send", {"notice_id": sms.id})


def test_a_list_shows_whose_name_has_the_text_and_not_its_pieces_in_another_order(customer):
    other = factories.accounts.customer(name="芳王芳")
    for one in (customer, other):
        tell(customer_id=one.id, key=f"payment:{one.id}")
    named = lambda text: {card.customer_id for card in queries.listed(wanted=queries.Wanted(text=text))}  # noqa: E731
    assert named("王芳") == {customer.id, other.id}
    assert named("芳王") == {other.id}
    assert named("王芳王") == set()


def test_a_text_that_serves_several_ways_is_filled_once_for_each_notice(customer, monkeypatch):
    """One for the SMS, one for mail and inbox: a ladder of 50,000 demands filled each of them up to six times."""
    factories.accounts.contact_point(of=customer)
    fill, filled = notice_texts.filled, []
    monkeypatch.setattr(
        notice_texts, "filled", lambda template, *, values: filled.append(1) or fill(template, values=values)
    )
    tell(customer_id=customer.id)
    assert len(filled) == 2


def test_a_letter_goes_to_the_place_where_no_postal_address_is_known(customer):
    told = {"open": Money(5_00), "due": date(2026, 11, 1), "link": "/portal/overdue"}
    with transaction.atomic():
        new = NewNotice(key="d:1", facts=told, customer_id=customer.id, place="灵山路1号")
        notices.queue_many_step(event="debt_demand", notices=[new], actor=SYSTEM, only=frozenset({Channel.POST}))
    letter = Notice.objects.get()
    assert (letter.channel, letter.state, letter.address, letter.contact_point_id) == (
        "post",
        "queued",
        "灵山路1号",
        None,
    )


def test_the_same_key_is_told_once_also_after_the_contact_changed(customer):
    factories.accounts.contact_point(of=customer)
    assert tell(customer_id=customer.id) == 2
    customer.contact_points.all().delete()
    factories.accounts.contact_point(of=customer, kind="email")
    assert tell(customer_id=customer.id) == 0
    assert tell(customer_id=customer.id, key="payment:2") == 2


def test_quiet_hours_put_an_sms_off_until_the_morning(customer):
    factories.accounts.contact_point(of=customer)
    with time_machine.travel(NIGHT, tick=False):
        tell(customer_id=customer.id)
    assert OutboxMessage.objects.get().due_at == datetime(2026, 11, 29, 0, tzinfo=UTC)


def test_who_cannot_be_reached_leaves_a_row_that_says_why(customer):
    tell(customer_id=customer.id)
    sms = Notice.objects.get(channel="sms")
    assert (sms.state, sms.reason) == ("suppressed", "no_contact")
    assert not OutboxMessage.objects.exists()


def test_a_refused_way_is_passed_over_and_the_language_is_the_customers(customer):
    customer.language = "en"
    customer.save()
    factories.accounts.contact_point(of=customer)
    factories.accounts.contact_point(of=customer, kind="email")
    Consent.objects.create(customer=customer, notice_class="money", channel="sms", is_given=False)
    tell(customer_id=customer.id)
    mail = Notice.objects.get(channel="email")
    assert mail.subject == "We received ¥5.00"
    assert mail.spares == []


def test_a_contact_that_bounced_is_not_used_but_another_of_its_kind(customer):
    bad = factories.accounts.contact_point(of=customer)
    bad.bounced_at = NOON
    bad.save()
    good = factories.accounts.contact_point(of=customer, is_preferred=False)
    tell(customer_id=customer.id)
    assert Notice.objects.get(channel="sms").contact_point_id == good.id


def test_somebody_who_is_no_customer_yet_is_told_by_what_they_gave(customer):
    person = Recipient(name="Li", language="en", mobile="+8613800138000")
    assert tell(recipient=person) == 1
    assert Notice.objects.get().address == "+8613800138000"


def test_wrong_calls_are_refused_and_write_nothing(customer):
    with pytest.raises(BadRecipient):
        tell()
    with pytest.raises(BadRecipient):
        tell(customer_id=customer.id, recipient=Recipient(name="x"))
    with pytest.raises(BadRecipient):
        tell(customer_id=customer.id, key="")
    with pytest.raises(UnknownCustomer):
        tell(customer_id=customer.id + 1)
    with pytest.raises(BadFacts):
        tell(customer_id=customer.id, facts={})
    with pytest.raises(NoTransaction):
        notices.queue_step(event="offer", customer_id=customer.id, facts={}, key="x", actor=SYSTEM)
    assert not Notice.objects.exists()


def test_many_are_told_in_a_constant_number_of_statements(customer, django_assert_max_num_queries):
    people = [factories.accounts.customer() for _ in range(12)]
    for one in people:
        factories.accounts.contact_point(of=one)
    tell(customer_id=customer.id, key="warms:the:caches")
    news = [NewNotice(key=f"payment:{one.id}", facts=PAID, customer_id=one.id) for one in people]
    with transaction.atomic(), django_assert_max_num_queries(6):
        assert notices.queue_many_step(event="payment_received", notices=news, actor=SYSTEM) == 24
