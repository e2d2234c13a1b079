"""
Where personal data of customers stand: each room declares its tables, and one engine exports and erases them.

    personal.declare(*HELD)                          in cis.wiring_privacy, for each room
    personal.rows_of(one, customer_id=7)             what is held of customer 7 in one table
    personal.erase_step(customer_id=7)               overwrite it all

``tests/house/test_personal_columns.py`` walks all columns with text: each is declared here, or named there as one that
says nothing of a customer. So a new column is thought of when it is made.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cis.platform import concealed, db, sealing
from cis.platform.db import joins_transaction

ROW = "§"
"""Stands for the row in question in the SQL of a ``Way``."""


NAME_GONE = "'#' || t.id"
"""A name that has to be one; it is the same in every language."""
KEY_GONE = "'erased:' || t.id"
"""A text that has to be unique."""
HIDDEN = frozenset({
    "password", "hash", "code_hash", "secret", "spares", "search_grams", "search_text", "name_pinyin", "version",
    "link_sha256", "request_sha256", "request_key", "verify_token", "key", "signed_sha256", "actor_id", "actor_name",
    "assignee_id", "assignee_name", "responsible_id", "responsible_name", "decider_id", "decider_name", "asker_id",
    "ender_id", "lifter_id", "lift_asker_id", "proposer_id", "proposer_name", "taker_id", "taker_kind", "taker_name",
    "owner_id", "about_team_id", "about_user_id", "team_id", "canceller_id", "cancel_decider_id", "approver_id",
    "shown_by", "inputs", "handed_on",
})  # fmt: skip
"""Columns that are no part of an export: secrets, aids of the database, and who of the supplier did it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A row hangs on one of another declared table: ``column`` has its id, where ``when`` holds of it."""

    parent: "Held"
    column: str
    when: str = "true"


@dataclass(frozen=True, slots=True)
class Way:
    """
    How a row leads to its customer, in SQL that calls the row ``ROW``.

    whose  condition that it is about %(customer)s, found by indexes from the customer
    owner  the customer of one row; "" where nobody asks for it: there are no documents, and no row is nobody's
    depth  how many tables lie between
    links  on which rows it hangs, whether these are a customer's or nobody's
    """

    whose: str
    owner: str = ""
    depth: int = 0
    links: tuple[Link, ...] = ()

    def mine(self, row: str = "t") -> str:
        """Return the condition for a row that is called so."""
        return self.whose.replace(ROW, row)


BY_CUSTOMER = Way(f"{ROW}.customer_id = %(customer)s::bigint", f"{ROW}.customer_id")
ITSELF = Way(f"{ROW}.id = %(customer)s::bigint", f"{ROW}.id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    Rows of one table that are about a customer.

    way        how its rows lead to the customer
    erased     what is put in the place of each column, in SQL
    sealed     columns that are encrypted (``fields.SealedText``)
    subject    kind of these rows in the audit trail
    about      kind and id of what a row is about, in SQL on ``t``, where that may be kept from somebody
    documents  columns with ids of documents about this customer alone
    swept      it is looked among these rows whose a new document is; if not, its operation encrypts it at once
    shared     columns with ids of documents that name others too: files of the bank, printed letters
    nobody     that a row is of somebody who never became a customer and is long over (before %(before)s); in SQL on
               ``t``, "" where each row has its customer. What is done with it: ``cis.platform.nobodys``
    told       of the same rows, that one still says who it was; in SQL that calls the row ``ROW``
    gone       the rows are deleted, not overwritten
    exported   they are part of what a customer gets
    shown_as   what a customer gets in the place of a column that may speak of others too, in SQL on ``t``
    """

    table: str
    way: Way
    erased: Mapping[str, str] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()
    subject: str = ""
    about: tuple[str, str] | None = None
    documents: tuple[str, ...] = ()
    swept: bool = True
    shared: tuple[str, ...] = ()
    nobody: str = ""
    told: str = ""
    gone: bool = False
    exported: bool = True
    shown_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a customer cannot be anonymised; ``until_date``: from when on it stands no more by itself."""

    code: str
    text: str = ""
    until_date: date | None = None


Ask = Callable[[int, Sequence[int]], Iterable[Obstacle]]
_held: dict[str, Held] = {}
_asked: dict[str, Ask] = {}


def declare(*held: Held) -> None:
    """Make tables known; called once a room when everything is bound."""
    for one in held:
        _held[one.table] = one


def ask(name: str, question: Ask) -> None:
    """Let a room say what stands against anonymising a customer: it gets the customer and all accounts ever held."""
    _asked[name] = question


def all_held() -> tuple[Held, ...]:
    """Return all declared tables, in the order of the rooms."""
    return tuple(_held.values())


def obstacles(*, customer_id: int, account_ids: Sequence[int]) -> tuple[Obstacle, ...]:
    """Return what stands against anonymising a customer, in the order of the rooms."""
    return tuple(one for question in _asked.values() for one in question(customer_id, account_ids))


CUSTOMER_GONE = {"actor_name": "CASE WHEN t.actor_kind = 'customer' THEN '–' ELSE t.actor_name END"}
"""The same, in tables that keep the kind of the actor alone."""


def by_account(day: str, *, account: str = "account_id") -> Way:
    """
    Return the way by the account: the customer is who held it on a day, or was the last to hold it before.

    :param day: a date in SQL that calls the row ``ROW``.
    """
    owner = f"""(SELECT h.customer_id FROM accounts_accountholder h WHERE h.account_id = {ROW}.{account}
        ORDER BY lower(h.period) <= ({day}) DESC, abs(lower(h.period) - ({day})) LIMIT 1)"""
    held = "SELECT o.account_id FROM accounts_accountholder o WHERE o.customer_id = %(customer)s::bigint"
    return Way(f"({ROW}.{account} IN ({held}) AND {owner} = %(customer)s::bigint)", owner)


def within(parent: Held, column: str) -> Way:
    """Return the way by a column that names a row of another declared table."""
    way, row = parent.way, f"p{parent.way.depth}"
    whose = f"{ROW}.{column} IN (SELECT {row}.id FROM {parent.table} {row} WHERE {way.mine(row)})"
    owner = f"(SELECT {way.owner.replace(ROW, row)} FROM {parent.table} {row} WHERE {row}.id = {ROW}.{column})"
    return Way(whose, owner if way.owner else "", way.depth + 1, (Link(parent, column),))


def either(*ways: Way) -> Way:
    """Return the way of rows that may lead to their customer in several ways."""
    owners = [one.owner for one in ways if one.owner]
    return Way(
        "(" + " OR ".join(f"({one.whose})" for one in ways) + ")",
        f"coalesce({', '.join(owners)})" if owners else "",
        max(one.depth for one in ways),
        tuple(link for one in ways for link in one.links),
    )


def struck(*columns: str) -> dict[str, str]:
    """Return what is put in the place of texts: a dash where there was something, so that this is still seen."""
    return {name: f"CASE WHEN t.{name} = '' THEN '' ELSE '–' END" for name in columns}


def actors(*columns: str) -> dict[str, str]:
    """Return what is put in the place of names of actors: a dash where it was the customer."""
    own = "SELECT u.id FROM accounts_user u WHERE u.customer_id = %(customer)s::bigint"
    return {
        name: f"CASE WHEN t.{name.removesuffix('name')}id IN ({own}) THEN '–' ELSE t.{name} END" for name in columns
    }


def rows_of(one: Held, *, customer_id: int, hidden: Mapping[str, Collection[int]]) -> list[dict[str, Any]]:
    """
    Return the rows of a table that are about a customer, oldest first, without what is no part of an export.

    :param hidden: what is kept from whoever asks, by kind (``cis.platform.concealed``).
    """
    seen, given = _seen(one, hidden)
    found = db.fetch(
        f"SELECT {_as_shown(one)}::text FROM {one.table} t WHERE {one.way.mine()} {seen} ORDER BY t.id",
        {"customer": customer_id, **given},
    )
    rows = []
    for (text,) in found:
        row = {name: value for name, value in json.loads(text).items() if name not in HIDDEN}
        for name in one.sealed:
            row[name] = sealing.unseal_text(row.get(name) or "")
        rows.append(row)
    return rows


def _as_shown(one: Held) -> str:
    others = ", ".join(f"'{column}', {value}" for column, value in one.shown_as.items())
    return f"(to_jsonb(t) || jsonb_build_object({others}))" if others else "to_jsonb(t)"


def _seen(one: Held, hidden: Mapping[str, Collection[int]]) -> tuple[str, dict[str, Any]]:
    """Return the condition that a row is not about what is hidden, with its parameters."""
    if one.about is None or not hidden:
        return "", {}
    kinds, ids = concealed.columns(hidden)
    kind, about = one.about
    return (
        f"""AND NOT EXISTS (SELECT FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]) AS x (kind, id)
            WHERE x.kind = {kind} AND x.id::text = {about})""",
        {"kinds": kinds, "ids": ids},
    )


def kept_back(*, table: str, row_ids: Collection[int], hidden: Mapping[str, Collection[int]]) -> frozenset[int]:
    """Return which of some rows are about what is kept from whoever asks; one statement, and none where nothing is."""
    one = _held.get(table)
    if one is None or one.about is None or not hidden or not row_ids:
        return frozenset()
    seen, given = _seen(one, hidden)
    found = db.fetch(f"SELECT t.id FROM {table} t WHERE t.id = ANY(%(rows)s) {seen}", {"rows": list(row_ids), **given})
    return frozenset(row_ids) - {row[0] for row in found}


def documents_of(*, customer_id: int, hidden: Mapping[str, Collection[int]] | None = None) -> dict[int, str]:
    """Return the documents that are about a customer alone, with the table that names them; see ``rows_of``."""
    return dict(_named(customer_id, lambda one: one.documents, hidden or {}))


def shared_documents_of(*, customer_id: int) -> dict[int, str]:
    """Return the documents that name a customer among others, with the table that names them."""
    return dict(_named(customer_id, lambda one: one.shared, {}))


def owners_of(document_ids: Sequence[int], *, is_new: bool = False) -> list[tuple[int, int]]:
    """
    Return whose documents these are, as pairs of document and customer; one statement a declared column.

    :param is_new: rows whose operation encrypts its documents at once are passed over.
    """
    pairs: set[tuple[int, int]] = set()
    for one in all_held():
        for column in one.documents if one.swept or not is_new else ():
            found = db.fetch(
                f"SELECT t.{column}, {one.way.owner.replace(ROW, 't')} FROM {one.table} t "
                f"WHERE t.{column} = ANY(%s::bigint[])",
                [list(document_ids)],
            )
            pairs |= {(int(document), int(customer)) for document, customer in found if customer is not None}
    return sorted(pairs)


@joins_transaction
def erase_step(*, customer_id: int) -> dict[str, int]:
    """
    Overwrite all declared columns of a customer, and what the audit trail and the outbox keep of these rows.

    What has to stay the same for everybody - amounts, dates, states, ids - stays. The triggers that keep histories as
    they are step aside for this one transaction, on these tables alone; those of the ledger do not.

    :returns: rows that were overwritten, by table.
    """
    touched: dict[str, int] = {}
    with history_open():
        for one in all_held():
            erase_trail_step(one, one.way.mine(), {"customer": customer_id})
        for one in reversed(all_held()):  # what hangs on other rows first, while those still say whose they are
            touched[one.table] = erase_rows_step(one, one.way.mine(), {"customer": customer_id})
    return touched


@joins_transaction
def erase_rows_step(one: Held, where: str, given: Mapping[str, object]) -> int:
    """Overwrite or delete the rows of a table for which a condition holds; return how many."""
    if one.gone:
        return db.execute(f"DELETE FROM {one.table} t WHERE {where}", given)
    if not one.erased:
        return 0
    columns = ", ".join(f"{name} = {value}" for name, value in one.erased.items())
    return db.execute(f"UPDATE {one.table} t SET {columns} WHERE {where}", given)


@joins_transaction
def erase_trail_step(one: Held, where: str, given: Mapping[str, object]) -> None:
    """Take the texts out of what was noted of these rows; numbers, and that it happened, stay."""
    if not one.subject:
        return
    db.execute(
        f"""
        UPDATE platform_auditevent e SET
            actor_name = CASE WHEN e.actor_kind = 'customer' THEN '–' ELSE e.actor_name END,
            detail = jsonb_build_object('erased', true) || coalesce((
            SELECT jsonb_object_agg(part.key, part.value) FROM jsonb_each(e.detail) part
            WHERE jsonb_typeof(part.value) IN ('number', 'boolean')), '{{}}'::jsonb)
        WHERE e.subject = %(subject)s AND e.subject_id IN (SELECT t.id FROM {one.table} t WHERE {where})
        """,
        {**given, "subject": one.subject},
    )


class history_open:  # noqa: N801 (reads as what it is)
    """Let the triggers of the declared tables and of the audit trail pass changes of this transaction."""

    def __enter__(self) -> None:
        tables = [one.table for one in all_held() if one.erased or one.gone] + ["platform_auditevent"]
        names = db.fetch(
            "SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text = ANY(%s) AND tgname LIKE 'pgtrigger%%'",
            [tables],
        )
        self._set("{" + ",".join(sorted({name for (name,) in names})) + "}")

    def __exit__(self, kind: object, *_unused: object) -> None:
        if kind is None:  # else the transaction is over, and with it what was set
            self._set("{}")

    @staticmethod
    def _set(names: str) -> None:
        db.fetch("SELECT set_config('pgtrigger.ignore', %s, true)", [names])


def _named(
    customer_id: int, columns: Callable[[Held], tuple[str, ...]], hidden: Mapping[str, Collection[int]]
) -> Iterable[tuple[int, str]]:
    for one in all_held():
        seen, given = _seen(one, hidden)
        for column in columns(one):
            found = db.fetch(
                f"SELECT DISTINCT t.{column} FROM {one.table} t "
                f"WHERE {one.way.mine()} AND t.{column} IS NOT NULL {seen}",
                {"customer": customer_id, **given},
            )
            yield from ((int(row[0]), one.table) for row in found)
