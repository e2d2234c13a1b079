"""
Bills of real US rates: 8 rates of the URDB x 4 buildings x 12 months, through the importer and the kernel.

Expected are those of NREL-PySAM Utilityrate5. Each component and total of each month agrees before rounding to cents;
what we print is the exact sum, rounded once.
"""

import csv
import gzip
import io
import json
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tariffs.domain import document
from tariffs.domain.chain import rate_months
from tariffs.domain.measuring import measure
from tariffs.domain.runs import plain_run
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.rate import Choices

DATA = Path(__file__).parents[1] / "data" / "urdb"
BILLS = {bill["id"]: bill for bill in json.loads((DATA / "bills.json").read_text("utf-8"))["bills"]}
MONDAY = date(2018, 1, 1)
CENT = 0.01
OF_COMPONENT = {
    "energy_charge": "energy",
    "flat_demand_charge": "demand",
    "tou_demand_charge": "demand-by-period",
    "fixed_charge": "fixed",
    "minimum_topup": "minimum",
}
# The loads are means of an hour; no reactive energy was measured.
CHOICES = Choices(window_minutes=60, leave_out=frozenset({"demandreactivepowercharge"}))


@cache
def plan_of(name):
    text = (DATA / "rates" / name).read_text("utf-8")
    imported = importing.documents(text=text, choices=CHOICES, default_code="imported")
    assert [str(finding) for finding in imported.findings] == []
    (written,) = imported.documents
    return document.parse(text=written.text).plan


@cache
def loads():
    rows = list(csv.DictReader(io.StringIO(gzip.decompress((DATA / "loads.csv.gz").read_bytes()).decode())))
    names = list(rows[0])[1:]
    return {name: np.array([round(float(row[name]) * 1000) for row in rows], dtype=np.int64) for name in names}


@cache
def year_of(bill_id):
    """The plan of a bill, its twelve batches, and what was rated."""
    bill = BILLS[bill_id]
    plan = plan_of(Path(bill["tariff"]).name)
    run = plain_run(first_day=MONDAY, days=365, interval_minutes=60)
    months = measure(plan=plan, run=run, values_wh=loads()[bill["load_column"]][None, :])
    return plan, months, rate_months(plan=plan, months=months, first_month=1)


def exact(plan, batch, rated, label):
    """What the components of a label cost before rounding, in dollars."""
    found = 0
    for component, base in zip(plan.components, plan.bases, strict=True):
        if component.label == label and (
            not component.scope.months or batch.inputs["month"][0] in component.scope.months
        ):
            base_minor = rated.amount_minor[:, list(base)].sum(axis=1)
            found += int(component.charge(batch, base_minor).amounts_e9.sum())
    return found / 10**11


@pytest.mark.parametrize("bill_id", BILLS)
def test_every_component_of_every_month_costs_what_pysam_says(bill_id):
    plan, months, rated = year_of(bill_id)
    for series, label in OF_COMPONENT.items():
        found = [exact(plan, batch, one, label) for batch, one in zip(months, rated, strict=True)]
        assert found == pytest.approx(BILLS[bill_id]["monthly"][series], abs=CENT), series


@pytest.mark.parametrize("bill_id", BILLS)
def test_every_printed_total_is_that_of_pysam_rounded_once(bill_id):
    plan, months, rated = year_of(bill_id)
    monthly = BILLS[bill_id]["monthly"]
    assert [int(batch.total_wh[0]) / 1000 for batch in months] == pytest.approx(monthly["load"], abs=0.001)
    totals = [int(one.total_minor[0]) / 100 for one in rated]
    assert totals == pytest.approx(monthly["total"], abs=CENT)
    assert sum(totals) == pytest.approx(BILLS[bill_id]["annual_total"], abs=12 * CENT)
    if "peak_w" in plan.needs:
        peaks = [int(batch.inputs["peak_w"][0, 0]) / 1000 for batch in months]
        assert peaks == pytest.approx(monthly["peak_kw"], abs=0.001)


def test_all_bills_are_there():
    assert len(BILLS) == 32
    assert len({bill["tariff"] for bill in BILLS.values()}) == 8
