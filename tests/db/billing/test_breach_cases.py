"""Theft: its cost is what bills say, measured when it is proposed and again when it is agreed to, never typed."""

from datetime import date
from fractions import Fraction

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill
from billing.models.charge import BillCharge
from billing.models.run import HeldBill
from billing.operations import breach_cases
from billing.queries import open_amounts
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.breach_claims import Claim, Tampering, Theft
from contracts.domain.breaches import BreachKind, ChargeKind
from contracts.models.agreement import AgreementTerm
from contracts.models.charge import BreachCase
from contracts.queries import breaches as queries
from metering.domain.correction_orders import AddedEnergy, Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.models.device import Installation
from metering.models.usage import Usage
from metering.operations.correction_writing import UsageMoved
from metering.operations.corrections import KeyTaken
from tariffs.models.tariff import TariffVersion
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, prove, use
from tests.factories import mass

pytestmark = pytest.mark.django_db

FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
THIRD = Actor(ActorKind.STAFF, 3, "third", frozenset({Role.BILLING}))
TODAY = date(2025, 4, 1)


@pytest.fixture
def account():
    """January and February are billed, March is used."""
    (found,) = mass.supply(count=1, months=[JANUARY, FEBRUARY, MARCH])
    hang(found)
    bill(JANUARY)
    bill(FEBRUARY)
    return found


def hang(account):
    Installation.objects.create(
        meter_id=account, service_point_id=account, multiplier=1, period=DateRange(mass.START, None)
    )


def order(account, **values):
    given = {
        "service_point_id": account,
        "meter_id": account,
        "cause": Cause.THEFT,
        "since_date": JANUARY.start,
        "until_date": MARCH.start,
        "amount": Scale(factor=Fraction(2)),
        "evidence": "lead before the meter",
        "is_customer_fault": True,
    }
    return Order(**{**given, **values})


def claim(account, fact=None, **values):
    values.setdefault("evidence", "lead before the meter")
    return Claim(
        agreement_id=account, kind=BreachKind.THEFT, found_date=MARCH.start, fact=fact or Theft(computed_minor=None),
        **values,
    )  # fmt: skip


def propose(account, *, key="k", order_=None, **values):
    return breach_cases.propose(
        claim=claim(account, **values), order=order_ or order(account), request_key=key, today=TODAY, actor=FIRST
    )


def billed(account):
    return sum(Bill.objects.filter(account_id=account, state="issued").values_list("amount_minor", flat=True))


def test_the_penalty_is_three_times_what_the_next_bill_says_that_the_energy_costs(account):
    before = billed(account)
    shown = breach_cases.work_out(claim=claim(account), order=order(account), today=TODAY, actor=FIRST)
    assert not BreachCase.objects.exists()
    assert not UsageCorrection.objects.exists()
    found = propose(account)
    assert Usage.objects.filter(correction__isnull=False).count() == 0
    breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)
    card = queries.one(case_id=found)
    assert [(one.kind, one.amount_minor) for one in card.charges] == [(ChargeKind.PENALTY, 3 * card.owed_minor)]
    assert card.charges[0].amount_minor == shown.charged_minor
    march = Usage.objects.filter(start_date=MARCH.start)
    march.update(energy_wh=0)
    bill(MARCH)
    stolen = billed(account) - before - card.amount_minor
    assert stolen == card.owed_minor == shown.cost.amount_minor
    assert sum(amount for _, amount in shown.cost.months) == stolen
    assert len(shown.cost.months) == 2
    assert card.steps[-1].code == "stolen_cost"
    prove()


def test_days_that_no_bill_has_reached_count_too(account):
    """Until the middle of March: what is not billed yet is rated up to that day."""
    whole = order(account, until_date=MARCH.end)
    shown = breach_cases.work_out(claim=claim(account), order=whole, today=TODAY, actor=FIRST)
    assert [period for period, _ in shown.cost.months] == [JANUARY, FEBRUARY, MARCH]
    before = billed(account)
    plain = _march_alone(account)
    breach_cases.agree(case_id=propose(account, order_=whole), today=TODAY, actor=SECOND)
    bill(MARCH)
    card = queries.one(case_id=BreachCase.objects.get().id)
    assert billed(account) - before - plain - card.amount_minor == card.owed_minor == shown.cost.amount_minor


def _march_alone(account):
    found = open_amounts.of_account(account_id=account, since_date=MARCH.start, until_date=MARCH.end)
    return found.total_minor


def test_other_corrections_that_wait_for_a_bill_are_not_counted_as_stolen(account):
    shown = breach_cases.work_out(claim=claim(account), order=order(account), today=TODAY, actor=FIRST)
    february = order(account, since_date=FEBRUARY.start)
    alone = breach_cases.work_out(claim=claim(account), order=february, today=TODAY, actor=FIRST)
    use(account, JANUARY, 900_000)
    later = breach_cases.work_out(claim=claim(account), order=february, today=TODAY, actor=FIRST)
    assert 0 < alone.cost.amount_minor < shown.cost.amount_minor
    assert len(later.cost.months) == 1


def test_usage_that_has_moved_is_not_agreed_to(account):
    added = order(account, amount=AddedEnergy(energy_wh=9_000_000))
    found = propose(account, order_=added)
    Usage.objects.filter(start_date__lt=MARCH.start, period_of_use="valley").update(energy_wh=70_000_000)
    with pytest.raises(UsageMoved):
        breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)
    assert BreachCase.objects.get().state == "proposed"
    assert UsageCorrection.objects.get().state == "proposed"
    breach_cases.drop(case_id=found, actor=FIRST)
    breach_cases.agree(case_id=propose(account, key="again", order_=added), today=TODAY, actor=SECOND)


def test_the_cost_may_move_where_usage_does_not(account):
    """As by a price that was published since."""
    found = propose(account)
    BreachCase.objects.update(computed_minor=1, owed_minor=1)
    with pytest.raises(breach_cases.CostMoved):
        breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)
    assert UsageCorrection.objects.get().state == "proposed"


def test_energy_that_cannot_be_billed_has_a_cost_only_with_a_reason(account):
    term = AgreementTerm.objects.get(agreement=account)
    TariffVersion.objects.filter(tariff_id=term.tariff_id).update(period=DateRange(date(2020, 1, 1), MARCH.start))
    whole = order(account, until_date=MARCH.end)
    with pytest.raises(breach_cases.CostUnknown, match="no published version"):
        propose(account, order_=whole)
    found = propose(account, order_=whole, fact=Theft(computed_minor=None, given_minor=700, reason="by the court"))
    card = queries.one(case_id=found)
    assert (card.owed_minor, card.computed_minor, card.amount_minor) == (700, None, 2_100)
    breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)


def test_a_cancelled_theft_is_taken_back_with_its_penalty(account):
    before = billed(account)
    found = propose(account, fact=Theft(computed_minor=None, tampering=Tampering(is_home=True)))
    breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)
    Usage.objects.filter(start_date=MARCH.start).update(energy_wh=0)
    bill(MARCH)
    assert BillCharge.objects.count() == 2
    breach_cases.ask_cancel(case_id=found, reason="not his", actor=SECOND)
    breach_cases.cancel(case_id=found, actor=THIRD)
    bill(MARCH)
    # Two took it back: nobody is asked a third time whether money goes back.
    assert not HeldBill.objects.exists()
    assert billed(account) == before
    prove()


def test_one_request_is_one_case_and_another_order_is_refused(account):
    assert propose(account) == propose(account)
    with pytest.raises(KeyTaken):
        propose(account, order_=order(account, amount=Scale(factor=Fraction(3))))
    assert BreachCase.objects.count() == 1
