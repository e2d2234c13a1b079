"""The journal of a month: it comes to the trial balance, the same bytes each time, under the numbers of the chart."""

import csv
import io
import re
from collections import defaultdict
from datetime import date
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.domain import journals as domain
from billing.domain.channels import PaymentChannel
from billing.models.chart import ChartEntry
from billing.operations import bills, charts, payments, periods
from billing.operations.charts import BadChartEntry
from billing.queries import journals, reports
from billing.queries.journals import UnmappedAccounts
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor(ActorKind.STAFF, 1, "Anna", frozenset({Role.BILLING}))
BERT = Actor(ActorKind.STAFF, 2, "Bert", frozenset({Role.SUPERVISOR}))
FEBRUARY, MARCH, TODAY = date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 10)
NUMBERS = {
    "customer": ("1122", "应收账款"), "cash.bank": ("1002-01", "银行存款"), "revenue.energy": ("6001", 'Energy, "all"'),
    "liability.vat": ("2221", "应交增值税"),
}  # fmt: skip
POSTING = re.compile(r"^  ([A-Z][a-z]+):([A-Z0-9][\w-]*)  (-?\d+\.\d\d) CNY$")


@pytest.fixture
def world():
    accounts.supplier()
    made = contracts.world()
    first = billing.issued(world=made)
    billing.issued(world=contracts.world())
    for reference, on in (("r1", date(2026, 2, 27)), ("r2", date(2026, 2, 27)), ("r3", date(2026, 3, 5))):
        payments.receive(
            account_id=made.account.id, amount_minor=1_001, channel=PaymentChannel.BANK, reference=reference,
            received_date=on, today=TODAY, actor=SYSTEM,
        )  # fmt: skip
    bills.cancel(bill_id=first.id, reason="wrong", as_of_date=date(2026, 3, 3), actor=ANNA)
    return made


def number(codes=tuple(NUMBERS), since=date(2020, 1, 1)):
    for code in codes:
        charts.enter(code=code, since_month=since, number=NUMBERS[code][0], name=NUMBERS[code][1], actor=ANNA)


def close(month):
    periods.propose(month=month, today=TODAY, actor=ANNA)
    periods.close(month=month, today=TODAY, actor=BERT)


def told(month):
    found = journals.of_month(month=month, today=TODAY)
    return domain.plain_text(found), domain.table(found)


def balances_of(month):
    by_number = {NUMBERS[one.code][0]: one for one in reports.trial_balance(month=month)}
    return {
        key: (one.debit_minor, one.credit_minor)
        for key, one in by_number.items()
        if one.debit_minor or one.credit_minor
    }


@pytest.mark.parametrize("month", [FEBRUARY, MARCH])
def test_both_formats_come_to_the_trial_balance_and_each_entry_to_nothing(world, month):
    number()
    text, table = told(month)
    sums = defaultdict(lambda: [0, 0])
    for entry in text.split("\n\n")[1:]:
        amounts = [POSTING.match(line).groups() for line in entry.rstrip("\n").split("\n")[1:]]
        assert sum(Fraction(amount) for _, _, amount in amounts) == 0
        for _, name, amount in amounts:
            sums[name][Fraction(amount) < 0] += abs(Fraction(amount)) * 100
    assert {key: tuple(sides) for key, sides in sums.items()} == balances_of(month)
    rows = list(csv.DictReader(io.StringIO(table)))
    again = defaultdict(lambda: [0, 0])
    for row in rows:
        again[row["number"]][0] += Fraction(row["debit"] or 0) * 100
        again[row["number"]][1] += Fraction(row["credit"] or 0) * 100
    assert {key: tuple(sides) for key, sides in again.items()} == balances_of(month)


def test_movements_of_a_day_and_pair_are_one_entry(world):
    number()
    text, _ = told(FEBRUARY)
    assert (
        '2026-02-27 * "payment" "cash.bank from customer, 2"\n  Assets:1002-01  20.02 CNY\n  Assets:1122  -20.02 CNY'
        in text
    )


def test_a_closed_month_is_the_same_bytes_whatever_comes_later(world):
    number()
    close(FEBRUARY)
    before = told(FEBRUARY)
    assert "closed " in before[0].split("\n")[0]
    payments.receive(
        account_id=world.account.id, amount_minor=7, channel=PaymentChannel.BANK, reference="late",
        received_date=date(2026, 2, 20), today=TODAY, actor=SYSTEM,
    )  # fmt: skip
    with pytest.raises(BadChartEntry):
        charts.enter(code="customer", since_month=FEBRUARY, number="9999", name="x", actor=ANNA)
    charts.enter(code="customer", since_month=MARCH, number="9999", name="x", actor=ANNA)
    assert told(FEBRUARY) == before
    march = told(MARCH)[0]
    assert "Assets:9999" in march
    assert '2026-03-01 * "payment"' in march  # what came late is dated in the month it is posted in


def test_accounts_without_a_number_are_named_and_may_get_one_for_a_closed_month(world):
    number(["customer", "cash.bank"])
    close(FEBRUARY)
    with pytest.raises(UnmappedAccounts) as caught:
        told(FEBRUARY)
    assert {one.where for one in caught.value.detail["findings"]} == {"revenue.energy", "liability.vat"}
    number(["revenue.energy", "liability.vat"])
    told(FEBRUARY)


@pytest.mark.parametrize(
    ("code", "given", "name"),
    [
        ("customer", "a b", "x"),
        ("customer", "", "x"),
        ("customer", "1122", " "),
        ("nothing.x", "1", "x"),
        ("cash", "1", "x"),
    ],
)
def test_what_no_chart_has_is_refused(code, given, name):
    with pytest.raises(BadChartEntry):
        charts.enter(code=code, since_month=FEBRUARY, number=given, name=name, actor=ANNA)
    with pytest.raises(NotAllowed):
        charts.enter(code="customer", since_month=FEBRUARY, number="1", name="x", actor=SYSTEM)
    assert not ChartEntry.objects.exists()


def test_the_same_entry_twice_is_one_and_stays():
    number(["customer"])
    number(["customer"])
    assert ChartEntry.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        ChartEntry.objects.update(number="2")


def test_the_chart_opens_each_account_once(world):
    number()
    charts.enter(code="cash.online", since_month=MARCH, number="1002-01", name="银行存款", actor=ANNA)
    text = domain.opening_text(journals.chart(), currency="CNY")
    assert text.count("Assets:1002-01 ") == 1
    assert '2020-01-01 open Income:6001 CNY\n  name: "Energy, \\"all\\""' in text


def test_it_costs_a_fixed_number_of_statements(world):
    number()
    with CaptureQueriesContext(connection) as asked:
        told(MARCH)
    assert len(asked) <= 7
