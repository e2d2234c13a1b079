"""Numbers follow each other without a gap, whoever takes them and whatever is rolled back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from cis.platform import sequences
from cis.platform.db import NoTransaction


@pytest.mark.django_db
def test_numbers_follow_each_other_from_1_in_each_sequence():
    assert sequences.take("a", 3) == 1
    assert sequences.take("a") == 4
    assert sequences.take("b") == 1
    assert sequences.take("a", 10) == 5


@pytest.mark.django_db
def test_fewer_than_one_number_is_refused():
    with pytest.raises(ValueError, match="0 numbers"):
        sequences.take("a", 0)


@pytest.mark.django_db(transaction=True)
def test_a_number_is_taken_only_inside_a_use_case():
    with pytest.raises(NoTransaction):
        sequences.take("a")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_gap_under_concurrency():
    def work(seed: int) -> list[int]:
        kept = []
        for step in range(20):
            count = 1 + (seed + step) % 3
            with transaction.atomic():
                first = sequences.take("bill", count)
                undone = (seed * 7 + step) % 4 == 0
                transaction.set_rollback(undone)
            if not undone:
                kept += range(first, first + count)
        connection.close()
        return kept

    with ThreadPoolExecutor(4) as pool:
        taken = sorted(number for part in pool.map(work, range(4)) for number in part)
    assert taken == list(range(1, len(taken) + 1))
    assert len(taken) > 80
