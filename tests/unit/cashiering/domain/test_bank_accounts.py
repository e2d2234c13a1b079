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
        ("10000/1234567EUR", "10000/1234567", True),
        ("10000/1234567EUR", "DE8610000" + "0" * 6 + "1234567", True),
        ("37040044/532013000EUR", "DE89370400440532013000EUR", True),
        ("DE89370400440532013000EUR", "DE89370400440532013000", True),
        ("6222021234567890123EUR", "6222021234567890123", True),
        ("6222021234567890123EUR", "6222021234567890124EUR", False),
        ("10000/1234567USD", "10000/1234567EUR", False),
        ("10000/1234567USD", "10000/1234567", False),
        ("MT84MALT011000012345MTLCAST001SEUR", "MT84MALT011000012345MTLCAST001S", True),
        ("GIROEUR", "GIRO", False),
        ("", "EUR", False),
    ],
)
def test_an_iban_is_its_parts_and_nothing_else_but_for_the_currency_behind_them(one, other, expected):
    assert is_same(one=one, other=other, currency="EUR") is is_same(one=other, other=one, currency="EUR") is expected
