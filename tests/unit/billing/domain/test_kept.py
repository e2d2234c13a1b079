"""Numbers kept with segments: lists by place, and the batch that they make again."""

import numpy as np
import pytest

from billing.domain import kept
from tariffs.domain.layout import OtherLayout
from tests.unit.billing.domain import plans


def column(*values):
    return np.array(values, dtype=np.int64)


def test_lists_of_several_plans_lie_at_their_places():
    parts = [
        (column(2, -1), np.array([[1, 2, 3], [9, 9, 9]])),
        (column(0), np.array([[7]])),
        (column(1), np.zeros((1, 0), dtype=np.int64)),
    ]
    lists = kept.lists_of(parts=parts, count=4)
    assert lists.lengths.tolist() == [1, kept.NOT_KEPT, 3, kept.NOT_KEPT]
    assert [lists.values[0, :1].tolist(), lists.values[2].tolist()] == [[7], [1, 2, 3]]
    empty = kept.lists_of(parts=[], count=2)
    assert (empty.lengths.tolist(), empty.values.shape) == ([-1, -1], (2, 0))


def read_back(inputs):
    days = column(*[739_252] * len(inputs))
    return kept.read_back(
        plan=plans.periods(),
        start_day=days,
        end_day=days + 31,
        before_wh=days * 0,
        household=days * 0 + 1,
        inputs=inputs,
    )


def test_kept_numbers_make_the_batch_again():
    batch = read_back([[5, 6], [7, 8]])
    assert (batch.used_wh.tolist(), batch.days.tolist()) == ([[5, 6], [7, 8]], [31, 31])
    assert batch.month_share_e9.tolist() == [10**9, 10**9]


@pytest.mark.parametrize("inputs", [[[5, 6], [7]], [[5]], [[]]])
def test_numbers_of_another_layout_are_refused(inputs):
    with pytest.raises(OtherLayout):
        read_back(inputs)
