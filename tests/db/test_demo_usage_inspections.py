"""The demo has usage inspections in each state, one of them settled by a bill that is paid."""

from datetime import date

import pytest
import time_machine

from arrears.models.collection import Hold
from billing.models.bill import Bill
from billing.queries import bills, charges
from cis.demo import suspecting
from cis.kernel.enums import Role
from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from tests.db.billing.night import bill, prove
from tests.doors.desk.conftest import hang
from tests.factories import accounts, contracts, metering, work
from tests.journeys.test_breach import MONTHS, STEPS

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 4, 2)


@pytest.fixture
def billed(settings, tmp_path):
    """Six homes whose March is billed; returns the run."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    with time_machine.travel("2026-04-02T02:00:00Z", tick=False):
        accounts.supplier()
        for role in (Role.METERING, Role.SUPERVISOR):
            accounts.staff(role)
        work.crew()
        first = contracts.world(source=STEPS)
        others = [
            contracts.agreement(
                account=accounts.account(holder=accounts.customer(), opened_date=contracts.START),
                service_point=contracts.service_point(), tariff=first.tariff,
            )
            for _home in range(5)
        ]  # fmt: skip
        for point in (first.service_point, *(one.service_point for one in others)):
            (register,) = hang(point)
            metering.usage(of=register, start_date=MONTHS[2].start, end_date=MONTHS[2].end, kwh=100, at=point)
        yield bill(MONTHS[2])


def test_the_demo_has_usage_inspections_from_the_alarm_to_the_paid_bill(billed):
    assert suspecting.build(run_id=billed, today=TODAY) == 6
    found = dict(UsageInspection.objects.values_list("state", "id"))
    assert set(found) == {"suspected", "ordered", "visited", "nothing", "disputed", "closed"}
    settled = UsageInspection.objects.get(state="closed")
    assert (settled.finding, UsageSuspicion.objects.filter(inspection=settled).get().source) == ("breach", "alarm")
    (carried,) = charges.of_case(case_id=settled.breach_id)
    assert bills.one(bill_id=carried.bill_id).card.open_minor == 0
    assert Bill.objects.get(id=carried.bill_id).amount_minor > 0
    assert Hold.objects.get().account_id == UsageInspection.objects.get(state="disputed").agreement.account_id
    prove()
