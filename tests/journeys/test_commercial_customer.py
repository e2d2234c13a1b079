"""A factory of 800 kVA: its meter file comes in, its usage is approved, and the run bills it to the fen."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from recompute.bill import Proof

from billing.models.bill import Bill, BillLine
from billing.models.run import HeldBill
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from contracts.models.agreement import AgreementTerm
from metering.operations import arrivals, reads
from tests.db.billing import proven
from tests.db.billing.night import bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
TARIFFS = Path(__file__).parents[2] / "cis" / "packs" / "cn-commercial" / "tariffs"
JUNE = Period(date(2025, 6, 1), date(2025, 7, 1))
TODAY = date(2025, 7, 2)
ENERGY_KWH = {"peak": 80_000, "flat": 90_000, "valley": 70_000}
MARKET, SHANGHAI = timedelta(hours=10), timedelta(hours=8)
QUARTER = timedelta(minutes=15)
BUSIEST = datetime(2025, 6, 17, 10, 30, tzinfo=UTC) - SHANGHAI


def period_of(at):
    """Peak, flat or valley by the hours of the tariff, local time."""
    hour = (at + SHANGHAI).hour
    if hour < 8:
        return "valley"
    return "peak" if 8 <= hour < 12 or 17 <= hour < 21 else "flat"


def load_curve():
    """Energy of each quarter of an hour: one of 560 kW, the others even, so that each period has its energy. [Wh]"""
    since = datetime(2025, 6, 1, tzinfo=UTC) - SHANGHAI
    slots = [since + n * QUARTER for n in range(30 * 96)]
    found = {BUSIEST: 140_000}
    for period, kwh in ENERGY_KWH.items():
        mine = [at for at in slots if period_of(at) == period and at != BUSIEST]
        total = kwh * 1_000 - (140_000 if period == "peak" else 0)
        for n, at in enumerate(mine):
            found[at] = total * (n + 1) // len(mine) - total * n // len(mine)
    return found


def nem12(nmi, serial, values):
    """A NEM12 file of quarter hours on market time (UTC+10); what was not delivered is left blank."""
    lines = ["100,NEM12,202507010900,MDP,RETAIL", f"200,{nmi},E1Q1,1,E1,N1,{serial},Wh,15,"]
    day = JUNE.start
    while day <= JUNE.end:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - MARKET
        slots = [values.get(start + n * QUARTER, 0) for n in range(96)]
        known = [start + n * QUARTER in values for n in range(96)]
        lines.append(f"300,{day:%Y%m%d},{','.join(map(str, slots))},{'A' if all(known) else 'V'},,,20250701090000,")
        if not all(known):
            first = known.index(True) + 1
            last = 96 - known[::-1].index(True)
            ranges = [(1, first - 1, "N"), (first, last, "A"), (last + 1, 96, "N")]
            lines += [f"400,{low},{high},{letter},," for low, high, letter in ranges if low <= high]
        day += timedelta(days=1)
    return "\n".join([*lines, "900"]) + "\n"


@pytest.fixture
def factory_meter():
    """Contracted for 600 kW at 800 kVA, with a meter of quarter hours and a counter of reactive energy."""
    accounts.supplier()
    source = (TARIFFS / "commercial-contracted-demand.toml").read_text(encoding="utf-8")
    version = tariffs.version(source=source)
    point = metering.service_point(external_id="FACTORY001", capacity_w=800_000, voltage="10kV")
    (energy,) = metering.metered(registers=("E1",), is_interval=True, at=point)
    metering.register(of=energy.meter, code="Q1", quantity="reactive")
    agreement = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JUNE.start)
    AgreementTerm.objects.filter(agreement=agreement).update(capacity_va=800_000, contract_w=600_000)
    return energy.meter


def take_in(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    imported = reads.import_file(source=file, name=name, actor=SYSTEM, today=TODAY)
    assert imported.rejected == 0
    return arrivals.approve_file(read_file_id=imported.read_file_id, today=TODAY)


def test_the_complete_bill_of_a_factory_comes_out_of_its_load_curve(factory_meter, tmp_path):
    take_in(tmp_path, "curve.csv", nem12("FACTORY001", factory_meter.serial, load_curve()))
    sheet = "meter,register,read_at,reading,unit\n{0},Q1,2025-06-01,1000,kvarh\n{0},Q1,2025-07-01,101000,kvarh\n"
    take_in(tmp_path, "reactive.csv", sheet.format(factory_meter.serial))
    bill(JUNE)
    # No bound of homes holds it: it is judged by what 800 kVA can carry.
    assert not HeldBill.objects.exists()
    one = Bill.objects.get()
    assert (one.amount_minor, one.tax_minor, one.energy_wh) == (18_201_873, 2_094_021, 240_000_000)
    wanted = {"line-loss": 348_187, "system": 720_000, "demand": 2_160_000, "power-factor": -51_364}
    found = {line.code: line.amount_minor for line in BillLine.objects.filter(period_of_use="")}
    assert {code: found[code] for code in wanted} == wanted
    periods = dict(BillLine.objects.filter(code="energy").values_list("period_of_use", "amount_minor"))
    assert periods == {"peak": 7_480_000, "flat": 4_950_000, "valley": 1_463_000}
    prove()
    # The proof goes from each line down to the file of the load curve, and is recomputed apart from the kernel.
    proof = proven.told(one)
    recomputed = Proof(proof)
    assert [said for said in recomputed.check() if not proven.MADE_UP.match(said)] == []
    assert recomputed.taken == set()
    assert {day["source"]["file"] for day in proof["interval_days"]} == {"curve.csv"}
    bill(JUNE)
    assert Bill.objects.count() == 1


def test_more_than_the_transformer_carries_is_held_for_a_look(factory_meter, tmp_path):
    AgreementTerm.objects.update(capacity_va=300_000)
    take_in(tmp_path, "curve.csv", nem12("FACTORY001", factory_meter.serial, load_curve()))
    sheet = "meter,register,read_at,reading,unit\n{0},Q1,2025-06-01,1000,kvarh\n{0},Q1,2025-07-01,101000,kvarh\n"
    take_in(tmp_path, "reactive.csv", sheet.format(factory_meter.serial))
    bill(JUNE)
    held = HeldBill.objects.get()
    assert (held.code, "100 %" in held.message) == ("usage_very_high", True)
