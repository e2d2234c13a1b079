"""Lists of numbers as parameters: what arrives is what was given, of one type however large it is."""

import pytest

from cis.platform import db
from cis.platform.arrays import packed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "numbers",
    [[0], [1, -1], [2**15, -(2**31), 2**63 - 1, -(2**63)], list(range(-2_000, 2_000))],
)
def test_numbers_arrive_as_they_were_given(numbers):
    assert db.fetch("SELECT %s, pg_typeof(%s)::text", [numbers, numbers]) == [(numbers, "bigint[]")]
    columns = db.read_columns("SELECT n FROM unnest(%(numbers)s) AS u(n)", {"numbers": numbers}, columns=1)
    assert columns[0].tolist() == numbers


def test_a_statement_has_one_type_whatever_the_numbers_are():
    for numbers in ([1], [40_000], [3_000_000_000]):
        assert db.fetch("SELECT pg_typeof(%s)::text", [numbers]) == [("bigint[]",)]


def test_other_lists_stay_what_they_are():
    given = {"texts": ["1", "2"], "flags": [True, False], "none": [], "mixed": [1, None], "one": 7}
    assert packed(given) == given
    assert db.fetch("SELECT %(texts)s::text[], %(none)s::bigint[], %(mixed)s::int[], %(one)s", given) == [
        (["1", "2"], [], [1, None], 7)
    ]


def test_a_number_beyond_64_bits_is_refused_and_nothing_is_cut():
    with pytest.raises(OverflowError):
        db.fetch("SELECT %s", [[2**63]])


def test_numbers_are_shown_in_statements_that_are_captured(django_assert_num_queries):
    with django_assert_num_queries(1) as captured:
        db.fetch("SELECT %s", [[4, 5]])
    assert "{4,5}" in captured.captured_queries[0]["sql"]
