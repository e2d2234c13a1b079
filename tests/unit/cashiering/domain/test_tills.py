"""Counts, change, and what the close of a till posts."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashiering.domain import tills
from cashiering.domain.tills import BadTill, Means

AMOUNTS = st.integers(0, 10**9)
OTHERS = st.dictionaries(st.sampled_from([Means.CARD, Means.CHEQUE, Means.WALLET]), AMOUNTS)


@given(expected=AMOUNTS, found=AMOUNTS, part=st.floats(0, 1), others=OTHERS)
def test_the_close_empties_the_till_whatever_was_counted(expected, found, part, others):
    """The drawer and each other means are at 0 afterwards, and each fen of them is somewhere."""
    deposit = int(found * part)
    entries = tills.closing_entries(
        session_id=1, expected_minor=expected, found_minor=found, deposit_minor=deposit, others_minor=others,
        on=date(2026, 3, 10), reason="x",
    )  # fmt: skip
    moved = Counter({tills.TILL_CASH: expected, **{one.channel.ledger_code: sum_ for one, sum_ in others.items()}})
    for entry in entries:
        moved[entry.debit] += entry.amount_minor
        moved[entry.credit] -= entry.amount_minor
    assert moved[tills.TILL_CASH] == 0
    assert all(moved[one.channel.ledger_code] == 0 for one in others)
    assert moved[tills.TRANSIT] == deposit + sum(others.values())
    assert moved[tills.SAFE] == found - deposit
    assert moved[tills.OVER] + moved[tills.SHORT] == expected - found
    assert len({entry.part for entry in entries}) == len(entries)


@given(pieces=st.dictionaries(st.sampled_from([10_000, 500, 10]), st.integers(0, 1_000)))
def test_a_count_is_the_sum_of_its_pieces(pieces):
    laid = [face for face, count in pieces.items() for _piece in range(count)]
    assert tills.counted_minor(pieces=pieces, faces=(10_000, 500, 10)) == sum(laid)


@pytest.mark.parametrize(
    ("amount", "tendered", "means", "change"),
    [(100, None, Means.CASH, 0), (100, 100, Means.CARD, 0), (100, 500, Means.CASH, 400)],
)
def test_change_is_given_for_cash(amount, tendered, means, change):
    assert tills.change_minor(amount_minor=amount, tendered_minor=tendered, means=means) == change


@pytest.mark.parametrize(("tendered", "means"), [(99, Means.CASH), (101, Means.WALLET), (99, Means.CARD)])
def test_too_little_is_refused_and_so_is_change_for_other_means(tendered, means):
    with pytest.raises(BadTill):
        tills.change_minor(amount_minor=100, tendered_minor=tendered, means=means)
