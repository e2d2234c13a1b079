"""Secret numbers for the telephone: which are too easy to guess."""

from itertools import pairwise

from cis.kernel.errors import Refused


class BadPin(Refused):
    """The number has other than the digits asked for, or is guessed at once."""

    code = "bad_telephone_pin"


def check(pin: str, *, digits: int, account_number: str) -> None:
    """
    Check a secret number.

    :raises BadPin: it has not so many digits, all the same, digits in a row (as 345678), or is part of the account's.
    """
    if not (pin.isascii() and pin.isdigit()) or len(pin) != digits:
        raise BadPin(f"A telephone PIN has {digits} digits.", advice="Type digits alone.", field="pin")
    steps = {int(later) - int(early) for early, later in pairwise(pin)}
    if steps in ({0}, {1}, {-1}) or pin in account_number:
        raise BadPin("This number is guessed at once.", advice="Choose another one.", field="pin")
