"""Outliers, fingerprints and what a promoted run holds."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import shadow
from billing.domain.charges import DueCharge
from billing.domain.drafts import BillColumns, CopiedLines, Draft, LineColumns, SegmentColumns
from billing.domain.findings import Obstacle
from billing.domain.kept import Lists
from billing.domain.shadow import Approved, Comparison, Limits, Past
from tariffs.domain.lines import LedgerClass, LineSlot, Unit

LIMITS = Limits(above_percent=200, below_percent=50, least_minor=5_000)


def columns(*values):
    return np.array(values, dtype=np.int64)


def past(amount, days, energy=0):
    return Past(amount_minor=columns(amount), energy_wh=columns(energy), days=columns(days))


def codes(own, last, year):
    comparison = Comparison(own=past(*own), last=past(*last), year=past(*year))
    return [one.code for one in shadow.outliers(accounts=columns(7), limits=LIMITS, comparison=comparison).values()]


@pytest.mark.parametrize(
    ("own", "last", "year", "wanted"),
    [
        ((30_000, 30), (14_000, 30), (0, 0), ["outlier_above"]),
        ((30_000, 30), (15_000, 30), (0, 0), []),  # just twice is not above it
        ((30_000, 30), (14_000, 28), (0, 0), []),  # the same a day: 1,000 against 500 is just twice
        ((30_000, 30), (14_000, 30), (29_000, 31), []),  # like last winter
        ((30_000, 30), (29_000, 30), (9_000, 31), []),  # like last month
        ((30_000, 30), (0, 0), (9_000, 31), ["outlier_above"]),
        ((30_000, 30), (0, 0), (0, 0), []),  # nothing is known
        ((30_000, 30), (0, 30), (0, 0), ["outlier_above"]),  # nothing was to be paid before
        ((4_000, 30), (9_000, 30), (10_000, 31), ["outlier_below"]),
        ((4_500, 30), (9_000, 30), (0, 0), []),  # just half
        ((2_000, 30), (6_000, 30), (0, 0), []),  # small change
        ((-20_000, 30), (9_000, 30), (0, 0), ["outlier_below"]),
        ((9_000, 30), (-20_000, 30), (0, 0), ["outlier_above"]),
    ],
)
def test_a_bill_is_an_outlier_if_it_is_unlike_all_that_is_known(own, last, year, wanted):
    assert codes(own, last, year) == wanted


def test_the_reason_tells_both_percentages():
    comparison = Comparison(own=past(30_000, 30), last=past(10_000, 30), year=past(7_500, 30))
    (one,) = shadow.outliers(accounts=columns(7), limits=LIMITS, comparison=comparison).values()
    assert "300 % of the last bill, 400 % of a year ago" in one.message


KINDS = tuple(
    LineSlot(code=code, label=code, unit=Unit.KWH, price_e6=price, ledger=LedgerClass.ENERGY)
    for code, price in (("energy", 61_700_000), ("fund", 2_000_000))
)


def lists(*rows):
    widest = max(len(row) for row in rows)
    padded = np.array([[*row, *[0] * (widest - len(row))] for row in rows], dtype=np.int64)
    return Lists(values=padded, lengths=columns(*(len(row) for row in rows)))


def draft(*, kinds=KINDS, accounts=(7, 9), inputs=((1, 2), (3, 4)), handed=((5,), (6,)), **changes):
    """Two bills, of one segment and two lines each."""
    segments = {field.name: columns(1, 2) for field in fields(SegmentColumns)}
    segments |= {"bill": columns(0, 1), "start_day": columns(100, 100), "used_wh": columns(5_000, 8_000)}
    lines = {
        "bill": columns(0, 0, 1, 1), "seq": columns(1, 2, 1, 2), "segment": columns(0, 0, 1, 1),
        "kind": columns(0, 1, 0, 1), "quantity": columns(5_000, 5_000, 8_000, 8_000),
        "amount_minor": columns(309, 10, 494, 16), "tax_minor": columns(36, 1, 57, 2),
    }  # fmt: skip
    for name, value in changes.items():
        table, _, column = name.partition("__")
        {"segments": segments, "lines": lines}[table][column] = value
    empty = {field.name: columns() for field in fields(CopiedLines)}
    return Draft(
        bills=BillColumns(account_id=columns(*accounts), energy_wh=columns(5_000, 8_000),
                          amount_minor=columns(319, 510), tax_minor=columns(37, 59)),
        segments=SegmentColumns(**segments),
        inputs=lists(*inputs),
        handed_on=lists(*handed),
        lines=LineColumns(**lines),
        kinds=kinds,
        copied=CopiedLines(**empty),
    )  # fmt: skip


MARKS = shadow.tell(draft=draft()).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"segments__agreement_id": columns(1, 3)},
        {"segments__version_id": columns(1, 3)},
        {"segments__start_day": columns(100, 101)},
        {"segments__end_day": columns(1, 3)},
        {"segments__used_wh": columns(5_000, 8_001)},
        {"segments__amount_minor": columns(1, 3)},
        {"segments__cancels": columns(1, 3)},
        {"lines__quantity": columns(5_000, 5_000, 8_000, 8_001)},
        {"lines__amount_minor": columns(309, 10, 493, 17)},
        {"lines__tax_minor": columns(36, 1, 56, 3)},
        {"lines__kind": columns(0, 1, 1, 0)},
        {"inputs": ((1, 2), (3, 5))},
        {"handed": ((5,), (7,))},
    ],
)
def test_a_fingerprint_changes_with_each_thing_that_a_bill_says(change):
    marks = shadow.tell(draft=draft(**change)).fingerprint
    assert marks[0] == MARKS[0]
    assert marks[1] != MARKS[1]


def test_a_fingerprint_changes_with_a_price_and_not_with_the_neighbours():
    dearer = (replace(KINDS[0], price_e6=61_800_000), KINDS[1])
    assert (shadow.tell(draft=draft(kinds=dearer)).fingerprint != MARKS).all()
    turned = draft(
        inputs=((3, 4), (1, 2)), handed=((6,), (5,)),
        segments__bill=columns(1, 0), segments__used_wh=columns(8_000, 5_000),
        lines__bill=columns(1, 1, 0, 0), lines__quantity=columns(8_000, 8_000, 5_000, 5_000),
        lines__amount_minor=columns(494, 16, 309, 10), lines__tax_minor=columns(57, 2, 36, 1),
        **{f"segments__{field.name}": columns(2, 1) for field in fields(SegmentColumns)
           if field.name not in {"bill", "start_day", "used_wh"}},
    )  # fmt: skip
    assert (shadow.tell(draft=turned).fingerprint == MARKS).all()
    wider = shadow.tell(draft=draft(inputs=((1, 2), (3, 4, 0)))).fingerprint
    assert (wider[0] == MARKS[0], wider[1] == MARKS[1]) == (True, False)
    assert (MARKS >= 0).all()


def approved(*rows):
    account, amount, mark, state = (
        (columns(*column) for column in zip(*rows, strict=True)) if rows else (columns(),) * 4
    )
    return Approved(account_id=account, amount_minor=amount, fingerprint=mark, state=state)


def promote(*rows, outside=None, charges=()):
    told = shadow.tell(draft=draft(), charges=charges)
    held = shadow.promote(
        told=told, outside=outside or {}, approved=approved(*rows), decimals=2, shadow_date=date(2026, 3, 1)
    )
    return {account: one.code for account, one in held.items()}


PLAIN, OPEN, ACCEPTED, BLOCKED = range(4)


def test_what_was_approved_goes_through_even_out_of_bounds():
    out = {7: Obstacle(code="usage_above", message="x", advice="y"), 9: Obstacle(code="z", message="x", advice="y")}
    assert promote((7, 319, MARKS[0], PLAIN), (9, 510, MARKS[1], ACCEPTED), outside=out) == {}


def test_all_else_is_held():
    assert promote() == {7: "differs_from_shadow", 9: "differs_from_shadow"}
    assert promote((7, 319, MARKS[0], OPEN), (9, 510, MARKS[1] + 1, ACCEPTED)) == {
        7: "outlier_not_accepted", 9: "differs_from_shadow",
    }  # fmt: skip
    assert promote((7, 0, MARKS[0], BLOCKED), (8, 510, MARKS[1], PLAIN)) == {
        7: "differs_from_shadow", 9: "differs_from_shadow",
    }  # fmt: skip


CHARGE = DueCharge(
    account_id=9, charge_id=3, amount_minor=50_000, tax_minor=5_752, ledger_class="penalty", cancels_id=None
)


def test_charges_are_told_on_the_bill_and_alone():
    told = shadow.tell(draft=draft(), charges=[CHARGE, replace(CHARGE, account_id=8)])
    assert told.account_id.tolist() == [7, 8, 9]
    assert told.amount_minor.tolist() == [319, 50_000, 50_510]
    assert told.energy_wh.tolist() == [5_000, 0, 8_000]
    assert (told.fingerprint[0] == MARKS[0], told.fingerprint[2] == MARKS[1]) == (True, False)


@pytest.mark.parametrize("change", [{"charge_id": 4}, {"amount_minor": 1}, {"tax_minor": 1}, {"ledger_class": "other"},
                                    {"cancels_id": 1}])  # fmt: skip
def test_a_fingerprint_changes_with_each_thing_of_a_charge(change):
    one, other = (shadow.tell(draft=draft(), charges=[charge]) for charge in (CHARGE, replace(CHARGE, **change)))
    assert one.fingerprint[0] == other.fingerprint[0]
    assert one.fingerprint[1] != other.fingerprint[1]


def test_a_charge_goes_through_if_it_was_seen_and_waits_if_not():
    shown = shadow.tell(draft=draft(), charges=[CHARGE]).fingerprint
    seen = ((7, 319, MARKS[0], PLAIN), (9, 50_510, shown[1], PLAIN))
    assert promote(*seen, charges=[CHARGE]) == {}
    assert promote(*seen) == {9: "differs_from_shadow"}
    assert promote((7, 319, MARKS[0], PLAIN), (9, 510, MARKS[1], PLAIN), charges=[CHARGE, replace(CHARGE, account_id=8)]) == {
        8: "differs_from_shadow", 9: "differs_from_shadow",
    }  # fmt: skip


@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=3, max_size=3),
    st.lists(st.integers(1, 62), min_size=3, max_size=3),
)
def test_no_bill_is_above_and_below_at_once(amounts, days):
    own, last, year = (past(amount, span) for amount, span in zip(amounts, days, strict=True))
    assert (
        len(shadow.outliers(accounts=columns(7), limits=LIMITS, comparison=Comparison(own=own, last=last, year=year)))
        <= 1
    )


@pytest.mark.parametrize("rule", [{}, {"above_percent": 100, "below_percent": 50, "min_difference": "5"},
                                  {"above_percent": 200, "below_percent": 100, "min_difference": "5"},
                                  {"above_percent": 200, "below_percent": 50, "min_difference": 5}])  # fmt: skip
def test_a_rule_that_cannot_hold_is_refused(rule):
    with pytest.raises(shadow.UnusableShadowRule):
        shadow.read_limits(rule, decimals=2)
