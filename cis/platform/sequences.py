"""Counters without gaps: a number is taken in the transaction that uses it, as the last thing it does."""

from cis.platform.db import fetch, joins_transaction

_TAKE = """
    INSERT INTO platform_sequence (name, last) VALUES (%(name)s, %(count)s)
    ON CONFLICT (name) DO UPDATE SET last = platform_sequence.last + %(count)s
    RETURNING last
"""


@joins_transaction
def take(name: str, count: int = 1) -> int:
    """
    Take ``count`` numbers in a row and return the first; the sequence starts at 1.

    The sequence's row stays locked until the transaction ends, so take numbers last. When it rolls back, the numbers
    are given back.

    :raises ValueError: count is below 1.
    """
    if count < 1:
        raise ValueError("at least one number must be taken")
    [(last,)] = fetch(_TAKE, {"name": name, "count": count})
    return int(last) - count + 1
