"""Which debits the night plans: by the local day, under the locks of the ledger, and by what was collected before."""

from datetime import UTC, date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.domain.channels import PaymentChannel
from billing.models.payment import Payment
from billing.operations import payments
from cashiering.models.debit import Debit, DebitBatch
from cashiering.operations import debit_batches, debit_follow_ups, debit_reports, debits, posting
from cashiering.queries import debit_rules
from cis.platform.packs import MissingRule
from tests.factories import accounts, billing, contracts
from tests.factories.debits import CLERK, at, listen, night, signed
from tests.killed import check_at_once, check_killed

pytestmark = pytest.mark.django_db(transaction=True)
SIGNED, NIGHT, SENT = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 14)
COLLECTED = date(2026, 2, 24)
BOUNCING = 60


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def owed(world, **values):
    with time_machine.travel(at(SIGNED, 1), tick=False):
        return billing.issued(world=world, **values)


def states():
    return list(Debit.objects.order_by("id").values_list("state", flat=True))


def test_a_rule_holds_from_its_first_local_day_on(world, monkeypatch):
    """The night of a day in Shanghai is the day before by UTC, which is how jobs name their time."""
    real = debit_rules.rule

    def from_night(*, at):
        if at < NIGHT:
            raise MissingRule("not yet")
        return real(at=at)

    owed(world)
    signed(world, on=SIGNED)
    monkeypatch.setattr(debit_rules, "rule", from_night)
    debits.plan(at(NIGHT).astimezone(UTC))
    assert states() == ["planned"]
    Debit.objects.update(collection_date=NIGHT)
    debit_batches.work(at(NIGHT).astimezone(UTC))
    assert states() == ["batched"]


def locks_before_it_plans(work):
    with CaptureQueriesContext(connection) as asked:
        work()
    told = [one["sql"] for one in asked]
    locked = next(place for place, sql in enumerate(told) if "billing_ledgeraccount" in sql and "FOR UPDATE" in sql)
    return locked < next(place for place, sql in enumerate(told) if sql.startswith('INSERT INTO "cashiering_debit"'))


def test_debits_are_planned_under_the_locks_that_a_disconnection_takes(world):
    owed(world, kwh=BOUNCING)
    signed(world, on=SIGNED)
    assert locks_before_it_plans(lambda: debits.plan(at(NIGHT)))
    night(SENT)
    listen(COLLECTED + timedelta(days=1))
    back = COLLECTED + timedelta(days=3)
    with time_machine.travel(at(back, 12), tick=False):
        debit_reports.take_files(at(back, 12))
        posting.work(at(back, 12))
        assert states() == ["returned"]
        assert locks_before_it_plans(lambda: debit_follow_ups.work(at(back, 12)))
    assert states() == ["returned", "planned"]


def collected(account, mandate_id, bill, amounts, *, payer, state="collected"):
    """Debits of an account that were paid in the days before the mandate, the oldest first."""
    for place, amount in enumerate(amounts):
        day = SIGNED - timedelta(days=len(amounts) - place)
        payments.receive(
            account_id=payer.id, amount_minor=amount, channel=PaymentChannel.CASH,
            reference=f"{account.id} {state} {place}", received_date=day, today=day, actor=CLERK,
        )  # fmt: skip
        Debit.objects.create(
            mandate_id=mandate_id, account=account, bill=bill, state=state, amount_minor=amount, collection_date=day,
            payment=Payment.objects.latest("id"), handled_at=at(day),
        )  # fmt: skip


@pytest.mark.parametrize(("upper", "state"), [(1_268, "planned"), (1_267, "held")])
def test_a_debit_above_so_many_times_the_median_of_the_last_twelve_is_held(world, upper, state):
    """Neither the thirteenth nor one that came back says what is usual, nor what was debited of another account."""
    other = contracts.world()
    given = {
        "mandate_id": signed(world, on=SIGNED), "payer": contracts.world().account,
        "bill": billing.issued(world=world, kwh=1, start_date=date(2024, 1, 1), end_date=date(2024, 2, 1)),
    }  # fmt: skip
    collected(world.account, amounts=[1_000_000, *[1_200, upper] * 6], **given)
    collected(world.account, amounts=[1_000_000], state="returned", **given)
    collected(other.account, amounts=[1_000_000] * 3, **given)
    bill = owed(world, kwh=BOUNCING)
    debits.plan(at(NIGHT))
    made = Debit.objects.get(bill=bill)
    assert (made.amount_minor, made.state) == (3_702, state)  # three times 12.34, by the pack


def test_debits_are_planned_and_batched_once_wherever_the_night_dies(world, monkeypatch):
    monkeypatch.setattr(debits, "CHUNK", 1)
    monkeypatch.setattr(debit_batches, "CHUNK", 1)
    for one in (world, contracts.world()):
        owed(one)
        signed(one, on=SIGNED)

    def nights():
        debits.plan(at(NIGHT))
        debit_batches.work(at(SENT))

    assert check_killed(nights) == 4
    check_at_once(nights)
    assert states() == ["batched", "batched"]
    assert list(DebitBatch.objects.values_list("debit_count", "amount_minor")) == [(1, 6_170)] * 2
