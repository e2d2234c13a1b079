"""
Every pytest process gets its own database, cloned from a template that holds the migrated schema.

The template is named by the hash of all migrations, so it is built once and never stale. After a test that commits,
the rows of the tables that hold any are deleted: to truncate all tables, as Django does, takes longer than most tests.
"""

import os
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection, connections
from django.test import TransactionTestCase
from psycopg import sql

from tests import template

# Who holds a lock for a minute after a test hangs; then the next test fails rather than the whole run.
BROOM = "-c session_replication_role=replica -c lock_timeout=60s"
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


class Broom:
    """
    A session beside the tests' own, for which triggers and foreign keys do not look.

    It keeps its plans: to plan the question which of all tables hold rows takes longer than most tests. In the tests'
    own session the change of role would throw away all plans each time.
    """

    def __init__(self) -> None:
        given = connections["default"].get_connection_params()
        given.pop("cursor_factory", None)
        given.pop("context", None)
        self.session = psycopg.connect(**given, autocommit=True, options=BROOM)
        names = set(connection.introspection.django_table_names(include_views=False)) - MADE_BY_DJANGO
        self.tables = [connection.ops.quote_name(name) for name in sorted(names)]
        self.lock = f"LOCK TABLE {', '.join(self.tables)} IN SHARE ROW EXCLUSIVE MODE"
        self.question = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in self.tables)

    def sweep(self) -> None:
        """Wait for all who write, then delete their rows."""
        with self.session.transaction():
            self.session.execute(self.lock)
            for name in self.filled():
                self.session.execute(f"DELETE FROM {name}")

    def filled(self) -> list[str]:
        """Return the tables that hold rows."""
        return [name for (name,) in self.session.execute(self.question, prepare=True).fetchall()]


@pytest.fixture(scope="session")
def broom(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        made = Broom()
    yield made
    made.session.close()


@pytest.fixture(scope="session", autouse=True)
def quick_emptying(request):
    """Empty tables as the broom does; it is made when the first test needs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: request.getfixturevalue("broom").sweep())
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashing():
    """Hash passwords in a thousandth of the rounds: what keeps a thief busy would keep the tests busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)
        yield
