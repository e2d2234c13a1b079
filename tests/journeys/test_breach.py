"""
Theft at a home: an inspector reports it, the page says what it costs, a second person agrees, the next bill carries the
energy at the prices of its months and the penalty, once; the customer gets a notice; later it proves wrong.
"""

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from pypdf import PdfReader

from billing.models.bill import Bill
from billing.models.run import HeldBill
from billing.operations import held, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from contracts.models.charge import BreachCase
from metering.models.usage import Usage
from tests.db.billing.night import bill, prove
from tests.doors.desk.conftest import hang, sign_in
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db
MONTHS = [Period(date(2026, month, 1), date(2026, month + 1, 1)) for month in (1, 2, 3)]
STEPS = """
schema = 1
code = "steps"
name_zh = "居民阶梯电价"
name_en = "Homes, steps a month"
customer_class = "residential"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[tier_cycle]
every = "month"

[labels.energy]
zh = "电度电费"
en = "Energy"

[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["150"]
prices = ["0.50", "0.80"]
"""


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


def words_of(answer):
    return "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).replace("\n", "")


def test_theft_is_reported_worked_out_agreed_to_billed_once_and_taken_back(home):
    world, register = home
    inspector, biller = sign_in(Client(), Role.METERING), sign_in(Client(), Role.BILLING)
    page = inspector.get(f"/desk/customers/{world.account.id}/").content.decode()
    form = f"/desk/customers/{world.account.id}/supply/{world.agreement.id}/breach/theft/"
    assert form in page
    typed = {
        "found_date": "2026-04-01", "power_kw": "1", "equipment": "light", "hours": "", "meter": register.meter_id,
        "since_date": "2026-02-01", "until_date": "2026-04-01", "is_tampered": "on", "is_home": "on",
        "evidence": "lead before the meter, photos 1 to 3", "request_key": "journey",
    }  # fmt: skip

    # 1 kW x 6 h x 59 days = 354 kWh: 168 in February, 186 in March. The first 50 kWh of each fill the lower step.
    page = inspector.post(form, {**typed, "preview": ""}).content.decode()
    february, march = 50 * 50 + 118 * 80, 50 * 50 + 136 * 80
    assert "1 kW × 6 h × 59 d = 354 kWh" in page
    assert f"{february / 100:.2f} + {march / 100:.2f} = {(february + march) / 100:.2f}" in page
    penalty = 3 * (february + march)
    assert f"{penalty / 100:.2f}" in page
    assert not BreachCase.objects.exists()

    inspector.post(form, {**typed, "propose": ""})
    case = BreachCase.objects.get()
    decide = f"/desk/breaches/{case.id}/decide/"
    assert "待审批" in words_of(inspector.get(f"/desk/breaches/{case.id}/notice.pdf"))
    biller.post(decide, {"action": "agree"})
    case.refresh_from_db()
    assert case.state == "agreed"
    assert sum(Usage.objects.filter(is_current=True).values_list("energy_wh", flat=True)) == 654_000

    run_id = bill(MONTHS[2])
    for one in HeldBill.objects.filter(state="open"):
        held.release(held_id=one.id, today=date(2026, 4, 2), actor=SYSTEM)
    (third,) = Bill.objects.filter(run_id=run_id)
    assert third.state == "issued"
    assert third.amount_minor == 100 * 50 + february + march + penalty + 50_000
    page = biller.get(f"/desk/breaches/{case.id}/").content.decode()
    assert f"/desk/bills/{third.id}/" in page
    assert third.number in page
    paper = words_of(biller.get(f"/desk/bills/{third.id}/bill.pdf"))
    assert "违约使用电费" in paper
    assert f"{penalty / 100:,.2f}" in paper
    notice = words_of(biller.get(f"/desk/breaches/{case.id}/notice.pdf"))
    assert third.number in notice
    assert "第一百零二条" in notice
    assert "1 kW × 6 h × 59 d = 354 kWh" in notice
    assert "待审批" not in notice

    assert not Bill.objects.filter(run_id=bill(MONTHS[2])).exists()
    _take_back(case, biller, total=february + march + penalty + 50_000)


def _take_back(case, biller, *, total):
    """Two persons cancel it, and the next bill gives all back."""
    decide = f"/desk/breaches/{case.id}/decide/"
    biller.post(decide, {"action": "ask_cancel", "reason": "the neighbour's lead"})
    biller.post(decide, {"action": "cancel"})
    case.refresh_from_db()
    assert case.state == "cancelling"
    third_person = sign_in(Client(), Role.SUPERVISOR)
    third_person.post(decide, {"action": "cancel"})
    case.refresh_from_db()
    assert case.state == "cancelled"
    back = runs.open(period=MONTHS[2], as_of_date=date(2026, 4, 2), actor=SYSTEM)
    while runs.rate_chunk(run_id=back):
        pass
    (credit,) = Bill.objects.filter(run_id=back)
    assert credit.amount_minor == -total
    assert "已撤销" in words_of(biller.get(f"/desk/breaches/{case.id}/notice.pdf"))
    prove()
