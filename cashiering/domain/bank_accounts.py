"""Accounts at banks that are debited: IBANs, and account numbers of China with the code of the bank."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.errors import Refused

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
CN_ACCOUNT = re.compile(r"[0-9]{8,32}")
CN_BANK = re.compile(r"[0-9]{12}")
OF_STATEMENT = re.compile(r"([0-9]{5,12})/0*([0-9]{1,20})")
SHOWN = 4
_MODULUS, _REST = 97, 1
_NUMBER, _CODE = "bank_account", "bank_code"
_COMPARE = "Compare it with the card or a statement, sign by sign."


class AccountKind(StrEnum):
    """
    How an account at a bank is named.

    IBAN  international number with check digits; the code of the bank (BIC) may be left out
    CN    number of an account in China; the code of the bank has 12 digits (联行号)
    """

    IBAN = "iban"
    CN = "cn"


class BadBankAccount(Refused):
    """The number of the account or the code of the bank cannot be right."""

    code = "bad_bank_account"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account at a bank, as it is kept: capital letters, no blanks. ``bank_code`` may be "" for an IBAN."""

    kind: AccountKind
    number: str
    bank_code: str

    @property
    def shown(self) -> str:
        """Return the number as pages and notices show it: its end alone."""
        return masked(self.number)


def masked(number: str) -> str:
    """Return the last four signs of a number, the others left out."""
    return f"…{number[-SHOWN:]}" if number else ""


def read(*, number: str, bank_code: str, kinds: tuple[AccountKind, ...]) -> BankAccount:
    """
    Return an account from what somebody wrote; blanks and small letters do not matter.

    kinds  how accounts are named in this place

    :raises BadBankAccount: the number, its check digits or the code of the bank are wrong, or are not taken here.

    [source: ISO 13616 (IBAN, check digits modulo 97 by ISO 7064), ISO 9362 (BIC)]
    """
    plain, code = "".join(number.split()).upper(), "".join(bank_code.split()).upper()
    is_iban = bool(IBAN.fullmatch(plain))
    kind = AccountKind.IBAN if is_iban else AccountKind.CN
    if kind not in kinds or not (is_iban or CN_ACCOUNT.fullmatch(plain)):
        raise BadBankAccount(
            "This is no number of an account that can be debited here.", advice=_COMPARE, field=_NUMBER
        )
    if is_iban and not _has_check_digits(plain):
        raise BadBankAccount("The check digits of the IBAN are wrong.", advice=_COMPARE, field=_NUMBER)
    if is_iban and code and not BIC.fullmatch(code):
        raise BadBankAccount("A BIC has 8 or 11 letters and digits.", advice="Leave it out.", field=_CODE)
    if not is_iban and not CN_BANK.fullmatch(code):
        raise BadBankAccount("The code of a bank has 12 digits.", advice="It is on the bank's site.", field=_CODE)
    return BankAccount(kind, plain, code)


def is_same(*, one: str, other: str, currency: str) -> bool:
    """
    Return whether two names by which statements call an account mean the same: MT940 takes an IBAN apart.

    As ``10000/1234567`` of CN0010000000001234567: the code of the bank, and the account without zeros before it. Behind
    any name the currency may stand, as ``10000/1234567CNY``; another one is another account.
    [source: SWIFT, MT940 field 25 as banks use it; the parts of an IBAN by ISO 13616]

    currency  that of the statements
    """
    ones, others = _without(one, currency), _without(other, currency)
    return ones == others or _is_taken_apart(ones, others) or _is_taken_apart(others, ones)


def _without(name: str, currency: str) -> str:
    plain = name.removesuffix(currency)
    is_whole = plain[-1:].isdigit() or (IBAN.fullmatch(plain) and _has_check_digits(plain))
    return plain if is_whole else name


def _is_taken_apart(iban: str, parts: str) -> bool:
    found = OF_STATEMENT.fullmatch(parts)
    if found is None or not IBAN.fullmatch(iban):
        return False
    bank, number = found.groups()
    own = iban[4:]
    zeros = len(own) - len(bank) - len(number)
    return zeros >= 0 and own == bank + "0" * zeros + number


def _has_check_digits(iban: str) -> bool:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % _MODULUS == _REST
