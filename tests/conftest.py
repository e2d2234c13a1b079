"""
Every pytest process gets its own database, cloned from a template that holds the migrated schema.

The template is named by the hash of all migrations, so it is built once and never stale. After a test that commits,
the rows of the tables that hold any are deleted: to truncate all tables, as Django does, takes longer than most tests.
"""

import os
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from psycopg import sql

from tests import template

MADE_BY_DJANGO = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def _drop_databases_of_dead_processes(admin: psycopg.Connection) -> None:
    for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'").fetchall():
        pid = name.split("_")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            template.drop(admin, name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    name = f"test_{os.getpid()}"
    with django_db_blocker.unblock(), template.kept() as (admin, whole):
        _drop_databases_of_dead_processes(admin)
        template.drop(admin, name)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(whole)))
        template.use(name)
    yield
    with django_db_blocker.unblock(), template.admin_connection() as admin:
        connections.close_all()
        template.drop(admin, name)


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
