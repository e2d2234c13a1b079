"""
What people left behind who never became customers: applicants, callers and writers whom nobody knew.

A row is nobody's where its table says so (``personal.Held.nobody``) and no way of it leads to a customer. It is
overwritten with all that hangs on it, but for what is a customer's: that goes when the customer does.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date

from django.db.models import ManyToOneRel

from cis.platform import db, personal
from cis.platform.db import joins_transaction
from cis.platform.models import Document
from cis.platform.personal import ROW, Held

Leaf = Callable[[Held, str], str]
"""Gives the condition on rows of a table, by what they are called, on which others are asked to hang; "": go on."""


def found(*, before: date, most: int) -> tuple[str, list[int]] | None:
    """
    Return some rows of people who never became customers that were over before a day, with their table; None: no more.

    They are locked; who else looks at the same time passes them over.
    """
    for one in personal.all_held():
        if one.nobody:
            rows = db.fetch(
                f"SELECT t.id FROM {one.table} t WHERE {one.nobody} AND {one.told.replace(ROW, 't')} "
                f"AND {_no_customers(one)} ORDER BY t.id LIMIT %(most)s FOR UPDATE SKIP LOCKED",
                {"before": before, "most": most},
            )
            if rows:
                return one.table, [row[0] for row in rows]
    return None


@joins_transaction
def erase_step(*, table: str, row_ids: Sequence[int]) -> list[int]:
    """
    Overwrite rows of people who never became customers, with all that hangs on them and what is noted of it.

    :returns: documents that nothing else names.
    """
    given = {"rows": list(row_ids), "customer": None}

    def chosen(one: Held, row: str) -> str:
        return f"{row}.id = ANY(%(rows)s::bigint[])" if one.table == table else ""

    below = [
        (one, f"({where}) AND {_no_customers(one)}") for one in personal.all_held() if (where := _hangs(one, chosen))
    ]
    papers: set[int] = set()
    with personal.history_open():
        for one, where in below:
            personal.erase_trail_step(one, where, given)
            for column in one.documents:
                papers |= {row[0] for row in db.fetch(_papers(one.table, column, where), given)}
        for one, where in reversed(below):
            personal.erase_rows_step(one, where, given)
    return sorted(papers - _named(papers))


def naming(*, document_ids: Collection[int], but_customer_id: int) -> frozenset[int]:
    """
    Return which documents of a customer stand also in a row of somebody who is no customer and was not overwritten.

    One statement a declared column, and none where no documents are asked for.
    """
    given = {"papers": sorted(document_ids), "customer": but_customer_id}
    named: set[int] = set()
    for one in personal.all_held() if document_ids else ():
        where = (
            f"{_no_customers(one)} AND ({one.way.mine()}) IS NOT TRUE AND ({_hangs(one, _is_gone) or 'false'}) "
            "IS NOT TRUE"
        )
        for column in one.documents if one.way.owner else ():
            among = f"{where} AND t.{column} = ANY(%(papers)s::bigint[])"
            named |= {row[0] for row in db.fetch(_papers(one.table, column, among), given)}
    return frozenset(named)


def _named(papers: Collection[int]) -> set[int]:
    """
    Return which documents are a customer's, or stand in a row that is not of somebody who was overwritten.

    The same bytes are one document: who applies anew, or writes again, hands in the one of long ago.
    """
    if not papers:
        return set()
    named = {document_id for document_id, _ in personal.owners_of(sorted(papers))}
    for table, column, gone in _columns():
        rest = f"({gone}) IS NOT TRUE AND t.{column} = ANY(%(papers)s::bigint[])"
        named |= {row[0] for row in db.fetch(_papers(table, column, rest), {"papers": sorted(papers)})}
    return named


def _columns() -> list[tuple[str, str, str]]:
    """Return all columns with documents by table, and the condition that a row is of somebody who was overwritten."""
    known = {one.table: one for one in personal.all_held()}
    places = {(one.table, column) for one in known.values() for column in (*one.documents, *one.shared)}
    for relation in Document._meta.get_fields(include_hidden=True):  # noqa: SLF001 (Django's own name of what a model is)
        if isinstance(relation, ManyToOneRel):
            places.add((relation.field.model._meta.db_table, relation.field.column))  # noqa: SLF001
    return [
        (table, column, (_hangs(known[table], _is_gone) if table in known else "") or "false")
        for table, column in sorted(places) if not table.startswith("platform_")
    ]  # fmt: skip


def _is_gone(one: Held, row: str) -> str:
    return f"NOT ({one.told.replace(ROW, row)})" if one.told else ""


def _papers(table: str, column: str, where: str) -> str:
    return f"SELECT DISTINCT t.{column} FROM {table} t WHERE t.{column} IS NOT NULL AND ({where})"


def _no_customers(one: Held) -> str:
    return f"({one.way.owner.replace(ROW, 't')}) IS NULL" if one.way.owner else "true"


def _hangs(one: Held, leaf: Leaf, row: str = "t", depth: int = 0) -> str:
    """Return the condition that a row hangs on rows that the leaf chooses, or is one of them; "": none does."""
    if own := leaf(one, row):
        return own
    found = []
    for link in one.way.links:
        name = f"l{depth}"
        if inner := _hangs(link.parent, leaf, name, depth + 1):
            found.append(
                f"({link.when.replace(ROW, row)} AND {row}.{link.column} IN "
                f"(SELECT {name}.id FROM {link.parent.table} {name} WHERE {inner}))"
            )
    return " OR ".join(found)
