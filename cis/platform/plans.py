"""How many plans a connection to the database keeps."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

PLANS_KEPT = 2_000
"""The pages of a web process ask many more than a hundred different questions, which psycopg keeps by itself."""


def register() -> None:
    """Let each new connection keep them; it prepares what it asks again where DATABASE_KEEPS_PLANS says so."""
    connection_created.connect(_keep, dispatch_uid="plans")


def _keep(*, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    connection.connection.prepared_max = PLANS_KEPT
