"""
The keys of customers: made when something is first encrypted for one, destroyed when the customer is anonymised.

The key of a document is wrapped by the key of each customer that the document is about; it can be read as long as one
of these keys is there.
"""

from collections.abc import Iterable

from cis.kernel.errors import Refused
from cis.platform import db, sealing
from cis.platform.db import joins_transaction

PERSON, DOCUMENT = b"key of a customer", b"key of a document"


class KeyDestroyed(Refused):
    """The customer was anonymised: nothing can be kept for that customer any more."""

    code = "key_destroyed"


@joins_transaction
def give_step(*, document_id: int, customer_ids: Iterable[int], key: bytes) -> None:
    """
    Let these customers have a document: its key is kept for each.

    :raises KeyDestroyed: one of them was anonymised.
    """
    for customer_id in sorted(customer_ids):
        wrapped = sealing.seal_bytes(key, key=_key_of(customer_id), purpose=DOCUMENT)
        db.execute(
            """
            INSERT INTO platform_documentkey (document_id, customer_id, wrapped) VALUES (%s, %s, %s)
            ON CONFLICT (document_id, customer_id) DO NOTHING
            """,
            [document_id, customer_id, wrapped],
        )


def of_document(document_id: int) -> bytes | None:
    """Return the key of an encrypted document; None: all customers who had it were anonymised. One statement."""
    found = db.fetch(
        """
        SELECT d.wrapped, p.wrapped FROM platform_documentkey d
        JOIN platform_personkey p ON p.customer_id = d.customer_id AND p.wrapped <> ''
        WHERE d.document_id = %s ORDER BY d.id LIMIT 1
        """,
        [document_id],
    )
    if not found:
        return None
    mine, person = found[0]
    return sealing.unseal_bytes(bytes(mine), key=sealing.unseal(person, purpose=PERSON), purpose=DOCUMENT)


@joins_transaction
def destroy_step(*, customer_id: int) -> tuple[int, ...]:
    """
    Destroy the key of a customer for good, and return the documents that nobody can read any more.

    It stays noted that there was one, so that none is made again.
    """
    db.execute(
        """
        INSERT INTO platform_personkey (customer_id, wrapped, created_at, destroyed_at) VALUES (%s, '', now(), now())
        ON CONFLICT (customer_id) DO UPDATE SET wrapped = '', destroyed_at = now()
        """,
        [customer_id],
    )
    lost = db.fetch(
        """
        WITH gone AS (DELETE FROM platform_documentkey WHERE customer_id = %s RETURNING document_id)
        SELECT DISTINCT g.document_id FROM gone g WHERE NOT EXISTS (
            SELECT FROM platform_documentkey d WHERE d.document_id = g.document_id AND d.customer_id <> %s)
        """,
        [customer_id, customer_id],
    )
    return tuple(sorted(one for (one,) in lost))


@joins_transaction
def renew_step() -> int:
    """Wrap all keys of customers by the current key of the installation; return how many were wrapped anew."""
    rows = db.fetch(
        "SELECT id, wrapped FROM platform_personkey WHERE wrapped <> '' AND wrapped NOT LIKE %s ORDER BY id FOR UPDATE",
        [f"{sealing.MARK}:{sealing.current_key_name()}:%"],
    )
    for row_id, wrapped in rows:
        renewed = sealing.seal(sealing.unseal(wrapped, purpose=PERSON), purpose=PERSON)
        db.execute("UPDATE platform_personkey SET wrapped = %s WHERE id = %s", [renewed, row_id])
    return len(rows)


def _key_of(customer_id: int) -> bytes:
    """Return the key of a customer, made now if there is none."""
    made = sealing.seal(sealing.new_key(), purpose=PERSON)
    db.execute(
        """
        INSERT INTO platform_personkey (customer_id, wrapped, created_at) VALUES (%s, %s, now())
        ON CONFLICT (customer_id) DO NOTHING
        """,
        [customer_id, made],
    )
    ((wrapped,),) = db.fetch("SELECT wrapped FROM platform_personkey WHERE customer_id = %s FOR SHARE", [customer_id])
    if not wrapped:
        raise KeyDestroyed(f"Customer {customer_id} was anonymised.", customer_id=customer_id)
    return sealing.unseal(wrapped, purpose=PERSON)
