"""Published and hand-computed bills. A case without a result fails."""

import csv
import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from cis.kernel import fixed
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.rating import rate
from tariffs.domain.vectors import check_vectors

HERE = Path(__file__).parent / "tariffs"
CORRECTIONS = Path(__file__).parent / "corrections"
ROOT = Path(__file__).parents[2]
SHANGHAI = ROOT / "cis" / "packs" / "cn-shanghai" / "tariffs"
PROBLEMS = ROOT.parent / "shared" / "data" / "problems"
CENT = fixed.parse("0.01", places=9)


def rows_of(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(path):
    return document.parse(text=path.read_text(encoding="utf-8"))


DOCUMENTS = {path.stem: read(path) for path in sorted(HERE.glob("*.toml"))}


def kwh(text):
    return fixed.parse(text, places=3)


def batch(*, used, before="0", household="1", months="1"):
    return RatingBatch.of(
        used_wh=np.array([[kwh(text) for text in used]], dtype=np.int64),
        before_wh=np.array([kwh(before)], dtype=np.int64),
        household=np.array([int(household)], dtype=np.int64),
        month_share_e9=np.array([fixed.parse(months, places=9)], dtype=np.int64),
    )


@pytest.mark.parametrize("row", rows_of("shanghai.csv"), ids=lambda row: row["case"])
def test_shanghai_bills(row):
    plan = read(SHANGHAI / f"{row['tariff']}.toml").plan
    used = [row["used_kwh"]] if row["used_kwh"] else [row["peak_kwh"], row["valley_kwh"]]
    rated = rate(plan=plan, batch=batch(used=used, before=row["before_kwh"], household=row["household"]))
    assert fixed.to_text(int(rated.total_minor[0]), places=2) == row["total"]
    counted = [place for place, slot in enumerate(plan.slots) if slot.in_total]
    assert rated.amount_minor[0, counted].sum() == rated.total_minor[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_vectors_of_each_document_hold(name):
    read_document = DOCUMENTS[name]
    assert [str(f) for f in check_vectors(plan=read_document.plan, vectors=read_document.vectors)] == []


def test_every_problem_has_a_result_or_waits_for_something_that_is_named():
    results = {vector.name.split()[0] for each in DOCUMENTS.values() for vector in each.vectors}
    corrections = [tomllib.loads((CORRECTIONS / f"{name}.toml").read_text("utf-8")) for name in ("energy", "breaches")]
    results |= {case["name"].split()[0] for each in corrections for case in each["case"]}
    # A case of the billing of a change of price needs a run: tests/db/billing/test_proration.py.
    results |= set(
        re.findall(r'"""([a-z]{2}-\d{3}): ', (ROOT / "tests/db/billing/test_proration.py").read_text("utf-8"))
    )
    late_fees = (ROOT / "tests/unit/arrears/domain/test_late_fees.py").read_text("utf-8")
    results |= set(re.findall(r"problem ([a-z]{2}-\d{3})", late_fees))
    for row in rows_of("problems.csv"):
        assert (row["id"] in results) != bool(row["waits_for"]), row["id"]


def test_no_document_is_without_a_result():
    compared_by_table = {"tiers-and-periods"}
    assert {name for name, each in DOCUMENTS.items() if not each.vectors} == compared_by_table


@pytest.mark.skipif(not PROBLEMS.is_dir(), reason="the collection of problems is not beside the project")
def test_the_list_of_problems_is_complete():
    collected = [case for name in ("cn", "en") for case in json.loads((PROBLEMS / f"{name}.json").read_text("utf-8"))]
    listed = [(row["id"], row["kind"], row["verdict"]) for row in rows_of("problems.csv")]
    assert listed == [(case["id"], case["kind"], case["verdict"]) for case in collected]


@pytest.mark.parametrize(("november", "exact"), [("150", "403.81"), ("250", "376.31")])
def test_two_months_of_cn_065_cost_exactly_what_its_formulas_say(november, exact):
    """448.81 - 0.3 b below 200 kWh in November and 438.81 - 0.25 b above, for 700 kWh in both months."""
    (tiers,) = DOCUMENTS["cn-065"].plan.components
    december = fixed.to_text(kwh("700") - kwh(november), places=3)
    amounts = [
        int(tiers.charge(batch(used=[used]), np.zeros(1, dtype=np.int64)).amounts_e9.sum())
        for used in (november, december)
    ]
    assert sum(amounts) == fixed.parse(exact, places=11)


@pytest.mark.parametrize("row", rows_of("tiers_and_periods.csv"), ids=lambda row: f"{row['case']} {row['month']}")
def test_steps_and_periods_in_proportion_cost_what_pysam_says(row):
    rated = rate(plan=DOCUMENTS["tiers-and-periods"].plan, batch=batch(used=[row["low_kwh"], row["high_kwh"]]))
    total = fixed.parse(fixed.to_text(int(rated.total_minor[0]), places=2), places=9)
    assert abs(total - fixed.parse(row["total"], places=9)) < CENT
