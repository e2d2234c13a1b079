"""Customers are told which days were billed anew, why, and what that costs: by one way, whatever the cause."""

import pytest
from django.db.models import Sum

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from billing.domain.rebills import RebillCause
from billing.models.bill import Bill, BillSegment
from billing.models.consolidated import Consolidation, ConsolidationMember
from billing.models.run import HeldBill
from billing.operations import held as release
from billing.operations import telling
from billing.queries import telling as queries
from cis.kernel.actors import SYSTEM
from contracts.models.agreement import ServiceAgreement
from metering.models.rule import UsageRule
from tests.db.billing.night import bill, use
from tests.db.billing.test_rebills import LAST, NEXT, OLD, _correct, supplied  # noqa: F401
from tests.factories import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(supplied):  # noqa: F811
    """Who holds the accounts, in English."""
    for one in supplied:
        customer = accounts.customer()
        AccountHolder.objects.create(account_id=one, customer=customer, period=(OLD.start, None))
    return supplied


def _bill(account, run_id):
    return Bill.objects.get(account_id=account, run_id=run_id)


def _told():
    return Notice.objects.filter(event__startswith="rebilled", channel="inbox").order_by("id")


def test_late_reads_are_told_with_days_reason_and_sum(held):
    use(held[0], LAST, 700_000)
    run_id = bill(NEXT)
    made = list(Bill.objects.filter(run_id=run_id).values_list("id", flat=True))
    assert telling.tell_rebilled(bill_ids=made) >= 1
    (notice,) = _told()
    assert notice.event == "rebilled_more"
    number = _bill(held[0], run_id).number
    for word in ("抄表数据后来才到", number, f"/portal/bills/{number}", "补收"):
        assert word in notice.body
    assert telling.tell_rebilled(bill_ids=made) == 0  # told once
    of_before = BillSegment.objects.filter(bill__number=number, period_start_date__lt=NEXT.start)
    (told,) = queries.rebilled(bill_ids=made)
    assert told.amount_minor == of_before.aggregate(Sum("amount_minor"))["amount_minor__sum"]
    assert telling.tell_rebilled(bill_ids=[]) == 0


def test_a_correction_is_told_by_the_same_way_and_says_so(held):
    _correct(held[0], OLD, 10)
    run_id = bill(NEXT)
    telling.tell_rebilled(bill_ids=[_bill(held[0], run_id).id])
    (notice,) = _told()
    assert notice.event == "rebilled_less"
    assert "计量有误，电量已更正" in notice.body
    assert "退还" in notice.body


def test_later_months_that_only_cost_another_price_count_in_the_sum(held):
    _correct(held[0], OLD, 9_000_000)
    number = _bill(held[0], bill(NEXT)).number
    of_before = BillSegment.objects.filter(bill__number=number, period_start_date__lt=NEXT.start)
    assert of_before.filter(cancels=None).count() > 1, "steps of the year move later months too"
    (told,) = queries.rebilled(bill_ids=[Bill.objects.get(number=number).id])
    assert told.amount_minor == of_before.aggregate(Sum("amount_minor"))["amount_minor__sum"]
    assert told.periods[-1].end > OLD.end


def test_months_between_that_stay_as_they_were_are_not_told(held):
    _correct(held[0], OLD, 10)
    use(held[0], LAST, 700_000)
    made = _bill(held[0], bill(NEXT))
    (told,) = queries.rebilled(bill_ids=[made.id])
    months = made.segments.filter(cancels=None, start_date__lt=NEXT.start)
    assert [one.start for one in told.periods] == sorted(months.values_list("start_date", flat=True))
    telling.tell_rebilled(bill_ids=[made.id])
    assert "、2025年5月 的电量" in _told().get().body  # two years lie between, of which nothing is another one


def test_what_no_reading_changed_is_told_without_one(held):
    UsageRule.objects.create(
        period=(LAST.start, None), kind="share", service_point_id=held[1], source_id=held[0], share_e6=500_000
    )
    number = _bill(held[1], bill(NEXT)).number
    telling.tell_rebilled(bill_ids=[Bill.objects.get(number=number).id])
    (notice,) = _told()
    assert "计费依据有变更" in notice.body
    assert "抄表" not in notice.body


def test_days_that_are_supplied_no_more_are_told_without_a_reading(held):
    use(held[0], LAST, 700_000)
    ServiceAgreement.objects.filter(id=held[0]).update(period=(OLD.start, LAST.start))
    run_id = bill(NEXT)
    for one in HeldBill.objects.filter(run_id=run_id):
        release.release(held_id=one.id, today=NEXT.end, actor=SYSTEM)
    (told,) = queries.rebilled(bill_ids=[_bill(held[0], run_id).id])
    assert (told.cause, told.periods) == (RebillCause.TERMS, (LAST,))


def test_what_a_consolidated_bill_asks_for_is_not_told_alone(held):
    customer = AccountHolder.objects.get(account_id=held[0]).customer
    together = Consolidation.objects.create(customer=customer, lead_account_id=held[0], name="x")
    ConsolidationMember.objects.create(consolidation=together, account_id=held[0], period=(OLD.start, None))
    use(held[0], LAST, 700_000)
    use(held[1], LAST, 700_000)
    run_id = bill(NEXT)
    made = Bill.objects.filter(run_id=run_id).values_list("id", flat=True)
    assert [one.account_id for one in queries.rebilled(bill_ids=list(made))] == [held[1]]


def test_a_bill_that_changes_nothing_of_before_tells_nothing(held):
    made = list(Bill.objects.filter(run_id=bill(NEXT)).values_list("id", flat=True))
    assert telling.tell_rebilled(bill_ids=made) == 0
