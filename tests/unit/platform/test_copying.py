"""What does not fit a column's type is refused before a byte is sent."""

from datetime import date

import numpy as np
import pytest

from cis.platform import copying
from cis.platform.copying import Unfit

ONE = np.array([1], dtype=np.int64)


@pytest.mark.parametrize(
    "make",
    [
        lambda: copying.int8(np.array([1.0])),
        lambda: copying.int8(np.array([2**70], dtype=object)),
        lambda: copying.int8(np.array([1], dtype=np.uint64)),
        lambda: copying.int8(np.array([[1]])),
        lambda: copying.int8(2**63),
        lambda: copying.int4(np.array([2**31])),
        lambda: copying.int2(-(2**15) - 1),
        lambda: copying.day(np.array([2**40])),
        lambda: copying.boolean(ONE),
        lambda: copying.words(np.array([2]), ("a", "b")),
        lambda: copying.words(np.array([-1]), ("a", "b")),
        lambda: copying.words(np.array([0.5]), ("a", "b")),
        lambda: copying.bytea(np.zeros(3, dtype=np.uint8)),
        lambda: copying.int8_lists(ONE, lengths=ONE),
        lambda: copying.int8_lists(ONE[:, None], lengths=ONE + 1),
        lambda: copying.int8_lists(ONE[:, None], lengths=ONE - 3),
        lambda: copying.int8_lists(ONE[:, None], lengths=np.array([1, 1])),
        lambda: copying.int8_lists(ONE[:, None] == 1, lengths=ONE),
        lambda: copying.int8(ONE, nulls=np.array([0])),
        lambda: copying.int8(ONE, nulls=np.array([True, False])),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(Unfit):
        make()


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(Unfit, match=r"\[1, 2\]"):
        copying.encode([copying.int8(ONE), copying.int8(np.array([1, 2]))])
    with pytest.raises(Unfit, match="how many"):
        copying.encode([copying.text("a")])
    with pytest.raises(Unfit):
        copying.encode([copying.int8(ONE)], count=2)


def test_the_bytes_are_those_of_the_manual():
    columns = [copying.int2(np.array([-2])), copying.text("é"), copying.null(), copying.day(date(2000, 1, 2))]
    assert (
        b"".join(copying.encode(columns)).hex(" ", -2)
        == "0004 0000 0002 fffe 0000 0002 c3a9 ffff ffff 0000 0004 0000 0001"
    )
