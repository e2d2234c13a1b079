"""Shortcuts for tests of billing runs: a month rated, a month billed, the books proved."""

from datetime import date

from django.utils import timezone

from billing.models.bill import Bill
from billing.operations import proof, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from metering.models.usage import Usage

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
FEBRUARY = Period(date(2025, 2, 1), date(2025, 3, 1))
MARCH = Period(date(2025, 3, 1), date(2025, 4, 1))


def rate(period=JANUARY, **scope):
    run_id = runs.open(period=period, as_of_date=period.end, actor=SYSTEM, **scope)
    while runs.rate_chunk(run_id=run_id):
        pass
    return run_id


def issue(run_id):
    runs.approve(run_id=run_id, actor=SYSTEM)
    while runs.issue_chunk(run_id=run_id):
        pass
    return run_id


def bill(period=JANUARY, **scope):
    return issue(rate(period, **scope))


def use(account, period, wh):
    """Correct the usage of the peak register of an account of ``mass.supply`` in a month."""
    Usage.objects.filter(
        service_point_id=account, period_of_use="peak", start_date=period.start, is_current=True
    ).update(energy_wh=wh, approved_at=timezone.now())


def forget(account, period):
    """Take the usage of a month away, as if no read had come."""
    Usage.objects.filter(service_point_id=account, start_date=period.start).delete()


def prove():
    assert proof.verify() == ()
    numbers = sorted(Bill.objects.exclude(number=None).values_list("number", flat=True))
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
