"""
The index of an export, for people: tables and columns by their names in two languages, values as they are written.

What a table or column is called stands in ``templates/documents/export_words.toml``. Columns without a name there are
marks of programs, and are in ``data.json`` alone; ``tests/house/test_personal_columns.py`` sees that none is forgotten.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from cis.kernel.currency import written
from cis.platform.privacy_phrases import TABLE_TITLES

FILE = "export_words.toml"
KEY = "_id"
"""How columns end that name another row."""
INSTANTS = frozenset({"at", "attempt_time", "date_joined", "last_login", "logout_time"})
"""Columns with an instant, beside those that end in ``_at``."""


@cache
def words() -> Mapping[str, Any]:
    """Return ``tables`` and ``columns`` with their names, and the columns that are ``left_out``."""
    path = settings.BASE_DIR / "templates" / "documents" / FILE
    return tomllib.loads(path.read_text(encoding="utf-8"))


def section(*, table: str, rows: Sequence[Mapping[str, Any]], language: str, currency: str) -> dict[str, Any]:
    """Return one table for people: its title, and the columns that say anything; in the language of the moment."""
    way = "zh" if language.startswith("zh") else "en"
    names = words()["columns"]
    told = [name for name in rows[0] if name in names and any(row[name] not in (None, "") for row in rows)]
    titles = words()["tables"]
    return {
        "title": titles[table][way] if table in titles else str(TABLE_TITLES.get(table, table)),
        "columns": [names[name][way] for name in told],
        "rows": [[_shown(name, row[name], currency) for name in told] for row in rows],
    }


def _shown(name: str, value: Any, currency: str) -> str:
    """Return a value as people write it."""
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case int() if name.endswith("_minor"):
            return written(value, currency=currency)
        case str():
            return _text(name, value)
        case list() if all(isinstance(one, str | int) for one in value):
            return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False)


def _text(name: str, value: str) -> str:
    if value and (name in INSTANTS or name.endswith("_at")):
        return f"{timezone.localtime(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"
    return " – ".join(value.strip("[]()").split(",")) if name == "period" else value
