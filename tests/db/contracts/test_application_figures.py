"""How long applications take: every number against a count that is made by hand from the clocks themselves."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from cis.kernel.deadlines import Unit
from cis.platform.models import Deadline
from contracts.domain.application_workflow import STANDARDS, StandardClass
from contracts.models.application import ApplicationMove
from contracts.queries import application_figures as figures
from contracts.queries.application_figures import Outcome, WantedTurns
from tests.factories import accounts
from tests.factories import applications as factory

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 1, 1), date(2026, 4, 30)
NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)


def at(month, day, hour=2):
    return datetime(2026, month, day, hour, tzinfo=UTC)  # 10:00 in Shanghai


@pytest.fixture(autouse=True)
def supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    return accounts.supplier()


@pytest.fixture
def cases(supplier):
    """Applications in all fates, over three months."""
    factory.walked(to="energized", at=at(1, 5))
    late = factory.walked(to="documented", at=at(1, 6))
    factory.step(late, "surveying", at=at(2, 25))
    factory.step(late, "surveyed", at=at(2, 26))  # the survey took weeks
    back = factory.walked(to="surveyed", at=at(2, 2))
    factory.moved(back, "send_back", reason="wrong place", at=at(2, 2, 5))  # the offer's turn: in time
    factory.step(back, "surveying", at=at(2, 3))
    factory.step(back, "surveyed", at=at(2, 3))
    factory.moved(back, "send_back", reason="again", at=at(3, 20))  # the offer's second turn: late
    papers = factory.walked(to="documented", at=at(3, 2))
    factory.moved(papers, "send_back", reason="papers", at=at(3, 2, 4))  # nothing of the whole was done
    gone = factory.walked(to="documented", at=at(3, 2))
    factory.moved(gone, "withdraw", reason="moved away", at=at(3, 2, 5))  # in time: does not count
    lost = factory.walked(to="documented", at=at(2, 2))
    factory.moved(lost, "withdraw", reason="waited too long", at=at(3, 30))  # late: counts
    edge = factory.walked(to="documented", at=datetime(2026, 3, 31, 15, 0, tzinfo=UTC))  # 23:00 on the 31st there
    factory.step(edge, "surveying", at=datetime(2026, 3, 31, 15, 10, tzinfo=UTC))
    factory.step(edge, "surveyed", at=datetime(2026, 3, 31, 16, 30, tzinfo=UTC))  # half past midnight in April
    return {"back": back, "lost": lost, "edge": edge}


def by_hand(first, last):
    """Of each standard and month: in time, late, sent back, medians; row by row, from the clocks and the moves."""
    sent = set(ApplicationMove.objects.filter(action="send_back").values_list("application_id", "at"))
    found = defaultdict(lambda: [0, 0, 0, []])
    for row in Deadline.objects.filter(subject="application").exclude(ended_at=None):
        day = timezone.localtime(row.ended_at).date()
        if not first <= day <= last:
            continue
        standard = row.standard.removesuffix("_home")
        is_back = row.state == "dropped" and (row.subject_id, row.ended_at) in sent
        is_late = not row.in_time if row.state == "met" else row.due_at is not None and row.due_at <= row.ended_at
        if row.state == "dropped" and not is_late and (not is_back or standard == "connection"):
            continue
        for key in ((standard, (day.year, day.month)), (standard, None)):
            found[key][1 if is_late else 0] += 1
            found[key][2] += is_back
            if row.state == "met":
                found[key][3].append(row.used_hundredths)
    return found


def median(values):
    return sorted(values)[(len(values) - 1) // 2] if values else None


def shape(figure):
    return (figure.in_time, figure.late, figure.sent_back, figure.median_hundredths)


def test_each_number_is_what_a_count_by_hand_gives(cases):
    report = figures.report(since=FIRST, until=LAST, at=NOW)
    expected = by_hand(FIRST, LAST)
    assert [step.standard for step in report.steps] == [one.key for one in STANDARDS]
    for step in report.steps:
        whole = expected[step.standard, None]
        assert shape(step.whole) == (*whole[:3], median(whole[3])), step.standard
        for one in step.months:
            hand = expected[step.standard, (one.since.year, one.since.month)]
            assert shape(one.figure) == (*hand[:3], median(hand[3])), (step.standard, one.since)
    homes = [line for line in report.classes if line.standard_class is StandardClass.HOME]
    assert [shape(line.figure) for line in homes] == [shape(step.whole) for step in report.steps]
    assert {line.unit for line in report.classes} == {Unit.WORKING_DAYS}


def test_each_turn_has_the_whole_standard_and_counts(cases):
    offers = next(
        one for one in figures.report(since=FIRST, until=LAST, at=NOW).steps if one.standard.endswith("offer")
    )
    assert [shape(one.figure)[:3] for one in offers.months] == [(1, 0, 0), (1, 0, 1), (0, 1, 1), (0, 0, 0)]
    assert [one.figure.percent for one in offers.months] == [100, 100, 0, None]


def test_all_together_count_when_current_flows_or_when_they_were_late(cases):
    whole = figures.report(since=FIRST, until=LAST, at=NOW).steps[0]
    assert shape(whole.whole)[:3] == (1, 1, 0)  # energized; withdrawn after its end


def test_a_month_is_local_and_its_list_has_as_many_turns_as_its_number(cases):
    report = figures.report(since=FIRST, until=LAST, at=NOW)
    for step in report.steps:
        for one in (*step.months, None):
            since, until = (one.since, one.until) if one else (FIRST, LAST)
            figure = one.figure if one else step.whole
            for outcome in (Outcome.IN_TIME, Outcome.LATE, Outcome.SENT_BACK, Outcome.RUNNING):
                wanted = WantedTurns(since=since, until=until, standard=step.standard, outcome=outcome)
                listed = figures.turns(wanted=wanted, at=NOW)
                count = figures.count_turns(wanted=wanted, at=NOW)
                assert len(listed) == count == getattr(figure, outcome), (step.standard, since, outcome)
    april = next(one for one in report.steps if one.standard == "connection_survey").months[3]
    assert april.figure.in_time == 1


def test_what_is_late_and_open_is_listed(cases):
    wanted = WantedTurns(since=FIRST, until=LAST, outcome=Outcome.OVERDUE)
    overdue = figures.turns(wanted=wanted, at=NOW)
    assert {turn.outcome for turn in overdue} == {Outcome.OVERDUE}
    open_late = Deadline.objects.filter(state__in=("running", "stopped"), due_at__lte=NOW)
    assert len(overdue) == open_late.count() > 0
    lines = figures.report(since=FIRST, until=LAST, at=NOW).classes
    assert sum(line.late_open for line in lines) == len(overdue)
    assert sum(one.late for one in figures.waiting(at=NOW)) == open_late.values("subject_id").distinct().count()


def test_nothing_due_is_no_share():
    report = figures.report(since=FIRST, until=LAST, at=NOW)
    assert {step.whole.percent for step in report.steps} == {None}
    assert len(report.steps[0].months) == 4


def test_the_statements_are_the_same_however_many(cases, django_assert_num_queries):
    for _ in range(3):
        factory.walked(to="energized", at=at(3, 3))
    with django_assert_num_queries(3):
        figures.report(since=date(2024, 1, 1), until=LAST, at=NOW)
    with django_assert_num_queries(1):
        figures.waiting(at=NOW)
    with django_assert_num_queries(1):
        figures.turns(wanted=WantedTurns(since=FIRST, until=LAST), at=NOW)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((date(2026, 1, 5), date(2026, 3, 1)), (date(2026, 1, 5), date(2026, 3, 1))),
        ((date(2026, 1, 5), date(2030, 1, 1)), (date(2026, 1, 5), date(2026, 5, 4))),
        ((date(1900, 1, 1), date(2026, 5, 4)), (date(2023, 6, 1), date(2026, 5, 4))),
        ((date(2026, 4, 1), date(2026, 3, 1)), (date(2026, 3, 1), date(2026, 3, 1))),
    ],
)
def test_a_span_ends_today_and_has_an_end(asked, given):
    assert figures.clipped(since=asked[0], until=asked[1], today=date(2026, 5, 4)) == given
    months = figures._months(*given)
    assert len(months) <= figures.MONTHS_MOST
    assert months[-1][1] == given[1]
    assert all(one[1] + timedelta(days=1) == after[0] for one, after in pairwise(months))
