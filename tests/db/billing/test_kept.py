"""What is kept with a segment rates it again, whatever becomes of its agreement, its meters and its usage."""

import numpy as np
import pytest

from billing.domain.kept import read_back
from billing.models.bill import BillLine, BillSegment
from billing.operations import bills
from cis.kernel.actors import SYSTEM
from tariffs.domain.rating import rate
from tariffs.queries import plans
from tests.db.billing.night import FEBRUARY, JANUARY, bill, use
from tests.db.billing.test_commercial import factory
from tests.db.billing.test_expected import interval_account
from tests.factories import mass

pytestmark = pytest.mark.django_db


def rated_again(segment):
    """Return (code, step, period, quantity, amount) of each line that rating the kept numbers gives."""
    plan = plans.compiled(segment.tariff_version_id)
    batch = read_back(
        plan=plan,
        start_day=np.array([segment.start_date.toordinal()]),
        end_day=np.array([segment.end_date.toordinal()]),
        before_wh=np.array([segment.before_wh]),
        household=np.array([segment.household], dtype=np.int64),
        inputs=[segment.inputs],
    )
    rated = rate(plan=plan, batch=batch)
    assert rated.total_minor.tolist() == [segment.amount_minor]
    rows = zip(plan.slots, rated.quantity[0].tolist(), rated.amount_minor[0].tolist(), strict=True)
    return [(s.code, s.step, s.period, q, a) for s, q, a in rows if s.in_total and (q or a)]


def lines_of(segment):
    fields = ("code", "step", "period_of_use", "quantity", "amount_minor")
    return list(BillLine.objects.filter(segment=segment).order_by("seq").values_list(*fields))


def test_segments_with_steps_rate_to_the_same_lines_again():
    ids = mass.supply(count=3, months=[JANUARY, FEBRUARY])
    use(ids[0], JANUARY, 5_000_000)
    bill()
    use(ids[0], JANUARY, 1_000_000)
    bill(FEBRUARY)
    rated = BillSegment.objects.filter(cancels=None)
    assert len(rated) == 7
    for segment in rated:
        assert rated_again(segment) == lines_of(segment)
        assert segment.handed_on is None
    assert [(s.inputs, s.handed_on) for s in BillSegment.objects.exclude(cancels=None)] == [(None, None)]


def test_segments_of_a_factory_rate_to_the_same_lines_again():
    factory()
    bill()
    segment = BillSegment.objects.get()
    assert segment.inputs == [80_000, 90_000, 70_000, 800, 100_000]
    assert rated_again(segment) == lines_of(segment)


def test_energy_that_was_split_by_the_clock_is_kept_as_it_was_split():
    interval_account()
    bill()
    segment = BillSegment.objects.get()
    assert sum(segment.inputs) == segment.used_wh
    assert rated_again(segment) == lines_of(segment)


def test_a_segment_that_takes_back_keeps_nothing():
    mass.supply(count=1, months=[JANUARY])
    bill()
    segment = BillSegment.objects.get()
    bills.cancel(bill_id=segment.bill_id, reason="wrong meter", as_of_date=JANUARY.end, actor=SYSTEM)
    back = BillSegment.objects.get(cancels=segment)
    assert (back.inputs, back.handed_on, back.amount_minor) == (None, None, -segment.amount_minor)
