"""The proof of a bill: complete, recomputed apart from the kernel down to the meters, and every number of it watched."""

import json
import random
import subprocess
import sys
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from recompute.bill import Proof

from billing.models.bill import Bill, BillSegment
from billing.operations import bills
from billing.queries import proofs
from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from metering.models.device import Installation
from metering.models.read import RegisterRead
from metering.operations import usage
from tests.db.billing import proven
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.db.billing.proven import approve, holds, measure, published, read, supply, told
from tests.factories import mass, metering
from tests.unit.proof.mutants import mutant, name_of, places

pytestmark = pytest.mark.django_db

LABELS = {
    "bill.number", "bill.account", "changes.bills", "segments.takes_back.bill", "segments.year_to_date.from.bill",
    "interval_days.version", "reads.version", "usage.version", "registers.meter",
}  # fmt: skip
"""Names that look like numbers: nothing follows from them."""
BOTH = Path(settings.BASE_DIR) / "tools" / "recompute_proof.py"


def test_a_plain_month_goes_down_to_its_two_counter_values():
    registers = supply(household=5)
    read(registers["total"], d0101=1000, d0201=1400)
    approve(JANUARY)
    bill()
    proof = told()
    holds(proof)
    (segment,) = proof["segments"]
    assert segment["energy_wh"] == {"total": 400_000}
    assert segment["term"]["household"] == 5
    assert segment["steps"][0]["limits_wh"] == {"": [4_320_000, 6_000_000]}
    assert [(one["date"], one["reading_wh"]) for one in proof["reads"]] == [
        ("2025-01-01", 1_000_000), ("2025-02-01", 1_400_000),
    ]  # fmt: skip
    assert "digits" not in proof["registers"][0]


def test_a_dial_that_passed_its_end_and_a_multiplier():
    registers = supply(multiplier=40)
    read(registers["total"], d0101=999_950, d0115=999_990, d0201=120)
    approve(JANUARY)
    bill()
    proof = told()
    holds(proof)
    assert proof["registers"][0]["digits"] == 6
    assert sum(one["energy_wh"] for one in proof["usage"]) == 170_000 * 40


def test_the_year_is_made_up_of_the_bills_before():
    registers = supply()
    read(registers["total"], d0101=0, d0201=3_000, d0301=3_400)
    approve(JANUARY, FEBRUARY)
    bill()
    bill(FEBRUARY)
    proof = told(start_date=FEBRUARY.start)
    holds(proof)
    (segment,) = proof["segments"]
    first = Bill.objects.get(start_date=JANUARY.start)
    assert segment["year_to_date"]["from"] == [
        {
            "bill": first.number,
            "segment": None,
            "start_date": "2025-01-01",
            "end_date": "2025-02-01",
            "counted_wh": 3_000_000,
        }
    ]
    assert [line["line"] for line in segment["lines"]] == ["energy/1", "energy/2"]


def half_hours(day):
    draw = random.Random(day.toordinal())
    return [draw.randrange(2_000) for _ in range(48)]


def test_intervals_are_split_by_the_calendar_and_cut_where_the_price_changes():
    old = published(proven.HOURS)
    new = (proven.PACKS / proven.HOURS).read_text("utf-8").replace("0.617", "0.717")
    published(new.replace("valid_from = 2020-01-01", "valid_from = 2025-01-11").split("[[vector]]")[0] + VECTOR)
    registers = supply(old, is_interval=True)
    measure(registers["total"], until=FEBRUARY.start, make=half_hours)
    approve(JANUARY)
    bill()
    proof = told()
    holds(proof)
    assert [one["start_date"] for one in proof["segments"]] == ["2025-01-01", "2025-01-11"]
    assert all(rest["cut"] == "intervals" for one in proof["segments"] for rest in one["energy_from"])
    assert len(proof["tariffs"]) == 2


VECTOR = """
[[vector]]
name = "a kilowatt-hour in the night"
used_kwh = { peak = "0", valley = "1" }
total = "0.31"
"""


def test_a_meter_exchanged_in_the_month_and_registers_by_period():
    registers = supply(proven.HOURS, registers=("peak", "valley"))
    hung = Installation.objects.get()
    middle = date(2025, 1, 16)
    hung.period = type(hung.period)(hung.period.lower, middle)
    hung.save()
    after = metering.metered(registers=("peak", "valley"), at=hung.service_point, start_date=middle)
    for place, register in enumerate([*registers.values(), *after]):
        is_old = place < 2
        read(register, **({"d0101": 10, "d0116": 90 + place} if is_old else {"d0116": 0, "d0201": 70 * place}))
    approve(JANUARY)
    bill()
    proof = told()
    holds(proof)
    assert len(proof["registers"]) == 4
    assert proof["segments"][0]["energy_wh"] == {"peak": 80_000 + 140_000, "valley": 81_000 + 210_000}


def correction():
    """January billed, its last reading corrected, February billed with what January is off by."""
    registers = supply()
    read(registers["total"], d0101=0, d0201=3_000, d0301=3_400)
    approve(JANUARY, FEBRUARY)
    bill()
    RegisterRead.objects.create(register=registers["total"], read_date=FEBRUARY.start, reading_wh=3_200_000, version=2)
    usage.approve(start_date=JANUARY.start, end_date=FEBRUARY.end)
    bill(FEBRUARY)
    prove()


def test_a_correction_shows_what_it_takes_back_and_each_bill_keeps_its_own_readings():
    correction()
    later = told(start_date=FEBRUARY.start)
    holds(later)
    taken, replaced, own = later["segments"]
    first = Bill.objects.get(start_date=JANUARY.start)
    assert taken["takes_back"]["bill"] == first.number
    assert taken["amount_minor"] == -first.amount_minor
    assert (replaced["takes_back"], replaced["used_wh"]) == (None, 3_200_000)
    assert own["before_wh"] == 3_200_000
    earlier = told(first)
    holds(earlier)
    assert [one["reading_wh"] for one in earlier["reads"]] == [0, 3_000_000]


def test_a_credit_note_is_the_bill_below_zero():
    registers = supply()
    read(registers["total"], d0101=0, d0201=300)
    approve(JANUARY)
    bill()
    bills.cancel(bill_id=Bill.objects.get().id, reason="wrong meter", as_of_date=JANUARY.end, actor=SYSTEM)
    proof = told(kind="credit")
    holds(proof)
    assert all(one["reverses"] for one in proof["postings"])
    holds(told(kind="regular"))


def factory(**agreed):
    registers = supply(proven.FACTORY, registers=("peak", "flat", "valley"), capacity_va=800, **agreed)
    reactive = metering.register(of=registers["peak"].meter, code="Q1", quantity="reactive")
    for place, register in enumerate([*registers.values(), reactive]):
        read(register, d0101=0, d0201=[80, 90, 70, 100][place])
    approve(JANUARY)
    bill()


def test_capacity_that_is_suspended_is_told_beside_what_is_agreed():
    factory(suspended_va=300)
    proof = told()
    holds(proof)
    (segment,) = proof["segments"]
    assert segment["given"]["capacity_va"] == 500
    assert segment["term"]["agreed"] == {"capacity_va": 800, "suspended_va": 300}


def test_a_factory_with_capacity_and_power_factor():
    factory()
    proof = told()
    holds(proof)
    (segment,) = proof["segments"]
    assert segment["given"] == {"capacity_va": 800, "reactive_varh": 100_000}
    assert segment["term"]["agreed"] == {"capacity_va": 800}
    factor = next(step for step in segment["steps"] if step["kind"] == "power_factor")
    assert "funds" not in factor["on"]
    assert factor["base_minor"] > 0


@pytest.mark.parametrize("make", [correction, factory], ids=["correction", "factory"])
def test_every_number_that_is_another_is_found_out(make):
    make()
    unseen = set()
    for row in Bill.objects.all():
        proof = told(row)
        holds(proof)
        for path in places(proof):
            if name_of(path) not in LABELS and not findings(mutant(proof, path)):
                unseen.add(name_of(path))
    assert unseen == set()


def test_every_interval_value_that_is_another_is_found_out():
    registers = supply(proven.HOURS, is_interval=True)
    measure(registers["total"], until=FEBRUARY.start, make=half_hours)
    approve(JANUARY)
    bill()
    proof = told()
    paths = [path for path in places(proof) if name_of(path) not in LABELS]
    draw = random.Random(1)
    rest = [path for path in paths if path[0] != "interval_days"]
    rest += draw.sample([path for path in paths if path[0] == "interval_days" and path[-2] != "values"], 30)
    values = draw.sample([path for path in paths if path[-2] == "values"], 30)
    assert [name_of(path) for path in [*rest, *values] if not findings(mutant(proof, path))] == []


def findings(proof):
    """What the program finds; a proof that it cannot read is found out too."""
    try:
        return list(Proof(proof).check())
    except Exception as fault:  # noqa: BLE001 - the program ends with exit code 2 and the same words
        return [repr(fault)]


def test_a_bill_of_a_release_that_kept_no_inputs_says_so():
    mass.supply(count=1, months=[JANUARY])
    bill()
    BillSegment.objects.update(inputs=None)
    (segment,) = told()["segments"]
    assert segment["inputs_kept"] is False
    assert "steps" not in segment
    assert "cannot" not in json.dumps(segment)


def test_a_proof_takes_the_same_number_of_statements_whatever_its_size():
    counts = set()
    registers = supply()
    read(registers["total"], d0101=0, d0201=3_000, d0301=3_400)
    approve(JANUARY, FEBRUARY)
    bill()
    RegisterRead.objects.create(register=registers["total"], read_date=FEBRUARY.start, reading_wh=3_200_000, version=2)
    usage.approve(start_date=JANUARY.start, end_date=FEBRUARY.end)
    bill(FEBRUARY)
    for row in Bill.objects.order_by("id"):
        proofs.of_bill(bill_id=row.id)
        with CaptureQueriesContext(connection) as asked:
            proofs.of_bill(bill_id=row.id)
        counts.add(len(asked))
    assert max(counts) <= 26
    # What is taken back asks two more, and what it is compared with one.
    assert max(counts) - min(counts) <= 3


def test_the_command_writes_what_the_program_reads_and_the_look_is_kept(tmp_path):
    registers = supply()
    read(registers["total"], d0101=0, d0201=300)
    approve(JANUARY)
    bill()
    number = Bill.objects.get().number
    path = tmp_path / "proof.json"
    call_command("bill_proof", number, "--out", str(path), stdout=StringIO())
    ran = subprocess.run([sys.executable, "-S", str(BOTH), str(path)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"bill {number} holds: 1 segments, 1 lines" in ran.stdout
    told_falsely = json.loads(path.read_text("utf-8"))
    told_falsely["segments"][0]["lines"][0]["amount_minor"] += 1
    path.write_text(json.dumps(told_falsely), encoding="utf-8")
    ran = subprocess.run([sys.executable, str(BOTH), str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "segment 1 printed energy/1 amount_minor: the proof says 18511, it is 18510" in ran.stdout
    assert AuditEvent.objects.filter(action="look", subject="bill_proof").count() == 1
    with pytest.raises(CommandError, match="There is no bill"):
        call_command("bill_proof", "999")


def test_what_cannot_be_read_is_no_proof(tmp_path):
    path = tmp_path / "proof.json"
    for text, words in (("{}", "reads wattline-bill-proof-2"), ("[", "no readable proof")):
        path.write_text(text, encoding="utf-8")
        ran = subprocess.run([sys.executable, str(BOTH), str(path)], capture_output=True, text=True, check=False)
        assert ran.returncode == 2
        assert words in ran.stdout
