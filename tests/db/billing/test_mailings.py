"""Mailings: who is chosen, how many, by whom they are let go, and that each customer is told once."""

from datetime import date

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.domain.mailing import NewMailing, Words
from accounts.domain.notice_facts import BadFacts
from accounts.domain.notice_states import NoticeAction
from accounts.domain.notice_texts import BadText
from accounts.domain.receipts import Outcome, Receipt
from accounts.models.care import Protection
from accounts.models.contact import ContactPoint
from accounts.models.notice import Consent, Mailing, MailingTarget, MailingText, Notice
from accounts.operations import contacts, notice_receipts, notice_settling, unreachable
from accounts.operations import mailings as operations
from accounts.operations.mailings import NeedsAnother, NobodyChosen, TooMany
from accounts.queries import mailings as queries
from billing.operations import mailings
from billing.queries import mailing_targets
from billing.queries.mailing_targets import Choice
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import packs
from cis.platform.models import Deadline, Job, OutboxMessage
from contracts.models.agreement import ServiceAgreement
from contracts.models.inspection import Defect, SafetyInspection
from tests.factories import accounts, contracts, inspections
from tests.killed import do_at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
WORDS = Words("S {{ account }}", "Dear {{ name }}", "SMS {{ name }}")
NEW = NewMailing(title="Outage", event="announcement", words={"zh-hans": WORDS, "en": WORDS})
CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
SUPERVISOR = Actor(ActorKind.STAFF, 2, "supervisor", frozenset({Role.SUPERVISOR}))


@pytest.fixture
def worlds():
    accounts.supplier()
    found = [contracts.world() for _ in range(4)]
    for one in found:
        accounts.contact_point(of=one.customer)
    return found


def propose(choice=None, *, new=NEW, actor=CLERK):
    return mailings.propose(new=new, choice=choice or Choice(), today=TODAY, actor=actor)


def bound(monkeypatch, **values):
    rule = packs.rule

    def changed(key, *, at):
        return {"second_person_from": 500, "most": 1_000, **values} if key == "mailings" else rule(key, at=at)

    monkeypatch.setattr(packs, "rule", changed)


def test_count_sample_and_what_is_kept_are_the_same_customers(worlds):
    choice = Choice()
    assert mailing_targets.count(choice=choice, at_date=TODAY) == 4
    sample = mailing_targets.sample(choice=choice, at_date=TODAY)
    assert {one.customer_id for one in sample} == {one.customer.id for one in worlds}
    mailing_id = propose(choice)
    kept = MailingTarget.objects.filter(mailing_id=mailing_id)
    assert set(kept.values_list("customer_id", "account_id")) == {(one.customer.id, one.account.id) for one in worlds}


def test_a_choice_by_class_area_and_tariff_narrows(worlds):
    first = worlds[0]
    first.customer.kind = "company"
    first.customer.save()
    premises = worlds[1].service_point.premises
    premises.district = "黄浦区"
    premises.save()
    assert mailing_targets.count(choice=Choice(customer_kind="company"), at_date=TODAY) == 1
    assert mailing_targets.count(choice=Choice(district="黄浦区"), at_date=TODAY) == 1
    assert mailing_targets.count(choice=Choice(tariff="never"), at_date=TODAY) == 0
    assert mailing_targets.count(choice=Choice(cycle="never"), at_date=TODAY) == 0
    assert mailing_targets.count(choice=Choice(), at_date=date(2001, 1, 1)) == 0


def test_a_customer_with_two_accounts_is_told_once(worlds):
    holding = worlds[1].account.holders.get()
    holding.customer = worlds[0].customer
    holding.save()
    assert mailing_targets.count(choice=Choice(), at_date=TODAY) == 3
    propose()
    assert MailingTarget.objects.filter(customer=worlds[0].customer).count() == 1


def test_offers_go_to_who_asked_for_them(worlds):
    Consent.objects.create(customer=worlds[2].customer, notice_class="marketing", channel="sms", is_given=True)
    Consent.objects.create(customer=worlds[3].customer, notice_class="marketing", channel="sms", is_given=False)
    assert mailing_targets.count(choice=Choice(asked_for=True), at_date=TODAY) == 1


def test_nothing_is_sent_before_it_is_let_go_and_then_each_is_told_once(worlds):
    mailing_id = propose()
    operations.work(None)
    assert not Notice.objects.exists()
    operations.approve(mailing_id=mailing_id, actor=CLERK)
    operations.work(None)
    operations.work(None)
    assert Notice.objects.filter(channel="inbox", mailing_id=mailing_id).count() == 4
    assert Notice.objects.filter(channel="sms").first().body.startswith("SMS ")
    assert OutboxMessage.objects.filter(kind="notice.send").count() == 4
    card = queries.one(mailing_id=mailing_id)
    assert card.state == "sent"
    job = Job.objects.get(id=card.job_id)
    assert (job.state, job.done, job.total) == ("done", 4, 4)
    assert {one.channel: one.counts for one in queries.report(mailing_id=mailing_id)} == {
        "inbox": {"sent": 4}, "sms": {"queued": 4},
    }  # fmt: skip


def test_a_worker_that_dies_goes_on_where_it_stopped(worlds, monkeypatch):
    monkeypatch.setattr(operations, "CHUNK", 1)
    mailing_id = propose()
    operations.approve(mailing_id=mailing_id, actor=CLERK)
    assert operations._next_chunk(mailing_id=mailing_id)
    assert Notice.objects.filter(channel="inbox").count() == 1
    operations.work(None)
    assert Notice.objects.filter(channel="inbox").count() == 4


def test_above_the_bound_another_person_a_supervisor_lets_it_go(worlds, monkeypatch):
    bound(monkeypatch, second_person_from=4)
    mailing_id = propose(actor=SUPERVISOR)
    other_clerk = Actor(ActorKind.STAFF, 3, "other", frozenset({Role.CLERK}))
    for actor in (SUPERVISOR, other_clerk):
        with pytest.raises(NeedsAnother):
            operations.approve(mailing_id=mailing_id, actor=actor)
    other = Actor(ActorKind.STAFF, 4, "another", frozenset({Role.SUPERVISOR}))
    operations.approve(mailing_id=mailing_id, actor=other)
    with pytest.raises(IllegalMove):
        operations.approve(mailing_id=mailing_id, actor=other)


def test_a_mailing_has_an_end_and_somebody_to_go_to(worlds, monkeypatch):
    bound(monkeypatch, most=3)
    with pytest.raises(TooMany):
        propose()
    with pytest.raises(NobodyChosen):
        propose(Choice(tariff="never"))
    assert not Mailing.objects.exists()


def test_who_writes_no_mailings_lets_none_go_and_a_dropped_one_stays_dropped(worlds):
    mailing_id = propose()
    with pytest.raises(NotAllowed):
        operations.approve(mailing_id=mailing_id, actor=Actor(ActorKind.STAFF, 9, "x", frozenset({Role.AUDITOR})))
    operations.drop(mailing_id=mailing_id, actor=CLERK)
    with pytest.raises(IllegalMove):
        operations.approve(mailing_id=mailing_id, actor=CLERK)
    operations.work(None)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (Words("", "x"), "subject_en"),
        (Words("s", "{{ amount }}"), "body_en"),
        (Words("s", "x", "{% x %}"), "sms_en"),
        (Words("s", "x", ""), "sms_en"),
    ],
)
def test_faults_of_the_text_are_told_by_language(worlds, words, where):
    new = NewMailing(title="t", event="announcement", words={"zh-hans": WORDS, "en": words})
    with pytest.raises(BadText) as refused:
        propose(new=new)
    assert where in {finding.where for finding in refused.value.detail["findings"]}


def test_only_mailings_may_be_sent_in_bulk(worlds):
    with pytest.raises(BadText):
        propose(new=NewMailing(title="t", event="one_time_code", words=NEW.words))


def test_many_are_told_in_as_many_statements_as_few(worlds, django_assert_max_num_queries):
    mailing_id = propose()
    operations.approve(mailing_id=mailing_id, actor=CLERK)
    with django_assert_max_num_queries(20):
        operations._next_chunk(mailing_id=mailing_id)


def test_the_system_lets_nothing_go(worlds):
    with pytest.raises(NotAllowed):
        operations.approve(mailing_id=propose(), actor=SYSTEM)


def aimed(event, facts):
    return NewMailing(title="t", event=event, words=NEW.words, facts=facts)


PRICE = {"tariff": "居民", "tariff_en": "Homes", "start": "2026-08-01"}


def test_a_price_change_goes_to_whoever_is_on_the_tariff_when_it_begins(worlds):
    leaves, stays = worlds[0], worlds[1]
    ServiceAgreement.objects.filter(id=leaves.agreement.id).update(period=DateRange(date(2026, 1, 1), date(2026, 6, 1)))
    codes = {one.tariff.code for one in worlds}
    on = date(2026, 8, 1)
    found = {code: mailing_targets.chosen(choice=Choice(tariff=code), at_date=on)[1].tolist() for code in codes}
    assert all(leaves.customer.id not in ids for ids in found.values())
    words = {one: Words("{{ start }}", "{{ tariff }} {{ tariff_en }}", "") for one in ("zh-hans", "en")}
    new = NewMailing(title="t", event="price_change", words=words, facts=PRICE)
    mailings.propose(new=new, choice=Choice(tariff=stays.tariff.code), today=on, actor=CLERK)
    operations.approve(mailing_id=Mailing.objects.get().id, actor=CLERK)
    operations.work(None)
    told = Notice.objects.get(customer=stays.customer, channel="inbox")
    assert (told.subject, told.body) == ("2026-08-01", "居民 Homes")
    with pytest.raises(BadFacts):
        propose(new=aimed("price_change", {}))


def test_a_safety_campaign_goes_to_the_affected_alone(worlds):
    _none, sick, former, defective = worlds
    common = {"kind": "life_support", "told": "x", "since_date": TODAY}
    Protection.objects.create(customer=sick.customer, account=sick.account, **common)
    Protection.objects.create(customer=former.customer, until_date=TODAY, **common)
    inspection = SafetyInspection.objects.get(id=inspections.planned(of=defective))
    defect = Defect.objects.create(
        inspection=inspection, code="rcd", severity="general", text_en="x", text_zh="x", due_date=TODAY
    )

    def affected(code):
        return mailing_targets.chosen(choice=Choice(affected=code), at_date=TODAY)[1].tolist()

    assert (affected("protected"), affected("defects")) == ([sick.customer.id], [defective.customer.id])
    Defect.objects.filter(id=defect.id).update(state="rectified", closed_date=TODAY)
    assert affected("defects") == []
    why = {"why": "x", "why_en": "y"}
    propose(Choice(affected="protected"), new=aimed("safety_campaign", why))
    assert MailingTarget.objects.get().customer_id == sick.customer.id


def test_who_is_not_reached_becomes_a_task_until_a_way_is_found(worlds):
    nobody, bounced = worlds[0].customer, worlds[1].customer
    ContactPoint.objects.filter(customer=nobody).delete()
    mailing_id = propose()
    operations.approve(mailing_id=mailing_id, actor=CLERK)
    operations.work(None)
    notice = Notice.objects.get(customer=bounced, channel="sms")
    notice_receipts.take(found=[Receipt(Outcome.BOUNCED, notice_id=notice.id, proof="p")])

    def tasks():
        return set(Deadline.objects.filter(subject="unreachable", state="running").values_list("subject_id", flat=True))

    assert (tasks(), queries.unreached(mailing_id=mailing_id)) == ({nobody.id, bounced.id}, 2)
    operations.approve(mailing_id=propose(), actor=CLERK)
    operations.work(None)
    assert len(tasks()) == 2, "a task is one, however many mailings fail"
    contacts.mend(customer_id=bounced.id, contact_id=notice.contact_point_id, actor=CLERK)
    contacts.add(customer_id=nobody.id, kind="mobile", value="13800138555", actor=CLERK)
    assert not tasks()


def test_two_mailings_that_do_not_reach_one_customer_at_once_make_one_task(worlds):
    def note():
        with transaction.atomic():
            unreachable.note_step(customer_ids=[worlds[0].customer.id], at=timezone.now())

    do_at_once(note, note)
    assert Deadline.objects.filter(subject="unreachable").count() == 1


def test_whom_a_message_got_lost_to_is_a_task_but_not_for_a_gateway_that_is_down(worlds):
    operations.approve(mailing_id=propose(), actor=CLERK)
    operations.work(None)
    lost, down = (Notice.objects.get(customer=one.customer, channel="sms") for one in worlds[:2])
    notice_receipts.take(found=[Receipt(Outcome.FAILED, notice_id=lost.id, proof="p", reason="expired")])
    with transaction.atomic():
        notice_settling.settle_step(
            notice=notice_settling.lock(notice_id=down.id), action=NoticeAction.FAIL, reason="gateway_down"
        )
    tasks = Deadline.objects.filter(subject="unreachable").values_list("subject_id", flat=True)
    assert list(tasks) == [lost.customer_id]


def test_a_mailing_that_cannot_be_made_keeps_none_of_the_others(worlds):
    first, second = propose(), propose()
    for one in (first, second):
        operations.approve(mailing_id=one, actor=CLERK)
    MailingText.objects.filter(mailing_id=first).update(body="{{ nobody_knows }}")
    operations.work(None)
    states = [queries.one(mailing_id=one).state for one in (first, second)]
    assert (states, Notice.objects.filter(channel="inbox").count()) == (["sending", "sent"], 4)


def test_customers_who_became_one_meanwhile_hear_once_and_are_no_task(worlds):
    """The one whose twin is in the list stays there, without a number."""
    mailing_id = propose()
    twin, survivor = worlds[0].customer, worlds[1].customer
    ContactPoint.objects.filter(customer=twin).delete()
    twin.merged_into = survivor
    twin.save()
    operations.approve(mailing_id=mailing_id, actor=CLERK)
    operations.work(None)
    assert not Notice.objects.filter(customer=twin).exists()
    assert Notice.objects.filter(customer=survivor, channel="sms").count() == 1
    assert not Deadline.objects.filter(subject="unreachable").exists()
    assert queries.one(mailing_id=mailing_id).state == "sent"
