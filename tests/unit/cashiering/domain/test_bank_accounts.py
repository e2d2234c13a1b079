"""Two names of one account: MT940 takes an IBAN apart."""

import pytest

from cashiering.domain.bank_accounts import is_same


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("DE89370400440532013000", "37040044/0532013000", True),
        ("DE89370400440532013000", "37040044/532013000", True),
        ("CN0010000000001234567", "10000/1234567", True),
        ("CN0010000000001234567", "10000/234567", False),
        ("CN0010000000001234567", "10001/1234567", False),
        ("DE89370400440532013000", "37040044/053201300", False),
        ("DE89370400440532013000", "370400440532/0532013000", False),
        ("6222021234567890123", "6222021234567890123", True),
        ("6222021234567890123", "6222021234567890124", False),
        ("10000/1234567", "10000/01234567", False),
    ],
)
def test_an_iban_is_its_parts_and_nothing_else(one, other, expected):
    assert is_same(one=one, other=other) is is_same(one=other, other=one) is expected
