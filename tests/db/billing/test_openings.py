"""A supplier that was billed elsewhere before: values of its agreements on their first day, through to bills."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing.models.bill import BillSegment
from contracts.models.opening import OpeningValue
from contracts.queries import openings
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db

TIERS = tariffs.FLAT.replace('"flat"', '"steps"').replace(
    'kind = "energy"\ncode = "energy"\nunit = "yuan/kWh"\nprice = "0.617"',
    'kind = "tiered_energy"\ncode = "energy"\nunit = "yuan/kWh"\nlimits_kwh = ["1000"]\nprices = ["0.5", "1"]',
)
NEXT_JULY = date(2025, 7, 1)


@pytest.fixture
def agreement():
    accounts.supplier()
    # The tier year begins in July: the agreement is taken over in the middle of it.
    source = TIERS.replace("[labels.energy]", '[tier_cycle]\nevery = "year"\nstart_month = 7\n\n[labels.energy]')
    version = tariffs.version(source=source)
    point = metering.service_point()
    (register,) = metering.metered(at=point)
    made = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
    for start, end in ((JANUARY.start, JANUARY.end), (FEBRUARY.start, FEBRUARY.end), (NEXT_JULY, date(2025, 8, 1))):
        metering.usage(of=register, at=point, start_date=start, end_date=end, kwh=100)
    metering.usage(of=register, at=point, start_date=FEBRUARY.end, end_date=NEXT_JULY, kwh=100)
    return made


def opened(agreement, kind="counted", value=950_000, **changed):
    return OpeningValue.objects.create(agreement=agreement, kind=kind, value=value, source="book 7", **changed)


def counts():
    rows = BillSegment.objects.filter(cancels=None, cancelled_by=None).order_by("start_date")
    return [(row.start_date.month, row.before_wh, row.amount_minor) for row in rows]


def test_steps_count_on_from_what_was_used_in_the_books_before(agreement):
    opened(agreement)
    bill()
    # 50 kWh at 0.5 and 50 at 1; then all above the limit.
    assert counts() == [(1, 950_000, 7_500)]
    bill(FEBRUARY)
    assert counts() == [(1, 950_000, 7_500), (2, 1_050_000, 10_000)]
    prove()


def test_a_value_that_is_entered_late_bills_the_month_anew(agreement):
    bill()
    assert counts() == [(1, 0, 5_000)]
    opened(agreement)
    bill(FEBRUARY)
    assert counts() == [(1, 950_000, 7_500), (2, 1_050_000, 10_000)]
    prove()


def test_the_next_tier_year_knows_nothing_of_it(agreement):
    opened(agreement)
    for month in ((FEBRUARY.end, NEXT_JULY), (NEXT_JULY, date(2025, 8, 1))):
        bill(type(JANUARY)(*month))
    assert counts()[-1] == (7, 0, 5_000)


def test_values_stand_as_columns_by_agreement(agreement):
    opened(agreement)
    opened(agreement, kind="peak", value=5, name="any", month_date=date(2024, 12, 1))
    found = openings.of(agreement_ids=[agreement.id])
    assert [found.names[name] for name in found.name] == ["", "any"]
    assert found.month_day.tolist() == [0, date(2024, 12, 1).toordinal()]
    assert found.start_day.tolist() == [JANUARY.start.toordinal()] * 2
    assert not len(openings.of(agreement_ids=[agreement.id + 1]))


@pytest.mark.parametrize(
    "second", [{}, {"kind": "peak", "name": "any"}, {"kind": "year_amount", "month_date": date(2024, 12, 1)}]
)
def test_the_database_takes_each_value_once_and_a_month_for_peaks_alone(agreement, second):
    opened(agreement)
    with pytest.raises(IntegrityError), transaction.atomic():
        opened(agreement, **second)
