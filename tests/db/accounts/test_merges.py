"""One customer in the place of two, and back: each row returns, nothing that protects is lost, and two at once are one."""

import json
import random
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts.domain.merging import MergeState, Side
from accounts.domain.protections import ProtectionKind
from accounts.models.account import AccountHolder
from accounts.models.care import PointsEntry, Protection
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.models.notice import Consent, Notice
from accounts.models.people import CustomerMerge, DuplicatePair
from accounts.models.privacy import DataExport, Erasure
from accounts.models.user import User
from accounts.operations import (
    contacts,
    data_exports,
    duplicates,
    erasures,
    following,
    merge_people,
    merge_rows,
    merges,
    protections,
)
from accounts.operations import points as point_operations
from accounts.operations.data_exports import ExportNotReady
from accounts.operations.merges import (
    AlreadyMerged,
    BadMerge,
    LaterMerge,
    MergeDecided,
    MergeErased,
    MergeNeedsAnother,
    NewMerge,
    PointsMixed,
    TooMuchCame,
    WhereItBelongs,
)
from accounts.operations.protections import NewProtection
from accounts.queries import customers as customer_queries
from accounts.queries import merges as queries
from accounts.queries import points as point_queries
from accounts.queries import search
from accounts.queries.customers import CustomerMerged
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import documents, phrases
from cis.platform.db import fetch
from cis.platform.documents import DocumentErased
from tests.factories import accounts, cases

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
OTHER = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))
READER = Actor(ActorKind.STAFF, 13, "Sun", frozenset({Role.AUDITOR}))
COUNTERS = {"version", "session_turn"}
"""They count up only: an old copy of a form, and an old session, never serve again."""


@pytest.fixture(autouse=True)
def _place():
    accounts.supplier()


def merge(survivor, merged, *, actor=CLERK, logins=None, at=AT, **choices):
    new = NewMerge(
        survivor_id=survivor.id, merged_id=merged.id, reason="same card", logins=logins,
        choices={name: Side(side) for name, side in choices.items()},
    )  # fmt: skip
    return merges.merge(new=new, at=at, actor=actor)


def undo(row, *, at=AT, actor=CLERK, **answers):
    given = {key.replace("__", ":"): value for key, value in answers.items()}
    return merges.undo(merge_id=row.id, answers=given, reason="two persons", at=at, actor=actor)


def points(customer, account, count, key, **values):
    return PointsEntry.objects.create(
        customer=customer, account=account, kind="earn", source="on_time", source_id=1, points=count, day=date(2026, 1, 1),
        expires_date=date(2028, 1, 1), key=key, **values,
    )  # fmt: skip


def person(name, serial, *, choice):
    """A customer with something in each table that follows; what it is differs from one to the next."""
    made = accounts.customer(name=name, note=choice.choice(["", f"note {serial}"]), id_number=choice.choice(["", "X1"]))
    account = accounts.account(holder=made)
    accounts.contact_point(of=made, value="+8613800009999" if choice.random() < 0.5 else "")
    accounts.contact_point(of=made, kind="email", is_preferred=choice.random() < 0.7)
    accounts.contact_point(of=made, kind="post", is_preferred=choice.random() < 0.7)
    accounts.portal_user(of=made)
    for kind in ("service", "marketing"):
        Consent.objects.create(customer=made, notice_class=kind, channel="sms", is_given=choice.random() < 0.5)
    points(made, account, 30, f"p{serial}")
    Protection.objects.create(customer=made, kind="vulnerable", told="x", since_date=date(2026, 1, 1))
    return made


def rows():
    """All rows of all tables that follow, without what only counts up."""
    found = {}
    for table in sorted({one.table for one in merge_rows.tables()}):
        for (row,) in fetch(f"SELECT to_jsonb(t)::text FROM {table} t"):
            row = json.loads(row)  # noqa: PLW2901
            if row.get("event") not in merge_people.TOLD:  # that they were merged, and parted, was told
                found[table, row["id"]] = {name: value for name, value in row.items() if name not in COUNTERS}
    return found


def test_each_table_that_names_a_customer_follows_or_says_why_not():
    named = {
        (relation.related_model._meta.db_table, relation.field.column)
        for relation in Customer._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete
    }
    follows = {(one.table, one.column) for one in merge_rows.tables()}
    assert {table for table, _ in named - follows} == following.STAYS
    assert follows <= named


@pytest.mark.parametrize("seed", range(6))
def test_merging_and_parting_restores_each_row(seed):
    choice = random.Random(seed)
    one, other = (
        person(name, serial, choice=choice) for serial, name in enumerate(("王芳", choice.choice(["王芳", "王方"])))
    )
    before = rows()
    fields = ("name", "kind", "id_number", "language", "note", "mobile", "email", "post")
    row = merge(one, other, **{name: choice.choice(["survivor", "merged"]) for name in fields})
    assert rows() != before
    assert not AccountHolder.objects.filter(customer=other).exists()
    for kind in ("mobile", "email", "post"):
        assert ContactPoint.objects.filter(customer=one, kind=kind, is_preferred=True).count() <= 1
    undo(row)
    assert rows() == before
    assert CustomerMerge.objects.get().state == MergeState.UNDONE
    with pytest.raises(MergeDecided):
        undo(row)


def test_the_number_of_who_is_merged_leads_to_the_survivor():
    one, other = accounts.customer(name="王芳"), accounts.customer(name="王芳")
    account = accounts.account(holder=other)
    merge(one, other)
    (hit,) = search.find(text=other.external_id, at_date=AT.date())
    assert (hit.account_id, hit.customer_id) == (account.id, one.id)
    assert customer_queries.ids_by_external_id([other.external_id]) == {other.external_id: one.id}
    with pytest.raises(CustomerMerged) as refused:
        contacts.add(customer_id=other.id, kind="email", value="a@example.com", actor=CLERK)
    assert refused.value.detail["customer_id"] == one.id


def test_nothing_that_protects_is_lost_and_the_refusal_counts():
    one, other = accounts.customer(), accounts.customer()
    for made, given in ((one, True), (other, False)):
        Consent.objects.create(customer=made, notice_class="marketing", channel="sms", is_given=given)
        Protection.objects.create(customer=made, kind="vulnerable", told=made.name, since_date=date(2026, 1, 1))
    Consent.objects.create(customer=other, notice_class="service", channel="email", is_given=False)
    row = merge(one, other)
    said = Consent.objects.filter(customer=one).values_list("notice_class", "channel", "is_given")
    assert set(said) == {("marketing", "sms", False), ("service", "email", False)}
    assert Protection.objects.filter(customer=one, until_date=None).count() == 2
    undo(row)
    assert Consent.objects.get(customer=one).is_given


def test_who_lives_on_electricity_is_merged_by_two():
    one, other = accounts.customer(), accounts.customer()
    account = accounts.account(holder=other)
    new = NewProtection(account_id=account.id, kind=ProtectionKind.LIFE_SUPPORT, told="oxygen")
    protections.register(new=new, at=AT, actor=CLERK)
    row = merge(one, other)
    assert row.state == MergeState.ASKED
    assert AccountHolder.objects.get(account=account).customer_id == other.id
    with pytest.raises(AlreadyMerged):
        merge(one, other, actor=OTHER)
    with pytest.raises(MergeNeedsAnother):
        merges.decide(merge_id=row.id, is_agreed=True, at=AT, actor=CLERK)
    with pytest.raises(NotAllowed):
        merges.decide(merge_id=row.id, is_agreed=True, at=AT, actor=READER)
    merges.decide(merge_id=row.id, is_agreed=True, at=AT, actor=OTHER)
    assert Protection.objects.get().customer_id == AccountHolder.objects.get(account=account).customer_id == one.id
    assert [card.state for card in queries.listed()] == ["done"]
    with pytest.raises(MergeDecided):
        merges.decide(merge_id=row.id, is_agreed=False, at=AT, actor=OTHER)


def test_a_merge_that_is_refused_moves_nothing_and_may_be_asked_again():
    one, other = accounts.customer(), accounts.customer()
    Protection.objects.create(customer=one, kind="key_account", told="x", since_date=date(2026, 1, 1))
    row = merge(one, other)
    merges.decide(merge_id=row.id, is_agreed=False, at=AT, actor=OTHER)
    assert Customer.objects.get(id=other.id).merged_into_id is None
    assert merge(one, other).state == MergeState.ASKED


def test_chains_lead_to_the_last_and_part_in_turn_and_circles_are_refused():
    one, two, three = (accounts.customer() for _ in range(3))
    account = accounts.account(holder=one)
    first, second = merge(two, one), merge(three, two)
    assert set(Customer.objects.filter(merged_into=three)) == {one, two}
    assert AccountHolder.objects.get(account=account).customer_id == three.id
    for survivor, merged in ((one, three), (three, one), (two, three)):
        with pytest.raises(AlreadyMerged):
            merge(survivor, merged)
    with pytest.raises(BadMerge):
        merge(three, three)
    with pytest.raises(LaterMerge):
        undo(first)
    undo(second)
    assert AccountHolder.objects.get(account=account).customer_id == two.id
    assert (queries.standing_id(customer_id=one.id), queries.family(customer_id=two.id)) == (two.id, (two.id, one.id))
    undo(first)
    assert AccountHolder.objects.get(account=account).customer_id == one.id


def test_two_merges_into_one_are_undone_in_turn():
    one, two, three = (accounts.customer() for _ in range(3))
    first, second = merge(one, two), merge(one, three)
    with pytest.raises(LaterMerge):
        undo(first)
    undo(second)
    undo(first)


def test_what_came_since_is_asked_and_stays_unless_it_is_sent_back():
    one, other = accounts.customer(), accounts.customer()
    own = accounts.account(holder=other)
    row = merge(one, other)
    stays = accounts.account(holder=one)
    plan = Protection.objects.create(
        customer=one, account=own, kind="vulnerable", told="x", since_date=date(2026, 4, 1)
    )
    came = merge_rows.since(merge=row, actor=CLERK)
    holding = AccountHolder.objects.get(account=stays)
    assert {(found.key, found.goes_back) for found in came} == {
        (f"accounts_accountholder:{holding.id}", False), (f"accounts_protection:{plan.id}", True),
    }  # fmt: skip
    with pytest.raises(WhereItBelongs):
        undo(row)
    undo(row, **{f"accounts_accountholder__{holding.id}": False, f"accounts_protection__{plan.id}": True})
    assert Protection.objects.get().customer_id == AccountHolder.objects.get(account=own).customer_id == other.id
    assert AccountHolder.objects.get(account=stays).customer_id == one.id


def test_what_somebody_wrote_since_stays():
    one, other = accounts.customer(name="王芳"), accounts.customer(name="王 芳")
    row = merge(one, other, name="merged")
    Customer.objects.filter(id=one.id).update(name="王方")
    undo(row)
    assert Customer.objects.get(id=one.id).name == "王方"


def test_points_that_were_spent_together_are_not_told_apart():
    one, other = accounts.customer(), accounts.customer()
    account = accounts.account(holder=other)
    lot = points(other, account, 50, "k")
    row = merge(one, other)
    assert PointsEntry.objects.get().customer_id == one.id
    PointsEntry.objects.create(
        customer=one, account=account, kind="redeem", points=-10, lot=lot, day=date(2026, 4, 1), key="r"
    )
    with pytest.raises(PointsMixed):
        undo(row)


def test_points_stay_frozen_for_everybody_else():
    entry = points(accounts.customer(), accounts.account(), 5, "k")
    merge(entry.customer, accounts.customer())
    with pytest.raises(Exception, match="Cannot update"):
        PointsEntry.objects.filter(id=entry.id).update(customer=accounts.customer())


def test_sessions_end_and_the_login_of_who_is_merged_closes_unless_it_is_the_only_one(client):
    one, other = accounts.customer(), accounts.customer()
    mine, theirs = accounts.portal_user(of=one), accounts.portal_user(of=other)
    client.force_login(theirs)
    assert client.get("/portal/details").status_code == 200
    row = merge(one, other)
    assert client.get("/portal/details").status_code == 302
    assert (User.objects.get(id=mine.id).is_active, User.objects.get(id=theirs.id).is_active) == (True, False)
    undo(row)
    assert User.objects.get(id=theirs.id).is_active
    lonely = accounts.customer()
    merge(lonely, other)
    kept = User.objects.get(id=theirs.id)
    assert (kept.is_active, kept.customer_id) == (True, lonely.id)


def test_what_was_told_apart_stays_apart_from_the_survivor():
    one, other, third = (accounts.customer(id_number="310101199001011230") for _ in range(3))
    assert duplicates.find(at=AT) == 3
    pair = DuplicatePair.objects.get(first=other, second=third)
    duplicates.tell_apart(pair_id=pair.id, note="twins", at=AT, actor=CLERK)
    row = merge(one, other)
    assert dict(DuplicatePair.objects.values_list("second_id", "state").filter(first=one)) == {
        other.id: "merged", third.id: "different",
    }  # fmt: skip
    assert duplicates.find(at=AT) == 0
    undo(row)
    assert DuplicatePair.objects.get(first=other, second=third).state == "different"
    assert DuplicatePair.objects.get(first=one, second=other).state == "open"


def test_what_comes_late_follows_at_night_and_goes_back():
    one, other = accounts.customer(), accounts.customer()
    row = merge(one, other)
    account = accounts.account(holder=other)
    merges.night(AT + timedelta(days=1))
    assert AccountHolder.objects.get(account=account).customer_id == one.id
    undo(row)
    assert AccountHolder.objects.get(account=account).customer_id == other.id


def test_both_are_told_by_their_own_ways_and_whom_one_mailbox_reaches_once():
    one, other = accounts.customer(name="王芳"), accounts.customer(name="李方")
    accounts.contact_point(of=one, kind="email", value="one@example.com")
    accounts.contact_point(of=other, kind="email", value="other@example.com")
    row = merge(one, other)
    undo(row)
    told = Notice.objects.filter(channel="email").values_list("event", "address")
    assert sorted(told) == sorted(
        (event, mailbox) for event in merge_people.TOLD for mailbox in ("one@example.com", "other@example.com")
    )
    bodies = Notice.objects.filter(customer=one).values_list("body", flat=True)
    assert all(other.name not in body for body in bodies), "who was merged by mistake learns nothing of the other one"
    shared = accounts.customer()
    accounts.contact_point(of=shared, kind="email", value="one@example.com")
    merge(one, shared)
    assert Notice.objects.filter(address="one@example.com", event="customers_merged").count() == 2


def test_two_of_one_household_are_both_told_though_their_letters_go_to_one_place():
    one, other, third = (accounts.customer(name=name) for name in ("王芳", "李方", "王刚"))
    for made in (one, other, third):
        accounts.contact_point(of=made, kind="post", value="上海市黄浦区南京东路1号")
    for made in (one, other):
        accounts.contact_point(of=made, kind="email")
    merge(one, other)
    merge(one, third)
    told = Notice.objects.filter(event="customers_merged").values_list("key", flat=True)
    first, second = CustomerMerge.objects.order_by("id")
    assert set(told) == {
        f"merge:{row.id}:{made.id}" for row, who in ((first, other), (second, third)) for made in (one, who)
    }  # fmt: skip


def test_an_export_with_what_is_the_others_ends_when_they_are_parted(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    one, other = accounts.customer(), accounts.customer(name="李方")
    row = merge(one, other)
    today = timezone.localdate()
    first = data_exports.ask(customer_id=one.id, at=timezone.now(), actor=CLERK)
    data_exports.work(timezone.now())
    data_exports.ask(customer_id=one.id, at=timezone.now(), actor=CLERK)
    data_exports.fetch(export_id=first, customer_id=one.id, today=today, actor=CLERK).close()
    undo(row)
    with pytest.raises(ExportNotReady):
        data_exports.fetch(export_id=first, customer_id=one.id, today=today, actor=CLERK)
    assert set(DataExport.objects.values_list("state", flat=True)) == {"over"}
    with pytest.raises(DocumentErased):
        documents.open(DataExport.objects.get(id=first).document_id)


def test_what_no_hand_can_sort_is_said_in_words_of_its_own(monkeypatch):
    one, other = accounts.customer(), accounts.customer()
    row = merge(one, other)
    accounts.account(holder=one)
    monkeypatch.setattr(merge_rows, "SINCE_MOST", 0)
    with pytest.raises(TooMuchCame) as refused:
        undo(row)
    with translation.override("zh-hans"):
        assert "过多" in phrases.explain(refused.value.code, refused.value.message).message


def test_a_percent_sign_is_a_letter_of_a_name():
    merge(accounts.customer(name="100% 照明"), accounts.customer(name="1000 照明"))
    merge(accounts.customer(name="10 号店"), accounts.customer(name="10 号店"))
    assert [card.survivor_name for card in queries.listed(text="0%")] == ["100% 照明"]
    assert queries.listed(text="_") == ()


def test_what_is_kept_from_a_clerk_is_neither_counted_nor_asked_and_goes_where_its_account_goes():
    one, other = accounts.customer(), accounts.customer()
    account, named = accounts.account(holder=other), cases.person()
    cases.taken(account_id=account.id, about_user_id=named.id)
    row = merge(one, other)
    later = cases.taken(account_id=account.id, about_user_id=named.id)
    plain = cases.taken(account_id=account.id)
    assert dict(queries.moved(merge_id=row.id, actor=CLERK))["complaints_case"] == 1
    assert "complaints_case" not in dict(queries.moved(merge_id=row.id, actor=named))
    asked = [found.key for found in merge_rows.since(merge=row, actor=named) if not found.is_hidden]
    assert asked == [f"complaints_case:{plain.id}"]
    undo(row, actor=named, **{f"complaints_case__{plain.id}": False})
    later.refresh_from_db()
    plain.refresh_from_db()
    assert (later.customer_id, plain.customer_id) == (other.id, one.id)


def test_points_that_expired_since_go_back_with_their_lot():
    one, other = accounts.customer(), accounts.customer()
    account = accounts.account(holder=other)
    points(one, accounts.account(holder=one), 20, "mine")
    points(other, account, 50, "k")
    row = merge(one, other)
    assert point_operations.expire(today=date(2028, 1, 1)) == 2
    undo(row)
    balances = [point_queries.standing(customer_id=who.id, today=date(2028, 1, 2)).balance for who in (one, other)]
    assert balances == [0, 0]


def test_a_merge_that_was_decided_late_is_undone_first():
    one, two, three = (accounts.customer() for _ in range(3))
    Protection.objects.create(customer=two, kind="key_account", told="x", since_date=date(2026, 1, 1))
    asked = merge(one, two)
    Protection.objects.update(until_date=AT.date())
    first = merge(one, three, at=AT + timedelta(hours=1))
    merges.decide(merge_id=asked.id, is_agreed=True, at=AT + timedelta(hours=2), actor=OTHER)
    with pytest.raises(LaterMerge):
        undo(first)
    asked.refresh_from_db()
    undo(asked)
    undo(first)


def test_who_is_erased_is_merged_with_nobody_and_a_merge_ends_what_is_on_the_list():
    one, other = accounts.customer(), accounts.customer()
    Customer.objects.filter(id=other.id).update(created_at=AT.replace(year=2010))
    assert erasures.find(today=AT.date()).due == 1
    merge(one, other)
    assert Erasure.objects.values_list("state", "stuck").get() == ("dropped", "merged")
    assert erasures.find(today=AT.date().replace(year=2060)).due == 1, (
        "the survivor alone; who is merged goes with them"
    )
    assert Erasure.objects.get(state="due").customer_id == one.id
    gone = accounts.customer(erased_at=AT)
    with pytest.raises(MergeErased):
        merge(one, gone)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_at_once_merge_once():
    one, other = accounts.customer(), accounts.customer()
    accounts.account(holder=one)
    accounts.account(holder=other)
    barrier, said = Barrier(2), []

    def run(survivor, merged, actor):
        try:
            barrier.wait()
            merge(survivor, merged, actor=actor)
            said.append("done")
        except Refused as refusal:
            said.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=run, args=given) for given in ((one, other, CLERK), (other, one, OTHER))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["already_merged", "done"]
    assert AccountHolder.objects.values("customer").distinct().count() == 1
