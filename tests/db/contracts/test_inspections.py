"""Inspections: made once when due, reported by crews, their defects kept to their deadlines until the last is closed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from unittest import mock

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models.notice import Notice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import deadlines, events
from cis.platform.models import AuditEvent
from contracts.domain.inspection import Severity
from contracts.models.application import ServiceApplication
from contracts.models.inspection import Defect, SafetyInspection
from contracts.operations import defects, important, inspection_notices, inspections
from contracts.operations.defect_steps import ReasonMissing
from contracts.queries import defects as defect_queries
from contracts.queries import inspection_rules
from contracts.queries import inspections as found
from metering.operations import work_orders
from tests import factories
from tests.factories import applications
from tests.factories import inspections as made

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
FIRST_TIME = date(2023, 12, 20)
"""Shortly before the first inspections of supplies of 10 kV: later than their date they would be spread."""
DESK = factories.work.DESK
BOSS = Actor(ActorKind.STAFF, 901, "Boss", frozenset({Role.SUPERVISOR}))
OTHER = Actor(ActorKind.STAFF, 902, "Other", frozenset({Role.METERING}))
FIELD = Actor(ActorKind.STAFF, 903, "Field", frozenset({Role.FIELD}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 904, "Customer", frozenset({Role.CUSTOMER}))


@pytest.fixture(autouse=True)
def _clock(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    factories.accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def one(inspection_id):
    return found.one(inspection_id=inspection_id)


def only_defect():
    return Defect.objects.get()


def at(day):
    return time_machine.travel(datetime(2026, *day, 2, tzinfo=timezone.get_default_timezone()), tick=False)


def test_the_night_makes_each_due_inspection_once_and_again_after_its_interval():
    world = made.supply()  # supplied since 2023-01-01, 10 kV: every 12 months
    made.supply(voltage="220V")  # of a home: not by the calendar
    for new in (1, 0):
        assert inspections.plan_due(today=FIRST_TIME) == new
    (row,) = SafetyInspection.objects.all()
    assert (row.agreement_id, row.plan, row.kind, row.due_date) == (
        world.agreement.id, "high_10kv", "periodic", date(2024, 1, 1),
    )  # fmt: skip
    inspections.order(inspection_ids=[row.id], actor=DESK)
    row.refresh_from_db()
    made.carry_out(row.work_order_id)
    assert (one(row.id).state, one(row.id).done_date) == ("passed", TODAY)
    assert inspections.plan_due(today=TODAY) == 0
    assert inspections.plan_due(today=date(2027, 2, 7)) == 0
    assert inspections.plan_due(today=date(2027, 2, 8)) == 1


def test_the_night_takes_a_constant_number_of_statements():
    counts = []
    for n in (2, 6):
        for _ in range(n):
            made.supply()
        with CaptureQueriesContext(connection) as taken:
            assert inspections.plan_due(today=FIRST_TIME) == n
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_a_dropped_inspection_comes_again_after_its_interval_and_its_work_is_withdrawn():
    made.supply()
    inspections.plan_due(today=date(2024, 1, 1))
    row = SafetyInspection.objects.get()
    inspections.order(inspection_ids=[row.id], actor=DESK)
    with pytest.raises(inspections.ReasonMissing):
        inspections.drop(inspection_id=row.id, reason=" ", actor=DESK)
    inspections.drop(inspection_id=row.id, reason="shut down", actor=DESK)
    row.refresh_from_db()
    assert (row.state, row.work_order.state) == ("dropped", "cancelled")
    assert inspections.plan_due(today=date(2024, 6, 1)) == 0
    assert inspections.plan_due(today=date(2024, 12, 20)) == 1


def test_important_places_are_inspected_before_the_peaks_and_more_often():
    world = made.supply(voltage="220V")
    important.enter(entry=factories.inspections.entry(world), today=TODAY, actor=BOSS)
    made_by_night = [inspections.plan_due(today=date(2026, 5, 20) + timedelta(days=night)) for night in range(62)]
    assert sum(made_by_night) == 2  # never inspected: within its three months; and before the summer
    kinds = set(SafetyInspection.objects.values_list("kind", "season", "plan"))
    assert kinds == {("periodic", "", "important_high"), ("special", "summer_peak_2026", "important_high")}


def test_what_the_desk_plans_is_there_once_and_has_a_reason():
    world = made.supply()
    made.planned(of=world)
    with pytest.raises(inspections.InspectionExists):
        made.planned(of=world)
    with pytest.raises(inspections.ReasonMissing):
        made.planned(of=made.supply(), reason="")
    with pytest.raises(NotAllowed):
        made.planned(of=made.supply(), actor=CUSTOMER)
    assert inspections.plan_due(today=FIRST_TIME) == 2  # of the other supplies: the planned one stands


def test_answers_become_defects_with_deadlines_in_working_days():
    inspection_id = made.made(cabinet_closed="no", grounding="4.01", safety_tools="no")
    assert (one(inspection_id).state, one(inspection_id).defects) == ("failed", 3)
    rows = {row.code: row for row in Defect.objects.all()}
    assert {code: (row.severity, row.due_date) for code, row in rows.items()} == {
        "cabinet_closed": ("urgent", date(2026, 3, 11)),
        "grounding": ("serious", date(2026, 3, 24)),
        "safety_tools": ("general", date(2026, 4, 22)),  # 6 April is a holiday
    }
    assert rows["grounding"].text_zh == "接地电阻超过 4 Ω"
    cards = deadlines.of_subject(subject="defect", subject_ids=[row.id for row in rows.values()])
    assert [card.standard for card in cards] == ["defect_urgent", "defect_serious", "defect_general"]


def test_a_crew_that_calls_it_passed_does_not_outvote_its_answers_and_own_words_become_a_defect():
    inspection_id = made.planned()
    inspections.order(inspection_ids=[inspection_id], actor=DESK)
    made.carry_out(one(inspection_id).work_order_id, outcome="passed", grounding="9.00")
    assert one(inspection_id).state == "failed"
    inspection_id = made.planned()
    inspections.order(inspection_ids=[inspection_id], actor=DESK)
    made.carry_out(one(inspection_id).work_order_id, outcome="defects", note="ladder on the bus bar")
    assert one(inspection_id).state == "with_defects"
    row = Defect.objects.get(inspection_id=inspection_id)
    assert (row.code, row.severity, row.text_zh) == ("other", "general", "ladder on the bus bar")


def test_a_report_that_is_told_twice_counts_once_and_a_dropped_work_order_is_planned_anew():
    inspection_id = made.planned()
    inspections.order(inspection_ids=[inspection_id], actor=DESK)
    work_orders.cancel(work_order_id=one(inspection_id).work_order_id, reason="crew is ill", actor=DESK)
    assert (one(inspection_id).state, one(inspection_id).work_order_id) == ("planned", None)
    inspections.order(inspection_ids=[inspection_id], actor=DESK)
    told = []
    events.LISTENERS.setdefault(inspections.WorkOrderDone, []).append(told.append)
    try:
        made.carry_out(one(inspection_id).work_order_id, outcome="defects", grounding="9.00")
    finally:
        events.LISTENERS[inspections.WorkOrderDone].remove(told.append)
    with transaction.atomic():
        inspections.report_step(told[0])
    assert Defect.objects.count() == 1


def test_the_clock_stands_still_while_we_look_and_goes_on_when_it_is_not_done():
    inspection_id = made.made(grounding="9.00")
    row = only_defect()
    with at((3, 12)), pytest.raises(ReasonMissing):
        defects.claim(defect_id=row.id, note="", evidence=[], actor=CUSTOMER)
    with at((3, 12)):
        defects.claim(defect_id=row.id, note="new rod", evidence=[factories.work.photo()], actor=CUSTOMER)
        with pytest.raises(IllegalMove):
            defects.claim(defect_id=row.id, note="again", evidence=[], actor=CUSTOMER)
    with at((4, 20)):
        deadlines.sweep(timezone.now())
        assert only_defect().state == "claimed"
    with at((4, 21)):
        defects.reject(defect_id=row.id, reason="still 9 Ω", actor=FIELD)
    assert (only_defect().state, only_defect().due_date) == ("open", date(2026, 5, 6))
    with at((5, 6)):
        defects.rectify(defect_id=row.id, reason="measured 2 Ω", actor=FIELD)
    assert (only_defect().state, one(inspection_id).state) == ("rectified", "cleared")
    (card,) = deadlines.of_subject(subject="defect", subject_ids=[row.id])
    assert card.in_time is True


def test_a_defect_whose_time_is_over_is_overdue_and_the_customer_is_told_once():
    made.made(grounding="9.00")
    with at((3, 23)):
        deadlines.sweep(timezone.now())
    assert (only_defect().state, _told()) == ("open", ["defect_due_soon"])
    with at((3, 25)):
        deadlines.sweep(timezone.now())
        deadlines.sweep(timezone.now())
    assert (only_defect().state, _told()) == ("overdue", ["defect_due_soon", "defect_overdue"])
    with at((3, 26)):
        defects.claim(defect_id=only_defect().id, note="done", evidence=[], actor=CUSTOMER)
        defects.reject(defect_id=only_defect().id, reason="no", actor=FIELD)
    assert only_defect().state == "overdue"


def _told():
    return list(Notice.objects.filter(channel="inbox").order_by("id").values_list("event", flat=True))


def test_an_urgent_defect_is_waived_by_two_and_the_database_knows():
    inspection_id = made.made(cabinet_closed="no")
    row = only_defect()
    with pytest.raises(ReasonMissing):
        defects.waive(defect_id=row.id, reason=" ", actor=BOSS)
    with pytest.raises(NotAllowed):
        defects.waive(defect_id=row.id, reason="x", actor=FIELD)
    defects.waive(defect_id=row.id, reason="supply is cut", actor=BOSS)
    assert only_defect().state == "waiving"
    with pytest.raises(defects.OwnWaiver):
        defects.decide_waiver(defect_id=row.id, is_agreed=True, actor=BOSS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Defect.objects.filter(id=row.id).update(state="waived", decider_id=BOSS.id, closed_date=TODAY)
    defects.decide_waiver(defect_id=row.id, is_agreed=False, actor=BOSS)  # takes it back
    assert (only_defect().state, only_defect().asker_id) == ("open", None)
    defects.waive(defect_id=row.id, reason="supply is cut", actor=BOSS)
    defects.decide_waiver(defect_id=row.id, is_agreed=True, actor=OTHER)
    assert (only_defect().state, one(inspection_id).state) == ("waived", "cleared")
    assert deadlines.of_subject(subject="defect", subject_ids=[row.id])[0].state == "dropped"


def test_a_serious_defect_is_waived_by_one_with_a_reason():
    made.made(grounding="9.00")
    defects.waive(defect_id=only_defect().id, reason="insulated system", actor=BOSS)
    assert (only_defect().state, only_defect().reason) == ("waived", "insulated system")


def test_a_follow_up_closes_what_it_does_not_find_again_and_keeps_the_old_deadline_of_what_it_does():
    first = made.made(grounding="9.00", safety_tools="no")
    old = Defect.objects.get(code="grounding")
    with at((3, 16)):
        again = inspections.re_inspect(inspection_id=first, due_date=date(2026, 3, 18), actor=DESK)
        with pytest.raises(inspections.InspectionExists):
            inspections.re_inspect(inspection_id=first, due_date=date(2026, 3, 18), actor=DESK)
        made.carry_out(one(again).work_order_id, outcome="defects", grounding="9.00", seals_whole="no")
    assert Defect.objects.get(code="safety_tools").state == "rectified"
    kept = Defect.objects.get(code="grounding")
    assert (kept.state, kept.due_date, kept.inspection_id) == ("open", old.due_date, first)
    assert Defect.objects.get(code="seals_whole").inspection_id == again
    assert (one(first).state, one(again).state) == ("failed", "failed")
    with at((3, 20)):
        last = inspections.re_inspect(inspection_id=first, due_date=date(2026, 3, 22), actor=DESK)
        made.carry_out(one(last).work_order_id)
    assert (one(first).state, one(last).state, one(again).state) == ("cleared", "passed", "failed")
    defects.rectify(defect_id=Defect.objects.get(code="seals_whole").id, reason="sealed", actor=FIELD)
    assert one(again).state == "cleared"
    with pytest.raises(inspections.NothingToFollow):
        inspections.re_inspect(inspection_id=first, due_date=TODAY, actor=DESK)


def in_own_words(text, *, follows=None):
    """An inspection, or a follow-up, whose crew found what is on no list; its id."""
    made_id = (
        inspections.re_inspect(inspection_id=follows, due_date=date(2026, 3, 20), actor=DESK)
        if follows
        else made.planned()
    )
    if follows is None:
        inspections.order(inspection_ids=[made_id], actor=DESK)
    made.carry_out(one(made_id).work_order_id, outcome="defects", note=text)
    return made_id


def test_another_defect_in_own_words_is_kept_and_says_nothing_of_the_one_before():
    first = in_own_words("ladder on the bus bar")
    ladder = only_defect()
    defects.claim(defect_id=ladder.id, note="taken away", evidence=[], actor=CUSTOMER)
    again = in_own_words("water in the cable trench", follows=first)
    water = Defect.objects.get(text_zh="water in the cable trench")
    assert (water.inspection_id, water.state, water.code) == (again, "open", ladder.code)
    ladder.refresh_from_db()
    assert ladder.state == "claimed"
    assert one(first).state == "with_defects"


def test_the_same_words_find_it_again_and_a_follow_up_that_finds_nothing_closes_it():
    first = in_own_words("ladder on the bus bar")
    defects.claim(defect_id=only_defect().id, note="taken away", evidence=[], actor=CUSTOMER)
    in_own_words("ladder on the bus bar", follows=first)
    assert (only_defect().state, only_defect().inspection_id) == ("open", first)
    other = inspections.re_inspect(inspection_id=first, due_date=date(2026, 3, 20), actor=DESK)
    made.carry_out(one(other).work_order_id, outcome="defects", seals_whole="no")
    assert Defect.objects.get(code="other").state == "open"
    last = inspections.re_inspect(inspection_id=first, due_date=date(2026, 3, 20), actor=DESK)
    made.carry_out(one(last).work_order_id)
    assert Defect.objects.get(code="other").state == "rectified"


def acceptance(application_id):
    """The ordered inspection of an application; its id."""
    with transaction.atomic():
        return inspections.plan_acceptance_step(
            application_id=application_id, voltage="10kV", use="commercial", due_date=TODAY, today=TODAY, actor=DESK,
            customer_name="New Works", address="1 New Road",
        )  # fmt: skip


def test_a_new_connection_has_passed_only_when_its_inspection_has():
    application_id = applications.walked(to="documented", at=timezone.now())
    assert not found.has_passed(application_id=application_id)
    made_id = acceptance(application_id)
    assert (one(made_id).state, found.has_passed(application_id=application_id)) == ("ordered", False)
    made.carry_out(one(made_id).work_order_id, outcome="defects", grounding="9.00", safety_tools="no")
    assert not found.has_passed(application_id=application_id)
    defects.rectify(defect_id=Defect.objects.get(code="grounding").id, reason="seen", actor=FIELD)
    assert not found.has_passed(application_id=application_id)  # failed until cleared, by evidence or a follow-up
    again = inspections.re_inspect(inspection_id=made_id, due_date=TODAY, actor=DESK)
    made.carry_out(one(again).work_order_id)
    assert found.has_passed(application_id=application_id)
    assert not found.has_passed(application_id=application_id + 1)


def test_an_applicant_is_told_once_what_to_mend_each_time_the_inspection_fails():
    application_id = applications.walked(to="documented", at=timezone.now())
    first = acceptance(application_id)
    made.carry_out(one(first).work_order_id, outcome="defects", grounding="9.00", safety_tools="no")
    told = Notice.objects.filter(event="application_defects", channel="inbox")
    assert told.count() == 1
    assert "接地电阻超过 4 Ω" in told.get().body
    inspection_notices.issue(inspection_id=first, actor=FIELD)
    assert not Notice.objects.filter(event="defects_found").exists()  # the same defects: one message is enough
    defects.rectify(defect_id=Defect.objects.get(code="safety_tools").id, reason="seen", actor=FIELD)
    again = inspections.re_inspect(inspection_id=first, due_date=TODAY, actor=DESK)
    made.carry_out(one(again).work_order_id, outcome="defects", grounding="8.00", cabinet_closed="no")
    assert told.count() == 2
    body = told.order_by("-id")[0].body
    assert body.index("1. 存在裸露带电部位") < body.index("2. 接地电阻超过 4 Ω")  # the soonest first; also what stands
    last = inspections.re_inspect(inspection_id=again, due_date=TODAY, actor=DESK)
    made.carry_out(one(last).work_order_id)
    assert told.count() == 2
    account_id = ServiceApplication.objects.get(id=application_id).account_id
    assert [card.id for card in found.of_account(account_id=account_id)] == [last, again, first]


def test_of_more_defects_than_a_notice_takes_the_first_are_told():
    application_id = applications.walked(to="documented", at=timezone.now())
    checklist = one(first := acceptance(application_id)).checklist
    with mock.patch.object(inspection_rules, "catalogue", long_catalogue(inspection_rules.catalogue)):
        made.carry_out(one(first).work_order_id, outcome="defects", grounding="9.00", cabinet_closed="no")
    assert checklist == "inspection-high"
    assert " …" in Notice.objects.get(event="application_defects", channel="inbox").body


def long_catalogue(real):
    """The kinds of defects, each in as many words as a defect takes."""

    def kinds(*, checklist):
        return {code: replace(kind, text_zh="长" * 300) for code, kind in real(checklist=checklist).items()}

    return kinds


def test_an_inspection_is_of_an_application_that_exists():
    with pytest.raises(IntegrityError):
        acceptance(7)


def test_general_defects_do_not_keep_a_connection_from_being_energized():
    application_id = applications.walked(to="documented", at=timezone.now())
    made_id = acceptance(application_id)
    made.carry_out(one(made_id).work_order_id, outcome="defects", safety_tools="no")
    assert (one(made_id).state, found.has_passed(application_id=application_id)) == ("with_defects", True)
    assert not Notice.objects.filter(event="application_defects").exists()
    inspection_notices.issue(inspection_id=made_id, actor=FIELD)
    assert Notice.objects.filter(event="defects_found", channel="inbox").count() == 1


def test_a_defect_added_by_hand_makes_it_worse_and_comes_before_the_notice():
    inspection_id = made.made()
    given = {"inspection_id": inspection_id, "severity": Severity.GENERAL, "text": "", "note": "cabinet 2"}
    with pytest.raises(defects.UnknownDefectCode):
        defects.add(**given, code="nonsense", actor=FIELD)
    defects.add(**given, code="safety_tools", actor=FIELD)
    assert one(inspection_id).state == "with_defects"
    with pytest.raises(defects.DefectExists):
        defects.add(**given, code="safety_tools", actor=FIELD)
    own = {**given, "severity": Severity.URGENT, "text": "bare wire on the roof"}
    defects.add(**own, code="other", actor=FIELD)
    assert one(inspection_id).state == "failed"
    inspection_notices.issue(inspection_id=inspection_id, refusal="will not sign", actor=FIELD)
    with pytest.raises(defects.NotReported):
        defects.add(**given, code="room_dry", actor=FIELD)


def test_defects_are_listed_by_deadline_with_a_constant_number_of_statements():
    made.made(grounding="9.00", safety_tools="no", cabinet_closed="no")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as taken:
            cards = defect_queries.listed(wanted=defect_queries.Wanted(state="standing"))
        counts.append(len(taken))
        made.made(grounding="9.00")
    assert [card.severity for card in cards[:2]] == ["urgent", "serious"]
    assert counts[0] == counts[1]


def test_every_deed_is_in_the_audit_trail():
    made.made(grounding="9.00")
    deeds = set(AuditEvent.objects.filter(subject__in=["inspection", "defect"]).values_list("subject", "action"))
    assert deeds >= {("inspection", "plan"), ("inspection", "order"), ("inspection", "report"), ("defect", "find")}
