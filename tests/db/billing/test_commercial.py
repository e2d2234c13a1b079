"""Commercial accounts: what the terms agree on and what other registers count is gathered and priced, or missed."""

from datetime import date
from pathlib import Path

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill, BillLine
from billing.models.run import HeldBill
from billing.queries import bills
from contracts.models.agreement import AgreementTerm
from metering.models.usage import Usage
from tests.db.billing.night import JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db

PACK = Path(__file__).parents[3] / "cis" / "packs" / "cn-commercial" / "tariffs"
# A thousandth of the bill that the pack proves: so no bound of the supplier holds it.
KWH = {"peak": 80, "flat": 90, "valley": 70}


def factory(*, tariff="commercial-capacity", capacity_va=800, kvarh=100):
    """A factory with registers by period and one of reactive energy."""
    accounts.supplier()
    version = tariffs.version(source=(PACK / f"{tariff}.toml").read_text(encoding="utf-8"))
    point = metering.service_point()
    registers = metering.metered(registers=tuple(KWH), at=point)
    agreement = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
    AgreementTerm.objects.filter(agreement=agreement).update(capacity_va=capacity_va)
    span = {"start_date": JANUARY.start, "end_date": JANUARY.end, "at": point}
    for register in registers:
        metering.usage(of=register, kwh=KWH[register.code], **span)
    if kvarh is not None:
        reactive = metering.register(of=registers[0].meter, code="Q1", quantity="reactive")
        metering.usage(of=reactive, kwh=kvarh, **span)
    return agreement


def test_a_bill_prints_the_percentage_of_the_power_factor():
    factory()
    run_id = bill()
    found = bills.one(bill_id=Bill.objects.get(run_id=run_id).id)
    (adjusted,) = (line for line in found.segments[0].lines if line.unit == "factor")
    # tan phi = 100 / 240: a power factor of 0.92 of 0.90 earns 0.30 %.
    assert (adjusted.quantity, adjusted.percent_e2) == (92, -30)
    assert {line.percent_e2 for line in found.segments[0].lines if line.unit != "factor"} == {None}


def test_a_two_part_bill_prices_capacity_and_power_factor():
    factory()
    bill()
    assert not HeldBill.objects.exists()
    assert Bill.objects.get().amount_minor == 18_042
    lines = {line.code: line for line in BillLine.objects.filter(step=0, period_of_use="")}
    assert (lines["capacity"].amount_minor, lines["capacity"].unit) == (2_000, "kVA")
    assert lines["power-factor"].amount_minor == -51
    prove()


def test_a_second_run_adds_nothing():
    factory()
    bill()
    bill()
    assert Bill.objects.count() == 1
    prove()


def test_reactive_energy_that_was_corrected_is_billed_anew():
    factory()
    bill()
    Usage.objects.filter(register__quantity="reactive").update(energy_wh=150_000)
    bill()
    assert Bill.objects.count() == 2
    assert BillLine.objects.filter(code="power-factor", amount_minor__gt=0).exists()
    prove()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"capacity_va": None}, "not_agreed"),
        ({"kvarh": None}, "not_measured"),
        ({"tariff": "commercial-measured-demand"}, "not_measured"),
    ],
)
def test_what_a_tariff_prices_and_nobody_knows_holds_the_account(given, code):
    factory(**given)
    bill()
    assert [row.code for row in HeldBill.objects.all()] == [code]
    assert not Bill.objects.filter(state="issued").exists()


def reactive_of(point, meter, *spans, code="Q1", direction="import"):
    register = metering.register(of=meter, code=code, quantity="reactive", direction=direction)
    for start_date, end_date, kvarh in spans:
        metering.usage(of=register, kwh=kvarh, start_date=start_date, end_date=end_date, at=point)


def test_reactive_energy_of_a_meter_that_was_exchanged_is_that_of_both():
    agreement = factory(kvarh=None)
    point, middle = agreement.service_point, date(2025, 1, 15)
    hung = point.installations.get()
    hung.period = DateRange(hung.period.lower, middle)
    hung.save()
    other = metering.meter(registers=())
    metering.installation(of=other, at=point, start_date=middle)
    reactive_of(point, hung.meter, (JANUARY.start, middle, 45))
    reactive_of(point, other, (middle, JANUARY.end, 55))
    bill()
    assert not HeldBill.objects.exists()
    assert Bill.objects.get().amount_minor == 18_042


def test_reactive_energy_of_which_one_register_is_not_read_holds_the_account():
    agreement = factory()
    (hung,) = agreement.service_point.installations.all()
    reactive_of(agreement.service_point, hung.meter, code="Q4", direction="export")
    bill()
    assert [row.code for row in HeldBill.objects.all()] == ["not_measured"]
