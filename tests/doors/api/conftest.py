"""A supplier, one account with two bills."""

from datetime import date

import pytest

from tests.factories import accounts, billing, contracts


@pytest.fixture
def world(db, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    return contracts.world()


@pytest.fixture
def bills(world):
    return [
        billing.issued(world=world),
        billing.issued(world=world, kwh=200, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1)),
    ]
