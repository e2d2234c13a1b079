"""
A bill on an estimate is far too high: the customer calls, the bill is held, corrected and billed anew, the rest is paid
back and something added, the customer is called back and content.
"""

from datetime import date

import pytest
import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from arrears.models.collection import Hold
from billing.models.bill import Bill
from billing.operations import runs
from billing.queries import balances
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from cis.platform import events, jobs
from complaints.domain.kinds import Evidence, ReplyWay, Satisfaction
from complaints.models.case import Case
from complaints.models.work import CaseDeed
from complaints.operations import cases, deeds, findings, replies
from metering.domain.announcements import CorrectionMade
from tests.db.billing.night import bill, issue, prove, use
from tests.factories import accounts, corrections, mass
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
JANUARY, FEBRUARY = Period(date(2025, 1, 1), date(2025, 2, 1)), Period(date(2025, 2, 1), date(2025, 3, 1))
TODAY = date(2025, 3, 10)
AT = mass.noon(TODAY)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)


def test_from_the_call_to_the_call_back():
    (account,) = mass.supply(count=1, months=[JANUARY, FEBRUARY])
    AccountHolder.objects.create(account_id=account, customer=_customer(), period=DateRange(date(2020, 1, 1), None))
    use(account, JANUARY, 400_000)
    use(account, FEBRUARY, 600_000)  # estimated: far too much, and not enough to be held
    bill(JANUARY)
    bill(FEBRUARY)
    before = balances.of_account(account_id=account, today=TODAY).balance_minor
    wrong = Bill.objects.get(account_id=account, start_date=FEBRUARY.start)
    li, chief = made.person(Role.CLERK, Role.BILLING, name="Li"), made.person(Role.SUPERVISOR)
    made.team(li, skills=("billing",))
    with time_machine.travel(AT, tick=False):
        row = made.taken(at=AT, account_id=account, bill_id=wrong.id)
        assert Hold.objects.get(bill_id=wrong.id).until_at is None
        cases.dispatch(case_id=row.id, at=AT, actor=chief)
        cases.accept(case_id=row.id, at=AT, actor=li)
        cases.investigate(case_id=row.id, at=AT, actor=li)
        findings.note(
            case_id=row.id, text="The read of February was estimated.", evidence=Evidence.READS,
            shown_by=str(FEBRUARY.end), at=AT, actor=li,
        )  # fmt: skip
        findings.link(case_id=row.id, bill_id=wrong.id, at=AT, actor=li)
        _corrected(account, FEBRUARY, 100_000)
        run_id = deeds.rebill(case_id=row.id, key="once", today=TODAY, at=AT, actor=li)
        assert deeds.rebill(case_id=row.id, key="once", today=TODAY, at=AT, actor=li) == run_id
        while runs.rate_chunk(run_id=run_id):
            pass
        issue(run_id)
        anew = balances.of_account(account_id=account, today=TODAY).balance_minor
        assert anew < before - 25_000  # 500 kWh at more than 0.50
        deeds.adjust(
            case_id=row.id, amount_minor=-2_000, reason="goodwill", text="Sorry for the wrong bill", key="sorry",
            today=TODAY, at=AT, actor=li,
        )  # fmt: skip
        assert balances.of_account(account_id=account, today=TODAY).balance_minor == anew - 2_000
        replies.reply(
            case_id=row.id, text="Billed anew by what was used.", way=ReplyWay.NOTICE, cause_code="ours/read",
            is_liable=True, at=AT, actor=li,
        )  # fmt: skip
        replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, stars=5, at=AT, actor=chief)
    row = Case.objects.get(id=row.id)
    assert (row.state, row.is_liable, row.cause_code, row.stars) == ("closed", True, "ours/read", 5)
    assert Hold.objects.get(bill_id=wrong.id).until_at == AT
    done = CaseDeed.objects.filter(case=row).order_by("id")
    assert list(done.values_list("kind", flat=True)) == ["hold", "rebill", "adjustment"]
    assert set(Notice.objects.filter(key__startswith=f"case:{row.id}:").values_list("event", flat=True)) == {
        "case_taken", "case_answered",
    }  # fmt: skip
    prove()


def _customer():
    made_up = accounts.customer(name="王芳")
    accounts.contact_point(of=made_up)
    return made_up


def _corrected(account, period, wh):
    use(account, period, wh)
    found = corrections.correction(
        meter_id=account, service_point_id=account, start_date=period.start, end_date=period.end
    )
    with transaction.atomic():
        events.announce(
            CorrectionMade(
                correction_id=found.id, service_point_id=account, start_date=period.start, end_date=period.end
            )
        )
