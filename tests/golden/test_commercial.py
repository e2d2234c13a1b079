"""The complete commercial bill, and problems whose answer is the sum of two segments."""

from decimal import Decimal
from pathlib import Path

import pytest

from cis.kernel import fixed
from tariffs.domain import document
from tariffs.domain.rating import rate
from tariffs.domain.vectors import check_vectors

HERE = Path(__file__).parent / "tariffs"
PACKS = Path(__file__).parents[2] / "cis" / "packs"
TARIFFS = PACKS / "cn-commercial" / "tariffs"
CONTRACTED = (TARIFFS / "commercial-contracted-demand.toml").read_text("utf-8")
FUNDS = ("rural-grid", "water-works", "resettlement", "renewable")


def bills(text):
    """Amounts in yuan by line, and the total, for each vector of a document."""
    read = document.parse(text=text)
    found = []
    for vector in read.vectors:
        rated = rate(plan=read.plan, batch=vector.batch())
        amounts = [Decimal(fixed.to_text(amount, places=2)) for amount in rated.amount_minor[0].tolist()]
        lines = dict(zip([slot.key for slot in read.plan.slots], amounts, strict=True))
        found.append((lines, Decimal(fixed.to_text(int(rated.total_minor[0]), places=2))))
    return found


def test_the_complete_bill_of_a_two_part_customer():
    """240,000 kWh, 100,000 kvarh, 560 kW of 600 contracted, 800 kVA."""
    lines, total = bills(CONTRACTED)[0]
    assert {key: amount for key, amount in lines.items() if amount} == {
        "energy/peak": Decimal("74800.00"),
        "energy/flat": Decimal("49500.00"),
        "energy/valley": Decimal("14630.00"),
        "line-loss": Decimal("3481.87"),
        "system": Decimal("7200.00"),
        "demand": Decimal("21600.00"),
        "power-factor": Decimal("-513.64"),
        "rural-grid": Decimal("4800.00"),
        "water-works": Decimal("472.50"),
        "resettlement": Decimal("1488.00"),
        "renewable": Decimal("4560.00"),
        "vat": Decimal("20940.21"),
    }
    assert total == Decimal("182018.73")
    assert total - lines["vat"] == Decimal("161078.52")


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ('method = "gross"', 'method = "plain"', {0: {"line-loss": "3360.00", "power-factor": "-513.27"}}),
        ('"line-loss", "system", "demand"]', '"demand"]', {0: {"power-factor": "-481.59"}}),
        ('"measured_plus_excess"', '"contract_plus_double_excess"', {0: {}, 1: {"demand": "26400.00"}}),
        ('floor_percent = "40"\n', "", {0: {}, 2: {"demand": "15400.00"}}),
        (
            'from_kwh_per_kva = "260"',
            'from_kwh_per_kva = "301"',
            {0: {"demand": "24000.00", "power-factor": "-520.84"}},
        ),
    ],
)
def test_each_declared_reading_gives_the_bill_that_it_says(old, new, changes):
    assert CONTRACTED.count(old) == 1
    usual, other = bills(CONTRACTED), bills(CONTRACTED.replace(old, new))
    for place, wanted in changes.items():
        lines = other[place][0]
        assert {key: lines[key] for key in wanted} == {key: Decimal(amount) for key, amount in wanted.items()}
        if not wanted:
            assert lines == usual[place][0]


@pytest.mark.parametrize(
    ("names", "total"),
    [
        (("cn-002-low", "cn-002-high"), "21673.60"),
        (("cn-018",), "3490.00"),
        (("cn-049-a",), "10266.67"),
        (("cn-049-b",), "11293.33"),
    ],
)
def test_the_segments_of_a_problem_sum_to_its_answer(names, total):
    parts = [bill for name in names for bill in bills((HERE / f"{name}.toml").read_text("utf-8"))]
    assert sum(amount for _, amount in parts) == Decimal(total)


def test_funds_are_the_same_line_by_line_and_as_one_price():
    (by_line, one_total), *_ = bills((HERE / "funds.toml").read_text("utf-8"))
    ((_, in_one_total),) = bills((HERE / "funds-in-one.toml").read_text("utf-8"))
    assert sum(by_line[code] for code in FUNDS) == one_total == in_one_total == Decimal("4716.88")


@pytest.mark.parametrize("path", sorted(PACKS.glob("*/tariffs/*.toml")), ids=lambda path: path.stem)
def test_the_vectors_of_each_tariff_that_ships_hold(path):
    read = document.parse(text=path.read_text("utf-8"))
    assert read.vectors
    assert [str(finding) for finding in check_vectors(plan=read.plan, vectors=read.vectors)] == []
