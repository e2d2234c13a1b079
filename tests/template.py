"""
The database that each process of the tests gets a copy of: it holds the migrated schema, and is built once.

    python -m tests.template      build it, if it is not there: beside what else is checked before the tests
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
BUILD_LOCK = 7_265_301
FIRST_USER = 100_001  # people that a test names by a number of its own have lower ones: nobody is two


def _schema_key() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")) + sorted(ROOT.glob("cis/*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    for path in (ROOT / "uv.lock", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def admin_connection() -> psycopg.Connection:
    given = connections["default"].get_connection_params()
    given.pop("cursor_factory", None)
    given.pop("context", None)
    return psycopg.connect(**{**given, "dbname": "postgres"}, autocommit=True)


def exists(admin: psycopg.Connection, name: str) -> bool:
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def use(name: str) -> None:
    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name


def _build_template(admin: psycopg.Connection, template: str) -> None:
    building = f"{template}_building"
    drop(admin, building)
    admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(building)))
    use(building)
    call_command("migrate", verbosity=0, interactive=False)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('accounts_user', 'id'), %s, false)", [FIRST_USER])
    connections["default"].close()
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template)))


@contextmanager
def kept() -> Iterator[tuple[psycopg.Connection, str]]:
    """Build the template if it is not there; yield a connection that keeps others from building, and its name."""
    template = f"template_{_schema_key()}"
    with admin_connection() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])
        if not exists(admin, template):
            _build_template(admin, template)
        yield admin, template


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    django.setup()
    with kept():
        pass
