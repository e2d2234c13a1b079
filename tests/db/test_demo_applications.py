"""The demo has an application in each state."""

import pytest

from cis.demo import applying
from contracts.models.application import ServiceApplication
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_has_applications_in_each_state_and_makes_them_once():
    accounts.supplier()
    assert applying.build() == 12
    assert applying.build() == 0
    states = set(ServiceApplication.objects.values_list("state", flat=True))
    assert states == {
        "applied", "documented", "surveying", "surveyed", "offered", "contracted", "metered", "energized", "rejected",
    }  # fmt: skip
    assert max(one.items.count() for one in ServiceApplication.objects.all()) == 40


def test_a_supply_that_begins_at_a_metered_point_energizes_its_application():
    from datetime import date

    from django.db import transaction

    from contracts.domain.announcements import AgreementStarted
    from contracts.operations import application_events
    from tests.factories import applications, contracts

    accounts.supplier()
    found = ServiceApplication.objects.get(id=applications.walked(to="metered"))
    item = found.items.get()
    agreement = contracts.agreement(account=found.account, service_point=item.service_point)
    told = {"agreement_id": agreement.id, "service_point_id": item.service_point_id, "start_date": date(2026, 3, 2)}
    with transaction.atomic():
        application_events.supply_began(AgreementStarted(account_id=found.account_id + 1, **told))
    found.refresh_from_db()
    assert found.state == "metered"
    with transaction.atomic():
        application_events.supply_began(AgreementStarted(account_id=found.account_id, **told))
    found.refresh_from_db()
    item.refresh_from_db()
    assert (found.state, item.agreement_id) == ("energized", agreement.id)
