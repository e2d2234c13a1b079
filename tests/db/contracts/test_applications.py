"""An application on its way: filed once, walked step by step, its clocks, its refusals, its history."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models.account import Account
from accounts.models.customer import Customer
from accounts.models.notice import Notice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events
from cis.platform.models import AuditEvent, Deadline
from cis.platform.papers import NotAPaper
from contracts.domain.announcements import ApplicationMoved
from contracts.domain.applications import Applicant, ApplicationChannel, Item, PaperKind
from contracts.models.application import ApplicationItem, ApplicationMove, ServiceApplication
from contracts.operations import application_cases, application_intake, application_meters, applications
from contracts.operations.application_intake import ApplicationTaken, InvalidApplication
from contracts.operations.application_moves import ReasonMissing
from contracts.queries import application_supplies
from contracts.queries import applications as queries
from contracts.queries.applications import UnknownApplication, Wanted
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from tests.factories import accounts, contracts
from tests.factories import applications as factory
from tests.factories.applications import AT, STAFF, filed, moved, step, walked

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
CREW = Actor(ActorKind.STAFF, 2, "crew", frozenset({Role.FIELD}))


@pytest.fixture(autouse=True)
def supplier():
    return accounts.supplier()


def row(application_id):
    return ServiceApplication.objects.get(id=application_id)


def clocks(application_id):
    found = Deadline.objects.filter(subject="application", subject_id=application_id).order_by("id")
    return {card.standard.removeprefix("connection_"): card.state for card in found}


def test_an_application_is_filed_with_its_number_and_a_link():
    made = filed()
    found = row(made.id)
    assert made.number == found.number == f"A26{found.id:07d}"
    assert made.missing == ()
    assert (found.state, found.waits_for, found.standard_class) == ("applied", "desk", "home")
    assert clocks(made.id) == {"documents_home": "running"}
    assert Notice.objects.get().event == "application_received"
    assert made.link.split("/")[-2] not in found.link_sha256


def test_missing_papers_are_named_at_once_and_the_clock_starts_when_they_came():
    made = filed(papers=())
    assert made.missing == ("identity", "premises_right")
    assert row(made.id).waits_for == "customer"
    assert clocks(made.id) == {}
    add = {"application_id": made.id, "source": None, "name": "a.pdf", "actor": STAFF, "at": AT}
    pdf = b"%%PDF-1.7\n%d\n%%%%EOF"
    assert application_cases.add_paper(**{**add, "kind": PaperKind.IDENTITY, "source": BytesIO(pdf % 1)}) == (
        "premises_right",
    )
    assert application_cases.add_paper(**{**add, "kind": PaperKind.PREMISES_RIGHT, "source": BytesIO(pdf % 2)}) == ()
    assert row(made.id).waits_for == "desk"
    assert clocks(made.id) == {"documents_home": "running"}


@pytest.mark.parametrize(
    "content", [b"<html>", b"%PDF-1.4 cut off", b"%PDF-1.4 /JavaScript (x) %%EOF", b"\x89PNG\r\n\x1a\nx"]
)
def test_a_paper_is_what_it_says_or_is_not_kept(content):
    made = filed(papers=())
    with pytest.raises(Exception, match=r"PDF|photo"):
        application_cases.add_paper(
            application_id=made.id, kind=PaperKind.OTHER, source=BytesIO(content), name="a.pdf", actor=STAFF, at=AT
        )
    assert row(made.id).papers.count() == 0


def test_programs_packed_in_a_pdf_are_found_and_pictures_in_it_are_not_taken_for_one():
    import zlib

    from cis.platform import papers

    packed = zlib.compress(b"<< /S /JavaScript /JS (app.alert(1)) >>")
    inside = b"%PDF-1.7 << /Type /ObjStm /N 1 >> stream\n" + packed + b"\nendstream %%EOF"
    with pytest.raises(NotAPaper):
        papers.keep(BytesIO(inside), name="a.pdf", actor=STAFF)
    picture = b"%PDF-1.7 << /Subtype /Image >> stream\n\x00/JS \x01/AA(\nendstream %%EOF"
    assert papers.keep(BytesIO(picture), name="a.pdf", actor=STAFF)


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidApplication) as refused:
        filed(applicant=Applicant(kind="resident", name="", id_number="1"), address="", items=(Item(),))
    assert {one.where for one in refused.value.detail["findings"]} == {
        "applicant.name", "applicant.id_number", "address", "items[0].capacity",
    }  # fmt: skip


def test_the_same_supply_is_applied_for_once_at_a_time():
    first = filed(address="愚园路 7 号")
    with pytest.raises(ApplicationTaken, match=first.number):
        filed(address="愚园路7号")
    filed(address="愚园路7号", kind="temporary")
    filed(address="愚园路7号", units=("2-201",))
    moved(first.id, "withdraw", reason="moved abroad")
    filed(address="愚园路7号")


def test_the_database_knows_that_too():
    filed(address="愚园路7号")
    other = filed(address="愚园路8号")
    key = ApplicationItem.objects.exclude(application_id=other.id).get().conflict_key
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationItem.objects.filter(application_id=other.id).update(conflict_key=key)


def test_a_place_that_is_supplied_is_not_applied_for():
    world = contracts.world()
    point = world.agreement.service_point
    with pytest.raises(InvalidApplication) as refused:
        filed(kind="existing_point", items=(Item(capacity_w=8_000, service_point=point.external_id),))
    assert [one.code for one in refused.value.detail["findings"]] == ["point_supplied"]
    free = contracts.service_point()
    made = filed(kind="existing_point", items=(Item(capacity_w=8_000, service_point=free.external_id),))
    assert row(made.id).premises_id == free.premises_id


def test_from_paper_to_current_in_five_steps():
    application_id = walked(to="energized")
    found = row(application_id)
    assert (found.state, found.waits_for, found.ended_at) == ("energized", "nobody", AT)
    assert found.customer.name == "王芳"
    assert found.account.number
    point = ServicePoint.objects.get()
    assert found.premises_id == point.premises_id
    assert (point.voltage, point.capacity_w) == ("220V", 8_000)
    item = found.items.get()
    assert (item.service_point_id, item.metered_at, item.energized_at, item.is_open) == (point.id, AT, AT, False)
    actions = ApplicationMove.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        "apply", "confirm_documents", "assign_survey", "report_survey", "offer", "sign", "install_meter", "energize",
    ]  # fmt: skip
    assert set(clocks(application_id).values()) == {"met"}
    assert Deadline.objects.filter(in_time=True).count() == 6
    audited = AuditEvent.objects.filter(subject="application").exclude(action="look").values_list("action", flat=True)
    assert list(audited.order_by("id")) == list(actions)
    told = set(Notice.objects.values_list("event", flat=True))
    # Of the offer tells the offer, of flowing current the welcome.
    assert told == {f"application_{step}" for step in ("received", "accepted", "surveyed", "contracted", "metered")}


def kept_customer(serial, name="王芳"):
    known = accounts.customer(id_number=factory.resident_id(serial), name=name)
    return known, Applicant(kind="resident", name="王芳", id_number=known.id_number, phone="13812345678")


def confirm(application_id, who="", actor=STAFF):
    application_cases.confirm_documents(application_id=application_id, actor=actor, at=AT, today=AT.date(), who=who)


def test_a_number_that_anybody_can_type_links_nobody_before_a_person_confirms():
    known, applicant = kept_customer(11)
    application_id = filed(applicant=applicant, channel=ApplicationChannel.PORTAL).id
    assert row(application_id).customer_id is None
    assert Notice.objects.get().customer_id is None
    with pytest.raises(application_cases.CustomerUnclear):
        confirm(application_id, actor=Actor(ActorKind.CLIENT, 9, "program"))
    confirm(application_id)
    assert (row(application_id).customer_id, row(application_id).kept_customer_since) == (known.id, AT)
    assert row(application_id).link_sha256 == ""


def test_a_number_of_somebody_else_is_no_link_and_a_new_customer_is_said_to_be_one():
    known, applicant = kept_customer(12, name="张伟")
    application_id = filed(applicant=applicant).id
    for who in ("", str(known.id)):
        with pytest.raises(application_cases.CustomerUnclear):
            confirm(application_id, who)
    confirm(application_id, application_cases.NEW_CUSTOMER)
    assert row(application_id).customer_id not in {None, known.id}
    assert row(application_id).kept_customer_since is None


def test_of_several_customers_with_a_number_none_is_chosen_silently():
    known, applicant = kept_customer(13)
    kept_customer(13)
    application_id = filed(applicant=applicant).id
    with pytest.raises(application_cases.CustomerUnclear) as refused:
        confirm(application_id)
    assert len(refused.value.detail["customers"]) == 2
    confirm(application_id, str(known.id))
    assert row(application_id).customer_id == known.id


def test_a_known_customer_gets_one_more_account():
    known, applicant = kept_customer(7)
    found = row(walked(to="documented", applicant=applicant))
    assert found.customer_id == known.id
    assert Customer.objects.count() == 1
    assert Account.objects.filter(id=found.account_id).exists()


def test_the_survey_is_a_work_order_that_goes_when_the_application_goes():
    application_id = walked(to="surveying")
    order = WorkOrder.objects.get()
    assert (order.kind, order.subject, order.subject_id, order.state) == (
        "survey",
        "application",
        application_id,
        "open",
    )
    moved(application_id, "reject", reason="no road leads there")
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert row(application_id).items.get().is_open is False


@pytest.mark.parametrize("state", factory.STEPS)
def test_no_step_is_done_twice(state):
    application_id = walked(to=state)
    with pytest.raises(IllegalMove):
        step(application_id, state)


def test_a_refused_move_is_in_the_audit_trail_and_changes_nothing():
    application_id = filed().id
    with pytest.raises(IllegalMove):
        application_cases.move(
            application_id=application_id, action=application_cases.ApplicationAction.RESUME, actor=STAFF, at=AT
        )
    with pytest.raises(NotAllowed):
        application_cases.move(
            application_id=application_id,
            action=application_cases.ApplicationAction.REJECT,
            reason="no",
            actor=CREW,
            at=AT,
        )
    refused = AuditEvent.objects.filter(action="refuse").order_by("id")
    assert [(one.subject_id, one.detail["move"], one.detail["code"]) for one in refused] == [
        (application_id, "resume", "illegal_move"), (application_id, "reject", "not_allowed"),
    ]  # fmt: skip
    assert row(application_id).state == "applied"


@pytest.mark.parametrize("action", ["send_back", "suspend", "withdraw", "reject"])
def test_who_stops_an_application_says_why(action):
    application_id = walked(to="documented")
    with pytest.raises(ReasonMissing):
        moved(application_id, action, reason="  ")


def test_the_customers_time_is_not_the_suppliers():
    application_id = walked(to="offered")
    assert clocks(application_id)["home"] == "stopped"
    step(application_id, "contracted", at=AT + 30 * DAY)
    for state in ("metered", "energized"):
        step(application_id, state, at=AT + 30 * DAY)
    whole = Deadline.objects.get(standard="connection_home")
    assert (whole.state, whole.in_time) == ("met", True)


def test_a_suspended_application_stands_still_and_goes_on():
    application_id = walked(to="surveying")
    moved(application_id, "suspend", reason="the house is not built", at=AT + DAY)
    assert set(clocks(application_id).values()) == {"met", "stopped"}
    with pytest.raises(IllegalMove):
        step(application_id, "surveyed", at=AT + DAY)
    moved(application_id, "resume", at=AT + 60 * DAY)
    assert set(clocks(application_id).values()) == {"met", "running"}
    step(application_id, "surveyed", at=AT + 60 * DAY)
    assert Deadline.objects.get(standard="connection_survey_home").in_time is True


def test_what_is_sent_back_is_done_again():
    application_id = walked(to="surveyed")
    moved(application_id, "send_back", reason="wrong house")
    assert row(application_id).state == "documented"
    assert clocks(application_id)["offer_home"] == "dropped"
    step(application_id, "surveying")
    step(application_id, "surveyed")
    moved(application_id, "send_back", reason="wrong papers")
    moved(application_id, "send_back", reason="wrong papers")
    assert (row(application_id).state, row(application_id).waits_for) == ("applied", "customer")
    assert set(Notice.objects.filter(event="application_papers").values_list("channel", flat=True)) == {"sms", "inbox"}


def test_a_building_of_400_flats_is_one_application_in_few_statements():
    units = [f"{floor}-{flat}" for floor in range(1, 41) for flat in range(10)]
    filed()  # the supplier is read once a process
    with CaptureQueriesContext(connection) as few:
        filed()
    with CaptureQueriesContext(connection) as many:
        made = filed(units=units)
    assert len(many) == len(few)
    for state in ("documented", "surveying", "surveyed"):
        step(made.id, state)
    assert ServicePoint.objects.count() == 400
    assert len(set(ServicePoint.objects.values_list("premises_id"))) == 1
    for state in ("offered", "contracted"):
        step(made.id, state)
    points = list(ServicePoint.objects.order_by("id").values_list("id", flat=True))
    with transaction.atomic():
        assert not applications.install_meter_step(
            application_id=made.id, service_point_ids=points[:399], actor=STAFF, at=AT
        )
    assert row(made.id).state == "contracted"
    with transaction.atomic():
        assert applications.install_meter_step(
            application_id=made.id, service_point_ids=points[399:], actor=STAFF, at=AT
        )
    assert row(made.id).state == "metered"


def test_flats_are_energized_one_by_one_as_their_meters_hang():
    application_id = walked(to="contracted", units=("1-1", "1-2", "1-3"))
    first, second, third = row(application_id).items.order_by("seq").values_list("service_point_id", flat=True)

    def at_points(step_of, *points, **more):
        with transaction.atomic():
            return step_of(application_id=application_id, service_point_ids=points, actor=STAFF, at=AT, **more)

    hang = lambda *points: at_points(applications.install_meter_step, *points)  # noqa: E731
    energize = lambda *points: at_points(applications.energize_step, *points, inspection_passed=True)  # noqa: E731
    with pytest.raises(IllegalMove, match="No meter"):
        energize(first)
    hang(first, second)
    assert application_supplies.ready_to_energize(application_id=application_id) == {first, second}
    assert not energize(first)
    assert application_supplies.ready_to_energize(application_id=application_id) == {second}
    assert row(application_id).state == "contracted"
    with pytest.raises(IllegalMove), transaction.atomic():
        applications.energize_step(application_id=application_id, inspection_passed=True, actor=STAFF, at=AT)
    # The last meter was hung wrongly: what flows already goes on flowing.
    assert hang(third)
    moved(application_id, "send_back", reason="wrong meter")
    assert set(row(application_id).items.filter(metered_at=None).values_list("service_point_id", flat=True)) == {
        second, third,
    }  # fmt: skip
    assert hang(second, third)
    assert not energize(second)
    assert energize(third)
    assert row(application_id).state == "energized"
    parts = AuditEvent.objects.filter(action="energize_part").order_by("id")
    assert [one.detail["service_points"] for one in parts] == [[first], [second]]
    assert application_supplies.ready_to_energize(application_id=application_id) is None


def test_a_suspended_application_lets_no_supply_on():
    application_id = walked(to="contracted", units=("1-1", "1-2"))
    first = row(application_id).items.first().service_point_id
    with transaction.atomic():
        applications.install_meter_step(application_id=application_id, service_point_ids=[first], actor=STAFF, at=AT)
    moved(application_id, "suspend", reason="the house is not built")
    assert application_supplies.ready_to_energize(application_id=application_id) is None
    with pytest.raises(IllegalMove), transaction.atomic():
        applications.energize_step(
            application_id=application_id, inspection_passed=True, service_point_ids=[first], actor=STAFF, at=AT
        )


def test_nothing_is_offered_where_no_point_is_and_nothing_flows_without_inspection():
    application_id = walked(to="surveyed")
    ApplicationItem.objects.update(service_point=None)
    with pytest.raises(applications.PointMissing):
        step(application_id, "offered")
    other = walked(to="metered")
    with pytest.raises(applications.NotReadyToEnergize), transaction.atomic():
        applications.energize_step(application_id=other, inspection_passed=False, actor=STAFF, at=AT)


@pytest.mark.parametrize("state", list(factory.STEPS)[2:])
def test_each_step_takes_the_same_few_statements_for_one_flat_or_many(state):
    """Locks, the row, its items, the move, the audit, the clocks, the notice: whatever the application holds."""
    before = list(factory.STEPS)[list(factory.STEPS).index(state) - 1]
    counts = []
    for units in (("",), tuple(str(unit) for unit in range(40))):
        application_id = walked(to=before, units=units)
        with CaptureQueriesContext(connection) as asked:
            step(application_id, state)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 32


def test_meters_are_ordered_once_for_each_supply_in_the_same_few_statements():
    counts = []
    for units in (("",), tuple(str(unit) for unit in range(40))):
        application_id = walked(to="contracted", units=units)
        with CaptureQueriesContext(connection) as asked:
            assert application_meters.order(application_id=application_id, today=AT.date(), actor=STAFF) == len(units)
        counts.append(len(asked))
        assert application_meters.order(application_id=application_id, today=AT.date(), actor=STAFF) == 0
        orders = WorkOrder.objects.filter(kind="meter_install", subject="application", subject_id=application_id)
        assert orders.values("service_point").distinct().count() == len(units)
    assert counts[0] == counts[1]
    # Filed on Monday at 10:00; the meter of a home hangs within a working day.
    assert set(orders.values_list("due_date", flat=True)) == {AT.date() + DAY}


def test_meters_are_not_ordered_before_the_contract_is_signed():
    with pytest.raises(IllegalMove):
        application_meters.order(application_id=walked(to="offered"), today=AT.date(), actor=STAFF)


def test_a_link_opens_once_and_only_with_its_secret():
    made = filed()
    secret = made.link.split("/")[-2]
    with pytest.raises(application_cases.WrongLink):
        application_cases.open_link(number=made.number, secret="x", actor=STAFF, at=AT)
    assert application_cases.open_link(number=made.number, secret=secret, actor=STAFF, at=AT) == made.id
    with pytest.raises(application_cases.WrongLink):
        application_cases.open_link(number=made.number, secret=secret, actor=STAFF, at=AT)
    ask = {"contact": "+86 138-1234-5678", "actor": STAFF, "at": AT + DAY}
    application_cases.send_link(number=made.number, **ask)
    application_cases.send_link(number="A260000000", **ask)
    application_cases.send_link(number=made.number, **ask)
    assert Notice.objects.filter(event="application_link").count() == 1


def test_a_list_is_searched_for_what_stands_there_and_not_for_its_pieces_in_another_order():
    made = filed(address="愚园路 1212-34 号")
    found = lambda text: {one.id for one in queries.listed(wanted=Wanted(text=text))}  # noqa: E731
    for text in ("1212", "愚园路1212", "1212-34号", "路１２１２", "1212 愚园", made.number.lower()):
        assert found(text) == {made.id}, text
    for text in ("2121", "121234号愚园路", "园愚", "愚园路 2121", "％", "%", "_"):
        assert found(text) == set(), text


def test_lists_filter_and_count():
    late = walked(to="documented")
    other = filed(
        applicant=Applicant(kind="resident", name="张伟", id_number=factory.resident_id(900), phone="13812345678")
    )
    walked(to="energized")
    found = lambda **wanted: {one.id for one in queries.listed(wanted=Wanted(**wanted))}  # noqa: E731
    assert found(queue="desk") == {late, other.id}
    assert found(state="energized").isdisjoint({late, other.id})
    assert found(text="张伟") == {other.id}
    assert found(text=other.number[3:]) == {other.id}
    assert found(late=True, at=AT + 30 * DAY) == {late, other.id}
    assert found(late=True, at=AT) == set()
    assert queries.queues(at=AT + 30 * DAY) == {"desk": 2, "late": 2}
    card = next(one for one in queries.listed(wanted=Wanted(queue="desk")) if one.id == late)
    assert card.deadline.standard == "connection_survey_home"
    with pytest.raises(UnknownApplication):
        queries.one(application_id=0, at=AT)


def test_a_list_takes_the_same_statements_however_long(django_assert_num_queries):
    for _ in range(4):
        filed()
    with django_assert_num_queries(3):
        assert len(queries.listed(wanted=Wanted())) == 4


def test_each_move_is_announced(monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ApplicationMoved: [heard.append]})
    walked(to="documented")
    assert [(one.action, one.before, one.after) for one in heard] == [("confirm_documents", "applied", "documented")]


def test_the_history_cannot_be_changed():
    filed()
    with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
        ApplicationMove.objects.update(reason="never")


def test_a_message_goes_to_the_applicant():
    made = filed()
    application_cases.write(
        application_id=made.id, text="Please send the deed.", is_from_applicant=False, actor=STAFF, at=AT
    )
    application_cases.write(application_id=made.id, text="Here it is.", is_from_applicant=True, actor=STAFF, at=AT)
    assert Notice.objects.filter(event="application_message").count() == 1
    detail = queries.one(application_id=made.id, at=AT)
    assert [one.is_from_applicant for one in detail.messages] == [False, True]
    assert detail.id_number.startswith("*****")


def test_filing_is_a_use_case():
    made = application_intake.file(
        application=factory.new(), channel=application_intake.ApplicationChannel.API, actor=STAFF, at=AT
    )
    assert row(made.id).channel == "api"


def test_who_owes_pays_first_unless_a_supervisor_says_why(monkeypatch):
    known = accounts.customer(id_number=factory.resident_id(8), name="王芳")
    account = accounts.account(holder=known)
    asked = []
    monkeypatch.setattr(
        queries.change_facts, "owed_minor", lambda *, account_ids, today: asked.append(list(account_ids)) or 12_300
    )
    applicant = Applicant(kind="resident", name="王芳", id_number=known.id_number, phone="13812345678")
    made = filed(applicant=applicant)
    confirm = {"application_id": made.id, "at": AT, "today": AT.date()}
    clerk = Actor(ActorKind.STAFF, 5, "clerk", frozenset({Role.CLERK}))
    with pytest.raises(application_cases.ArrearsOwed):
        application_cases.confirm_documents(actor=STAFF, **confirm)
    with pytest.raises(application_cases.ArrearsOwed):
        application_cases.confirm_documents(actor=clerk, despite_arrears="he will", **confirm)
    application_cases.confirm_documents(actor=STAFF, despite_arrears="the court said so", **confirm)
    assert asked == [[account.id]] * 3
    assert ApplicationMove.objects.latest("id").reason == "the court said so"


def test_each_step_takes_so_many_statements(django_assert_num_queries):
    application_id = walked(to="surveyed")
    case = {"application_id": application_id, "actor": STAFF, "at": AT}
    for take, more, statements in (
        (applications.offer_step, {}, 6),
        (applications.sign_step, {"contract_number": "C1"}, 7),
        (applications.install_meter_step, {}, 7),
        (applications.energize_step, {"inspection_passed": True}, 5),
    ):
        with transaction.atomic(), django_assert_num_queries(statements):
            take(**case, **more)
