"""Groups, tenths and distributions of a change of prices, against school arithmetic."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import outcomes
from billing.domain.outcomes import BINS, Groups, Outcomes

AMOUNTS = st.integers(-(10**7), 10**7)
ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 10**8), AMOUNTS, AMOUNTS), max_size=40)


def columns(rows):
    return (np.array([row[place] for row in rows], dtype=np.int64) for place in range(4))


def supplies(rows):
    months, used, old, new = columns(rows)
    nothing = np.zeros(len(rows), dtype=np.int64)
    return Outcomes(
        agreement_id=np.arange(len(rows), dtype=np.int64), account_id=nothing, tariff_id=nothing, kind=nothing,
        area=nothing, months=months, used_wh=used, old_minor=old, new_minor=new, reason=nothing,
    )  # fmt: skip


@given(ROWS)
def test_groups_are_the_sums_of_their_rows(rows):
    key, used, old, new = columns(rows)
    found = outcomes.group(key=key, used_wh=used, old_minor=old, new_minor=new)
    for place, one in enumerate(found.key.tolist()):
        mine = [row for row in rows if row[0] == one]
        changes = [row[3] - row[2] for row in mine]
        assert [getattr(found, name)[place] for name in Groups.__dataclass_fields__] == [
            one, len(mine), sum(row[1] for row in mine), sum(row[2] for row in mine), sum(row[3] for row in mine),
            sum(change > 0 for change in changes), sum(max(change, 0) for change in changes),
            sum(change < 0 for change in changes), sum(max(-change, 0) for change in changes),
        ]  # fmt: skip
    assert sorted(found.key.tolist()) == sorted({row[0] for row in rows})


@given(ROWS, st.integers(0, 40))
def test_groups_of_parts_are_those_of_the_whole(rows, cut):
    def groups(part):
        key, used, old, new = columns(part)
        return outcomes.group(key=key, used_wh=used, old_minor=old, new_minor=new)

    whole, parts = groups(rows), outcomes.joined([groups(rows[:cut]), groups(rows[cut:])])
    for name in Groups.__dataclass_fields__:
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()


@given(ROWS)
def test_tenths_are_of_one_size_and_in_order_of_use(rows):
    months, used, *_ = columns(rows)
    tenth = outcomes.deciles(used_wh=used, months=months)
    sizes = np.bincount(tenth, minlength=11)[1:]
    assert sizes.sum() == len(rows)
    assert sizes.max() - sizes.min() <= 1
    order = sorted(zip(tenth.tolist(), (used // months).tolist(), strict=True))
    assert [mean for _, mean in order] == sorted(mean for _, mean in order)


@given(ROWS)
def test_each_supply_lies_in_the_bin_of_its_change_in_money(rows):
    found = outcomes.in_money(supplies(rows))
    expected = [_bin(Fraction(new - old), found.step) for _, _, old, new in rows]
    assert dict(zip(found.groups.key.tolist(), found.groups.supplies.tolist(), strict=True)) == {
        key: expected.count(key) for key in expected
    }
    inside = sum(abs(key) <= BINS for key in expected if key)
    changed = sum(key != 0 for key in expected)
    assert inside >= changed * Fraction(95, 100)


@given(ROWS)
def test_each_supply_lies_in_the_bin_of_its_change_in_percent(rows):
    found = outcomes.in_percent(supplies(rows))
    shown = [(old, new) for _, _, old, new in rows if old > 0]
    expected = [_bin(Fraction((new - old) * 10_000, old), found.step) for old, new in shown]
    assert dict(zip(found.groups.key.tolist(), found.groups.supplies.tolist(), strict=True)) == {
        key: expected.count(key) for key in expected
    }


def _bin(change, step):
    size = min(ceil(abs(change) / step), BINS + 1)
    return -size if change < 0 else size


def test_a_percentage_of_a_very_large_bill_is_exact():
    found = outcomes.in_percent(supplies([(1, 1, 3 * 10**17, 3 * 10**17 + 3 * 10**13 + 1)]))
    assert found.step == 1
    assert found.groups.key.tolist() == [2]  # a little above 0.01 %


@pytest.mark.parametrize(
    ("reach", "step"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 5), (41, 10), (800, 100), (801, 200)]
)
def test_steps_are_round_numbers(reach, step):
    assert outcomes.step_of(reach=reach) == step


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [(100, 101, "+1.00"), (100, 99, "-1.00"), (300, 301, "+0.33"), (3, 1, "-66.67"), (100, 100, "0.00"),
     (0, 5, ""), (-10, 5, ""), (20_000, 20_001, "+0.01"), (20_001, 20_000, "0.00")],
)  # fmt: skip
def test_percentages_are_rounded_half_away_from_zero(old, new, text):
    assert outcomes.percent_text(old_minor=old, new_minor=new) == text
