"""
The code on a bill: an address that pays the bill without a login.

It holds the bill's number and a mark that only this installation can make, so nobody finds a bill by trying numbers.
"""

import base64

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

PATH = "/pay/"
PART_PATH = "/pay/part/"
SALT = "wattline.pay_link"
MARK_LETTERS = 16
"""Of 5 bits each."""


def address(number: str) -> str:
    """Return the address that pays the bill of a printed number."""
    return f"{settings.SITE_URL}{PATH}{number}/{mark(number)}/"


def part_address(code: str) -> str:
    """Return the address that pays the part of a plan whose card has this number."""
    return f"{settings.SITE_URL}{PART_PATH}{code}/{mark(code)}/"


def mark(number: str) -> str:
    """Return the mark of a printed number."""
    return _mark(number, settings.SECRET_KEY)


def is_right(number: str, given: str) -> bool:
    """Return whether a mark is that of the number; codes printed under a key before the last stay right."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_mark(number, str(key)), given) for key in keys)


def _mark(number: str, key: str) -> str:
    digest = salted_hmac(SALT, number, secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest).decode()[:MARK_LETTERS].lower()
