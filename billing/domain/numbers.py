"""Numbers of bills: taken last, in the transaction that issues, so that none is missing."""

SEQUENCE = "bill"
DIGITS = 10


def bill_number(taken: int) -> str:
    """Return the printed number of the n-th bill of this installation, as ``0000000042``."""
    return f"{taken:0{DIGITS}d}"
