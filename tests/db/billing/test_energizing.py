"""Energizing: from an order of a case to the first bill; what is refused, held and done later."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models.care import FollowUpVisit
from accounts.models.notice import Notice
from billing.domain.energizing import CycleChoice, EnergizingState, choose_cycle
from billing.models.bill import Bill
from billing.models.energizing import Energizing
from billing.models.run import BillCycle, CycleMember, HeldBill
from billing.operations import cycles, energizing, nights
from billing.operations.connections import NoMeterThere
from billing.operations.cycles import NoCycle
from billing.operations.energizing import CaseNotReady, EnergizedBefore, MetersUnclear, NotInspected
from billing.queries import cycles as cycle_queries
from billing.queries import energizing as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import jobs, outbox
from cis.platform.models import OutboxMessage
from contracts.models.agreement import ServiceAgreement
from contracts.models.application import ApplicationItem
from contracts.models.inspection import SafetyInspection
from contracts.operations import applications as application_steps
from metering.domain.meter_work import MeterReport, ReportedMeter
from metering.gateways import head_end
from metering.models.command import DeviceCommand, SandboxAnswer, SandboxMeter
from metering.models.store import Seal
from metering.models.work import WorkOrder
from metering.operations import device_commands, meter_work, reads, work_answers, work_orders
from tests.factories import accounts, applications, contracts, metering, tariffs, work

pytestmark = pytest.mark.django_db(transaction=True)
METERER = Actor(ActorKind.STAFF, 5, "Wu", frozenset({Role.METERING}))
CLERK = Actor(ActorKind.STAFF, 6, "Li", frozenset({Role.CLERK}))
CASE = {"subject": "case", "subject_id": 17}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def account(today):
    return accounts.account(opened_date=today - 5 * DAY)


@pytest.fixture
def tariff():
    return tariffs.version(source=tariffs.FLAT).tariff


@pytest.fixture
def point(today):
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One", run_day=2)
    BillCycle.objects.create(code="C2", name_zh="二", name_en="Two", run_day=5)
    cycles.set_rule(district="", use_class="", cycle_code="C1", actor=SYSTEM)
    place = metering.service_point(at=metering.premises(district="黄浦区"))
    install(place, today)
    inspect("passed")
    return place


def install(place, today, serial="N1", kwh=7):
    """A crew hangs a meter up, as it does in the field."""
    crew = work.crew()
    metering.meter(serial=serial, state="on_van", crew=crew, certified_until=today + DAY)
    Seal.objects.create(number=f"S-{serial}", state="given_out", crew=crew)
    row = work.order(
        crew=crew, at=place.premises, kind="meter_install", service_point=place, state="started",
        started_at=timezone.now(), **CASE,
    )  # fmt: skip
    actor = work.actor_of(crew)
    work_answers.add_photo(work_order_id=row.id, item="new_total", source=work.photo(), actor=actor)
    hung = ReportedMeter(serial=serial, seals=(f"S-{serial}",), readings={"total": kwh * 1_000})
    meter_work.finish(
        work_order_id=row.id, report=MeterReport(hung=hung), answers={}, note="", request_key="a", today=today,
        actor=actor,
    )  # fmt: skip


def inspect(outcome, **case):
    done = {"state": "done", "outcome": outcome, "done_at": timezone.now()}
    return work.order(kind="inspection", **{**CASE, **case}, **done)


def order(point, account, tariff, today, actor=METERER, **values):
    given = {**CASE, "service_point_id": point.id, "account_id": account.id, "tariff_id": tariff.id, "household": 3}
    return energizing.order(**{**given, **values}, today=today, actor=actor)


def work_off():
    OutboxMessage.objects.filter(state="waiting", kind__startswith="device").update(
        due_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    outbox.deliver_due()


def behave(behaviour, **values):
    SandboxMeter.objects.update_or_create(serial="N1", defaults={"behaviour": behaviour, **values})


def one(energizing_id):
    return queries.one(energizing_id=energizing_id)


def test_from_the_order_to_the_first_bill_of_the_night(point, account, tariff, today):
    energizing_id = order(point, account, tariff, today)
    assert (one(energizing_id).state, ServiceAgreement.objects.count()) == ("switching", 0)
    work_off()
    card = one(energizing_id)
    assert (card.state, card.on_date) == ("started", today)
    agreement = ServiceAgreement.objects.get(id=card.agreement_id)
    assert (agreement.account, agreement.service_point, agreement.period.lower) == (account, point, today)
    assert CycleMember.objects.get(account=account).cycle.code == "C1"
    welcome = Notice.objects.filter(event="welcome", account=account)
    assert welcome.exists()
    following = month_of(today).end
    reads.enter(serial="N1", read_date=following, reading_wh=47_000, actor=SYSTEM, today=following)
    nights.night(datetime(following.year, following.month, 2, 1, tzinfo=UTC))
    assert not HeldBill.objects.exists()
    bill = Bill.objects.get(account=account)
    assert (bill.state, bill.end_date, bill.amount_minor) == ("issued", following, 40 * 617 // 10)


def test_days_between_hanging_up_and_switching_on_count_nothing(point, account, tariff, today, monkeypatch):
    later = today + 3 * DAY
    monkeypatch.setattr(timezone, "now", lambda: datetime(later.year, later.month, later.day, 3, tzinfo=UTC))
    energizing_id = order(point, account, tariff, later)
    work_off()
    assert (one(energizing_id).state, one(energizing_id).on_date) == ("started", later)
    register = one_register()
    assert list(register.reads.order_by("read_date").values_list("read_date", "reading_wh")) == [
        (today, 7_000), (later, 7_000),
    ]  # fmt: skip


def one_register():
    return Energizing.objects.get().meter.registers.get()


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ("nothing inspected", NotInspected),
        ("defects last", NotInspected),
        ("other case", NotInspected),
        ("no meter", NoMeterThere),
        ("two meters", MetersUnclear),
        ("no rule", NoCycle),
        ("unknown cycle", cycles.UnknownCycle),
        ("no price", Refused),
        ("account closed", Refused),
        ("bad household", Refused),
    ],
)
def test_what_is_not_ready_is_refused_before_anything_is_switched(point, account, tariff, today, what, refusal):
    values = {
        "other case": {"subject_id": 18}, "unknown cycle": {"cycle_code": "C9"}, "no price": {"tariff_id": 0},
        "bad household": {"household": 0},
    }.get(what, {})  # fmt: skip
    if what == "nothing inspected":
        WorkOrder.objects.filter(kind="inspection").delete()
    elif what == "defects last":
        inspect("defects")
    elif what == "no meter":
        point = metering.service_point()
    elif what == "two meters":
        metering.installation(at=point, start_date=today)
    elif what == "no rule":
        cycles.set_rule(district="X", use_class="", cycle_code="C1", actor=SYSTEM)
        for rule in cycle_queries.rules():
            if not rule.district:
                cycles.drop_rule(rule_id=rule.id, actor=SYSTEM)
    elif what == "account closed":
        account = accounts.account(closed_date=today)
    with pytest.raises(refusal):
        order(point, account, tariff, today, **values)
    assert (Energizing.objects.count(), DeviceCommand.objects.count()) == (0, 0)
    assert not ServiceAgreement.objects.exists()
    assert not CycleMember.objects.exists()


def test_a_meter_that_refuses_fails_and_is_switched_again(point, account, tariff, today):
    behave("refuses")
    energizing_id = order(point, account, tariff, today)
    work_off()
    card = one(energizing_id)
    assert (card.state, card.code) == ("failed", "switch_refused")
    assert "limit" in card.message
    with pytest.raises(EnergizedBefore):
        order(point, account, tariff, today)
    with pytest.raises(NotAllowed):
        energizing.switch_again(energizing_id=energizing_id, actor=CLERK)
    behave("obeys")
    energizing.switch_again(energizing_id=energizing_id, actor=METERER)
    work_off()
    assert one(energizing_id).state == "started"
    with pytest.raises(IllegalMove):
        energizing.switch_again(energizing_id=energizing_id, actor=METERER)


def test_a_meter_that_is_not_heard_of_is_switched_by_hand_or_given_up(point, account, tariff, today):
    behave("silent")
    energizing_id = order(point, account, tariff, today)
    work_off()
    DeviceCommand.objects.update(until=timezone.now() - timedelta(seconds=1))
    work_off()
    assert (one(energizing_id).state, one(energizing_id).code) == ("failed", "switch_timed_out")
    energizing.drop(energizing_id=energizing_id, actor=METERER)
    again = order(point, account, tariff, today, by_hand="Crew 3 switched on at the meter")
    card = one(again)
    assert (card.state, card.on_date, card.command_id) == ("started", today, None)


def test_a_late_answer_starts_the_supply_after_all(point, account, tariff, today):
    behave("obeys", delay_seconds=3_600)
    energizing_id = order(point, account, tariff, today)
    work_off()
    DeviceCommand.objects.update(until=timezone.now() - timedelta(seconds=1))
    work_off()
    assert one(energizing_id).state == "failed"
    SandboxAnswer.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    device_commands.take_answers()
    assert one(energizing_id).state == "started"
    assert ServiceAgreement.objects.count() == 1


def test_current_that_flows_is_held_with_its_reason_until_it_is_mended(point, account, tariff, today):
    energizing_id = order(point, account, tariff, today)
    other = contracts.agreement(service_point=point, tariff=tariff, start_date=today)
    work_off()
    card = one(energizing_id)
    assert (card.state, card.code, card.on_date) == ("held", "service_point_taken", today)
    assert DeviceCommand.objects.get().state == "succeeded"
    assert not energizing.retry(energizing_id=energizing_id, actor=METERER)
    other.terms.all().delete()
    other.delete()
    assert energizing.retry(energizing_id=energizing_id, actor=METERER)
    assert (one(energizing_id).state, one(energizing_id).code) == ("started", "")


def test_an_application_is_done_when_current_flows(account, tariff, today, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One")
    application_id = applications.walked(to="contracted", at=timezone.now())
    item = ApplicationItem.objects.get()
    case = {"subject": "application", "subject_id": application_id}
    energizing.order_inspection(
        **case, service_point_id=item.service_point_id, due_date=today + DAY, today=today, actor=METERER
    )
    assert not queries.is_inspected(**case)
    SafetyInspection.objects.filter(application_id=application_id).update(state="passed", done_date=today)
    metering.metered(at=item.service_point, start_date=today)
    given = {**case, "account": item.application.account, "tariff": tariff, "today": today, "cycle_code": "C1"}
    with pytest.raises(CaseNotReady):
        order(item.service_point, **given)
    applications.step(application_id, "metered", at=timezone.now())
    order(item.service_point, **given)
    with pytest.raises(IllegalMove), transaction.atomic():  # the switch is on its way: current may flow
        applications.moved(application_id, "withdraw", reason="moved abroad")
    work_off()
    item.refresh_from_db()
    assert item.application.state == "energized"
    assert (item.agreement.service_point_id, item.energized_at is not None) == (item.service_point_id, True)
    visit = FollowUpVisit.objects.get()
    assert (visit.key, visit.plan) == (f"supply_began:{item.agreement_id}", "new_supply")
    assert (visit.account_id, visit.place_id) == (item.application.account_id, item.service_point_id)
    assert visit.start_date == today + 7 * DAY


def test_flats_are_switched_on_one_by_one_and_welcomed_once(tariff, today, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One")
    application_id = applications.walked(to="contracted", at=timezone.now(), units=("1-1", "1-2"))
    first, second = ApplicationItem.objects.order_by("seq")
    case = {"subject": "application", "subject_id": application_id}
    energizing.order_inspection(
        **case, service_point_id=first.service_point_id, due_date=today + DAY, today=today, actor=METERER
    )
    SafetyInspection.objects.update(state="passed", done_date=today)
    given = {**case, "account": first.application.account, "tariff": tariff, "today": today, "cycle_code": "C1"}
    stranger = metering.service_point()
    for point in (first.service_point, second.service_point, stranger):
        metering.metered(at=point, start_date=today)

    def note_meter(item):
        with transaction.atomic():
            return application_steps.install_meter_step(
                application_id=application_id, service_point_ids=[item.service_point_id], actor=METERER,
                at=timezone.now(),
            )  # fmt: skip

    assert not note_meter(first)
    order(first.service_point, **given)
    for point in (second.service_point, stranger):
        with pytest.raises(CaseNotReady):
            order(point, **given)
    work_off()
    first.refresh_from_db()
    assert (first.application.state, first.energized_at is not None) == ("contracted", True)
    with pytest.raises(CaseNotReady):
        order(first.service_point, **given)
    assert note_meter(second)
    order(second.service_point, **given)
    work_off()
    second.refresh_from_db()
    assert second.application.state == "energized"
    assert ServiceAgreement.objects.filter(account=second.application.account).count() == 2
    assert Notice.objects.filter(event="welcome").values("key").distinct().count() == 1


def test_an_account_in_a_cycle_stays_there(point, account, tariff, today):
    cycles.assign(account_id=account.id, cycle_code="C2", actor=SYSTEM)
    order(point, account, tariff, today)
    work_off()
    assert CycleMember.objects.get(account=account).cycle.code == "C2"


def test_the_closest_rule_chooses_the_cycle(point, account, tariff, today):
    cycles.set_rule(district="黄浦区", use_class="", cycle_code="C2", actor=SYSTEM)
    order(point, account, tariff, today, use_class="commercial")
    assert Energizing.objects.get().cycle_code == "C2"
    made = [
        CycleChoice(cycle_code="all", district="", use_class=""),
        CycleChoice(cycle_code="class", district="", use_class="home"),
        CycleChoice(cycle_code="place", district="A", use_class=""),
        CycleChoice(cycle_code="both", district="A", use_class="home"),
    ]
    for district, use_class, code in (
        ("A", "home", "both"), ("A", "shop", "place"), ("B", "home", "class"), ("B", "shop", "all"),
    ):  # fmt: skip
        assert choose_cycle(choices=made, district=district, use_class=use_class) == code
    assert choose_cycle(choices=made[3:], district="B", use_class="home") is None


def test_two_orders_for_one_place_at_once(point, account, tariff, today):
    start, results = Barrier(2), []

    def go():
        start.wait()
        try:
            results.append(order(point, account, tariff, today))
        except Exception as error:  # noqa: BLE001 - whatever the loser gets
            results.append(error)
        finally:
            connection.close()

    threads = [Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, int) for one in results) == 1
    (lost,) = [one for one in results if not isinstance(one, int)]
    assert isinstance(lost, Refused), lost
    assert (Energizing.objects.count(), DeviceCommand.objects.count()) == (1, 1)


def test_lists(point, account, tariff, today, django_assert_num_queries):
    order(point, account, tariff, today)
    with django_assert_num_queries(1):
        (card,) = queries.listed(state=queries.WAITING, text="N")
    assert (card.account, card.state) == (account.number, EnergizingState.SWITCHING)
    assert queries.count(state="started") == 0
    assert [one.id for one in queries.of_case(**CASE)] == [card.id]


def test_without_a_head_end_a_crew_switches_on_and_nothing_is_invented(point, account, tariff, today, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [])
    energizing_id = order(point, account, tariff, today)
    work_off()
    card = one(energizing_id)
    assert (card.state, card.code, card.agreement_id) == ("failed", "no_head_end", None)
    assert (DeviceCommand.objects.count(), ServiceAgreement.objects.count()) == (0, 0)
    with pytest.raises(device_commands.NoHeadEnd):
        energizing.switch_again(energizing_id=energizing_id, actor=METERER)
    row = WorkOrder.objects.get(kind="reconnect", subject="energizing", subject_id=energizing_id)
    assert (row.service_point, row.facts) == (point, {"meter": "N1"})
    crew = work.crew()
    work_orders.assign(work_order_ids=[row.id], crew_id=crew.id, planned_date=today, actor=work.DESK)
    work_orders.start(work_order_id=row.id, actor=work.actor_of(crew))
    given = {"customer_told": "yes", "voltage": "230"}
    work_orders.finish(work_order_id=row.id, outcome="done", answers=given, note="", actor=work.actor_of(crew))
    card = one(energizing_id)
    assert (card.state, card.on_date) == ("started", today)
    assert ServiceAgreement.objects.get(id=card.agreement_id).period.lower == today


def test_who_notes_a_switch_by_hand_calls_the_crew_back(point, account, tariff, today, monkeypatch):
    monkeypatch.setattr(head_end, "_bound", [])
    energizing_id = order(point, account, tariff, today)
    energizing.switched_by_hand(energizing_id=energizing_id, note="Wu at the place", actor=METERER)
    assert one(energizing_id).state == "started"
    assert WorkOrder.objects.get(kind="reconnect").state == "cancelled"
