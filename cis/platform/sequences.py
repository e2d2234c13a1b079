"""Numbers without gaps, for bills and accounts: a number is taken only by a transaction that commits."""

from cis.platform import db


@db.joins_transaction
def take(name: str, count: int = 1) -> int:
    """
    Take the next numbers of a sequence; return the first of them, the others follow it. The first ever is 1.

    The row of the sequence stays locked until the use case commits, so this is its last step: whoever wants a number
    of the same sequence waits. If the use case is rolled back, the numbers are taken by the next one.

    :raises ValueError: fewer than one number is asked for.
    """
    if count < 1:
        raise ValueError(f"{count} numbers of the sequence {name!r}")
    ((last,),) = db.fetch(
        """
        INSERT INTO platform_sequence AS s (name, last) VALUES (%s, %s)
        ON CONFLICT (name) DO UPDATE SET last = s.last + EXCLUDED.last
        RETURNING last
        """,
        [name, count],
    )
    return int(last) - count + 1
