"""Columns of ``fields.SealedText``: encrypted when they become one, encrypted anew when the key changes."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import migrations

from cis.platform import sealing
from cis.platform.fields import SealedText

PIECE = 1_000


def operation(table: str, column: str) -> migrations.RunPython:
    """Return the step of a migration that encrypts what stands plain in a column, and back."""

    def forwards(_apps: Any, editor: Any) -> None:
        _rewrite(editor.connection, table, column, sealing.seal_text, f"{column} NOT LIKE '{sealing.MARK}:%%'")

    def backwards(_apps: Any, editor: Any) -> None:
        _rewrite(editor.connection, table, column, sealing.unseal_text, f"{column} LIKE '{sealing.MARK}:%%'")

    return migrations.RunPython(forwards, backwards)


def renew(connection: Any) -> int:
    """Encrypt all columns anew that were encrypted by an older key; return how many rows."""
    current = f"{sealing.MARK}:{sealing.current_key_name()}:%%"
    return sum(
        _rewrite(connection, table, column, _renewed, f"{column} NOT LIKE '{current}'") for table, column in _columns()
    )


def _renewed(text: str) -> str:
    return sealing.seal_text(sealing.unseal_text(text))


def _columns() -> Iterable[tuple[str, str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 (Django's own name of what a model is)
            if isinstance(field, SealedText) and field.column:
                yield model._meta.db_table, field.column  # noqa: SLF001


def _rewrite(connection: Any, table: str, column: str, change: Any, wanted: str) -> int:
    """Rewrite the texts of a column that are not as wanted, by id, so that memory stays flat."""
    after = count = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, {column} FROM {table} WHERE id > %s AND {column} <> '' AND {wanted} ORDER BY id LIMIT %s",
                [after, PIECE],
            )
            rows = cursor.fetchall()
            if not rows:
                return count
            cursor.executemany(
                f"UPDATE {table} SET {column} = %s WHERE id = %s",
                [(change(text), row_id) for row_id, text in rows],
            )
            after, count = rows[-1][0], count + len(rows)
