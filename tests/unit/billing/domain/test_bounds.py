"""Which credits a person must look at: those that neither energy given to the grid nor a correction explains."""

from datetime import date

import numpy as np
import pytest

from billing.domain import bounds, segments
from billing.domain.bounds import Bounds, Facts
from cis.kernel.periods import Period
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.export import ExportCredit
from tariffs.domain.plan import compile_plan
from tests.unit.billing.domain import books, plans
from tests.unit.billing.domain.books import Book

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))


def facts(amount_minor, *, may_be_credit):
    nothing, no = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_)
    names = ("own_wh", "own_days", "least_wh", "most_wh_per_day", "past_wh", "past_days", "zero_bills")
    return Facts(
        amount_minor=np.array([amount_minor]),
        has_own=no,
        **dict.fromkeys(names, nothing),
        capacity_va=nothing,
        is_overloaded_at=nothing,
        may_be_credit=np.array([may_be_credit]),
    )


@pytest.mark.parametrize(
    ("amount", "may_be", "held"), [(-1, False, True), (-1, True, False), (0, False, False), (1, False, False)]
)
def test_a_credit_that_nothing_explains_is_held(amount, may_be, held):
    found = bounds.check(bounds=Bounds(negative_total=True), facts=facts(amount, may_be_credit=may_be))
    assert [one.code for one in found.values()] == (["negative_total"] if held else [])
    assert not bounds.check(bounds=Bounds(), facts=facts(amount, may_be_credit=may_be))


@pytest.mark.parametrize("explained", [True, False])
def test_a_large_credit_is_held_whatever_explains_it(explained):
    limits = Bounds(negative_total=True, max_total_minor=100)
    found = bounds.check(bounds=limits, facts=facts(-101, may_be_credit=explained))
    assert found[0].code == "amount_too_large"


@pytest.mark.parametrize(
    ("gives", "corrected", "expected"), [(True, [], True), (False, [1], True), (False, [2], False)]
)
def test_energy_given_and_decided_corrections_explain_a_credit(gives, corrected, expected):
    head = {"label": "x", "ledger": plans.ENERGY["ledger"]}
    parts = [Energy(code="energy", **head, price_e6=1)]
    if gives:
        parts.append(ExportCredit(code="given", **head, periods=("total",), prices_e6=(1,)))
    book = Book(versions=[books.version(compile_plan(components=tuple(parts)))])
    book.told = lambda pieces, _: {"export_wh": np.zeros((len(pieces), 1), dtype=np.int64)} if gives else {}
    terms = books.agreements((1, 1, 1, 1, 1, JANUARY.start, JANUARY.end))
    wanted, existing, _ = book.expect(JANUARY, terms, books.usage((1, 1, "", JANUARY.start, JANUARY.end, 5_000)))

    found = bounds.facts_of(
        accounts=np.array([1]),
        amount_minor=np.array([-1]),
        expected=wanted,
        existing=existing,
        difference=segments.diff(expected=wanted, existing=existing, handed_on=None),
        corrected=np.array(corrected, dtype=np.int64),
        period=JANUARY,
    )
    assert found.may_be_credit.tolist() == [expected]
