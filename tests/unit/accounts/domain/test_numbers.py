import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.numbers import FIRST, LAST, NumbersExhausted, account_number, has_check_digit

SERIALS = st.integers(1, LAST - FIRST + 1)


def test_the_first_account_has_ten_digits_and_no_leading_zero():
    assert account_number(serial=1) == "1000000005"
    assert account_number(serial=2) == "1000000018"


@given(SERIALS, st.integers(0, 9), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(serial, place, shift):
    number = account_number(serial=serial)
    wrong = (int(number[place]) + shift) % 10
    assert has_check_digit(number)
    assert not has_check_digit(f"{number[:place]}{wrong}{number[place + 1 :]}")


@given(SERIALS, st.integers(0, 8))
def test_any_two_swapped_neighbours_are_found(serial, place):
    number = account_number(serial=serial)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert has_check_digit(swapped) == (number[place] == number[place + 1])


@pytest.mark.parametrize("serial", [0, -1, LAST - FIRST + 2])
def test_a_serial_beyond_ten_digits_is_refused(serial):
    with pytest.raises(NumbersExhausted):
        account_number(serial=serial)


@pytest.mark.parametrize("text", ["", "5724", "１０００００００００", "10000 0005", "abc"])
def test_other_texts_are_no_account_numbers(text):
    assert not has_check_digit(text)
