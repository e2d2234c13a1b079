"""Who may be one: found in a set, told apart once for all, let go where the likeness is gone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models.customer import Customer
from accounts.models.people import DuplicatePair
from accounts.operations import duplicates
from accounts.operations.duplicates import PairDecided, SameCustomer
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from tests.factories import accounts

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 4, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
READER = Actor(ActorKind.STAFF, 13, "Sun", frozenset({Role.AUDITOR}))
PHONE = "+8613812345678"


def sharing(*names, value=PHONE, kind="mobile", **values):
    made = [accounts.customer(name=name, **values) for name in names]
    for one in made:
        accounts.contact_point(of=one, kind=kind, value=value)
    return made


def pairs():
    return {(one.first_id, one.second_id): (one.score, one.state) for one in DuplicatePair.objects.all()}


def test_pairs_are_found_scored_and_kept_once_in_a_constant_number_of_statements():
    one, two = sharing("王芳", "王　芳")
    sharing("李四", "赵六", value="+8613812345679")
    three = accounts.customer(name="x", id_number="91310000MA1FL00A1X", kind="company")
    four = accounts.customer(name="y", id_number="91310000MA1FL00A1X", kind="company")
    five = accounts.customer(name="示范电气（上海）", kind="company")
    six = accounts.customer(name="示范电气(上海)", kind="company")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert duplicates.find(at=AT) == 3
    assert pairs() == {
        (one.id, two.id): (90, "open"), (three.id, four.id): (100, "open"), (five.id, six.id): (50, "open"),
    }  # fmt: skip
    assert len([one for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) == 3
    duplicates.find(at=AT + timedelta(days=1))
    assert {row.found_at for row in DuplicatePair.objects.all()} == {AT}


def test_what_many_share_tells_nothing():
    sharing(*["王芳"] * 9)
    assert duplicates.find(at=AT) == 0


def test_told_apart_is_for_ever_and_what_is_alike_no_more_goes():
    one, two, three = sharing("王芳", "王芳", "王芳")
    duplicates.find(at=AT)
    pair = DuplicatePair.objects.get(first=one, second=two)
    with pytest.raises(NotAllowed):
        duplicates.tell_apart(pair_id=pair.id, note="", at=AT, actor=READER)
    duplicates.tell_apart(pair_id=pair.id, note="mother and daughter", at=AT, actor=CLERK)
    with pytest.raises(PairDecided):
        duplicates.tell_apart(pair_id=pair.id, note="", at=AT, actor=CLERK)
    Customer.objects.filter(id=three.id).update(name="赵六")
    assert duplicates.find(at=AT) == 0
    assert pairs() == {
        (one.id, two.id): (90, "different"), (one.id, three.id): (90, "gone"), (two.id, three.id): (90, "gone"),
    }  # fmt: skip
    Customer.objects.filter(id=three.id).update(name="王芳")
    assert duplicates.find(at=AT) == 2
    assert pairs()[one.id, two.id] == (90, "different")


def test_who_is_named_by_hand_waits_and_stays_until_somebody_decides():
    one, two = accounts.customer(name="a"), accounts.customer(name="b")
    pair = duplicates.name(first_id=two.id, second_id=one.id, at=AT, actor=CLERK)
    duplicates.find(at=AT)
    assert pairs() == {(one.id, two.id): (0, "open")}
    duplicates.tell_apart(pair_id=pair, note="", at=AT, actor=CLERK)
    assert duplicates.name(first_id=one.id, second_id=two.id, at=AT, actor=CLERK) == pair
    assert pairs() == {(one.id, two.id): (0, "open")}
    with pytest.raises(SameCustomer):
        duplicates.name(first_id=one.id, second_id=one.id, at=AT, actor=CLERK)
