"""Migrations that meet rows from before: what they do to them, in the schema as it is."""

import importlib
from datetime import date

import pytest
from django.db import IntegrityError, connection, migrations, transaction

from contracts.models.inspection import SafetyInspection
from contracts.models.program import Enrollment
from tests.factories import accounts, inspections
from tests.factories.programs import LEASE, joined, published

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


def statements(name):
    """What a migration of the contracts runs in the database, in order."""
    operations = importlib.import_module(f"contracts.migrations.{name}").Migration.operations
    return [
        one.sql
        for operation in operations
        for one in getattr(operation, "database_operations", [operation])
        if isinstance(one, migrations.RunSQL)
    ]


def run(*statements):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for sql in statements:
            cursor.execute(sql)


@pytest.mark.parametrize("is_gone", [True, False])
def test_an_inspection_whose_application_is_gone_is_kept_and_no_other_may_follow(is_gone):
    accounts.supplier()
    key = importlib.import_module("contracts.migrations.0016_inspection_of_an_application").KEY
    made = inspections.planned()
    run(f"ALTER TABLE contracts_safetyinspection DROP CONSTRAINT {key}")
    if is_gone:
        SafetyInspection.objects.filter(id=made).update(agreement_id=None, application_id=999_999)
    run(*statements("0016_inspection_of_an_application"), "SET CONSTRAINTS ALL IMMEDIATE")
    assert SafetyInspection.objects.filter(id=made).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [key])
        assert cursor.fetchone() == (not is_gone,)
    other = inspections.planned()
    with pytest.raises(IntegrityError), transaction.atomic():  # the key is immediate here
        SafetyInspection.objects.filter(id=other).update(agreement_id=None, application_id=999_998)


def test_who_signed_in_the_portal_before_there_were_papers_did_so_by_a_click():
    accounts.supplier()
    rule = next(one for one in Enrollment._meta.constraints if one.name == "who_signs_in_the_portal_has_seen_the_paper")
    made = joined(published(LEASE), account_id=accounts.account().id, start=TODAY)
    run(f"ALTER TABLE contracts_enrollment DROP CONSTRAINT {rule.name}")
    Enrollment.objects.filter(id=made).update(signed_by="portal")
    run(*statements("0017_programmes_signed_by_code"))
    with connection.schema_editor() as editor:
        editor.add_constraint(Enrollment, rule)
    assert Enrollment.objects.get(id=made).signed_by == "portal_click"
    Enrollment.objects.filter(id=made).update(state="ended")
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(id=made).update(signed_by="portal")
