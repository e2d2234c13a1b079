"""An agent's list, its commission, and how much of a name is shown."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashiering.domain import agents
from cashiering.domain.agents import DifferenceKind, Listed

LISTS = st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(st.sampled_from("12"), st.integers(1, 3)))


def _listed(rows):
    return {reference: Listed(reference, account, amount) for reference, (account, amount) in rows.items()}


@given(theirs=LISTS, ours=LISTS, other_days=LISTS, elsewhere=st.frozensets(st.sampled_from("ABCDEF")))
def test_each_payment_is_equal_explained_or_one_difference(theirs, ours, other_days, elsewhere):
    theirs, of_day = _listed(theirs), _listed(ours)
    known = {**_listed(other_days), **of_day}
    found = agents.compare(
        theirs=list(theirs.values()), ours_of_day=of_day, ours_known=known, listed_elsewhere=elsewhere
    )
    kinds = {one.reference: one.kind for one in found}
    assert len(kinds) == len(found)
    for reference in set(theirs) | set(of_day):
        if reference not in theirs:
            expected = None if reference in elsewhere else DifferenceKind.MISSING_THERE
        elif reference not in known:
            expected = DifferenceKind.MISSING_HERE
        else:
            expected = None if theirs[reference] == known[reference] else DifferenceKind.DIFFERS
        assert kinds.get(reference) == expected
    assert set(kinds) <= set(theirs) | set(of_day)


@given(
    amount=st.integers(1, 10**12), mille_e3=st.integers(0, 1_000_000), receipts=st.integers(0, 10**5),
    each=st.integers(0, 1_000),
)  # fmt: skip
def test_commission_is_the_share_of_a_day_rounded_half_up_and_so_much_a_receipt(amount, mille_e3, receipts, each):
    exact = Fraction(amount) * Fraction(mille_e3, 1_000_000)
    terms = agents.Terms(mille_e3, each)
    found = agents.commission_minor(amount_minor=amount, receipts=receipts, terms=terms)
    assert found - receipts * each == int(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张", "*"), ("张三", "*三"), ("欧阳修", "**修"), ("上海示范电子有限公司", "上******司"), ("Ann Lee", "A*****e")],
)
def test_a_name_is_known_to_its_owner_alone(name, shown):
    assert agents.masked(name) == shown


@given(name=st.text(min_size=1, max_size=40))
def test_no_name_is_shown_whole(name):
    assert agents.masked(name) != name.strip() or set(name.strip()) <= {"*"}


def test_a_list_is_read_with_or_without_a_mark_of_its_coding():
    text = "reference,account,amount\r\nK-1,31,1.5\r\n\r\n K-2 , 32 ,2.00\r\n"
    found = agents.read_list(("\ufeff" + text).encode(), places=2)
    assert found == agents.read_list(text.encode(), places=2)
    assert found == (Listed("K-1", "31", 150), Listed("K-2", "32", 200))
