"""Figures of cases against counts by hand; trends told once; months published and corrected as versions."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import jobs
from cis.platform.models import Deadline
from complaints.domain.figures import By, Share
from complaints.domain.kinds import CaseKind, Satisfaction
from complaints.domain.publishing import BadPublication, MonthNotOver, NoCasesThen
from complaints.domain.trends import BadTrendNote, TrendOver
from complaints.models.case import Case
from complaints.models.evaluation import CaseTrend, ChosenCase, PublishedMonth
from complaints.operations import cases, publishing, replies, trends
from complaints.queries import publishing as published
from complaints.queries import statistics
from complaints.queries.statistics import Span
from tariffs.models.tariff import TariffVersion
from tests.factories import accounts, contracts, metering
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, HOUR, DAY = made.AT, timedelta(hours=1), timedelta(days=1)
MARCH = Span(since=date(2026, 3, 1), until=date(2026, 4, 1))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    accounts.supplier()
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def clerk():
    return made.person(Role.CLERK)


@pytest.fixture
def chief():
    return made.person(Role.SUPERVISOR)


def figures(actor, *, span=MARCH, by=By.CLASS, at=AT + 10 * DAY):
    return statistics.figures(span=span, by=by, price_days=60, at=at, actor=actor)


def closed(clerk, team, *, at=AT, **values):
    row = made.answered(made.in_hand(clerk, team_id=team, at=at, **values), clerk, at=at + 2 * HOUR)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=at + 4 * HOUR, actor=clerk)
    return row


def test_figures_are_those_of_the_cases(clerk, chief):
    team = made.team(clerk)
    world = contracts.world()
    metering.installation(of=metering.meter(model="DTZ341"), at=world.service_point)
    once = closed(clerk, team, account_id=world.account.id, district="浦东", caller_phone="1")
    again = closed(clerk, team, caller_phone="2")
    cases.reopen(case_id=again.id, reason="still wrong", at=AT + 5 * HOUR, actor=clerk)
    made.taken(kind=CaseKind.QUESTION, class_code="billing/amount/too_high", caller_phone="3")
    ChosenCase.objects.create(case=once, reason="sample", team_id=team, month=date(2026, 3, 1), score=81)
    found = figures(chief)
    assert found.by_month == ((date(2026, 3, 1), "complaint", 2), (date(2026, 3, 1), "question", 1))
    assert found.by_class == ((made.ESTIMATED, 2), ("billing/amount/too_high", 1))
    [cause] = found.causes
    assert (cause.cause, cause.of, cause.count, cause.liable) == ("ours/read", made.ESTIMATED, 2, 2)
    assert (found.at_once, found.reopened) == (Share(part=1, whole=1), Share(part=0, whole=1))
    assert [(one.team, one.count, one.mean) for one in found.quality] == [(found.quality[0].team, 1, 81)]
    kept = {one.standard: one.share for one in found.kept}
    assert kept["case_complaint"] == Share(part=2, whole=2)
    stays = {one.state: (one.count, one.median) for one in found.stays}
    assert stays["investigating"] == (2, 2 * 3600)
    assert [one.of for one in figures(chief, by=By.AREA).causes] == ["", "浦东"]
    assert {one.of for one in figures(chief, by=By.TEAM).causes} == {"", str(team)}
    assert {one.of for one in figures(chief, by=By.METER).causes} == {"", "DTZ341"}
    span = Span(since=MARCH.since, until=MARCH.until, cause="ours/read", by=By.AREA, of="浦东")
    assert statistics.case_ids(span=span, price_days=60) == [once.id]
    assert figures(chief, span=Span(since=date(2026, 4, 1), until=date(2026, 5, 1))).by_month == ()


def test_time_in_state_leaves_weekends_out_and_waiting_stands_alone(clerk, chief):
    friday = AT + 4 * DAY
    row = made.in_hand(clerk, team_id=made.team(clerk), at=friday)
    cases.wait(case_id=row.id, reason="asks", at=friday + HOUR, actor=clerk)
    cases.classify(
        case_id=row.id, class_code="billing/amount/too_high", at=friday + 2 * HOUR, actor=clerk
    )  # still waits
    cases.go_on(case_id=row.id, at=friday + 3 * DAY, actor=clerk)
    made.answered(row, clerk, at=friday + 3 * DAY + 2 * HOUR)
    stays = {one.state: one.median for one in figures(chief).stays}
    assert stays["waiting"] == 23 * 3600
    assert stays["investigating"] == 3 * 3600


def test_a_case_shortly_after_a_change_of_price_is_counted_as_such(clerk, chief):
    world = contracts.world()
    closed(clerk, made.team(clerk), account_id=world.account.id)
    assert [one.of for one in figures(chief, by=By.PRICE).causes] == ["other"]
    [version] = TariffVersion.objects.filter(tariff=world.agreement.terms.get().tariff)
    start = version.period.lower
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE tariffs_tariffversion SET period = daterange(%s, '2026-02-01') WHERE id = %s", [start, version.id]
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    version.pk, version.period, version.sha256 = None, ("2026-02-01", None), "0" * 64
    version.save(force_insert=True)
    assert [one.of for one in figures(chief, by=By.PRICE).causes] == ["after"]
    late = statistics.figures(span=MARCH, by=By.PRICE, price_days=20, at=AT, actor=chief)
    assert [one.of for one in late.causes] == ["other"]


def test_figures_are_without_what_is_kept_from_whoever_looks(clerk, chief):
    rude = made.person(Role.CLERK)
    made.team(rude)
    made.taken(about_user_id=rude.id)
    assert figures(rude).by_month == ()
    assert figures(chief).by_month == ((date(2026, 3, 1), "complaint", 1),)


def test_no_figure_of_a_case_tells_of_one_that_is_kept_from_whoever_looks(clerk, chief):
    rude, team = made.person(Role.CLERK), made.team(clerk)
    made.team(rude)
    seen = closed(clerk, team)
    made.taken(at=AT + 6 * HOUR, about_user_id=rude.id, district="崇明")  # repeats the one that was seen
    other = {"class_code": "billing/amount/too_high", "caller_phone": "13900001111"}
    made.taken(about_user_id=rude.id, **other)
    closed(clerk, team, at=AT + HOUR, **other)  # repeats one that is kept from the clerk
    assert Case.objects.filter(repeats__isnull=False).count() == 2
    assert (figures(rude).at_once, sum(one.repeated for one in figures(rude).causes)) == (Share(part=2, whole=2), 0)
    assert (figures(chief).at_once, sum(one.repeated for one in figures(chief).causes)) == (Share(part=1, whole=2), 1)
    assert statistics.areas(actor=rude) == ()
    assert statistics.areas(actor=chief) == ("崇明",)
    assert seen.id in statistics.case_ids(span=MARCH, price_days=60)


def test_figures_take_the_same_number_of_statements_for_any_number_of_cases(clerk, chief):
    def counted():
        with CaptureQueriesContext(connection) as taken:
            figures(chief)
        return len(taken)

    figures(chief)
    none = counted()
    for _ in range(3):
        made.taken()
    assert counted() == none <= 10


def _brought(many, *, at, **values):
    made.taken(at=at, **values)
    row, first = Case.objects.latest("id"), Case.objects.count()
    rows = [Case(**{**_plain(row), "number": f"X{first + n}"}) for n in range(many - 1)]
    Case.objects.bulk_create(rows)


def _plain(row):
    return {one.attname: getattr(row, one.attname) for one in Case._meta.concrete_fields if one.attname != "id"}


def test_a_trend_is_told_once_looked_at_and_not_told_again_soon(clerk, chief):
    _brought(9, at=AT)
    _brought(9, at=AT, class_code="service/staff/manner", about_user_id=clerk.id)
    team = made.team(clerk)
    last = date(2026, 3, 2)
    assert trends.look(last=last, at=AT + DAY) == 1
    assert trends.look(last=last + DAY, at=AT + 2 * DAY) == 0
    row = CaseTrend.objects.get()
    assert (row.class_code, row.count, row.before, row.window_days, row.team_id) == (made.ESTIMATED, 9, 0, 7, team)
    assert Deadline.objects.get(subject="case_trend").state == "running"
    with pytest.raises(NotAllowed):
        trends.acknowledge(trend_id=row.id, at=AT, actor=made.person(Role.BILLING))
    trends.acknowledge(trend_id=row.id, at=AT + 2 * DAY, actor=chief)
    with pytest.raises(TrendOver):
        trends.acknowledge(trend_id=row.id, at=AT + 2 * DAY, actor=chief)
    assert Deadline.objects.get(subject="case_trend").state == "met"
    with pytest.raises(BadTrendNote):
        trends.close(trend_id=row.id, note="", at=AT + 3 * DAY, actor=chief)
    trends.close(trend_id=row.id, note="a route was estimated", at=AT + 3 * DAY, actor=chief)
    with pytest.raises(TrendOver):
        trends.close(trend_id=row.id, note="x", at=AT + 3 * DAY, actor=chief)
    assert trends.look(last=last + 3 * DAY, at=AT + 4 * DAY) == 0
    assert trends.look(last=last + 5 * DAY, at=AT + 18 * DAY) == 1


def test_a_steady_number_of_cases_is_never_told_of():
    row = made.taken(at=AT - 300 * DAY)
    days = [AT - 3 * step * DAY for step in range(70)]
    Case.objects.bulk_create(
        Case(**{**_plain(row), "number": f"X{n}", "taken_at": day}) for n, day in enumerate(days * 2)
    )
    for night in range(3):
        assert trends.look(last=date(2026, 3, 2) - night * 3 * DAY, at=AT) == 0


def test_a_month_is_published_by_a_supervisor_and_corrected_as_a_version(clerk, chief):
    _brought(7, at=AT)
    _brought(8, at=AT, about_user_id=clerk.id, caller_phone="7")
    month, later = date(2026, 3, 1), AT + 40 * DAY
    with time_machine.travel(later, tick=False):
        with pytest.raises(NotAllowed):
            publishing.publish(month=month, at=later, actor=clerk)
        with pytest.raises(MonthNotOver):
            publishing.publish(month=date(2026, 4, 1), at=later, actor=chief)
        with pytest.raises(NoCasesThen):
            publishing.publish(month=date(2014, 12, 1), at=later, actor=chief)
        with pytest.raises(BadPublication):
            publishing.publish(month=month, at=later, actor=chief, reason="nothing to correct")
        assert [publishing.publish(month=month, at=later, actor=chief) for _ in range(2)] == [1, 1]
        first = published.one(month=month)
        assert first.figures["kinds"] == [{"kind": "complaint", "taken": 7, "in_time_percent": None}]
        _brought(6, at=AT + DAY, caller_phone="8")
        with pytest.raises(BadPublication):
            publishing.publish(month=month, at=later, actor=chief)
        assert publishing.publish(month=month, at=later, actor=chief, reason="six came by letter") == 2
    assert published.one(month=month).figures["kinds"][0]["taken"] == 13
    assert PublishedMonth.objects.get(version=1).figures == first.figures
    assert SYSTEM.name not in str(first.figures)
