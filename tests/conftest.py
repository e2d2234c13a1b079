"""
Every pytest process gets its own database, cloned from a template that holds the migrated schema.

The template is named by the hash of all migrations, so it is built once and never stale. After a test that commits,
the rows of the tables that hold any are deleted: to truncate all tables, as Django does, takes longer than most tests.
"""

import hashlib
import os
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
BUILD_LOCK = 7_265_301
MADE_BY_DJANGO = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def _schema_key() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")) + sorted(ROOT.glob("cis/*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update((ROOT / "uv.lock").read_bytes())
    return digest.hexdigest()[:16]


def _admin_connection() -> psycopg.Connection:
    given = connections["default"].get_connection_params()
    given.pop("cursor_factory", None)
    given.pop("context", None)
    return psycopg.connect(**{**given, "dbname": "postgres"}, autocommit=True)


def _exists(admin: psycopg.Connection, name: str) -> bool:
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _use(name: str) -> None:
    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = name
    django_settings.DATABASES["default"]["NAME"] = name


def _build_template(admin: psycopg.Connection, template: str) -> None:
    building = f"{template}_building"
    _drop(admin, building)
    admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(building)))
    _use(building)
    call_command("migrate", verbosity=0, interactive=False)
    connections["default"].close()
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template)))


def _drop_databases_of_dead_processes(admin: psycopg.Connection) -> None:
    for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'").fetchall():
        pid = name.split("_")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            _drop(admin, name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    name = f"test_{os.getpid()}"
    template = f"template_{_schema_key()}"
    with django_db_blocker.unblock(), _admin_connection() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])
        _drop_databases_of_dead_processes(admin)
        if not _exists(admin, template):
            _build_template(admin, template)
        _drop(admin, name)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        admin.execute("SELECT pg_advisory_unlock(%s)", [BUILD_LOCK])
        _use(name)
    yield
    with django_db_blocker.unblock(), _admin_connection() as admin:
        connections.close_all()
        _drop(admin, name)


def _empty_tables(_test: TransactionTestCase) -> None:
    """Wait for all who write, then delete their rows; triggers and foreign keys do not look."""
    names = set(connection.introspection.django_table_names(include_views=False)) - MADE_BY_DJANGO
    quoted = [connection.ops.quote_name(name) for name in sorted(names)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(quoted)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in quoted))
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in filled))


@pytest.fixture(scope="session", autouse=True)
def quick_emptying():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_tables)
        yield
