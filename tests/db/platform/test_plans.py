"""Connections keep the plans of all that a web process asks."""

import pytest
from django.db import connection

from cis.platform import plans

pytestmark = pytest.mark.django_db


def test_a_connection_keeps_plans_of_more_questions_than_psycopg_would():
    with connection.cursor() as cursor:
        for place in range(200):
            for _ in range(6):
                cursor.execute(f"SELECT {place} AS a_question WHERE %s", [True])
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT % AS a_question%'")
        assert cursor.fetchone() == (200,)
    assert connection.connection.prepared_max == plans.PLANS_KEPT
