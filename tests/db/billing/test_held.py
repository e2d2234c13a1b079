"""Accounts that a run does not finish by itself."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill, BillState
from billing.models.run import BillRun, HeldBill
from billing.operations import held, runs
from cis.kernel.actors import SYSTEM
from metering.models.usage import Usage
from tariffs.models.tariff import TariffVersion
from tests.db.billing.night import FEBRUARY, JANUARY, bill, forget, issue, prove, rate, use
from tests.factories import mass, tariffs

pytestmark = pytest.mark.django_db

HUGE_WH = 9_000_000_000
TODAY = date(2025, 3, 5)


def hold_one(wh=HUGE_WH):
    """Three accounts of which the first is out of bounds, billed but for that one."""
    ids = mass.supply(count=3, months=[JANUARY, FEBRUARY])
    use(ids[0], JANUARY, wh)
    run_id = bill()
    return ids, run_id, HeldBill.objects.get(run_id=run_id)


def test_a_bill_out_of_bounds_is_held_with_its_draft_and_the_others_are_issued():
    ids, _, one = hold_one()
    assert (one.account_id, one.bill.state) == (ids[0], "held")
    assert one.code == "usage_very_high"
    assert "above" in one.message
    assert one.advice
    assert Bill.objects.filter(state="issued").count() == 2
    prove()


def test_a_released_bill_is_issued_at_once_when_its_run_is_over():
    ids, _, one = hold_one()
    held.release(held_id=one.id, today=TODAY, actor=SYSTEM)
    mine = Bill.objects.get(account_id=ids[0])
    assert (mine.state, mine.issue_date, int(mine.number)) == ("issued", TODAY, 3)
    one.refresh_from_db()
    assert one.state == "released"
    prove()
    with pytest.raises(held.NotHeld):
        held.release(held_id=one.id, today=TODAY, actor=SYSTEM)


def test_a_bill_released_before_approval_is_issued_with_its_run():
    ids = mass.supply(count=2, months=[JANUARY])
    use(ids[0], JANUARY, HUGE_WH)
    run_id = rate()
    held.release(held_id=HeldBill.objects.get().id, today=TODAY, actor=SYSTEM)
    issue(run_id)
    assert set(Bill.objects.values_list("state", "issue_date")) == {("issued", JANUARY.end)}
    prove()


def test_a_dropped_bill_leaves_nothing():
    ids, _, one = hold_one()
    held.drop(held_id=one.id, actor=SYSTEM)
    assert not Bill.objects.filter(account_id=ids[0]).exists()
    one.refresh_from_db()
    assert (one.state, one.bill_id) == ("dropped", None)
    prove()


def test_a_missing_read_is_retried_once_it_has_come():
    ids = mass.supply(count=3, months=[JANUARY])
    forget(ids[1], JANUARY)
    run_id = bill()
    one = HeldBill.objects.get()
    assert (one.code, one.bill_id) == ("missing_read", None)
    with pytest.raises(held.NothingToRelease):
        held.release(held_id=one.id, today=TODAY, actor=SYSTEM)
    for other in Usage.objects.filter(service_point_id=ids[0]):
        other.id = None
        other.service_point_id = ids[1]
        other.register_id += 2
        other.save()
    held.retry(held_id=one.id, actor=SYSTEM)
    assert BillRun.objects.get(id=run_id).state == "rating"
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    assert Bill.objects.filter(state=BillState.ISSUED.value).count() == 3
    assert BillRun.objects.get(id=run_id).state == "issued"
    assert list(HeldBill.objects.values_list("state", flat=True)) == ["retried"]
    prove()


def test_a_missing_price_holds_the_account_until_a_version_is_published():
    ids = mass.supply(count=2, months=[JANUARY])
    other = tariffs.version(source=mass.SIX_LINES, state="draft")
    agreement = Bill._meta.apps.get_model("contracts", "AgreementTerm").objects.get(agreement_id=ids[0])
    agreement.tariff_id = other.tariff_id
    agreement.save()
    run_id = rate()
    one = HeldBill.objects.get()
    assert (one.code, one.account_id) == ("missing_price", ids[0])
    TariffVersion.objects.filter(id=other.id).update(state="published", period=DateRange(date(2020, 1, 1), None))
    held.retry(held_id=one.id, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    assert Bill.objects.filter(state="issued").count() == 2
    prove()


def test_a_draft_whose_days_another_run_has_billed_cannot_be_released():
    ids, _, one = hold_one()
    use(ids[0], JANUARY, 200_000)
    bill(account_ids=[ids[0]])
    with pytest.raises(held.BilledMeanwhile):
        held.release(held_id=one.id, today=TODAY, actor=SYSTEM)
    held.drop(held_id=one.id, actor=SYSTEM)
    assert Bill.objects.filter(account_id=ids[0], state="issued").count() == 1
    prove()


def test_a_second_zero_bill_in_a_row_is_held():
    ids = mass.supply(count=2, months=[JANUARY, FEBRUARY])
    for month in (JANUARY, FEBRUARY):
        Usage.objects.filter(service_point_id=ids[0], start_date=month.start).update(energy_wh=0)
    bill()
    assert not HeldBill.objects.exists()
    bill(FEBRUARY)
    assert list(HeldBill.objects.values_list("account_id", "code")) == [(ids[0], "zero_usage")]


def test_usage_far_from_the_year_before_is_held():
    ids = mass.supply(count=3, months=[JANUARY, FEBRUARY])
    use(ids[0], FEBRUARY, 2_000_000)
    Usage.objects.filter(service_point_id=ids[1], start_date=FEBRUARY.start).update(energy_wh=1_000)
    bill()
    bill(FEBRUARY)
    assert dict(HeldBill.objects.values_list("account_id", "code")) == {ids[0]: "usage_above", ids[1]: "usage_below"}


def test_a_credit_is_held():
    ids = mass.supply(count=1, months=[JANUARY, FEBRUARY])
    use(ids[0], JANUARY, 1_500_000)
    bill()
    Usage.objects.filter(service_point_id=ids[0]).update(energy_wh=100_000)
    bill(FEBRUARY)
    assert HeldBill.objects.get().code == "negative_total"
    held.release(held_id=HeldBill.objects.get().id, today=TODAY, actor=SYSTEM)
    assert Bill.objects.order_by("-id").first().amount_minor < 0
    prove()


def test_a_held_account_is_not_retried_while_another_run_holds_it():
    ids, _, one = hold_one()
    rate(FEBRUARY, account_ids=[ids[0]])
    with pytest.raises(held.BilledMeanwhile):
        held.retry(held_id=one.id, actor=SYSTEM)
