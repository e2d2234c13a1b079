"""Changes of use as they move: papers, dates to come, exactly once, stuck, withdrawn, by whom."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from accounts.models.notice import Notice
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events
from cis.platform.models import AuditEvent
from contracts.domain.changes import ChangeState, FinalRead, KeepRead, PaperKind, RemoveMeters
from contracts.models.agreement import AgreementTerm
from contracts.models.change import ChangeEffect, ChangeMove, ChangeSet
from contracts.models.charge import OneOffCharge
from contracts.operations import agreements, change_effects, change_nights, changes
from contracts.queries import change_facts
from contracts.queries import changes as queries
from contracts.queries.changes import ChangeFilter, UnknownChange
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from metering.models.work import WorkAnswer, WorkOrder
from metering.operations import work_orders
from tests.factories import accounts, contracts, metering, work
from tests.factories.changes import BILLER, CLERK, CUSTOMER, done, drafted, wanted

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
APRIL = date(2026, 4, 1)


@pytest.fixture
def agreement():
    accounts.supplier()
    return contracts.world().agreement


def night(day):
    change_nights.work(datetime(day.year, day.month, day.day, 4, tzinfo=UTC))


def test_what_is_to_be_proven_is_named_and_then_it_goes_through(agreement):
    one = wanted("household", agreement, APRIL, household=6, until_date=date(2027, 4, 1))
    change_id = drafted(one, today=TODAY, papers=())
    with pytest.raises(changes.PapersMissing) as missing:
        changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert missing.value.detail["papers"] == ["household_register"]
    changes.add_paper(
        change_id=change_id, kind=PaperKind.HOUSEHOLD_REGISTER, document_id=1, file_name="hukou.pdf", actor=CLERK
    )
    assert changes.confirm(change_id=change_id, today=TODAY, actor=CLERK) is ChangeState.CONFIRMED
    with pytest.raises(changes.ChangeRefused, match="before"):
        changes.add_paper(change_id=change_id, kind=PaperKind.REQUEST, document_id=2, file_name="x", actor=CLERK)


def test_a_date_to_come_is_waited_for_and_then_it_holds_once(agreement):
    change_id = done(
        "household", agreement, APRIL, today=TODAY, household=6, until_date=date(2027, 4, 1), asked_date=TODAY
    )
    night(date(2026, 3, 31))
    assert agreement.terms.count() == 1
    night(APRIL)
    night(APRIL)
    held = list(agreement.terms.order_by("period").values_list("household", "period"))
    assert [(persons, span.lower, span.upper) for persons, span in held[1:]] == [
        (6, APRIL, date(2027, 4, 1)), (1, date(2027, 4, 1), None),
    ]  # fmt: skip
    assert ChangeSet.objects.get(id=change_id).state == "effective"
    assert ChangeEffect.objects.count() == 1
    night(date(2027, 4, 1))
    assert ChangeSet.objects.get(id=change_id).state == "done"
    assert list(ChangeMove.objects.values_list("action", flat=True)) == ["confirm", "carry_out", "finish"]


def test_a_worker_that_dies_leaves_nothing_and_the_next_one_does_it(agreement, monkeypatch):
    change_id = done("move_out", agreement, APRIL, today=TODAY)
    held = changes.doing.do

    def die(**given):
        held(**given)
        raise SystemExit

    monkeypatch.setattr(changes.doing, "do", die)
    with pytest.raises(SystemExit):
        night(APRIL)
    agreement.refresh_from_db()
    assert (agreement.period.upper, ChangeSet.objects.get(id=change_id).state) == (None, "confirmed")
    monkeypatch.setattr(changes.doing, "do", held)
    night(APRIL)
    agreement.refresh_from_db()
    assert agreement.period.upper == APRIL


def test_what_cannot_hold_on_its_date_is_stuck_by_name_and_keeps_no_other(agreement):
    stuck = done("move_out", agreement, APRIL, today=TODAY)
    other = contracts.world().agreement
    done("move_out", other, APRIL, today=TODAY)
    agreements.end(agreement_id=agreement.id, end_date=date(2026, 3, 20), actor=CLERK)
    night(APRIL)
    (card,) = queries.page(wanted=ChangeFilter(stuck=True))
    assert (card.id, card.state) == (stuck, ChangeState.CONFIRMED)
    assert "not in force" in card.stuck
    other.refresh_from_db()
    assert other.period.upper == APRIL


def test_one_request_is_one_change(agreement):
    one = wanted("move_out", agreement, APRIL)
    given = {"asked_date": TODAY, "request_key": "k", "today": TODAY, "actor": CLERK}
    first = changes.draft(wanted=one, **given)
    assert changes.draft(wanted=one, **given) == first
    with pytest.raises(changes.KeyTaken):
        changes.draft(wanted=wanted("move_out", agreement, date(2026, 5, 1)), **given)


def test_it_is_withdrawn_or_rejected_with_a_reason_and_that_is_the_end(agreement):
    change_id = done("move_out", agreement, APRIL, today=TODAY)
    changes.withdraw(change_id=change_id, actor=CUSTOMER)
    for move in (changes.confirm, changes.withdraw):
        with pytest.raises(IllegalMove):
            move(change_id=change_id, actor=CLERK, **({"today": TODAY} if move is changes.confirm else {}))
    night(APRIL)
    agreement.refresh_from_db()
    assert agreement.period.upper is None
    second = drafted(wanted("move_out", agreement, APRIL), today=TODAY)
    changes.submit(change_id=second, actor=CLERK)
    with pytest.raises(changes.NoReason):
        changes.reject(change_id=second, reason="", actor=CLERK)
    with pytest.raises(NotAllowed):
        changes.reject(change_id=second, reason="no", actor=CUSTOMER)
    changes.reject(change_id=second, reason="the lease goes on", actor=CLERK)
    assert queries.one(change_id=second).moves[-1].reason == "the lease goes on"
    assert AuditEvent.objects.filter(subject="change", action="reject").count() == 1


def test_a_customer_moves_out_alone_and_others_wait(agreement):
    leaving = drafted(wanted("move_out", agreement, APRIL), today=TODAY, papers=(), actor=CUSTOMER)
    assert changes.confirm(change_id=leaving, today=TODAY, actor=CUSTOMER) is ChangeState.CONFIRMED
    many = wanted("household", agreement, APRIL, household=6, until_date=date(2027, 4, 1))
    waiting = drafted(many, today=TODAY, papers=(), actor=CUSTOMER)
    assert changes.confirm(change_id=waiting, today=TODAY, actor=CUSTOMER) is ChangeState.WAITING
    with pytest.raises(changes.NotSelfService):
        drafted(wanted("removal", agreement, APRIL), today=TODAY, papers=(), actor=CUSTOMER)


def test_a_rename_keeps_the_account_and_can_be_taken_back(agreement):
    from contracts.operations import change_reversals

    change_id = done("rename", None, TODAY, today=TODAY, account_id=agreement.account_id, name="新名")
    holder = agreement.account.holders.get().customer
    assert (holder.name, holder.name_pinyin) == ("新名", "xin ming")
    change_reversals.reverse(change_id=change_id, reason="misread", today=TODAY, actor=BILLER)
    holder.refresh_from_db()
    assert holder.name == "张三"
    with pytest.raises(IllegalMove):
        change_reversals.reverse(change_id=change_id, reason="again", today=TODAY, actor=BILLER)


def test_what_others_were_built_on_is_not_taken_back(agreement):
    from contracts.operations import change_reversals

    change_id = done("household", agreement, date(2026, 3, 1), today=TODAY, household=6, until_date=date(2027, 3, 1))
    agreements.change_term(agreement_id=agreement.id, from_date=APRIL, household=7, actor=CLERK)
    with pytest.raises(change_reversals.NotReversible):
        change_reversals.reverse(change_id=change_id, reason="wrong", today=TODAY, actor=BILLER)
    removal = done("removal", contracts.world().agreement, TODAY, today=TODAY)
    with pytest.raises(change_reversals.NotReversible):
        change_reversals.reverse(change_id=removal, reason="wrong", today=TODAY, actor=BILLER)


def test_an_account_is_offered_what_it_can_have(agreement):
    home = {can.kind.value for can in change_facts.possible(account_id=agreement.account_id, today=TODAY)}
    assert {"rename", "transfer", "move_out", "household", "tou_opt_in", "removal"} <= home
    assert not home & {"suspension", "resumption", "capacity_increase", "contract_demand", "merge"}
    AgreementTerm.objects.filter(agreement=agreement).update(capacity_va=500_000)
    works = {can.kind.value for can in change_facts.possible(account_id=agreement.account_id, today=TODAY)}
    assert {"suspension", "capacity_increase", "capacity_reduction"} <= works
    assert not works & {"resumption", "household"}


def test_a_term_for_a_time_does_not_pass_over_what_was_agreed_later(agreement):
    agreements.change_term(agreement_id=agreement.id, from_date=date(2026, 6, 1), household=3, actor=CLERK)
    with pytest.raises(agreements.LaterTerm):
        done("household", agreement, APRIL, today=APRIL, household=6, until_date=date(2026, 7, 1))


def test_there_is_none(agreement):
    for ask in (queries.one, lambda change_id: changes.submit(change_id=change_id, actor=CLERK)):
        with pytest.raises(UnknownChange):
            ask(change_id=999)


def test_a_meter_that_moves_waits_for_the_crew(agreement):
    change_id = done("relocation", agreement, TODAY, today=TODAY, position="corridor, left of the door")
    order = WorkOrder.objects.get()
    assert (order.subject, order.subject_id, order.state) == ("change", change_id, "open")
    assert (order.kind, order.checklist, order.facts["new_position"]) == (
        "meter_move", "meter-move", "corridor, left of the door",
    )  # fmt: skip
    assert ChangeSet.objects.get().state == "effective"
    told = WorkOrderDone(
        work_order_id=order.id, kind=WorkKind.METER_MOVE, subject="change", subject_id=change_id, outcome=Outcome.DONE,
        premises_id=None, service_point_id=agreement.service_point_id, done_date=TODAY, actor=CLERK,
    )  # fmt: skip
    with transaction.atomic():
        events.announce(told)
        events.announce(told)
    assert ChangeSet.objects.get().state == "done"
    agreement.service_point.refresh_from_db()
    assert agreement.service_point.meter_position == "corridor, left of the door"


def test_a_meter_that_nobody_goes_to_move_stays_and_its_fee_is_not_owed(agreement):
    change_id = done("relocation", agreement, TODAY, today=TODAY, position="corridor")
    charge = OneOffCharge.objects.get()
    assert (charge.amount_minor, charge.state) == (12_000, "agreed")
    order = WorkOrder.objects.get()
    work_orders.cancel(work_order_id=order.id, reason="the wall is not the customer's", actor=work.DESK)
    charge.refresh_from_db()
    assert (ChangeSet.objects.get(id=change_id).state, charge.state) == ("reversed", "cancelled")
    assert "the wall is not" in ChangeMove.objects.latest("id").reason
    assert Notice.objects.filter(event="change_rejected").exists()


def test_where_the_meter_hangs_is_what_the_crew_says(agreement):
    done("relocation", agreement, TODAY, today=TODAY, position="corridor")
    order = WorkOrder.objects.get()
    WorkAnswer.objects.create(
        work_order=order, item="meter_position", place=1, kind="text", label_en="x", label_zh="x", value="staircase"
    )
    told = WorkOrderDone(
        work_order_id=order.id, kind=WorkKind.METER_MOVE, subject="change", subject_id=order.subject_id,
        outcome=Outcome.DONE, premises_id=None, service_point_id=agreement.service_point_id, done_date=TODAY,
        actor=CLERK,
    )  # fmt: skip
    with transaction.atomic():
        events.announce(told)
    agreement.service_point.refresh_from_db()
    assert agreement.service_point.meter_position == "staircase"


def test_a_meter_that_moves_is_told_where_to(agreement):
    with pytest.raises(changes.ChangeRefused) as refused:
        drafted(wanted("relocation", agreement, TODAY), today=TODAY)
    assert "position" in str(refused.value.detail["findings"])


def test_who_ends_without_a_reading_is_read_by_a_crew(agreement):
    metering.metered(at=agreement.service_point)
    done("move_out", agreement, TODAY, today=TODAY)
    assert WorkOrder.objects.get().kind == "re_read"


def test_the_customer_is_told_what_was_agreed_to_and_before_it_ends(agreement):
    accounts.contact_point(of=agreement.account.holders.get().customer)
    change_id = done("household", agreement, date(2026, 3, 1), today=TODAY, household=6, until_date=date(2027, 3, 1))
    assert set(Notice.objects.values_list("key", flat=True)) == {f"change_agreed:{change_id}"}
    night(date(2027, 1, 29))
    assert not Notice.objects.filter(event="change_ending").exists()
    night(date(2027, 1, 31))
    night(date(2027, 2, 1))
    told = Notice.objects.filter(event="change_ending", channel="inbox")
    assert [row.key for row in told] == [f"change_ending:{change_id}"]


def test_all_places_of_a_change_are_locked_in_one_order_before_the_first_is_touched(monkeypatch):
    """Two changes that read the same two meters in another order would wait for each other for ever."""
    seen = []
    monkeypatch.setattr(
        change_effects.resolver, "lock_meters",
        lambda serials, *, service_point_ids=(): seen.append((list(serials), list(service_point_ids))),
    )  # fmt: skip
    monkeypatch.setattr(change_effects, "_do", lambda effect, _doing: seen.append(effect))
    late, early = (
        KeepRead(read=FinalRead(serial=serial, register="", reading_wh=1), on=date(2025, 1, 11)) for serial in "BA"
    )
    effects = [late, RemoveMeters(service_point_id=9, on=date(2025, 1, 11)), early]
    with transaction.atomic():
        change_effects.do(change=ChangeSet(), effects=effects, today=date(2025, 1, 11), actor=SYSTEM)
    assert seen == [(["A", "B"], [9]), *effects]
