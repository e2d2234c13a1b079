"""The register of protections: from the call to papers, renewal and end; who is protected is not cut off."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.domain.protections import Evidence, ProtectionKind, ProtectionState
from accounts.models.care import Protection
from accounts.operations import holders, protections
from accounts.operations.protections import BadProtection, NewProtection, ProtectionEnded, ProtectionExists
from accounts.queries import protections as queries
from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold
from arrears.operations import holds
from arrears.operations.holds import NeedsAnother
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform.models import AuditEvent, Deadline
from tests.factories import accounts

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 10, 10, 0, tzinfo=ZONE)
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.BILLING}))
CHIEF = Actor(ActorKind.STAFF, 13, "Zhao", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _place():
    accounts.supplier()


@pytest.fixture
def account():
    return accounts.account()


def register(account, kind=ProtectionKind.LIFE_SUPPORT, actor=CLERK, at=AT, **values):
    new = NewProtection(account_id=account.id, kind=kind, told="oxygen at home, says the daughter", **values)
    return protections.register(new=new, at=at, actor=actor)


def prove(made, evidence=Evidence.MEDICAL, at=AT):
    protections.prove(protection_id=made, evidence=evidence, text="No. 5, Huashan Hospital", at=at, actor=CLERK)


def state(made, at=AT):
    return queries.one(protection_id=made, today=at.date()).state


def clocks(made):
    rows = Deadline.objects.filter(subject="protection", subject_id=made).order_by("id")
    return list(rows.values_list("standard", "state"))


def deeds(made):
    """Who did what to a protection, by the audit."""
    rows = AuditEvent.objects.filter(subject="protection", subject_id=made).order_by("id")
    return list(rows.values_list("action", "actor_kind", "actor_id", "actor_name"))


def test_a_protection_holds_from_the_call_is_proven_renewed_and_ended_by_two(account):
    made = register(account)
    hold = Hold.objects.get()
    assert (hold.kind, hold.account_id, hold.until_at) == ("life_support", account.id, None)
    assert (state(made), clocks(made)) == (ProtectionState.UNPROVEN, [("protection_evidence", "running")])
    with pytest.raises(ProtectionExists):
        register(account)
    with pytest.raises(BadProtection):
        prove(made, Evidence.AGE)
    prove(made)
    assert (state(made), clocks(made)) == (ProtectionState.PROVEN, [("protection_evidence", "met")])
    assert protections.review(at=AT + timedelta(days=334)) == 0
    later = AT + timedelta(days=335)
    assert [protections.review(at=later), protections.review(at=later)] == [1, 0]
    assert state(made, later) is ProtectionState.REVIEW
    prove(made, at=later)
    assert clocks(made)[1:] == [("protection_review", "met")]
    assert Protection.objects.get().review_date == date(2028, 2, 8)
    with pytest.raises(NotAllowed):
        protections.end(protection_id=made, reason="moved", at=later, actor=CLERK)
    given = {"protection_id": made, "reason": "moved", "at": later}
    assert not protections.end(**given, actor=BILLER)
    with pytest.raises(NeedsAnother):
        protections.end(**given, actor=BILLER)
    protections.keep(protection_id=made, at=later, actor=CHIEF)
    assert Protection.objects.get().asked_reason == Hold.objects.get().lift_asked_reason == ""
    assert [protections.end(**given, actor=one) for one in (BILLER, CHIEF)] == [False, True]
    assert (state(made, later), Hold.objects.get().until_at) == (ProtectionState.ENDED, later)
    with pytest.raises(ProtectionEnded):
        prove(made, at=later)
    # Each deed is one event that names its person, and what was refused is none.
    assert deeds(made) == [
        ("register", "staff", 11, "Li"), ("prove", "staff", 11, "Li"), ("review", "system", None, SYSTEM.name),
        ("prove", "staff", 11, "Li"), ("ask_to_end", "staff", 12, "Wang"), ("keep", "staff", 13, "Zhao"),
        ("ask_to_end", "staff", 12, "Wang"), ("end", "staff", 13, "Zhao"),
    ]  # fmt: skip
    told = AuditEvent.objects.filter(action="protect", subject="account", subject_id=account.id)
    assert list(told.values_list("actor_id", "detail__protection")) == [(11, "life_support")]
    assert register(account, at=later) != made


def test_a_paper_ends_the_last_day_and_the_request_to_end_that_were_there_before_it(account):
    made = register(account, until_at=AT + timedelta(days=14))
    assert not protections.end(protection_id=made, reason="no paper came", at=AT, actor=BILLER)
    prove(made)
    row, hold = Protection.objects.get(), Hold.objects.get()
    assert (row.until_date, row.asked_reason, hold.until_at, hold.lift_asked_reason) == (None, "", None, "")
    # So one person alone ends it no more, and in a month it still holds.
    assert not protections.end(protection_id=made, reason="moved", at=AT, actor=CHIEF)
    assert state(made, AT + timedelta(days=30)) is ProtectionState.PROVEN


def test_holds_of_people_are_rows_of_the_register_from_whichever_door(account):
    given = {"account_id": account.id, "evidence": "c 5", "at": AT, "actor": CHIEF}
    hold_id = holds.place(**given, kind=HoldKind.VULNERABLE, until_at=AT + timedelta(days=20))
    made = Protection.objects.get()
    assert (made.kind, made.hold_ids, made.until_date) == ("vulnerable", [hold_id], date(2026, 3, 31))
    assert not holds.lift(hold_id=hold_id, reason="well again", at=AT, actor=CHIEF)
    assert holds.lift(hold_id=hold_id, reason="well again", at=AT, actor=BILLER)
    assert state(made.id) is ProtectionState.ENDED
    holds.place(**given, kind=HoldKind.DISPUTE)
    assert Protection.objects.count() == 1


def test_a_key_account_is_set_by_whom_the_rule_names_and_holds_nothing(account):
    with pytest.raises(NotAllowed):
        register(account, ProtectionKind.KEY_ACCOUNT)
    made = register(account, ProtectionKind.KEY_ACCOUNT, CHIEF)
    assert (Hold.objects.count(), Protection.objects.get().account_id) == (0, None)
    holder = account.holders.get().customer_id
    other = accounts.account(holder=account.holders.get().customer)
    wanted = queries.WantedProtections(customer_id=holder, account_id=other.id)
    assert [one.id for one in queries.listed(wanted=wanted, today=AT.date())] == [made]
    assert protections.end(protection_id=made, reason="contract ended", at=AT, actor=CHIEF)


def test_one_that_ended_by_its_date_waits_for_nobody(account):
    made = register(account, until_at=AT + timedelta(days=2))
    protections.review(at=AT + timedelta(days=3))
    assert clocks(made) == [("protection_evidence", "dropped")]


def test_who_leaves_an_account_has_protections_looked_at(account):
    made = register(account)
    prove(made)
    holders.change(account_id=account.id, customer_id=accounts.customer().id, from_date=date(2026, 3, 20), actor=CLERK)
    assert state(made) is ProtectionState.REVIEW
    assert clocks(made)[-1] == ("protection_review", "running")
    assert Hold.objects.get().until_at is None


def test_the_night_takes_as_many_statements_for_many_as_for_one(django_assert_max_num_queries):
    for _ in range(4):
        prove(register(accounts.account()))
    with django_assert_max_num_queries(14):
        assert protections.review(at=AT + timedelta(days=340)) == 4
