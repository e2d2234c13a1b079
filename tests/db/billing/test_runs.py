"""Billing runs: from approved usage to issued bills; corrections; repeated runs."""

from datetime import date

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from billing.domain.workflow import RunState
from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import BillCycle, BillRun, CycleMember, HeldBill, RunChunk
from billing.operations import bills, chunks, issuing, nights, payments, runs
from billing.queries import segments
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period, add_months
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform.models import Job, OutboxMessage
from metering.models.usage import Usage
from tariffs.models.tariff import TariffVersion
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, forget, issue, prove, rate, use
from tests.factories import mass, tariffs

pytestmark = pytest.mark.django_db


def test_a_run_bills_each_account_once_and_the_books_are_proved():
    ids = mass.supply(count=30, months=[JANUARY])
    run = BillRun.objects.get(id=bill())
    assert run.state == "issued"
    assert sorted(Bill.objects.values_list("account_id", flat=True)) == list(ids)
    assert set(Bill.objects.values_list("state", "issue_date")) == {("issued", JANUARY.end)}
    assert BillLine.objects.count() == 6 * 30
    one = Bill.objects.first()
    assert one.due_date > one.issue_date
    assert one.lines.aggregate(Sum("amount_minor"))["amount_minor__sum"] == one.amount_minor
    assert one.segments.get().used_wh == one.energy_wh
    prove()


def counted():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'billing_bill' AND attname = 'state'"
        )
        return cursor.fetchall()


def test_what_a_run_of_many_has_filled_is_counted_before_it_goes_on(monkeypatch):
    monkeypatch.setattr(runs, "AGREEMENTS_IN_CHUNK", 3)
    mass.supply(count=5, months=[JANUARY])
    run_id = rate()
    assert counted() == [("{draft}",)]
    issue(run_id)
    assert counted() == [("{issued}",)]
    prove()


def test_a_second_run_adds_nothing():
    mass.supply(count=5, months=[JANUARY])
    bill()
    run_id = bill()
    assert Bill.objects.count() == 5
    assert list(RunChunk.objects.filter(run_id=run_id).values_list("bills", "held", "unchanged")) == [(0, 0, 5)]


def test_drafts_owe_nothing_have_no_number_and_vanish_with_their_run():
    mass.supply(count=5, months=[JANUARY])
    run_id = rate()
    assert set(Bill.objects.values_list("state", "number")) == {("draft", None)}
    prove()
    runs.drop(run_id=run_id, actor=SYSTEM)
    assert (Bill.objects.count(), BillSegment.objects.count(), BillLine.objects.count()) == (0, 0, 0)
    assert BillRun.objects.get(id=run_id).state == "dropped"
    bill()
    assert Bill.objects.count() == 5
    prove()


def test_accounts_are_laid_in_chunks_of_about_2000_agreements(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(runs, "AGREEMENTS_IN_CHUNK", 4)
    ids = mass.supply(count=10, months=[JANUARY])
    run_id = runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM)
    chunks = list(RunChunk.objects.order_by("id").values_list("account_ids", flat=True))
    assert [len(accounts) for accounts in chunks] == [4, 4, 2]
    assert [account for accounts in chunks for account in accounts] == list(ids)
    assert Job.objects.get(subject=f"bill_run:{run_id}").total == 10
    with django_capture_on_commit_callbacks(execute=True):
        assert all(runs.rate_chunk(run_id=run_id) for _ in chunks)
    assert not runs.rate_chunk(run_id=run_id)
    assert list(Job.objects.values_list("done", "state")) == [(10, "done")]


def test_a_corrected_month_is_rebilled_by_the_next_run():
    ids = mass.supply(count=4, months=[JANUARY, FEBRUARY])
    bill()
    use(ids[0], JANUARY, 10_000)
    run_id = bill(FEBRUARY)
    corrected = Bill.objects.get(run_id=run_id, account_id=ids[0])
    others = Bill.objects.filter(run_id=run_id).exclude(account_id=ids[0])
    assert [b.segments.count() for b in others] == [1, 1, 1]
    first, second, third = corrected.segments.order_by("id")
    assert (first.cancels.bill.account_id, first.used_wh) == (ids[0], -first.cancels.used_wh)
    assert second.cancels is None
    assert (second.start_date, third.start_date) == (JANUARY.start, FEBRUARY.start)
    assert third.before_wh == second.used_wh
    taken_back = [(line.quantity, line.amount_minor, line.tax_minor) for line in first.lines.order_by("seq")]
    original = [(-x.quantity, -x.amount_minor, -x.tax_minor) for x in first.cancels.lines.order_by("seq")]
    assert taken_back == original
    assert list(corrected.lines.order_by("seq").values_list("seq", flat=True)) == list(
        range(1, corrected.lines.count() + 1)
    )
    prove()
    bill(FEBRUARY)
    assert Bill.objects.count() == 8


def test_a_cancelled_bill_is_billed_anew_by_the_next_run():
    ids = mass.supply(count=2, months=[JANUARY, FEBRUARY])
    bill()
    wrong = Bill.objects.get(account_id=ids[0])
    bills.cancel(bill_id=wrong.id, reason="wrong meter", as_of_date=JANUARY.end, actor=SYSTEM)
    bill(FEBRUARY)
    anew = Bill.objects.get(account_id=ids[0], start_date=FEBRUARY.start)
    assert list(anew.segments.order_by("id").values_list("start_date", flat=True)) == [JANUARY.start, FEBRUARY.start]
    prove()


def test_two_runs_cannot_hold_the_same_accounts():
    ids = mass.supply(count=4, months=[JANUARY])
    rate(account_ids=ids[:2])
    with pytest.raises(runs.AccountsTaken):
        rate()
    bill(account_ids=ids[2:])
    assert Bill.objects.filter(state="issued").count() == 2


def test_a_run_without_agreements_is_refused():
    mass.supply(count=1, months=[])
    with pytest.raises(runs.NothingToBill):
        rate(account_ids=[])


def test_a_clerk_may_neither_open_nor_approve_a_run():
    mass.supply(count=1, months=[JANUARY])
    clerk = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
    with pytest.raises(NotAllowed):
        runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=clerk)
    run_id = rate()
    with pytest.raises(NotAllowed):
        runs.approve(run_id=run_id, actor=clerk)
    issue(run_id)
    with pytest.raises(IllegalMove):
        runs.approve(run_id=run_id, actor=SYSTEM)
    with pytest.raises(IllegalMove):
        runs.drop(run_id=run_id, actor=SYSTEM)


def test_money_on_account_pays_the_new_bill_and_the_balance_before_is_printed():
    ids = mass.supply(count=2, months=[JANUARY])
    payments.receive(
        account_id=ids[0],
        amount_minor=1_000,
        channel=payments.PaymentChannel.BANK,
        reference="x1",
        received_date=date(2025, 1, 5),
        today=date(2025, 1, 5),
        actor=SYSTEM,
    )
    bill()
    mine, other = Bill.objects.order_by("account_id")
    assert (mine.balance_before_minor, other.balance_before_minor) == (-1_000, 0)
    assert list(mine.allocations.values_list("amount_minor", flat=True)) == [1_000]
    prove()


def test_who_gets_paper_is_queued_for_printing_once():
    ids = mass.supply(count=2, months=[JANUARY])
    Bill._meta.get_field("account").related_model.objects.filter(id=ids[1]).update(paper_bill=True)
    bill()
    mine = Bill.objects.get(account_id=ids[1])
    printed = OutboxMessage.objects.filter(kind="bill.print")
    assert list(printed.values_list("payload", flat=True)) == [{"bill_id": mine.id}]


def test_one_bad_account_is_isolated_and_the_others_are_billed(monkeypatch):
    ids = mass.supply(count=20, months=[JANUARY])
    find = segments.find

    def fails(*, account_ids, scope):
        if ids[7] in account_ids:
            raise ZeroDivisionError("a rule of this one account")
        return find(account_ids=account_ids, scope=scope)

    monkeypatch.setattr(chunks.segments, "find", fails)
    run_id = bill()
    assert Bill.objects.filter(state="issued").count() == 19
    held = HeldBill.objects.get(run_id=run_id)
    assert (held.account_id, held.code, held.bill_id) == (ids[7], "unforeseen", None)
    assert "a rule of this one account" in held.message
    assert BillRun.objects.get(id=run_id).state == "issued"
    prove()


def test_one_bill_that_cannot_be_issued_is_held_and_the_others_are_issued(monkeypatch):
    ids = mass.supply(count=10, months=[JANUARY])
    real = issuing.ledger.post_bills

    def fails(*, bill_ids, account_ids, **values):
        if ids[3] in account_ids:
            raise ZeroDivisionError("this account cannot be posted")
        real(bill_ids=bill_ids, account_ids=account_ids, **values)

    monkeypatch.setattr(issuing.ledger, "post_bills", fails)
    run_id = bill()
    assert Bill.objects.filter(state="issued").count() == 9
    held = HeldBill.objects.get(run_id=run_id)
    assert (held.account_id, held.bill.state) == (ids[3], "held")
    prove()


@pytest.fixture
def statements(monkeypatch):
    """Every statement that goes over the wire, COPY included."""
    sent = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def count_execute(self, query, *args, **kwargs):
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    def count_copy(self, statement, *args, **kwargs):
        sent.append(str(statement))
        return copy(self, statement, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", count_execute)
    monkeypatch.setattr(psycopg.Cursor, "copy", count_copy)
    return sent


def _statements_of(statements, count, months, run):
    mass.supply(count=count, months=months)
    run_id = runs.open(period=months[-1], as_of_date=months[-1].end, actor=SYSTEM)
    statements.clear()
    chunks.rate_chunk(run_id=run_id)
    rated = list(statements)
    runs.finish_rating(run_id=run_id)
    runs.approve(run_id=run_id, actor=SYSTEM)
    statements.clear()
    run(run_id)
    issued = list(statements)
    runs.finish_issuing(run_id=run_id)
    return rated, issued


def test_the_number_of_statements_of_a_chunk_does_not_grow_with_it(statements):
    def issue_one(run_id):
        issuing.issue_chunk(run_id=run_id)

    _statements_of(statements, 1, [JANUARY], issue_one)  # plans are compiled, system accounts exist
    few = [len(sent) for sent in _statements_of(statements, 3, [JANUARY], issue_one)]
    many = [len(sent) for sent in _statements_of(statements, 300, [JANUARY], issue_one)]
    assert few == many
    assert few[0] <= 24, "rating"
    assert few[1] <= 19, "issuing"


def test_the_number_of_statements_of_a_correction_does_not_grow_with_it(statements):
    ids = list(mass.supply(count=40, months=[JANUARY, FEBRUARY, MARCH]))
    bill()

    def corrected(accounts, period):
        for account in accounts:
            use(account, JANUARY, 150_000 + period.start.month)
        run_id = runs.open(period=period, as_of_date=period.end, actor=SYSTEM, account_ids=ids)
        statements.clear()
        chunks.rate_chunk(run_id=run_id)
        count = len(statements)
        runs.finish_rating(run_id=run_id)
        issue(run_id)
        return count

    assert corrected(ids[:1], FEBRUARY) == corrected(ids, MARCH)
    prove()


def test_a_night_opens_rates_approves_and_issues_what_is_due():
    ids = mass.supply(count=6, months=[JANUARY])
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One", run_day=3)
    CycleMember.objects.bulk_create(CycleMember(account_id=account, cycle=cycle) for account in ids[:5])
    BillCycle.objects.create(code="c2", name_zh="二", name_en="Two", run_day=3)
    forget(ids[0], JANUARY)
    at = mass.noon(date(2025, 2, 3))
    nights.night(at)
    nights.night(at)
    run = BillRun.objects.get()
    assert (run.state, run.is_unattended, run.cycle_id) == ("issued", True, cycle.id)
    assert (run.start_date, run.end_date, run.as_of_date) == (JANUARY.start, JANUARY.end, date(2025, 2, 3))
    assert sorted(Bill.objects.values_list("account_id", flat=True)) == list(ids[1:5])
    assert list(HeldBill.objects.values_list("account_id", "code")) == [(ids[0], "missing_read")]
    prove()


def test_before_its_run_day_a_cycle_bills_the_month_before_the_last():
    ids = mass.supply(count=1, months=[JANUARY])
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One", run_day=20)
    CycleMember.objects.create(account_id=ids[0], cycle=cycle)
    assert runs.open_due(cycle_id=cycle.id, today=date(2025, 3, 19)) is not None
    assert BillRun.objects.get().start_date == JANUARY.start


def test_an_attended_run_waits_for_its_approval():
    mass.supply(count=2, months=[JANUARY])
    run_id = runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM)
    nights.work(mass.noon(date(2025, 2, 1)))
    assert BillRun.objects.get(id=run_id).state == RunState.RATED
    runs.approve(run_id=run_id, actor=SYSTEM)
    nights.work(mass.noon(date(2025, 2, 1)))
    assert BillRun.objects.get(id=run_id).state == RunState.ISSUED


def test_a_month_that_no_night_billed_is_made_up_for():
    ids = mass.supply(count=2, months=[JANUARY, FEBRUARY, MARCH])
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One", run_day=3)
    CycleMember.objects.bulk_create(CycleMember(account_id=account, cycle=cycle) for account in ids)
    nights.night(mass.noon(date(2025, 2, 3)))
    for day in (5, 6, 7):  # the machine stood still in March
        nights.night(mass.noon(date(2025, 4, day)))
    assert list(BillRun.objects.order_by("id").values_list("start_date", flat=True)) == [
        JANUARY.start,
        FEBRUARY.start,
        MARCH.start,
    ]
    assert Bill.objects.filter(state="issued").count() == 6
    prove()


def test_an_old_month_is_billed_again_after_prices_changed_long_since():
    months = [JANUARY, FEBRUARY, MARCH]
    ids = mass.supply(count=1, months=months)
    late = [Period(add_months(MARCH.end, n), add_months(MARCH.end, n + 1)) for n in range(12)]
    version = TariffVersion.objects.get()
    version.period = DateRange(version.period.lower, date(2026, 3, 1))
    version.save()
    tariffs.version(of=version.tariff, source=mass.SIX_LINES.replace("0.617", "0.717"), start_date=date(2026, 3, 1))
    for usage in Usage.objects.filter(service_point_id=ids[0], start_date=JANUARY.start):
        for month in late:
            usage.id = None
            usage.start_date, usage.end_date = month.start, month.end
            usage.save()
    for month in [*months, *late]:
        bill(month)
    assert Bill.objects.filter(state="issued").count() == 15
    bill()
    assert not HeldBill.objects.exists()
    assert Bill.objects.count() == 15
