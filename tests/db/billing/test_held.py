"""Accounts that a run does not finish by itself."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill, BillState
from billing.models.run import BillCycle, BillRun, CycleMember, HeldBill, RunChunk
from billing.operations import held, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.kernel.workflow import IllegalMove
from cis.platform import db
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
    bill(Period(JANUARY.start, FEBRUARY.end), account_ids=[ids[0]])
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


def test_an_account_is_held_once_a_period_by_the_run_that_rated_it_last():
    ids, first, one = hold_one()
    second = rate()
    assert list(HeldBill.objects.filter(state="open").values_list("run_id", "account_id")) == [(second, ids[0])]
    one.refresh_from_db()
    assert (one.state, one.bill_id, one.taken_over_by_id) == ("retried", None, second)
    assert list(Bill.objects.filter(state="held").values_list("run_id", flat=True)) == [second]
    assert RunChunk.objects.get(run_id=first).bills == 2
    use(ids[0], JANUARY, 200_000)
    runs.drop(run_id=second, actor=SYSTEM)
    bill()
    assert not HeldBill.objects.filter(state="open").exists()
    assert Bill.objects.filter(state="issued").count() == 3
    prove()


def test_what_a_dropped_run_had_taken_over_is_held_as_before():
    ids, _, one = hold_one()
    second = rate()
    runs.drop(run_id=second, actor=SYSTEM)
    one.refresh_from_db()
    assert (one.state, one.bill_id, one.taken_over_by_id, one.resolved_at) == ("open", None, None, None)
    assert HeldBill.objects.filter(state="open").count() == 1
    use(ids[0], JANUARY, 200_000)
    held.retry(held_id=one.id, actor=SYSTEM)
    while runs.rate_chunk(run_id=one.run_id):
        pass
    issue(one.run_id)
    assert Bill.objects.get(account_id=ids[0]).state == "issued"
    prove()


def test_an_account_may_be_held_for_two_periods():
    ids, _, _ = hold_one()
    use(ids[0], FEBRUARY, HUGE_WH)
    bill(FEBRUARY)
    assert set(HeldBill.objects.filter(state="open").values_list("account_id", "start_date")) == {
        (ids[0], JANUARY.start),
        (ids[0], FEBRUARY.start),
    }


def test_a_retried_account_leaves_the_chunks_of_others_alone(monkeypatch):
    monkeypatch.setattr(runs, "AGREEMENTS_IN_CHUNK", 1)
    ids, run_id, one = hold_one()
    sql = "SELECT account_ids, xmin::text FROM billing_runchunk WHERE run_id = %s"
    before = {tuple(accounts): version for accounts, version in db.fetch(sql, [run_id])}
    held.retry(held_id=one.id, actor=SYSTEM)
    after = {tuple(accounts): version for accounts, version in db.fetch(sql, [run_id])}
    assert [after[(other,)] for other in ids[1:]] == [before[(other,)] for other in ids[1:]]
    assert {(), (ids[0],)} <= after.keys()


def test_a_bill_rated_again_after_its_run_is_issued_on_the_day_of_that(time_machine):
    time_machine.move_to("2025-03-10T02:00:00Z", tick=False)
    ids, run_id, one = hold_one()
    use(ids[0], JANUARY, 200_000)
    held.retry(held_id=one.id, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    dates = dict(Bill.objects.values_list("account_id", "issue_date"))
    assert dates == {ids[0]: date(2025, 3, 10), ids[1]: JANUARY.end, ids[2]: JANUARY.end}
    assert Bill.objects.get(account_id=ids[0]).due_date > date(2025, 3, 10)


def test_a_run_with_issued_bills_is_not_dropped_when_an_account_was_retried():
    _, run_id, one = hold_one()
    held.retry(held_id=one.id, actor=SYSTEM)
    with pytest.raises(IllegalMove):
        runs.drop(run_id=run_id, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    with pytest.raises(IllegalMove):
        runs.drop(run_id=run_id, actor=SYSTEM)
    issue(run_id)
    assert Bill.objects.filter(state="issued").count() == 2


def test_an_account_is_not_retried_while_another_run_of_its_cycle_is_under_way():
    ids = mass.supply(count=2, months=[JANUARY, FEBRUARY])
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One")
    CycleMember.objects.bulk_create(CycleMember(account_id=account, cycle=cycle) for account in ids)
    use(ids[0], JANUARY, HUGE_WH)
    bill(cycle_id=cycle.id)
    CycleMember.objects.filter(account_id=ids[0]).delete()
    rate(FEBRUARY, cycle_id=cycle.id)
    with pytest.raises(runs.AccountsTaken):
        held.retry(held_id=HeldBill.objects.get().id, actor=SYSTEM)
