"""Account numbers (户号): what customers read out on the telephone, so they carry a check digit."""

from stdnum import damm
from stdnum.exceptions import ValidationError

from cis.kernel.errors import Refused

DIGITS = 10
FIRST = 100_000_000
"""Serial numbers are counted up from here: no number begins with 0, which a spreadsheet would drop."""

LAST = 999_999_999


class NumbersExhausted(Refused):
    """There are no more account numbers of ten digits."""

    code = "numbers_exhausted"


def account_number(*, serial: int) -> str:
    """
    Return the account number of the serial-th account, 10 digits.

    The last digit is Damm's: it finds every single wrong digit and every swap of two neighbours.
    [source: H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004]

    :param serial: 1, 2, ...
    :raises NumbersExhausted: ten digits do not hold the serial.
    """
    body = FIRST + serial - 1
    if not FIRST <= body <= LAST:
        raise NumbersExhausted(f"No account number is left for serial {serial}.", advice="Widen the numbers.")
    return f"{body}{damm.checksum(str(body))}"


def has_check_digit(number: str) -> bool:
    """Return whether the text is an account number of our own making, typed without a slip."""
    try:
        damm.validate(number)
    except ValidationError:
        return False
    return len(number) == DIGITS and number.isascii() and number.isdigit()
