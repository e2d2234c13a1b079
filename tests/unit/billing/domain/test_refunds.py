"""What of a credit is free, and which numbers are bank accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.refunds import BadBankAccount, Credit, bank_account

MONEY = st.integers(0, 10**9)


@given(MONEY, MONEY, MONEY, MONEY, MONEY)
def test_no_more_is_free_than_is_there(credit, young, promised, given_up, used):
    kept = {"young_minor": young, "promised_minor": promised, "given_up_minor": given_up, "used_minor": used}
    free = Credit(credit_minor=credit, **kept).free_minor
    assert 0 <= free <= credit
    assert free == 0 or free + sum(kept.values()) == credit


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),  # the example of ISO 13616
        ("de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("6222 0212-3456 7890 123", "6222021234567890123"),
    ],
)
def test_a_number_is_kept_as_banks_write_it(typed, kept):
    assert bank_account(typed, must_be_iban=False) == kept


@pytest.mark.parametrize(
    "typed", ["", "12345", "GB82 WEST 1234 5698 7654 33", "DE88370400440532013000", "x" * 40, "62;1234"]
)
def test_what_is_no_bank_account_is_refused(typed):
    with pytest.raises(BadBankAccount):
        bank_account(typed, must_be_iban=False)


def test_where_ibans_are_the_rule_nothing_else_is_taken():
    with pytest.raises(BadBankAccount):
        bank_account("6222021234567890123", must_be_iban=True)
    assert bank_account("GB82WEST12345698765432", must_be_iban=True) == "GB82WEST12345698765432"


@given(st.integers(0, 97))
def test_one_pair_of_check_digits_fits(check):
    number = f"GB{check:02d}WEST12345698765432"
    if check == 82:
        assert bank_account(number, must_be_iban=True) == number
    else:
        with pytest.raises(BadBankAccount):
            bank_account(number, must_be_iban=True)
