"""Bills whose proof is asked for: real readings, approved usage, published tariffs."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from jsonschema import Draft202012Validator
from recompute.bill import Proof

from billing.models.bill import Bill
from billing.queries import proofs
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from contracts.models.agreement import AgreementTerm
from metering.models.read import RegisterRead
from metering.models.usage import Usage
from metering.operations import usage
from tariffs.models.tariff import TariffVersion
from tariffs.operations import tariffs as book
from tests.db.billing.night import FEBRUARY, JANUARY
from tests.factories import accounts, contracts, metering

MADE_UP = re.compile(r"tariff t\d+ (sha256|code|legal_source):|segment \d+ tariff:", re.ASCII)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
PACKS = Path(settings.BASE_DIR) / "cis" / "packs"
SHANGHAI = "cn-shanghai/tariffs/residential-tiered.toml"
HOURS = "cn-shanghai/tariffs/residential-tiered-tou.toml"
FACTORY = "cn-commercial/tariffs/commercial-capacity.toml"


@cache
def schema():
    text = (Path(settings.BASE_DIR) / "docs" / "guide" / "bill-proof.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def published(text, **replaced):
    """The tariff of a text, or of a pack's file, published as a person would."""
    source = (PACKS / text).read_text("utf-8") if text.endswith(".toml") else text
    for old, new in replaced.items():
        source = source.replace(old, new)
    (kept,) = book.load(texts=[source], is_published=True, actor=SYSTEM)
    return TariffVersion.objects.get(id=kept.version_id)


def supply(tariff=SHANGHAI, *, household=1, capacity_va=None, suspended_va=0, **hung):
    """An account on a new meter; returns its registers by code."""
    accounts.supplier()
    version = tariff if isinstance(tariff, TariffVersion) else published(tariff)
    point = metering.service_point(capacity_w=900_000)
    registers = metering.metered(at=point, **hung)
    agreement = contracts.agreement(
        service_point=point, tariff=version.tariff, household=household, start_date=JANUARY.start
    )
    AgreementTerm.objects.filter(agreement=agreement).update(capacity_va=capacity_va, suspended_va=suspended_va)
    return {register.code: register for register in registers}


def read(register, **kwh_on):
    """Counter values by date, as ``d0101=99950``."""
    for on, kwh in kwh_on.items():
        metering.read(of=register, on=date(2025, int(on[1:3]), int(on[3:])), kwh=kwh)


def measure(register, *, until, make):
    """Interval days on the UTC+10 clock, from the day before January on; ``make`` gives the values of a day."""
    days = metering.days(JANUARY.start - timedelta(days=1), until + timedelta(days=1))
    metering.interval_days(of=register, values_wh={day: make(day) for day in days})


def approve(*months):
    period = Period(min(month.start for month in months), max(month.end for month in months))
    found = usage.approve(start_date=period.start, end_date=period.end)
    assert found.findings == []


def told(bill=None, **wanted):
    """The proof of a bill as JSON gives it, its schema checked."""
    bill = bill or Bill.objects.get(**wanted)
    proof = json.loads(json.dumps(proofs.of_bill(bill_id=bill.id)))
    wrong = [f"{error.json_path}: {error.message}"[:300] for error in schema().iter_errors(proof)]
    assert wrong == [], wrong
    return proof


def holds(proof):
    found = list(Proof(proof).check())
    assert found == [], "\n".join(found)


def read_as_approved():
    """Give each counter whose usage a test approved by hand the values that say so."""
    rows = Usage.objects.filter(basis="register", is_current=True).select_related("register")
    known = set(RegisterRead.objects.values_list("register_id", "read_date"))
    shown = {}
    for row in rows.order_by("register_id", "start_date"):
        before = shown.get(row.register_id, 0)
        recorded = row.energy_wh if row.recorded_wh is None else row.recorded_wh
        is_demand = row.register.quantity == "demand"
        after = recorded // row.multiplier if is_demand else before + recorded // row.multiplier
        assert after >= 0
        for on, value in ((row.start_date, before), (row.end_date, after)):
            if (row.register_id, on) not in known:
                known.add((row.register_id, on))
                metering.read(of=row.register, on=on, reading_wh=value, received_at=EARLY)
        shown[row.register_id] = after


def all_hold():
    """Prove each bill that is issued, but for what factories make up of tariffs; return how many."""
    rows = Bill.objects.exclude(number=None).order_by("id")
    for row in rows:
        found = [one for one in Proof(told(row)).check() if not MADE_UP.match(one)]
        assert found == [], "\n".join(found)
    return len(rows)


__all__ = ["FEBRUARY", "JANUARY"]
