import threading

import pytest

from cis.kernel.ahead import one_ahead


def test_items_come_in_order_and_one_ahead():
    made = []

    def items():
        for number in range(4):
            made.append(number)
            yield number

    taken = []
    for number in one_ahead(items()):
        taken.append(number)
        assert len(made) <= number + 2
    assert taken == made == [0, 1, 2, 3]
    assert list(one_ahead(iter(()))) == []
    assert list(one_ahead(iter([None, 0, ""]))) == [None, 0, ""]


def test_what_raises_there_is_raised_here_in_its_place():
    def items():
        yield 1
        raise ValueError("the second is broken")

    ahead = one_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="the second"):
        next(ahead)


def test_who_stops_early_leaves_no_thread():
    ahead = one_ahead(iter(range(1000)))
    assert next(ahead) == 0
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
