"""
Documents of customers, encrypted on the disk: sealed soon after they were kept, unreadable once nobody has their key.

``seal_new`` looks every few minutes at what was kept and asks ``cis.platform.personal`` whose it is. A file that is
nobody's - a tariff, a meter file - stays plain; as an applicant, or whoever wrote to us, may become a customer later,
it is looked at again each night for some months (``look_again``). A file that names many customers is destroyed when
its time is over (``destroy_step``).
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cis.platform import db, documents, nobodys, person_keys, personal, sealing
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.models import Document

WORK, AGAIN = "seal_documents", "seal_documents_later"
LATER = timedelta(days=180)
"""So long it is looked again whose a plain document has become."""
SETTLED = timedelta(minutes=2)
"""So old a document is when it is looked whose it is: the row that names it is committed by then."""
PIECE = 200
NAMELESS = "document"
"""How a document is called whose name would tell who was anonymised."""


def seal_new(at: datetime) -> None:
    """Encrypt the documents of customers that were kept since the last time."""
    while _seal_some(at):
        pass


@opens_transaction
def look_again(at: datetime) -> None:
    """Let ``seal_new`` look once more at what was nobody's; each night."""
    db.execute(
        """
        UPDATE platform_document SET looked_at = NULL
        WHERE looked_at IS NOT NULL AND sealed_name = '' AND erased_at IS NULL AND created_at > %s
        """,
        [at - LATER],
    )


@opens_transaction
def _seal_some(at: datetime) -> int:
    rows = db.fetch(
        """
        SELECT id FROM platform_document
        WHERE looked_at IS NULL AND sealed_name = '' AND erased_at IS NULL AND created_at < %s
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [at - SETTLED, PIECE],
    )
    ids = [one for (one,) in rows]
    owners = owners_of(ids, is_new=True)
    for document_id in ids:
        if owners[document_id]:
            seal_step(document_id=document_id, customer_ids=owners[document_id])
    db.execute("UPDATE platform_document SET looked_at = %s WHERE id = ANY(%s)", [at, ids])
    return len(ids)


def owners_of(document_ids: Collection[int], *, is_new: bool = False) -> dict[int, set[int]]:
    """Return the customers of some documents who were not anonymised, by document; see ``personal.owners_of``."""
    found: dict[int, set[int]] = defaultdict(set)
    pairs = personal.owners_of(list(document_ids), is_new=is_new)
    gone = {
        one
        for (one,) in db.fetch(
            "SELECT customer_id FROM platform_personkey WHERE wrapped = '' AND customer_id = ANY(%s)",
            [[customer for _, customer in pairs]],
        )
    }
    for document_id, customer_id in pairs:
        if customer_id not in gone:
            found[document_id].add(customer_id)
    return found


@joins_transaction
def seal_step(*, document_id: int, customer_ids: Collection[int]) -> None:
    """
    Encrypt a document for these customers; one that is encrypted already is theirs as well from now on.

    The plain file goes when the transaction is committed; a file that is lost is passed over.
    """
    row = db.locked_row(Document, document_id)
    if row is None or row.erased_at is not None:
        return
    if row.sealed_name:
        key = person_keys.of_document(document_id)
        if key is not None:
            person_keys.give_step(document_id=document_id, customer_ids=customer_ids, key=key)
        return
    plain = documents.path_of(row.sha256)
    if not plain.is_file():
        return
    key = sealing.new_key()
    sealed = sealing.seal_bytes(plain.read_bytes(), key=key, purpose=documents.purpose_of(document_id))
    row.sealed_name = documents.write_sealed(sealed)
    row.save(update_fields=["sealed_name"])
    person_keys.give_step(document_id=document_id, customer_ids=customer_ids, key=key)
    transaction.on_commit(lambda: plain.unlink(missing_ok=True))


@joins_transaction
def seal_at_once_step(*, document_id: int, customer_id: int) -> None:
    """Encrypt a document of one customer as it is kept; what is made after an erasure says nothing of anybody."""
    if not db.fetch("SELECT FROM platform_personkey WHERE customer_id = %s AND wrapped = ''", [customer_id]):
        seal_step(document_id=document_id, customer_ids=[customer_id])


@joins_transaction
def let_go_step(*, customer_id: int) -> int:
    """
    Take the key of a customer away; return how many documents nobody can read from now on.

    What is still plain is encrypted first, and what is another customer's too stays readable for that one. What
    somebody handed in as well who is no customer lies plain from now on, as all that is nobody's.
    """
    mine = _of(customer_id)
    owners = owners_of(mine)
    alone = [document_id for document_id in mine if not owners[document_id] - {customer_id}]
    named = nobodys.naming(document_ids=alone, but_customer_id=customer_id)
    for document_id in mine:
        if document_id not in named or not _unsealed_step(document_id):
            seal_step(document_id=document_id, customer_ids=owners[document_id] | {customer_id})
    lost = person_keys.destroy_step(customer_id=customer_id)
    _forget(lost)
    return len(lost)


@joins_transaction
def _of(customer_id: int) -> list[int]:
    """Lock the documents of a customer, those that have the customer's key among them."""
    rows = db.fetch(
        """
        SELECT id FROM platform_document WHERE id = ANY(%s::bigint[])
            OR id IN (SELECT k.document_id FROM platform_documentkey k WHERE k.customer_id = %s) ORDER BY id FOR UPDATE
        """,
        [list(personal.documents_of(customer_id=customer_id)), customer_id],
    )
    return [one for (one,) in rows]


@joins_transaction
def _unsealed_step(document_id: int) -> bool:
    """
    Let a document lie plain again; False: its file is gone.

    It says nothing of whose it was, and its time begins anew: it is looked for months whose it becomes.
    """
    row = Document.objects.get(id=document_id)
    if row.erased_at is not None:
        return False
    if row.sealed_name:
        try:
            plain = documents.open(document_id)
        except (documents.DocumentLost, documents.DocumentErased):
            return False
        documents.write(plain.read(), documents.path_of(row.sha256))
        sealed = documents.sealed_path(row.sealed_name)
        transaction.on_commit(lambda: sealed.unlink(missing_ok=True))
        db.execute("DELETE FROM platform_documentkey WHERE document_id = %s", [document_id])
    row.name, row.sealed_name, row.looked_at, row.created_at = NAMELESS, "", None, timezone.now()
    row.save(update_fields=["name", "sealed_name", "looked_at", "created_at"])
    return True


@joins_transaction
def destroy_step(*, document_ids: Collection[int]) -> None:
    """Destroy files that name many customers and whose time is over; their rows stay, without a name."""
    rows = db.fetch(
        "SELECT sha256, sealed_name FROM platform_document WHERE id = ANY(%s) AND erased_at IS NULL FOR UPDATE",
        [list(document_ids)],
    )
    paths = [documents.sealed_path(sealed) if sealed else documents.path_of(sha256) for sha256, sealed in rows]
    _forget(document_ids)

    def unlink() -> None:
        for one in paths:
            one.unlink(missing_ok=True)

    transaction.on_commit(unlink)


def _forget(document_ids: Collection[int]) -> None:
    """Forget name and fingerprint of documents that are unreadable: the same bytes are another document later."""
    db.execute(
        """
        UPDATE platform_document SET name = '', sha256 = 'erased:' || id, erased_at = %s WHERE id = ANY(%s)
        """,
        [timezone.now(), list(document_ids)],
    )
