from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cis.kernel.columns import Columns, group_rows
from cis.kernel.fixed import Int64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample(Columns):
    day: Int64
    energy_wh: Int64
    estimated: NDArray[np.bool_]
    codes: tuple[str, ...] = ("",)


def sample(count=3, **changes):
    values = {
        "day": np.arange(count, dtype=np.int64),
        "energy_wh": np.arange(2 * count, dtype=np.int64).reshape(count, 2),
        "estimated": np.arange(count) % 2 == 1,
    }
    return Sample(**values | changes)


def test_columns_of_one_length_make_a_table():
    table = sample(4)
    assert len(table) == 4
    assert not hasattr(table, "__dict__")
    assert len(sample(0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": np.array([1.0, 2.0, 3.0])},
        {"day": np.array([1, 2, 3], dtype=np.int32)},
        {"day": np.array([1, 2, 3], dtype=object)},
        {"day": [1, 2, 3]},
        {"day": None},
        {"estimated": np.array([0, 1, 0])},
    ],
)
def test_a_column_of_another_type_is_an_error(wrong):
    (name,) = wrong
    with pytest.raises(TypeError, match=f"Sample.{name} must be an array"):
        sample(3, **wrong)


@pytest.mark.parametrize("day", [np.array([1, 2]), np.array(3)])
def test_columns_of_different_length_are_an_error(day):
    with pytest.raises(ValueError, match="rows"):
        sample(3, day=day)


def test_a_table_without_columns_is_an_error():
    @dataclass(frozen=True)
    class Bare(Columns):
        name: str

    with pytest.raises(TypeError, match="no columns"):
        Bare("x")


@pytest.mark.parametrize(
    "rows", [np.array([2, 0, 2]), np.array([True, False, True, False]), slice(1, 3), np.array([], dtype=np.int64)]
)
def test_take_gives_those_rows_of_every_column(rows):
    table = sample(4, codes=("peak", "valley"))
    part = table.take(rows)
    assert type(part) is Sample
    for name in ("day", "energy_wh", "estimated"):
        assert getattr(part, name).tolist() == getattr(table, name)[rows].tolist()
    assert part.codes == ("peak", "valley")


def test_concat_joins_what_was_cut():
    table = sample(5)
    joined = Sample.concat([table.take(slice(0, 2)), table.take(slice(2, 2)), table.take(slice(2, 5))])
    for name in ("day", "energy_wh", "estimated"):
        assert getattr(joined, name).tolist() == getattr(table, name).tolist()


def test_concat_of_nothing_or_of_tables_about_different_things_is_an_error():
    with pytest.raises(ValueError, match="no Sample"):
        Sample.concat([])
    with pytest.raises(ValueError, match="codes"):
        Sample.concat([sample(1), sample(1, codes=("x",))])


@given(st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))))
def test_groups_hold_every_row_once_in_order(keys):
    groups = [(key, rows.tolist()) for key, rows in group_rows(np.array(keys, dtype=np.int64))]
    assert groups == [(key, [row for row, own in enumerate(keys) if own == key]) for key in sorted(set(keys))]
    assert all(type(key) is int for key, _ in groups)
