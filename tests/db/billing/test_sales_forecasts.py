"""Sales of the months that come: by bills that stand, dealt to the months of their days, written over for a week."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models.bill import Bill, BillSegment
from billing.models.sales_forecast import SalesForecast
from billing.operations import sales_forecasts
from billing.queries import sales
from cis.kernel.periods import add_months
from tests.factories import accounts as people
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db
ZONE = "Asia/Shanghai"
FIRST = date(2025, 1, 1)
AT = datetime(2026, 3, 10, 2, tzinfo=UTC)


@pytest.fixture
def home():
    people.supplier()
    return contracts.world(start_date=FIRST)


def billed(world, months: int, *, first: date = FIRST, kwh: int = 100) -> list[Bill]:
    return [
        billing.issued(world=world, kwh=kwh, start_date=add_months(first, at), end_date=add_months(first, at + 1))
        for at in range(months)
    ]


def test_a_segment_is_dealt_to_the_months_of_its_days(home):
    billing.issued(world=home, kwh=590, start_date=FIRST, end_date=date(2025, 3, 1))
    found = sales.billed(at=date(2025, 3, 10), zone_name=ZONE)
    assert (found.sales.first, found.known_until) == (FIRST, date(2025, 3, 1))
    assert found.sales.energy_wh.tolist() == [[310_000, 280_000]]
    assert int(found.amount_minor.sum()) == Bill.objects.get().amount_minor


def test_bills_that_were_taken_back_or_are_drafts_are_not_sales(home):
    first, _second = billed(home, 2)
    billing.draft(world=home, kwh=999, start_date=date(2025, 2, 1), end_date=date(2025, 3, 1))
    old = first.segments.get()
    credit = Bill.objects.create(
        account=home.account, kind="credit", state="issued", number="C1", issue_date=date(2025, 3, 1),
        start_date=old.start_date, end_date=old.end_date, amount_minor=-old.amount_minor,
    )  # fmt: skip
    same = (
        "agreement",
        "tariff_version",
        "start_date",
        "end_date",
        "period_start_date",
        "period_end_date",
        "household",
    )
    BillSegment.objects.create(
        bill=credit, cancels=old, used_wh=-old.used_wh, before_wh=0, amount_minor=-old.amount_minor,
        **{name: getattr(old, name) for name in same},
    )  # fmt: skip
    found = sales.billed(at=date(2025, 3, 10), zone_name=ZONE)
    assert (found.sales.first, found.sales.energy_wh.tolist()) == (date(2025, 2, 1), [[100_000]])


def test_a_month_that_is_billed_in_part_is_not_known_yet(home):
    others = [contracts.world(start_date=FIRST) for _ in range(2)]
    for one in (home, *others):
        billed(one, 2)
    billed(home, 1, first=date(2025, 3, 1))
    assert sales.billed(at=date(2025, 4, 10), zone_name=ZONE).known_until == date(2025, 3, 1)
    assert sales.billed(at=date(2024, 4, 10), zone_name=ZONE) is None


def test_a_month_half_billed_is_not_known_because_the_one_before_is_half_billed_too(home):
    others = [contracts.world(start_date=FIRST) for _ in range(3)]
    for one in (home, *others):
        billed(one, 2)
    for one in (home, others[0]):
        billed(one, 2, first=date(2025, 3, 1))
    assert sales.billed(at=date(2025, 5, 10), zone_name=ZONE).known_until == date(2025, 3, 1)


def test_the_first_month_of_few_bills_is_not_known_either_and_who_left_is_not_waited_for(home):
    others = [contracts.world(start_date=FIRST) for _ in range(3)]
    billed(home, 4)
    for one in others:
        billed(one, 2, first=date(2025, 2, 1))
    for one in others:
        one.agreement.__class__.objects.filter(id=one.agreement.id).update(period=(FIRST, date(2025, 4, 1)))
    found = sales.billed(at=date(2025, 5, 10), zone_name=ZONE)
    assert (found.sales.first, found.known_until) == (date(2025, 2, 1), date(2025, 5, 1))
    assert found.sales.energy_wh.tolist() == [[400_000, 400_000, 100_000]]


def test_three_months_are_foretold_once_a_week_and_written_over(home, django_assert_max_num_queries):
    billed(home, 14)
    with django_assert_max_num_queries(6):
        assert sales_forecasts.night(AT) == 3
    rows = list(SalesForecast.objects.order_by("month"))
    assert [row.month for row in rows] == [date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)]
    march = rows[0]
    assert (march.method, march.error_e4, march.known_until) == ("last_year", None, date(2026, 3, 1))
    assert abs(march.energy_wh - 100_000) < 2_000
    assert march.amount_minor == round(march.energy_wh * 6_170 / 100_000)
    assert sales_forecasts.night(AT + timedelta(days=1)) == 0
    assert sales_forecasts.night(AT + timedelta(days=7)) == 3
    assert {row.made_at for row in SalesForecast.objects.all()} == {AT + timedelta(days=7)}
    assert [row.month for row in sales.foretold()] == [row.month for row in rows]


def test_nothing_is_foretold_of_nothing(home):
    assert sales_forecasts.night(AT) == 0
    assert sales.foretold() == ()
