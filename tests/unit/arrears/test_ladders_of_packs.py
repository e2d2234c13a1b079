"""What shipped packs say of pursuit: each class climbs its own ladder, in its days, and has its own notice window."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from arrears.domain.cut import may_cut
from arrears.domain.cut_facts import BlockerCode, CutNotice, Debt, Facts, Hold, HoldKind, moment
from arrears.domain.ladder import Done, next_step
from arrears.domain.pursuit import Made, Pursued, judge
from arrears.queries import rules
from cis.kernel.calendar import local_clock
from cis.platform import packs
from cis.platform.calendars import business_calendar

DAY = timedelta(days=1)
CLOCK = local_clock("UTC")
LABOUR_DAY, EASTER = date(2026, 4, 30), date(2026, 4, 2)
"""Thursdays before 1 to 5 May, after which people work on Saturday, 9 May; and before Good Friday to Easter Monday."""
MONDAY = date(2026, 7, 6)


@pytest.fixture
def pack(request, settings):
    settings.PACK = request.param
    return request.param


def calendar(on):
    return business_calendar(packs.rule("holiday_country", at=on))


def at(day, of):
    return moment(at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC), clock=CLOCK, calendar=calendar(of))


@pytest.mark.parametrize(
    ("pack", "customer_class", "due", "climbed"),
    [
        ("cn", "residential", LABOUR_DAY, "text sms 05-01, call call 05-08, letter letter 05-15, visit visit 05-29"),
        ("cn", "commercial", LABOUR_DAY, "text sms 05-01, call call 05-08, letter letter 05-14"),
        ("cn", "industrial", LABOUR_DAY, "text sms 05-01, call call 05-08, letter letter 05-14"),
        ("cn-shanghai", "commercial", MONDAY, "text sms 07-07, call call 07-10, letter letter 07-17"),
        ("au-example", "residential", EASTER, "reminder letter 04-07, warning letter 04-15, contact call 04-20"),
        ("au-example", "commercial", EASTER, "reminder letter 04-07, warning letter 04-15, contact call 04-20"),
        ("gb-example", "residential", EASTER, "mail email 04-05, reminder letter 04-09, call call 04-16"),
        ("gb-example", "commercial", EASTER, "mail email 04-05, reminder letter 04-09, call call 04-16"),
    ],
    indirect=["pack"],
)
def test_a_class_climbs_the_ladder_of_its_place(pack, customer_class, due, climbed):
    ladder = rules.ladder(customer_class=customer_class, at=due)
    done = []
    while True:
        coming = next_step(ladder=ladder, done=done, due_date=due, pauses=(), calendar=calendar(due))
        if coming is None:
            break
        done.append(Done(coming.step.code, coming.day, is_proven=True))
    steps = zip(ladder, done, strict=True)
    assert ", ".join(f"{step.code} {step.channel} {one.day:%m-%d}" for step, one in steps) == climbed


@pytest.mark.parametrize("pack", ["gb-example"], indirect=True)
def test_a_case_that_began_before_the_ladder_got_its_mail_goes_on_after_its_letter(pack):
    rule = rules.pursuit(customer_class="residential", at=EASTER)
    debts = (Debt(1, EASTER, 10_000),)
    letter = Made("reminder", EASTER + 7 * DAY, is_done=True, is_proven=True)
    call = Made("call", EASTER + 14 * DAY, is_done=False, is_proven=False)
    for made, (code, day, awaits) in (
        ((), ("mail", EASTER + 3 * DAY, "")),
        ((letter,), ("call", EASTER + 14 * DAY, "")),
        ((replace(letter, is_proven=False),), ("call", None, "reminder")),
        ((letter, call), ("call", None, "call")),
    ):
        known = Pursued(debts=debts, owed_minor=10_000, made=made)
        coming = judge(pursued=known, rule=rule, now=at(EASTER + 20 * DAY, EASTER)).next
        assert (coming.step.code, coming.day, coming.awaits) == (code, day, awaits)
    known = Pursued(debts=debts, owed_minor=10_000, made=(letter, replace(call, is_done=True)))
    assert judge(pursued=known, rule=rule, now=at(EASTER + 20 * DAY, EASTER)).next is None


@pytest.mark.parametrize(
    ("pack", "customer_class", "first", "last"),
    [
        ("cn", "residential", date(2026, 7, 9), date(2026, 7, 13)),
        ("cn", "industrial", date(2026, 7, 9), date(2026, 7, 13)),
        ("au-example", "commercial", date(2026, 7, 14), date(2026, 8, 17)),
        ("gb-example", "commercial", date(2026, 7, 13), date(2026, 7, 27)),
    ],
    indirect=["pack"],
)
def test_a_notice_holds_for_the_days_of_its_place(pack, customer_class, first, last):
    rule = rules.cut_rule(customer_class=customer_class, at=MONDAY)
    notice = CutNotice(frozenset({1}), at(MONDAY, MONDAY).at, at(MONDAY, MONDAY).at, at(last + 9 * DAY, MONDAY).at)
    facts = Facts(debts=(Debt(1, MONDAY - 60 * DAY, 90_000),), owed_minor=90_000, notice=notice)

    def against(day):
        codes = {one.code for one in may_cut(facts=facts, rule=rule, moment=at(day, MONDAY))}
        return codes & {BlockerCode.NOTICE_FRESH, BlockerCode.NOTICE_OLD, BlockerCode.NOTICE_MISSING}

    assert [against(day) for day in (first - DAY, first, last, last + DAY)] == [
        {BlockerCode.NOTICE_FRESH}, set(), set(), {BlockerCode.NOTICE_OLD},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pack", "kind", "stops"),
    [
        ("cn", HoldKind.DISPUTE, False), ("cn", HoldKind.COMPLAINT, True), ("cn", HoldKind.HARDSHIP, False),
        ("au-example", HoldKind.DISPUTE, False), ("au-example", HoldKind.HARDSHIP, True),
        ("gb-example", HoldKind.PLAN, True), ("gb-example", HoldKind.COMPLAINT, True),
    ],
    indirect=["pack"],
)  # fmt: skip
def test_the_pack_says_whether_a_hold_of_one_bill_holds_the_account(pack, kind, stops):
    now = at(MONDAY, MONDAY)
    known = Pursued(
        debts=(Debt(1, MONDAY - 40 * DAY, 50_000), Debt(2, MONDAY - 20 * DAY, 7_000)),
        owed_minor=57_000,
        holds=(Hold(5, kind, now.at - DAY, bill_id=1),),
    )
    verdict = judge(pursued=known, rule=rules.pursuit(customer_class="commercial", at=MONDAY), now=now)
    assert (verdict.overdue_minor, verdict.demanded_minor) == (57_000, 7_000)
    assert (verdict.held_by, verdict.is_due(MONDAY)) == ((kind, False) if stops else (None, True))
