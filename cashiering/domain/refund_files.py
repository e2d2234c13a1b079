"""How transfers of refunds, and the files that hold them, are called, so that they are known again."""

import re

REFUND_PREFIX, FILE_PREFIX = "REF", "REFUNDS"
REFUND = re.compile(rf"(?<![A-Z]){REFUND_PREFIX}(\d{{10}})(?!\d)")
FILE = re.compile(rf"{FILE_PREFIX}(\d{{10}})(?!\d)")


def refund_name(refund_id: int) -> str:
    """Return what the transfer of a refund is called, from end to end."""
    return f"{REFUND_PREFIX}{refund_id:010d}"


def file_name(number: int) -> str:
    """Return what a file of transfers is called."""
    return f"{FILE_PREFIX}{number:010d}"


def refunds_in(text: str) -> list[int]:
    """Return the refunds that a line of a statement names."""
    return [int(number) for number in REFUND.findall(text)]


def files_in(text: str) -> list[str]:
    """Return the files of transfers that a line of a statement names."""
    return [file_name(int(number)) for number in FILE.findall(text)]
