"""Accruals of revenue: what they come to by hand, where they stand in the books, who is not in them, once a month."""

from datetime import date
from fractions import Fraction

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.domain.adjustments import Limits
from billing.models.accrual import AccrualAccount, AccrualLine, AccrualPosting, RevenueAccrual
from billing.models.bill import Bill
from billing.models.ledger import Transfer
from billing.operations import accruals, accruing, bills, periods
from billing.operations.accruals import AccrualMonthClosed, BadAccrual, OwnAccrual
from billing.queries import accrual_rules, reports
from billing.queries import accruals as queries
from billing.queries.accruals import UnknownAccrual
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from cis.kernel.workflow import NotAllowed
from cis.platform.models import AuditEvent, Job
from metering.models.read import RegisterRead
from metering.models.usage import Usage
from metering.operations import usage
from tests.db.billing.night import bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor(ActorKind.STAFF, 1, "Anna", frozenset({Role.BILLING}))
BERT = Actor(ActorKind.STAFF, 2, "Bert", frozenset({Role.SUPERVISOR}))
CLEO = Actor(ActorKind.STAFF, 3, "Cleo", frozenset({Role.CLERK}))
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
TODAY = date(2026, 3, 4)
DONE = Period(JANUARY, FEBRUARY)


def net_of(kwh):
    """The oracle: kWh at 0.617 yuan with 13 % VAT inside, by the schoolbook. [fen]"""
    gross = int(Fraction(kwh) * Fraction(617, 10) + Fraction(1, 2))
    return gross - int(Fraction(gross) * Fraction(13, 113) + Fraction(1, 2))


def home(version, reads):
    """A supplied home at one price, with the counter of some days."""
    account = accounts.account(holder=accounts.customer(), opened_date=JANUARY)
    place = contracts.service_point()
    contracts.agreement(account=account, service_point=place, tariff=version.tariff, start_date=JANUARY)
    meter = metering.meter()
    metering.installation(of=meter, at=place)
    for day, kwh in reads.items():
        metering.read(of=meter.registers.get(), on=day, kwh=kwh)
    return account, meter.registers.get()


@pytest.fixture
def version():
    accounts.supplier()
    return tariffs.version(source=tariffs.TAXED)


@pytest.fixture
def homes(version):
    """January is billed of three of four; of February one is known whole, one up to the 16th, two not at all."""
    made = [
        home(version, {JANUARY: 0, FEBRUARY: 100}),
        home(version, {JANUARY: 0, FEBRUARY: 50}),
        home(version, {JANUARY: 0, FEBRUARY: 70}),
    ]
    usage.approve(start_date=JANUARY, end_date=FEBRUARY)
    bill(DONE)
    made.append(home(version, {}))
    metering.read(of=made[0][1], on=MARCH, kwh=233)
    metering.read(of=made[1][1], on=date(2026, 2, 16), kwh=90)
    return made


def made(month=FEBRUARY, today=TODAY):
    accrual_id = accruals.open_new(month=month, today=today, actor=ANNA)
    accruing.work(timezone.now())
    return accrual_id


def posted(**values):
    accrual_id = made(**values)
    accruals.post(accrual_id=accrual_id, today=TODAY, actor=ANNA)
    return accrual_id


def balance(month):
    return {line.code: (line.debit_minor, line.credit_minor) for line in reports.trial_balance(month=month)}


def test_what_is_unbilled_stands_in_the_month_and_is_taken_back_in_the_next(homes):
    accrual_id = posted()
    net = net_of(133) + net_of(40)
    outcomes = {one.account_id: (one.outcome, one.reason) for one in AccrualAccount.objects.all()}
    assert [outcomes[account.id] for account, _ in homes] == [
        ("accrued", ""), ("partly", ""), ("not_rated", "no_usage"), ("not_rated", "no_usage"),
    ]  # fmt: skip
    assert queries.one(accrual_id=accrual_id).net_minor == net
    first = AccrualLine.objects.get(account=homes[0][0])
    assert (first.amount_minor - first.tax_minor, first.ledger_class) == (net_of(133), "energy")
    assert first.tax_minor > 0
    rows = Transfer.objects.filter(kind="accrual").order_by("id")
    assert [(one.occurred_date, one.period, one.debit.code, one.credit.code, one.amount_minor) for one in rows] == [
        (date(2026, 2, 28), FEBRUARY, "asset.unbilled", "revenue.energy", net),
        (MARCH, MARCH, "revenue.energy", "asset.unbilled", net),
    ]
    # The bills of January were posted in February; the accrual is beside them, without VAT.
    assert balance(FEBRUARY)["asset.unbilled"] == (net, 0)
    assert balance(MARCH)["asset.unbilled"] == (0, net)
    assert not Usage.objects.filter(start_date__gte=FEBRUARY).exists()
    assert Job.objects.get(name="accruals").state == "done"
    prove()


def test_bills_that_came_after_the_months_end_do_not_count_yet(homes):
    """January, accrued when its bills of 1 February are out: at its end nothing of it was on a bill."""
    before = list(Bill.objects.order_by("id").values_list("id", "number", "state"))
    accrual_id = posted(month=JANUARY)
    assert queries.one(accrual_id=accrual_id).net_minor == net_of(100) + net_of(50) + net_of(70)
    assert list(Bill.objects.order_by("id").values_list("id", "number", "state")) == before
    # So what was billed later for those days is the same to the cent.
    told = queries.back_test(accrual_id=accrual_id)
    assert (told.accounts, told.billed_accounts, told.difference_minor, told.percent_e2) == (3, 3, 0, 0)
    # One that is taken back since was on a bill at the end of February, so it is not accrued there.
    bills.cancel(bill_id=before[0][0], reason="wrong", as_of_date=TODAY, actor=BERT)
    posted()
    assert AccrualAccount.objects.filter(accrual__month=FEBRUARY, account=homes[0][0]).get().billed_until == FEBRUARY
    prove()


def test_it_is_set_against_what_was_billed_later(homes):
    accrual_id = posted()
    waiting = queries.back_test(accrual_id=accrual_id)
    assert (waiting.accounts, waiting.billed_accounts, waiting.percent_e2) == (2, 0, None)
    # Of the second home 20 kWh more came until the end of the month: 60 in 28 days, of which 15 were accrued.
    metering.read(of=homes[1][1], on=MARCH, kwh=110)
    usage.approve(start_date=FEBRUARY, end_date=MARCH)
    bill(Period(FEBRUARY, MARCH))
    told = queries.back_test(accrual_id=accrual_id)
    share = Fraction(net_of(60) * 15, 28)
    assert (told.billed_accounts, told.accrued_minor) == (2, net_of(133) + net_of(40))
    assert told.billed_minor == net_of(133) + int(share + Fraction(1, 2))
    rows = {one.account_id: one for one in queries.accounts(accrual_id=accrual_id, most=10)}
    assert rows[homes[0][0].id].billed_minor == rows[homes[0][0].id].accrued_minor == net_of(133)
    assert rows[homes[2][0].id].accrued_minor is None


def test_what_corrections_change_of_billed_days_is_in_it(homes):
    """10 kWh too much were billed of January; known before the accrual of February, it is billed with February."""
    account, register = homes[2]
    RegisterRead.objects.filter(register=register, read_date=FEBRUARY).update(reading_wh=60_000)
    usage.approve(start_date=JANUARY, end_date=FEBRUARY)
    metering.read(of=register, on=MARCH, kwh=130)
    accrual_id = posted()
    lines = AccrualLine.objects.filter(accrual_id=accrual_id, account=account)
    assert sum(one.amount_minor - one.tax_minor for one in lines) == net_of(60) - net_of(70) + net_of(70)
    usage.approve(start_date=FEBRUARY, end_date=MARCH)
    bill(Period(FEBRUARY, MARCH))
    row = next(one for one in queries.accounts(accrual_id=accrual_id, most=10) if one.account_id == account.id)
    assert row.billed_minor == row.accrued_minor
    prove()


def test_who_has_moved_out_is_accrued_to_his_last_day(version):
    account, _ = home(version, {JANUARY: 0, date(2026, 1, 21): 80})
    account.agreements.update(period=DateRange(JANUARY, date(2026, 1, 21)))
    made(month=JANUARY)
    one = AccrualAccount.objects.get()
    assert (one.outcome, one.told_until) == ("accrued", date(2026, 1, 21))
    assert AccrualLine.objects.get().amount_minor == 4936


def test_made_anew_it_takes_the_place_of_the_one_before(homes):
    first = posted()
    metering.read(of=homes[2][1], on=MARCH, kwh=80)
    second = posted()
    net = net_of(133) + net_of(40) + net_of(10)
    assert queries.of_month(month=FEBRUARY).id == second
    assert RevenueAccrual.objects.get(id=first).replaced_by_id == second
    debit, credit = balance(FEBRUARY)["asset.unbilled"]
    assert debit - credit == net
    debit, credit = balance(MARCH)["asset.unbilled"]
    assert debit - credit == -net
    prove()


def test_a_month_takes_one_when_it_is_over_and_until_it_is_closed(homes):
    with pytest.raises(BadAccrual):
        made(today=date(2026, 2, 28))
    with pytest.raises(NotAllowed):
        accruals.open_new(month=FEBRUARY, today=TODAY, actor=CLEO)
    waits = made()
    assert made() == waits
    periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)
    periods.close(month=FEBRUARY, today=TODAY, actor=BERT)
    for closed in (JANUARY, FEBRUARY):
        with pytest.raises(AccrualMonthClosed):
            made(month=closed)
    with pytest.raises(AccrualMonthClosed):
        accruals.post(accrual_id=waits, today=TODAY, actor=ANNA)
    assert not Transfer.objects.filter(kind="accrual").exists()
    accruals.drop(accrual_id=waits, actor=ANNA)
    with pytest.raises(UnknownAccrual):
        accruals.post(accrual_id=waits, today=TODAY, actor=ANNA)
    prove()


def test_above_the_limit_of_a_role_two_post_it(homes, monkeypatch):
    """The rule of the place is set just below and at what the accrual moves."""
    net = net_of(133) + net_of(40)
    low = Limits(alone_minor={Role.BILLING: net - 1, Role.SUPERVISOR: net}, day_minor={Role.BILLING: 2**62, Role.SUPERVISOR: 2**62})  # fmt: skip
    monkeypatch.setattr(accrual_rules, "limits", lambda *, at: low)
    waits = made()
    assert not accruals.post(accrual_id=waits, today=TODAY, actor=ANNA)
    assert (queries.one(accrual_id=waits).state, queries.one(accrual_id=waits).asker_id) == ("rated", ANNA.id)
    assert not Transfer.objects.filter(kind="accrual").exists()
    with pytest.raises(BadAccrual):
        accruals.post(accrual_id=waits, today=TODAY, actor=BERT)
    with pytest.raises(OwnAccrual):
        accruals.decide(accrual_id=waits, is_agreed=True, today=TODAY, actor=ANNA)
    with pytest.raises(NotAllowed):
        accruals.decide(accrual_id=waits, is_agreed=True, today=TODAY, actor=CLEO)
    accruals.decide(accrual_id=waits, is_agreed=False, today=TODAY, actor=BERT)
    assert (queries.one(accrual_id=waits).state, queries.one(accrual_id=waits).asker_id) == ("rated", None)
    accruals.post(accrual_id=waits, today=TODAY, actor=ANNA)
    accruals.decide(accrual_id=waits, is_agreed=True, today=TODAY, actor=BERT)
    card = queries.one(accrual_id=waits)
    assert (card.state, card.net_minor, card.poster_id) == ("posted", net, BERT.id)
    told = AuditEvent.objects.filter(subject="accrual", subject_id=waits).values_list("action", flat=True)
    assert [*told.order_by("id")] == [
        "open", "propose_accrual_posting", "drop_accrual_posting", "propose_accrual_posting", "post",
    ]  # fmt: skip
    # A supervisor does so much alone, a program nothing.
    assert accruals.post(accrual_id=made(), today=TODAY, actor=BERT)
    program = Actor(ActorKind.CLIENT, 7, "books")
    monkeypatch.undo()
    assert not accruals.post(accrual_id=made(), today=TODAY, actor=program)
    # One that is dropped takes its proposal with it.
    accruals.drop(accrual_id=made(), actor=ANNA)
    assert not AccrualPosting.objects.filter(state="proposed").exists()
    prove()


def test_one_that_cannot_be_rated_is_named_and_keeps_no_other_from_it(version, monkeypatch):
    many = [home(version, {JANUARY: 0, FEBRUARY: 100}) for _ in range(3)]
    wrong = many[1][0].id
    found = accruing.rate

    def rate(*, account_ids, **values):
        if wrong in account_ids:
            raise ValueError("odd")
        return found(account_ids=account_ids, **values)

    monkeypatch.setattr(accruing, "rate", rate)
    accrual_id = made(month=JANUARY)
    one = AccrualAccount.objects.get(account_id=wrong)
    assert (one.outcome, one.reason, one.text) == ("not_rated", "unforeseen", "ValueError: odd")
    told = {(one.outcome, one.accounts) for one in queries.coverage(accrual_id=accrual_id)}
    assert told == {("accrued", 2), ("not_rated", 1)}
    assert sum(one.net_minor for one in queries.totals(accrual_id=accrual_id)) == 2 * net_of(100)


def test_six_accounts_take_as_many_statements_as_two(version):
    def counted():
        accrual_id = accruals.open_new(month=JANUARY, today=TODAY, actor=ANNA)
        with CaptureQueriesContext(connection) as told:
            accruing.work(timezone.now())
            accruals.post(accrual_id=accrual_id, today=TODAY, actor=ANNA)
        return len(told)

    reads = {JANUARY: 0, FEBRUARY: 100}
    for _ in range(2):
        home(version, reads)
    posted(month=JANUARY)
    two = counted()
    for _ in range(4):
        home(version, reads)
    assert counted() == two
    assert AccrualLine.objects.filter(accrual__state="posted").count() == 6
