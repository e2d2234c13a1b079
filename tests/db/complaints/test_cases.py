"""Cases from the first word to the end: moves, clocks, holds, repeats, merged answers, deeds."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.template.loader import render_to_string

from accounts.models.notice import Notice
from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold
from arrears.operations import holds
from billing.models.adjustment import Adjustment
from billing.models.settlement import Refund
from billing.operations import refunds
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import deadlines, jobs
from cis.platform.models import AuditEvent
from cis.platform.packs import MissingRule
from complaints.domain.intake import BadCase
from complaints.domain.kinds import CaseChannel, CaseKind, Evidence, ReplyWay, Satisfaction
from complaints.models.case import Assignment, Case, CaseMove
from complaints.models.work import CaseDeed, CaseReply
from complaints.operations import case_events, cases, deeds, findings, intake, replies
from complaints.operations.case_moves import CaseReasonMissing, NotYourCase
from complaints.operations.cases import BadMerge, NoTeam, TooLate
from complaints.operations.findings import CaseOver, TooManyPhotos
from complaints.operations.replies import BadReply, StillToCall
from complaints.queries import cases as queries
from complaints.queries.cases import WantedCases
from complaints.queries.sight import UnknownCase
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from tests.factories import accounts, billing, contracts, work
from tests.factories import cases as made
from tests.factories import refunds as money

pytestmark = pytest.mark.django_db(transaction=True)
AT, HOUR, DAY = made.AT, timedelta(hours=1), timedelta(days=1)
CLIENT = Actor(ActorKind.CLIENT, 7, "hotline")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def clerk():
    return made.person(Role.CLERK, Role.BILLING, name="Li")


@pytest.fixture
def chief():
    return made.person(Role.SUPERVISOR, name="Wang")


def clocks(row):
    return {one.standard: one for one in deadlines.of_subject(subject="case", subject_ids=[row.id])}


def test_a_case_has_its_number_clocks_and_receipt_at_once():
    row = made.taken()
    assert row.number == "K20260000001"
    assert row.state == "classified"
    assert {key: one.due_at for key, one in clocks(row).items()} == {
        "case_accept": AT + 2 * HOUR,
        "case_contact": AT + 24 * HOUR,
        "case_complaint": datetime(2026, 3, 9, 16, 0, tzinfo=UTC),  # Monday, 5 working days, to its end in Shanghai
    }
    told = Notice.objects.get()
    assert (told.event, told.channel, told.address) == ("case_taken", "sms", "+8613812345678")
    assert row.number in told.body


def test_the_same_reference_of_a_sender_counts_once():
    first = intake.take(new=made.new(reference="A-1", channel=CaseChannel.API), at=AT, actor=CLIENT)
    again = intake.take(new=made.new(reference="A-1", channel=CaseChannel.API, text="other"), at=AT, actor=CLIENT)
    other = intake.take(new=made.new(reference="A-1"), at=AT, actor=made.person())
    assert (again.case_id, again.is_new) == (first.case_id, False)
    assert other.case_id != first.case_id
    assert Case.objects.count() == 2


def test_a_form_that_is_sent_twice_is_one_case_of_whoever_sent_it():
    clerk, other = made.person(), made.person()
    first, again, others = (
        intake.take(new=made.new(request_key="k"), at=AT, actor=actor) for actor in (clerk, clerk, other)
    )
    assert (again.case_id, again.is_new, others.is_new) == (first.case_id, False, True)
    assert (Case.objects.count(), Notice.objects.count()) == (2, 2)
    back = [intake.take(new=made.new(request_key="k", text="另一件"), at=AT, actor=clerk) for _ in range(2)]
    assert [one.is_new for one in back] == [True, False]  # back in the browser, and something else was said


def test_a_caller_is_answered_in_their_language_or_that_of_their_words_or_as_somebody_chose():
    assert made.taken(text="The bill is far too high").language == "en"
    assert made.taken(text="账单太高").language == "zh-hans"
    assert made.taken(text="账单太高", language="en").language == "en"
    world = contracts.world()
    row = made.taken(text="The bill is far too high", account_id=world.account.id)
    assert row.language == world.customer.language == "zh-hans"


def test_only_who_has_a_case_adds_to_it_and_nobody_to_one_that_has_ended(clerk, chief):
    row, other = made.in_hand(clerk, team_id=made.team(clerk)), made.person()
    made.team(other)
    bill = billing.issued(world=contracts.world(), kwh=100)
    for add in (
        lambda who: findings.add_photo(case_id=row.id, source=work.photo(), at=AT, actor=who),
        lambda who: findings.link(case_id=row.id, bill_id=bill.id, at=AT, actor=who),
        lambda who: findings.note(case_id=row.id, text="x", evidence=Evidence.CALL, at=AT, actor=who),
    ):
        with pytest.raises(NotYourCase):
            add(other)
        add(clerk)
    findings.link(case_id=row.id, bill_id=bill.id, at=AT, actor=clerk)  # it is said already
    assert AuditEvent.objects.filter(subject="case", action="link").count() == 1
    cases.withdraw(case_id=row.id, reason="settled", at=AT, actor=chief)
    with pytest.raises(CaseOver):
        findings.link(case_id=row.id, bill_id=bill.id, at=AT, actor=clerk)


def test_a_picture_that_is_sent_again_is_known_however_many_there_are(clerk, monkeypatch):
    monkeypatch.setattr(findings, "PHOTOS_MOST", 1)
    row, pictures = made.taken(), [work.photo() for _ in range(2)]
    first, again = (_picture(row, pictures[0], clerk) for _ in range(2))
    assert again == first
    with pytest.raises(TooManyPhotos):
        _picture(row, pictures[1], clerk)


def _picture(row, source, actor):
    source.seek(0)
    return findings.add_photo(case_id=row.id, source=source, at=AT, actor=actor)


def test_the_same_matter_of_the_same_customer_is_recognised_within_the_days_of_the_pack():
    world = contracts.world()
    first = made.taken(account_id=world.account.id)
    assert made.taken(at=AT + 30 * DAY, account_id=world.account.id).repeats_id == first.id
    assert made.taken(at=AT + 61 * DAY, account_id=world.account.id).repeats_id is None
    assert made.taken(account_id=world.account.id, class_code="billing/payment/invoice").repeats_id is None
    assert made.taken(caller_phone="13900000000").repeats_id is None
    again = made.taken(caller_phone="+86 139 0000 0000")
    assert Case.objects.get(id=again.repeats_id).caller_phone == again.caller_phone == "+8613900000000"


def test_the_whole_way_with_each_move_kept(clerk, chief):
    team = made.team(clerk)
    row = made.taken()
    assert cases.dispatch(case_id=row.id, at=AT, actor=chief) == team
    with pytest.raises(NotYourCase):
        cases.accept(case_id=row.id, at=AT, actor=made.person())
    cases.accept(case_id=row.id, at=AT + HOUR, actor=clerk)
    cases.investigate(case_id=row.id, at=AT + HOUR, actor=clerk)
    replies.first_word(case_id=row.id, text="We look into it.", way=ReplyWay.NOTICE, at=AT + 2 * HOUR, actor=clerk)
    with pytest.raises(BadReply):
        replies.reply(case_id=row.id, text="Sorry.", way=ReplyWay.PHONE, at=AT + DAY, actor=clerk)
    row = made.answered(row, clerk, at=AT + DAY)
    assert (row.state, row.cause_code, row.is_liable) == ("replied", "ours/read", True)
    replies.call_back(case_id=row.id, result=Satisfaction.NOT_REACHED, at=AT + DAY, actor=chief)
    with pytest.raises(StillToCall):
        replies.close(case_id=row.id, reason="nobody there", at=AT + DAY, actor=chief)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, stars=5, at=AT + 2 * DAY, actor=chief)
    row.refresh_from_db()
    assert (row.state, row.stars, row.is_satisfied, row.closed_at) == ("closed", 5, True, AT + 2 * DAY)
    assert [one.in_time for one in clocks(row).values()] == [True, True, True]
    assert list(CaseMove.objects.filter(case=row).order_by("id").values_list("action", flat=True)) == [
        "take", "classify", "dispatch", "accept", "investigate", "contact", "reply", "not_reached", "satisfied",
    ]  # fmt: skip
    held = Assignment.objects.get(case=row)
    assert (held.team_id, held.user_id, held.accepted_at) == (team, clerk.id, AT + HOUR)


def test_a_form_that_is_sent_twice_says_and_counts_once(clerk, chief):
    row = made.in_hand(clerk, team_id=made.team(clerk))
    word = {"case_id": row.id, "text": "We are at it.", "way": ReplyWay.NOTICE, "at": AT, "actor": clerk}
    for key in ("a", "a", "b"):
        replies.first_word(**word, key=key)
    assert Notice.objects.filter(event="case_interim").count() == 2
    made.answered(row, clerk)
    call = {"case_id": row.id, "at": AT, "actor": chief}
    for key in ("c", "c", "d"):
        replies.call_back(**call, result=Satisfaction.NOT_REACHED, key=key)
    row.refresh_from_db()
    assert row.calls == 2
    for _ in range(2):
        replies.call_back(**call, result=Satisfaction.SATISFIED, key="e")
    assert row.call_backs.count() == 3


def test_a_caller_who_is_not_content_begins_it_anew(clerk, chief):
    team = made.team(clerk)
    row = made.answered(made.in_hand(clerk, team_id=team), clerk)
    with pytest.raises(CaseReasonMissing):
        replies.call_back(case_id=row.id, result=Satisfaction.DISSATISFIED, at=AT + DAY, actor=chief)
    replies.call_back(case_id=row.id, result=Satisfaction.DISSATISFIED, note="too little", at=AT + DAY, actor=chief)
    row.refresh_from_db()
    assert (row.state, row.reopened, row.team_id, row.owner_id) == ("reopened", 1, None, None)
    cards = deadlines.of_subject(subject="case", subject_ids=[row.id])
    assert [(one.standard, one.started_at) for one in cards if one.ended_at is None] == [
        ("case_accept", AT + DAY), ("case_complaint", AT + DAY),
    ]  # fmt: skip


def test_a_case_is_handed_on_with_a_reason_and_waits_for_the_yes_of_the_other_team(clerk):
    row, other = made.in_hand(clerk, team_id=made.team(clerk)), made.team(made.person())
    given = {"case_id": row.id, "team_id": other, "at": AT + HOUR, "actor": clerk}
    with pytest.raises(CaseReasonMissing):
        cases.hand_over(**given, reason=" ")
    cases.hand_over(**given, reason="it is the meter")
    row.refresh_from_db()
    assert (row.state, row.team_id, row.owner_id) == ("dispatched", other, None)
    assert clocks(row)["case_accept"].due_at == AT + 3 * HOUR
    assert list(Assignment.objects.filter(case=row, until_at=None).values_list("team_id", flat=True)) == [other]
    with pytest.raises(NotYourCase):
        cases.hand_over(**given, reason="back")


def test_clocks_stand_still_while_the_caller_is_asked(clerk):
    row = made.in_hand(clerk, team_id=made.team(clerk))
    due_at = clocks(row)["case_contact"].due_at
    cases.wait(case_id=row.id, reason="photo of the meter", at=AT + HOUR, actor=clerk)
    assert clocks(row)["case_contact"].due_at is None
    with pytest.raises(IllegalMove):
        replies.reply(case_id=row.id, text="x", way=ReplyWay.PHONE, at=AT + HOUR, actor=clerk)
    cases.go_on(case_id=row.id, at=AT + 6 * HOUR, actor=clerk)
    assert clocks(row)["case_contact"].due_at == due_at + 5 * HOUR


def test_another_class_has_its_own_clock_from_the_beginning(clerk):
    row = made.in_hand(clerk, team_id=made.team(clerk))
    cases.classify(case_id=row.id, class_code="metering/reading/wrong", at=AT + DAY, actor=clerk)
    open_ones = {key: one.started_at for key, one in clocks(row).items() if one.ended_at is None}
    assert open_ones == {"case_contact": AT, "case_reading": AT}


def test_clocks_that_only_the_new_kind_has_run_from_the_beginning(chief):
    row = made.taken(kind=CaseKind.PRAISE, class_code=made.MANNER)
    assert set(clocks(row)) == {"case_praise"}
    cases.classify(case_id=row.id, class_code=made.MANNER, kind=CaseKind.COMPLAINT, at=AT + HOUR, actor=chief)
    running = {key: one.started_at for key, one in clocks(row).items() if one.ended_at is None}
    assert running == {"case_accept": AT, "case_contact": AT, "case_complaint": AT}


def test_a_case_that_gets_its_class_still_waits_for_its_caller(chief):
    row = made.taken(class_code="")
    cases.wait(case_id=row.id, reason="which bill?", at=AT + HOUR, actor=chief)
    cases.classify(case_id=row.id, class_code=made.ESTIMATED, at=AT + 2 * HOUR, actor=chief)
    row.refresh_from_db()
    assert (row.state, row.waits_since) == ("classified", AT + HOUR)
    assert {one.due_at for one in clocks(row).values() if one.ended_at is None} == {None}


def test_a_supervisor_who_is_asked_finds_it_until_something_is_done(clerk, chief):
    row = made.in_hand(clerk, team_id=made.team(clerk))
    wanted = WantedCases(state="raised")
    with pytest.raises(CaseReasonMissing):
        cases.ask_supervisor(case_id=row.id, reason=" ", at=AT, actor=clerk)
    with pytest.raises(NotYourCase):
        cases.ask_supervisor(case_id=row.id, reason="late", at=AT, actor=made.person())
    assert queries.listed(wanted=wanted, at=AT, actor=chief) == ()
    cases.ask_supervisor(case_id=row.id, reason="The caller insists", at=AT, actor=clerk)
    replies.first_word(case_id=row.id, text="In hand", way=ReplyWay.PHONE, at=AT + HOUR, actor=clerk)
    cases.ask_supervisor(case_id=row.id, reason="Again", at=AT + HOUR, actor=clerk)
    [card] = queries.listed(wanted=wanted, at=AT + HOUR, actor=chief)
    assert (card.id, card.is_raised, card.state, card.owner_id) == (row.id, True, "investigating", clerk.id)
    assert queries.counts(at=AT + HOUR, actor=chief)["raised"] == 1
    row.refresh_from_db()
    assert (row.raised_at, row.moves.filter(action="raise", reason="Again").count()) == (AT, 1)
    cases.hand_over(case_id=row.id, team_id=made.team(chief), reason="Mine", at=AT + 2 * HOUR, actor=chief)
    assert queries.listed(wanted=wanted, at=AT + 2 * HOUR, actor=chief) == ()
    other = made.in_hand(clerk, team_id=made.team(clerk), caller_phone="2")
    cases.ask_supervisor(case_id=other.id, reason="x", at=AT, actor=clerk)
    cases.withdraw(case_id=other.id, reason="no more", at=AT, actor=clerk)
    assert queries.counts(at=AT, actor=chief)["raised"] == 0


def test_an_authority_has_its_own_clock(clerk, chief):
    row = made.in_hand(clerk, team_id=made.team(clerk))
    cases.escalate(case_id=row.id, authority="12345", number="T-9", at=AT + DAY, actor=chief)
    row.refresh_from_db()
    assert (row.state, row.authority_number, row.team_id) == ("escalated", "T-9", None)
    assert clocks(row)["case_12345"].due_at == AT + DAY + timedelta(days=7)
    assert clocks(row)["case_complaint"].state == "dropped"


def test_the_disputed_bill_is_held_while_the_case_is_open_and_no_longer(clerk, chief):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    row = made.in_hand(clerk, team_id=made.team(clerk), account_id=world.account.id, bill_id=bill.id)
    held = Hold.objects.get()
    assert (held.kind, held.bill_id, held.evidence, held.until_at) == ("dispute", bill.id, row.number, None)
    made.answered(row, clerk)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=AT + DAY, actor=chief)
    held.refresh_from_db()
    assert held.until_at == AT + DAY
    cases.reopen(case_id=row.id, reason="still wrong", at=AT + 2 * DAY, actor=chief)
    assert Hold.objects.filter(until_at=None).count() == 1


@pytest.mark.parametrize(
    ("class_code", "kind", "is_on_bill"),
    [(made.ESTIMATED, "dispute", True), ("billing/payment/not_booked", "complaint", False), (made.MANNER, "", False)],
)
def test_the_class_says_how_much_is_held(class_code, kind, is_on_bill):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    made.taken(class_code=class_code, account_id=world.account.id, bill_id=bill.id)
    held = [(one.kind, one.account_id, one.bill_id) for one in Hold.objects.all()]
    assert held == ([(kind, world.account.id, bill.id if is_on_bill else None)] if kind else [])


def test_the_hold_of_a_case_lets_its_own_refund_pass_and_that_of_another_case_does_not(clerk, chief):
    world, today = contracts.world(), AT.date()
    first = billing.issued(world=world)
    second = billing.issued(world=world, start_date=billing.END, end_date=billing.END.replace(month=3))
    own = made.in_hand(clerk, team_id=made.team(clerk), account_id=world.account.id, bill_id=first.id)
    other = made.taken(account_id=world.account.id, bill_id=second.id)
    money.paid_in(world.account.id, 1_000_000, on=today)
    new = refunds.NewRefund(account_id=world.account.id, amount_minor=1_000, payee="王芳", bank_account="", key="desk",
                            channel=refunds.PaymentChannel.CASH)  # fmt: skip
    given = {"case_id": own.id, "new": new, "key": "1", "today": today, "at": AT, "actor": clerk}
    with pytest.raises(refunds.Disputed):
        deeds.refund(**given)
    cases.withdraw(case_id=other.id, reason="no more", at=AT, actor=chief)
    with pytest.raises(refunds.Disputed):
        refunds.ask(new=new, today=today, actor=clerk)  # not from the case
    asked = deeds.refund(**given)
    with pytest.raises(refunds.OwnRefund):
        refunds.approve(refund_id=asked, today=today, actor=clerk)
    court = holds.place(account_id=world.account.id, kind=HoldKind.DISPUTE, evidence="court", at=AT, actor=chief)
    with pytest.raises(refunds.Disputed):
        refunds.approve(refund_id=asked, today=today, actor=chief)
    holds.lift(hold_id=court, reason="settled", at=AT, actor=chief)
    refunds.approve(refund_id=asked, today=today, actor=chief)
    assert Hold.objects.filter(until_at=None).count() == 1  # its own stands until it is closed


def test_merged_cases_are_answered_together_each_under_its_own_number(clerk, chief):
    team = made.team(clerk)
    main = made.in_hand(clerk, team_id=team)
    other = made.taken(caller_name="李雷", caller_phone="13900000001")
    with pytest.raises(BadMerge):
        cases.merge(case_id=other.id, into_id=other.id, at=AT, actor=chief)
    cases.merge(case_id=other.id, into_id=main.id, at=AT, actor=chief)
    made.answered(main, clerk, text="Mended for all.")
    told = Notice.objects.filter(event="case_answered")
    assert [(one.name, other.number in one.body) for one in told] == [("李雷", True)]  # the main caller was called
    assert CaseReply.objects.filter(case=other, text="Mended for all.").count() == 1
    assert not [one for one in clocks(other).values() if one.ended_at is None]


def test_what_is_executed_from_a_case_is_done_once_for_its_request(clerk, monkeypatch):
    said = {}

    def pdf(*, template, css, context):
        said.update(context, text=render_to_string(template, context), style=render_to_string(css))
        return b"%PDF"

    monkeypatch.setattr("cis.platform.rendering.pdf", pdf)
    world = contracts.world()
    row = made.in_hand(clerk, team_id=made.team(clerk), account_id=world.account.id)
    given = {"case_id": row.id, "amount_minor": -1_000, "reason": "goodwill", "text": "Sorry", "key": "one"}
    first = deeds.adjust(**given, today=AT.date(), at=AT, actor=clerk)
    assert deeds.adjust(**given, today=AT.date(), at=AT, actor=clerk) == first
    assert Adjustment.objects.count() == 1
    order = deeds.re_read(case_id=row.id, due_date=AT.date() + DAY, key="two", at=AT, actor=clerk)
    with transaction.atomic():
        case_events.note_work(_done(order, row))
    assert row.findings.get().text == "re_read: done"
    paper = deeds.apologise(case_id=row.id, text="We are sorry.\n\nNever again.", key="3", at=AT, actor=clerk)
    assert (said["lines"], len(said["paragraphs"])) == ([row.caller_name, row.place], 2)
    assert all(one in said["text"] for one in (row.number, row.caller_name, "致歉信", "<p>Never again.</p>"))
    assert ".letter" in said["style"]
    paid = {"new": refunds.NewRefund(account_id=0, amount_minor=1_000, payee="王芳", bank_account="", key="",
                                     channel=refunds.PaymentChannel.CASH)}  # fmt: skip
    back = [deeds.refund(case_id=row.id, **paid, key="4", today=AT.date(), at=AT, actor=clerk) for _ in range(2)]
    asked = Refund.objects.get()
    assert (back, asked.account_id, asked.amount_minor) == ([asked.id] * 2, world.account.id, 1_000)
    done = CaseDeed.objects.filter(case=row).order_by("id")
    assert list(done.values_list("kind", "adjustment", "work_order", "document", "refund")) == [
        ("adjustment", first, None, None, None), ("re_read", None, order, None, None),
        ("apology", None, None, paper, None), ("refund", None, None, None, asked.id),
    ]  # fmt: skip


def _done(order, row):
    return WorkOrderDone(
        work_order_id=order, kind=WorkKind.RE_READ, subject="place", subject_id=row.service_point_id,
        outcome=Outcome.DONE, premises_id=None, service_point_id=row.service_point_id, done_date=AT.date(), actor=SYSTEM,
    )  # fmt: skip


def test_of_teams_that_know_the_matter_that_of_the_district_and_then_the_idlest_gets_it(chief):
    busy, _none, there = (made.team(made.person(), skills=one, districts=two) for one, two in (
        (("billing",), ()), (("metering",), ()), (("billing",), ("浦东",))
    ))  # fmt: skip
    cases.dispatch(case_id=made.taken(caller_phone="1").id, team_id=busy, at=AT, actor=chief)
    free = made.team(made.person())
    given = {"at": AT, "actor": chief}
    assert cases.dispatch(case_id=made.taken(caller_phone="2").id, **given) == free
    cases.dispatch(case_id=made.taken(caller_phone="3").id, team_id=free, **given)
    assert cases.dispatch(case_id=made.taken(caller_phone="4").id, **given) == busy
    for phone in "56":
        assert cases.dispatch(case_id=made.taken(caller_phone=phone, district="浦东").id, **given) == there


def test_teams_are_found_by_matter_and_none_is_none(chief):
    row = made.taken()
    made.team(made.person(), skills=("metering",))
    with pytest.raises(NoTeam):
        cases.dispatch(case_id=row.id, at=AT, actor=chief)


def test_a_customer_rates_and_reopens_their_own_case_within_the_days_of_the_pack(clerk):
    world = contracts.world()
    user = accounts.portal_user(of=world.customer)
    me = Actor(ActorKind.CUSTOMER, user.id, "me", frozenset({Role.CUSTOMER}))
    row = made.answered(
        made.in_hand(clerk, team_id=made.team(clerk), account_id=world.account.id), clerk
    )  # fmt: skip
    stranger = accounts.customer()
    with pytest.raises(UnknownCase):
        replies.rate(case_id=row.id, customer_id=stranger.id, is_satisfied=True, at=AT, actor=me)
    replies.rate(case_id=row.id, customer_id=world.customer.id, is_satisfied=True, stars=4, at=AT, actor=me)
    with pytest.raises(TooLate):
        cases.reopen(case_id=row.id, reason="no", at=AT + 31 * DAY, actor=me, customer_id=world.customer.id)
    cases.reopen(case_id=row.id, reason="no", at=AT + 29 * DAY, actor=me, customer_id=world.customer.id)
    row.refresh_from_db()
    assert row.state == "reopened"


def test_a_place_without_the_rule_takes_no_case(settings):
    settings.PACK = "us-example"
    with pytest.raises(MissingRule):
        made.taken()


def test_a_question_that_is_answered_is_closed_without_a_call(clerk):
    row = made.in_hand(clerk, team_id=made.team(clerk), kind=CaseKind.QUESTION)
    replies.reply(case_id=row.id, text="By the price of March.", way=ReplyWay.NOTICE, at=AT, actor=clerk)
    row.refresh_from_db()
    assert row.state == "closed"


def test_who_may_not_take_in_does_not():
    with pytest.raises(NotAllowed):
        intake.take(new=made.new(), at=AT, actor=made.person(Role.AUDITOR))
    with pytest.raises(BadCase):
        intake.take(new=made.new(text=""), at=AT, actor=SYSTEM)
