"""A number leads to one customer at most, and with the moment in which another one proves it, to nobody else."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.domain.notice_states import NoticeAction
from accounts.models.contact import ContactPoint
from accounts.models.notice import Consent, Notice
from accounts.models.user import User
from accounts.operations import contacts, notice_settling, notices, verified_numbers
from accounts.operations.contacts import NumberIsOthers
from accounts.operations.verified_numbers import NoNumber, TooManyNumberCodes
from accounts.queries import notices as notice_queries
from accounts.queries import search
from arrears.queries import enquiries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform.db import opens_transaction
from contracts.models.supply_contract import SigningCode
from contracts.operations import signing_codes
from contracts.operations.signing_codes import Named
from tests.factories import accounts

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
NUMBER = "+8613812345678"


@pytest.fixture(autouse=True)
def _place():
    accounts.supplier()


def owner(name="王芳", number=NUMBER):
    made = accounts.customer(name=name)
    return made, accounts.contact_point(of=made, value=number)


def code_of(point, at):
    """Send a code and return it, as the phone shows it."""
    verified_numbers.send_code(customer_id=point.customer_id, contact_id=point.id, purpose="x", at=at, actor=CLERK)
    sent = Notice.objects.filter(event="one_time_code", key__startswith="number_code:").latest("id")
    assert (sent.channel, sent.address, sent.customer_id) == ("sms", point.value, None)
    return sent.secret


def prove(point, at=AT):
    given = {"customer_id": point.customer_id, "contact_id": point.id, "at": at, "actor": CLERK}
    assert verified_numbers.try_code(code=code_of(point, at), **given)
    point.refresh_from_db()


def test_a_code_proves_a_number_once_and_not_for_long():
    _customer, point = owner()
    given = {"customer_id": point.customer_id, "contact_id": point.id, "actor": CLERK}
    code = code_of(point, AT)
    assert not verified_numbers.try_code(code="000000" if code != "000000" else "1", at=AT, **given)
    assert not verified_numbers.try_code(code=code, at=AT + timedelta(minutes=10), **given)
    assert verified_numbers.try_code(code=code, at=AT + timedelta(minutes=9), **given)
    assert not verified_numbers.try_code(code=code, at=AT + timedelta(minutes=9), **given)
    point.refresh_from_db()
    assert (point.verified_at, point.verified_way) == (AT + timedelta(minutes=9), "code")


def test_tries_and_codes_are_counted():
    _customer, point = owner()
    given = {"customer_id": point.customer_id, "contact_id": point.id, "actor": CLERK}
    code = code_of(point, AT)
    for _ in range(5):
        assert not verified_numbers.try_code(code="x", at=AT, **given)
    assert not verified_numbers.try_code(code=code, at=AT, **given)
    for _ in range(4):
        code_of(point, AT)
    with pytest.raises(TooManyNumberCodes):
        code_of(point, AT)


def test_no_code_goes_to_a_mailbox_or_to_anothers_number():
    customer, _point = owner()
    mailbox = accounts.contact_point(of=customer, kind="email")
    _other, theirs = owner("李四", "+8613812345679")
    for point in (mailbox, theirs):
        with pytest.raises(NoNumber):
            verified_numbers.send_code(
                customer_id=customer.id, contact_id=point.id, purpose="x", at=AT, actor=CLERK
            )  # fmt: skip


def test_a_call_proves_a_landline_if_staff_made_it():
    customer, point = owner(number="+862112345678")
    given = {"customer_id": customer.id, "contact_id": point.id, "at": AT}
    with pytest.raises(NotAllowed):
        verified_numbers.answered(actor=Actor(ActorKind.CUSTOMER, 1, "x"), **given)
    verified_numbers.answered(actor=CLERK, **given)
    point.refresh_from_db()
    assert point.verified_way == "call"


def test_a_recycled_number_leads_to_its_old_owner_no_more(client):
    old, point = owner()
    user = accounts.portal_user(of=old)
    mailbox = accounts.contact_point(of=old, kind="email")
    for kind in ("marketing", "service"):
        Consent.objects.create(customer=old, notice_class=kind, channel="sms", is_given=True)
    prove(point)
    client.force_login(user)
    assert client.get("/portal/details").status_code == 200
    opens_transaction(signing_codes.send_step)(
        Named("mandate", 5), subject="mandate", customer_id=old.id, purpose="x", actor=SYSTEM
    )
    assert Notice.objects.latest("id").address == NUMBER

    _new, theirs = owner("李四")
    prove(theirs, at=AT + timedelta(days=200))

    point.refresh_from_db()
    assert (point.verified_at, point.unverified_reason, point.bounce_reason) == (None, "number_taken", "number_taken")
    assert client.get("/portal/details").status_code == 302
    assert User.objects.get(id=user.id).is_active
    assert SigningCode.objects.get(subject="mandate").expires_at <= timezone.now()
    assert dict(Consent.objects.values_list("notice_class", "is_given")) == {"marketing": False, "service": True}
    told = Notice.objects.filter(event="number_ended", customer=old)
    assert {(one.channel, one.address) for one in told} == {("email", mailbox.value), ("inbox", "")}
    assert NUMBER not in told.first().body
    assert [one.value for one in notice_queries.to_mend()] == [NUMBER]
    waiting = Notice.objects.filter(customer=old, event="one_time_code")
    assert {(one.channel, one.state) for one in waiting} == {("sms", "failed"), ("email", "queued")}
    with pytest.raises(NumberIsOthers):
        contacts.mend(customer_id=old.id, contact_id=point.id, actor=CLERK)


def test_who_cannot_be_told_otherwise_is_a_task():
    _old, point = owner()
    prove(point)
    _new, theirs = owner("李四")
    prove(theirs)
    (told,) = Notice.objects.filter(event="number_ended").exclude(channel="inbox")
    assert (told.state, told.reason) == ("suppressed", "no_contact")
    assert notice_queries.count_to_mend() == 1


def test_nothing_goes_to_a_number_that_another_one_proved_even_if_it_was_never_proven_before():
    _new, theirs = owner("李四")
    prove(theirs)
    late, _point = owner("王五")
    tell = opens_transaction(notices.queue_step)
    tell(event="welcome", customer_id=late.id, key="w", actor=SYSTEM, facts={
        "address": "x", "since": AT.date(), "first_bill": AT.date(), "link": "/portal/",
    })  # fmt: skip
    sent = Notice.objects.filter(event="welcome").exclude(channel="inbox").get()
    assert (sent.state, sent.reason) == ("suppressed", "bounced_before")


def test_a_number_that_nobody_has_is_proven_no_more():
    customer, point = owner()
    prove(point)
    tell = opens_transaction(notices.queue_step)
    tell(event="welcome", customer_id=customer.id, key="w", actor=SYSTEM, facts={
        "address": "x", "since": AT.date(), "first_bill": AT.date(), "link": "/portal/",
    })  # fmt: skip
    notice = Notice.objects.get(event="welcome", channel="sms")
    settle = opens_transaction(notice_settling.settle_step)
    settle(notice=notice, action=NoticeAction.BOUNCE, reason="unknown_number")
    point.refresh_from_db()
    assert (point.verified_at, point.unverified_reason) == (None, "unknown_number")
    assert Notice.objects.filter(event="number_ended").exists()


def test_by_telephone_only_who_proved_the_number_is_known():
    old, point = owner()
    account = accounts.account(holder=old)
    found = enquiries.identity(number=account.number, today=AT.date())
    assert found.telephones == ()
    prove(point)
    assert enquiries.identity(number=account.number, today=AT.date()).telephones == (NUMBER,)
    _new, theirs = owner("李四")
    prove(theirs)
    assert enquiries.identity(number=account.number, today=AT.date()).telephones == ()


def test_the_search_names_who_proved_the_number_first_and_warns_of_others():
    old, _point = owner()
    new, theirs = owner("李四")
    accounts.account(holder=old)
    accounts.account(holder=new)
    assert {hit.number_state for hit in search.find(text=NUMBER, at_date=AT.date())} == {"unproven"}
    prove(theirs)
    hits = search.find(text="13812345678", at_date=AT.date())
    assert [(hit.customer_id, hit.number_state) for hit in hits] == [(new.id, "own"), (old.id, "others")]


def test_a_number_signs_nobody_in(client):
    old, point = owner()
    accounts.portal_user(of=old, username="wangfang")
    prove(point)
    for typed in (NUMBER, "13812345678"):
        client.post("/accounts/login/", {"login": typed, "password": accounts.PASSWORD})
        assert client.get("/portal/details").status_code == 302
        client.post("/accounts/password/reset/", {"email": typed})
    assert not Notice.objects.filter(event="one_time_code", customer=old).exists()
    assert ContactPoint.objects.get(id=point.id).codes.count() == 1
