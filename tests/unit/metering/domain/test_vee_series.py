"""Which spans are of one series."""

import numpy as np

from metering.domain.vee_series import Sides, number


def _numbered(*rows):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T.copy()
    series, mirror = number(sides=Sides(*columns))
    return series.tolist(), mirror.tolist()


def test_meters_that_hang_one_after_the_other_are_one_series():
    (one, two, elsewhere), mirror = _numbered((7, 0, 1, 10, 20), (7, 0, 2, 20, 30), (8, 0, 3, 10, 20))
    assert one == two
    assert elsewhere != one
    assert one not in mirror


def test_what_is_given_is_another_series_and_each_knows_the_other():
    series, mirror = _numbered((7, 0, 1, 10, 20), (7, 1, 2, 10, 20), (7, 2, 3, 10, 20))
    assert len(set(series)) == 3
    assert mirror[:2] == series[1::-1]
    assert mirror[2] not in series


def test_registers_that_hang_at_once_have_a_series_each():
    series, mirror = _numbered((7, 0, 1, 10, 20), (7, 0, 2, 15, 30), (7, 0, 1, 20, 40), (7, 1, 3, 10, 20))
    assert series[0] == series[2] != series[1]
    assert mirror == [-1] * 4
    assert len(set(series)) == 3


def test_nothing_has_no_series():
    assert _numbered() == ([], [])
