"""
The rows that follow a customer: moved in one transaction, each one written down, and put back.

Which tables there are is bound in ``cis.wiring``: each room names its own (``Follows``). Only the column of the
customer changes, so what is frozen stays as it was said, and the ledger, which keeps accounts, is not touched.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Func, Value

from accounts.domain.merging import Follows
from accounts.models.people import CustomerMerge, MergedRows, MergedValue
from cis.kernel.actors import Actor
from cis.platform import concealed, personal
from cis.platform.db import execute, fetch, joins_transaction

NAME: Final = re.compile(r"[a-z][a-z_]{0,62}")
SINCE_MOST: Final = 100
"""So many rows that came after a merge can be sorted by hand; with more of them it is not undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceRow:
    """
    A row that came after a merge, of the customer who survived.

    goes_back  its account is one that goes back, so that it is likely to belong there
    is_hidden  it is kept from whoever asks, who is neither shown it nor asked for it: it goes where it is likely to
    """

    table: str
    row_id: int
    account_id: int | None
    account_number: str
    goes_back: bool
    is_hidden: bool = False

    @property
    def key(self) -> str:
        """Return the name by which it is answered for."""
        return f"{self.table}:{self.row_id}"


_bound: list[Follows] = []


def follow_by(*tables: Follows) -> None:
    """Bind which rows of a room follow a customer; for ``cis.wiring`` only."""
    _bound.extend(one for one in tables if one not in _bound)


def tables() -> tuple[Follows, ...]:
    """Return all tables whose rows follow a customer."""
    return tuple(_bound)


_NO_TWIN = "AND NOT EXISTS (SELECT FROM {table} k WHERE k.{column} = %(new)s AND {same})"


@joins_transaction
def move_step(*, merge: CustomerMerge) -> int:
    """
    Let the rows of who is merged be the survivor's, and write down which; return how many.

    One statement a table and one for what was moved. A row whose twin the survivor has stays behind. What is moved a
    second time, as what came while others merged, is added.
    """
    given = {"old": merge.merged_id, "new": merge.survivor_id}
    moved = 0
    for one in tables():
        twin = ""
        if one.once:
            same = " AND ".join(f"k.{name} = t.{name}" for name in one.once)
            twin = _NO_TWIN.format(table=one.table, column=one.column, same=same)
        with _thawed(one):
            found = fetch(
                f"UPDATE {one.table} t SET {one.column} = %(new)s WHERE t.{one.column} = %(old)s {twin} RETURNING t.id",  # noqa: S608 (our own words)
                given,
            )
        if found:
            _note(merge, one, sorted(row[0] for row in found))
        moved += len(found)
    return moved


_HANGING = "SELECT id FROM {table} WHERE {column} = ANY(%s)"


@joins_transaction
def put_back_step(*, merge: CustomerMerge, back: Sequence[SinceRow]) -> int:
    """Let what a merge moved, and what came since and belongs there, be the other customer's again; return how many."""
    given = {"old": merge.merged_id, "new": merge.survivor_id}
    kept = {(row.table_name, row.column_name): row.row_ids for row in MergedRows.objects.filter(merge=merge)}
    moved = 0
    for one in tables():
        ids = [*kept.get((one.table, one.column), ()), *(row.row_id for row in back if row.table == one.table)]
        if ids and one.hangs_on:
            ids += [row[0] for row in fetch(_HANGING.format(table=one.table, column=one.hangs_on), [ids])]
        if ids:
            with _thawed(one):
                moved += execute(
                    f"UPDATE {one.table} SET {one.column} = %(old)s WHERE id = ANY(%(ids)s) AND {one.column} = %(new)s",  # noqa: S608 (our own words)
                    {**given, "ids": ids},
                )
    return moved


def high_ids() -> dict[str, int]:
    """Return the highest id of each table whose rows are asked for when a merge is undone; one statement."""
    asked = [one.table for one in tables() if one.is_asked]
    columns = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {name})" for name in asked)  # noqa: S608 (our own words)
    (row,) = fetch(f"SELECT {columns}") if asked else [()]
    return dict(zip(asked, row, strict=True))


def since(*, merge: CustomerMerge, actor: Actor) -> tuple[SinceRow, ...]:
    """Return what came to the survivor since a merge, as far as it is asked where it belongs; a statement a table."""
    hidden = concealed.hidden_from(actor)
    held = _moved(merge, "accounts_accountholder")
    own = {row[0] for row in fetch("SELECT account_id FROM accounts_accountholder WHERE id = ANY(%s)", [held])}
    found: list[SinceRow] = []
    for one in tables():
        if not one.is_asked or one.table not in merge.high_ids:
            continue
        account = f"t.{one.account}" if one.account else "NULL::bigint"
        rows = fetch(
            f"""SELECT t.id, a.id, coalesce(a.number, '') FROM {one.table} t
                LEFT JOIN accounts_account a ON a.id = {account}
                WHERE t.{one.column} = %(new)s AND t.id > %(high)s AND t.id <> ALL(%(moved)s::bigint[])
                ORDER BY t.id LIMIT %(most)s""",  # noqa: S608 (our own words)
            {
                "new": merge.survivor_id, "high": merge.high_ids[one.table], "most": SINCE_MOST + 1,
                "moved": _moved(merge, one.table),
            },
        )  # fmt: skip
        kept = personal.kept_back(table=one.table, row_ids=[row[0] for row in rows], hidden=hidden)
        found += [
            SinceRow(
                table=one.table, row_id=row_id, account_id=at, account_number=number, goes_back=at in own,
                is_hidden=row_id in kept,
            )
            for row_id, at, number in rows
        ]  # fmt: skip
    return tuple(found)


@joins_transaction
def change_step(*, merge: CustomerMerge, table: str, row_id: int, column: str, was: Any, now: Any) -> None:
    """Write another value, and write down which one was there."""
    if was == now:
        return
    execute(f"UPDATE {_name(table)} SET {_name(column)} = %s WHERE id = %s", [now, row_id])  # noqa: S608 (checked)
    note_value_step(merge=merge, table=table, row_id=row_id, column=column, was=was, now=now)


@joins_transaction
def note_value_step(*, merge: CustomerMerge, table: str, row_id: int, column: str, was: Any, now: Any) -> None:
    """Write down that a value was changed, which was changed already."""
    MergedValue.objects.create(merge=merge, table_name=table, row_id=row_id, column_name=column, was=was, now=now)


_RESTORE = "UPDATE {table} t SET {column} = %(was)s WHERE id = %(id)s AND {column} IS NOT DISTINCT FROM %(now)s"
_UNLESS = {
    "is_preferred": """ AND (NOT %(was)s::boolean OR NOT EXISTS (
        SELECT FROM accounts_contactpoint o
        WHERE o.customer_id = t.customer_id AND o.kind = t.kind AND o.is_preferred AND o.id <> t.id))""",
    "verified_at": """ AND (%(was)s::timestamptz IS NULL OR NOT EXISTS (
        SELECT FROM accounts_contactpoint o
        WHERE o.value = t.value AND o.verified_at IS NOT NULL AND o.id <> t.id))""",
}
"""What is unique, and may be another's since: then it does not go back."""


@joins_transaction
def restore_step(*, values: Sequence[MergedValue]) -> int:
    """Give values back, the last change first; what somebody wrote since stays. Return how many went back."""
    restored = 0
    for one in sorted(values, key=lambda value: -value.id):
        sql = _RESTORE.format(table=_name(one.table_name), column=_name(one.column_name))
        sql += _UNLESS.get(one.column_name, "")
        restored += execute(sql, {"was": one.was, "now": one.now, "id": one.row_id})
    return restored


def _note(merge: CustomerMerge, one: Follows, ids: list[int]) -> None:
    kept, is_new = MergedRows.objects.get_or_create(
        merge=merge, table_name=one.table, column_name=one.column, defaults={"row_ids": ids}
    )
    if not is_new:
        added = Func(F("row_ids"), Value(ids), function="array_cat")
        MergedRows.objects.filter(id=kept.id).update(row_ids=added)


def _moved(merge: CustomerMerge, table: str) -> list[int]:
    return [row_id for row in MergedRows.objects.filter(merge=merge, table_name=table) for row_id in row.row_ids]


@contextmanager
def _thawed(one: Follows) -> Iterator[None]:
    """Let the one trigger of a table pass that keeps what was said as it was: who is meant has another number now."""
    if not one.frozen_by:
        yield
        return
    fetch(
        """SELECT set_config('pgtrigger.ignore', coalesce((
               SELECT array_agg(tgname::text)::text FROM pg_trigger
               WHERE tgrelid = %s::regclass AND starts_with(tgname, %s)), '{}'), true)""",
        [one.table, f"pgtrigger_{one.frozen_by}_"],
    )
    try:
        yield
    finally:
        fetch("SELECT set_config('pgtrigger.ignore', '{}', true)")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"no name of a column: {text}")
    return text
