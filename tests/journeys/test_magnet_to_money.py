"""
Magnet to money: a meter says that a strong magnet is near, a crew finds a lead before it, two persons agree to what it
costs, the bill carries it, the customer disputes it and is not pursued, and it proves to be the neighbour.
"""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from arrears.models.collection import Hold
from billing.models.bill import Bill
from billing.models.run import HeldBill
from billing.operations import held, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from contracts.models.charge import BreachCase
from contracts.models.usage_inspection import UsageInspection
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.models.alarm import MeterAlarm
from metering.operations import meter_alarms
from tests.db.billing.night import bill, prove
from tests.doors.desk.conftest import hang, sign_in
from tests.factories import accounts, contracts, metering
from tests.factories import usage_inspections as made
from tests.journeys.test_breach import MONTHS, STEPS

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings, tmp_path):
    """A home with 100 kWh a month; January and February are billed, March is read."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel("2026-04-02T02:00:00Z", tick=False):
        accounts.supplier()
        world = contracts.world(source=STEPS)
        (register,) = hang(world.service_point)
        for month in MONTHS:
            metering.usage(of=register, start_date=month.start, end_date=month.end, kwh=100, at=world.service_point)
        for month in MONTHS[:2]:
            bill(month)
        yield world, register


def test_a_magnet_is_suspected_visited_found_billed_disputed_and_taken_back(home):
    world, register = home
    desk, boss = sign_in(Client(), Role.METERING), sign_in(Client(), Role.SUPERVISOR)

    # The meter says so forty times; one suspicion comes of it, and the desk sends a crew.
    now = timezone.now()
    said = [
        NewAlarm(serial=register.meter.serial, kind=AlarmKind.MAGNETIC_FIELD, occurred_at=now - timedelta(minutes=n))
        for n in range(40)
    ]
    meter_alarms.take(alarms=said, actor=SYSTEM)
    inspection = UsageInspection.objects.get()
    assert MeterAlarm.objects.filter(answer="again").count() == 39
    page = f"/desk/usage-inspections/{inspection.id}/"
    desk.post(f"{page}act/", {"action": "order"})
    inspection.refresh_from_db()
    made.visit(inspection.work_order_id)

    # What the crew saw fills in the form; 1 kW x 6 h x 59 days = 354 kWh.
    form = (
        f"/desk/customers/{world.account.id}/supply/{world.agreement.id}/breach/theft/?usage_inspection={inspection.id}"
    )
    assert form in desk.get(page).content.decode()
    assert "A100, A101" in desk.get(form).content.decode()
    typed = {
        "found_date": "2026-04-01", "power_kw": "1", "equipment": "light", "hours": "", "meter": register.meter_id,
        "since_date": "2026-02-01", "until_date": "2026-04-01", "evidence": "lead before the meter, photos",
        "request_key": "magnet", "propose": "",
    }  # fmt: skip
    desk.post(form, typed)
    case = BreachCase.objects.get()
    inspection.refresh_from_db()
    assert (inspection.state, inspection.breach_id) == ("found", case.id)
    boss.post(f"/desk/breaches/{case.id}/decide/", {"action": "agree"})

    # The bill of March carries the energy of both months and three times its cost.
    run_id = bill(MONTHS[2])
    for one in HeldBill.objects.filter(state="open"):
        held.release(held_id=one.id, today=date(2026, 4, 2), actor=SYSTEM)
    (third,) = Bill.objects.filter(run_id=run_id)
    stolen = 50 * 50 + 118 * 80 + 50 * 50 + 136 * 80
    assert third.amount_minor == 100 * 50 + 4 * stolen
    assert f"/desk/bills/{third.id}/" in desk.get(page).content.decode()

    # The customer says that it was not them: the bill is held, and nothing of it is pursued.
    desk.post(f"{page}act/", {"action": "dispute", "reason": "it is the neighbour's lead"})
    hold = Hold.objects.get()
    assert (hold.kind, hold.bill_id, hold.until_at) == ("dispute", third.id, None)

    # They are right. Two persons cancel the case, which closes the inspection and ends the hold.
    third_person = sign_in(Client(), Role.BILLING)
    third_person.post(f"/desk/breaches/{case.id}/decide/", {"action": "ask_cancel", "reason": "the neighbour's lead"})
    boss.post(f"/desk/breaches/{case.id}/decide/", {"action": "cancel"})
    inspection.refresh_from_db()
    hold.refresh_from_db()
    assert (inspection.state, inspection.reason) == ("closed", "the neighbour's lead")
    assert isinstance(hold.until_at, datetime)
    back = runs.open(period=MONTHS[2], as_of_date=date(2026, 4, 2), actor=SYSTEM)
    while runs.rate_chunk(run_id=back):
        pass
    (credit,) = Bill.objects.filter(run_id=back)
    assert credit.amount_minor == -4 * stolen
    prove()
